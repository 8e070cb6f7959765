"""Tell what each method finds in each shape, and draw shapes.png: the shapes above their U-matrices."""

import csv
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from sklearn.metrics import adjusted_rand_score

import ksom
from ksom.method.clusters import cluster

SHAPES = ("hepta", "chainlink", "two_diamonds", "target", "golf_ball")
METHODS = ("ward", "umatrix", "hdbscan")


def main() -> None:
    """Tell, and draw."""
    figure = plt.figure(figsize=(13, 5), layout="constrained")
    print(f"{'':<14}{'parts':<7}", *(f"{method:<26}" for method in METHODS), sep="")
    for column, shape in enumerate(SHAPES, start=1):
        points, parts = read(Path(f"{shape}.csv"))
        som = ksom.KohonenSOM.load(f"logs/{shape}/map.npz")
        told = [found(som, method, points, parts) for method in METHODS]
        print(f"{shape:<14}{len(np.unique(parts)):<7}", *(f"{text:<26}" for text in told), sep="")

        above = figure.add_subplot(2, 5, column, projection="3d" if points.shape[1] == 3 else None)
        above.scatter(*points.T, c=np.unique(parts, return_inverse=True)[1], s=2, cmap="cividis")
        above.set(title=shape, aspect="equal", xlabel="x", ylabel="y")
        below = figure.add_subplot(2, 5, 5 + column)
        distances = ksom.umatrix(som)
        below.imshow(distances, cmap="gray_r", vmin=0, vmax=4 * np.median(distances))
        below.set(xlabel="column of the map", ylabel="row of the map" if column == 1 else "")
    figure.savefig("shapes.png", dpi=65)


def found(som: ksom.KohonenSOM, method: str, points: np.ndarray, parts: np.ndarray) -> str:
    """Return how many clusters a method finds, and how well they agree with the parts: 1 if they are the same."""
    layer = cluster(som, method, hits=som.layers["hits"].values)
    of_point = layer.values.ravel()[som.best_matching_nodes(points)]
    left = np.count_nonzero(of_point < 0)
    text = f"{layer.about['clusters']} ({adjusted_rand_score(parts, of_point):.2f})"
    return f"{text}, {left} in none" if left else text


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a table, and which part each belongs to."""
    with path.open(newline="") as file:
        *points, parts = zip(*list(csv.reader(file))[1:], strict=True)
    return np.array(points, dtype=float).T, np.array(parts)


if __name__ == "__main__":
    main()
