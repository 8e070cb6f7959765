"""The map and the data that a command is given by the names of their files."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ksom.arguments import require_path
from ksom.array_files import MAGIC_NPY, MAGIC_ZIP, open_data, read_array
from ksom.config import as_plain, load_config
from ksom.dataset import Dataset
from ksom.datasets import DATASETS, Array, ImagePixels, Images, Table
from ksom.datasets.arrays import SHARD
from ksom.datasets.thumbnails import SUFFIXES as IMAGES
from ksom.encoding import Column, Encoding
from ksom.errors import DataError, OutputError
from ksom.experiment_files import CONFIG, ENVIRONMENT, experiment_file, found_file, is_experiment
from ksom.kohonensom_model import KohonenSOM
from ksom.method.classes import as_labels
from ksom.named_files import files_of, is_pattern, named_files
from ksom.part import held_out
from ksom.registry import build, located
from ksom.remote_files import is_address
from ksom.runs.checkpoint import LAST, is_checkpoint
from ksom.runs.run_folder import CHECKPOINTS, MAP
from ksom.runs.tracking_record import read_json
from ksom.summary import summarise
from ksom.tables.found_files import SUFFIXES as TABLES
from ksom.tables.found_files import holds_tables, is_table

READ_ALIKE = ("ImagePixels", "Images", "Windows")
"""Data sets whose options say what the features of a file are; none of them imports anything that a map names."""


def map_and_data(
    map_path: str | Path,
    data_path: str | Path | None = None,
    key: str | None = None,
    csv: Mapping[str, Any] | None = None,
) -> tuple[KohonenSOM, Dataset]:
    """Read a map and the samples to look at it with; without a name of data, those that the run has learned from.

    `key` and `csv` are as `data_like` takes them.

    Raises
    ------
    DataError, ConfigError
        If one of them cannot be read, or they do not fit each other.
    """
    som = map_of(map_path)
    dataset = data_of_run(map_path) if data_path is None else data_like(som, data_path, key, csv)
    require_fitting(som, dataset, str(data_path or type(dataset).__name__))
    som.name_features(dataset.feature_names)
    return som, unchanged(Path(map_path), som, dataset) if data_path is None else dataset


def require_fitting(som: KohonenSOM, dataset: Dataset, where: str) -> None:
    """Refuse data with another number of features than the map has.

    Raises
    ------
    DataError
        With both.
    """
    if dataset.features != som.features:
        raise DataError(f"{where}: has {dataset.features} features, the map has {som.features}")


def map_of(path: str | Path) -> KohonenSOM:
    """Read a map: that of a file, a checkpoint or a run folder.

    Raises
    ------
    DataError
        If there is none, it cannot be read, or it is something else. Nothing is imported that it names.
    """
    return KohonenSOM.load(map_file_of(path))


def map_file_of(path: str | Path) -> Path:
    """Return the file of a map that is named by it, or by a run folder.

    Raises
    ------
    DataError
        If there is none in the folder, or it is a table or an experiment.
    """
    place = require_path("map", path)
    if is_table(place) or is_experiment(str(place)):
        raise DataError(f"{place}: is no map; name a run folder, or its map.npz")
    if not place.is_dir():
        return place
    if (place / MAP).is_file():
        return place / MAP
    newest = place / CHECKPOINTS / LAST
    advice = f"; its newest checkpoint is {newest}" if newest.is_file() else ""
    raise DataError(f"{place}: there is no {MAP} in this folder{advice}")


def file_to_write(path: str | Path, output: Path | None) -> Path:
    """Return where a map is written to that was read and has learned more: another file, or its own.

    Raises
    ------
    OutputError
        If its own is a checkpoint, from which a training is to go on.
    """
    own = map_file_of(path)
    written = output or own
    if written.is_file() and is_checkpoint(written):
        raise OutputError(f"{written}: is a checkpoint, which stays as it is; name another file: -o labelled.npz")
    return written


def columns_of(som: KohonenSOM) -> Encoding | None:
    """Return how a table's columns become a map's features; None: the map does not know of columns."""
    if som.encoding is not None or som.feature_names is None:
        return som.encoding
    return Encoding(tuple(map(Column, som.feature_names)))


def data_like(
    som: KohonenSOM, path: str | Path, key: str | None = None, csv: Mapping[str, Any] | None = None
) -> Dataset:
    """Make the data set of a file or a folder as the map's own data were made: photos as small, windows as long.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    path : str or Path
        As `data_of` takes it.
    key : str, optional
        Which array of an .npz file.
    csv : mapping of str to Any, optional
        How CSV files are written. Default: as those that the map has learned from.

    Raises
    ------
    DataError, ConfigError
        As `data_of`; or if what the map tells of its own data cannot be.
    """
    own = own_reading(som)
    if own is None or is_experiment(str(path)) or (require_path("data", path) / CONFIG).is_file():
        return data_of(path, key, columns_of(som), table_reading(som, csv))
    made: Dataset = build(DATASETS, {**own, "PATH": str(path), **({"KEY": key} if key else {})}, "DATASET")[0]
    return made


def own_reading(som: KohonenSOM) -> dict[str, Any] | None:
    """Return how the map's own data were read, if that says what a feature is: the node of one of `READ_ALIKE`."""
    node = _own_node(som)
    return node if node.get("NAME") in READ_ALIKE else None


