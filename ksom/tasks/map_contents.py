"""What the file of a map tells, in words and as plain data."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml
from numpy.typing import NDArray

from ksom.amounts import number_of, size_of
from ksom.encoding import CATEGORY, CYCLE, NUMBER, Column, called
from ksom.errors import DataError, one_line
from ksom.layers import CLUSTERS, DISTANCES, HITS, LABELS
from ksom.map_file import Layer, MapFile, read
from ksom.registry import as_mapping

COLUMNS = 80
"""Characters of a line."""

SHOWN = 12
"""How many features, layers or columns are told one by one."""

NAMES = 8
"""How many names stand in a line."""

LONGEST_NAME = 28
"""Characters of a name; a longer one is cut."""

_SCALINGS = {"none": "none: features are as they are", "standard": "standard: mean 0, deviation 1"}
_SCALINGS |= {"minmax": "minmax: from 0 to 1"}
_EDGES = {"none": "open at all edges", "rows": "wrapped from top to bottom", "columns": "wrapped from left to right"}
_EDGES |= {"both": "wrapped both ways, a torus"}

_TRAINING = ["iteration", "iterations", "samples", "batch_size", "shuffle", "seed"]
_TRAINING += ["algorithm", "data_digest", "versions"]
"""What a training tells, in the order in which it is shown."""


@dataclass(frozen=True)
class MapContents:
    """A map's file, read and found whole."""

    path: Path
    """Where it is."""
    size: int
    """Bytes of the file."""
    held: MapFile
    """What is in it."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a map's file, all of it, whatever classes it names.

        Raises
        ------
        DataError
            If it cannot be read, is damaged, or is no map.
        """
        held = read(path)
        return cls(path, path.stat().st_size, held)

    @cached_property
    def range(self) -> NDArray[np.float64]:
        """The least and the greatest weight of each feature, data units, shape (2, D); NaN where the map knows none."""
        flat = self.held.weights
        ends = np.array([flat.min(axis=(0, 1)), flat.max(axis=(0, 1))], dtype=np.float64)
        return ends if self.held.scales is None else self.held.scales.undone(ends)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called, by their numbers if nobody knows."""
        return called(self.held.weights.shape[2], self.held.feature_names, self.held.encoding)

    def config_as_yaml(self) -> str:
        """Return the configuration that the map was trained by.

        Raises
        ------
        DataError
            If the file does not tell it.
        """
        config = self.held.training.get("config")
        if not isinstance(config, Mapping):
            raise DataError(f"{self.path}: does not tell by which configuration; `ksom train` writes it into a map")
        return yaml.safe_dump(config, sort_keys=False)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it; null for a number that there is not."""
        held = self.held
        height, width, features = held.weights.shape
        low, high = ([_number(value) for value in ends] for ends in self.range)
        return {
            "file": str(self.path),
            "bytes": self.size,
            "format_version": held.format_version,
            "height": height,
            "width": width,
            "features": features,
            "dtype": held.weights.dtype.name,
            **{part: getattr(held, part) for part in ("lattice", "neighbourhood", "distance", "missing", "scaling")},
            "feature_names": held.feature_names,
            "units": held.units,
            "low": low,
            "high": high,
            "encoding": None if held.encoding is None else held.encoding.as_plain(),
            "layers": {name: _layer_as_dict(layer) for name, layer in held.layers.items()},
            "training": dict(held.training),
        }

    def as_text(self) -> str:
        """Return it for a person, in lines of 80 characters; nothing in it can steer a terminal."""
        height, width, features = self.held.weights.shape
        title = f"{one_line(str(self.path))}: a map of {height} × {width} nodes, {number_of('feature', features)}"
        told = [title, *_table(self._parts()), "", *self._features()]
        for heading, rows in (("layers", self._layers()), ("training", told_of_training(self.held.training))):
            lines = list(_table(rows))
            told += ["", heading, *lines] if lines else []
        return "\n".join(told)

    def _parts(self) -> Iterator[tuple[str, str]]:
        held = self.held
        lattice, scaling = as_mapping(held.lattice, "lattice"), as_mapping(held.scaling, "scaling")
        edges = _EDGES.get(str(lattice.get("WRAP")), "")
        yield "file", f"{size_of(self.size)}, format {held.format_version}, whole"
        yield "weights", f"{held.weights.dtype}, {size_of(held.weights.nbytes)}"
        yield "lattice", ", ".join(filter(None, [_node(lattice, but="WRAP"), edges]))
        yield "neighbourhood", _node(held.neighbourhood)
        yield "distance", _node(held.distance)
        yield "missing values", "kept" if held.missing == "keep" else "refused"
        plain = _SCALINGS.get(scaling["NAME"]) if scaling.get("FEATURE_WEIGHTS") is None else None
        yield "scaling", plain or _node(scaling)
        if held.encoding is not None:
            yield "encoding", _encoding(held.encoding.columns)

    def _features(self) -> Iterator[str]:
        """Yield a line for each of the first features: its name, the range of its weights, its unit."""
        yield "features: least and greatest weight, data units"
        names = [_shown(name) for name in self.feature_names[:SHOWN]]
        broadest = max(map(len, names))
        units = self.held.units or (None,) * len(names)
        for name, unit, low, high in zip(names, units, *self.range, strict=False):
            yield f"  {name:<{broadest}}  {low:>11.4g}  {high:>11.4g}  {_shown(unit or '')}".rstrip()
        if len(self.feature_names) > SHOWN:
            yield f"  … and {len(self.feature_names) - SHOWN} more"

    def _layers(self) -> Iterator[tuple[str, str]]:
        for name, layer in list(self.held.layers.items())[:SHOWN]:
            told = _LAYERS.get(name, _other)(layer.values, layer.about)
            yield _shown(name), told
        if len(self.held.layers) > SHOWN:
            yield "…", f"and {len(self.held.layers) - SHOWN} more"


