"""A first experiment with somebody's data: a YAML file that trains as it stands, and says why it is as it is."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ksom.errors import DataError, OutputError, one_line
from ksom.experiment_files import SUFFIXES
from ksom.tables.row_filter import LONGEST
from ksom.tables.source import NoRows, TableSource
from ksom.tasks.inspected_data import Told, inspected
from ksom.tasks.inspection import CATEGORY, CYCLIC, FEATURE, ID, LABEL, LEFT_OUT, Inspection
from ksom.whole_files import replacing, writing

ITERATIONS = 30


def write_experiment(data: str, output: Path, csv: Mapping[str, Any] | None = None) -> None:
    """Write an experiment that learns from data.

    Parameters
    ----------
    data : str
        As `ksom.tasks.inspected_data.inspected` takes it.
    output : Path
        The YAML file; its path to the data is written as seen from there. Its folder is made if it is not there.
    csv : mapping of str to Any, optional
        How CSV files are written, as `ksom.tables.source.TableSource` takes it.

    Raises
    ------
    OutputError
        If the file is there already, would lie among the data, or cannot be written.
    DataError
        If the data cannot be read, or have nothing to learn from.
    """
    require_new(output, data)
    found = inspected(data, csv)
    path = relative_to(output.parent, data)
    lines = of_table(found, path, data, csv or {}) if isinstance(found, Inspection) else of_others(found, path)
    with writing(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(output) as file:
        file.write("".join(f"{one_line(line)}\n" for line in lines).encode())  # a name may have a line's end


def require_new(output: Path, data: str) -> None:
    """Refuse to write over a file, or among the data.

    Raises
    ------
    OutputError
        Saying which.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{output}: an experiment's file must end with .yaml")
    if os.path.lexists(output):
        raise OutputError(f"{output}: is there already, and is not written over; choose another name")
    if Path(data).is_dir() and output.resolve().is_relative_to(Path(data).resolve()):
        raise OutputError(f"{output}: lies in the folder of the data, which is left as it is; choose another place")


def relative_to(folder: Path, data: str) -> str:
    """Return the path of data, or a pattern, as seen from a folder; as it is if it is absolute."""
    return data if Path(data).is_absolute() else Path(os.path.relpath(data, folder)).as_posix()


def of_table(found: Inspection, path: str, data: str, csv: Mapping[str, Any]) -> list[str]:
    """Return the lines of an experiment with a table.

    Raises
    ------
    DataError
        If no column is likely to be a feature.
    """
    features, categories, cyclic = map(found.columns, (FEATURE, CATEGORY, CYCLIC))
    used = [*features, *categories, *cyclic]
    if not used:
        raise DataError(f"{data}: no column is likely to be a feature; `ksom inspect {data}` tells why")
    gaps = any(column.missing for column in found.profile.columns if column.name in used)
    lines = [f"# {found.profile.rows:,} rows of {found.name}. `ksom train --config-file` trains it as it stands.",
             "DATASET:", "  NAME: Table", f"  PATH: {_word(path)}"]  # fmt: skip
    lines += [f"  CSV: {json.dumps({key.upper(): value for key, value in csv.items()})} # as said"] if csv else []
    lines += _list("COLUMNS", features, found)
    lines += _list("CATEGORIES", categories, found)
    periods = {name: found.findings[name].period for name in cyclic}
    lines += _mapping("CYCLIC", periods, "begin anew at a period", "  ") if cyclic else []
    for key, role in (("LABEL", LABEL), ("ID", ID)):
        lines += [f"  {key}: {_word(name)} # {found.findings[name].why}" for name in found.columns(role)]
    lines += _rows_with_values(used, data, csv) if gaps else []
    lines += [f"  # left out: {_word(name)}: {found.findings[name].why}" for name in found.columns(LEFT_OUT)]
    lines += _model(gaps, _scaling(features, found))
    return [*lines, *_training()]


def of_others(found: Told, path: str) -> list[str]:
    """Return the lines of an experiment with an array or with images."""
    about = ", ".join(f"{fact} {name.replace('_', ' ')}" for name, fact in list(found.facts.items())[:2])
    size = ["  SIZE: 32 # pixels: height and width of a thumbnail"] if found.dataset == "Images" else []
    scaling = ["  SCALING: standard # each feature counts alike"] if found.dataset == "Array" else []
    lines = [f"# {about}. `ksom train --config-file` trains it as it stands.", "DATASET:", f"  NAME: {found.dataset}",
             f"  PATH: {_word(path)}", *size]  # fmt: skip
    return [*lines, *_model(bool(found.facts.get("missing")), scaling), *_training()]


def _model(gaps: bool, scaling: Sequence[str]) -> list[str]:
    missing = ["  MISSING: keep # some values are missing: a sample is compared by those that it has"] if gaps else []
    size = ["  HEIGHT: auto # by the number of samples and the shape of the data", "  WIDTH: auto"]
    return ["MODEL:", *size, *missing, *scaling]


def _training() -> list[str]:
    return ["TRAINER:", f"  ITERATIONS: {ITERATIONS} # times that all samples are shown", "  ALGORITHM: batch"]


def _scaling(features: Sequence[str], found: Inspection) -> list[str]:
    own = {name: found.findings[name].scaling for name in features if found.findings[name].scaling}
    if not features:
        return []
    if not own:
        return ["  SCALING: standard # by deviations from the mean: each column counts alike, whatever its unit"]
    return ["  SCALING:", "    NAME: per_column", "    DEFAULT: standard # by deviations from the mean",
            *_mapping("COLUMNS", own, "heavy tails", "    ")]  # fmt: skip


def _list(key: str, names: Sequence[str], found: Inspection) -> Iterator[str]:
    yield f"  {key}:" if names else f"  {key}: []"
    for name in names:
        why = found.findings[name].why
        yield f"  - {_word(name)}{f' # {why}' if why else ''}"


def _mapping(key: str, values: Mapping[str, str | float], why: str, indent: str) -> list[str]:
    told = {name: _word(value) if isinstance(value, str) else f"{value!r}" for name, value in values.items()}
    return [f"{indent}{key}: # {why}", *(f"{indent}  {_word(name)}: {value}" for name, value in told.items())]


def _rows_with_values(used: Sequence[str], data: str, csv: Mapping[str, Any]) -> list[str]:
    """Return how rows are left out that have no value at all, if there are some."""
    everywhere = " and ".join(f"is_missing(column({name!r}))" for name in used)
    if len(everywhere) > LONGEST - 10:
        return ["  DROP_MISSING: true # rows that lack a value"]
    try:
        empty = next(TableSource(data, where=everywhere, csv=csv).batches(()), None)
    except NoRows:
        return []
    told = "some rows have no value at all"
    return [f"  WHERE: {_word(f'not ({everywhere})')} # {told}"] if empty is not None else []


def _word(text: str) -> str:
    """Return a text as YAML reads it back: plain if that is the same, else in quotes."""
    is_plain = re.fullmatch(r"[A-Za-z_./][\w./+-]*", text, re.ASCII) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=not text.isprintable())
