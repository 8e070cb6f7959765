"""Things made small enough to travel: what lies in a file stays there, large arrays become files, the rest is pickled.

A pickle is code that runs when it is opened. These are opened by `ksom.compute.shipment` only, which knows that
they are what its own process wrote.
"""

import functools
import hashlib
import io
import os
import pickle
import platform
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, KsomError
from ksom.mapped_files import InFile
from ksom.seen_files import SeenFile
from ksom.users_code import found_modules
from ksom.whole_files import replacing

LARGE = 2**16
"""Bytes of an array from which on it is a file of its own, which all processes of a machine map together."""

AT_ONCE = 2**26
"""Bytes that are copied at a time while such a file is written."""

ADVICE = "let it keep names of files and plain values, and open what it needs when rows are asked for (__getstate__)"


class Packed(NamedTuple):
    """A thing ready to travel."""

    pickled: bytes
    arrays: tuple[str, ...]
    """The names of the files beside it that its large arrays are in."""


def packed(thing: Any, folder: Path) -> Packed:
    """Pickle a thing, its large arrays into files of a folder.

    Raises
    ------
    DataError
        If it holds what cannot travel.
    OutputError
        If a file cannot be written.
    """
    folders = sorted({str(place) for place in found_modules().values()})
    stream = io.BytesIO()
    pickle.dump(folders, stream)
    packer = _packer()(stream, folder)
    try:
        with _by_value(packer.is_cloud):
            packer.dump(thing)
    except KsomError:
        raise
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError, OSError, ImportError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{_called(thing)}: cannot be sent to workers ({why}); {ADVICE}") from error
    return Packed(stream.getvalue(), tuple(packer.names))


def unpacked(pickled: bytes, folder: Path) -> Any:
    """Return the thing that a process has packed; raises DataError if what it needs is not here."""
    stream = io.BytesIO(pickled)
    folders = pickle.load(stream)
    before = list(sys.path)
    sys.path[:0] = [place for place in folders if place not in before]
    try:
        return _Unpacker(stream, folder).load()
    except (ImportError, AttributeError) as error:
        if isinstance(error, KsomError):
            raise
        told = f"worker on {platform.node()} cannot import what it was sent ({type(error).__name__}: {error})"
        raise DataError(f"{told}; install it there, or put the class into a module beside the YAML file") from error
    finally:
        sys.path[:] = before


class _Pack:
    """What a pickler does beside pickling; mixed into one of two kinds."""

    is_cloud = False

    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)  # type: ignore[call-arg]  # its base is chosen when it runs
        self._folder = folder
        self._sent: dict[int, tuple[Any, Any]] = {}
        self.names: dict[str, None] = {}

    def persistent_id(self, thing: Any) -> Any:
        """Return where an array lies that is not pickled; the same for the same object, another one for any other."""
        if type(thing) not in {np.ndarray, np.memmap}:
            return None
        if id(thing) not in self._sent:
            place = self._place(thing)
            told = None if place is None else (len(self._sent), place)
            self._sent[id(thing)] = thing, told  # kept, so that nothing else gets its id
        return self._sent[id(thing)][1]

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, io.IOBase):
            raise TypeError(f"it holds an open file, {getattr(thing, 'name', type(thing).__name__)!r}")
        if not self.is_cloud:
            _require_importable(thing)
        if type(thing) is np.ndarray and thing.ndim == 2 and not thing.dtype.hasobject and not _is_contiguous(thing):
            return thing.copy(order="K").__reduce_ex__(pickle.HIGHEST_PROTOCOL)  # sums may follow the order in memory
        above = getattr(super(), "reducer_override", None)
        return NotImplemented if above is None else above(thing)

    def _place(self, array: NDArray[Any]) -> "InFile | _Written | None":
        found = InFile.of(array) if array.size and not array.dtype.hasobject else None
        is_small = array.nbytes < LARGE and all(step >= 0 for step in array.strides)
        if found is not None or is_small or array.dtype.hasobject:
            return found
        written = _written(array, self._folder)
        self.names[written.name] = None
        return written


