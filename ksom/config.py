"""The configuration tree: defaults, YAML files that inherit from each other, and `KEY VALUE` pairs on top.

Everything is folded into one plain mapping and turned into a frozen yacs tree once. Sections that describe an object
(DATASET, MODEL, …) are open here: the constructors behind them know which keys they take (see `registry`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from yacs.config import CfgNode

from ksom.arguments import require_integer
from ksom.errors import ConfigError, ParameterError
from ksom.masking import holds_secret, masked
from ksom.registry import nearest

DEFAULTS: dict[str, Any] = {
    "SEED": 0,
    "BACKEND": "auto",
    "THREADS": 0,
    "CALLBACK_PERIOD": 10,
    "OUTPUT_DIR": "logs",
    "DATASET": {"NAME": "RandomColors"},
    "MODEL": {},
    "TRAINER": {"ALGORITHM": {"NAME": "online"}},
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
    tree = DEFAULTS
    if path is not None:
        tree = merge(tree, _checked(read_yaml(Path(path)), str(path)))
    for key, value in _pairs(overrides):
        tree = merge(tree, _checked(_nested(key, value), "the command line"))
    config = CfgNode(_drop_removed_hooks(tree))
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
        raise ConfigError(f"{path} {must}, got {masked(config)!r}")


def read_yaml(path: Path, children: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a YAML file on top of the file that its `_BASE_` names, if any (a path relative to the file's folder).

    Raises
    ------
    ConfigError
        If the file or a base cannot be read or parsed, is not a mapping, or inherits from itself.
    """
    tree = _parsed(path)
    base = tree.pop("_BASE_", None)
    if base is None:
        return tree
    if not isinstance(base, str):
        raise ConfigError(f"{path}: _BASE_ must be the path of a YAML file, got {base!r}")
    base_path = path.parent / base
    if "\0" not in base and base_path.resolve() in {child.resolve() for child in (*children, path)}:
        raise ConfigError(f"{path}: _BASE_ {base!r} leads back to itself")
    return merge(_checked(read_yaml(base_path, (*children, path)), str(base_path)), _checked(tree, str(path)))


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
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file{_neighbours(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read as a YAML file ({getattr(error, 'strerror', None) or error})"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {_where_and_why(error)}") from None
    except (ValueError, RecursionError) as error:  # a value such as 2001-13-45; a thousand brackets
        raise ConfigError(f"{path}: cannot be read as a YAML file ({error})") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: an experiment must be a mapping of keys to values, got a {type(tree).__name__}")
    return tree


def _where_and_why(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    why = getattr(error, "problem", None) or " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {why}" if mark else why


def _checked(tree: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Check the keys and values that are the same in every experiment."""
    for key, value in tree.items():
        if key not in DEFAULTS:
            raise ConfigError(f"{source}: unknown key {key}{nearest(str(key), DEFAULTS)}; known: {', '.join(DEFAULTS)}")
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
        elif not isinstance(value, str) or not value:
            raise ParameterError(key, "be a string", value)
    except ParameterError as error:
        raise ConfigError(f"{source}: {error}") from None


def _check_section(path: str, value: Any, source: str) -> None:
    if path == "DATASET" and isinstance(value, str):
        return
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {path} must be a section of keys and values, got {value!r}")
    try:
        _check_keys(path, value, source)
    except RecursionError:
        raise ConfigError(f"{source}: {path} contains itself, or is nested too deep") from None


def _check_keys(path: str, section: Mapping[Any, Any], source: str) -> None:
    for key, value in section.items():
        if not isinstance(key, str):
            raise ConfigError(f"{source}: {path}: a key must be a string, got {key!r}")
        if isinstance(value, Mapping):
            _check_keys(f"{path}.{key}", value, source)
        elif not isinstance(value, str | int | float | bool | list | None):
            raise ConfigError(f"{source}: {path}.{key} cannot be a {type(value).__name__} ({value})")


def _drop_removed_hooks(tree: dict[str, Any]) -> dict[str, Any]:
    """Leave out the hooks that were switched off with `HOOKS: {VLOG: null}` (or false)."""
    kept = {key: node for key, node in tree["HOOKS"].items() if node is not None and node is not False}
    return {**tree, "HOOKS": kept}


def _pairs(overrides: Sequence[str]) -> Iterable[tuple[str, Any]]:
    if len(overrides) % 2:
        raise ConfigError(f"overrides come in pairs, KEY VALUE; the last key, {overrides[-1]!r}, has no value")
    for key, text in zip(overrides[::2], overrides[1::2], strict=True):
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", key):
            raise ConfigError(f"the override {key!r} is not a key; write KEY VALUE, such as MODEL.WIDTH 40")
        try:
            yield key, yaml.load(text, Loader=_Loader) if isinstance(text, str) else text
        except (yaml.YAMLError, ValueError, RecursionError):
            raise ConfigError(f"{key}: cannot read the value {text!r} as YAML") from None


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (nor the folder {path.parent})"
    return nearest(path.name, [other.name for other in path.parent.iterdir() if other.suffix in {".yaml", ".yml"}])


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value} is given twice", key_node.start_mark
                )
            seen.add(key_node.value if isinstance(key_node, yaml.ScalarNode) else id(key_node))
        return dict(super().construct_mapping(node, deep=deep))


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    # YAML 1.1 wants a dot in a float; people write 1e-3.
    re.compile(r"^[-+]?\d[\d_]*(?:\.\d*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)
