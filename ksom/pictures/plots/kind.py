"""What a kind of pictures is: a name, what it needs, and its pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ksom.errors import DataError, KsomError, NotInstalled, OutputError
from ksom.pictures.plots.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pages = Iterator[tuple[str, "Figure"]]
"""Each page with the name of its file, but for the format."""


class Undrawable(DataError):
    """A picture of something that is not there; the message is why, and what would make it."""


def nothing(_: Shown) -> str | None:
    """Say that nothing is lacking."""
    return None


def never(_: Shown) -> bool:
    """Say that no data are wanted."""
    return False


@dataclass(frozen=True)
class Kind:
    """A kind of pictures."""

    name: str
    """By which it is asked for, and its files are called."""
    shows: str
    """In a few words."""
    pages: Callable[[Shown], Pages]
    """Draws it."""
    lacks: Callable[[Shown], str | None] = nothing
    """Says what is not there, and what would make it; None if all is there."""
    wants_data: Callable[[Shown], bool] = never
    """Whether it could not be drawn, or would tell less, until somebody looks for the data."""
    of_training: bool = True
    """Whether it can be drawn of a training that goes on: it needs no labels and no clusters."""

    def drawn(self, shown: Shown) -> Pages:
        """Draw all pages, one after another.

        Raises
        ------
        Undrawable
            If there is not what it needs.
        """
        why = self.lacks(shown)
        if why is not None:
            raise Undrawable(why)
        try:
            yield from self.pages(shown)
        except (OutputError, NotInstalled, Undrawable):
            raise
        except KsomError as error:
            raise Undrawable(str(error)) from error
