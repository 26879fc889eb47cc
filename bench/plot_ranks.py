#!/usr/bin/python3
"""Draws what bench/ranks/model.ts predicts: plot_ranks.py CURVES.json PLOT.svg"""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "cryogan"  # the same drawing for the same numbers
import matplotlib.pyplot as plt

curves = json.load(open(sys.argv[1]))
names = list(dict.fromkeys(curve["name"] for curve in curves))
networks = list(dict.fromkeys(curve["network"] for curve in curves))
figure, axes = plt.subplots(1, len(names), figsize=(11, 3.8), sharex=True, constrained_layout=True)
for axis, name in zip(axes, names):
    for curve in curves:
        if curve["name"] != name:
            continue
        points = curve["points"]
        x = [p["processes"] for p in points]
        style = "o-" if curve["network"] == networks[0] else "s--"
        axis.loglog(x, [p["total"] / 60 for p in points], style, label=curve["network"], markersize=4)
        if curve["network"] == networks[0]:
            sending = [p["sending"] / 60 for p in points]
            axis.loglog(x, sending, ":", color="gray", label=f"of it sending, {networks[0]}")
            shared = [points[0]["total"] / p["processes"] / 60 for p in points]
            axis.loglog(x, shared, "-", color="lightgray", label="that of one, shared")
    axis.set(title=name, xlabel="processes")
    axis.title.set_fontsize(9)
    axis.set_ylim(bottom=1e-2)
axes[0].set_ylabel("time / min")
axes[0].legend(fontsize=7)
figure.savefig(sys.argv[2], metadata={"Date": None})
