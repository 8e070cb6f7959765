"""A checkpoint comes back as it was, or its damage is noticed and the one before it is used."""

import logging
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.datasets.colours import RandomColors
from ksom.errors import CheckpointError, DataError
from ksom.hooks import Checkpoint
from ksom.kohonensom_model import KohonenSOM
from ksom.runs.checkpoint import LAST, checkpoint_paths, newest_checkpoint, read_checkpoint, save_checkpoint
from ksom.trainer import Trainer
from tests.test_array_files import without_rights

WEIGHTS = np.random.default_rng(0).random((2, 3, 4)).astype(np.float32)
ABOUT = KohonenSOM(2, 3).about()


def saved(folder, *iterations):
    return [save_checkpoint(folder, WEIGHTS + n, {"iteration": n, "hooks": {"A": [1.5]}}, ABOUT) for n in iterations]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a checkpoint, and a path to put damaged ones."""
    folder = tmp_path_factory.mktemp("checkpoint")
    return saved(folder, 3)[0].read_bytes(), folder / "damaged.npz"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_checkpoint_comes_back_as_it_was(tmp_path, dtype):
    weights = WEIGHTS.astype(dtype)
    path = save_checkpoint(tmp_path / "new", weights, {"iteration": 7, "hooks": {"A": {"b": 0.1}}}, ABOUT)
    checkpoint = read_checkpoint(path)
    assert (checkpoint.iteration, checkpoint.state["hooks"]) == (7, {"A": {"b": 0.1}})
    assert (checkpoint.weights.dtype, checkpoint.weights.tobytes()) == (weights.dtype, weights.tobytes())


def test_newest_is_found_by_its_number(tmp_path):
    saved(tmp_path, 5, 1_000_000_000, 20)
    assert newest_checkpoint(tmp_path).iteration == 1_000_000_000
    assert [path.name for path in checkpoint_paths(tmp_path)] == [
        "iteration-000000005.npz",
        "iteration-000000020.npz",
        "iteration-1000000000.npz",
    ]


def test_no_checkpoint_is_none(tmp_path):
    (tmp_path / "iteration-x.npz").write_bytes(b"")
    (tmp_path / ".iteration-000000001.npz.part").write_bytes(b"half")
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "nowhere") is None


def test_checkpoints_that_may_not_be_looked_for_are_told(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)"):
        newest_checkpoint(tmp_path)


def test_last_points_to_the_newest(tmp_path):
    paths = saved(tmp_path, 1, 2)
    assert (tmp_path / LAST).resolve() == paths[1].resolve()
    assert str((tmp_path / LAST).readlink()) == paths[1].name
    assert read_checkpoint(tmp_path / LAST).iteration == 2


@given(bit=st.integers(0, 2**20))
def test_flipped_bit_is_noticed_or_harmless(whole, bit):
    data, path = bytearray(whole[0]), whole[1]
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    path.write_bytes(data)
    try:
        checkpoint = read_checkpoint(path)
    except CheckpointError:
        return
    assert (checkpoint.iteration, checkpoint.weights.tobytes()) == (3, (WEIGHTS + 3).tobytes())


@pytest.mark.parametrize("header", [b"PK\x03\x04", b"PK\x01\x02"])
@pytest.mark.parametrize("offset", range(4, 12))
@pytest.mark.parametrize("read", [read_checkpoint, KohonenSOM.load])
def test_flipped_bits_in_the_archive_are_no_traceback(whole, header, offset, read):
    """The first bits of an archive's headers say "encrypted", "another compression", "a newer zip"."""
    data, path = whole
    start = data.index(header) + offset
    for bit in range(8):
        path.write_bytes(data[:start] + bytes([data[start] ^ 1 << bit]) + data[start + 1 :])
        with suppress(DataError, CheckpointError):
            assert read(path).weights.tobytes() == (WEIGHTS + 3).tobytes()


