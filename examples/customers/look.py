"""Draws what the map of the customers shows, and says what each segment brings in."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ksom import KohonenSOM

HERE = Path(__file__).parent
UNITS = {"recency": "days since the last purchase", "purchases": "days with a purchase", "value": "dollars"}
TICKS = {"recency": [100, 200, 300, 400, 500], "purchases": [1, 2, 5, 10, 20], "value": [5, 20, 100, 500]}
SAFE = ["#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#999999", "#009E73", "#CC79A7"]
"""Colours that the colour-blind tell apart (Okabe and Ito)."""


def draw(axis: Axes, som: KohonenSOM, values: NDArray[Any], **colours: Any) -> PolyCollection:
    """Draw a number for each node, shape (H, W), as the colour of its hexagon."""
    corners = som.lattice.positions().reshape(-1, 1, 2) + np.array(som.lattice.outline)
    nodes = PolyCollection(list(corners), array=values.ravel(), **colours)
    axis.add_collection(nodes)
    axis.set(aspect="equal", xticks=[], yticks=[])
    axis.autoscale_view()
    axis.invert_yaxis()
    axis.spines[:].set_visible(False)
    return nodes


def main() -> None:
    """Draw the planes and the segments; print the segments' shares."""
    som = KohonenSOM.load(HERE / "logs/customers/map.npz")
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    *planes, last = figure.subplots(2, 2).flat
    for axis, name, values in zip(planes, UNITS, np.moveaxis(som.prototypes, 2, 0), strict=True):
        norm = Normalize() if name == "recency" else LogNorm()
        nodes = draw(axis, som, values, cmap="cividis", norm=norm)
        bar = figure.colorbar(nodes, ax=axis, shrink=0.8, ticks=TICKS[name], format="{x:g}", label=UNITS[name])
        bar.minorticks_off()
        axis.set_title(name)
    clusters = som.layers["clusters"].values
    count = clusters.max() + 1
    nodes = draw(last, som, clusters, cmap=ListedColormap(SAFE[:count]), norm=Normalize(-0.5, count - 0.5))
    figure.colorbar(nodes, ax=last, shrink=0.8, ticks=range(count), label="cluster")
    last.set_title("segments")
    figure.savefig(HERE / "planes.png", dpi=90)

    found = pd.read_csv(HERE / "segments.csv").merge(pd.read_csv(HERE / "customers.csv"), on="customer")
    segments = found.groupby("cluster").agg(customers=("customer", "size"), dollars=("value", "sum"))
    print((segments / segments.sum()).map("{:.1%}".format))


if __name__ == "__main__":
    main()
