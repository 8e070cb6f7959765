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
from ksom.encoding import Encoding
from ksom.errors import ConfigError, DataError, ParameterError, quoted
from ksom.method.scales import Scales
from ksom.registry import Node, Registry, as_mapping, build
from ksom.whole_files import replacing

FORMAT_VERSION = 4
"""Raised when an older ksom could not read a newer file. Files of version 1 may lack a checksum."""


LAYER = "layer_"
"""What the names of the arrays of layers begin with."""


class NewerFile(DataError):
    """A file that only a newer ksom can read."""


class Layer(NamedTuple):
    """What is known of every node beside its weights, such as how many samples it won."""

    values: NDArray[Any]
    """Shape (height, width), or (height, width, n) where there are n numbers of each node."""
    about: Mapping[str, Any] = {}
    """What the numbers mean: plain data that JSON can hold."""


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
    """That scaling, fitted: x ↦ (bend(x) − centre) · factor; in the file an object with lists of numbers, and, if some
    features are bent, `bends`: for each null, "log1p" or a table of ranks, {"values": […], "shares": […]}."""
    encoding: Encoding | None = None
    """How the columns of a table become features; None: they are the columns, as they are."""
    layers: Mapping[str, Layer] = {}
    """What is known of every node, by name; in the file an array `layer_<name>` each, and in `about` what they mean."""
    training: Mapping[str, Any] = {}
    """Where the map comes from, plain data that JSON can hold: configuration, versions, seed, digest, quality."""


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
    kept = {"about": json.dumps({"format_version": FORMAT_VERSION, **as_plain(map_file)}, sort_keys=True), **texts}
    layers = {f"{LAYER}{name}": layer.values for name, layer in map_file.layers.items()}
    kept["checksum"] = _checksum({"weights": map_file.weights, **layers}, *kept.values())
    kept_texts = {name: np.array(text) for name, text in kept.items()}
    arrays: dict[str, Any] = {"weights": map_file.weights, **layers, **kept_texts}
    with replacing(path) as file:
        np.savez(file, **arrays)


def as_plain(map_file: MapFile) -> dict[str, Any]:
    """Return what a file tells of a map beside its arrays, as JSON can hold it: numbers to the last bit."""
    told = {name: value for name, value in map_file._asdict().items() if name != "weights" and value is not None}
    return {name: _as_json(value) for name, value in told.items()}


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
        encoding=_encoding(path, about, weights.shape[2]),
        layers=_layers(path, about, arrays, weights.shape[:2]),
        training=_training(path, about),
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
    summed = {"weights": arrays.get("weights", np.empty(0))}
    summed |= {name: array for name, array in arrays.items() if name.startswith(LAYER)}
    if "checksum" in texts and texts["checksum"] != _checksum(summed, *kept):
        raise DamagedFile(f"{path}: its checksum does not fit")


def _checksum(arrays: Mapping[str, NDArray[Any]], *texts: str) -> str:
    """Return a SHA-256 over arrays and texts; a map without layers has the checksum that older files have."""
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(f"{array.shape} {array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
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
        return Scales.from_plain(scales, features)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _encoding(path: Path, about: Mapping[str, Any], features: int) -> Encoding | None:
    plain = about.get("encoding")
    if plain is None:
        return None
    try:
        encoding = Encoding.from_plain(plain)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if len(encoding.feature_names) != features:
        told = f"its encoding makes {len(encoding.feature_names)} features, its weights have {features}"
        raise DataError(f"{path}: {told}")
    return encoding


def _layers(
    path: Path, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], nodes: tuple[int, ...]
) -> dict[str, Layer]:
    told = about.get("layers", {})
    layers = {}
    for name, meaning in told.items() if isinstance(told, dict) else ():
        values = arrays.get(f"{LAYER}{name}", np.empty(0))
        if values.shape[:2] != nodes or values.dtype.kind not in "biuf" or not isinstance(meaning, dict):
            raise DataError(f"{path}: its layer {quoted(name)} must hold numbers of {nodes[0]} × {nodes[1]} nodes")
        layers[name] = Layer(values, meaning)
    return layers


def _training(path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    training = about.get("training", {})
    if not isinstance(training, dict):
        raise DataError(f"{path}: `training` must tell where the map comes from, but is {quoted(training)}")
    return training


def _as_json(value: Any) -> Any:
    """Return a part of a map as JSON can hold it: numbers as they are, to the last bit."""
    if isinstance(value, Encoding | Scales):
        return value.as_plain()
    if isinstance(value, Mapping) and value and all(isinstance(layer, Layer) for layer in value.values()):
        return {name: dict(layer.about) for name, layer in value.items()}
    return value
