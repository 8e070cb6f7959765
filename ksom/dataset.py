"""Data sets: N samples of D features that come in blocks of rows, never as one array that must fit in memory."""

import functools
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ksom.arguments import require_integer, require_path
from ksom.array_files import read_array
from ksom.errors import DataError, ParameterError
from ksom.initialisation import Range
from ksom.random_streams import stream
from ksom.registry import Registry

logger = logging.getLogger(__name__)

DATASETS = Registry("dataset")

BLOCK_ROWS = 4096
"""Rows in a block: as many as batch training adds up at a time, so that it need not cut them anew."""


class Dataset:
    """Samples to learn from.

    A subclass passes its samples to this constructor. One whose samples are not in an array overrides `__len__`,
    `features` and `rows`; one that makes new samples in every iteration, `batch` as well.

    Parameters
    ----------
    samples : array_like of shape (N, D)
        The samples, data units. Not copied; a memory-mapped array is read block by block.

    Raises
    ------
    DataError
        If the samples are not a two-dimensional array of numbers with at least one sample and one feature.

    Examples
    --------
    >>> colours = Dataset([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> len(colours), colours.features
    (2, 3)
    >>> [block.tolist() for block in colours.batch(5, batch_size=1)]
    [[[0.0, 0.0, 1.0]]]
    """

    bounds: tuple[float, float] | None = None
    """Range that every feature is known to lie in, data units; None: as measured."""

    def __init__(self, samples: ArrayLike) -> None:
        self.samples = as_samples(samples, f"dataset {type(self).__name__}")

    def __len__(self) -> int:
        return int(self.samples.shape[0])

    @property
    def features(self) -> int:
        """The number of features, D."""
        return int(self.samples.shape[1])

    @property
    def is_constant(self) -> bool:
        """Whether the samples are those of an array in memory: read and checked once, they stay as they are."""
        own = type(self).rows is Dataset.rows and type(self).batch is Dataset.batch
        return own and isinstance(self.samples, np.ndarray) and not isinstance(self.samples, np.memmap)

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D)."""
        return np.asarray(self.samples[index])

    def batch(
        self, iteration: int, *, batch_size: int = 0, shuffle: bool = False, seed: int = 0
    ) -> Iterator[NDArray[Any]]:
        """Yield the samples that one iteration shows, in blocks of at most 4,096 rows.

        Depends on its arguments only, so that a resumed training needs no replay.

        Parameters
        ----------
        iteration : int
            The iteration, from 0.
        batch_size : int
            Samples per iteration; 0, or more than there are: all. The last batch of an epoch is the rest.
        shuffle : bool
            A new order in every epoch, drawn from the seed; otherwise always the samples' own.
        seed : int
            The run's seed.
        """
        size = len(self)
        per_batch = min(batch_size or size, size)
        epoch, number = divmod(iteration, -(-size // per_batch))
        first, last = number * per_batch, min((number + 1) * per_batch, size)
        for start in range(first, last, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, last)
            index = _order(seed, epoch, size)[start:stop] if shuffle else slice(start, stop)
            yield np.asarray(self.rows(index))

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all samples in their own order, in blocks of at most 4,096 rows."""
        return Dataset.batch(self, 0)

    def feature_range(self, summary: "Summary") -> Range:
        """Return where each feature lies: the known bounds, or as measured."""
        if self.bounds is None:
            return Range(summary.low, summary.high)
        return Range(*(np.full(self.features, bound, dtype=np.float64) for bound in self.bounds))

    def probe(self, size: int, seed: int) -> NDArray[Any]:
        """Return a sample of at most `size` rows, drawn from a stream of its own; all rows if there are no more."""
        if len(self) <= size:
            return np.asarray(self.rows(slice(None)))
        return np.asarray(self.rows(np.sort(stream(seed, "probe").choice(len(self), size=size, replace=False))))


DATASETS.base = Dataset