def _hits(values: NDArray[Any], about: Mapping[str, Any]) -> str:
    return f"{number_of('sample', about['samples'])}; {_dead(values)}"


def _labels(values: NDArray[Any], about: Mapping[str, Any]) -> str:
    column, counts = about.get("column"), values.sum(axis=(0, 1))
    order = np.argsort(-counts, kind="stable")
    told = _listed(f"{_shown(about['names'][label])} {counts[label]}" for label in order)
    return f"{'' if column is None else f'{_shown(column)}: '}{told}; {_dead(values.sum(axis=2))}"


def _clusters(values: NDArray[Any], about: Mapping[str, Any]) -> str:
    alone = int((values < 0).sum())
    index = about.get("index")
    how = f" by {_shown(about['method'])}"
    if about.get("number") == "given":
        how += ", number given"
    elif isinstance(index, str):
        how += f", number by {_shown(index)}"
    return f"{about['clusters']}{how}" + (f"; {number_of('node', alone)} in none" if alone else "")


def _distances(_: NDArray[Any], about: Mapping[str, Any]) -> str:
    on = f"{number_of('sample', about['calibrated_on'])} {'held out' if about['held_out'] else 'of the training'}"
    threshold = about["threshold"]
    limit = "no threshold" if threshold is None else f"new is a score above {threshold:.4g}"
    levels = ", ".join(f"{level:.4g}" for level in about["levels"][:NAMES])
    return f"{limit} (quantile {about['quantile']:.4g} of {on}); quantiles {levels} of each node's distances"


def _other(values: NDArray[Any], about: Mapping[str, Any]) -> str:
    told = f"{' × '.join(map(str, values.shape))} numbers, {values.dtype}"
    return f"{told}; tells {_listed(map(_shown, about))}" if about else told


_LAYERS = {HITS: _hits, LABELS: _labels, CLUSTERS: _clusters, DISTANCES: _distances}


def _dead(hits: NDArray[Any]) -> str:
    return f"{int((hits == 0).sum())} of {number_of('node', hits.size)} won none"


def _layer_as_dict(layer: Layer) -> dict[str, Any]:
    values = layer.values
    return {"shape": list(values.shape), "dtype": values.dtype.name, "about": dict(layer.about)}


def told_of_training(training: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of where a map comes from; a stranger's file may tell anything."""
    quality = training.get("quality")
    if isinstance(quality, Mapping):
        measured = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in quality.items()]
        yield "quality", _listed(measured)
    for name in [name for name in _TRAINING if name in training]:
        told = "all samples" if name == "batch_size" and training[name] == 0 else _value(training[name])
        yield name.replace("_", " "), told
    others = [name for name in training if name not in {*_TRAINING, "quality", "config"}]
    if others:
        yield "also told", _listed(map(_shown, others))
    if isinstance(training.get("config"), Mapping):
        yield "configuration", "shown by --config"


def _value(value: Any) -> str:
    """Return plain data in words: a node by its name and what it was given, numbers in four digits."""
    if isinstance(value, Mapping):
        name = value.get("NAME")
        given = [
            f"{_shown(key.lower().replace('_', ' '))} {_value(inner)}" for key, inner in value.items() if key != "NAME"
        ]
        return _listed(filter(None, [None if name is None else _value(name), *given]))
    if isinstance(value, list):
        return _listed(map(_value, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _shown(str(value))


def _node(node: Any, but: str = "") -> str:
    given = as_mapping(node, "node")
    return _value({key: value for key, value in given.items() if key != but and value is not None})


def _encoding(columns: tuple[Column, ...]) -> str:
    numbers = sum(column.kind == NUMBER for column in columns)
    others = (_column(column) for column in columns if column.kind != NUMBER)
    return _listed([f"{number_of('column', numbers)} as numbers", *others], "; ")


def _column(column: Column) -> str:
    if column.kind == CYCLE:
        return f"{_shown(column.name)} a circle of {column.period:.4g}"
    members = [*map(_shown, column.categories), *["other"] * column.has_other]
    return f"{_shown(column.name)} one of {_listed(members)}" if column.kind == CATEGORY else _shown(column.name)


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, told in rows:
        first = f"  {name:<15} "
        yield from textwrap.wrap(told, COLUMNS, initial_indent=first, subsequent_indent=" " * 18) or [first.rstrip()]


def _listed(parts: Iterable[str], between: str = ", ") -> str:
    told = list(parts)
    return between.join(told[:NAMES]) + (f" and {len(told) - NAMES} more" if len(told) > NAMES else "")


def _shown(name: str) -> str:
    """Return a name that is short and steers no terminal."""
    shown = one_line(name)
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
