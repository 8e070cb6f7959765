"""`ksom inspect` tells what is in data; `ksom init` writes an experiment that trains as it stands."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ksom.config import as_plain, load_config
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.tables.profile import MOST_DIFFERENT
from ksom.tasks.first_experiment import _word
from ksom.tasks.inspection import inspect_table

ROWS = 300


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    return tmp_path


def customers():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "customer_id": rng.permutation(ROWS) + 1000,
            "age": rng.integers(18, 90, ROWS).astype(float),
            "income": np.exp(rng.normal(10, 1.5, ROWS)).round(2),
            "hour": np.arange(ROWS) * 7 % 24,
            "city": rng.choice(["Rome", "Oslo", "Bonn"], ROWS),
            "species": rng.choice(["a", "b"], ROWS),
            "one": 1,
            "note": [f"n{number // 2}" for number in range(ROWS)],
            "day": pd.date_range("2020-01-01", periods=ROWS),
            "no": rng.normal(size=ROWS),
        }
    )
    return frame.assign(again=frame.no, inches=frame.age / 2.54 + rng.normal(size=ROWS) * 1e-6)


def role(name, values):
    return inspect_table(pa.table({name: pa.array(values), "beside": range(len(values))})).findings[name]


RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=ROWS)


@pytest.mark.parametrize(
    ("name", "values", "expected", "why"),
    [
        ("x", NORMAL, "feature", ""),
        ("x", np.exp(NORMAL * 2), "feature", "a heavy tail"),
        ("x", -np.exp(NORMAL * 2), "feature", "far outside"),
        ("x", np.where(np.arange(ROWS) < 3, 1e6, NORMAL), "feature", "1.0% far outside"),
        ("x", np.arange(ROWS) % 5, "feature", "5 different whole numbers: if they are codes, a category"),
        ("x", np.arange(ROWS) % 2 == 0, "feature", ""),
        ("x", [1.5] * ROWS, "left out", "the same value everywhere"),
        ("x", [1.5, None] * 100, "left out", "the same value everywhere"),
        ("x", [None] * ROWS, "left out", "no value at all"),
        ("x", [math.nan] * ROWS, "left out", "no value at all"),
        ("x", [math.inf, *NORMAL], "left out", "1 infinite values"),
        ("x", [[1]] * ROWS, "left out", "neither numbers nor text nor times"),
        ("x", ["a", "b", None] * 100, "category", "2 different texts"),
        ("x", [f"n{n}" for n in range(ROWS)], "id", "each text is there once"),
        ("x", [f"n{n // 2}" for n in range(ROWS)], "left out", "150 different texts, too many for a category"),
        (
            "x",
            ["?", *map(str, NORMAL)],
            "left out",
            f"text; {ROWS / (ROWS + 1):.1%} are numbers, '?' is none: missing, or",
        ),
        ("x", ["1", "2", "?"] * 100, "category", "3 different texts; 66.7% are numbers, '?' is none"),
        ("x", [f"{n},5" for n in range(ROWS)], "left out", "text; all are numbers with a comma: say CSV DECIMAL ','"),
        ("x", [f"{n:04}" for n in range(ROWS)], "id", "each text is there once"),
        ("species", ["a", "b", "c"] * 100, "label", "by its name, 3 classes"),
        ("class", [0, 1, 2] * 100, "label", "by its name, 3 classes"),
        ("y", NORMAL, "feature", ""),
        ("user_id", RNG.permutation(ROWS), "id", "by its name, and each number is there once"),
        ("userId", RNG.permutation(ROWS), "id", "by its name"),
        ("humid", RNG.permutation(ROWS) * 2, "feature", ""),
        ("x", np.arange(ROWS) + 7, "id", "counts the rows"),
        ("hour", np.arange(ROWS) % 24, "cyclic", "begins anew at 24"),
        ("start_hour", np.arange(ROWS) % 24, "cyclic", "begins anew at 24"),
        ("hour", np.arange(ROWS) % 30, "feature", ""),
        ("month", np.arange(ROWS) % 12 + 1, "cyclic", "begins anew at 12"),
        ("weekday", np.arange(ROWS) % 7, "cyclic", "begins anew at 7"),
        ("wind_direction", NORMAL % 1 * 360, "cyclic", "begins anew at 360"),
        ("angle", (NORMAL % 1 - 0.5) * 6.28, "cyclic", "begins anew at 6.28319"),
        ("months", np.arange(ROWS) % 12 + 1, "feature", ""),
    ],
)
def test_what_a_column_is_likely_to_be_for(name, values, expected, why):
    found = role(name, values)
    assert found.role == expected
    assert found.why.startswith(why) or why in found.why


def test_columns_that_are_the_same_or_nearly_are_told():
    found = inspect_table(customers()).findings
    assert found["again"].why == "the same as no"
    assert found["inches"].why == "nearly the same as age (correlation 1.0000)"


def test_one_id_and_one_label_are_enough():
    frame = pd.DataFrame({"id": RNG.permutation(ROWS), "key": RNG.permutation(ROWS), "x": NORMAL})
    assert [finding.role for finding in inspect_table(frame).findings.values()] == ["id", "left out", "feature"]


def test_what_is_counted_is_exact_over_all_batches():
    rows = 150_000
    values = np.random.default_rng(2).normal(size=rows)
    values[::10] = np.nan
    read = inspect_table(pa.table({"x": values, "few": np.arange(rows) % 9_999})).profile
    x, few = read.columns
    assert (read.rows, x.missing, few.different) == (rows, rows // 10, 9_999)
    assert (x.low, x.high) == (np.nanmin(values), np.nanmax(values))
    assert x.mean == pytest.approx(np.nanmean(values))
    assert (x.is_counted, few.is_counted) == (False, True)
    assert len(x.values) < MOST_DIFFERENT + 65_537


def test_the_rows_drawn_are_the_same_for_all_columns_and_from_everywhere():
    x, y = inspect_table(pa.table({"x": np.arange(150_000), "y": -np.arange(150_000)})).profile.columns
    assert np.array_equal(x.drawn, -y.drawn)
    assert x.drawn.mean() == pytest.approx(75_000, rel=0.03)


def asked(*words):
    result = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_inspect_prints_a_line_for_each_column(there):
    customers().to_csv("customers.csv", index=False)
    head, _, names, *lines = asked("inspect", "customers.csv").splitlines()
    assert head == "customers.csv: 300 rows, 12 columns"
    assert names.split() == ["column", "holds", "from", "to", "mean", "missing", "different", "likely"]
    assert [line.split()[0] for line in lines] == list(customers().columns)
    assert "2020-01-01  2020-10-26  2020-05-29" in lines[8]


def test_inspect_prints_json(there):
    customers().to_parquet("customers.parquet")
    told = json.loads(asked("inspect", "customers.parquet", "--json"))
    assert (told["rows"], [column["name"] for column in told["columns"]]) == (ROWS, list(customers().columns))
    hour = told["columns"][3]
    numbers = {"low": 0.0, "high": 23.0, "mean": 11.46, "missing": 0, "different": 24}
    why = "begins anew at 24, by its name and range"
    assert hour == {"name": "hour", "kind": "number", **numbers, "likely": "cyclic", "why": why}


def test_inspect_tells_of_arrays_and_images(there):
    np.save("samples.npy", np.arange(12.0).reshape(4, 3))
    assert json.loads(asked("inspect", "samples.npy", "--json"))["samples"] == 4
    assert "features           3" in asked("inspect", "samples.npy")
    (there / "photos").mkdir()
    Image.new("RGB", (8, 6)).save("photos/one.png")
    assert "the first          6 × 8 pixels, RGB" in asked("inspect", "photos")
    assert "images             1" in asked("inspect", "photos/*.png")


def written(data, output="configs/mine.yaml"):
    asked("init", data, "-o", output)
    return Path(output).read_text()


def dataset(output="configs/mine.yaml"):
    return as_plain(load_config(Path(output)))["DATASET"]


def test_init_writes_what_each_column_is_for_and_why(there):
    customers().to_csv("customers.csv", index=False)
    text = written("customers.csv")
    expected = {"NAME": "Table", "PATH": "../customers.csv", "COLUMNS": ["age", "income", "no"], "CATEGORIES": ["city"],
                "CYCLIC": {"hour": 24}, "LABEL": "species", "ID": "customer_id"}  # fmt: skip
    assert dataset().items() >= expected.items()
    for why in ("income # a heavy tail", "city # 3 different texts", "left out: one: the same value everywhere"):
        assert why in text


def gaps(frame):
    frame.loc[::7, "age"] = np.nan
    frame.loc[3, ["age", "income", "hour", "no", "city", "again", "inches"]] = np.nan
    return frame


KINDS = "a table (.csv, .parquet, .arrow, …), an array (.npy, .npz), or a folder of images"

WRITERS = {
    "customers.csv": lambda path: customers().to_csv(path, index=False),
    "german.csv": lambda path: customers().to_csv(path, index=False, sep=";", decimal=","),
    "customers.parquet": lambda path: customers().to_parquet(path),
    "gaps.csv": lambda path: gaps(customers()).to_csv(path, index=False),
    "numbers.csv": lambda path: customers()[["age", "no"]].to_csv(path, index=False),
    "categories.csv": lambda path: customers()[["city", "species"]].to_csv(path, index=False),
    "cycles.csv": lambda path: customers()[["hour"]].assign(month=np.arange(ROWS) % 12 + 1).to_csv(path, index=False),
    "odd names.csv": lambda path: (
        customers()[["age", "no"]].rename(columns={"age": "a: b #c"}).to_csv(path, index=False)
    ),
    "samples.npy": lambda path: np.save(path, customers()[["age", "no"]].to_numpy()),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_init_writes_trains_as_it_stands(there, name):
    WRITERS[name](name)
    written(name)
    run = Experiment("configs/mine.yaml", ["TRAINER.ITERATIONS", "2"], output_dir="run")
    run.run()
    assert Path("run/map.npz").is_file()


def test_what_init_writes_for_a_folder_or_a_pattern_trains_as_it_stands(there):
    (there / "parts").mkdir()
    for number in range(2):
        customers().to_csv(f"parts/{number}.csv", index=False)
    for place, data in (("configs/folder.yaml", "parts"), ("configs/pattern.yaml", "parts/*.csv")):
        written(data, place)
        experiment = Experiment(place, ["TRAINER.ITERATIONS", "2"], output_dir=f"run-{data[-1]}")
        assert len(experiment.dataset) == 2 * ROWS


def test_rows_without_any_value_are_left_out(there):
    gaps(customers()).to_csv("gaps.csv", index=False)
    assert "MISSING: keep" in written("gaps.csv")
    assert dataset()["WHERE"].startswith("not (is_missing(column('age')) and is_missing(")
    assert len(Experiment("configs/mine.yaml", output_dir="run").dataset) == ROWS - 1


USELESS = "`ksom inspect useless.csv` tells why"
NO_FOLDER = "something that is no folder has its name: choose another"
PLACE = "choose another place"

IN_THE_WAY = {
    "customers.csv -o there.yaml": "there.yaml: is there already, and is not written over; choose another name",
    "customers.csv -o customers.csv": "customers.csv: an experiment's file must end with .yaml",
    "parts -o parts/mine.yaml": "parts/mine.yaml: lies in the folder of the data, which is left as it is; " + PLACE,
    "customers.csv -o customers.csv/mine.yaml": "customers.csv: cannot be written (File exists); " + NO_FOLDER,
    "customers.csv -o mine.yaml --csv latin-1": "--csv must be KEY=VALUE, such as encoding=latin-1, got 'latin-1'",
    "nothing.csv -o mine.yaml": "nothing.csv: there is no such file",
    "useless.csv -o mine.yaml": "useless.csv: no column is likely to be a feature; " + USELESS,
    "empty.npy -o mine.yaml": "empty.npy: is empty",
    "text.npy -o mine.yaml": "text.npy: is no .npy file, whatever its name says",
    "there.yaml -o mine.yaml": "there.yaml: is not of a kind that is looked into: " + KINDS,
}


def test_how_a_csv_file_is_written_can_be_said(there):
    frame = customers().rename(columns={"age": "âge"})
    frame.to_csv("old.csv", index=False, encoding="latin-1")
    said = ["--csv", "encoding=latin-1", "--csv", "header=true"]
    assert "âge" in asked("inspect", "old.csv", *said)
    asked("init", "old.csv", "-o", "configs/mine.yaml", *said)
    assert dataset()["CSV"] == {"ENCODING": "latin-1", "HEADER": True}
    assert Experiment("configs/mine.yaml", output_dir="run").dataset.feature_names[0] == "âge"


def test_the_folder_of_the_experiment_is_made(there):
    customers().to_csv("customers.csv", index=False)
    asked("init", "customers.csv", "-o", "new/folder/mine.yaml")
    assert len(Experiment("new/folder/mine.yaml", output_dir="run").dataset) == ROWS


def test_the_folder_of_a_run_is_no_data(there, capsys, monkeypatch):
    Path("run").mkdir()
    Path("run/config.yaml").write_text("SEED: 0")
    Image.new("RGB", (4, 4)).save("run/map.png")
    monkeypatch.setattr("sys.argv", ["ksom", "inspect", "run"])
    with pytest.raises(SystemExit):
        main()
    assert "run: is the folder of a run, not data; `ksom show run` tells" in capsys.readouterr().err


def test_a_text_beside_photos_is_no_table_and_a_picture_beside_tables_no_data(there):
    for folder, photos, texts in (("photos", 3, 1), ("tables", 1, 3)):
        Path(folder, "sea").mkdir(parents=True)
        for number in range(photos):
            Image.new("RGB", (4, 4)).save(f"{folder}/sea/{number}.png")
        for number in range(texts):
            Path(folder, f"{number}.txt").write_text("a,b\n1,2\n3,4\n")
    assert "Images" in asked("inspect", "photos")
    assert "6 rows" in asked("inspect", "tables")


@pytest.mark.parametrize(("words", "told"), IN_THE_WAY.items(), ids=IN_THE_WAY)
def test_init_refuses_in_one_line_and_writes_nothing(there, monkeypatch, capsys, words, told):
    customers().to_csv("customers.csv", index=False)
    (there / "there.yaml").write_text("SEED: 1\n")
    (there / "parts").mkdir()
    customers().to_csv("parts/one.csv", index=False)
    (there / "useless.csv").write_text("a,b\n1,2\n1,2\n")
    (there / "empty.npy").touch()
    (there / "text.npy").write_text("1 2\n")
    before = sorted(there.rglob("*"))
    monkeypatch.setattr("sys.argv", ["ksom", "init", *words.split()])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == f"Error: {told}\n"
    assert (there / "there.yaml").read_text() == "SEED: 1\n"
    assert sorted(there.rglob("*")) == before


def test_a_name_with_a_line_end_stays_inside_of_its_line(there):
    frame = customers().rename(columns={"one": "x\nSEED: 666", "no": "y\nSEED: 667"})
    frame.to_csv("bad\nSEED: 668.csv", index=False)
    Path("bad\nSEED: 668.csv").rename("bad.csv")
    written("bad.csv")
    assert "SEED" not in yaml.safe_load(Path("configs/mine.yaml").read_text())
    assert "y\nSEED: 667" in dataset()["COLUMNS"]


@given(st.text(min_size=1, max_size=9))
def test_a_name_is_read_back_as_it_was(name):
    line = f"KEY: {_word(name)} # why"
    if name.isprintable() or name.isascii():
        assert yaml.safe_load(line) == {"KEY": name}
