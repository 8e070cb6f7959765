"""How long and how often things are measured, so that the whole run stays within half an hour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds and counts for one cell of the table."""

    whole: float = 20.0
    """Work that would take longer is measured in part and extrapolated."""
    part: float = 3.0
    """How long such a part may take. Not little: a hiccup that lasts an eighth of it would be extrapolated."""
    cell: float = 6.0
    """The runs of a cell end when they have taken so long together …"""
    runs: int = 5
    """… or when there are so many."""
    answer: float = 150.0
    """A process that says nothing for so long is ended."""
    share: float = 1.0
    """How much of each row's work is asked for: a look at everything takes a small part."""
    memory: int = 12 * 2**30
    """Bytes that a process may ask for, so that a peer fails instead of the machine."""
    quality: bool = True
    """Whether results are evaluated."""


FULL = Limits()
QUICK = Limits(whole=3.0, part=1.5, cell=0.5, runs=3, answer=60.0, share=0.02)
CURVE = Limits(whole=3.0, part=1.5, cell=1.0, runs=3, quality=False)
