#!/usr/bin/python3
"""Draws what bench/scaling.ts measured: plot_scaling.py RESULTS.json PLOT.svg"""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "cryogan"  # the same drawing for the same numbers
import matplotlib.pyplot as plt

points = json.load(open(sys.argv[1]))["points"]
fewest = min(p["particles"] for p in points)
smallest = min(p["boxSize"] for p in points)
panels = [
    (
        "boxSize",
        "box / px",
        sorted((p for p in points if p["particles"] == fewest), key=lambda p: p["boxSize"]),
        f"{fewest:,} particles",
    ),
    (
        "particles",
        "particles",
        sorted((p for p in points if p["boxSize"] == smallest), key=lambda p: p["particles"]),
        f"box of {smallest} px",
    ),
]
figure, axes = plt.subplots(2, 2, figsize=(8, 6), sharex="col", constrained_layout=True)
for column, (key, label, chosen, title) in enumerate(panels):
    x = [p[key] for p in chosen]
    time, memory = axes[:, column]
    time.loglog(x, [p["seconds"] for p in chosen], "o-", label="whole run")
    time.loglog(x, [p["loadingSeconds"] for p in chosen], "s--", label="until the images are read")
    time.set(title=title, ylabel="time / s")
    time.legend()
    memory.loglog(x, [p["peakBytes"] / 1e6 for p in chosen], "o-", label="peak resident memory")
    memory.loglog(x, [p["stackBytes"] / 1e6 for p in chosen], "s--", label="images on disk")
    memory.set(xlabel=label, ylabel="memory / MB")
    memory.legend()
    memory.set_xticks(x, [f"{value:,}" for value in x])
    memory.minorticks_off()
figure.savefig(sys.argv[2], metadata={"Date": None})
