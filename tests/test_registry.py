"""A YAML node is a constructor call, and what is wrong with it is said with its path."""

import re
import sys
from typing import Protocol

import pytest

from ksom.errors import ConfigError, ParameterError
from ksom.names import nearest
from ksom.registry import Registry, build, located, with_chosen

THINGS = Registry("thing")


@THINGS.register("SmallThing")
class Small:
    def __init__(self, size=1, *, colour="red"):
        if size < 1:
            raise ParameterError("size", "be >= 1", size)
        self.size, self.colour = size, colour


@THINGS.register("large")
class Large:
    parts = {"part": THINGS}

    def __init__(self, part, seed=0):
        self.part, self.seed = part, seed


@pytest.mark.parametrize("name", ["SmallThing", "smallthing", "SMALL_THING", "small_thing"])
def test_names_are_found_in_any_writing(name):
    assert type(build(THINGS, name, "A")[0]) is Small
    assert THINGS.name_of(THINGS.get(name)) == "SmallThing"


def test_keys_are_arguments():
    made, _ = build(THINGS, {"NAME": "SmallThing", "SIZE": 3, "COLOUR": "blue"}, "A")
    assert (made.size, made.colour) == (3, "blue")


def test_parts_are_built_too():
    made, _ = build(THINGS, {"NAME": "large", "PART": {"NAME": "large", "PART": "SmallThing"}}, "A")
    assert type(made.part.part) is Small


def test_context_is_passed_to_those_who_take_it_and_the_node_goes_first():
    node = {"NAME": "large", "PART": "SmallThing"}
    assert build(THINGS, node, "A", seed=5, unknown=6)[0].seed == 5
    assert build(THINGS, {**node, "SEED": 7}, "A", seed=5)[0].seed == 7


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({}, "A.B.NAME is missing: it names a thing; known: SmallThing, large"),
        ("Smalthing", "A.B.NAME: no thing is called 'Smalthing'; did you mean 'SmallThing'?"),
        ("zzz", "A.B.NAME: no thing is called 'zzz'; known: SmallThing, large"),
        ({"NAME": 5}, "A.B.NAME: the name of a thing must be a string, got 5"),
        (5, "A.B must be a mapping or a name, got 5"),
        ({"NAME": "SmallThing", "SZE": 3}, "A.B.SZE: Small has no such key; did you mean 'SIZE'?"),
        ({"NAME": "SmallThing", "size": 3}, "A.B.size: Small has no such key; did you mean 'SIZE'?"),
        ({"NAME": "SmallThing", 3: 3}, "A.B.3: Small has no such key; it takes SIZE, COLOUR"),
        ({"NAME": "SmallThing", "SIZE": 0}, "A.B.SIZE must be >= 1, got 0"),
        ("large", "A.B.PART is missing: Large needs it"),
        ({"NAME": "large", "PART": {"NAME": "SmallThing", "SIZE": 0}}, "A.B.PART.SIZE must be >= 1, got 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(node, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(THINGS, node, "A.B")


def test_node_of_an_object_has_every_default():
    given = {"NAME": "large", "PART": "small_thing"}
    expected = {"NAME": "large", "PART": {"NAME": "SmallThing", "SIZE": 1, "COLOUR": "red"}, "SEED": 0}
    _, node = build(THINGS, given, "A")
    assert node == expected
    assert build(THINGS, node, "A")[1] == expected


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="two things are called 'small_thing'"):
        THINGS.register("small_thing")(Large)


class Bell(Protocol):
    loudness: float

    def ring(self): ...

    def be_cast(self): ...


BELLS = Registry("bell", Bell)


@BELLS.register("church")
class Church:
    from_elsewhere = ("height",)

    def __init__(self, height, pitch=3, tower=None):
        self.height, self.pitch, self.tower = height, pitch, tower or "brick"
        if height < 1:
            raise ParameterError("height", "be >= 1", height)

    def ring(self): ...

    def be_cast(self): ...


class Town:
    parts = {"bell": BELLS, "spare": BELLS}

    def __init__(self, height, bell="church", spare=None):
        self.bell, self.spare = bell, spare


TOWNS = Registry("town", Town)
TOWNS.register("town")(Town)


def test_a_part_takes_from_its_owner_what_it_says_comes_from_elsewhere():
    town, node = build(TOWNS, {"NAME": "town", "HEIGHT": 9}, "A")
    assert town.bell.height == 9
    assert node == {
        "NAME": "town",
        "HEIGHT": 9,
        "BELL": {"NAME": "church", "PITCH": 3, "TOWER": None},
        "SPARE": None,
    }


def test_what_comes_from_elsewhere_is_no_key():
    with pytest.raises(ConfigError, match=re.escape("A.BELL.HEIGHT: Church has no such key; it takes PITCH, TOWER")):
        build(TOWNS, {"NAME": "town", "HEIGHT": 9, "BELL": {"HEIGHT": 1}}, "A")


def test_what_a_part_refuses_is_said_where_it_was_given():
    with pytest.raises(ConfigError, match=r"^A\.HEIGHT must be >= 1, got 0"):
        build(TOWNS, {"NAME": "town", "HEIGHT": 0}, "A")
    with pytest.raises(ConfigError, match=r"^HEIGHT must be >= 1, got 0"), located(""):
        build(TOWNS, "town", "A", height=0)