@DATASETS.register("RandomColors")
class RandomColors(Dataset):
    """Random colours: D = 3 (red, green, blue), uniform in [0, 1].

    Parameters
    ----------
    size : int
        How many colours, at least 1.
    seed : int
        Seed of the colours; in an experiment the run's SEED.
    """

    bounds = (0.0, 1.0)

    def __init__(self, size: int = 20, seed: int = 0) -> None:
        self.size = require_integer("size", size, minimum=1)
        self.seed = require_integer("seed", seed, minimum=0)
        try:
            colours = stream(self.seed, "data").random((self.size, 3))
        except (MemoryError, ValueError):  # numpy has one for each side of 2**63
            raise ParameterError("size", "be a number of colours that fit into memory", size) from None
        super().__init__(colours)


@DATASETS.register("ImagePixels")
class ImagePixels(Dataset):
    """The colours of an image's pixels, row by row: D = 3 (red, green, blue) in [0, 1].

    Parameters
    ----------
    path : str or Path
        An image in any format that Pillow reads; grey images become grey colours, transparency is dropped.

    Raises
    ------
    DataError
        If the file is not there or not an image.
    """

    bounds = (0.0, 1.0)

    def __init__(self, path: str | Path) -> None:
        self.path = path
        super().__init__(read_pixels(require_path("path", path)))


@DATASETS.register("Array")
class Array(Dataset):
    """The rows of an array.

    Parameters
    ----------
    path : str, Path or array_like of shape (N, D)
        An .npy file (mapped into memory, so it may be larger than that), an .npz file, or the array itself; data units.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.

    Raises
    ------
    DataError
        If the file cannot be read or the array is not two-dimensional with numbers in it.
    """

    def __init__(self, path: ArrayLike | Path, key: str | None = None) -> None:
        self.path = path
        self.key = key
        super().__init__(read_array(path, key) if isinstance(path, str | Path) else path)


class Summary(NamedTuple):
    """What one pass over the data tells."""

    low: NDArray[np.float64]
    """Smallest value of each feature, data units, shape (D,)."""
    high: NDArray[np.float64]
    """Largest value of each feature, data units, shape (D,)."""
    digest: str
    """SHA-256 of shape, type and values; equal for equal data."""


def summarise(dataset: Dataset) -> Summary:
    """Read the data once: range of each feature, digest; refuse what cannot be learned from.

    Raises
    ------
    DataError
        If there is no sample or no feature, or a value is NaN or infinite, naming its row and column.
    """
    if not hasattr(dataset, "samples") and type(dataset).rows is Dataset.rows:
        raise DataError(f"{_name(dataset)} has no samples: its constructor must call super().__init__(samples)")
    if len(dataset) < 1 or dataset.features < 1:
        raise DataError(
            f"{_name(dataset)} must have at least one sample and one feature, got {len(dataset)} × {dataset.features}"
        )
    low, high = np.full(dataset.features, np.inf), np.full(dataset.features, -np.inf)
    digest = hashlib.sha256(f"{len(dataset)} x {dataset.features}".encode())
    first = 0
    for block in dataset.blocks():
        rows = as_samples(block, _name(dataset), features=dataset.features, first_row=first)
        low = np.minimum(low, rows.min(axis=0))
        high = np.maximum(high, rows.max(axis=0))
        digest.update(rows.dtype.str.encode() + np.ascontiguousarray(rows).tobytes())
        first += len(rows)
    return Summary(low.astype(np.float64), high.astype(np.float64), digest.hexdigest())


def require_normal_range(low: NDArray[np.float64], high: NDArray[np.float64], dtype: DTypeLike, where: str) -> None:
    """Refuse data whose differences the working precision cannot hold: too large, too small, or lost beside an offset.

    A warning tells if that is so for some features only.

    Raises
    ------
    DataError
        Naming float64 and scaling or centring.
    """
    require_no_overflow(low, high, dtype, where)
    spread, limits = high - low, np.finfo(dtype)
    if 0 < spread.max() < np.sqrt(limits.tiny):
        raise _out_of_range(where, f"differ by at most {spread.max():g}", dtype)
    varying = spread > 0
    lost = varying & (spread < 8 * float(limits.eps) * np.maximum(np.abs(low), np.abs(high)))
    advice = "centre them, or use MODEL.DTYPE float64"
    told = f"differ by less than {limits.dtype} can tell apart beside their offset; {advice}"
    if lost.any() and (lost == varying).all():
        raise DataError(f"{where}: the values {told}")
    if lost.any():
        logger.warning("%s: the values of feature %d (of %d such features) %s", where, lost.argmax(), lost.sum(), told)


