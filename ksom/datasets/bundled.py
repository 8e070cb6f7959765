"""The data sets that come with scikit-learn, for a first look."""

from typing import Any

import numpy as np

from ksom.arguments import require_choice
from ksom.dataset import DATASETS, Dataset
from ksom.errors import NotInstalled

SETS = ("iris", "wine", "digits", "breast_cancer", "diabetes")
"""What lies in the package itself: nothing is fetched."""


@DATASETS.register("Bundled")
class Bundled(Dataset):
    """A data set that comes with scikit-learn, as that has it: no feature is scaled, so MODEL.SCALING may be due.

    Parameters
    ----------
    set : str
        "iris" (150 × 4, 3 classes), "wine" (178 × 13, 3), "digits" (1,797 × 64, 10), "breast_cancer" (569 × 30, 2) or
        "diabetes" (442 × 10, no classes).

    Attributes
    ----------
    labels : ndarray of shape (N,), or None
        The name of the class of each sample.

    Raises
    ------
    NotInstalled
        If scikit-learn is not installed.
    ParameterError
        If there is no such set.

    Examples
    --------
    >>> flowers = Bundled("iris")
    >>> flowers.features, flowers.feature_names[0], str(flowers.labels[0])
    (4, 'sepal length (cm)', 'setosa')
    """

    def __init__(self, set: str = "iris") -> None:  # noqa: A002 (the key is SET)
        self.set = require_choice("set", set, SETS)
        bunch = _loaded(set)
        super().__init__(bunch.data)
        self.feature_names = tuple(map(str, bunch.feature_names))
        if "target_names" in bunch:
            self.labels = np.asarray(bunch.target_names).astype(np.str_)[bunch.target]


def _loaded(name: str) -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        told = f"the data set Bundled needs scikit-learn ({error}); pip install scikit-learn"
        raise NotInstalled(told) from error
    return getattr(datasets, f"load_{name}")()