def test_what_the_context_gave_is_not_in_the_node():
    assert "HEIGHT" not in build(TOWNS, "town", "A", height=3)[1]


def test_what_was_left_open_is_filled_in_with_what_was_chosen():
    town, node = build(TOWNS, "town", "A", height=3)
    assert with_chosen(node, town)["BELL"] == {"NAME": "church", "PITCH": 3, "TOWER": "brick"}


def test_defaults_that_yaml_cannot_hold_are_left_out_of_the_node():
    class Odd:
        def __init__(self, folder=re.compile(""), size=1): ...

    things = Registry("thing")
    things.register("odd")(Odd)
    assert build(things, "odd", "A")[1] == {"NAME": "odd", "SIZE": 1}


def test_a_class_can_wait_in_its_module_until_it_is_asked_for(tmp_path, monkeypatch):
    code = "import test_registry\n@test_registry.BELLS.register('late')\nclass Late(test_registry.Church): pass\n"
    (tmp_path / "late_bell.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "test_registry", sys.modules[__name__])
    monkeypatch.setattr(BELLS, "_classes", {**BELLS._classes})
    BELLS.register_later("late", "late_bell")
    assert list(BELLS) == ["church", "late"]
    assert "late_bell" not in sys.modules
    assert BELLS.name_of(type(BELLS.made("bell", "Late", 4))) == "late"


def test_an_object_or_a_name_is_made_into_an_object():
    church = Church(3)
    assert BELLS.made("bell", church) is church
    assert BELLS.made("bell", "church", 4).height == 4


@pytest.mark.parametrize("value", [Church, 5, None, "chruch", object(), Small()])
def test_what_is_neither_an_object_nor_a_name_is_refused(value):
    with pytest.raises(ParameterError, match=r"^bell must name a bell \(church\)"):
        BELLS.made("bell", value)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my_things.py").write_text(
        "import ksom\nclass Mine:\n    def __init__(self, size=2): self.size = size\n"
    )
    (tmp_path / "my_broken.py").write_text("raise RuntimeError('first line\\nsecond line')\n")
    (tmp_path / "my_syntax.py").write_text("def (:\n")
    (tmp_path / "my_programs.py").write_text(
        "from pathlib import Path\n"
        "class Writes:\n"
        "    def __init__(self, path): Path(path).write_text('it ran')\n"
        "    def ring(self): pass\n"
        "class Fails:\n"
        "    def __init__(self): raise ZeroDivisionError('no size')\n"
    )
    return tmp_path


def test_a_class_of_the_users_own_is_imported_from_a_folder(folder):
    node = {"NAME": "my_things:Mine", "SIZE": 4}
    made, resolved = build(THINGS, node, "A", [folder])
    assert made.size == 4
    assert resolved == node


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_things:Mien", "A.NAME: module 'my_things' has no class 'Mien'; did you mean 'Mine'?"),
        ("my_things:ksom", "A.NAME: module 'my_things' has no class 'ksom'"),
        ("nowhere:Mine", "A.NAME: cannot import 'nowhere' (ModuleNotFoundError"),
        ("my_broken:Mine", "A.NAME: cannot import 'my_broken' (RuntimeError: first line second line)"),
        ("my_syntax:Mine", "A.NAME: cannot import 'my_syntax' (SyntaxError"),
        (":Mine", "A.NAME: cannot import ''"),
        ("my_things:", "A.NAME: module 'my_things' has no class ''"),
        ("..my_things:Mine", "A.NAME: cannot import '..my_things'"),
    ],
)
def test_a_class_that_cannot_be_imported_is_named(folder, name, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        build(THINGS, name, "A", [folder])
    assert "\n" not in str(caught.value)


def test_classes_of_another_kind_are_refused(folder):
    hooks = Registry("hook")
    hooks.base = Small
    with pytest.raises(ConfigError, match=r"A\.NAME: my_things:Mine must be a subclass of ksom\.Small"):
        build(hooks, "my_things:Mine", "A", [folder])


@pytest.mark.parametrize("registry", [BELLS, TOWNS], ids=lambda registry: registry.kind)
def test_a_class_of_another_kind_is_refused_before_it_is_called(folder, registry):
    node = {"NAME": "my_programs:Writes", "PATH": str(folder / "written")}
    with pytest.raises(
        ConfigError, match=r"A\.NAME: my_programs:Writes must be a (bell: a class with the|subclass of)"
    ):
        build(registry, node, "A", [folder])
    assert not (folder / "written").exists()


def test_an_error_in_the_users_own_class_says_where_it_was_made(folder):
    with pytest.raises(ZeroDivisionError) as caught:
        build(THINGS, "my_programs:Fails", "A.B", [folder])
    assert caught.value.__notes__ == ["in making A.B (Fails)"]


@pytest.mark.parametrize(("name", "known", "told"), [("WIDHT", ["WIDTH"], "'WIDTH'"), ("X", ["WIDTH"], None)])
def test_nearest_name_is_told_if_it_is_near(name, known, told):
    assert nearest(name, known) == (f"; did you mean {told}?" if told else "")