class _Written(NamedTuple):
    """An array in a file beside the pickle."""

    name: str
    place: InFile


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder
        self._opened: dict[int, NDArray[Any]] = {}

    def persistent_load(self, told: Any) -> Any:
        number, place = told
        if number not in self._opened:
            self._opened[number] = self._array(place)
        return self._opened[number]

    def _array(self, place: InFile | _Written) -> NDArray[Any]:
        if isinstance(place, InFile):
            return place.opened()
        file = place.place.file._replace(path=str(self._folder / place.name))
        return place.place._replace(file=file).opened(np.ndarray)


def _written(array: NDArray[Any], folder: Path) -> _Written:
    """Write an array to a file that is called by its digest; no other process writes, or removes, the same one.

    Values lie there in the order that they have in memory, since what adds them up may follow it.
    """
    upright = np.asarray(array)[tuple(slice(None, None, -1 if step < 0 else 1) for step in array.strides)]
    is_transposed = array.ndim == 2 and upright.strides[0] < upright.strides[1]
    rows = upright.T if is_transposed else upright
    header = io.BytesIO()
    told = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": is_transposed, "shape": array.shape}
    np.lib.format.write_array_header_2_0(header, told)
    digest = hashlib.sha256(header.getvalue())
    for part in _parts(rows):
        digest.update(part)
    name = f"{digest.hexdigest()}-{_mark(os.getpid())}.npy"
    if not (folder / name).is_file():
        with replacing(folder / name) as file:
            file.write(header.getvalue())
            for part in _parts(rows):
                file.write(part)
    begin, strides = len(header.getvalue()), _strides(array, is_transposed)
    begin -= sum(step * (side - 1) for step, side in zip(strides, array.shape, strict=True) if step < 0)
    seen, is_writable = SeenFile.of(folder / name), array.flags.writeable
    return _Written(name, InFile(seen, begin, array.dtype, array.shape, strides, is_writable))


def _parts(rows: NDArray[Any]) -> Iterator[memoryview]:
    step = max(1, AT_ONCE // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        yield np.ascontiguousarray(rows[start : start + step]).reshape(-1).view(np.uint8).data


def _strides(array: NDArray[Any], is_transposed: bool) -> tuple[int, ...]:
    """Return the bytes from one value to the next where they lie without room between them."""
    sides = array.shape[::-1] if is_transposed else array.shape
    strides = [array.itemsize]
    for side in reversed(sides[1:]):
        strides.append(strides[-1] * side)
    dense = strides if is_transposed else strides[::-1]
    return tuple(-step if before < 0 else step for step, before in zip(dense, array.strides, strict=True))


def _is_contiguous(array: NDArray[Any]) -> bool:
    return array.flags.c_contiguous or array.flags.f_contiguous


@functools.lru_cache(maxsize=1)
def _mark(process: int) -> str:
    """Return what the files of this process, and of no other one anywhere, are called by."""
    return f"{process}-{secrets.token_hex(6)}"


def _called(thing: Any) -> str:
    dataset = getattr(thing, "dataset", thing)
    return f"{'dataset ' if hasattr(dataset, 'feature_names') else ''}{type(dataset).__name__}"


def _require_importable(thing: Any) -> None:
    """Refuse a class or a function of a notebook or a prompt, where only cloudpickle can send it."""
    is_named = isinstance(thing, type | FunctionType) and thing.__module__ == "__main__"
    if is_named and not hasattr(sys.modules.get("__main__"), "__file__"):
        what = "class" if isinstance(thing, type) else "function"
        told = f"workers cannot import {what} {thing.__qualname__} of __main__"
        raise DataError(f"{told}; put it into a module, or pip install cloudpickle")


@contextmanager
def _by_value(is_cloud: bool) -> Iterator[None]:
    """Let the classes of modules that Python itself would not find travel with the thing."""
    if not is_cloud:
        yield
        return
    import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    modules = [sys.modules[name] for name in found_modules() if name not in known]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _packer() -> Any:
    try:
        import cloudpickle
    except ImportError:
        return type("Packer", (_Pack, pickle.Pickler), {})
    return type("Packer", (_Pack, cloudpickle.Pickler), {"is_cloud": True})
