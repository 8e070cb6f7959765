"""The colours of a palette in a file that painting programs read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ksom.errors import OutputError
from ksom.whole_files import replacing

SUFFIXES = (".gpl", ".hex")


def require_palette_name(path: Path) -> None:
    """Refuse a name that does not tell which kind of palette file is meant.

    Raises
    ------
    OutputError
        If it is another one.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path}: a palette is written as .gpl (GIMP, Inkscape, Krita) or .hex (rrggbb, one a line)")


def write_palette(colours: NDArray[np.uint8], path: Path) -> None:
    """Write colours; the file is whole or absent.

    Parameters
    ----------
    colours : ndarray of shape (n, 3)
        Red, green, blue.
    path : Path
        Its suffix says as what: `.gpl`, a palette of GIMP's, or `.hex`, `rrggbb` one a line.

    Raises
    ------
    OutputError
        If it has another suffix, or cannot be written.
    """
    require_palette_name(path)
    codes = [bytes(colour).hex() for colour in colours]
    if path.suffix.lower() == ".gpl":
        rows = (f"{r:3d} {g:3d} {b:3d}\t#{code}" for (r, g, b), code in zip(colours.tolist(), codes, strict=True))
        lines = ["GIMP Palette", f"Name: {path.stem}", "Columns: 16", "#", *rows]
    else:
        lines = codes
    with replacing(path) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