@given(share=st.floats(0, 0.999))
def test_truncated_checkpoint_is_noticed(whole, share):
    data, path = whole
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ["weights", "state", "about"])
def test_swapped_contents_are_noticed(tmp_path, name):
    paths = saved(tmp_path, 3, 4)
    with np.load(paths[0]) as file, np.load(paths[1]) as other:
        arrays = {**file, name: other[name] if name != "about" else np.array("{}")}
    np.savez(paths[0], **arrays)
    with pytest.raises(CheckpointError, match="its checksum does not fit"):
        read_checkpoint(paths[0])


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "evil.npz", weights=np.array([{}], dtype=object), about="", state="", checksum="")
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(tmp_path / "evil.npz")


@pytest.mark.parametrize("damage", [b"", b"not an archive", None])
def test_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path, caplog, damage):
    paths = saved(tmp_path, 1, 2)
    paths[1].write_bytes(paths[1].read_bytes()[:-40] if damage is None else damage)
    with caplog.at_level(logging.WARNING, "ksom"):
        assert newest_checkpoint(tmp_path).iteration == 1
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{paths[1]}: the checkpoint is damaged (")
    assert record.getMessage().endswith("; trying the one before it")


@pytest.mark.parametrize("header", [b"{(descr'", b"{'descr(", b"{'desc\x00'", b"(((((((("])
def test_checkpoint_whose_header_is_damaged_is_passed_over(tmp_path, header):
    """Of weights so many that the archive's checksum is not looked at before the header is."""
    paths = [save_checkpoint(tmp_path, np.zeros((30, 30, 30)), {"iteration": n}, ABOUT) for n in (1, 2)]
    paths[1].write_bytes(paths[1].read_bytes().replace(b"{'descr'", header))
    assert newest_checkpoint(tmp_path).iteration == 1


def test_checkpoint_that_may_not_be_read_is_told_and_not_passed_over():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = saved(folder, 1, 2)
        folder.chmod(0o755)
        paths[1].chmod(0)
        with without_rights(), pytest.raises(CheckpointError, match=r"2.npz: cannot be read \(Permission denied"):
            newest_checkpoint(folder)


def test_only_damaged_checkpoints_are_an_error(tmp_path):
    for path in saved(tmp_path, 1, 2):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="all 2 checkpoints are damaged; --restart begins anew"):
        newest_checkpoint(tmp_path)


def test_checkpoint_of_a_newer_ksom_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path, 1)[0]
    monkeypatch.setattr("ksom.runs.checkpoint.FORMAT_VERSION", 0)  # this one is older
    with pytest.raises(CheckpointError, match="was written by a newer ksom"):
        read_checkpoint(path)


@pytest.mark.parametrize(("keep", "kept"), [(1, [9]), (2, [8, 9]), (99, [2, 4, 6, 8, 9])])
def test_hook_keeps_the_newest(tmp_path, keep, kept):
    som = KohonenSOM(2, 2)
    Trainer(som, RandomColors(5), iterations=9, hooks=[Checkpoint(every=2, keep=keep)], folder=tmp_path).train()
    assert [read_checkpoint(path).iteration for path in checkpoint_paths(tmp_path / "checkpoints")] == kept


def test_checkpoint_is_a_map(tmp_path):
    som = KohonenSOM(2, 2)
    Trainer(som, RandomColors(5), iterations=9, hooks=[Checkpoint()], folder=tmp_path).train()
    assert KohonenSOM.load(tmp_path / "checkpoints" / LAST).weights.tobytes() == som.weights.tobytes()


def test_training_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    def trainer(**arguments):
        hooks = [Checkpoint(every=4)]
        return Trainer(
            KohonenSOM(3, 3), RandomColors(9), iterations=9, batch_size=4, shuffle=True, hooks=hooks, **arguments
        )

    whole = trainer(folder=tmp_path)
    whole.train()
    half = read_checkpoint(tmp_path / "checkpoints" / "iteration-000000004.npz")
    resumed = trainer(folder=tmp_path / "elsewhere")
    resumed.load_state(half.state, half.weights)
    resumed.train()
    assert resumed.som.weights.tobytes() == whole.som.weights.tobytes()
