"""Summaries that were made once: of large files that have not changed since, they are not made again.

What stands for a data set is its state (all that its constructor was given, and each array in memory, by SHA-256) and
what the system tells of its files: name, size, place on the disk, and when they were written to or changed in any
other way. Contents are not looked at: that would be the pass that is to be saved. A file that was changed within the
last seconds may be changed again without any of that telling, so nothing is kept of it.

Nothing in the folder is code, and nothing is believed that is not whole.
"""

import hashlib
import io
import json
import logging
import os
import pickle
import platform
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.cache_folder import cache_folder
from ksom.dataset import Dataset
from ksom.errors import KsomError
from ksom.mapped_files import InFile
from ksom.part_summary import Asked
from ksom.samples import Block, Summary
from ksom.seen_files import SeenFile
from ksom.whole_files import replacing

logger = logging.getLogger(__name__)

FORMAT = 1
"""Raised when the same data would have another summary, or the file another form."""

SMALL = 2**26
"""Bytes of files that are read anew in every run: that takes less than a second."""

SETTLED_SECONDS = 2.0
"""A file that was changed later than so long ago is not trusted: times may be as coarse as that."""

LARGEST = 2**28
"""Bytes that are kept in all; what was not used for longest goes."""

LARGEST_FILE = 2**28

OF_FEATURES = ("low", "high", "mean", "deviation", "missing", "log_mean", "log_deviation")

UNTOLD = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError, OSError, KsomError)
"""What comes of a data set whose state cannot be told, or of files that are not there."""

KNOWN = ("ksom", "numpy", "builtins", "pathlib", "collections", "copyreg", "_codecs", "functools", "pyarrow")
"""Modules whose classes do not change what they read behind ksom's back."""


class KeptSummary(NamedTuple):
    """Where the summary of a data set is kept, or may be."""

    path: Path
    files: dict[str, tuple[int, ...]]
    """The files that it is read from, and what the system told of them before."""

    @classmethod
    def of(cls, dataset: Dataset, asked: Asked) -> "KeptSummary | None":
        """Return the place of a data set's summary; None where it is small, in memory, or of somebody else's class."""
        try:
            teller = _Teller()
            state = teller.told(dataset)
            files = {file.path: _state(file) for file in teller.files}
            if sum(size for size, *_ in files.values()) < SMALL:
                return None
            told = {
                "format": FORMAT,
                "asked": asked,
                "files": files,
                "state": hashlib.sha256(state).hexdigest(),
                "arrays": [_digest(array) for array in teller.arrays],
                "with": [np.__version__, platform.machine()],
            }
            key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:40]
            return cls(cache_folder("summaries") / f"{key}.ksom", files)
        except UNTOLD as error:
            logger.debug("the summary of %s is not kept (%s)", type(dataset).__name__, error)
            return None

    def found(self, dataset: Dataset) -> Summary | None:
        """Return what was kept, if it is there and whole."""
        try:
            summary = _unpacked(_read(self.path), dataset)
            os.utime(self.path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, KsomError) as error:
            logger.info("%s: cannot be used, it is made again (%s)", self.path, error)
            return None
        told = "dataset %s: looked at before and not changed since: not looked at again (`ksom cache`)"
        logger.info(told, type(dataset).__name__)
        return summary

    def keep(self, summary: Summary) -> None:
        """Keep a summary, if the files stayed as they were and were not changed just before."""
        try:
            now = {path: _stat(path) for path in self.files}
            latest = max(max(state[-2:]) for state in now.values())
            if now != self.files or time.time() - latest / 1e9 < SETTLED_SECONDS:
                return
            content = _packed(summary, list(self.files))
            if len(content) <= LARGEST_FILE:
                with replacing(self.path) as file:
                    file.write(content)
                make_room(self.path.parent, LARGEST)
        except (OSError, KsomError) as error:
            logger.info("%s: cannot be kept, the data are read anew in every run (%s)", self.path, error)


class KeptFile(NamedTuple):
    """A summary in the cache."""

    path: Path
    files: tuple[str, ...]
    """What it is the summary of; of a damaged one nothing is known."""
    size: int
    """Bytes."""
    last_used: float
    """Seconds since 1970."""


def summaries_folder() -> Path:
    """Return the folder in which summaries are kept; raises as `cache_folder`."""
    return cache_folder("summaries")


