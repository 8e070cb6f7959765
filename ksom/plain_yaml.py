"""YAML as people write it, and bounded: what it says in one line if it cannot be read."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from ksom.errors import QUOTED_CHARACTERS, quoted, shown_key

DEEPEST = 50
"""How deep the values of a configuration are nested, at most."""

MOST_VALUES = 20_000
"""How many values a configuration has, at most, those of an alias counted wherever it stands: 500 bytes of aliases can
stand for gigabytes."""


class NotYAML(ValueError):
    """A text that cannot be read as YAML; the message says where, and why."""


def parsed(text: str) -> Any:
    """Return what a YAML text says.

    Raises
    ------
    NotYAML
        If it is not YAML, has more than one meaning (010, 1:40, a key twice), or is nested too deep or too large.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise NotYAML(_where_and_why(error)) from None


def _where_and_why(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    why = getattr(error, "problem", None) or " ".join(str(error).split())
    if why.startswith("but "):  # PyYAML's begins in its context
        why = f"{getattr(error, 'context', '')} {why}"
    why = why if len(why) <= 2 * QUOTED_CHARACTERS else f"{why[: 2 * QUOTED_CHARACTERS]}…"
    return f"line {mark.line + 1}, column {mark.column + 1}: {why}" if mark else why


class _Extent(NamedTuple):
    """How much a node stands for, with its aliases followed."""

    values: int
    depth: int


class _Loader(yaml.SafeLoader):
    """Safe YAML of bounded size that reads 1e-3 as a number, and refuses what is given twice or is easily misread."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._extents: dict[yaml.Node, _Extent] = {}
        self._open = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        """Compose a node, and count what it stands for before anything is made of it."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # as PyYAML's stubs have it
        self._open += 1
        _require(self._open <= DEEPEST, event.start_mark, f"values are nested deeper than {DEEPEST}")
        node: Any = super().compose_node(parent, index)
        self._open -= 1
        if isinstance(event, yaml.AliasEvent):
            _require(node in self._extents, event.start_mark, f"the anchor {shown_key(event.anchor)} contains itself")
        else:
            self._extents[node] = self._extent(node)
        extent = self._extents[node]
        _require(extent.values <= MOST_VALUES, event.start_mark, f"there are more than {MOST_VALUES} values")
        _require(self._open + extent.depth <= DEEPEST, event.start_mark, f"values are nested deeper than {DEEPEST}")
        return node  # type: ignore[no-any-return]  # as PyYAML has it

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make a value; whatever its tag cannot be made of is told with its place."""
        try:
            return super().construct_object(node, deep=deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # each tag has its own ways: KeyError for !!bool x, ValueError for 2001-13-45
            told = f" ({error})" if isinstance(error, ValueError) else ""
            raise _refusal(node.start_mark, f"{quoted(node.value)} is no {node.tag.rpartition(':')[2]}{told}") from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping; a key stands in it once."""
        seen: set[Any] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            value = key.value if isinstance(key, yaml.ScalarNode) else id(key)
            _require(value not in seen, key.start_mark, f"the key {shown_key(value)} is given twice")
            seen.add(value)
        return dict(super().construct_mapping(node, deep=deep))

    def _extent(self, node: yaml.Node) -> _Extent:
        children = node.value if isinstance(node, yaml.CollectionNode) else []
        pairs = isinstance(node, yaml.MappingNode)
        inner = [self._extents[child] for entry in children for child in (entry if pairs else (entry,))]
        return _Extent(1 + sum(one.values for one in inner), max((one.depth + 1 for one in inner), default=0))


def _refusal(mark: Any, why: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, why, mark)


def _require(holds: bool, mark: Any, why: str) -> None:
    if not holds:
        raise _refusal(mark, why)


MISREAD = {
    r"[-+]?0[0-7_]+": "begins with 0: YAML takes it for an octal number; leave the 0 out",
    r"[-+]?[\d_]+(:[\d_.]+)+": "is a number in sixties to YAML, 100 for 1:40; write the number that is meant",
}
"""Numbers that YAML 1.1 reads otherwise than people do."""


def _as_people_read(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def constructed(loader: _Loader, node: yaml.ScalarNode) -> Any:
        for misread, why in MISREAD.items():
            holds = not re.fullmatch(misread, str(node.value))
            _require(holds, node.start_mark, f"{shown_key(node.value)} {why}, or put it in quotes for a text")
        return construct(loader, node)

    return constructed


for _kind, _construct in (("int", yaml.SafeLoader.construct_yaml_int), ("float", yaml.SafeLoader.construct_yaml_float)):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _as_people_read(_construct))

_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    # YAML 1.1 wants a dot in a float; people write 1e-3.
    re.compile(r"^[-+]?\d[\d_]*(?:\.\d*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)
