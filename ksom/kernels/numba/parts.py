"""How a part of a kernel is compiled: as far as the kernel needs it, not into machine code that nobody would run.

numba optimises each function by itself and makes machine code of it, and then of the function that takes it in, as deep
as they are nested. Of a part only the intermediate code is wanted, which is optimised once, within the kernel: to
compile all that a training takes half of the time, and it is as fast.
"""

from typing import Any

import numba
from llvmlite.binding import parse_bitcode
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

TRIED = (60, 68)
"""The minor versions of numba from which to which this was tried: it is made of what numba keeps to itself."""


def how_parts_are_compiled() -> dict[str, Any]:
    """Return the options of a part's compilation; with another numba it is compiled as all functions are."""
    return {"pipeline_class": PartCompiler} if TRIED[0] <= numba.version_info.short[1] <= TRIED[1] else {}


class PartLibrary(JITCodeLibrary):
    """The intermediate code of a part, to be linked into what takes it in."""

    is_loose = False
    """Whether it is optimised by itself as well: sums in any order, whose loops make vectors where they are alone."""

    def finalize(self) -> None:
        """Take in the parts of the part, and leave it at that."""
        for library in dict.fromkeys(self._linking_libraries):
            if hasattr(library, "_reload_init"):  # not before numba 0.64
                self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        if self.is_loose:
            self._optimize_final_module()
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return that there is no machine code."""
        self._ensure_finalized()
        return 0

    def serialize_using_object_code(self) -> tuple[str, str, bytes]:
        """Return what is kept of it: there is no object code, only what others link."""
        return self.name, "part", self._get_module_for_linking().as_bitcode()

    @classmethod
    def _unserialize(cls, codegen: Any, state: tuple[str, str, bytes]) -> "PartLibrary":
        name, _, code = state
        made = cls(codegen, name)
        made._shared_module = parse_bitcode(code)
        made._finalized = True
        return made

    @property
    def codegen(self) -> Any:
        """Who is told of the part's environment: nobody, since only machine code has one."""
        return _Nobody()


class _Nobody:
    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing."""


class PartContext:
    """What parts that were kept are made again in: a target context, but for the kind of library.

    Parameters
    ----------
    context : object
        Numba's.
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def codegen(self) -> Any:
        """Return what makes a library of what was kept: itself."""
        return self

    def unserialize_library(self, state: Any) -> PartLibrary:
        """Return a library of what was kept."""
        return PartLibrary._unserialize(self._context.codegen(), state)


class PartCompiler(Compiler):
    """Compiles a function as a part."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *how: Any) -> None:
        super().__init__(typingctx, targetctx, library, *how)
        if library is None:  # as BaseNativeLowering does
            self.state.library = PartLibrary(self.state.targetctx.codegen(), "part")
            self.state.library.is_loose = bool(self.state.flags.fastmath)