def kept_summaries(folder: Path) -> list[KeptFile]:
    """Return what is kept in a folder, last used first."""
    found = []
    for path in folder.glob("*.ksom"):
        files: tuple[str, ...] = ()
        with suppress(OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, KsomError):
            files = tuple(map(str, _opened(_read(path))[0]["files"]))
        with suppress(OSError):  # another process removes it as well
            state = path.lstat()
            found.append(KeptFile(path, files, state.st_size, min(state.st_mtime, time.time())))
    return sorted(found, key=lambda kept: -kept.last_used)


def make_room(folder: Path, largest: float) -> list[KeptFile]:
    """Remove what was not used for longest until at most `largest` bytes are kept; return what was removed."""
    kept, removed = [], []
    for path in folder.glob("*.ksom"):
        with suppress(OSError):
            state = path.lstat()
            kept.append(KeptFile(path, (), state.st_size, state.st_mtime))
    too_much = sum(each.size for each in kept) - largest
    for each in sorted(kept, key=lambda kept: kept.last_used):
        if too_much <= 0:
            break
        with suppress(OSError):
            each.path.unlink()
            removed.append(each)
            too_much -= each.size
    return removed


class _Teller(pickle.Pickler):
    """Tells the state of a data set; what it writes is never opened."""

    def __init__(self) -> None:
        self._stream = io.BytesIO()
        super().__init__(self._stream, 5)
        self.files: set[SeenFile] = set()
        self.arrays: list[NDArray[Any]] = []

    def told(self, dataset: Dataset) -> bytes:
        """Return the state, without what lies in files or arrays."""
        self.dump(dataset)
        return self._stream.getvalue()

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, SeenFile):
            self.files.add(thing)
        if type(thing) not in {np.ndarray, np.memmap} or thing.dtype.hasobject:
            return None
        place = InFile.of(thing) if thing.size else None
        if place is None:
            self.arrays.append(thing)
            return "array", len(self.arrays)
        if thing.flags.writeable:
            raise ValueError("it may be written to while it is mapped")
        self.files.add(place.file)
        return "file", *map(str, place)

    def reducer_override(self, thing: Any) -> Any:
        module = getattr(thing, "__module__", None) if callable(thing) else type(thing).__module__
        if str(module).partition(".")[0] not in KNOWN:
            raise pickle.PicklingError(f"it has something of {module}")
        return NotImplemented


def _digest(array: NDArray[Any]) -> list[Any]:
    values = np.ascontiguousarray(array)
    return [array.dtype.str, array.shape, hashlib.sha256(values.reshape(-1).view(np.uint8).data).hexdigest()]


def _state(file: SeenFile) -> tuple[int, ...]:
    state = _stat(file.path)
    if (state[0], state[3]) != (file.size, file.changed):
        raise ValueError("its files were written to since they were opened")
    return state


def _stat(path: str) -> tuple[int, ...]:
    found = Path(path).stat()
    return found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _packed(summary: Summary, files: list[str]) -> bytes:
    arrays = {name: held for name in OF_FEATURES if (held := getattr(summary, name)) is not None}
    if summary.some is not None:
        arrays["some"] = summary.some.values
        if summary.some.weights is not None:
            arrays["some_weights"] = summary.some.weights
    about = {"format": FORMAT, "digest": summary.digest, "mean_weight": summary.mean_weight, "files": files}
    stream = io.BytesIO()
    np.savez(stream, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    content = stream.getvalue()
    return hashlib.sha256(content).hexdigest().encode() + content


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def _opened(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    if len(content) > LARGEST_FILE or hashlib.sha256(content[64:]).hexdigest().encode() != content[:64]:
        raise ValueError("it is damaged")
    with np.load(io.BytesIO(content[64:]), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    about = json.loads(arrays.pop("about").tobytes())
    if about["format"] != FORMAT:
        raise ValueError("it is of another version")
    return about, arrays


def _unpacked(content: bytes, dataset: Dataset) -> Summary:
    about, arrays = _opened(content)
    of_features: dict[str, Any] = {name: arrays.get(name) for name in OF_FEATURES}
    if any(held is not None and held.shape != (dataset.features,) for held in of_features.values()):
        raise ValueError("it has other features")
    some = None
    if "some" in arrays:
        some = Block(arrays["some"], weights=arrays.get("some_weights"))
    told: dict[str, Any] = {"mean_weight": about["mean_weight"], "digest": about["digest"], "some": some}
    return Summary(**of_features, **told, names=dataset.feature_names, encoding=dataset.encoding)
