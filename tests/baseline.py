"""Pictures are compared with stored ones, as somebody would who looks at both from a distance.

`NEW_BASELINES=1 pytest tests/test_map_plots.py` stores them anew: look at each before it is committed.
"""

import io
import os
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

BASELINES = Path(__file__).parent / "pictures"
DPI = 60
BLOCK = 6
"""Pixels of a block whose mean is compared: letters that another font engine sets otherwise hardly change it."""
MEAN, MOST = 1.5, 60.0
"""How much the blocks may differ, of 255: on the average, and any single one."""


def pixels_of(figure: Figure, dpi: int = DPI) -> np.ndarray:
    """Return what is seen, red, green and blue, shape (height, width, 3)."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return np.asarray(Image.open(file).convert("RGB"))


def differences(seen: np.ndarray, stored: np.ndarray) -> tuple[float, float]:
    """Return by how much the blocks of two pictures of one size differ, on the average and at most."""
    if seen.shape != stored.shape:
        return 255.0, 255.0
    between = np.abs(_blocks(seen) - _blocks(stored))
    return float(between.mean()), float(between.max())


def assert_looks_like(figure: Figure, name: str) -> None:
    """Compare a picture with the stored one of that name."""
    path, seen = BASELINES / f"{name}.png", pixels_of(figure)
    if os.environ.get("NEW_BASELINES"):
        Image.fromarray(seen).quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    stored = np.asarray(Image.open(path).convert("RGB"))
    mean, most = differences(seen, stored)
    assert mean <= MEAN and most <= MOST, f"{name}: blocks differ by {mean:.2f} on the average, {most:.0f} at most"  # noqa: PT018


def _blocks(pixels: np.ndarray) -> np.ndarray:
    height, width = (side // BLOCK for side in pixels.shape[:2])
    cut = pixels[: height * BLOCK, : width * BLOCK].astype(float)
    return cut.reshape(height, BLOCK, width, BLOCK, 3).mean(axis=(1, 3))
