"""The file of a map holds what was put in, or says that it is damaged."""

import hashlib
import json
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ksom.array_files import DamagedFile
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.errors import CheckpointError, DataError, KsomError
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import Layer, MapFile, NewerFile, open_map, read, read_with_texts, write
from ksom.method.lattice import Rectangular
from ksom.method.scales import Scales
from ksom.runs.checkpoint import DamagedCheckpoint, read_checkpoint, save_checkpoint
from tests.test_array_files import changed, without_rights

MAP = MapFile(np.random.default_rng(0).random((30, 30, 3)).astype("f4"), "rectangular", {"NAME": "gaussian"})
LARGE = MAP._replace(weights=np.random.default_rng(0).random((50, 40, 3)).astype("f4"))
"""Longer than any header, so that nobody reads it to its end by the way."""
FIRST_FORMAT = {"format_version": 1, "lattice": "rectangular", "neighbourhood": "gaussian"}


GOLDEN = Path(__file__).parent / "golden/maps"


@pytest.fixture
def mapping(monkeypatch):
    """Map the smallest weights into memory, too."""
    monkeypatch.setattr("ksom.array_files.MAPPED_FROM", 1)


def retold(path, about):
    """Let the file of a map without layers tell something else, in JSON, with checksums that fit."""
    with np.load(path) as file:
        texts = {"about": about, "weights_checksum": str(file["weights_checksum"])}
        texts["checksum"] = hashlib.sha256("".join(texts.values()).encode()).hexdigest()
        np.savez(path, weights=file["weights"], **{name: np.array(text) for name, text in texts.items()})


def test_map_comes_back_with_its_nodes_and_texts(tmp_path):
    write(tmp_path / "map.npz", MAP, state="é", note="")
    found, texts = read_with_texts(tmp_path / "map.npz", "note", "state")
    assert (found[1:], texts) == (MAP[1:], ["", "é"])
    assert (found.weights.dtype, found.weights.tobytes()) == (MAP.weights.dtype, MAP.weights.tobytes())


def test_same_map_gives_same_bytes(tmp_path):
    write(tmp_path / "a.npz", MAP)
    write(tmp_path / "b.npz", read(tmp_path / "a.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_file_of_the_first_format_is_read(tmp_path):
    np.savez(tmp_path / "map.npz", weights=MAP.weights, about=np.array(json.dumps(FIRST_FORMAT)))
    assert KohonenSOM.load(tmp_path / "map.npz").weights.tobytes() == MAP.weights.tobytes()
    assert KohonenSOM.load(tmp_path / "map.npz").lattice == Rectangular(30, 30)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, {"lattice": "rectangular", "distance": "euclidean", "scaling": "none"}),
        (2, {"lattice": {"NAME": "rectangular", "WRAP": "none"}, "distance": {"NAME": "euclidean"}}),
        (3, {"distance": {"NAME": "manhattan"}, "scaling": {"NAME": "standard", "FEATURE_WEIGHTS": None}}),
    ],
)
def test_files_that_older_versions_wrote_are_read(version, expected):
    held = read(GOLDEN / f"format{version}.npz")
    assert held.format_version == version
    assert {name: getattr(held, name) for name in expected} == expected
    assert (held.layers, held.units, held.training) == ({}, None, {})
    with np.load(GOLDEN / f"format{version}.npz") as file:
        assert KohonenSOM.load(GOLDEN / f"format{version}.npz").weights.tobytes() == file["weights"].tobytes()


