"""How a part of a kernel is compiled: as far as the kernel needs it, not into machine code that nobody would run.

numba optimises each function by itself and makes machine code of it, and then of the function that takes it in, as deep
as they are nested. Of a part only the intermediate code is wanted, which is optimised once, within the kernel: to
compile all that a training takes half of the time, and it is as fast.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class PartLibrary(JITCodeLibrary):
    """The intermediate code of a part, to be linked into what takes it in."""

    is_loose = False
    """Whether it is optimised by itself as well: sums in any order, whose loops make vectors where they are alone."""

    def finalize(self) -> None:
        """Take in the parts of the part, and leave it at that."""
        for library in dict.fromkeys(self._linking_libraries):
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

    @property
    def codegen(self) -> Any:
        """Who is told of the part's environment: nobody, since only machine code has one."""
        return _Nobody()


class _Nobody:
    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing."""


class PartCompiler(Compiler):
    """Compiles a function as a part."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *how: Any) -> None:
        super().__init__(typingctx, targetctx, library, *how)
        if library is None:  # as BaseNativeLowering does
            self.state.library = PartLibrary(self.state.targetctx.codegen(), "part")
            self.state.library.is_loose = bool(self.state.flags.fastmath)
