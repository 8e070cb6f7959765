"""What all estimators are: the arguments of a map, the map, and the samples as it takes them."""

from collections.abc import Iterable
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ksom.algorithms import Batch
from ksom.dataset import Dataset
from ksom.kohonensom_model import KohonenSOM
from ksom.map_size import chosen_size
from ksom.method.schedules import ScheduleLike
from ksom.trainer import Trainer

DTYPES = (np.float64, np.float32)
"""What samples may be; anything else becomes the first."""

INTAKE_ARGUMENTS = ("distance", "missing", "dtype")
MAP_ARGUMENTS = ("lattice", "neighbourhood", "initial", "backend", "threads", *INTAKE_ARGUMENTS)


class MapEstimator(BaseEstimator):
    """Base of the estimators; `SOM` explains the arguments."""

    def __init__(
        self,
        height: int | str = 10,
        width: int | str = 10,
        *,
        iterations: int = 100,
        sigma: ScheduleLike = "geometric",
        lattice: Any = "rectangular",
        neighbourhood: Any = "gaussian",
        distance: Any = "euclidean",
        initial: Any = "pca",
        missing: str = "refuse",
        dtype: str = "float64",
        backend: str = "auto",
        threads: int = 0,
        random_state: Any = None,
    ) -> None:
        self.height = height
        self.width = width
        self.iterations = iterations
        self.sigma = sigma
        self.lattice = lattice
        self.neighbourhood = neighbourhood
        self.distance = distance
        self.initial = initial
        self.missing = missing
        self.dtype = dtype
        self.backend = backend
        self.threads = threads
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "keep"
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "som_")

    def _checked(self, *samples: Any, reset: bool = False, **options: Any) -> Any:
        """Return X, or X and y, as arrays; where they begin anew (`reset`) they tell the features of later ones."""
        if reset:
            self.__dict__.pop("som_", None)  # should this training fail, there is no map
        else:
            check_is_fitted(self)
        # what is not finite is told by the map, in one line that names its row
        return validate_data(self, *samples, reset=reset, dtype=DTYPES, ensure_all_finite=False, **options)

    def _fit_map(self, samples: NDArray[Any], sample_weight: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Train a new map; returns which node won each sample, and how much the sample counts."""
        dataset = Dataset(samples, sample_weight)
        self._train(self._new_map(dataset), dataset, Batch(self.sigma), self.iterations)
        return self._nodes(samples), weights_of(dataset)

    def _new_map(self, dataset: Dataset) -> KohonenSOM:
        of_any_size = partial(KohonenSOM, **self._given(INTAKE_ARGUMENTS))
        size = chosen_size(self.height, self.width, dataset, of_any_size)
        som = KohonenSOM(*size, **self._given(MAP_ARGUMENTS))
        names = getattr(self, "feature_names_in_", None)
        som.name_features(None if names is None else tuple(names))
        return som

    def _given(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    def _train(self, som: KohonenSOM, dataset: Dataset, algorithm: Batch, iterations: int) -> Any:
        """Train a map, which is then this estimator's; returns the algorithm as the training left it."""
        trainer = Trainer(som, dataset, iterations=iterations, algorithm=algorithm, seed=self._seed())
        trainer.train()
        self.som_ = som
        self.n_iter_ = trainer.iterations
        return trainer.algorithm

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        seed: int = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return seed

    def _nodes(self, samples: NDArray[Any]) -> NDArray[np.int64]:
        nodes: NDArray[np.int64] = self.som_.best_matching_nodes(samples)
        return nodes


def weights_of(dataset: Dataset) -> NDArray[np.float64]:
    """Return how much each sample counts, shape (N,), those of weight 0 too."""
    return np.ones(len(dataset.samples)) if dataset.weights is None else dataset.weights