def require_rows(som: KohonenSOM, data: str | Path, advice: str = "") -> None:
    """Refuse a table for a map whose samples are no rows of one.

    Raises
    ------
    DataError
        Saying what they are.
    """
    own = own_reading(som)
    if own is not None:
        told = f"the samples of this map are of {own['NAME']}, not the rows of a table"
        raise DataError(f"{data}: {told}{advice}")


def table_reading(som: KohonenSOM, csv: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return how tables are read for a map, `csv` and `types` of `TableSource`: as its own was, unless `csv` is told.

    What stands for a missing value, -999 say, would else be a value when it comes again.
    """
    node, encoding = _own_node(som), som.encoding
    if node.get("NAME") != "Table" or encoding is None:
        return {"csv": csv or None, "types": None}
    told = node.get("TYPES")
    types = {name: told[name] for name in encoding.column_names if name in told} if isinstance(told, dict) else None
    return {"csv": csv or node.get("CSV"), "types": types}


def _own_node(som: KohonenSOM) -> dict[str, Any]:
    """Return what the map tells of its own data, which may be a stranger's word."""
    config = som.about_training.get("config")
    node = config.get("DATASET") if isinstance(config, dict) else None
    return node if isinstance(node, dict) else {}


def data_of(
    path: str | Path,
    key: str | None = None,
    known: Encoding | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Dataset:
    """Make the data set that a file holds, an array, an image or the DATASET of an experiment; or a run's.

    Parameters
    ----------
    path : str or Path
        The file; the run folder; or a folder of images or of .npy files, or a pattern such as `photos/*.jpg`.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.
    known : Encoding, optional
        How a table's columns became the features of a map; a table is read likewise.
    reading : mapping of str to Any, optional
        How a table's files are read, as `table_reading` returns it.

    Raises
    ------
    DataError, ConfigError
        If it cannot be read, or is something else.
    """
    if is_experiment(str(path)):
        return _dataset_of(experiment_file(path), known)
    if isinstance(path, str) and is_address(path):
        is_array = path.partition("?")[0].endswith(SHARD)
        return Array(path, key) if is_array else Table(path, known=known, **(reading or {}))
    place = require_path("data", path)
    if is_pattern(place) or (place.is_dir() and not (place / CONFIG).is_file()):
        return _data_of_files(place, partial(Table, known=known, **(reading or {})))
    if place.is_dir():
        return data_of_run(place)
    if is_table(place):
        return Table(place, known=known, **(reading or {}))
    with open_data(place) as file:
        start = file.read(max(len(MAGIC_NPY), len(MAGIC_ZIP)))
    return Array(place, key) if start.startswith((MAGIC_NPY, MAGIC_ZIP)) else _image(place)


def files_named(data: str | Path) -> Iterator[Path]:
    """Yield the files that data are read from: the one that is named, all of a folder or a pattern, an experiment's."""
    for path in _experiments_paths(Path(data)) if is_experiment(str(data)) else [Path(data)]:
        if is_pattern(path):
            yield from files_of(path)
        else:
            yield from path.rglob("*") if path.is_dir() else [path]


def _experiments_paths(data: Path) -> list[Path]:
    file = experiment_file(data)
    node = as_plain(load_config(file))["DATASET"]
    told = node.get("PATH", []) if isinstance(node, dict) else []
    return [Path(found_file(str(path), [file.parent, Path()])) for path in ([told] if isinstance(told, str) else told)]


def names_table(data: str | Path) -> bool:
    """Return whether a name stands for a table: a file, a pattern or a folder, but that of a run."""
    place = Path(str(data).partition("?")[0] if is_address(data) else data)
    if not place.is_dir():
        return is_table(place)
    return not (place / CONFIG).is_file() and holds_tables(place, IMAGES)


def _data_of_files(path: Path, table: Callable[[Path], Dataset]) -> Dataset:
    """Make the data set of a folder, or of a pattern, by what its files are."""
    kinds: dict[tuple[str, ...], Callable[[Path], Dataset]] = {
        SHARD: Array,
        IMAGES: Images,
        TABLES: table,
    }
    try:
        files = named_files("data", path, [suffix for suffixes in kinds for suffix in suffixes]).files
    except DataError as error:
        if is_pattern(path):
            raise
        raise DataError(f"{path}: there is no {CONFIG} that tells its data; name the data") from error
    made = {make: file for file in files for suffixes, make in kinds.items() if file.name.lower().endswith(suffixes)}
    if len(made) > 1:
        told = f"there are files of several kinds, {', '.join(file.name for file in made.values())}"
        raise DataError(f"{path}: {told}; name one kind, by a pattern such as {path.name}/*{files[0].suffix}")
    return next(iter(made))(path)


def _image(path: Path) -> ImagePixels:
    try:
        return ImagePixels(path)
    except DataError as error:
        if type(error.__cause__).__name__ != "UnidentifiedImageError":
            raise
        kinds = "a table (.csv, .parquet, …), an array (.npy, .npz), an image, or an experiment (.yaml)"
        raise DataError(f"{path}: is not of a kind that is read as data: {kinds}") from error


def data_of_run(folder: str | Path) -> Dataset:
    """Make the data set that a run has learned from, as its config.yaml tells.

    A run folder may be a stranger's, and nothing is imported for it.

    Raises
    ------
    DataError
        If there is no config.yaml, or the data set is of a class of somebody's own.
    ConfigError
        If the data set cannot be made.
    """
    place = require_path("run", folder)
    if not place.is_dir():
        raise DataError(f"{place}: is a map without data; name the data as well: an .npy file, an image, an experiment")
    file = place / CONFIG
    if not file.is_file():
        raise DataError(f"{place}: there is no {CONFIG} that tells its data; name the data")
    config = as_plain(load_config(file))
    with located("TRAINER"):
        return held_out(_dataset_of(file, may_import=False), config["TRAINER"].get("HOLD_OUT", 0), config["SEED"])[0]


def unchanged(folder: Path, som: KohonenSOM, dataset: Dataset) -> Dataset:
    """Return the data set of a run folder, if it still holds what the map has learned from.

    Raises
    ------
    DataError
        If its digest is another one, or the data cannot be learned from.
    """
    digest = summarise(dataset, keep_missing=som.intake.keeps_missing).digest
    if read_json(folder / ENVIRONMENT).get("data_digest", digest) != digest:
        raise DataError(f"{folder}: its data are not any more those that it learned from; name the data")
    return dataset


def _dataset_of(file: Path, known: Encoding | None = None, *, may_import: bool = True) -> Dataset:
    config = as_plain(load_config(file))
    node = config["DATASET"]
    name: Any = node.get("NAME") if isinstance(node, dict) else node
    if not may_import and isinstance(name, str) and ":" in name:
        told = f"its data are of the class {name}, and nothing is imported for a run folder"
        raise DataError(f"{file}: {told}; name the data, or the experiment's own YAML file")
    made: Dataset = build(DATASETS, node, "DATASET", [file.parent, Path()], seed=config["SEED"], known=known)[0]
    return made


def known_labels(dataset: Dataset) -> NDArray[Any] | None:
    """Return the classes that samples tell of themselves, shape (N,); None if they do not, or not every one does."""
    labels = dataset.labels
    return None if labels is None or (labels == "").any() else labels


def labels_of(path: Path) -> NDArray[Any]:
    """Read the class of each sample, shape (N,), from an .npy file.

    Raises
    ------
    DataError
        If it cannot be read, or is something else.
    """
    labels = read_array(path)
    try:
        return as_labels(labels)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
