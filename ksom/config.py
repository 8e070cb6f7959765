"""The configuration tree: defaults, YAML files that inherit from each other, and `KEY VALUE` pairs on top.

Everything is folded into one plain mapping and turned into a frozen yacs tree once. Sections that describe an object
(DATASET, MODEL, …) are open here: the constructors behind them know which keys they take (see `registry`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from yacs.config import CfgNode

from ksom.arguments import require_boolean, require_integer, require_path
from ksom.errors import ConfigError, ParameterError, quoted, shown_key
from ksom.experiment_files import SUFFIXES, file_meant, is_experiment
from ksom.masking import holds_secret
from ksom.names import is_same_name, nearest
from ksom.plain_yaml import NotYAML, parsed
from ksom.regular_files import read_regular
from ksom.remote_files import was_address

DEFAULTS: dict[str, Any] = {
    "SEED": 0,
    "BACKEND": "auto",
    "THREADS": 0,
    "CALLBACK_PERIOD": 10,
    "CALIBRATE": True,
    "COMPUTE": {"NAME": "here"},
    "OUTPUT_DIR": "logs",
    "DATASET": {"NAME": "RandomColors"},
    "MODEL": {},
    "TRAINER": {"ALGORITHM": {"NAME": "batch"}},
    "HOOKS": {
        "VLOG": {},
        "PICTURE": {},
        "CHECKPOINT": {},
        "QUALITY": {},
        "TIMING": {},
        "METRICS_WRITER": {},
        "STOP_ON_NAN": {},
        "PROGRESS": {},
    },
}

LEAST = {"SEED": 0, "THREADS": 0, "CALLBACK_PERIOD": 1}
"""The smallest value of each number at the top."""

LARGEST_FILE = 2**18
"""Bytes of a YAML file, at most: it is read as a whole."""

MOST_BASES = 20
"""How many files may stand on each other by `_BASE_`."""

KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
"""The key of an override."""


def load_config(path: str | Path | None = None, overrides: Sequence[str] = ()) -> CfgNode:
    """Read an experiment.

    Parameters
    ----------
    path : str or Path, optional
        The YAML file; without one the defaults.
    overrides : sequence of str
        Alternating keys and values, such as ["MODEL.WIDTH", "40"]; values are read as YAML.

    Returns
    -------
    CfgNode
        The whole tree, frozen.

    Raises
    ------
    ConfigError
        If a file cannot be read or parsed (with line and column), or a key or value cannot be used.

    Examples
    --------
    >>> load_config(overrides=["MODEL.WIDTH", "40"]).MODEL.WIDTH
    40
    """
    tree: dict[str, Any] = {}
    for source, layer in _layers(path, overrides):
        _check_hooks(tree, layer, source)
        tree = merge(tree, layer)
    config = CfgNode(tree)
    config.freeze()
    return config


def as_plain(config: CfgNode) -> dict[str, Any]:
    """Return a yacs tree as plain mappings."""
    return {key: as_plain(value) if isinstance(value, CfgNode) else value for key, value in config.items()}


def require_no_secret(config: Any, path: str = "") -> None:
    """Refuse a configuration that config.yaml must not keep.

    Raises
    ------
    ConfigError
        If there is a password or a token in an address.
    """
    if isinstance(config, Mapping | list):
        for key, value in config.items() if isinstance(config, Mapping) else enumerate(config):
            require_no_secret(value, f"{path}.{key}" if path else str(key))
    elif isinstance(config, str) and holds_secret(config):
        must = "must hold no password and no token, because config.yaml keeps it; read it from the environment"
        raise ConfigError(f"{path} {must}, got {quoted(config)}")


def _layers(path: str | Path | None, overrides: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is laid over each other, each with where it comes from: the defaults, files, pairs."""
    yield "the defaults", DEFAULTS
    if path is not None:
        for source, tree in _files(require_path("config_file", path)):
            yield source, _checked(tree, source)
    for key, value in _pairs(overrides):
        yield "the command line", _checked(_nested(key, value), "the command line")


