"""First weights: how a map looks before it has learned anything."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ksom.arguments import require_path
from ksom.array_files import read_array, read_arrays
from ksom.errors import DataError, ParameterError
from ksom.map_file import MapFile, read
from ksom.method.lattice import LATTICES, Lattice
from ksom.method.principal_axes import principal_axes
from ksom.method.random_streams import stream
from ksom.method.scales import Scales, rescaled
from ksom.registry import Registry, as_mapping, node_of
from ksom.representation import as_call
from ksom.samples import Block, Range, as_samples, in_precision


class Source(Protocol):
    """What first weights may be made from: the data, as the map computes with them."""

    def __len__(self) -> int: ...

    @property
    def features(self) -> int:
        """The number of features, D."""
        ...

    @property
    def scales(self) -> Scales | None:
        """What makes data units the map's; None: they are."""
        ...

    def rows(self, index: NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D)."""
        ...

    def blocks(self) -> Iterable[Block]:
        """Return all samples in their own order."""
        ...


class Initialisation(Protocol):
    """Makes first weights."""

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Return weights of shape (height, width, D), data units."""
        ...


INITIALISATIONS = Registry("initialisation", Initialisation)


@INITIALISATIONS.register("random")
class Random:
    """Uniform between the smallest and the largest value of each feature ([0, 1] for colours)."""

    def __repr__(self) -> str:
        return as_call(self)

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Draw the weights of all nodes, row by row, feature by feature."""
        uniform = stream(seed, "initial weights").random((lattice.height, lattice.width, source.features))
        uniform *= within.high - within.low
        uniform += within.low
        return uniform


@INITIALISATIONS.register("samples")
class Samples:
    """Samples drawn at random from the data, with replacement where there are fewer samples than nodes."""

    def __repr__(self) -> str:
        return as_call(self)

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Draw a sample for every node."""
        rng = stream(seed, "initial weights")
        chosen = rng.choice(len(source), size=lattice.size, replace=len(source) < lattice.size)
        rows = np.asarray(source.rows(chosen), dtype=np.float64)
        return rows.reshape(lattice.height, lattice.width, source.features)


@INITIALISATIONS.register("pca")
class PrincipalPlane:
    """A sheet through the data's mean, along the two directions in which they spread most.

    w = mean + u · √λ₁ · a₁ + v · √λ₂ · a₂, where a₁, a₂ are the principal axes, λ₁ ≥ λ₂ the variances along them, and
    u, v go evenly from −1 to 1 along the longer and the shorter side of the map as it is drawn (along columns and rows,
    if it is square). A chain, 1 × N, takes the first axis only. The same data give the same sheet, whatever the seed.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 3.7 (linear initialisation).
    """

    def __repr__(self) -> str:
        return as_call(self)

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Lay the sheet."""
        axes = principal_axes(source.blocks)
        right, down = lattice.positions().T
        along = (down, right) if np.ptp(down) > np.ptp(right) else (right, down)
        sheet = np.tile(axes.mean, (lattice.size, 1))
        sheet = sheet.reshape(lattice.height, lattice.width, source.features)
        for places, direction, deviation in zip(along, axes.directions, axes.deviations, strict=True):
            steps = _from_minus_one_to_one(places).reshape(*sheet.shape[:2], 1)
            for row in range(lattice.height):  # one at a time: a large map is never held twice
                sheet[row] += steps[row] * (deviation * direction)
        return sheet


@INITIALISATIONS.register("file")
class File:
    """The weights in an .npz file (its array `weights`, such as a map.npz) or an .npy file: a warm start.

    The training goes on from them with its own schedules, from their start; a sigma that starts small keeps the order.
    Those of a map that scales its features in another way are put into the new map's units; a plain array has them.

    Parameters
    ----------
    path : str or Path
        The file; its array has the shape (height, width, features).

    Raises
    ------
    DataError
        If it has another shape, or is a map on another lattice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = require_path("path", path)

    def __repr__(self) -> str:
        return as_call(self)

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Read the weights."""
        loaded = read_array(self.path, "weights")
        shape = (lattice.height, lattice.width, source.features)
        if loaded.shape != shape:
            raise DataError(f"{self.path}: first weights must have the shape {shape}, got {loaded.shape}")
        if self.path.suffix == ".npy" or "about" not in read_arrays(self.path):
            return np.asarray(loaded, dtype=np.float64)
        held = read(self.path)
        self._require_lattice(held, lattice)
        return rescaled(held.weights, held.scales, source.scales)

    def _require_lattice(self, held: MapFile, lattice: Lattice) -> None:
        """Refuse a map whose nodes have other neighbours."""
        theirs, ours = as_mapping(held.lattice, "lattice"), node_of(LATTICES, lattice)
        if any(ours.get(key) != value for key, value in theirs.items()):
            advice = "take the same, or give the array itself"
            raise DataError(f"{self.path}: its map's lattice is {theirs}, the new map's {ours}; {advice}")


def _from_minus_one_to_one(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places along a side of the map, moved and scaled; one place alone is 0."""
    middle, half = (places.max() + places.min()) / 2, (places.max() - places.min()) / 2
    moved: NDArray[np.float64] = (places - middle) / (half or 1.0)
    return moved


class Given:
    """Weights that are there already."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def weights(self, lattice: Lattice, source: Source, within: Range, seed: int) -> NDArray[np.float64]:
        """Return the given weights."""
        return np.asarray(self.array, dtype=np.float64)


def initial_node(initial: Any) -> Any:
    """Return a YAML node of first weights; a plain file stands for `{NAME: file, PATH: it}`."""
    is_file = isinstance(initial, str) and Path(initial).suffix in {".npz", ".npy"}
    return {"NAME": "file", "PATH": initial} if is_file else initial


def as_initialisation(initial: Any) -> Initialisation:
    """Return an initialisation that is given as such, by its name, as a file or as the weights themselves.

    Raises
    ------
    ParameterError
        If it is a name that nothing has.
    """
    if isinstance(initial, str) and Path(initial).name == initial and not Path(initial).suffix:
        named = INITIALISATIONS.named("initial", initial)
        if named is File:
            raise ParameterError("initial", "be the path of the file itself", initial)
        made: Initialisation = named()
        return made
    if isinstance(initial, str | Path):
        return File(initial)
    return initial if INITIALISATIONS.holds(initial) else Given(initial)


def checked_weights(weights: ArrayLike, lattice: Lattice, dtype: DTypeLike) -> NDArray[Any]:
    """Return weights that a map may have.

    Parameters
    ----------
    weights : array_like of shape (height, width, D)
        Map units.
    lattice : Lattice
        The nodes' arrangement.
    dtype : dtype
        The working precision that must hold them.

    Raises
    ------
    DataError
        If they have another shape, or are not finite, or too large.
    """
    try:
        shape = np.shape(weights)
    except ValueError:
        raise DataError("initial weights: all nodes must have the same number of features") from None
    if len(shape) != 3 or shape[:2] != (lattice.height, lattice.width) or shape[2] < 1:
        expected = f"({lattice.height}, {lattice.width}, features)"
        raise DataError(f"initial weights must have the shape {expected}, got {shape}")
    flat = as_samples(np.asarray(weights).reshape(-1, shape[2]), "initial weights")
    if not np.isfinite(flat).all():
        node, feature = (int(index) for index in np.argwhere(~np.isfinite(flat))[0])
        raise DataError(f"initial weights: row {node}, column {feature} is {flat[node, feature]}; they must be finite")
    in_precision(flat, dtype, "initial weights")
    checked: NDArray[Any] = flat.reshape(shape)
    return checked
