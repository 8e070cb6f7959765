"""What there is to be seen of a run or a map: the newest map, its data, the numbers of its training.

A run may be ended, killed, or going on, and its folder somebody else's: nothing is imported for it, nothing is written
into it.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ksom.array_files import DamagedFile
from ksom.dataset import Dataset
from ksom.errors import DataError, KsomError, OutputError, shown_key
from ksom.hooks.vlog import Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import read
from ksom.method.neighbourhood import NEIGHBOURHOODS, Gaussian
from ksom.registry import as_mapping
from ksom.runs.checkpoint import checkpoint_paths, position_of
from ksom.runs.history import History
from ksom.runs.run_folder import CHECKPOINTS, MAP, RunFolder
from ksom.runs.tracking_record import configuration
from ksom.tasks.map_and_data import data_like, data_of_run, map_file_of, require_fitting, unchanged
from ksom.whole_files import STANDARD_OUTPUT

Known = TypeVar("Known")


@dataclass(frozen=True)
class Sight:
    """A run or a map, as far as it can be seen."""

    path: Path
    """What was named: a run folder, or the file of a map."""
    map_path: Path
    """The file of the map."""
    som: KohonenSOM
    """The newest map of the run."""
    is_own: bool
    """Whether it has its own neighbourhood, and so may be trained: a class of somebody's is not imported."""
    folder: Path | None = None
    """The run's folder; None for a map alone."""
    status: str | None = None
    """How the run ended, or "not ended"; None for a map alone."""
    iteration: int | None = None
    """After how many iterations the map was taken, if that is known."""
    iterations: int | None = None
    """How many were to be done, if that is known."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The resolved configuration; empty if nothing tells it."""
    history: History | None = None
    """The run's numbers; None for a map alone, or if they cannot be read."""
    dataset: Dataset | None = None
    """The data that were named, or that the run has learned from, if they are there and unchanged."""
    notes: tuple[str, ...] = ()
    """What could not be seen, and why."""

    @property
    def name(self) -> str:
        """What it is called: the folder's name, or the file's without its suffix."""
        return self.path.resolve().name if self.folder is not None else self.path.stem


def sight_of(
    path: Path,
    data: str | Path | None = None,
    *,
    key: str | None = None,
    csv: Mapping[str, Any] | None = None,
    with_data: bool = True,
) -> Sight:
    """Look at a run or a map.

    Parameters
    ----------
    path : Path
        A run folder, or the file of a map.
    data : str or Path, optional
        The samples, as `data_like` takes them; default: those that a run has learned from, if they are there and still
        the same.
    key : str, optional
        Which array of an .npz file the data are.
    csv : mapping of str to Any, optional
        How CSV files are written.
    with_data : bool
        Whether data that are not named are looked for; they are read once, to know whether they are the same.

    Raises
    ------
    DataError
        If there is no map, or the data that were named cannot be read.
    """
    notes: list[str] = []
    if path.is_dir():
        seen = _run(path, notes)
    else:
        map_path = map_file_of(path)
        som, is_own = loaded(map_path, notes)
        told = som.about_training.get("config")
        seen = {"map_path": map_path, "som": som, "is_own": is_own, "config": told if isinstance(told, dict) else {}}
        seen |= {name: whole(som.about_training.get(name)) for name in ("iteration", "iterations")}
    som, dataset = seen["som"], None
    if data is not None:
        dataset = data_like(som, data, key, csv)
        require_fitting(som, dataset, str(data))
        som.name_features(dataset.feature_names)
    elif with_data and path.is_dir():
        dataset = unless_refused(lambda: own_data(path, som), notes)
    return Sight(path, **seen, dataset=dataset, notes=tuple(notes))


def refuse_own_files(output: Path, seen: Sight) -> None:
    """Refuse to replace by a page what it is of: the map itself, or the film that its run made.

    Raises
    ------
    OutputError
        With the name.
    """
    if output == STANDARD_OUTPUT or not output.exists():
        return
    film = [] if seen.folder is None else [(seen.folder / Vlog.file).with_suffix(".html")]
    if any(path.exists() and output.samefile(path) for path in [seen.map_path, *film]):
        raise OutputError(f"{output}: is a file of the run or the map itself; name another file to write to")


def own_data(folder: Path, som: KohonenSOM) -> Dataset:
    """Return the data that a run has learned from.

    Raises
    ------
    DataError, ConfigError
        If they are not there any more, or changed.
    """
    dataset = data_of_run(folder)
    require_fitting(som, dataset, type(dataset).__name__)
    som.name_features(dataset.feature_names)
    return unchanged(folder, som, dataset)


def unless_refused(look: Callable[[], Known], notes: list[str]) -> Known | None:
    """Return what there is to be seen; None if it cannot be, with the reason among the notes."""
    try:
        return look()
    except KsomError as error:
        notes.append(str(error))
        return None


def newest_map(folder: Path, summary: Mapping[str, Any] | None) -> tuple[Path, int | None]:
    """Return the file of a run's newest map, and after how many iterations that was.

    Raises
    ------
    DataError
        If there is none yet, or it is a link that leads out of the folder.
    """
    if summary is not None and (folder / MAP).is_file():
        return _inside(folder, folder / MAP), whole(summary.get("iteration"))
    for path in reversed(checkpoint_paths(folder / CHECKPOINTS)):
        with suppress(DamagedFile):
            read(_inside(folder, path))
            return path, position_of(path)[0]
    if (folder / MAP).is_file():
        return _inside(folder, folder / MAP), None
    raise DataError(f"{folder}: holds no map yet, neither a {MAP} nor a whole checkpoint")


def _inside(folder: Path, path: Path) -> Path:
    """Return a file of a run folder, which may be somebody else's: a link in it could name any file."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{path}: is a link that leads out of the run folder; name the map itself")
    return path


def loaded(path: Path, notes: list[str]) -> tuple[KohonenSOM, bool]:
    """Return a map, and whether one like it may be trained: not with a neighbourhood that would have to be imported."""
    name = as_mapping(read(path).neighbourhood, "neighbourhood")["NAME"]
    if NEIGHBOURHOODS.get(name) is not None:
        return KohonenSOM.load(path), True
    notes.append(f"what more training would do: {shown_key(name)} would have to be imported for it")
    return KohonenSOM.load(path, neighbourhood=Gaussian()), False


def mapping(node: Any) -> Mapping[str, Any]:
    """Return a node of a configuration, nothing if it is something else."""
    return node if isinstance(node, Mapping) else {}


def whole(number: Any) -> int | None:
    """Return a number that is whole, None for all else, and for what no count of a run can be."""
    return number if isinstance(number, int) and abs(number) < 2**63 else None


def finite(number: Any) -> float | None:
    """Return a number, None for all else, and for what a float cannot hold."""
    return float(number) if isinstance(number, int | float) and abs(number) <= sys.float_info.max else None


def _run(folder: Path, notes: list[str]) -> dict[str, Any]:
    run = RunFolder(folder)
    if not run.holds_run:
        raise DataError(f"{folder}: is not the folder of a run of ksom")
    summary = unless_refused(run.summary, notes)
    config = unless_refused(lambda: configuration(folder), notes) or {}
    path, iteration = newest_map(folder, summary)
    som, is_own = loaded(path, notes)
    return {
        "map_path": path,
        "som": som,
        "is_own": is_own,
        "folder": folder,
        "status": "not ended" if summary is None else shown_key(str(summary["status"])),
        "iteration": iteration,
        "iterations": whole(mapping(config.get("TRAINER")).get("ITERATIONS")),
        "config": config,
        "history": unless_refused(lambda: History.of(folder), notes),
    }
