"""Draw world.png: the map coloured by life expectancy, and the ways of six countries over it, 1952 to 2007."""

import csv
from pathlib import Path

import numpy as np
from matplotlib import patheffects
from matplotlib import pyplot as plt

from ksom import KohonenSOM

COUNTRIES = {  # colours that colour-blind people tell apart (Okabe and Ito)
    "China": "#d55e00",
    "United States": "#0072b2",
    "Korea, Rep.": "#cc79a7",
    "Botswana": "#009e73",
    "Rwanda": "#56b4e9",
    "Iceland": "#f0e442",
}
OUTLINE = [patheffects.withStroke(linewidth=3, foreground="black")]


def main() -> None:
    """Draw the map and the ways."""
    som = KohonenSOM.load("logs/world/map.npz")
    figure, axes = plt.subplots(figsize=(9, 4.7), layout="constrained")
    node_row, node_column = np.indices((som.lattice.height, som.lattice.width))
    years = som.prototypes[..., som.feature_names.index("lifeExp")]
    nodes = axes.scatter(*place(node_row, node_column), c=years, marker="h", s=700, cmap="cividis", linewidths=0)
    figure.colorbar(nodes, label="life expectancy of a node (years)")
    found = table("nodes.csv")
    for name, colour in COUNTRIES.items():
        steps = [(int(row["node_row"]), int(row["node_column"])) for row in found if row["country"] == name]
        x, y = place(*np.transpose(steps))
        axes.plot(x, y, "-", color=colour, linewidth=2.2, path_effects=OUTLINE)
        axes.plot(x[-1], y[-1], "o", color=colour, markersize=9, markeredgecolor="black")
        side = "right" if x[-1] > som.lattice.width * 0.8 else "left"
        axes.annotate(
            name, (x[-1], y[-1]), (0, 8), textcoords="offset points", color="w", path_effects=OUTLINE, ha=side
        )
    axes.set(title="Ways from 1952 to 2007 (dot)", xlabel="column of the map", ylabel="row of the map", aspect="equal")
    rows = np.arange(0, som.lattice.height, 2)
    axes.set_yticks(place(rows, rows)[1], rows)
    axes.invert_yaxis()
    figure.savefig("world.png", dpi=100)


def place(row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where nodes lie: odd rows half a step to the right, rows √3/2 apart."""
    return column + row % 2 / 2, row * np.sqrt(0.75)


def table(path: str) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
