"""Measures how well anomalies are told from normal rows, beside another method, and draws the scores."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from ksom import KohonenSOM

HERE = Path(__file__).parent
SENSORS = [f"f{number}" for number in range(1, 10)]
LEARNED = {"normal rows": ("normal.csv", "flags.csv"), "everything": ("everything.csv", "flags_everything.csv")}


def told(name: str, is_anomaly: pd.Series, score: pd.Series) -> None:
    """Print how well a score tells anomalies."""
    area, precision = roc_auc_score(is_anomaly, score), average_precision_score(is_anomaly, score)
    print(f"{name:32}  AUC {area:.4f}  average precision {precision:.3f}")


def main() -> None:
    """Measure on the rows that no map of normal rows has seen."""
    unseen = pd.read_csv(HERE / "unseen.csv")
    is_anomaly = unseen["anomaly"] == 1
    for learned, (data, flags) in LEARNED.items():
        for score in ("novelty", "distance"):
            told(f"map of {learned}, {score}", is_anomaly, pd.read_csv(HERE / flags)[score])
        forest = IsolationForest(random_state=0).fit(pd.read_csv(HERE / data)[SENSORS])
        told(f"isolation forest of {learned}", is_anomaly, -forest.score_samples(unseen[SENSORS]))

    flags = pd.read_csv(HERE / "flags.csv")
    for name, rows in {"anomalies": flags[is_anomaly], "normal rows": flags[~is_anomaly]}.items():
        print(f"{rows['is_novel'].sum():,} of {len(rows):,} {name} flagged")
    named = flags.loc[is_anomaly & flags["is_novel"], "strange"].str.split(", ").str[0]
    print("their strangest sensor:", named.value_counts().head(3).to_dict())

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axis = figure.subplots()
    edges = np.geomspace(0.1, flags["novelty"].max(), 70)
    for name, colour, rows in (("normal rows", "#0072B2", ~is_anomaly), ("anomalies", "#E69F00", is_anomaly)):
        axis.hist(flags.loc[rows, "novelty"], edges, label=name, color=colour, alpha=0.8)
    threshold = KohonenSOM.load(HERE / "logs/sensors/map.npz").layers["distances"].about["threshold"]
    axis.axvline(threshold, color="black", linestyle="--", label="the map's threshold")
    axis.set(xscale="log", yscale="log", xlabel="novelty: 1 is usual at its node", ylabel="unseen rows")
    axis.legend()
    figure.savefig(HERE / "novelty.png", dpi=90)


if __name__ == "__main__":
    main()
