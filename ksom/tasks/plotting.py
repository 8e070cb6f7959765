"""From a run or a map to pictures in files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksom.arguments import require_choice, require_path
from ksom.dataset import Dataset
from ksom.pictures.plots.drawing import Drawing
from ksom.pictures.plots.figure import require_matplotlib
from ksom.pictures.plots.figure_file import FORMATS, require_size
from ksom.pictures.plots.kind import Undrawable
from ksom.pictures.plots.kinds import KINDS, first_look, kinds_asked
from ksom.pictures.plots.shown import Shown, features_named, node_named, require_cluster
from ksom.runs.run_folder import PLOTS
from ksom.runs.tracking_record import METRICS
from ksom.tasks.map_and_data import known_labels
from ksom.tasks.sight import Sight, own_data, sight_of, unless_refused

FIRST_FEATURES = 60
"""Of how many features a first look draws planes: those of 500 would be 25 pages."""


@dataclass(frozen=True)
class Plotted:
    """The pictures that were drawn, as a command tells of them."""

    written: tuple[Path, ...]
    """The files."""
    remarks: tuple[str, ...] = ()
    """What is to be known of them."""
    left_out: tuple[tuple[str, str], ...] = ()
    """The kinds that could not be drawn, and why."""

    def as_text(self) -> str:
        """Return the files, and what is not among them."""
        told = [*self.remarks, *(f"written: {path}" for path in self.written)]
        alike: dict[str, list[str]] = {}
        for kind, why in self.left_out:
            alike.setdefault(why, []).append(kind)
        return "\n".join([*told, *(f"not drawn: {', '.join(kinds)}: {why}" for why, kinds in alike.items())])


def plot(
    path: Path,
    data: str | Path | None = None,
    *,
    kinds: str | Sequence[str] = "",
    output: str | Path | None = None,
    format: str = "png",  # noqa: A002 (as the option is called)
    size: int | None = None,
    features: Sequence[str] = (),
    series: Sequence[str] = (),
    node: str | None = None,
    cluster: int | None = None,
    key: str | None = None,
    csv: Mapping[str, Any] | None = None,
) -> Plotted:
    """Draw a run or a map.

    Parameters
    ----------
    path : Path
        The run folder, of a run that has ended or not, or the file of a map.
    data : str or Path, optional
        The samples, as `data_like` takes them. Default: those that a run has learned from, where a picture needs them.
    kinds : str or sequence of str
        What to draw, as `kinds_asked` takes it. Default: a first look, of what there is.
    output : str or Path, optional
        The folder of the pictures. Default: `plots` in the run folder; of a map's file, NAME-plots in the current one;
        with the name of the data behind it, if they are named.
    format : {"png", "svg", "pdf"}
        Of the files.
    size : int, optional
        Pixels of the longer side of a PNG, from 200 to 8192; text grows with it. Default: as many as a picture needs.
    features : sequence of str
        The names of the features to be shown. Default: all.
    series : sequence of str
        The names of the series whose way is shown. Default: the first ones.
    node : str, optional
        "ROW,COLUMN" of the node to be shown.
    cluster : int, optional
        The cluster to be shown.
    key : str, optional
        Which array of an .npz file the data are.
    csv : mapping of str to Any, optional
        How CSV files are written.

    Raises
    ------
    ParameterError
        For a kind, a feature, a node or a cluster that there is not.
    NotInstalled
        If matplotlib is not.
    DataError
        If something cannot be read, or a kind that was named cannot be drawn of it.
    OutputError
        If a file cannot be written; each is whole or absent.
    """
    asked = kinds_asked("kind", kinds)
    require_choice("format", format, FORMATS)
    require_size(size)
    require_matplotlib()
    seen = sight_of(path, data, key=key, csv=csv, with_data=False)
    shown = shown_of(seen, is_of_samples=data is not None)
    shown.is_asked = asked.are_named
    shown.features = features_named(shown, features)
    shown.series = tuple(series)
    shown.node = None if node is None else node_named(shown, node)
    shown.cluster = None if cluster is None else require_cluster(shown, cluster)
    chosen = asked.kinds or first_look(shown)
    remarks = [*_state(seen), *([] if asked.kinds or KINDS["planes"] not in chosen else _limited(shown))]
    notes: list[str] = []
    if seen.dataset is None and seen.folder is not None and any(kind.wants_data(shown) for kind in chosen):
        folder = seen.folder
        hold_data(shown, unless_refused(lambda: own_data(folder, seen.som), notes))
    place = default_folder(seen, data) if output is None else require_path("output", output)
    drawing = Drawing(shown, place, format, size, is_own=output is None)
    left_out: list[tuple[str, str]] = []
    for kind in chosen:
        try:
            drawing.draw(kind)
        except Undrawable as error:
            why = "; ".join([str(error), *(notes if kind.wants_data(shown) else [])])
            if asked.are_named:
                raise Undrawable(f"{path}: {kind.name} cannot be drawn: {why}") from error
            left_out.append((kind.name, why))
    return Plotted(tuple(drawing.written), tuple(remarks), tuple(left_out))


def shown_of(seen: Sight, *, is_of_samples: bool) -> Shown:
    """Return what pictures are drawn of, of what there is to be seen."""
    named = str(seen.path)
    why = next((note for note in seen.notes if METRICS in note), "")
    shown = Shown(seen.som, history=seen.history, why_no_history=why, named=named, is_of_samples=is_of_samples)
    hold_data(shown, seen.dataset)
    return shown


def hold_data(shown: Shown, dataset: Dataset | None) -> None:
    """Let pictures be of samples as well, and of their classes, if they tell them."""
    shown.samples = dataset
    shown.labels = None if dataset is None else known_labels(dataset)


def default_folder(seen: Sight, data: str | Path | None) -> Path:
    """Return where pictures go: `plots` in the run folder, or NAME-plots in the current one, of a map's file.

    Those of other data than the map's own lie in another folder, or nobody would know what they show.
    """
    stem = "" if data is None else re.sub(r"[^\w-]+", "_", Path(data).stem).strip("_") or "data"
    name = f"{PLOTS}-{stem}" if stem else PLOTS
    return Path(f"{seen.path.stem}-{name}") if seen.folder is None else seen.folder / name


def _state(seen: Sight) -> Iterator[str]:
    """Say how far a run had come that has not done all that it was to do."""
    if seen.status is not None and seen.status != "completed" and seen.iteration is not None:
        of = "" if seen.iterations is None else f" of {seen.iterations:,}"
        yield f"{seen.status}: the map after {seen.iteration:,}{of} iterations"


def _limited(shown: Shown) -> Iterator[str]:
    """Let a first look be one at the first of very many features, and say so."""
    number = shown.som.features
    if not shown.features and number > FIRST_FEATURES:
        shown.features = tuple(range(FIRST_FEATURES))
        told = f"the first {FIRST_FEATURES} of {number:,} features"
        yield f"planes: {told}; ksom plot {shown.named} --kind planes draws all"
