"""The nodes that are nearest to samples: the search that all answers of a map begin with."""

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.columns import as_array, column_names
from ksom.compute.compute import Compute
from ksom.compute.computes import as_compute
from ksom.dataset import Dataset
from ksom.encoding import Encoding
from ksom.errors import ParameterError
from ksom.intake import Intake
from ksom.kernels.backend import Backend
from ksom.kernels.effort import Work
from ksom.kernels.node_sums import PART_ROWS
from ksom.mapped_files import mapped_file
from ksom.method.distance import Distance, reported_distances
from ksom.method.lattice import Lattice
from ksom.method.matches import walk
from ksom.samples import BLOCK_ROWS, Block, as_samples
from ksom.searching import Answer, searched

SEARCH_BYTES = 2**24
"""How many bytes of samples are searched for at a time. Threads are started once for them, and a look at a few of them
tells how to search: with 4,096 at a time, a million samples of 16 features took 1.39 s instead of 0.60."""


class BestMatching(ABC):
    """What a map with weights needs to find nodes, and how it does."""

    lattice: Lattice
    distance: Distance
    dtype: np.dtype[Any]
    intake: Intake
    feature_names: tuple[str, ...] | None = None
    encoding: Encoding | None = None
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

    def found_elsewhere(self, samples: Any, k: int, *, may_lack_all: bool = False) -> Iterator[Answer] | None:
        """Return the nearest nodes of a data set's samples as others find them; None: this process is to search.

        A sample that lacks every value is refused, or has the node -1.
        """
        if (
            self.compute is None
            or self.compute.is_here
            or not isinstance(samples, Dataset)
            or len(samples) <= PART_ROWS
        ):
            return None  # nobody could share the work
        self.expect(Work(searched=len(samples)), self.features)  # workers search by the backend that the map holds
        return searched(self, samples, k, self.compute, may_lack_all=may_lack_all)

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
