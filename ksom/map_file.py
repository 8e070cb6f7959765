"""The file that a map is kept in: plain arrays in an .npz archive, with checksums of their own and no pickle.

`weights` holds the weights, shape (height, width, D); `layer_<name>` what else is known of every node; `about` tells in
JSON what else the map is. `weights_checksum` is a SHA-256 over the weights; `checksum` one over all else: layers,
texts, that other checksum, and further texts that a file may keep, such as the state of a training. So a map of
gigabytes can be opened at once: its weights are mapped into memory, and `Unchecked` looks at their checksum before
anybody computes with them. Everything else is read whole and looked at.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.archive import write_archive
from ksom.array_files import DamagedFile, read_arrays
from ksom.encoding import Encoding
from ksom.errors import ConfigError, DataError, ParameterError, quoted
from ksom.layers import require_meaning
from ksom.mapped_files import mapped_file
from ksom.method.scales import Scales
from ksom.plain_yaml import DEEPEST
from ksom.registry import Node, Registry, as_mapping, build
from ksom.whole_files import replacing

FORMAT_VERSION = 4
"""Raised when an older ksom could not read a newer file. Files of version 1 may lack a checksum."""


LAYER = "layer_"
"""What the names of the arrays of layers begin with."""
STATE = "state_"
"""What the arrays of a training's state are called in the file, before their own names."""

WEIGHTS_CHECKSUM = "weights_checksum"
"""The text with the checksum of the weights alone."""


class NewerFile(DataError):
    """A file that only a newer ksom can read."""


class Layer(NamedTuple):
    """What is known of every node beside its weights, such as how many samples it won."""

    values: NDArray[Any]
    """Shape (height, width), or (height, width, n) where there are n numbers of each node."""
    about: Mapping[str, Any] = {}
    """What the numbers mean: plain data that JSON can hold."""


class Unchecked:
    """Weights that lie in their file, mapped into memory: nobody has looked at their checksum yet.

    Parameters
    ----------
    path : Path
        The file.
    weights : ndarray of shape (height, width, D)
        The weights, mapped.
    checksum : str
        What it must be.
    """

    def __init__(self, path: Path, weights: NDArray[Any], checksum: str) -> None:
        self.path, self.weights, self._checksum = path, weights, checksum
        self._file = mapped_file(weights)

    def require_whole(self) -> None:
        """Read the weights once, and refuse damaged ones.

        Raises
        ------
        DamagedFile
            If their checksum is another one.
        DataError
            If the file has been written to since it was opened.
        """
        if self._file is not None:
            self._file.require_unchanged()
        if _checksum({"weights": self.weights}) != self._checksum:
            raise DamagedFile(f"{self.path}: its checksum does not fit")


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
    units: tuple[str | None, ...] | None = None
    """What unit each feature is given in, data units such as "cm"; None where it has none or nobody knows."""
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
    format_version: int = FORMAT_VERSION
    """That of the file it was read from."""


def write(path: Path, map_file: MapFile, state: Mapping[str, NDArray[Any]] | None = None, /, **texts: str) -> None:
    """Write a map; the same map gives the same bytes, and the file is whole or absent.

    Parameters
    ----------
    path : Path
        The file.
    map_file : MapFile
        The map.
    state : mapping of str to ndarray, optional
        Arrays that the file keeps beside it; in the file `state_<name>` each.
    **texts : str
        What else it keeps.

    Raises
    ------
    OutputError
        If it cannot be written.
    DataError
        If there is not one unit for each feature, or what its layers and its training tell is not plain data.
    """
    _units(path, map_file._asdict(), map_file.weights.shape[-1])
    arrays = {f"{LAYER}{name}": layer.values for name, layer in map_file.layers.items()}
    arrays |= {f"{STATE}{name}": array for name, array in (state or {}).items()}
    kept = {"about": _told(path, map_file), WEIGHTS_CHECKSUM: _checksum({"weights": map_file.weights}), **texts}
    kept["checksum"] = _checksum(arrays, *kept.values())
    kept_texts = {name: np.array(text) for name, text in kept.items()}
    with replacing(path) as file:
        write_archive(file, {"weights": map_file.weights, **arrays, **kept_texts})


def as_plain(map_file: MapFile) -> dict[str, Any]:
    """Return what a file tells of a map beside its arrays, as JSON can hold it: numbers to the last bit."""
    parts = map_file._replace(format_version=FORMAT_VERSION)._asdict().items()
    told = {name: value for name, value in parts if name != "weights" and value is not None}
    return {name: _as_json(value) for name, value in told.items()}


def read(path: Path) -> MapFile:
    """Read a map; its weights may be mapped into memory rather than read, and are whole.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, is no map, or was written by a newer ksom.
    """
    return read_with_texts(path)[0]


def read_with_texts(path: Path, *names: str) -> tuple[MapFile, list[str]]:
    """Read a map and the texts `names` that its file keeps beside it; raises as `read`."""
    map_file, texts, _ = _read(path)
    return map_file, [texts[name] for name in names]


