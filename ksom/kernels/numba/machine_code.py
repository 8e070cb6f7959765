"""Machine code that was compiled once, kept for the next run.

numba's own cache asks whether one file has changed, while a kernel takes in functions of others: after an edit, or an
update of the package, old arithmetic would run. Nor does it bear a damaged file, or two first runs beside each other.
Here a file's name stands for everything that decides what is in it, and a file that is not whole counts as none.

To load machine code is to unpickle it, which can run anything: it is kept only where nobody else can write.
"""

import hashlib
import logging
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from ksom.errors import OutputError
from ksom.kernels.numba.kept_code import kept_in, tell_of_no_place
from ksom.kernels.numba.parts import PartContext
from ksom.whole_files import replacing

logger = logging.getLogger(__name__)

_HASH_BYTES = hashlib.sha256().digest_size


class MachineCode(NullCache):
    """What numba asks before it compiles a kernel, and tells afterwards.

    Parameters
    ----------
    kernel : function
        The kernel, not compiled.
    is_part : bool
        Whether it is a part of kernels, of which no machine code is made: then a compiler that was ended, or one for
        another kernel, goes on from there.
    """

    def __init__(self, kernel: Callable[..., Any], *, is_part: bool = False) -> None:
        self._is_part = is_part
        self._kernel = f"{kernel.__module__}.{kernel.__qualname__}"

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the kernel, compiled for these types; None if it is not kept, or is not whole."""
        context.refresh()
        folder = kept_in()
        try:
            kept = None if folder is None else _read(folder / self._name(signature, context.codegen()))
            if kept is None or not self._is_part:
                return kept and CompileResult._rebuild(context, *pickle.loads(kept))
            made: Any = CompileResult._rebuild(PartContext(context), *pickle.loads(kept))
            return made._replace(target_context=context)
        except Exception:  # whatever is wrong with it: it is compiled again, and written over
            logger.debug("%s: cannot be loaded", self._kernel, exc_info=True)
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled kernel, if that can be."""
        folder = kept_in()
        if folder is None:
            return
        code = dumps(compiled._reduce())
        try:
            folder.mkdir(mode=0o700, exist_ok=True)  # another version's first run may have cleared it away
            with replacing(folder / self._name(signature, compiled.codegen)) as file:
                file.write(hashlib.sha256(code).digest() + code)
        except (OSError, OutputError) as error:
            tell_of_no_place(folder, str(error.__cause__ or error))

    def _name(self, signature: Any, codegen: Any) -> str:
        """Return the name of the file for these types on this processor."""
        made_for = (self._kernel, signature, codegen.magic_tuple(), numba.__version__, sys.implementation.cache_tag)
        return f"{self._kernel.rpartition('.')[2]}.{hashlib.sha256(repr(made_for).encode()).hexdigest()[:32]}"


def _read(path: Path) -> bytes | None:
    """Return the machine code in a file; None if there is none, or it is not what was written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    code = content[_HASH_BYTES:]
    return code if content[:_HASH_BYTES] == hashlib.sha256(code).digest() else None
