"""A figure as a file: the same figure gives the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ksom.arguments import require_integer
from ksom.pictures.plots.figure import require_matplotlib
from ksom.whole_files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
"""In which a picture is written."""

DATELESS = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""What a file of each format does not tell: when, and by which version of matplotlib, it was made."""

SALT = "ksom"
"""What the names of the parts of an SVG are made from; they would be drawn by chance else."""


DPI = 150
"""Pixels of a PNG per inch of its figure, if nobody says how many there are to be."""

FEWEST, MOST = 200, 8192
"""Pixels of the longer side of a PNG: with fewer no text could be read."""


def require_size(size: Any) -> int | None:
    """Return `size` if the longer side of a PNG can have so many pixels, or it is None.

    Raises
    ------
    ParameterError
        For anything else.
    """
    return None if size is None else require_integer("size", size, minimum=FEWEST, maximum=MOST)


@contextmanager
def plain_style() -> Iterator[None]:
    """Draw as matplotlib does without anybody's settings: a matplotlibrc of the user's would give other bytes.

    Raises
    ------
    NotInstalled
        If matplotlib is not.
    """
    require_matplotlib()
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.hashsalt"] = SALT
        yield


def write_figure(figure: "Figure", path: Path, *, size: int | None = None) -> None:
    """Write a figure in the format that the file's name ends with; the file is whole or absent.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What was drawn.
    path : Path
        The file, which ends in one of `FORMATS`.
    size : int, optional
        Pixels of the longer side of a PNG, from 200 to 8192; text grows with it. Default: 150 per inch of the figure.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    kind = path.suffix.removeprefix(".")
    dpi = DPI if size is None else size / max(figure.get_size_inches())
    with replacing(path) as file:
        figure.savefig(file, format=kind, dpi=dpi, metadata=DATELESS[kind])