@pytest.mark.parametrize("version", [2, 3])
def test_damage_to_an_older_file_is_noticed(version, tmp_path):
    with np.load(GOLDEN / f"format{version}.npz") as file:
        np.savez(tmp_path / "map.npz", **{**file, "weights": file["weights"] + 1})
    with pytest.raises(DamagedFile, match="its checksum does not fit"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize("name", ["weights", "about", "state"])
def test_swapped_contents_are_noticed(tmp_path, name):
    write(tmp_path / "map.npz", MAP, state="{}")
    with np.load(tmp_path / "map.npz") as file:
        arrays = {**file, name: MAP.weights[::-1] if name == "weights" else np.array("[]")}
    np.savez(tmp_path / "map.npz", **arrays)
    with pytest.raises(DamagedFile, match="its checksum does not fit"):
        read(tmp_path / "map.npz")


def test_a_missing_checksum_is_noticed(tmp_path):
    write(tmp_path / "map.npz", MAP)
    with np.load(tmp_path / "map.npz") as file:
        np.savez(tmp_path / "map.npz", weights=file["weights"], about=file["about"])
    with pytest.raises(DamagedFile, match="is not a map that ksom wrote"):
        read(tmp_path / "map.npz")


def test_map_of_a_newer_ksom_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("ksom.map_file.FORMAT_VERSION", 99)
    write(tmp_path / "map.npz", MAP)
    monkeypatch.undo()
    with pytest.raises(NewerFile, match=r"was written by a newer ksom \(format 99\); update ksom to read it"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize("node", [False, 3, ["rectangular"], {}, {"NAME": 3}])
@pytest.mark.parametrize("name", ["lattice", "neighbourhood", "distance", "scaling"])
def test_map_that_does_not_tell_what_it_is_is_refused(tmp_path, name, node):
    write(tmp_path / "map.npz", MAP._replace(**{name: node}))
    with pytest.raises(DataError, match=f"map.npz: must tell the {name} of its map, but has"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize("wrap", ["none", "rows", "columns", "both"])
def test_what_a_lattice_was_made_of_comes_back(tmp_path, wrap):
    som = KohonenSOM(2, 3, lattice=Rectangular(2, 3, wrap), initial=np.zeros((2, 3, 1)))
    som.save(tmp_path / "map.npz")
    assert read(tmp_path / "map.npz").lattice == {"NAME": "rectangular", "WRAP": wrap}
    assert KohonenSOM.load(tmp_path / "map.npz").lattice == som.lattice


@pytest.mark.parametrize(
    "node",
    [
        "os:path",
        {"NAME": "rectangular", "WRAP": "twice"},
        "hexagons",
        {"NAME": "rectangular", "HOLES": 3},
    ],
)
def test_nothing_is_imported_or_guessed_from_a_file(tmp_path, node):
    write(tmp_path / "map.npz", MAP._replace(lattice=node))
    with pytest.raises(DataError, match=r"map.npz: (its lattice|lattice\.)"):
        KohonenSOM.load(tmp_path / "map.npz")


class Bent(Rectangular):
    """A lattice of somebody's own, which does not keep its argument."""

    def __init__(self, height, width, bend=3):
        super().__init__(height, width)


def test_a_lattice_of_one_s_own_is_given_to_what_reads_its_map(tmp_path):
    KohonenSOM(2, 3, lattice=Bent(2, 3), initial=np.zeros((2, 3, 1))).save(tmp_path / "map.npz")
    with pytest.raises(DataError, match=r"its lattice must be one of rectangular, hexagonal, but is .*Bent.*; give it"):
        KohonenSOM.load(tmp_path / "map.npz")
    own = Bent(2, 3)
    assert KohonenSOM.load(tmp_path / "map.npz", lattice=own).lattice is own


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros((3, 4)), r"`weights` must have the shape \(height, width, features\), got \(3, 4\)"),
        (np.zeros((0, 4, 3)), r"`weights` must have the shape \(height, width, features\), got \(0, 4, 3\)"),
        (np.zeros((2, 2, 1), int), "`weights` must be of float32 or float64, got int64"),
        (np.full((2, 2, 1), np.nan), "map.npz: initial weights: row 0, column 0 is nan"),
    ],
)
def test_weights_that_are_no_map_are_refused(tmp_path, weights, message):
    write(tmp_path / "map.npz", MAP._replace(weights=weights))
    with pytest.raises(DataError, match=message):
        KohonenSOM.load(tmp_path / "map.npz")