def _files(path: Path, children: tuple[Path, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is in a YAML file, after the file that its `_BASE_` names (a path relative to the file's folder)."""
    tree = _parsed(path)
    base = tree.pop("_BASE_", None)
    if base is not None:
        if not isinstance(base, str):
            raise ConfigError(f"{path}: _BASE_ must be the path of a YAML file, got {quoted(base)}")
        children = (*children, path)
        if any(_is_same(path.parent / base, child) for child in children):
            raise ConfigError(f"{path}: _BASE_ {quoted(base)} leads back to itself")
        if len(children) > MOST_BASES:
            raise ConfigError(f"{path}: _BASE_ is the {len(children)}th; at most {MOST_BASES} follow each other")
        yield from _files(path.parent / base, children)
    yield str(path), tree


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one that is not there is told when it is read
        return False


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `change` over `base`, mapping by mapping; another NAME drops the other keys of the node it renames."""
    return {**base, **{key: _merged(base.get(key), value) for key, value in change.items()}}


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, str) and isinstance(new, Mapping):
        old = {"NAME": old}
    if not isinstance(old, Mapping):
        return new
    if isinstance(new, str):
        new = {"NAME": new}
    if not isinstance(new, Mapping):
        return new
    renamed = new.get("NAME", old.get("NAME")) != old.get("NAME")
    return dict(new) if renamed else merge(old, new)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        tree = parsed(read_regular(path, LARGEST_FILE).decode())
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file{_neighbours(path)}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read as a YAML file ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read as a YAML file ({error})") from None
    except NotYAML as error:
        raise ConfigError(f"{path}: {error}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: an experiment must be a mapping of keys to values, got a {type(tree).__name__}")
    return tree


def _checked(tree: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Check the keys and values that are the same in every experiment."""
    for key, value in tree.items():
        if key not in DEFAULTS:
            raise ConfigError(
                f"{source}: unknown key {shown_key(key)}{nearest(str(key), DEFAULTS)}; known: {', '.join(DEFAULTS)}"
            )
        default = DEFAULTS[key]
        if isinstance(default, dict):
            _check_section(key, value, source)
        else:
            _check_value(key, value, source)
    return tree


def _check_value(key: str, value: Any, source: str) -> None:
    try:
        if key in LEAST:
            require_integer(key, value, minimum=LEAST[key])
        elif key == "CALIBRATE":
            require_boolean(key, value)
        elif not isinstance(value, str) or not value:
            raise ParameterError(key, "be a string", value)
        elif key == "OUTPUT_DIR":
            require_path(key, value)
    except ParameterError as error:
        raise ConfigError(f"{source}: {error}") from None


def _check_section(path: str, value: Any, source: str) -> None:
    if path in {"COMPUTE", "DATASET"} and isinstance(value, str):
        return
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {path} must be a section of keys and values, got {quoted(value)}")
    try:
        _check_value_at(path, value, source)
    except RecursionError:  # an object of Python's: a file's is bounded
        raise ConfigError(f"{source}: {path} contains itself, or is nested too deep") from None


def _check_value_at(path: str, value: Any, source: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{source}: {path}: a key must be a string, got {quoted(key)}")
            _check_value_at(f"{path}.{shown_key(key)}", inner, source)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check_value_at(f"{path}[{number}]", inner, source)
    elif not isinstance(value, str | int | float | bool | None):
        raise ConfigError(f"{source}: {path} cannot be a {type(value).__name__} ({quoted(value)})")


def _check_hooks(tree: Mapping[str, Any], change: Mapping[str, Any], source: str) -> None:
    """Refuse a hook whose name is written in another way than before, and one that is switched off but not there."""
    known = tree.get("HOOKS", {})
    for key, node in change.get("HOOKS", {}).items():
        same = next((other for other in known if is_same_name(other, key) and other != key), None)
        if same is not None:
            raise ConfigError(f"{source}: HOOKS.{key}: the hook is there already as {same}; write it so")
        if is_off(node) and key not in known:
            told = f"there is no hook {quoted(key)} to switch off{nearest(key, known)}"
            raise ConfigError(f"{source}: HOOKS.{shown_key(key)}: {told}; there are {', '.join(known)}")


def is_off(hook: Any) -> bool:
    """Return whether a hook was switched off with `HOOKS: {VLOG: null}` (or false)."""
    return hook is None or hook is False


def split_words(words: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield what belongs together: KEY and VALUE, from two words or from KEY=VALUE; alone: a YAML file, a last key."""
    rest = iter(words)
    for word in rest:
        key, sign, value = word.partition("=") if isinstance(word, str) else (word, "", "")
        if sign and KEY.fullmatch(key):
            yield key, value
        else:
            yield (word,) if is_experiment(word) else (word, *islice(rest, 1))


def _pairs(overrides: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(overrides, str) or not isinstance(overrides, Sequence):
        raise ParameterError("overrides", "be a list of keys and values, such as ['MODEL.WIDTH', '40']", overrides)
    for key, *values in split_words(overrides):
        if not isinstance(key, str) or not KEY.fullmatch(key) or is_experiment(key):
            told = f"the override {quoted(key)} is not a key"
            raise ConfigError(f"{told}; write KEY VALUE or KEY=VALUE, such as MODEL.WIDTH 40{file_meant(key)}")
        if not values:
            told = f"overrides come in pairs, KEY VALUE; the last key, {quoted(key)}, has no value"
            raise ConfigError(f"{told}{file_meant(key)}")
        value = values[0]
        try:
            yield key, parsed(value) if isinstance(value, str) else value
        except NotYAML as error:
            raise ConfigError(f"{key}: cannot read the value {quoted(value)} as YAML ({error})") from None


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _neighbours(path: Path) -> str:
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix in SUFFIXES]
    except FileNotFoundError:
        if was_address(path):
            return "; it is an address, and experiments are not read from there: copy it to a file"
        return f" (nor the folder {path.parent})"
    except OSError:  # a folder that may not be read
        return ""
    return nearest(path.name, names)
