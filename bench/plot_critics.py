#!/usr/bin/python3
"""Draws what bench/critics.ts measured: plot_critics.py CRITICS.jsonl PLOT.svg"""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "cryogan"  # the same drawing for the same numbers
import matplotlib.pyplot as plt

COARSE = 8  # shells of the mean: to 40.6 Å
names = {
    "paper": ("the paper's recipe", "o-"),
    "convolutional": ("convolutional", "s-"),
    "likelihood-ratio": ("likelihood ratio, free templates", "^-"),
    "volume": ("two volumes (default)", "D-"),
}
rows = [json.loads(line) for line in open(sys.argv[1])]


def right(fsc):
    """Shells up to which the FSC is at least 0.5 in all."""
    return next((i for i, value in enumerate(fsc) if not value >= 0.5), len(fsc))


figure, (mean, shells) = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True, constrained_layout=True)
for critic, (label, style) in names.items():
    own = sorted((r for r in rows if r["critic"] == critic), key=lambda r: r["seconds"])
    if not own:
        continue
    x = [r["seconds"] / 60 for r in own]
    # A density in a smaller box has no finer shells: nothing was found there.
    coarse = [sum(r["fsc"][:COARSE]) / COARSE for r in own]
    mean.semilogx(x, coarse, style, label=label, markersize=3)
    shells.semilogx(x, [right(r["fsc"]) for r in own], style, markersize=3)
mean.set(xlabel="time / min", ylabel=f"mean FSC, shells 1 to {COARSE}", ylim=(0, 1))
shells.set(xlabel="time / min", ylabel="shells with FSC ≥ 0.5, of 16", ylim=(0, 16))
mean.legend(fontsize=7, loc="lower right")
figure.savefig(sys.argv[2], metadata={"Date": None})
