"""The numerical core: one file per backend behind one small interface.

A backend holds the weights in the layout that suits it. `numpy` is the reference: the file to read to understand the
method, and the definition of its bits.
"""

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.arguments import require_choice
from ksom.neighbourhood import Factors

logger = logging.getLogger(__name__)

BACKENDS = ("auto", "numpy")


class OnlineStep(NamedTuple):
    """One iteration of online training."""

    samples: Iterable[NDArray[Any]]
    """Blocks of rows, each of shape (n, D), in the working precision."""
    factors: Factors
    """The neighbourhood at this iteration's sigma."""
    learning_rate: float
    """This iteration's learning rate, in (0, 1]."""


class Backend(Protocol):
    """What training and measuring need of a numerical core."""

    @property
    def weights(self) -> NDArray[Any]:
        """The weights as a new array of shape (H, W, D), C order, data units, in the working precision."""
        ...

    @property
    def features(self) -> int:
        """The number of features, D."""
        ...

    def online(self, steps: Iterable[OnlineStep]) -> None:
        """Show samples one after another; each moves the weights before the next one is looked at."""
        ...

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the k nearest nodes of each sample, nearest first, and their squared distances.

        Of equally near nodes the one with the lower index comes first.

        Parameters
        ----------
        samples : ndarray of shape (n, D)
            In the working precision.
        k : int
            1 or 2, at most the number of nodes.

        Returns
        -------
        nodes : ndarray of shape (n, k)
            Node indices, row * W + column.
        squared_distances : ndarray of shape (n, k)
            Data units squared, in the working precision.
        """
        ...

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the distance of each of a few samples to every node, shape (n, K), data units."""
        ...


def get_backend(name: str, weights: NDArray[Any], dtype: DTypeLike) -> Backend:
    """Return the backend called `name`, holding `weights`.

    Parameters
    ----------
    name : {"auto", "numpy"}
        Which one; "auto" takes the fastest that is there and logs which.
    weights : ndarray of shape (H, W, D)
        First weights, data units; copied.
    dtype : dtype
        The working precision, float32 or float64.

    Raises
    ------
    ParameterError
        If there is no backend of that name.
    """
    from ksom.kernels.numpy_backend import NumpyBackend

    require_choice("backend", name, BACKENDS)
    if name == "auto":
        logger.info("backend: numpy (auto: the only one)")
    return NumpyBackend(weights, dtype)
