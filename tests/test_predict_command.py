"""From a file to a file: what a map says about each row, and what it fills in."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

import ksom
from ksom import KohonenSOM
from ksom.entry import cli, main
from ksom.errors import DataError
from ksom.map_file import Layer
from ksom.tasks import predicting
from ksom.tasks.predicting import predict_file
from tests.waiting import LONGEST_SECONDS, wait_until

ROWS = 60


def frame(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    kind = random.choice(["cat", "dog"], rows)
    return pd.DataFrame(
        {
            "name": [f"pet{row}" for row in range(rows)],
            "weight": np.where(kind == "cat", 4.0, 20.0) + random.standard_normal(rows),
            "kind": kind,
            "hour": random.integers(0, 24, rows).astype(float),
        }
    )


@pytest.fixture(scope="module")
def som() -> KohonenSOM:
    table = ksom.Table(frame(), columns=["weight"], categories=["kind"], cyclic={"hour": 24})
    made = ksom.train(table, 4, 4, scaling="standard", missing="keep", backend="numpy")
    made.calibrate(table)
    made.layers["clusters"] = Layer(np.arange(16).reshape(4, 4) % 3, {"method": "given", "clusters": 3})
    return made


@pytest.fixture
def files(som: KohonenSOM, tmp_path: Path) -> Path:
    som.save(tmp_path / "map.npz")
    frame().to_csv(tmp_path / "pets.csv", index=False)
    return tmp_path


def run(*words: Any) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: Any) -> str:
    monkeypatch.setattr("sys.argv", ["ksom", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    return capsys.readouterr().err.splitlines()[-1].removeprefix("Error: ")


READERS = {
    "csv": lambda path: pyarrow.csv.read_csv(path).to_pandas(),
    "parquet": lambda path: pyarrow.parquet.read_table(path).to_pandas(),
    "npy": lambda path: pd.DataFrame(np.load(path)),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_holds_what_python_says(kind: str, som: KohonenSOM, files: Path) -> None:
    run("predict", files / "map.npz", files / "pets.csv", "-o", files / f"out.{kind}")
    read, said = READERS[kind](files / f"out.{kind}"), som.predict(frame())
    assert list(read) == ["row", *said]
    assert list(said) == ["node", "node_row", "node_column", "distance", "cluster", "novelty", "is_novel"]
    for column in said:
        np.testing.assert_allclose(read[column].astype(float), said[column].astype(float), rtol=1e-6)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_data_frame_gets_a_data_frame_of_its_kind(make: Any, som: KohonenSOM) -> None:
    said = som.predict(make(frame().to_dict("list")))
    assert type(said) is make
    assert said["node"].to_list() == som.predict(frame())["node"].to_list()


def test_a_relation_of_duckdb_gets_a_table(som: KohonenSOM) -> None:
    pets = frame()  # duckdb finds it by its name
    said = som.predict(duckdb.sql("select * from pets"))
    assert said["node"].to_pylist() == som.predict(pets)["node"].to_list()


def test_windows_are_no_rows_of_a_table(files: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "mine.yaml").write_text(
        "DATASET: {NAME: Windows, PATH: pets.csv, LENGTH: 3, COLUMNS: [weight]}\n"
        "MODEL: {HEIGHT: 2, WIDTH: 2}\nTRAINER: {ITERATIONS: 1, ALGORITHM: batch}\n"
    )
    ksom.Experiment(files / "mine.yaml", output_dir=files / "run").run()
    for words, advice in {
        ("impute",): "",
        ("predict", "--id", "name"): ", so they have no column 'name'",
        ("label", "--column", "kind"): "; give the labels by --labels",
    }.items():
        line = told(capsys, monkeypatch, words[0], files / "run", files / "pets.csv", *words[1:])
        assert line.endswith(f"pets.csv: the samples of this map are of Windows, not the rows of a table{advice}")


def test_a_data_frame_keeps_the_names_of_its_rows(som: KohonenSOM) -> None:
    assert som.predict(frame().set_index("name")).index[0] == "pet0"


def test_an_array_gets_arrays(som: KohonenSOM) -> None:
    samples = ksom.Table(frame(), known=som.encoding).rows(slice(None))
    assert som.predict(samples).node.tolist() == som.predict(frame())["node"].tolist()


def test_pieces_say_what_the_whole_says(som: KohonenSOM, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict_file(som, files / "pets.csv", files / "whole.csv", id_column="name")
    monkeypatch.setattr("ksom.tables.source.BATCH_ROWS", 7)
    monkeypatch.setattr(predicting, "SEARCH_BYTES", 1000)
    frame().to_parquet(files / "pets.parquet")
    predict_file(som, files / "pets.parquet", files / "pieces.csv", id_column="name")
    assert (files / "pieces.csv").read_text() == (files / "whole.csv").read_text()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """Others who search, for parts of 16 rows."""
    for module in ("best_matching", "searching"):
        monkeypatch.setattr(f"ksom.{module}.PART_ROWS", 16)
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_others_say_the_same_of_a_table_with_rows_without_any_value(
    som: KohonenSOM, files: Path, threads: ThreadPoolExecutor
) -> None:
    data = frame()
    data.loc[[3, 4, 20, *range(32, 48)], ["weight", "kind", "hour"]] = None
    data.to_csv(files / "gaps.csv", index=False)
    asked: dict[str, Any] = {"id_column": "name", "strange": 1}
    said = predict_file(som, files / "gaps.csv", files / "here.csv", **asked)
    assert predict_file(som, files / "gaps.csv", files / "there.csv", compute=threads, **asked) == said == (ROWS, 19)
    assert (files / "there.csv").read_text() == (files / "here.csv").read_text()


def test_others_say_the_same_of_an_array_and_search_for_it(
    tmp_path: Path, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.random.default_rng(0).normal(size=(100, 3))
    np.save(tmp_path / "samples.npy", samples)
    som = ksom.train(samples, 4, 4)
    predict_file(som, tmp_path / "samples.npy", tmp_path / "here.npy")
    monkeypatch.setattr(KohonenSOM, "best_matching_nodes", None)
    predict_file(som, tmp_path / "samples.npy", tmp_path / "there.npy", compute=threads)
    assert (tmp_path / "there.npy").read_bytes() == (tmp_path / "here.npy").read_bytes()


def test_who_is_to_search_is_told_if_there_is_no_such_one(files: Path, capsys: Any, monkeypatch: Any) -> None:
    line = told(capsys, monkeypatch, "predict", files / "map.npz", files / "pets.csv", "--compute", "proceses")
    assert "did you mean 'processes'" in line


def test_rows_are_told_apart_by_their_ids(files: Path) -> None:
    shown = run("predict", files / "map.npz", files / "pets.csv", "--id", "name").stdout.splitlines()
    assert [line.split(",")[0] for line in shown[:2]] == ['"name"', '"pet0"']
    assert len(shown) == 1 + ROWS


@pytest.mark.parametrize("name", ["pets.csv", "mine.yaml"])
def test_data_in_the_place_of_the_map_are_told(name: str, files: Path, capsys: Any, monkeypatch: Any) -> None:
    line = told(capsys, monkeypatch, "predict", files / name, files / "map.npz")
    assert line.startswith(f"{files / name}: is no map; name a run folder, or its map.npz")


def test_a_reader_that_has_seen_enough_is_no_failure(files: Path) -> None:
    frame(100_000).to_csv(files / "many.csv", index=False)
    words = [sys.executable, "-m", "ksom", "predict", files / "map.npz", files / "many.csv"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        reading.stdout.readline()
        reading.stdout.close()
        assert b"Error" not in reading.stderr.read()


def test_columns_are_found_by_name_in_any_order(som: KohonenSOM) -> None:
    assert som.predict(frame()[["kind", "hour", "name", "weight"]]).equals(som.predict(frame()))


def test_an_array_file_is_predicted_too(tmp_path: Path) -> None:
    ksom.train(np.eye(3), 2, 2).save(tmp_path / "map.npz")
    np.save(tmp_path / "eye.npy", np.eye(3))
    run("predict", tmp_path / "map.npz", tmp_path / "eye.npy", "-o", tmp_path / "out.npy")
    assert len(np.load(tmp_path / "out.npy")["node"]) == 3


MESSAGES = {
    "a column that is missing": (
        lambda data: data.drop(columns="weight"), (), "the map was trained with the columns 'weight', which are missing"
    ),
    "an id that there is not": (lambda data: data, ("--id", "nam"), "has no column 'nam'; did you mean 'name'?"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "case"), [("predict", case) for case in MESSAGES] + [("impute", "a column that is missing")]
)
def test_what_cannot_be_used_is_named_and_nothing_is_written(
    command: str, case: str, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words, message = MESSAGES[case]
    monkeypatch.setattr("ksom.tables.source.BATCH_ROWS", 10)
    change(frame()).to_parquet(files / "bad.parquet")
    line = told(capsys, monkeypatch, command, files / "map.npz", files / "bad.parquet", "-o", files / "o.csv", *words)
    assert line.endswith(message)
    assert not (files / "o.csv").exists()


def test_an_id_is_not_called_as_an_answer_is(files: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    frame().rename(columns={"name": "cluster"}).to_csv(files / "pets.csv", index=False)
    line = told(capsys, monkeypatch, "predict", files / "map.npz", files / "pets.csv", "--id", "cluster")
    assert line.endswith("pets.csv: the column 'cluster' is called as an answer is; give it another name")


@pytest.mark.parametrize("command", ["predict", "impute"])
def test_a_value_that_is_infinite_is_named_by_its_column_and_row(
    command: str, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = frame()
    data.assign(weight=data.weight.where(data.name != "pet57", np.inf)).to_parquet(files / "bad.parquet")
    line = told(capsys, monkeypatch, command, files / "map.npz", files / "bad.parquet", "-o", files / "out.csv")
    assert all(text in line for text in ("bad.parquet", "row 57", "'weight'", "is inf"))


@pytest.mark.parametrize("command", ["predict", "impute"])
@pytest.mark.parametrize("data", ["pets.csv", ".", "*.csv", "mine.yaml"])
def test_the_data_are_never_replaced(
    data: str, command: str, files: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (files / "pets.csv").read_bytes()
    (files / "mine.yaml").write_text("DATASET: {NAME: Table, PATH: pets.csv}")
    line = told(capsys, monkeypatch, command, files / "map.npz", files / data, "-o", files / "pets.csv")
    assert line.endswith("pets.csv: is the data themselves; name another file to write to")
    assert (files / "pets.csv").read_bytes() == before


@pytest.mark.parametrize("command", ["predict", "impute"])
def test_a_folder_of_tables_is_a_table(command: str, files: Path) -> None:
    (files / "parts").mkdir()
    for part in (0, 1):
        frame()[part * 30 : part * 30 + 30].to_parquet(files / "parts" / f"{part}.parquet")
    said = {"predict": ("--id", "name"), "impute": ()}[command]
    for data in ("parts", "pets.csv"):
        run(command, files / "map.npz", files / data, "-o", files / f"{data}.out.csv", *said)
    assert (files / "parts.out.csv").read_text() == (files / "pets.csv.out.csv").read_text()


def test_samples_with_another_number_of_features_are_refused(files: Path, capsys: Any, monkeypatch: Any) -> None:
    np.save(files / "three.npy", np.eye(3))
    line = told(capsys, monkeypatch, "predict", files / "map.npz", files / "three.npy")
    assert line.endswith("three.npy: has 3 features, the map has 5")


def written_otherwise(folder: Path) -> None:
    """Train a map that has learned from a file in which -1 stands for a missing weight and semicolons separate."""
    frame().assign(kind="Käfer").to_csv(folder / "old.csv", index=False, sep=";", encoding="latin-1")
    (folder / "mine.yaml").write_text(
        "DATASET: {NAME: Table, PATH: old.csv, COLUMNS: [weight, hour], LABEL: kind,"
        " CSV: {ENCODING: latin-1, MISSING: ['-1']}, TYPES: {hour: number, kind: text}}\n"
        "MODEL: {MISSING: keep, HEIGHT: 2, WIDTH: 2}\nTRAINER: {ITERATIONS: 2, ALGORITHM: batch}\n"
    )
    ksom.Experiment(folder / "mine.yaml", output_dir=folder / "run").run()


def test_a_file_is_read_as_those_that_the_map_has_learned_from(tmp_path: Path) -> None:
    written_otherwise(tmp_path)
    (tmp_path / "new.csv").write_bytes("weight;hour;käse\n-1;5;x\n".encode("latin-1"))
    run("impute", tmp_path / "run", tmp_path / "new.csv", "-o", tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["weight"][0] > 0


def test_a_member_that_the_map_does_not_know_is_told(files: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame().assign(kind="eel").to_csv(files / "eels.csv", index=False)
    run("predict", files / "map.npz", files / "eels.csv")
    assert "column 'kind' holds 'eel' in" in caplog.messages[0]
    assert caplog.messages[0].endswith("; what is not known counts as missing")
    assert len(caplog.messages) == 1


def test_how_a_file_is_written_can_be_told(files: Path) -> None:
    frame().assign(name="Käfer").to_csv(files / "old.csv", index=False, encoding="latin-1")
    said = run("predict", files / "map.npz", files / "old.csv", "--csv", "encoding=latin-1", "--id", "name")
    assert said.stdout.splitlines()[1].startswith('"Käfer"')


def test_a_map_without_names_takes_as_many_columns_of_numbers_as_it_has_features(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "pets.csv", index=False)
    predict_file(ksom.train(np.eye(2), 2, 2), tmp_path / "pets.csv", tmp_path / "out.csv")
    with pytest.raises(DataError) as caught:
        predict_file(ksom.train(np.eye(3), 2, 2), tmp_path / "pets.csv", tmp_path / "out.csv")
    assert str(caught.value).endswith("pets.csv: has 2 columns of numbers, the map has 3 features, without names")


def test_a_member_that_the_map_does_not_know_is_named(tmp_path: Path) -> None:
    som = ksom.train(ksom.Table(frame(), columns=["weight"], categories=["kind"]), 3, 3)
    frame().replace("dog", "fish").to_csv(tmp_path / "pets.csv", index=False)
    with pytest.raises(DataError) as caught:
        predict_file(som, tmp_path / "pets.csv", tmp_path / "out.csv")
    assert "'fish'" in str(caught.value)
    assert "pets.csv, line 2" in str(caught.value)


def gappy() -> pd.DataFrame:
    data = frame()
    data.loc[3, "weight"], data.loc[4, "kind"], data.loc[5, "hour"] = np.nan, None, np.nan
    return data


def test_what_is_missing_is_filled_in_and_all_else_is_as_it_was(som: KohonenSOM, files: Path) -> None:
    gappy().to_parquet(files / "gappy.parquet")
    shown = run("impute", files / "map.npz", files / "gappy.parquet", "-o", files / "whole.parquet")
    assert shown.stderr == f"3 values filled in, in {ROWS} rows: {files / 'whole.parquet'}\n"
    whole = pd.read_parquet(files / "whole.parquet")
    assert list(whole) == list(frame())
    assert not whole.isna().any(axis=None)
    there = ~gappy().isna()
    assert whole.astype(object).where(there, None).equals(gappy().astype(object).where(there, None))
    assert 0 <= whole["hour"][5] < 24
    assert whole["kind"][4] == frame()["kind"][4]  # its weight tells


def test_gaps_of_an_array_are_filled_in_an_array(tmp_path: Path) -> None:
    samples = np.repeat(np.eye(2), 5, axis=0)
    ksom.train(samples, 1, 2, sigma=0.1).save(tmp_path / "map.npz")
    samples[0, 1] = np.nan
    np.save(tmp_path / "gappy.npy", samples)
    run("impute", tmp_path / "map.npz", tmp_path / "gappy.npy", "-o", tmp_path / "whole.npy")
    assert np.load(tmp_path / "whole.npy")[0].tolist() == [1.0, pytest.approx(0, abs=0.01)]


@pytest.fixture
def with_empty(files: Path) -> Path:
    frame().where(frame().name != "pet57").to_csv(files / "empty.csv", index=False)
    return files


@pytest.mark.parametrize("kind", READERS)
def test_a_row_without_any_value_gets_no_answer_and_the_others_theirs(kind: str, with_empty: Path) -> None:
    out = with_empty / f"out.{kind}"
    shown = run("predict", with_empty / "map.npz", with_empty / "empty.csv", "-o", out)
    assert shown.stderr == f"60 samples, 1 without any value: no answer: {out}\n"
    read, whole = READERS[kind](out), run("predict", with_empty / "map.npz", with_empty / "pets.csv", "-o", out)
    assert whole.exit_code == 0
    others = read["row"] != 57
    assert read[others]["node"].tolist() == READERS[kind](out)[others]["node"].tolist()
    assert np.isnan(read["distance"][57])
    assert read["node"][57] == -1 if kind == "npy" else np.isnan(read["node"][57])


def test_a_row_without_any_value_keeps_its_gaps(with_empty: Path) -> None:
    run("impute", with_empty / "map.npz", with_empty / "empty.csv", "-o", with_empty / "whole.csv")
    assert (with_empty / "whole.csv").read_text().splitlines()[58] == ",,,"


def test_rows_without_any_value_are_left_out_of_labelling(with_empty: Path) -> None:
    run("label", with_empty / "map.npz", with_empty / "empty.csv", "--column", "kind")
    assert KohonenSOM.load(with_empty / "map.npz").layers["labels"].values.sum() == ROWS - 1


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system knows no closed terminal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_command_that_is_ended_leaves_no_file(name: str, tmp_path: Path) -> None:
    KohonenSOM(1, 2, initial=np.zeros((1, 2, 1))).save(tmp_path / "map.npz")
    np.lib.format.open_memmap(tmp_path / "zeros.npy", mode="w+", dtype=np.float32, shape=(100_000_000, 1)).flush()
    (tmp_path / "out").mkdir()
    words = ["predict", "map.npz", "zeros.npy", "-o", "out/answers.csv"]
    command = subprocess.Popen([sys.executable, "-m", "ksom", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: any((tmp_path / "out").iterdir()))
        command.send_signal(getattr(signal, name))
        _, told = command.communicate(timeout=LONGEST_SECONDS)
    finally:
        command.kill()
    assert command.returncode == 128 + getattr(signal, name)
    assert told.strip().startswith("stopped at once")
    assert list((tmp_path / "out").iterdir()) == []
