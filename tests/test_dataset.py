"""Data come in blocks that depend on the iteration and the seed only."""

import os
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.datasets.colours import RandomColors
from ksom.datasets.images import ImagePixels
from ksom.errors import DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.samples import BLOCK_ROWS
from ksom.trainer import Trainer

SIZES, BATCHES = st.integers(1, 50), st.integers(0, 60)


def numbered(size):
    return Dataset(np.arange(float(size)).reshape(size, 1))


def shown(dataset, iteration, **how):
    return np.concatenate(list(dataset.batch(iteration, **how))).ravel().tolist()


@given(size=SIZES, batch_size=BATCHES, epoch=st.integers(0, 3), shuffle=st.booleans(), seed=st.integers(0, 9))
def test_every_epoch_shows_each_sample_once(size, batch_size, epoch, shuffle, seed):
    per_epoch = -(-size // min(batch_size or size, size))
    iterations = range(epoch * per_epoch, (epoch + 1) * per_epoch)
    how = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    assert sorted(row for i in iterations for row in shown(numbered(size), i, **how)) == list(range(size))


@given(size=SIZES, batch_size=BATCHES, iteration=st.integers(0, 200), seed=st.integers(0, 9))
def test_a_batch_depends_on_iteration_and_seed_only(size, batch_size, iteration, seed):
    how = {"batch_size": batch_size, "shuffle": True, "seed": seed}
    dataset = numbered(size)
    first = shown(dataset, iteration, **how)
    shown(dataset, iteration + 7, batch_size=3, shuffle=True, seed=seed + 1)
    assert shown(dataset, iteration, **how) == first == shown(numbered(size), iteration, **how)


def test_orders_differ_from_epoch_to_epoch_and_seed_to_seed():
    orders = {tuple(shown(numbered(30), epoch, shuffle=True, seed=seed)) for epoch in range(4) for seed in range(4)}
    assert len(orders) == 16


@pytest.mark.parametrize("shuffle", [False, True])
def test_blocks_have_at_most_so_many_rows(shuffle):
    sizes = [len(block) for block in numbered(2 * BLOCK_ROWS + 1).batch(0, shuffle=shuffle)]
    assert sizes == [BLOCK_ROWS, BLOCK_ROWS, 1]


def test_unshuffled_samples_keep_their_order():
    assert shown(numbered(5), 1, batch_size=3) == [3.0, 4.0]


def test_colours_depend_on_their_seed_only():
    np.testing.assert_array_equal(RandomColors(20, seed=3).samples, RandomColors(20, seed=3).samples)
    assert (RandomColors(20, seed=3).samples != RandomColors(20, seed=4).samples).all()


def test_more_colours_begin_with_the_same_ones():
    np.testing.assert_array_equal(RandomColors(50).samples[:20], RandomColors(20).samples)


def test_colours_that_do_not_fit_into_memory_are_refused_before_they_are_drawn(monkeypatch):
    monkeypatch.setattr("ksom.datasets.colours.available_memory", lambda: 24_000)
    assert len(RandomColors(1000)) == 1000
    with pytest.raises(ParameterError, match="size must be a number of colours that fit into memory, 1000 of 24 bytes"):
        RandomColors(1001)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK", "LA"])
def test_pixels_of_any_image_are_colours(tmp_path, mode):
    path = tmp_path / ("image.tiff" if mode == "CMYK" else "image.png")
    Image.new("RGB", (3, 2), "white").convert(mode).save(path)
    np.testing.assert_array_equal(ImagePixels(path).samples, np.ones((6, 3), np.float32))


def test_pixels_come_row_by_row(tmp_path):
    colours = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    Image.fromarray(colours).save(tmp_path / "image.png")
    expected = colours.reshape(6, 3).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(ImagePixels(tmp_path / "image.png").samples, expected)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [("deep.png", np.full((2, 2), 40000, np.uint16)), ("float.tiff", np.full((2, 2), 0.5, np.float32))],
)
def test_deep_grey_images_are_refused_rather_than_clipped(tmp_path, name, pixels):
    Image.fromarray(pixels).save(tmp_path / name)
    with pytest.raises(DataError, match="more than 8 bits"):
        ImagePixels(tmp_path / name)


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 10 10
%%EndComments
showpage
%%EOF
"""


def test_an_image_that_is_a_program_starts_no_interpreter(tmp_path, monkeypatch):
    (tmp_path / "image.eps").write_bytes(EPS)
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DataError, match=r"image.eps: cannot be read as an image .* the formats are PNG, JPEG"):
        ImagePixels(tmp_path / "image.eps")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_an_image_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(side, tmp_path):
    def chunk(kind, data):
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side.to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    with pytest.raises(DataError, match=r"image.png: .*(10000 × 10000 pixels, more than 89,000,000|DecompressionBomb)"):
        ImagePixels(tmp_path / "image.png")


def test_a_pipe_is_no_image(tmp_path):
    os.mkfifo(tmp_path / "image.png")
    with pytest.raises(DataError, match=r"image.png: cannot be read \(it is a named pipe, not a file\)"):
        ImagePixels(tmp_path / "image.png")


def test_npy_files_are_mapped_into_memory(tmp_path):
    np.save(tmp_path / "samples.npy", np.eye(3))
    assert isinstance(Array(tmp_path / "samples.npy").samples, np.memmap)


@pytest.mark.parametrize("key", [None, "only"])
def test_the_only_array_of_an_npz_file_needs_no_key(tmp_path, key):
    np.savez(tmp_path / "samples.npz", only=np.eye(3))
    np.testing.assert_array_equal(Array(tmp_path / "samples.npz", key).samples, np.eye(3))


def test_several_arrays_need_a_key(tmp_path):
    np.savez(tmp_path / "samples.npz", a=np.eye(3), b=np.eye(2))
    assert Array(tmp_path / "samples.npz", "b").features == 2
    with pytest.raises(DataError, match="holds the arrays a, b; name the one that is meant"):
        Array(tmp_path / "samples.npz")


def test_a_subclass_need_not_hold_an_array():
    class Squares(Dataset):
        features = 2

        def __init__(self):
            """No samples."""

        def __len__(self):
            return 9

        def rows(self, index):
            numbers = np.arange(9.0)[index]
            return np.stack([numbers, numbers**2], axis=1)

    som = KohonenSOM(2, 2, initial="random")
    Trainer(som, Squares(), iterations=3, shuffle=True, batch_size=4, algorithm="online").train()
    assert som.weights.max() > 9
