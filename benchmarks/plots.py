"""The plots: a bar for every peer at every row, and the curves."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.rows import ROWS

AXES = {"samples": "samples", "side": "nodes", "features": "features", "threads": "threads"}

COLOURS = ("tab:blue", "navy", "tab:green", "tab:purple", "tab:brown", "tab:pink", "tab:cyan", "teal", "black")
"""Of the packages; red, orange, olive and grey have other meanings."""


def draw(folder: Path, results: Sequence[dict[str, Any]]) -> None:
    """Write rows.png and scaling.png, as far as there is something to draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    timed = [each for each in results if "seconds" in each]
    rows = [each for each in timed if each["part"] == "rows"]
    curves = [each for each in timed if each["part"] == "scaling"]
    if rows:
        _bars(folder / "rows.png", rows)
    if curves:
        _curves(folder / "scaling.png", curves)
    if swept := [each for each in results if each["part"] == "sweep"]:
        _sweep(folder / "sweep.png", swept)


def _bars(path: Path, results: Sequence[dict[str, Any]]) -> None:
    import matplotlib.pyplot as plt

    found = {each["row"]["name"] for each in results}
    names = [name for name in ROWS if name in found]
    figure, axes = plt.subplots(2, -(-len(names) // 2), figsize=(13, 7), layout="constrained", squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        row = sorted((each for each in results if each["row"]["name"] == name), key=lambda each: -each["seconds"])
        labels = [f"~ {each['peer']}" if each["share"] < 1 else each["peer"] for each in row]
        axis.barh(labels, [each["seconds"] for each in row], color=[_colour(each["peer"]) for each in row])
        axis.set(title=name, xscale="log", xlabel="seconds")
        axis.tick_params(labelsize=8)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _curves(path: Path, results: Sequence[dict[str, Any]]) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, len(AXES), figsize=(13, 6.5), layout="constrained")
    for line, kind in zip(axes, ("online", "batch"), strict=True):
        for axis, (name, label) in zip(line, AXES.items(), strict=True):
            of_axis = [each for each in results if each["row"]["kind"] == kind and each["row"]["name"] == name]
            for peer in dict.fromkeys(each["peer"] for each in of_axis):
                points = sorted(
                    (_value(each["row"], name), each["seconds"]) for each in of_axis if each["peer"] == peer
                )
                axis.plot(*zip(*points, strict=True), marker="o", label=peer, color=_colour(peer))
            axis.set(title=f"{kind} against {label}", xlabel=label, ylabel="seconds", yscale="log")
            axis.set_xscale("linear" if name == "threads" else "log")
            if name == "threads":
                axis.xaxis.get_major_locator().set_params(integer=True)
            axis.xaxis.set_minor_formatter("")
        if line[0].lines:
            line[0].legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _sweep(path: Path, results: Sequence[dict[str, Any]]) -> None:
    """Where products are fastest it is red, where others are it is blue; framed as the rule takes tiles or shadows."""
    import matplotlib.pyplot as plt

    sides, features = (sorted({each[axis] for each in results}) for axis in ("side", "features"))
    parts = list(dict.fromkeys((each["data"], each["state"]) for each in results))
    figure, axes = plt.subplots(1, len(parts), figsize=(13, 4.5), layout="constrained", squeeze=False)
    for axis, part in zip(axes.flat, parts, strict=True):
        cells = [each for each in results if (each["data"], each["state"]) == part]
        across, down = (
            [sides.index(each["side"]) for each in cells],
            [features.index(each["features"]) for each in cells],
        )
        others = [min(each["tiles_seconds"], each.get("shadows_seconds", math.inf)) for each in cells]
        times = [other / each["products_seconds"] for other, each in zip(others, cells, strict=True)]
        edges = [{"tiles": "black", "shadows": "green"}.get(each["rule"], "none") for each in cells]
        shown = axis.scatter(
            across, down, c=times, s=350, marker="s", edgecolors=edges, linewidths=2, cmap="coolwarm",
            norm=plt.matplotlib.colors.LogNorm(1 / 8, 8),
        )  # fmt: skip
        axis.set(title=", ".join(part), xlabel="nodes", xticks=range(len(sides)), yticks=range(len(features)))
        axis.set(xticklabels=[f"{side}²" for side in sides], yticklabels=features, ylabel="features")
        axis.margins(0.15)
    figure.colorbar(
        shown,
        ax=axes,
        label="time by tiles or shadows / by products; framed: the rule takes tiles (black), shadows (green)",
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _value(row: dict[str, Any], axis: str) -> int:
    return int(row["side"]) ** 2 if axis == "side" else int(row[axis])


def _colour(peer: str) -> str:
    if peer.startswith("ksom"):
        return "tab:red" if peer == "ksom" else "tab:orange"
    others = [name for name, known in PEERS.items() if not name.startswith("ksom") and not known.yardstick]
    return "tab:olive" if peer == "numpy" else "tab:gray" if PEERS[peer].yardstick else COLOURS[others.index(peer)]