GOOD_SCALES = {"centre": [0, 0, 0], "factor": [1, 1, 1]}


@pytest.mark.parametrize(
    "scales",
    [
        3,
        [],
        {"centre": [0, 0, 0]},
        {**GOOD_SCALES, "factor": [1, 1]},
        {**GOOD_SCALES, "factor": [1, 1, -1]},
        {**GOOD_SCALES, "factor": [1, "a", 1]},
        {**GOOD_SCALES, "factor": [1, None, 1]},
        {**GOOD_SCALES, "factor": [1, 10**400, 1]},
        {**GOOD_SCALES, "centre": [[0, 0, 0]]},
        {**GOOD_SCALES, "centre": [0, 0, float("inf")]},
    ],
    ids=str,
)
def test_scales_that_are_none_are_refused(tmp_path, scales):
    write(tmp_path / "map.npz", MAP._replace(scaling="standard", scales=scales))
    with pytest.raises(DataError, match=r"map.npz: `scales` must hold a centre and a factor >= 0 for each of 3 featur"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize(
    ("bends", "message"),
    [
        (3, "the bends of `scales` must be a list, one for each of 3 features, but are 3"),
        ([None], r"the bends of `scales` must be a list, one for each of 3 features, but are \[None\]"),
        (
            [None, None, "log"],
            "a bend must be log1p, or 1 to 1001 values and their shares .* both rising, but is 'log'",
        ),
        (
            [None, None, {"values": [1, 0], "shares": [0, 1]}],
            "a bend must be log1p, or 1 to 1001 values and their share",
        ),
        (
            [None, None, {"values": [0, 1], "shares": [0, 1, 2]}],
            "a bend must be log1p, or 1 to 1001 values and their s",
        ),
    ],
    ids=str,
)
def test_bends_that_are_none_are_refused(tmp_path, bends, message):
    write(tmp_path / "map.npz", MAP._replace(scaling="rank", scales={**GOOD_SCALES, "bends": bends}))
    with pytest.raises(DataError, match=f"map.npz: {message}"):
        read(tmp_path / "map.npz")


def test_scales_without_bends_are_written_as_they_were(tmp_path):
    scales = Scales(np.array([0.1, 0, 1]), np.array([1 / 3, 1, 2]))
    write(tmp_path / "map.npz", MAP._replace(scaling="standard", scales=scales))
    with np.load(tmp_path / "map.npz") as file:
        assert json.loads(str(file["about"]))["scales"] == {"centre": [0.1, 0, 1], "factor": [1 / 3, 1, 2]}


@pytest.mark.parametrize("missing", ["drop", True, [], 3])
def test_what_a_file_says_of_missing_values_is_checked(tmp_path, missing):
    write(tmp_path / "map.npz", MAP._replace(missing=missing))
    with pytest.raises(DataError, match=r"map.npz: `missing` must be refuse or keep, but is"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize("read_file", [KohonenSOM.load, read_checkpoint])
@pytest.mark.parametrize("mapped_from", [1, 2**26], ids=["mapped", "read"])
def test_any_damage_is_told_and_never_another_map(read_file, mapped_from, tmp_path, monkeypatch):
    monkeypatch.setattr("ksom.array_files.MAPPED_FROM", mapped_from)
    path = save_checkpoint(tmp_path, LARGE.weights, {"iteration": 7}, KohonenSOM().about())
    data, rng = path.read_bytes(), random.Random(1)
    for _ in range(300):
        path.write_bytes(changed(data, rng))
        try:
            found = read_file(path).weights
        except (DataError, DamagedCheckpoint):
            continue
        assert (found.shape, found.tobytes()) == (LARGE.weights.shape, LARGE.weights.tobytes())


def test_checkpoint_that_may_not_be_read_is_not_called_damaged(tmp_path):
    path = save_checkpoint(tmp_path, MAP.weights, {"iteration": 7}, KohonenSOM().about())
    path.chmod(0)
    with without_rights(), pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)") as caught:
        read_checkpoint(path)
    assert not isinstance(caught.value, DamagedCheckpoint)


@pytest.mark.usefixtures("mapping")
def test_weights_that_are_mapped_are_looked_at_when_they_are_used_first(tmp_path):
    write(tmp_path / "map.npz", LARGE)
    data = bytearray((tmp_path / "map.npz").read_bytes())
    data[data.index(LARGE.weights.tobytes()) + 100] ^= 1
    (tmp_path / "map.npz").write_bytes(data)
    som = KohonenSOM.load(tmp_path / "map.npz")
    assert (som.is_initialised, som.features, som.height) == (True, 3, 50)
    for ask in (lambda: som.weights, lambda: som.best_matching_nodes([[0, 0, 0]]), lambda: som.save(tmp_path / "b")):
        with pytest.raises(DamagedFile, match=r"map.npz: its checksum does not fit"):
            ask()
    for read_at_once in (read, read_with_texts):
        with pytest.raises(DamagedFile, match=r"map.npz: its checksum does not fit"):
            read_at_once(tmp_path / "map.npz")


@pytest.mark.usefixtures("mapping")
def test_a_map_whose_weights_are_mapped_answers_as_any_other(tmp_path):
    write(tmp_path / "map.npz", LARGE)
    samples = np.random.default_rng(1).random((50, 3))
    som = KohonenSOM.load(tmp_path / "map.npz")
    expected = KohonenSOM(50, 40, initial=LARGE.weights)
    np.testing.assert_array_equal(som.best_matching_nodes(samples), expected.best_matching_nodes(samples))
    assert som.weights.tobytes() == LARGE.weights.tobytes()
    som.save(tmp_path / "again.npz")
    assert KohonenSOM.load(tmp_path / "again.npz").weights.tobytes() == LARGE.weights.tobytes()


@pytest.mark.usefixtures("mapping")
def test_a_map_whose_weights_are_mapped_may_be_given_others(tmp_path):
    write(tmp_path / "map.npz", LARGE)
    som = KohonenSOM.load(tmp_path / "map.npz")
    som.weights = LARGE.weights[:, :, :2]
    assert (som.features, som.weights.shape) == (2, (50, 40, 2))


@pytest.mark.usefixtures("mapping")
def test_a_file_that_is_written_to_before_its_weights_are_used_is_refused(tmp_path):
    write(tmp_path / "map.npz", LARGE)
    som = KohonenSOM.load(tmp_path / "map.npz")
    with (tmp_path / "map.npz").open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(DataError, match=r"map.npz: was written to while it was read"):
        som.best_matching_nodes([[0, 0, 0]])


@pytest.mark.usefixtures("mapping")
def test_weights_that_are_mapped_and_not_finite_are_refused_when_they_are_used(tmp_path):
    write(tmp_path / "map.npz", LARGE._replace(weights=np.full((2, 2, 1), np.nan)))
    som = KohonenSOM.load(tmp_path / "map.npz")
    with pytest.raises(DataError, match=r"map.npz: initial weights: row 0, column 0 is nan"):
        som.best_matching_nodes([[0]])


@pytest.mark.usefixtures("mapping")
def test_the_file_of_a_map_that_is_opened_maps_its_weights(tmp_path):
    write(tmp_path / "map.npz", LARGE)
    held, unchecked = open_map(tmp_path / "map.npz")
    assert isinstance(held.weights, np.memmap)
    assert unchecked is not None


@pytest.mark.parametrize("units", ["cm", ["cm"], ["cm", 3, None], [None] * 4, {}])
def test_units_that_are_none_are_refused(tmp_path, units):
    with pytest.raises(DataError, match=r"map.npz: `units` must be 3 units or null, but is"):
        write(tmp_path / "map.npz", MAP._replace(units=units))
    assert not any(tmp_path.iterdir())
    write(tmp_path / "map.npz", MAP)
    retold(tmp_path / "map.npz", json.dumps({**FIRST_FORMAT, "units": units}))
    with pytest.raises(DataError, match=r"map.npz: `units` must be 3 units or null, but is"):
        read(tmp_path / "map.npz")


@pytest.mark.parametrize("about", [{"at": np.int64(3)}, {"at": {1, 2}}, {"at": b""}])
def test_what_json_cannot_hold_is_refused_before_a_file_is_written(tmp_path, about):
    with pytest.raises(DataError, match=r"map.npz: what its layers and its training tell must be plain data: texts"):
        write(tmp_path / "map.npz", MAP._replace(layers={"mine": Layer(np.zeros((30, 30)), about)}))
    assert not any(tmp_path.iterdir())


def full():
    """A map of which everything is known."""
    initial = np.arange(36.0).reshape(2, 3, 6)
    som = KohonenSOM(2, 3, initial=initial, lattice="hexagonal", missing="keep", scaling="standard")
    sex, hour = Column("sex", CATEGORY, ("f", "m"), has_other=True), Column("hour", CYCLE, period=24.0)
    som.encoding = Encoding((Column("age"), sex, hour))
    som.name_features(som.encoding.feature_names, units={"age": "years"})
    som.intake = replace(som.intake, scales=Scales(np.zeros(6), np.ones(6)))
    som.layers["hits"] = Layer(np.arange(6).reshape(2, 3), {"samples": 15})
    som.layers["mine"] = Layer(np.ones((2, 3, 2)), {"what": ["a", {"b": None}]})
    som.about_training = {"seed": 3, "config": {"SEED": 3}, "quality": {"quantization_error": 0.5}}
    return som


def test_everything_that_a_map_knows_comes_back(tmp_path):
    som = full()
    som.save(tmp_path / "map.npz")
    loaded = KohonenSOM.load(tmp_path / "map.npz")
    for name in ("feature_names", "units", "encoding", "about_training", "missing", "lattice"):
        assert getattr(loaded, name) == getattr(som, name)
    assert list(loaded.layers) == ["hits", "mine"]
    for name, (values, about) in som.layers.items():
        assert (loaded.layers[name].values.tolist(), loaded.layers[name].about) == (values.tolist(), about)
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "map.npz").read_bytes()


