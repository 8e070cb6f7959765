"""YAML files and KEY VALUE pairs are folded into one tree, and what is wrong in them is said with its place."""

import os
import re

import pytest

from ksom.config import DEFAULTS, LARGEST_FILE, MOST_BASES, as_plain, is_off, load_config
from ksom.errors import ConfigError


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a configuration from the texts of files; the first is the one that is loaded."""
    monkeypatch.chdir(tmp_path)

    def load(*texts, overrides=(), **named):
        for name, text in [*zip(["exp.yaml", "base.yaml", "root.yaml"], texts, strict=False), *named.items()]:
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return as_plain(load_config("exp.yaml", overrides))

    return load


def test_nothing_given_is_the_defaults(load):
    assert load("") == as_plain(load_config()) == DEFAULTS


def test_tree_is_frozen():
    with pytest.raises(AttributeError, match="immutable"):
        load_config().SEED = 3


def test_loading_leaves_the_defaults_alone(load):
    before = repr(DEFAULTS)
    load("HOOKS: {VLOG: {EVERY: 3}}\nMODEL: {WIDTH: 3}", overrides=["HOOKS.PROGRESS", "null"])
    assert repr(DEFAULTS) == before


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-2e+3", -2000.0),
        ("1.5e-3", 0.0015),
        ("1e", "1e"),
        ("5", 5),
        (".5", 0.5),
        ("1_0", 10),
    ],
)
def test_numbers_are_read_as_people_write_them(load, text, value):
    assert load(f"MODEL: {{X: {text}}}")["MODEL"]["X"] == value
    assert load("", overrides=["MODEL.X", text])["MODEL"]["X"] == value


def test_byte_order_mark_is_no_part_of_the_file(load):
    assert load("\ufeffSEED: 3")["SEED"] == 3


def test_file_is_laid_over_its_bases(load):
    tree = load(
        "_BASE_: base.yaml\nMODEL: {WIDTH: 3}",
        "_BASE_: root.yaml\nMODEL: {WIDTH: 2, HEIGHT: 2}\nSEED: 2",
        "MODEL: {WIDTH: 1, HEIGHT: 1, DTYPE: float64}\nSEED: 1\nTHREADS: 1",
    )
    assert tree["MODEL"] == {"WIDTH": 3, "HEIGHT": 2, "DTYPE": "float64"}
    assert (tree["SEED"], tree["THREADS"]) == (2, 1)


def test_base_lies_beside_the_file_that_names_it(load, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "exp.yaml").write_text("_BASE_: ../exp.yaml")
    load("SEED: 7")
    assert load_config(tmp_path / "deep" / "exp.yaml").SEED == 7


def test_pairs_are_laid_over_the_file_in_order(load):
    tree = load("MODEL: {WIDTH: 1}", overrides=["MODEL.WIDTH", "2", "MODEL.WIDTH", "3", "MODEL.NEW", "-4"])
    assert tree["MODEL"] == {"WIDTH": 3, "NEW": -4}


def test_values_of_pairs_may_be_python_objects(load):
    assert load("", overrides=["MODEL.WIDTH", 40, "MODEL.X", 0.5])["MODEL"] == {"WIDTH": 40, "X": 0.5}


def test_another_name_drops_the_keys_of_the_old_one(load):
    assert load("DATASET: {NAME: Array, PATH: a.npy}", overrides=["DATASET.NAME", "Other"])["DATASET"] == {
        "NAME": "Other"
    }
    assert load("DATASET: {NAME: Array, PATH: a.npy}", overrides=["DATASET", "Other"])["DATASET"] == {"NAME": "Other"}
    assert load("DATASET: {NAME: Array, PATH: a.npy}", overrides=["DATASET.PATH", "b"])["DATASET"]["PATH"] == "b"


@pytest.mark.parametrize("off", ["null", "~", "", "false"])
def test_hooks_can_be_switched_off_and_on(load, off):
    assert is_off(load(f"HOOKS: {{VLOG: {off}}}")["HOOKS"]["VLOG"])
    assert is_off(load("HOOKS: {VLOG: {EVERY: 3}}", overrides=["HOOKS.VLOG", off])["HOOKS"]["VLOG"])
    assert load(f"HOOKS: {{VLOG: {off}}}", overrides=["HOOKS.VLOG.EVERY", "5"])["HOOKS"]["VLOG"] == {"EVERY": 5}


def test_anchors_and_merge_keys_work(load):
    tree = load("HOOKS:\n  A: &a {NAME: Vlog, EVERY: 1}\n  B: &b {<<: *a, EVERY: 2}\n  C: {<<: *b}")
    assert [tree["HOOKS"][key]["EVERY"] for key in "ABC"] == [1, 2, 2]


WRONG = {
    "- 1": "an experiment must be a mapping of keys to values, got a list",
    "SEED 3": "an experiment must be a mapping of keys to values, got a str",
    "SEED: 1\nMODEL: {WIDTH: 3\n": "exp.yaml: line 3, column 1: ",
    "SEED: 1\n  MODEL: 3": "exp.yaml: line 2, column 8: ",
    "\tSEED: 1": "exp.yaml: line 1, column 1: ",
    "SEED: 1\nSEED: 2": "exp.yaml: line 2, column 1: the key SEED is given twice",
    "MODEL:\n  WIDTH: 1\n  WIDTH: 2": "exp.yaml: line 3, column 3: the key WIDTH is given twice",
    "? [1, 2]\n: 3": "line 1, column 3: found unhashable key",
    "MODEL: {? {a: 1} : 2}": "found unhashable key",
    "SEED: !!python/object/apply:os.system [true]": "line 1, column 7: could not determine a constructor",
    "SEED: !!python/name:os.system": "could not determine a constructor",
    "SEED: 2001-13-45": "line 1, column 7: '2001-13-45' is no timestamp (month must be in 1..12)",
    f"SEED: {'9' * 5000}": "is no int (Exceeds the limit",
    "SEED: 0x_": "line 1, column 7: '0x_' is no int (invalid literal",
    f"SEED: {'[' * 3000}": "line 1, column 56: values are nested deeper than 50",
    "HOOKS: &a\n  X: *a": "line 2, column 6: the anchor a contains itself",
    "SEED: \x01": "special characters are not allowed",
    "SEEED: 1": "exp.yaml: unknown key SEEED; did you mean 'SEED'?",
    "seed: 1": "unknown key seed; did you mean 'SEED'?",
    "1: 2": "unknown key 1; known: SEED",
    '"A\\nB": 1': "unknown key A B; known:",
    "MODEL.WIDTH: 3": "unknown key MODEL.WIDTH",
    "SEED: -1": "exp.yaml: SEED must be an integer of at least 0, got -1",
    "SEED: 1.0": "SEED must be an integer of at least 0, got 1.0",
    "SEED: true": "SEED must be an integer of at least 0, got True",
    "SEED: 9223372036854775808": "SEED must be an integer of at most 9223372036854775807",
    "THREADS: [1]": "THREADS must be an integer of at least 0, got [1]",
    "CALLBACK_PERIOD: 0": "CALLBACK_PERIOD must be an integer of at least 1, got 0",
    "BACKEND: 5": "BACKEND must be a string, got 5",
    "OUTPUT_DIR: ''": "OUTPUT_DIR must be a string, got ''",
    "MODEL: 5": "MODEL must be a section of keys and values, got 5",
    "MODEL:": "MODEL must be a section of keys and values, got None",
    "DATASET: [1]": "DATASET must be a section of keys and values, got [1]",
    "MODEL: {1: 2}": "MODEL: a key must be a string, got 1",
    "MODEL: {A: {B: 2001-01-01}}": "MODEL.A.B cannot be a date (datetime.date(2001, 1, 1))",
    "MODEL: {A: !!set {b}}": "MODEL.A cannot be a set ({'b'})",
    "_BASE_: 5": "_BASE_ must be the path of a YAML file, got 5",
    "_BASE_: exp.yaml": "exp.yaml: _BASE_ 'exp.yaml' leads back to itself",
    "_BASE_: exp.yml": "exp.yml: there is no such file; did you mean 'exp.yaml'?",
    "_BASE_: no/exp.yaml": "no/exp.yaml: there is no such file (nor the folder no)",
    "_BASE_: .": ".: cannot be read as a YAML file (it is a folder, not a file)",
    "MODEL: {A: [1, [2001-01-01]]}": "MODEL.A[1][0] cannot be a date",
    "MODEL: {A: [{1: 2}]}": "MODEL.A[0]: a key must be a string, got 1",
    "SEED: 010": "line 1, column 7: 010 begins with 0: YAML takes it for an octal number; leave the 0 out",
    "MODEL: {X: 1:40}": "line 1, column 12: 1:40 is a number in sixties to YAML, 100 for 1:40; write the number",
    "MODEL: {X: 1:40.5}": "1:40.5 is a number in sixties to YAML",
    "MODEL: {X: !!bool x}": "line 1, column 12: 'x' is no bool",
    "MODEL: {X: !!int x}": "'x' is no int",
    "MODEL: {X: !!timestamp x}": "'x' is no timestamp",
    "MODEL: !!map x": "expected a mapping node, but found scalar",
    "MODEL: !!set [1]": "expected a mapping node, but found sequence",
    "SEED: 1\n---\nSEED: 2": "line 2, column 1: expected a single document in the stream but found another document",
    "HOOKS: {VLGO: null}": "HOOKS.VLGO: there is no hook 'VLGO' to switch off; did you mean 'VLOG'?; there are VLOG",
    "HOOKS: {XYZ: false}": "HOOKS.XYZ: there is no hook 'XYZ' to switch off; there are VLOG",
    "HOOKS: {vlog: {}}": "exp.yaml: HOOKS.vlog: the hook is there already as VLOG; write it so",
    "HOOKS: {STOPONNAN: {}}": "exp.yaml: HOOKS.STOPONNAN: the hook is there already as STOP_ON_NAN; write it so",
    f"{'y' * 500}: 1": f"unknown key '{'y' * 58}…; known:",
    'OUTPUT_DIR: "a\\0b"': "OUTPUT_DIR must be the path of a file or folder, got 'a\\x00b'",
    'OUTPUT_DIR: "a\\ud800b"': "OUTPUT_DIR must be the path of a file or folder, got 'a\\ud800b'",
    '_BASE_: "a\\0b"': "a\\x00b: cannot be read as a YAML file (no file can have such a name)",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: repr(text[:30]))
def test_what_is_wrong_in_a_file_is_said_in_one_line(load, text):
    with pytest.raises(ConfigError, match=re.escape(WRONG[text])) as caught:
        load(text)
    assert "\n" not in str(caught.value)


def test_file_that_is_not_text_is_refused(load):
    with pytest.raises(ConfigError, match=r"exp.yaml: cannot be read as a YAML file \('utf-8' codec"):
        load(b"SEED: \xff")


DOUBLED = "".join(f"K{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
MERGED = "".join(f"K{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 3)}]}}\n" for n in range(1, 20))
DEEP = "".join(f"K{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"K0: &a0 [x, x]\n{DOUBLED}", "there are more than 20000 values"),
        (f"K0: &a0 {{x: 1}}\n{MERGED}", "there are more than 20000 values"),
        (f"K0: &a0 []\n{DEEP}", "values are nested deeper than 50"),
        (f"SEED: {' ' * LARGEST_FILE}1", f"cannot be read as a YAML file .it is larger than {LARGEST_FILE} bytes"),
    ],
    ids=["aliases", "merges", "chain", "spaces"],
)
def test_a_small_file_that_stands_for_much_is_refused_before_it_is_expanded(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)
    assert len(text) < 4000 or message.endswith("bytes")


def test_values_of_the_command_line_are_bounded_too(load):
    value = f"{{{DOUBLED.replace(chr(10), ', ').replace('K1: &a1', 'K0: &a0 [x, x], K1: &a1')}}}"
    with pytest.raises(ConfigError, match=r"^MODEL.X: cannot read the value .{1,60} as YAML .*more than 20000 values"):
        load("", overrides=["MODEL.X", value])


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "round"])
def test_what_is_no_file_is_refused_at_once(load, tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    why = {"/dev/zero": "it is a device", "pipe": "it is a named pipe", "round": "Too many levels of symbolic links"}
    message = rf"^{name}: cannot be read as a YAML file \({why[name]}"
    with pytest.raises(ConfigError, match=message):
        load(f"_BASE_: {name}")
    with pytest.raises(ConfigError, match=message):
        load_config(name)


def test_bases_are_counted(load):
    chain = {f"f{n}.yaml": f"_BASE_: f{n + 1}.yaml" for n in range(MOST_BASES + 1)}
    with pytest.raises(ConfigError, match=f"at most {MOST_BASES} follow each other"):
        load("_BASE_: f0.yaml", **chain)


def test_a_hook_of_a_base_can_be_switched_off(load):
    hooks = load("_BASE_: base.yaml\nHOOKS: {MINE: null}", "HOOKS: {MINE: {NAME: Vlog}}")["HOOKS"]
    assert is_off(hooks["MINE"])


@pytest.mark.parametrize("words", [["MODEL.WIDTH=3", "SEED", "2"], ["SEED", "2", "MODEL.WIDTH=3"]])
def test_key_and_value_may_be_one_word(load, words):
    tree = load("", overrides=words)
    assert (tree["SEED"], tree["MODEL"]) == (2, {"WIDTH": 3})


def test_a_value_may_hold_an_equals_sign(load):
    assert load("", overrides=["MODEL.X", "A=3", "MODEL.Y=B=4"])["MODEL"] == {"X": "A=3", "Y": "B=4"}


@pytest.mark.parametrize("value", ["010", "1:40", "!!bool x", "[[[[", "\x1b[31m"])
def test_values_of_the_command_line_are_read_like_those_of_a_file(load, value):
    with pytest.raises(ConfigError, match=r"^MODEL.X: cannot read the value .* as YAML \(") as caught:
        load("", overrides=["MODEL.X", value])
    assert str(caught.value).isprintable()


def test_bases_that_go_round_are_refused(load):
    with pytest.raises(ConfigError, match=r"root.yaml: _BASE_ './base.yaml' leads back to itself"):
        load("_BASE_: base.yaml", "_BASE_: root.yaml", "_BASE_: ./base.yaml")


def test_error_in_a_base_names_the_base(load):
    with pytest.raises(ConfigError, match=r"^base.yaml: unknown key SEEED"):
        load("_BASE_: base.yaml", "SEEED: 1")


@pytest.mark.parametrize("name", ["exp.yml", "nope/exp.yaml", "."])
def test_missing_file_is_named(load, name):
    load("")
    with pytest.raises(ConfigError, match=rf"^{re.escape(name)}: (there is no such file|cannot be read)"):
        load_config(name)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["SEED"], "overrides come in pairs, KEY VALUE; the last key, 'SEED', has no value"),
        (["SEED", "1", "SED", "1"], "the command line: unknown key SED; did you mean 'SEED'?"),
        (["SEED", "-1"], "the command line: SEED must be an integer of at least 0, got -1"),
        (["A..B", "1"], "the override 'A..B' is not a key; write KEY VALUE"),
        (["MODEL.WIDTH=3", "SEED"], "the last key, 'SEED', has no value"),
        (["=", "1"], "the override '=' is not a key; write KEY VALUE"),
        ([5, "1"], "the override 5 is not a key; write KEY VALUE"),
        (["SEED", "[1"], "SEED: cannot read the value '[1' as YAML"),
        (["SEED", "2001-13-45"], "SEED: cannot read the value '2001-13-45' as YAML"),
        (["SEED", "? [1]\n: 2"], "as YAML"),
        (["SEED.X", "3"], "the command line: SEED must be an integer of at least 0, got {'X': 3}"),
        (["MODEL", "5"], "the command line: MODEL must be a section of keys and values, got 5"),
    ],
)
def test_what_is_wrong_in_a_pair_is_said_in_one_line(load, overrides, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        load("", overrides=overrides)
    assert "\n" not in str(caught.value)
