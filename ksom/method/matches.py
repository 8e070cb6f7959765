"""One walk over samples: the two best matching nodes of each, and what can be counted of them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ksom.columns import column_names
from ksom.errors import DataError, ParameterError
from ksom.method.distance import Distance
from ksom.method.lattice import Lattice
from ksom.method.neighbourhood import Neighbourhood
from ksom.samples import Block, Places, as_samples
from ksom.sparse_rows import in_full

WALK_BYTES = 2**24
"""How many bytes of samples are looked at at a time: a search of a few thousand spends its time on being started."""


class Taking(Protocol):
    """What a map does to samples before it computes with them."""

    @property
    def changes_values(self) -> bool:
        """Whether map units are not data units."""
        ...

    def block(
        self,
        samples: Any,
        where: str = "samples",
        *,
        features: int | None = None,
        first_row: int = 0,
        names: Sequence[str] | None = None,
    ) -> Block:
        """See `Intake.block`."""
        ...


class Map(Protocol):
    """Anything that finds best matching nodes on a lattice: a KohonenSOM, or the run that a hook sees."""

    @property
    def lattice(self) -> Lattice:
        """The nodes' arrangement."""
        ...

    @property
    def weights(self) -> NDArray[Any]:
        """The weights, shape (height, width, D), map units."""
        ...

    @property
    def intake(self) -> Taking:
        """What it does to samples before it computes with them."""
        ...

    def best_matching_nodes(self, samples: Any, k: int = 1, *, return_distances: bool = False) -> Any:
        """See `KohonenSOM.best_matching_nodes`."""
        ...


AnyMap = TypeVar("AnyMap", bound=Map)


class MeasuringMap(Map, Protocol):
    """A map whose parts are known: a KohonenSOM."""

    @property
    def distance(self) -> Distance:
        """How far a sample is from a node."""
        ...

    @property
    def neighbourhood(self) -> Neighbourhood:
        """How much a node learns from a sample that another node won."""
        ...


class Found(NamedTuple):
    """Some samples, and the nodes nearest to them."""

    block: Block
    """The samples as the map computes with them, map units."""
    nodes: NDArray[np.int64]
    """Nearest first, shape (n, k)."""
    distances: NDArray[Any]
    """To these nodes, map units, shape (n, k)."""


class Matches:
    """How many samples have which two nodes as their best and second best, and how far they are from the best.

    Every measure that asks for samples takes the `Matches` of a walk in their place, so that one walk serves many.
    It holds a row for each pair of nodes that some sample has, never one for each sample.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement. On a map of one node that node is its own second best.

    Attributes
    ----------
    samples : int
        How many were counted.
    distance : float
        The sum of their distances to their best matching nodes, map units.
    pairs : ndarray of shape (P, 2)
        Each best and second best node, ascending.
    counts : ndarray of shape (P,)
        How many samples have them.
    """

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self.samples = 0
        self.distance = 0.0
        self.counts = np.empty(0, dtype=np.int64)
        self._keys = np.empty(0, dtype=np.int64)

    @property
    def pairs(self) -> NDArray[np.int64]:
        return np.stack(np.divmod(self._keys, self.lattice.size), axis=1)

    @property
    def hits(self) -> NDArray[np.int64]:
        """How many samples each node won, shape (K,)."""
        hits = np.zeros(self.lattice.size, dtype=np.int64)
        np.add.at(hits, self.pairs[:, 0], self.counts)
        return hits

    def add(self, found: Found) -> None:
        """Count some samples."""
        self.samples += len(found.nodes)
        self.distance += float(found.distances[:, 0].sum(dtype=np.float64))
        keys = found.nodes[:, 0] * self.lattice.size + found.nodes[:, -1]
        self._keys, self.counts = counted(self._keys, self.counts, keys)


