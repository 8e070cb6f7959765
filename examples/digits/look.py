"""Draw digits.png, and measure the map beside methods that make no map."""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

import ksom
from ksom.method.labels import label_layers


def main() -> None:
    """Draw, and tell."""
    som = ksom.KohonenSOM.load("logs/digits/map.npz")
    draw(som)
    digits, truth = load_digits(return_X_y=True)
    found = som.predict(digits)
    nodes = len(np.unique(found.node))
    centres = pure(KMeans(nodes, n_init=1, random_state=0).fit_predict(digits), truth)
    print(f"purity: {nodes} nodes {ksom.purity(som, digits, truth):.3f}, {nodes} centres of k-means {centres:.3f}")

    parts = {
        "10 of the map": found.cluster,
        "12 of the map": ksom.KohonenSOM.load("auto.npz").predict(digits).cluster,
        "10 by k-means": KMeans(10, n_init=10, random_state=0).fit_predict(digits),
        "10 by Ward": AgglomerativeClustering(10).fit_predict(digits),
    }
    for name, part in parts.items():
        print(f"adjusted Rand index of clusters and digits, {name}: {adjusted_rand_score(truth, part):.3f}")

    (seen, unseen), (known, right) = np.split(digits, [1200]), np.split(truth, [1200])
    learned = ksom.train(seen, som.height, som.width, 30)
    learned.layers.update(label_layers(learned, seen, known))
    labels = np.mean(learned.predict(unseen).label == right.astype(str))
    nearest = KNeighborsClassifier(1).fit(seen, known).score(unseen, right)
    print(f"{len(unseen)} unseen digits told rightly: labels of nodes {labels:.3f}, nearest neighbour {nearest:.3f}")


def pure(part: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of samples that have the commonest class of their part."""
    return sum(np.bincount(truth[part == one]).max() for one in np.unique(part)) / len(truth)


def draw(som: ksom.KohonenSOM) -> None:
    """Draw each node's prototype as a picture, and lines between nodes with different labels."""
    height, width = som.height, som.width
    tiles = np.pad(som.prototypes.reshape(height, width, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    picture = tiles.swapaxes(1, 2).reshape(10 * height, 10 * width)
    labels = som.predict(som.prototypes.reshape(-1, 64)).label.reshape(height, width)
    _, axes = plt.subplots(figsize=(7, 7), layout="constrained")
    axes.imshow(picture, cmap="gray_r", interpolation="nearest", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    row, column = np.nonzero(labels[:, 1:] != labels[:, :-1])
    axes.vlines(column + 0.5, row - 0.5, row + 0.5, color="#d55e00", linewidth=2)
    row, column = np.nonzero(labels[1:] != labels[:-1])
    axes.hlines(row + 0.5, column - 0.5, column + 0.5, color="#d55e00", linewidth=2)
    axes.set(xlabel="column of the map", ylabel="row of the map", xticks=range(0, width, 5), yticks=range(0, height, 5))
    plt.savefig("digits.png", dpi=72)


if __name__ == "__main__":
    main()