def require_no_overflow(low: NDArray[Any], high: NDArray[Any], dtype: DTypeLike, where: str) -> None:
    """Refuse values whose squared differences could overflow the working precision.

    Raises
    ------
    DataError
        Naming float64 and scaling.
    """
    largest = max(-float(low.min()), float(high.max()))
    if largest > np.sqrt(float(np.finfo(dtype).max) / len(low)) / 2:
        raise _out_of_range(where, f"reach {largest:g}", dtype)


def as_samples(values: Any, where: str, *, features: int | None = None, first_row: int | None = None) -> Any:
    """Return `values` as an array of shape (n, D) of numbers, without copying one.

    Parameters
    ----------
    values : array_like of shape (n, D)
        The samples.
    where : str
        What they are, for messages.
    features : int, optional
        The D that they must have.
    first_row : int, optional
        Number of their first row in the data set: then every value must be finite.

    Raises
    ------
    DataError
        If the values are ragged, not numbers, not two-dimensional, none, of another D, NaN or infinite.
    """
    array = _as_numbers(values, where)
    if len(array.shape) != 2:
        advice = "; a single feature is values.reshape(-1, 1)" if len(array.shape) == 1 else ""
        raise DataError(
            f"{where}: the samples must have the shape (samples, features), got {tuple(array.shape)}{advice}"
        )
    if 0 in array.shape:
        raise DataError(f"{where} must have at least one sample and one feature, got the shape {tuple(array.shape)}")
    if features is not None and array.shape[1] != features:
        raise DataError(f"{where}: the samples must have {features} features, got {array.shape[1]}")
    if first_row is not None:
        _require_finite(np.asarray(array), where, first_row)
    return array


def read_pixels(path: Path) -> NDArray[np.uint8 | np.float32]:
    """Read an image as colours in [0, 1], shape (pixels, 3), float32."""
    import imageio.v3 as iio

    try:
        mode = iio.immeta(path, plugin="pillow", index=0)["mode"]
        image = iio.imread(path, plugin="pillow", mode="RGB", index=0)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:  # each image format has its own ways to be broken
        why = " ".join(str(error).split())[:120]
        raise DataError(f"{path}: cannot be read as an image ({type(error).__name__}: {why})") from error
    if mode[0] in "IF":  # Pillow would clip them at 255
        raise DataError(f"{path}: grey values of more than 8 bits are not read as colours; convert the image to 8 bits")
    return image.reshape(-1, 3).astype(np.float32) / np.float32(255)


def _as_numbers(values: Any, where: str) -> Any:
    """Return `values` as an array of real numbers, none of them masked, without copying one."""
    try:
        array = values if isinstance(getattr(values, "dtype", None), np.dtype) else np.asarray(values)
    except OverflowError:
        raise DataError(f"{where}: the samples hold an integer that is too large for a float") from None
    except ValueError:
        raise DataError(f"{where}: the rows must all have the same number of features, but they are ragged") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: the samples must be real numbers, got {array.dtype}")
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise DataError(f"{where}: some values are masked; drop or fill them before training")
    return array


def _require_finite(rows: NDArray[Any], where: str, first_row: int) -> None:
    finite = np.isfinite(rows)
    if not finite.all():
        row, column = (int(index) for index in np.argwhere(~finite)[0])
        value = float(rows[row, column])
        raise DataError(f"{where}: row {first_row + row}, column {column} is {value}; drop or fill it before training")


@functools.lru_cache(maxsize=2)
def _order(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    """Return the order of the samples in an epoch, kept because every batch of the epoch asks for it."""
    order = stream(seed, "order", epoch).permutation(size)
    order.flags.writeable = False
    return order


def _out_of_range(where: str, what: str, dtype: DTypeLike) -> DataError:
    advice = "scale them, or use MODEL.DTYPE float64" if np.dtype(dtype) == np.float32 else "scale them"
    return DataError(
        f"{where}: values {what}, so their squared differences leave the range of {np.dtype(dtype)}; {advice}"
    )


def _name(dataset: Dataset) -> str:
    return f"dataset {type(dataset).__name__}"
