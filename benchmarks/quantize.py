"""Pictures in a few colours: ksom's palettes beside those of k-means and of Pillow.

    pip install scikit-image scikit-learn
    python -m benchmarks.quantize        # writes benchmarks/results/quantize.md

The photos are those of scikit-image and scikit-learn. The error is the mean of squared differences over pixels and
channels (0 to 255), colours rounded to 8 bits, without dithering. K-means is scikit-learn's, the best of five, fitted
to the distinct colours by their weights, which is the same as to all pixels. Seconds are ksom's, of processor time.
"""

import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.cluster import KMeans

from ksom.quantization import quantize

RESULT = Path(__file__).parent / "results" / "quantize.md"

PHOTOS = {
    "skimage.data": ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "retina.jpg", "hubble_deep_field.jpg",
                     "ihc.png", "motorcycle_left.png"),
    "sklearn.datasets.images": ("china.jpg", "flower.jpg"),
}  # fmt: skip
COLOURS = (16, 64)
LARGE = (4240, 2836)
"""Width and height of a photo of 12 million pixels: an enlarged one, with noise as a camera's."""


def main() -> None:
    """Measure every photo, then a large one."""
    lines = [f"# {(__doc__ or '').strip()}\n"]
    lines += ["| photo | colours | ksom | k-means | median cut | octree | ksom / k-means | ksom / best of Pillow | s |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, pixels in _photos():
        for colours in COLOURS:
            lines.append(_row(name, pixels, colours))
            print(lines[-1], flush=True)
    lines += ["", "| 12 million pixels | colours | error | s |", "|---|--:|--:|--:|"]
    large = _large()
    for colours in (*COLOURS, 256):
        (made, seconds) = _timed(lambda count=colours: quantize(large, count))
        lines.append(f"| {made.colours_before:,} colours | {colours} | {made.mse:.2f} | {seconds:.1f} |")
        print(lines[-1], flush=True)
    RESULT.write_text("\n".join(lines) + "\n")


def _photos() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for package, names in PHOTOS.items():
        for name in names:
            with (files(package) / name).open("rb") as file, Image.open(file) as image:
                yield name, np.array(image.convert("RGB"))


def _row(name: str, pixels: NDArray[np.uint8], colours: int) -> str:
    made, seconds = _timed(lambda: quantize(pixels, colours))
    by_means = _of_k_means(pixels, colours)
    cut, octree = (
        _error(pixels, np.array(Image.fromarray(pixels).quantize(colours, method=method, dither=Image.Dither.NONE)
                                .convert("RGB")))
        for method in (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE)
    )  # fmt: skip
    errors = f"{made.mse:.2f} | {by_means:.2f} | {cut:.2f} | {octree:.2f}"
    shares = f"{made.mse / by_means:.3f} | {made.mse / min(cut, octree):.2f}"
    return f"| {name} | {colours} | {errors} | {shares} | {seconds:.1f} |"


def _of_k_means(pixels: NDArray[np.uint8], colours: int) -> float:
    distinct, number_of, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    fitted = KMeans(colours, n_init=5, random_state=0).fit(distinct.astype(np.float64), sample_weight=counts)
    palette = np.rint(fitted.cluster_centers_)
    nearest = np.stack([np.square(distinct - colour).sum(axis=1) for colour in palette]).argmin(axis=0)
    return _error(pixels, palette[nearest][number_of.ravel()].reshape(pixels.shape))


def _error(pixels: NDArray[np.uint8], others: NDArray[Any]) -> float:
    return float(np.square(pixels - others.astype(np.float64)).mean())


def _large() -> NDArray[np.uint8]:
    china = dict(_photos())["china.jpg"]
    enlarged = np.asarray(Image.fromarray(china).resize(LARGE, Image.Resampling.BICUBIC), dtype=np.int64)
    noise = np.random.default_rng(0).integers(-6, 7, enlarged.shape)
    return (enlarged + noise).clip(0, 255).astype(np.uint8)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    return work(), time.process_time() - start


if __name__ == "__main__":
    main()
