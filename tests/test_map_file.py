"""The file of a map holds what was put in, or says that it is damaged."""

import json
import random

import numpy as np
import pytest

from ksom.array_files import DamagedFile
from ksom.errors import CheckpointError, DataError
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import MapFile, NewerFile, read, read_with_texts, write
from ksom.method.lattice import Rectangular
from ksom.method.scales import Scales
from ksom.runs.checkpoint import DamagedCheckpoint, read_checkpoint, save_checkpoint
from tests.test_array_files import changed, without_rights

MAP = MapFile(np.random.default_rng(0).random((30, 30, 3)).astype("f4"), "rectangular", {"NAME": "gaussian"})
FIRST_FORMAT = {"format_version": 1, "lattice": "rectangular", "neighbourhood": "gaussian"}


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
def test_any_damage_is_told_and_never_another_map(read_file, tmp_path):
    path = save_checkpoint(tmp_path, MAP.weights, {"iteration": 7}, KohonenSOM().about())
    data, rng = path.read_bytes(), random.Random(1)
    for _ in range(600):
        path.write_bytes(changed(data, rng))
        try:
            found = read_file(path).weights
        except (DataError, DamagedCheckpoint):
            continue
        assert (found.shape, found.tobytes()) == (MAP.weights.shape, MAP.weights.tobytes())


def test_checkpoint_that_may_not_be_read_is_not_called_damaged(tmp_path):
    path = save_checkpoint(tmp_path, MAP.weights, {"iteration": 7}, KohonenSOM().about())
    path.chmod(0)
    with without_rights(), pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)") as caught:
        read_checkpoint(path)
    assert not isinstance(caught.value, DamagedCheckpoint)
