"""The plots: a bar for every peer at every row, and the curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS

AXES = {"samples": "samples", "side": "nodes", "features": "features", "threads": "threads"}


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


def _bars(path: Path, results: Sequence[dict[str, Any]]) -> None:
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(each["row"]["name"] for each in results))
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


def _value(row: dict[str, Any], axis: str) -> int:
    return int(row["side"]) ** 2 if axis == "side" else int(row[axis])


def _colour(peer: str) -> str:
    if peer.startswith("ksom"):
        return "tab:red" if peer == "ksom" else "tab:orange"
    others = [name for name in PEERS if not name.startswith("ksom")]
    return "tab:gray" if PEERS[peer].yardstick and peer != "numpy" else f"C{others.index(peer) % 10}"
