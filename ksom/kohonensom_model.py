"""The map: weights on a lattice, which learn, and the file it is kept in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_choice, require_integer, require_path
from ksom.encoding import Encoding
from ksom.errors import DataError, NotTrained, ParameterError
from ksom.intake import MISSING, Intake
from ksom.kernels import BACKENDS, choice, get_backend, needs_speed
from ksom.kernels.backend import Backend
from ksom.kernels.effort import Work, numpy_seconds, peak_bytes
from ksom.map_file import Layer, MapFile, Unchecked, open_map, part, write
from ksom.memory import available_memory
from ksom.method.distance import DISTANCES, Distance
from ksom.method.initialisation import INITIALISATIONS, Given, Source, as_initialisation, checked_weights
from ksom.method.lattice import LATTICES, Lattice
from ksom.method.neighbourhood import NEIGHBOURHOODS, NeighbourhoodLike, as_neighbourhood
from ksom.method.scaling import SCALINGS, Scaling
from ksom.node_groups import NodeGroups
from ksom.registry import node_of
from ksom.representation import as_html
from ksom.samples import Range

_PARTS = {"lattice": LATTICES, "neighbourhood": NEIGHBOURHOODS, "distance": DISTANCES, "scaling": SCALINGS}
"""What a map is made of, beside its weights."""


class KohonenSOM(NodeGroups):
    """A self-organising map: K = height · width nodes on a lattice, each with a weight vector in the data's space.

    Parameters
    ----------
    height, width : int
        Rows and columns of the map, at least 1.
    lattice : {"rectangular", "hexagonal"} or Lattice
        Arrangement of the nodes; an object has the map's height and width, and says which axes are wrapped.
    neighbourhood : {"gaussian", "bubble", "mexican_hat", "epanechnikov", "triangle"}, Neighbourhood, or function
        How much a node learns from a sample that another node won: a function gets squared distances d² from the
        winner, an array, and sigma, a number, and returns an array, 1 at d² = 0 and nowhere more.
    distance : {"euclidean", "cosine", "manhattan", "chebyshev"} or Distance
        How far a sample is from a node.
    initial : {"pca", "random", "samples"}, path, or array_like of shape (height, width, D)
        First weights: a sheet along the data's two principal axes, uniform in each feature's range, samples drawn from
        the data, the array `weights` of a file (such as an earlier map.npz), or the weights themselves.
    dtype : {"float32", "float64"}
        Working precision. After one iteration both agree within rounding, 3e-8 of the data's size; then a sample that
        is as near to one node as to another may find either, and a whole training ends in another map, as good as the
        other. The same holds for other machines; on one, the same seed and data give the same bits.
    missing : {"refuse", "keep"}
        What to do where a value is missing (NaN, a masked value, a table's NA): refuse it with an error, or learn from,
        and search by, those that are there. Not with the cosine distance: a sample with gaps has no direction.
    scaling : {"none", "standard", "minmax", "robust", "log1p+standard", "rank"} or Scaling
        How features become the map's units: as they are; with mean 0 and deviation 1; from 0 to 1; with median 0 and
        quartiles 1 apart; as standard, of their logarithms; by their rank in the data, from 0 to 1. `PerColumn` tells
        them by the features' names. Fitted to the data that the map is trained on first, and applied to every sample
        that it is given, ever after. Distances and quantization errors are in the map's units then.
    backend : {"auto", "numpy", "numba", "jax"}
        Numerical core. numpy and numba give the same bits, jax within rounding, on the devices that JAX sees. "auto":
        numba if it can be loaded and the work is worth it, else numpy.
    threads : int
        Threads that the numba backend may use; 0: all cores. Never changes a bit of the result. The numpy backend uses
        one, and JAX decides for itself.

    Attributes
    ----------
    intake : Intake
        What the map does to samples before it computes with them.
    feature_names : tuple of str, or None
        What the features are called, if the map was trained on a table with named columns: then those of another table
        are matched by name.
    units : tuple of (str or None), or None
        What unit each feature is given in, such as "cm"; may be given, or come with the data.
    layers : dict of str to Layer
        What is known of every node beside its weights; nothing any more, once the map has other weights.
    about_training : dict
        Where the weights come from, as plain data; filled in by a training.

    Raises
    ------
    ParameterError
        For an argument outside its domain.

    Examples
    --------
    >>> som = KohonenSOM(1, 2, initial=[[[0.0, 0.0], [1.0, 1.0]]])
    >>> som.best_matching_nodes([[0.9, 0.8], [0.1, 0.0]]).tolist()
    [1, 0]

    References
    ----------
    T. Kohonen, Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 1982.
    """

    parts = {**_PARTS, "initial": INITIALISATIONS}
    from_elsewhere = ("backend", "threads")

    def __init__(
        self,
        height: int = 10,
        width: int = 10,
        *,
        lattice: Lattice | str = "rectangular",
        neighbourhood: NeighbourhoodLike = "gaussian",
        distance: Distance | str = "euclidean",
        initial: Any = "pca",
        dtype: str = "float32",
        missing: str = "refuse",
        scaling: Scaling | str = "none",
        backend: str = "auto",
        threads: int = 0,
    ) -> None:
        self.height, self.width = _side("height", height), _side("width", width)
        self.lattice: Lattice = LATTICES.made("lattice", lattice, self.height, self.width)
        if (self.lattice.height, self.lattice.width) != (self.height, self.width):
            raise ParameterError("lattice", f"have the map's size, {self.height} × {self.width} nodes", self.lattice)
        self.neighbourhood = as_neighbourhood(neighbourhood)
        self.distance: Distance = DISTANCES.made("distance", distance)
        self.dtype = np.dtype(require_choice("dtype", _dtype_name(dtype), ("float32", "float64")))
        self.missing = require_choice("missing", missing, MISSING)
        if self.missing == "keep" and self.distance.on_sphere:
            told = "be refuse where directions are compared: a sample with gaps has none; fill them, or take euclidean"
            raise ParameterError("missing", told, missing)
        self.scaling: Scaling = SCALINGS.made("scaling", scaling)
        self.intake = Intake(self.dtype, self.distance, self.missing, self.scaling)
        self.backend = require_choice("backend", backend, BACKENDS)
        self.threads = require_integer("threads", threads, minimum=0)
        self.layers: dict[str, Layer] = {}
        self.about_training: dict[str, Any] = {}
        self._kernels: Backend | None = None
        self._in_file: Unchecked | None = None
        self._numpy_seconds = 0.0
        self._work = Work()
        self.initial = as_initialisation(initial)
        if isinstance(self.initial, Given):
            self.weights = self.initial.array

    def __repr__(self) -> str:
        state = f"{self.features} features" if self.is_initialised else "no weights yet"
        return f"KohonenSOM({self.height} × {self.width} nodes, {state}, {self.dtype})"

    def _repr_html_(self) -> str | None:
        """Return a page of the map, for a notebook; None, and so the short repr, without weights or with very many."""
        return as_html(self)

    @property
    def is_initialised(self) -> bool:
        """Whether the map has weights."""
        return self._kernels is not None or self._in_file is not None

    @property
    def features(self) -> int:
        """The number of features, D."""
        return self.kernels.features if self._in_file is None else self._in_file.weights.shape[2]

    @property
    def kernels(self) -> Backend:
        """The numerical core, which holds the weights.

        Raises
        ------
        NotTrained
            If the map has no weights yet.
        DataError
            If they lay in the map's file until now, and are damaged.
        """
        if self._in_file is not None:
            self._take_up(self._in_file)
        if self._kernels is None:
            raise NotTrained("this map has no weights yet; train it, initialise it, or give initial weights")
        return self._kernels

    @property
    def weights(self) -> NDArray[Any]:
        """The weights, shape (height, width, D), map units: a copy, read-only; `weights = …` gives the map others."""
        weights = self.kernels.weights
        weights.flags.writeable = False
        return weights

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self._hold(checked_weights(weights, self.lattice, self.dtype))
        self.layers.clear()
        self.about_training.clear()

    def name_features(
        self,
        names: tuple[str, ...] | None,
        encoding: Encoding | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        """Let the map know what its features are called, how a table's columns became them, and their units.

        What nobody knows is None; what the map knows already stays.

        Parameters
        ----------
        names : tuple of str, optional
            What the features are called.
        encoding : Encoding, optional
            How columns became features.
        units : mapping of str to str, optional
            Of features, by their names, what they are measured in, such as "cm".

        Raises
        ------
        DataError
            If it knows them by other names, or in another order; or if there is not a unit, or None, for each.
        """
        if self.feature_names and names and names != self.feature_names:
            before, now = (", ".join(map(repr, known)) for known in (self.feature_names, names))
            raise DataError(f"the map's features are {before}, in this order, those of the data {now}")
        self.feature_names, self.encoding = self.feature_names or names, self.encoding or encoding
        if units and self.feature_names and self.units is None:
            self.units = tuple(units.get(name) for name in self.feature_names)

    def initialise(self, source: Source, within: Range, seed: int = 0) -> None:
        """Give the map its first weights.

        Parameters
        ----------
        source : Feed
            Where the number of features comes from, and samples where first weights are samples.
        within : Range
            Where each feature lies, map units.
        seed : int
            Seed of random weights, >= 0.

        Raises
        ------
        DataError
            If given weights do not fit the map or the data.
        """
        self._require_memory(source.features)
        self.weights = self.initial.weights(self.lattice, source, within, seed)

    def expect(self, work: Work, features: int) -> None:
        """Tell what will be asked of the map, with so many features; the backend "auto" chooses by it."""
        seconds = numpy_seconds(work, self.height, self.width, features)
        if seconds <= self._numpy_seconds:
            return
        self._numpy_seconds, self._work = seconds, work
        held = self._kernels
        if self.backend == "auto" and held is not None and held.name == "numpy" and needs_speed(seconds):
            self._hold(held.weights)

    def save(self, path: str | Path) -> None:
        """Write the map to an .npz file: its array `weights` of shape (height, width, D) and what it needs to be used.

        The same map gives the same bytes. The file is whole or absent.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write(require_path("path", path), MapFile(self.weights, **self.about()))

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        lattice: Lattice | None = None,
        neighbourhood: NeighbourhoodLike | None = None,
        distance: Distance | None = None,
        scaling: Scaling | None = None,
        backend: str = "auto",
        threads: int = 0,
    ) -> Self:
        """Read a map that `save` wrote, or the one in a checkpoint.

        Weights of 64 MiB or more stay in the file, which must not be written to, until the map is first asked for
        something: then their checksum is looked at, and they are copied once, into the layout that the backend computes
        with. `weights` is one more copy. Everything else is read and checked here.

        Parameters
        ----------
        path : str or Path
            The file.
        lattice, neighbourhood, distance, scaling : object, optional
            Parts of classes or functions of one's own: the file names them, but nothing is imported for a file.
        backend, threads
            As of the constructor.

        Raises
        ------
        DataError
            If the file cannot be read or is not a map.
        """
        path = require_path("path", path)
        held, in_file = open_map(path)
        height, width, _ = held.weights.shape
        som = cls(
            height,
            width,
            lattice=lattice or part(path, LATTICES, held.lattice, height=height, width=width),
            neighbourhood=neighbourhood or part(path, NEIGHBOURHOODS, held.neighbourhood),
            distance=distance or part(path, DISTANCES, held.distance),
            dtype=held.weights.dtype.name,
            missing=held.missing,
            scaling=scaling or part(path, SCALINGS, held.scaling),
            backend=backend,
            threads=threads,
        )
        if in_file is None:
            som._hold_read(path, held.weights)
        som._in_file = in_file
        som.feature_names, som.units, som.encoding = held.feature_names, held.units, held.encoding
        som.layers, som.about_training = dict(held.layers), dict(held.training)
        som.intake = replace(som.intake, scales=held.scales)
        return som

    def about(self) -> dict[str, Any]:
        """Return what a file tells of the map beside the weights."""
        about: dict[str, Any] = {name: node_of(registry, getattr(self, name)) for name, registry in _PARTS.items()}
        about["missing"] = self.missing
        about |= {"layers": self.layers, "training": self.about_training}
        known: dict[str, Any] = {"feature_names": self.feature_names, "units": self.units}
        known |= {"encoding": self.encoding, "scales": self.intake.scales}
        return about | {name: value for name, value in known.items() if value is not None}

    def memory(self, features: int) -> int:
        """Return how many bytes the weights take, for data of so many features."""
        return self.lattice.size * features * self.dtype.itemsize

    def peak_memory(self, features: int) -> int:
        """Return how many bytes the map takes at most, in the work expected, for data of so many features."""
        backend = choice(self._numpy_seconds)[0] if self.backend == "auto" else self.backend
        return peak_bytes(
            backend,
            self._work,
            self.lattice.size,
            features,
            self.dtype.itemsize,
            phases=len(self.lattice.column_squares()),
            is_product=self.neighbourhood.is_product,
        )

    def _take_up(self, in_file: Unchecked) -> None:
        """Hold weights that have been in the map's file until now."""
        in_file.require_whole()
        self._hold_read(in_file.path, in_file.weights)

    def _hold_read(self, path: Path, weights: NDArray[Any]) -> None:
        """Hold weights that came from a file."""
        try:
            self._hold(checked_weights(weights, self.lattice, self.dtype))
        except DataError as error:
            raise DataError(f"{path}: {error}") from error

    def _hold(self, weights: NDArray[Any]) -> None:
        """Hold weights in the backend that suits the work expected."""
        self._in_file = None
        self._kernels = get_backend(
            self.backend,
            weights,
            self.dtype,
            distance=self.distance,
            neighbourhood=self.neighbourhood,
            threads=self.threads,
            numpy_seconds=self._numpy_seconds,
        )

    def _require_memory(self, features: int) -> None:
        needed, available = self.peak_memory(features), available_memory()
        if needed > available:
            size = f"{self.height} × {self.width} nodes × {features} features of {self.dtype}"
            told = f"{size} need {needed / 1e9:.3g} GB to be trained, there are {available / 1e9:.3g} GB"
            raise DataError(f"the map: {told}; make it smaller")


def _side(name: str, value: Any) -> int:
    if isinstance(value, str) and value == "auto":
        raise ParameterError(name, "be a number here: train() and experiments, which know the data, choose", value)
    return require_integer(name, value, minimum=1)


def _dtype_name(dtype: Any) -> Any:
    """Return the name of a numpy dtype; anything else as it is, to be refused."""
    return dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", dtype))
