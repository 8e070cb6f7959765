"""The file that a map is kept in: plain arrays in an .npz archive, with a checksum of their own and no pickle.

`weights` holds the weights, shape (height, width, D); `about` tells in JSON what else the map is; `checksum` is a
SHA-256 over both, and over further texts that a file may keep, such as the state of a training.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import DamagedFile, read_arrays
from ksom.errors import ConfigError, DataError, ParameterError, quoted
from ksom.method.scaling import Scales
from ksom.registry import Node, Registry, as_mapping, build
from ksom.whole_files import replacing

FORMAT_VERSION = 3
"""Raised when an older ksom could not read a newer file. Files of version 1 may lack a checksum."""


class NewerFile(DataError):
    """A file that only a newer ksom can read."""


class MapFile(NamedTuple):
    """A map, as its file holds it."""

    weights: NDArray[Any]
    """Shape (height, width, D), map units: data units, scaled."""
    lattice: Node
    """The arrangement of the nodes, as a YAML file would name it."""
    neighbourhood: Node
    """How much a node learns from a sample that another node won, likewise."""
    distance: Node = "euclidean"
    """How far a sample is from a node, likewise."""
    feature_names: tuple[str, ...] | None = None
    """What the features are called, if it is known."""
    missing: str = "refuse"
    """Whether it keeps missing values, likewise."""
    scaling: Node = "none"
    """How features are scaled, likewise."""
    scales: Scales | None = None
    """That scaling, fitted: x ↦ (x − centre) · factor; in the file an object with both, a list of numbers each."""


def write(path: Path, map_file: MapFile, **texts: str) -> None:
    """Write a map; the same map gives the same bytes, and the file is whole or absent.

    Parameters
    ----------
    path : Path
        The file.
    map_file : MapFile
        The map.
    **texts : str
        What else the file keeps.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    nodes = {
        name: _as_json(value) for name, value in map_file._asdict().items() if name != "weights" and value is not None
    }
    kept = {"about": json.dumps({"format_version": FORMAT_VERSION, **nodes}, sort_keys=True), **texts}
    kept["checksum"] = _checksum(map_file.weights, *kept.values())
    arrays: dict[str, Any] = {"weights": map_file.weights, **{name: np.array(text) for name, text in kept.items()}}
    with replacing(path) as file:
        np.savez(file, **arrays)


def read(path: Path) -> MapFile:
    """Read a map.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, is no map, or was written by a newer ksom.
    """
    return read_with_texts(path)[0]


def read_with_texts(path: Path, *names: str) -> tuple[MapFile, list[str]]:
    """Read a map and the texts `names` that its file keeps beside it; raises as `read`."""
    arrays = read_arrays(path)
    texts = {name: str(array) for name, array in arrays.items() if array.dtype.kind == "U" and not array.shape}
    _require_checksum(path, arrays, texts)
    about = _about(path, arrays, texts)
    weights = _weights(path, arrays["weights"])
    map_file = MapFile(
        weights,
        lattice=_node(path, about, "lattice"),
        neighbourhood=_node(path, about, "neighbourhood"),
        distance=_node(path, about, "distance"),
        feature_names=_feature_names(path, about, weights.shape[2]),
        missing=_missing(path, about),
        scaling=_node(path, about, "scaling"),
        scales=_scales(path, about, weights.shape[2]),
    )
    return map_file, [texts[name] for name in names]


def part(path: Path, registry: Registry, node: Node, **size: Any) -> Any:
    """Return the part of a map that a file describes.

    Only registered classes are made: nothing is imported that a file names.

    Raises
    ------
    DataError
        If the file names something else.
    """
    kind = registry.kind
    if registry.get(as_mapping(node, kind)["NAME"]) is None:
        known = ", ".join(registry)
        raise DataError(f"{path}: its {kind} must be one of {known}, but is {quoted(node)}; give it: load(…, {kind}=…)")
    try:
        return build(registry, node, kind, **size)[0]
    except (ConfigError, ParameterError) as error:
        raise DataError(f"{path}: its {kind} {quoted(node)} cannot be made ({error})") from error


def _require_checksum(path: Path, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> None:
    kept = [text for name, text in texts.items() if name != "checksum"]
    if "checksum" in texts and texts["checksum"] != _checksum(arrays.get("weights", np.empty(0)), *kept):
        raise DamagedFile(f"{path}: its checksum does not fit")


def _checksum(weights: NDArray[Any], *texts: str) -> str:
    digest = hashlib.sha256(f"{weights.shape} {weights.dtype.str}".encode())
    digest.update(np.ascontiguousarray(weights).data)
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()


def _about(path: Path, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> dict[str, Any]:
    try:
        about = json.loads(texts["about"])
        version = about["format_version"]
        is_newer, is_whole = version > FORMAT_VERSION, version == 1 or "checksum" in texts
    except (ValueError, KeyError, TypeError, RecursionError):
        is_newer, is_whole = False, False
    if is_newer:
        raise NewerFile(f"{path}: was written by a newer ksom (format {version}); update ksom to read it")
    if not is_whole or "weights" not in arrays:
        raise DamagedFile(f"{path}: is not a map that ksom wrote")
    return dict(about)


def _weights(path: Path, weights: NDArray[Any]) -> NDArray[Any]:
    if weights.ndim != 3 or 0 in weights.shape:
        raise DataError(f"{path}: `weights` must have the shape (height, width, features), got {weights.shape}")
    if weights.dtype.name not in {"float32", "float64"}:
        raise DataError(f"{path}: `weights` must be of float32 or float64, got {weights.dtype}")
    return weights


def _node(path: Path, about: Mapping[str, Any], name: str) -> Node:
    """Return the node `name`: a name, or a mapping with a NAME."""
    node = about.get(name, MapFile._field_defaults.get(name))
    called = node.get("NAME") if isinstance(node, dict) else node
    if not isinstance(node, str | dict) or not isinstance(called, str):
        raise DataError(f"{path}: must tell the {name} of its map, but has {quoted(node)}")
    return node


def _feature_names(path: Path, about: Mapping[str, Any], features: int) -> tuple[str, ...] | None:
    names = about.get("feature_names")
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != features or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: `feature_names` must be {features} names, but is {quoted(names)}")
    return tuple(names)


def _missing(path: Path, about: Mapping[str, Any]) -> str:
    missing = about.get("missing", "refuse")
    if missing not in ("refuse", "keep"):
        raise DataError(f"{path}: `missing` must be refuse or keep, but is {quoted(missing)}")
    return str(missing)


def _scales(path: Path, about: Mapping[str, Any], features: int) -> Scales | None:
    scales = about.get("scales")
    if scales is None:
        return None
    try:
        made = Scales(*(np.array(scales[name], dtype=np.float64) for name in Scales._fields))
        fit = all(array.shape == (features,) and np.isfinite(array).all() for array in made)
    except (ValueError, KeyError, TypeError):
        fit = False
    if not fit or (made.factor < 0).any():
        told = f"`scales` must hold a centre and a factor >= 0 for each of {features} features"
        raise DataError(f"{path}: {told}, but is {quoted(scales)}")
    return made


def _as_json(value: Any) -> Any:
    """Return a part of a map as JSON can hold it: numbers as they are, to the last bit."""
    return {name: array.tolist() for name, array in value._asdict().items()} if isinstance(value, Scales) else value