def read_with_state(path: Path, name: str) -> tuple[MapFile, str, dict[str, NDArray[Any]]]:
    """Read a map, the text `name` and the arrays of a state that its file keeps beside it; raises as `read`."""
    map_file, texts, state = _read(path)
    return map_file, texts[name], state


def _read(path: Path) -> tuple[MapFile, dict[str, str], dict[str, NDArray[Any]]]:
    map_file, unchecked, texts, state = _opened(path)
    if unchecked is not None:
        unchecked.require_whole()
    return map_file, texts, state


def open_map(path: Path) -> tuple[MapFile, Unchecked | None]:
    """Read a map but for weights of 64 MiB or more: those are mapped, to be checked when they are used first.

    Raises
    ------
    DataError
        As `read`, but for damage in such weights.
    """
    return _opened(path)[:2]


def _opened(path: Path) -> tuple[MapFile, Unchecked | None, dict[str, str], dict[str, NDArray[Any]]]:
    arrays = read_arrays(path, mapped={"weights"})
    texts = {name: str(array) for name, array in arrays.items() if array.dtype.kind == "U" and not array.shape}
    unchecked = _unchecked(path, arrays, texts)
    about = _about(path, arrays, texts)
    weights = _weights(path, arrays["weights"])
    features = weights.shape[2]
    map_file = MapFile(
        weights,
        lattice=_node(path, about, "lattice"),
        neighbourhood=_node(path, about, "neighbourhood"),
        distance=_node(path, about, "distance"),
        feature_names=_feature_names(path, about, features),
        units=_units(path, about, features),
        missing=_missing(path, about),
        scaling=_node(path, about, "scaling"),
        scales=_scales(path, about, features),
        encoding=_encoding(path, about, features),
        layers=_layers(path, about, arrays, weights.shape[:2]),
        training=_training(path, about),
        format_version=int(about["format_version"]),
    )
    state = {name.removeprefix(STATE): array for name, array in arrays.items() if name.startswith(STATE)}
    return map_file, unchecked, texts, state


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


def _unchecked(path: Path, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> Unchecked | None:
    """Look at the checksums, but for that of weights that are mapped: return those.

    Before there were two, `checksum` was over the weights as well; the very first files had none.
    """
    weights = arrays.get("weights", np.empty(0))
    has_own = WEIGHTS_CHECKSUM in texts
    summed = {} if has_own else {"weights": weights}
    summed |= {name: array for name, array in arrays.items() if name.startswith((LAYER, STATE))}
    kept = [text for name, text in texts.items() if name != "checksum"]
    if "checksum" in texts and texts["checksum"] != _checksum(summed, *kept):
        raise DamagedFile(f"{path}: its checksum does not fit")
    unchecked = Unchecked(path, weights, texts[WEIGHTS_CHECKSUM]) if has_own else None
    if unchecked is not None and not isinstance(weights, np.memmap):
        unchecked.require_whole()
        return None
    return unchecked


def _checksum(arrays: Mapping[str, NDArray[Any]], *texts: str) -> str:
    """Return a SHA-256 over arrays and texts."""
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
    _require_shallow(path, about)
    return dict(about)


def _require_shallow(path: Path, about: Any) -> None:
    """Refuse what is nested deeper than anything that ksom writes: whoever shows or writes it would end in a fault."""
    level = [about]
    for _ in range(DEEPEST):
        inner = (value for one in level for value in (one.values() if isinstance(one, dict) else one))
        level = [value for value in inner if isinstance(value, dict | list)]
    if level:
        raise DataError(f"{path}: what it tells of its map is nested deeper than {DEEPEST}")


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


def _units(path: Path, about: Mapping[str, Any], features: int) -> tuple[str | None, ...] | None:
    units = about.get("units")
    if units is None:
        return None
    if (
        not isinstance(units, list | tuple)
        or len(units) != features
        or not all(isinstance(unit, str | None) for unit in units)
    ):
        raise DataError(f"{path}: `units` must be {features} units or null, but is {quoted(units)}")
    return tuple(units)


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
        try:
            require_meaning(name, values, meaning)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        layers[name] = Layer(values, meaning)
    return layers


def _training(path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    training = about.get("training", {})
    if not isinstance(training, dict):
        raise DataError(f"{path}: `training` must tell where the map comes from, but is {quoted(training)}")
    return training


def _told(path: Path, map_file: MapFile) -> str:
    """Return in JSON what a map is beside its arrays."""
    try:
        return json.dumps(as_plain(map_file), sort_keys=True)
    except (TypeError, ValueError) as error:
        told = "what its layers and its training tell must be plain data: texts, numbers, lists, mappings by texts"
        raise DataError(f"{path}: {told} ({error})") from error


def _as_json(value: Any) -> Any:
    """Return a part of a map as JSON can hold it: numbers as they are, to the last bit."""
    if isinstance(value, Encoding | Scales):
        return value.as_plain()
    if isinstance(value, Mapping) and value and all(isinstance(layer, Layer) for layer in value.values()):
        return {name: dict(layer.about) for name, layer in value.items()}
    return value
