"""From kinds of pictures to their files."""

from pathlib import Path

from ksom.pictures.plots.figure_file import plain_style, write_figure
from ksom.pictures.plots.kind import Kind
from ksom.pictures.plots.shown import Shown
from ksom.whole_files import make_own_folder, writing


class Drawing:
    """Draws pictures, kind after kind, into the files of a folder.

    Parameters
    ----------
    shown : Shown
        What to draw.
    folder : Path
        Where; made with the first file.
    format : str
        Of the files.
    size : int, optional
        Pixels of the longer side of a PNG.
    suffix : str
        What the names of the files end in, before that of the format.
    is_own : bool
        Whether the folder is ksom's: then it may be no link, for the run it lies in may be a stranger's.

    Attributes
    ----------
    written : list of Path
        The files.
    """

    def __init__(
        self,
        shown: Shown,
        folder: Path,
        format: str = "png",  # noqa: A002 (as the option is called)
        size: int | None = None,
        *,
        suffix: str = "",
        is_own: bool = True,
    ) -> None:
        self.shown, self.folder, self.format, self.size = shown, folder, format, size
        self.suffix, self.is_own = suffix, is_own
        self.written: list[Path] = []

    def draw(self, kind: Kind) -> None:
        """Draw all pages of a kind.

        Raises
        ------
        Undrawable
            If there is not what it needs.
        OutputError
            If a file cannot be written.
        """
        with plain_style():
            for stem, figure in kind.drawn(self.shown):
                if not self.written:
                    self._make_folder()
                path = self.folder / f"{stem}{self.suffix}.{self.format}"
                write_figure(figure, path, size=self.size)
                self.written.append(path)

    def _make_folder(self) -> None:
        if self.is_own:
            make_own_folder(self.folder)
            return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