def counted(
    keys: NDArray[np.int64], counts: NDArray[np.int64], more: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return different keys, ascending, and how often each came: `counts` times before, and in `more`.

    Examples
    --------
    >>> [array.tolist() for array in counted(np.array([2, 5]), np.array([1, 7]), np.array([5, 3, 5]))]
    [[2, 3, 5], [1, 1, 9]]
    """
    new, times = np.unique(more, return_counts=True)
    together, places = np.unique(np.concatenate([keys, new]), return_inverse=True)
    total = np.zeros(len(together), dtype=np.int64)
    np.add.at(total, places, np.concatenate([counts, times]))
    return together, total


def matches(som: Map, samples: Any) -> Matches:
    """Return the matches of samples; what are matches already, as they are.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `walk`.
    """
    if isinstance(samples, Matches):
        return samples
    made = Matches(checked(som).lattice)
    for found in walk(som, samples, min(2, made.lattice.size)):
        made.add(found)
    return made


def walk(som: Map, samples: Any, k: int) -> Iterator[Found]:
    """Yield the samples, some at a time, with their k nearest nodes.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units; of a data set, its rows are read piece by piece.
    k : {1, 2}
        How many nodes.

    Raises
    ------
    ParameterError
        If `som` is no map.
    DataError
        If the samples are not numbers of shape (N, D), or lack values and the map does not keep such, naming the row.
    NotTrained
        If the map has no weights yet.
    """
    elsewhere = getattr(checked(som), "found_elsewhere", None)  # a run that a hook sees has none
    coming = None if elsewhere is None else elsewhere(samples, k)
    if coming is None:
        for rows, block in pieces(som, samples):
            yield _found(som, rows, block, k)
    else:
        yield from _beside(pieces(som, samples), coming)


def pieces(som: Map, samples: Any) -> Iterator[tuple[NDArray[Any], Block]]:
    """Yield the samples, some at a time, as they are and as the map computes with them; see `walk`."""
    weights = checked(som).weights
    size, rows = _rows(som, samples)
    length = max(1, WALK_BYTES // weights[0, 0].nbytes)
    places: Places | None = samples if _is_data_set(samples) else None
    for start in range(0, size, length):
        some = rows(slice(start, min(start + length, size)))
        yield some, _taken(som, some, _name(samples), first_row=start, places=places)


def drawn(som: Map, samples: Any, most: int, generator: np.random.Generator) -> Found:
    """Return all samples if there are at most so many, else as many, drawn without replacement, with their best nodes.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `walk`.
    """
    some, block = drawn_rows(som, samples, most, generator)
    return _found(som, some, block, 1)


def drawn_rows(som: Map, samples: Any, most: int, generator: np.random.Generator) -> tuple[NDArray[Any], Block]:
    """Return the samples of `drawn`, as they are and as the map computes with them; see there."""
    size, rows = _rows(checked(som), samples)
    chosen = np.arange(size) if size <= most else np.sort(generator.choice(size, size=most, replace=False))
    where = _name(samples) if len(chosen) == size else f"{_name(samples)}, {most} rows drawn"
    some = rows(chosen)
    return some, _taken(som, some, where)


def checked(som: AnyMap) -> AnyMap:
    """Return a map.

    Raises
    ------
    ParameterError
        If it is none.
    """
    if isinstance(som, type) or not hasattr(som, "best_matching_nodes"):
        raise ParameterError("som", "be a KohonenSOM, the samples come after it", som)
    return som


def _taken(som: Map, rows: NDArray[Any], where: str, first_row: int = 0, places: Places | None = None) -> Block:
    told: dict[str, Any] = {"first_row": first_row, "names": getattr(som, "feature_names", None), "places": places}
    block = som.intake.block(rows, where, features=som.weights.shape[2], **told)
    return block._replace(values=in_full(block.values))


def _found(som: Map, rows: NDArray[Any], block: Block, k: int) -> Found:
    nodes, distances = som.best_matching_nodes(rows, k, return_distances=True)
    return Found(block, nodes.reshape(-1, k), distances.reshape(-1, k))


def _beside(
    pieces: Iterator[tuple[NDArray[Any], Block]], coming: Iterator[tuple[NDArray[np.int64], NDArray[Any]]]
) -> Iterator[Found]:
    """Yield pieces of samples with the nodes that somebody else finds for them, in order but so many at a time."""
    answers = InOrder(coming)
    for _, block in pieces:
        yield Found(block, *answers.of_next(len(block.values)))


class InOrder:
    """Answers that come so many at a time, and are taken as many at a time as one likes.

    Parameters
    ----------
    coming : iterator of (ndarray of shape (n, k), ndarray of shape (n, k))
        Nodes and distances of all samples, in order.
    """

    def __init__(self, coming: Iterator[tuple[NDArray[np.int64], NDArray[Any]]]) -> None:
        self._coming = coming
        self._held: tuple[NDArray[np.int64], NDArray[Any]] | None = None

    def of_next(self, count: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the nodes and the distances of the next samples, shape (count, k)."""
        nodes, distances = next(self._coming) if self._held is None else self._held
        while len(nodes) < count:
            more = next(self._coming)
            nodes, distances = np.concatenate([nodes, more[0]]), np.concatenate([distances, more[1]])
        self._held = nodes[count:], distances[count:]
        return nodes[:count], distances[:count]


def _rows(som: Map, samples: Any) -> tuple[int, Any]:
    """Return how many samples there are, and what returns some of them."""
    if _is_data_set(samples):
        if len(samples) < 1:
            raise DataError(f"{_name(samples)} must have at least one sample")
        return len(samples), samples.rows
    walkable = getattr(som, "walkable", None)
    if walkable is not None and column_names(samples) is not None:  # a table whose columns become the features
        samples = walkable(samples)
    array = as_samples(samples, "samples", names=getattr(som, "feature_names", None))
    return len(array), array.__getitem__


def _is_data_set(samples: Any) -> bool:
    return hasattr(samples, "rows") and hasattr(samples, "features")


def _name(samples: Any) -> str:
    return f"dataset {type(samples).__name__}" if _is_data_set(samples) else "samples"