STRANGE = [None, True, -1, 10**400, 1e400, "x\x1b[2J", [], {"NAME": ["x"]}, [10**400] * 6]


def with_one_replaced(plain, strange):
    """Yield plain data with one of its values replaced, at any depth."""
    for key in plain if isinstance(plain, dict) else range(len(plain)):
        inner = with_one_replaced(plain[key], strange) if isinstance(plain[key], dict | list) else ()
        for value in (strange, *inner):
            yield {**plain, key: value} if isinstance(plain, dict) else [*plain[:key], value, *plain[key + 1 :]]


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
def test_a_file_that_tells_anything_is_read_or_refused(strange, tmp_path):
    som = full()
    som.layers.clear()
    som.save(tmp_path / "map.npz")
    with np.load(tmp_path / "map.npz") as file:
        about = json.loads(str(file["about"]))
    for told in with_one_replaced(about, strange):
        retold(tmp_path / "map.npz", json.dumps(told))
        with suppress(KsomError):
            KohonenSOM.load(tmp_path / "map.npz")


@pytest.mark.parametrize("levels", [60, 5000])
def test_what_is_nested_too_deeply_is_refused(levels, tmp_path):
    write(tmp_path / "map.npz", MAP)
    with np.load(tmp_path / "map.npz") as file:
        about = str(file["about"])
    deep = about.replace('"training": {}', f'"training": {{"a": {"[" * levels}{"]" * levels}}}')
    retold(tmp_path / "map.npz", deep)
    with pytest.raises(DataError, match=r"map.npz: (what it tells of its map is nested deeper than 50|is not a map)"):
        read(tmp_path / "map.npz")
