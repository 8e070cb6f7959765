"""What a map with weights says about samples."""

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_choice, require_integer
from ksom.array_files import mapped_file
from ksom.calibration import QUANTILE, calibration, scores, threshold, usual_terms
from ksom.columns import as_array, column_names, table_like
from ksom.compute.compute import Compute
from ksom.compute.computes import as_compute
from ksom.dataset import Dataset
from ksom.encoding import Encoding, called
from ksom.errors import ParameterError
from ksom.intake import Intake
from ksom.kernels.backend import BLOCK_DISTANCES, Backend
from ksom.kernels.effort import Work
from ksom.kernels.node_sums import PART_ROWS
from ksom.map_file import Layer
from ksom.method.distance import Distance, reported_distances
from ksom.method.lattice import Lattice
from ksom.method.matches import walk
from ksom.method.neighbourhood import Neighbourhood
from ksom.method.strange_features import strangest, terms_of
from ksom.predictions import named, of_nodes
from ksom.samples import BLOCK_ROWS, Block, as_samples
from ksom.searching import Answer, searched

SEARCH_BYTES = 2**24
"""How many bytes of samples are searched for at a time. Threads are started once for them, and a look at a few of them
tells how to search: with 4,096 at a time, a million samples of 16 features took 1.39 s instead of 0.60."""


