"""The map as a transformer and a clusterer."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClusterMixin, TransformerMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted

from ksom.arguments import require_choice, require_integer
from ksom.dataset import Dataset
from ksom.errors import DataError, quoted
from ksom.kernels.node_sums import NodeSums
from ksom.kohonensom_model import KohonenSOM
from ksom.method.clusters import kmeans
from ksom.method.schedules import ScheduleLike
from ksom.sklearn.continued import Continued
from ksom.sklearn.estimator import DTYPES, MapEstimator, weights_of

OUTPUTS = ("distances", "coordinates")
COORDINATE_NAMES = ("som_row", "som_column")


class SOM(TransformerMixin, ClusterMixin, MapEstimator):
    """A self-organising map, trained by `ksom.Batch`.

    Parameters
    ----------
    height, width : int or "auto"
        Rows and columns of the map; "auto": chosen to fit the data, as `ksom.train` does.
    iterations : int
        How many iterations; each shows all samples.
    sigma : schedule, str, float or pair of float
        Radius of the neighbourhood, lattice steps, as `ksom.Batch` takes it.
    lattice, neighbourhood, distance, initial, missing, dtype, backend, threads
        As `ksom.KohonenSOM` takes them. With `missing="keep"` a value may be NaN.
    random_state : int, RandomState or None
        Seed of first weights that are drawn (`initial="random"` or "samples") and of the grouping into clusters; an
        integer is what `ksom.train` calls `seed`. Nothing else is left to chance.
    n_clusters : int, optional
        Into how many clusters the nodes are grouped. Default: every node is a cluster.
    output : {"distances", "coordinates"}
        What `transform` tells of a sample: its distance to every node, data units; or row and column of its best
        matching node, lattice steps.

    Attributes
    ----------
    som_ : KohonenSOM
        The trained map; `som_.weights` has the shape (height, width, D).
    labels_ : ndarray of shape (N,)
        What `predict` says of the samples that were learned, those of the last part after `partial_fit`.
    hits_ : ndarray of shape (K,)
        Weight of the samples that each node won.
    clusters_ : ndarray of shape (K,)
        Cluster of each node: by k-means over the weights of the nodes that won samples, each counted by its hits; the
        others belong to the nearest mean. Numbered in the order of their first nodes. Without `n_clusters` each node is
        its own, row * width + column.
    n_iter_, n_features_in_ : int
        Iterations of the training, and features, D.
    feature_names_in_ : ndarray of shape (D,)
        The features' names, if the samples came as a table.

    References
    ----------
    T. Kohonen, Essentials of the self-organizing map, Neural Networks 37, 2013.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> flowers = load_iris().data
    >>> som = SOM(5, 6, n_clusters=3).fit(flowers)
    >>> som.transform(flowers).shape, sorted(set(som.labels_.tolist()))
    ((150, 30), [0, 1, 2])
    """

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
        n_clusters: int | None = None,
        output: str = "distances",
    ) -> None:
        super().__init__(
            height,
            width,
            iterations=iterations,
            sigma=sigma,
            lattice=lattice,
            neighbourhood=neighbourhood,
            distance=distance,
            initial=initial,
            missing=missing,
            dtype=dtype,
            backend=backend,
            threads=threads,
            random_state=random_state,
        )
        self.n_clusters = n_clusters
        self.output = output

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [dtype.__name__ for dtype in DTYPES]
        return tags

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Train a new map.

        Parameters
        ----------
        X : array_like of shape (N, D), or sparse matrix
            The samples, data units.
        y : None
            Not used.
        sample_weight : array_like of shape (N,), optional
            How much each sample counts, >= 0; default 1.

        Raises
        ------
        ValueError
            If something does not hold that must; the message says what.
        """
        require_choice("output", self.output, OUTPUTS)
        if self.n_clusters is not None:
            require_integer("n_clusters", self.n_clusters, minimum=1)
        samples = self._checked(X, reset=True)
        self._learned: NodeSums | None = None
        self.hits_ = np.zeros(1)
        dataset = Dataset(samples, sample_weight)
        return self._learn(self._new_map(dataset), dataset, self.sigma, self.iterations)

    def partial_fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn further samples, as one more iteration.

        The first part is learned as `fit` learns: it orders the map, and should be a fair choice of all samples. Every
        later part finds its best matching nodes once; then each node moves to the mean of all that was ever learned,
        weighted by the neighbourhood at the sigma where the first training ended. Samples count alike whenever they
        came, and none is forgotten. A part needs a value of every feature. Arguments and errors are those of `fit`.
        """
        if not hasattr(self, "som_"):
            return self.fit(X, sample_weight=sample_weight)
        before = self.n_iter_
        self._learn(self.som_, Dataset(self._checked(X), sample_weight), self._last_sigma, 1)
        self.n_iter_ += before
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each sample's best matching node, shape (n,): without `n_clusters`, the node itself."""
        samples = self._checked(X)
        return self.clusters_[self._nodes(samples)]

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the distances of each sample to all nodes, shape (n, K), or its coordinates, shape (n, 2).

        `output` says which. In the samples' precision, whatever the map's is.
        """
        samples = self._checked(X)
        return self.som_.transform(samples, self.output).astype(samples.dtype, copy=False)

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the weights of the node that each row of what `transform` returns tells, data units, shape (n, D).

        Parameters
        ----------
        X : array_like of shape (n, K) or (n, 2)
            Distances, of which the least tells the node, or row and column of a node.

        Raises
        ------
        DataError
            If a row tells no node.
        """
        check_is_fitted(self)
        rows, size = check_array(X), self.som_.lattice.size
        columns = 2 if self.output == "coordinates" else size
        if rows.shape[1] != columns:
            raise DataError(f"inverse_transform: X must have {columns} columns, as of transform, got {rows.shape[1]}")
        nodes = self._nodes_at(rows) if self.output == "coordinates" else rows.argmin(axis=1)
        return self._node_weights()[nodes]

    def score(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Return −1 · the quantization error, the (weighted) mean distance to the best matching node, data units."""
        samples = self._checked(X)
        distances = self.som_.best_matching_nodes(samples, return_distances=True)[1]
        return -float(np.average(distances, weights=weights_of(Dataset(samples, sample_weight))))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of what `transform` returns: som0, som1, … for each node, or som_row and som_column."""
        check_is_fitted(self)
        names = [f"som{node}" for node in range(self.som_.lattice.size)]
        return np.array(COORDINATE_NAMES if self.output == "coordinates" else names, dtype=object)

    def _learn(self, som: KohonenSOM, dataset: Dataset, sigma: ScheduleLike, iterations: int) -> Self:
        """Train a map, new or not, on samples, beside what it has learned before."""
        weights = weights_of(dataset)
        mean = float(weights[weights > 0].mean())  # by which a training divides them
        before = None if self._learned is None else self._learned * (1 / mean)
        trained = self._train(som, dataset, Continued(sigma, before), iterations)
        self._learned = trained.learned * mean
        self._last_sigma = trained.parameters(iterations - 1)["sigma"]
        nodes = self._nodes(dataset.samples)
        self.hits_ = self.hits_ + np.bincount(nodes, weights, minlength=som.lattice.size)
        self.clusters_ = self._clusters()
        self.labels_ = self.clusters_[nodes]
        return self

    def _clusters(self) -> NDArray[np.int64]:
        if self.n_clusters is None:
            return np.arange(self.som_.lattice.size)
        return kmeans(self._node_weights(), self.hits_, self.n_clusters, self._seed(), "n_clusters")

    def _nodes_at(self, coordinates: NDArray[Any]) -> NDArray[np.int64]:
        shape = self.som_.height, self.som_.width
        inside = (coordinates >= 0) & (coordinates < shape) & (coordinates % 1 == 0)
        if not inside.all():
            row = int(np.argmin(inside.all(axis=1)))
            told = f"X must tell row and column of nodes, but its row {row} is {quoted(coordinates[row].tolist())}"
            raise DataError(f"inverse_transform: {told}")
        rows, columns = coordinates.astype(np.int64).T
        nodes: NDArray[np.int64] = rows * self.som_.width + columns
        return nodes

    def _node_weights(self) -> NDArray[np.float64]:
        return self.som_.weights.reshape(self.som_.lattice.size, -1).astype(np.float64)
