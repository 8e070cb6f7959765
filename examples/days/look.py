"""Draws the day of each node at its place on the map and the water's unusual days; measures labels of unseen days."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from ksom import KohonenSOM

HERE = Path(__file__).parent
COLOURS = {"winter": "#0072B2", "summer": "#D55E00"}


def days() -> Figure:
    """Draw the nodes' days, in the colour of most of the days that the node won."""
    som = KohonenSOM.load(HERE / "logs/days/map.npz")
    counts, names = som.layers["labels"].values, som.layers["labels"].about["names"]
    colours = np.array([COLOURS[name] for name in names])[counts.argmax(axis=2)]
    of_node = np.where(counts.any(axis=2), colours, "#BBBBBB")
    figure = Figure(figsize=(9, 7.2), layout="constrained")
    axis = figure.subplots()
    curves = som.prototypes.reshape(-1, 24, 1) * (0, -0.22) + np.linspace(-0.4, 0.4, 24)[:, None] * (1, 0)
    axis.add_collection(LineCollection(list(curves + som.lattice.positions()[:, None]), colors=of_node.ravel(), lw=1.4))
    for name, colour in {**COLOURS, "won no day": "#BBBBBB"}.items():
        axis.plot([], [], color=colour, label=name)
    axis.autoscale_view()
    axis.invert_yaxis()
    axis.set(aspect="equal", xticks=[], yticks=[], title="The day of each node: power over 24 hours")
    axis.spines[:].set_visible(False)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False)
    return figure


def water() -> Figure:
    """Draw the flow, and the days that fit the map least."""
    flow, found = pd.read_csv(HERE / "water.csv"), pd.read_csv(HERE / "water_days.csv")
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axis = figure.subplots()
    axis.plot(flow.iloc[:, 1], color="#0072B2", lw=0.8)
    for _, day in found.nlargest(4, "novelty").iterrows():
        axis.axvspan(day["row"], day["row"] + 24, color="#E69F00", alpha=0.4, lw=0)
        axis.text(day["row"], 118, f"{day['novelty']:.1f}", rotation=60, fontsize=8)
    axis.set(xlabel="row of the recording: an hour, but for the holes", ylabel="flow, l/s", ylim=(20, 140))
    return figure


if __name__ == "__main__":
    days().savefig(HERE / "days.png", dpi=80)
    water().savefig(HERE / "water.png", dpi=90)
    few, many = pd.read_csv(HERE / "few.csv"), pd.read_csv(HERE / "many.csv")
    for name, truth in {"many_by_few": many, "few_by_many": few}.items():
        right = pd.read_csv(HERE / f"{name}.csv")["label"] == truth["season"]
        print(f"{name}: {right.sum():,} of {len(right):,} unseen days labelled as they are, {right.mean():.1%}")
    hours = [name for name in few if name != "season"]
    for name, model in {"nearest day": KNeighborsClassifier(1), "logistic regression": LogisticRegression()}.items():
        print(f"{name} of few: {model.fit(few[hours], few['season']).score(many[hours], many['season']):.1%} of many")