class Answers(ABC):
    """The half of a `KohonenSOM` that reads its weights and never changes them."""

    lattice: Lattice
    distance: Distance
    neighbourhood: Neighbourhood
    dtype: np.dtype[Any]
    intake: Intake
    feature_names: tuple[str, ...] | None = None
    units: tuple[str | None, ...] | None = None
    encoding: Encoding | None = None
    layers: dict[str, Layer]
    compute: Compute | None = None
    """Who searches for the samples of whole data sets; None: this process."""

    @contextmanager
    def computed_by(self, compute: Any) -> Iterator[None]:
        """Let somebody else search for the samples of whole data sets, as long as the block lasts.

        Parameters
        ----------
        compute : str, Compute, concurrent.futures.Executor or dask.distributed.Client, or None
            Who: "processes", "dask", or what does; None: as before.

        Examples
        --------
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from ksom import Dataset, KohonenSOM, evaluate
        >>> som = KohonenSOM(1, 2, initial=[[[0.0], [4.0]]])
        >>> with ThreadPoolExecutor(2) as executor, som.computed_by(executor):
        ...     measured = evaluate(som, Dataset([[0.0], [1.0], [4.0]]))
        """
        if compute is None:
            yield
            return
        before, self.compute = self.compute, as_compute(compute)
        try:
            self.compute.check()
            yield
        finally:
            if self.compute is not compute:
                self.compute.close()
            self.compute = before

    def found_elsewhere(self, samples: Any, k: int) -> Iterator[Answer] | None:
        """Return the nearest nodes of a data set's samples as others find them; None: this process is to search."""
        if (
            self.compute is None
            or self.compute.is_here
            or not isinstance(samples, Dataset)
            or len(samples) <= PART_ROWS
        ):
            return None  # nobody could share the work
        return searched(self, samples, k, self.compute)

    @property
    @abstractmethod
    def kernels(self) -> Backend:
        """The numerical core, which holds the weights."""

    @property
    @abstractmethod
    def weights(self) -> NDArray[Any]:
        """The weights, shape (height, width, D), map units."""

    @abstractmethod
    def expect(self, work: Work, features: int) -> None:
        """Tell what will be asked of the map."""

    @property
    @abstractmethod
    def features(self) -> int:
        """The number of features, D."""

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The weights in data units, shape (height, width, D): their scaling undone.

        NaN for a feature of weight 0, of which the map knows nothing; directions where the distance compares those.
        """
        return self.intake.undone(self.weights)

    def best_matching_nodes(self, samples: ArrayLike, k: int = 1, *, return_distances: bool = False) -> Any:
        """Return the node nearest to each sample, argmin over nodes of ‖w − x‖; the lowest index of equals.

        Parameters
        ----------
        samples : array_like of shape (n, D), a table with named columns, a sparse matrix, or Dataset
            Data units; NaN where a value is missing, if the map keeps those. Sparse ones are never made full; their
            distances are euclidean or cosine. A data set is read piece by piece.
        k : {1, 2}
            1: the best node; 2: the best and the second best.
        return_distances : bool
            Also return ‖w − x‖.

        Returns
        -------
        nodes : ndarray of shape (n,), or (n, 2) for k = 2
            Node indices, row * width + column.
        distances : ndarray of the same shape
            Map units (data units unless it scales); only if asked for.

        Raises
        ------
        DataError
            If the samples are not finite numbers of shape (n, D), or one has no value at all.
        ParameterError
            If k is not 1 or 2, or more than there are nodes.
        NotTrained
            If the map has no weights yet.
        """
        if isinstance(k, bool) or not isinstance(k, numbers.Integral) or not 1 <= k <= min(2, self.lattice.size):
            raise ParameterError("k", f"be 1 or 2 and at most the number of nodes, {self.lattice.size}", k)
        nodes, distances = self._of_all(samples, k)
        return (nodes, distances) if return_distances else nodes

    def predict(self, samples: ArrayLike, *, strange: int = 0) -> Any:
        """Return what the map says about each sample: its node, how far that is, and what is known of the node.

        Parameters
        ----------
        samples : array_like of shape (n, D), a table with named columns, or a sparse matrix
            Data units. A table's columns are found by their names; the map's file keeps how they became features.
        strange : int
            How many features to name, for each sample, that make it unlike its node; see `strange_features`.

        Returns
        -------
        Predictions, or a table
            Arrays of shape (n,): node, its row and column, distance, and, as far as the map knows them, label and its
            share, cluster, novelty and whether that is more than the threshold. For a table, a table of the same kind
            with these columns.

        Raises
        ------
        DataError, NotTrained
            As `best_matching_nodes`.
        ParameterError, NotCalibrated
            As `strange_features`, if some are asked for.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0, 0.0], [1.0, 1.0]]])
        >>> som.predict([[0.9, 1.0]]).node_column.tolist()
        [1]
        """
        require_integer("strange", strange, minimum=0, maximum=self.features)
        nodes, distances = self.best_matching_nodes(samples, return_distances=True)
        found = of_nodes(self.lattice, self.layers, nodes, distances)
        if strange:
            features, _ = self.strange_features(samples, strange)
            found = found._replace(strange=named(features, called(self.features, self.feature_names, self.encoding)))
        return found if column_names(samples) is None else table_like(samples, found.columns())

    def transform(self, samples: ArrayLike, output: str = "distances") -> NDArray[Any]:
        """Describe each sample by the map.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a sparse matrix
            Data units.
        output : {"distances", "coordinates"}
            "distances": ‖w − x‖ to every node, map units; "coordinates": row and column of the best matching node.

        Returns
        -------
        ndarray of shape (n, K) or (n, 2)
            In the working precision, or lattice steps in float64.

        Raises
        ------
        DataError, ParameterError, NotTrained
            As `best_matching_nodes`.
        """
        if require_choice("output", output, ("distances", "coordinates")) == "coordinates":
            nodes: NDArray[np.int64] = self.best_matching_nodes(samples)
            return self.lattice.coordinates()[nodes]
        rows = self._rows(samples)
        distances = np.empty((len(rows), self.lattice.size), dtype=self.dtype)
        block_rows = max(1, BLOCK_DISTANCES // self.lattice.size)
        for some, block in self._blocks(rows, block_rows, self.intake):
            distances[some] = self.kernels.distances(block)
        return distances

    def fill_in(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Return the samples with each missing value filled in: that of the best node, among the values that are there.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units; NaN where a value is missing, whatever the map keeps or refuses in training.

        Returns
        -------
        ndarray of shape (n, D)
            Data units, float64; values that are there are untouched. NaN stays where the feature has the weight 0.

        Raises
        ------
        DataError
            If the samples are not numbers of shape (n, D), or one has no value at all.
        ParameterError
            If the map compares directions: they do not tell how large a value is.
        NotTrained
            If the map has no weights yet.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0, 1.0], [5.0, 6.0]]])
        >>> som.fill_in([[4.5, 6.5]]).tolist()
        [[4.5, 6.5]]
        """
        if self.distance.on_sphere:
            raise ParameterError("distance", "tell how large values are, to fill some in", self.distance)
        filled = np.array(self._rows(samples, keep_missing=True), dtype=np.float64)
        missing = np.isnan(filled)
        nodes, _ = self._search(filled, 1, replace(self.intake, missing="keep"))
        some = np.flatnonzero(missing.any(axis=1))
        filled[missing] = self.prototypes.reshape(-1, self.features)[nodes[some]][missing[some]]
        return filled

    def calibrate(self, samples: Any, held_out: Any = None, quantile: float = QUANTILE) -> None:
        """Let the map know which distances are usual, so that it can say what is novel.

        Gives it the layers `hits`, `distances` and `usual_distance`, in one search.

        Parameters
        ----------
        samples : array_like of shape (N, D), table or Dataset
            What it has learned from, data units.
        held_out : array_like of shape (n, D), table or Dataset, optional
            Samples that it has not learned from: their scores give the threshold, so that neither a map that has
            learned its samples by heart nor oddities among them spoil it. Default: the samples themselves.
        quantile : float
            The threshold is this quantile of the scores, above 0 and at most 1: no more than 1 − quantile of the
            samples that give it are novel.

        Raises
        ------
        ParameterError
            If the quantile is no such number.
        DataError, NotTrained
            As `best_matching_nodes`.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0], [10.0]]])
        >>> som.calibrate([[-1.0], [1.0], [9.0], [11.0]])
        >>> som.is_novel([[0.5], [15.0]]).tolist()
        [False, True]
        """
        others = None if held_out is None else self.walkable(held_out)
        self.layers |= calibration(self, self.walkable(samples), others, quantile) or {}

    def novelty(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Return how unlike the training's samples each sample is: d / u_b, shape (n,).

        d is the distance to the best matching node, u_b the distance that is usual there: 1 is usual, 2 twice as far.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units.

        Raises
        ------
        NotCalibrated
            If the map does not know which distances are usual: `calibrate` tells it.
        DataError, NotTrained
            As `best_matching_nodes`.
        """
        return scores(self.layers, *self.best_matching_nodes(samples, return_distances=True))

    def is_novel(self, samples: ArrayLike) -> NDArray[np.bool_]:
        """Return whether the `novelty` of each sample is above the map's threshold, shape (n,); raises as that does."""
        is_novel: NDArray[np.bool_] = self.novelty(samples) > threshold(self.layers)
        return is_novel

    def strange_features(self, samples: ArrayLike, count: int = 3) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the features by which each sample differs from its best matching node more than samples use to.

        The share of a feature is its term of the distance, divided by its mean term in training, of the sum of these;
        a feature that is missing has no share.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units.
        count : int
            How many features, from 1 to D.

        Returns
        -------
        features : ndarray of shape (n, count)
            Their indices, that of the largest share first; -1 where no further feature differs.
        shares : ndarray of shape (n, count)
            From 0 to 1.

        Raises
        ------
        ParameterError
            If there are not so many features, or the map compares directions: one feature changes all of those.
        NotCalibrated, DataError, NotTrained
            As `novelty`.
        """
        if self.distance.on_sphere:
            told = "compare feature by feature, to tell which are strange: one of them changes all of a direction"
            raise ParameterError("distance", told, self.distance)
        count = require_integer("count", count, minimum=1, maximum=self.features)
        usual, weights = usual_terms(self.layers, self.features), self.weights.reshape(self.lattice.size, -1)
        found = [
            strangest(terms_of(self.distance, some.block, weights[some.nodes[:, 0]]), usual, count)
            for some in walk(self, self.walkable(samples), 1)
        ]
        features, shares = zip(*found, strict=True)
        return np.concatenate(features), np.concatenate(shares)

    def walkable(self, samples: Any) -> Any:
        """Return samples that can be read piece by piece: a data set as it is, all else as the map's features.

        Raises
        ------
        DataError
            If they are not of shape (n, D), or a table lacks columns.
        """
        return samples if isinstance(samples, Dataset) else self._rows(samples)

    def _rows(self, samples: ArrayLike, *, keep_missing: bool = False) -> Any:
        """Return samples of the map's features as an array, not yet looked at."""
        names = column_names(samples)
        if self.encoding is not None and names is not None:  # a table with columns that are no features as well
            samples = self._encoded(samples, names, self.encoding, keep_missing=keep_missing)
        return as_samples(samples, "samples", features=self.features, names=self.feature_names)

    def _encoded(self, table: Any, names: Sequence[str], encoding: Encoding, *, keep_missing: bool) -> NDArray[Any]:
        """Return a table's features: as they are, if its columns are called like them, or made from its columns."""
        if set(encoding.feature_names) <= set(names):
            return as_array(table, encoding.feature_names, "samples")
        from ksom.tables.encoder import table_as_samples  # a map of arrays does without the reader of tables

        return table_as_samples(table, encoding, "samples", keep_missing=keep_missing or self.intake.keeps_missing)

    def _of_all(self, samples: Any, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the k nearest nodes of samples or of a whole data set, and their distances; see `_search`."""
        if not isinstance(samples, Dataset):
            return self._search(self._rows(samples), k, self.intake)
        coming = self.found_elsewhere(samples, k)
        if coming is None:
            coming = ((found.nodes, found.distances) for found in walk(self, samples, k))
        nodes, distances = map(np.concatenate, zip(*coming, strict=True))
        return (nodes[:, 0], distances[:, 0]) if k == 1 else (nodes, distances)

    def _search(self, rows: Any, k: int, intake: Intake) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the k nearest nodes of each sample, and their distances, of shape (n,), or (n, k) for k > 1."""
        self.expect(Work(searched=len(rows)), self.features)
        nodes = np.empty((len(rows), k), dtype=np.int64)
        distances = np.empty((len(rows), k), dtype=self.dtype)
        block_rows = max(BLOCK_ROWS, SEARCH_BYTES * len(rows) // rows.nbytes)
        for some, block in self._blocks(rows, block_rows, intake):
            found = self.kernels.best_matching_nodes(block, k)
            nodes[some], distances[some] = found[0], reported_distances(self.distance, found[1], block.missing)
        return (nodes[:, 0], distances[:, 0]) if k == 1 else (nodes, distances)

    def _blocks(self, samples: Any, block_rows: int, intake: Intake) -> Iterator[tuple[slice, Block]]:
        """Yield the samples in blocks as the map computes with them, each with its place."""
        file = mapped_file(samples)
        for start in range(0, len(samples), block_rows):
            if file is not None:
                file.require_unchanged()
            rows = slice(start, start + block_rows)
            names = self.feature_names
            yield rows, intake.block(samples[rows], features=self.features, first_row=start, names=names)
            if file is not None:
                file.let_go()
