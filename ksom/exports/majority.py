"""The label of a node: that of most samples that it won."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError
from ksom.map_file import Layer


class Majority(NamedTuple):
    """What most samples of each node are labelled."""

    labels: NDArray[np.object_]
    """Text, shape (height, width); "" where no sample with a label is."""
    shares: NDArray[np.float64]
    """Their share of the node's samples with a label, from 0 to 1, shape (height, width); NaN where there is none."""


def majority(labels: Layer) -> Majority:
    """Return the label that most samples of each node have; the first of equals.

    Parameters
    ----------
    labels : Layer
        How many samples of each node have which label, shape (height, width, C), and the labels as `names`.

    Raises
    ------
    DataError
        If there are not as many names as counts of a node.

    Examples
    --------
    >>> majority(Layer(np.array([[[1, 3], [0, 0]]]), {"names": ["cat", "dog"]})).shares.tolist()
    [[0.75, nan]]
    """
    counts: NDArray[Any] = labels.values
    known = labels.about.get("names")
    if counts.ndim != 3 or not isinstance(known, list | tuple) or len(known) != counts.shape[2]:
        raise DataError(f"the layer labels, of the shape {counts.shape}, must have a name for each count of a node")
    names = np.array([str(name) for name in known], dtype=object)
    total = counts.sum(axis=2)
    with np.errstate(invalid="ignore"):
        shares = counts.max(axis=2) / total
    return Majority(np.where(total > 0, names[counts.argmax(axis=2)], ""), shares)
