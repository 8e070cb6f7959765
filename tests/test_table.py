"""A table's columns become features, as somebody says; what they cannot be is told in one line."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ksom import KohonenSOM, Table, train
from ksom.default_setup import Experiment
from ksom.encoding import OF_ITS_CATEGORY
from ksom.errors import ConfigError, DataError, ParameterError
from ksom.evaluation import evaluate
from ksom.tasks.map_and_data import map_and_data
from ksom.tasks.predicting import predict_file

pa = pytest.importorskip("pyarrow")
csv = pytest.importorskip("pyarrow.csv")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

PEOPLE = {
    "age": [30.0, 41.0, None, 25.0, 63.0, 47.0],
    "sex": ["f", "m", "f", None, "m", "f"],
    "hour": [0, 6, 12, 18, 3, 9],
    "visits": [1, 4, 2, 0, 7, 3],
    "name": ["Ann, B.", 'Bob "x"', "Cyd", "Dee", "Eve", "Fay"],
}
HOW = {"categories": ["sex"], "cyclic": {"hour": 24}, "id": "name"}
WHOLE = {**HOW, "drop_missing": True}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A CSV file with gaps, commas and quotes in its cells."""
    csv.write_csv(pa.table(PEOPLE), tmp_path / "people.csv")
    return tmp_path / "people.csv"


def of_members(column: str, values: list[str], **options: object) -> tuple[str, ...]:
    table = pa.table({column: values})
    return Table(table, categories={column: options or None}).feature_names


def test_numbers_categories_and_cycles_become_features_in_the_order_of_the_table(file: Path) -> None:
    table = Table(file, **HOW)
    assert table.feature_names == ("age", "sex=f", "sex=m", "cos hour", "sin hour", "visits")
    one = OF_ITS_CATEGORY
    np.testing.assert_allclose(table.samples[1], [41, 0, one, math.cos(math.pi / 2), 1, 4])
    assert np.isnan(table.samples[2]).tolist() == [True, False, False, False, False, False]
    assert np.isnan(table.samples[3]).tolist() == [False, True, True, False, False, False]


def test_columns_are_chosen_by_name_and_pattern_and_come_in_that_order() -> None:
    table = pa.table({"a_1": [1.0], "b": [2.0], "a_2": [3.0], "kind": ["x"], "c": [4.0]})
    chosen = Table(table, columns=["b", "a_*"], categories={"kind": ["x"]}, label="c")
    assert chosen.feature_names == ("b", "a_1", "a_2", "kind=x")


def test_a_pattern_leaves_labels_out_that_a_name_takes() -> None:
    table = pa.table({"x": [1.0], "y": [2.0]})
    assert Table(table, columns=["*"], label="y").feature_names == ("x",)
    assert Table(table, columns=["x", "y"], label="y").feature_names == ("x", "y")


def test_labels_and_ids_are_texts_of_the_samples(file: Path) -> None:
    table = Table(file, columns=["age", "visits"], label="sex", id="name")
    assert table.labels is not None
    assert table.labels.tolist() == ["f", "m", "f", "", "m", "f"]
    assert table.ids().tolist() == PEOPLE["name"]
    assert table.names_of(slice(1, 3)).tolist() == PEOPLE["name"][1:3]
    assert Table(file, **WHOLE, label="visits").labels.tolist() == ["1", "4", "7", "3"]


def test_without_a_column_of_labels_or_ids_there_are_none(file: Path) -> None:
    table = Table(file, columns=["visits"])
    assert table.labels is None
    assert table.ids() is None
    assert table.names_of(slice(1, 3)) is None


def test_rows_that_lack_a_feature_can_be_left_out_and_places_still_hold(file: Path) -> None:
    table = Table(file, **WHOLE)
    assert table.ids().tolist() == [PEOPLE["name"][row] for row in (0, 1, 4, 5)]
    assert not np.isnan(table.samples).any()
    assert table.place(2) == f"{file}, line 6"


def test_a_filter_says_which_rows_are_read(file: Path) -> None:
    table = Table(file, columns=["visits"], where="visits >= 3", id="name")
    assert table.samples.ravel().tolist() == [4, 7, 3]
    assert table.ids().tolist() == ['Bob "x"', "Eve", "Fay"]


def test_rare_members_are_one_feature_together() -> None:
    values = ["b"] * 48 + ["a"] * 50 + ["d", "c"]
    assert of_members("k", values, rare=0.02) == ("k=a", "k=b", "k=other")
    assert of_members("k", values, rare=0.01) == ("k=a", "k=b", "k=c", "k=d")
    table = Table(pa.table({"k": values}), categories=["k"], rare=0.02)
    np.testing.assert_array_equal(table.samples[-2:], [[0, 0, OF_ITS_CATEGORY]] * 2)


def test_a_member_called_other_is_among_the_others() -> None:
    assert of_members("k", ["a"] * 90 + ["other"] * 9 + ["c"], rare=0.05) == ("k=a", "k=other")


def test_members_that_are_named_have_features_in_that_order() -> None:
    assert of_members("k", ["a", "b"], members=["b", "a", "z"]) == ("k=b", "k=a", "k=z")
    assert of_members("k", ["a", "b", "q"], members=["b"], other=True) == ("k=b", "k=other")


def test_numbers_and_truth_values_can_be_categories() -> None:
    table = pa.table({"zone": [1, 2, 1], "new": [True, False, None]})
    names = Table(table, categories={"zone": [2, 1], "new": [True, False]}).feature_names
    assert names == ("zone=2", "zone=1", "new=true", "new=false")


def test_types_say_what_a_column_holds(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("zip,x\n010,1\n020,2\n")
    table = Table(tmp_path / "t.csv", categories=["zip"], types={"zip": "text"})
    assert table.feature_names == ("zip=010", "zip=020", "x")


def test_samples_are_single_precision_if_all_columns_are() -> None:
    single, double = pa.array([1.5, 2.5], pa.float32()), pa.array([1.5, 2.5])
    assert Table(pa.table({"x": single, "y": single})).samples.dtype == np.float32
    assert Table(pa.table({"x": single, "y": double})).samples.dtype == np.float64


def test_units_are_kept_for_whoever_shows_columns(file: Path) -> None:
    assert Table(file, **HOW, units={"age": "years"}).units == {"age": "years"}


REFUSED = {
    "text without a use": ({}, "the columns 'sex', 'name' hold no numbers; name them in CATEGORIES, LABEL or ID, or "),
    "one text without a use": ({"id": "name"}, "the column 'sex' holds no numbers; name it in CATEGORIES, LABEL or ID"),
    "text as a number": ({"columns": ["age", "sex"]}, "column 'sex' holds text, no numbers; name it in CATEGORIES, or"),
    "where it is no number": ({"columns": ["age", "sex"]}, "; TYPES: {'sex': number} tells where it has none"),
    "text that was meant as numbers": ({"id": "name"}, "; TYPES: {'sex': number} tells where it has none"),
    "no such column": ({"columns": ["aged"]}, "has no column 'aged'; did you mean 'age'?"),
    "no such category": ({"categories": ["sax"]}, "there is no column 'sax'; there are 'age', 'sex', 'hour', 'visits'"),
    "no such label": ({"label": "class", "columns": ["age"]}, "there is no column 'class'"),
    "an id as a category": (
        {"categories": {"name": {"rare": 0.2}}, "columns": ["age"]},
        r"'name' has 6 different values: an ID\? For a category at least one must fill 0.2 of the rows, and at most",
    ),
    "an unknown member": (
        {"categories": {"sex": ["f"]}, "columns": ["age"]},
        "people.csv: column 'sex' holds 'm' in .*people.csv, line 3, which is none of its members: 'f'",
    ),
    "all rows left out": ({"columns": ["age"], "where": "is_missing(age)", "drop_missing": True},
                          r"no row is left to learn from: each of them lacks a feature \(DROP_MISSING\)"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_columns_cannot_be_is_told(file: Path, how: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Table(file, **how)


def test_a_column_with_very_many_values_is_not_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.tables.members.MOST_COUNTED", 10)
    with pytest.raises(DataError, match=r"column 'k' has more than 10 different values: an ID\?"):
        of_members("k", list(map(str, range(11))))


def test_more_than_a_hundred_members_are_refused() -> None:
    values = [f"{number:03}" for number in range(101)]
    with pytest.raises(DataError, match="'k' has 101 different values"):
        of_members("k", values, rare=0)
    assert len(of_members("k", values[:100], rare=0)) == 100


def test_a_category_without_values_is_refused() -> None:
    with pytest.raises(DataError, match="column 'k' has no value at all; leave it out"):
        Table(pa.table({"k": pa.array([None], pa.string())}), categories=["k"])


def test_features_that_would_be_called_alike_are_refused() -> None:
    with pytest.raises(DataError, match="more than one feature would be called 'k=a'; rename a column"):
        Table(pa.table({"k": ["a"], "k=a": [1.0]}), categories=["k"])


WRONG = {
    "cyclic": ({"cyclic": ["hour"]}, "cyclic must map columns to their periods, such as {hour: 24}"),
    "period": ({"cyclic": {"hour": 0}}, r"cyclic\['hour'\] must be a number > 0"),
    "categories": ({"categories": 3}, "categories must be a list of columns, or map columns to options"),
    "options": (
        {"categories": {"sex": {"rara": 1}}},
        r"categories\['sex'\] must be a list of members, or have the keys members, rare",
    ),
    "members": ({"categories": {"sex": ["f", "f"]}}, r"categories\['sex'\] must list different members, at least one"),
    "share": ({"categories": {"sex": {"rare": 2}}}, r"categories\['sex'\].rare must be a number >= 0 and <= 1"),
    "rare": ({"rare": -1}, "rare must be a number >= 0 and <= 1"),
    "both": ({"categories": ["sex"], "cyclic": {"sex": 2}}, "have no column that is in categories: 'sex'"),
    "units": ({"units": {"age": 3}}, "units must map columns to texts, such as {height: cm}"),
    "csv": ({"csv": ";"}, "csv must tell delimiter, decimal, encoding"),
    "label": ({"label": 3}, "label must be a string"),
    "drop": ({"drop_missing": "yes"}, "drop_missing must be true or false"),
}


@pytest.mark.parametrize(("how", "message"), WRONG.values(), ids=WRONG.keys())
def test_arguments_outside_their_domain_are_told(file: Path, how: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Table(file, **how)


GAPS = {
    "number": ({"columns": ["age"]}, "column 'age' is missing in .*people.csv, line 4 "),
    "category": ({"columns": ["visits"], "categories": ["sex"]}, "column 'sex' is missing in .*people.csv, line 5 "),
    "category of rows": ({"columns": ["visits"], "categories": ["sex"], "where": "visits != 4"},
                         "column 'sex' is missing in .*people.csv, line 5 "),
}  # fmt: skip


@pytest.mark.parametrize(("how", "message"), GAPS.values(), ids=GAPS.keys())
def test_a_missing_value_is_told_by_column_file_and_line(file: Path, how: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=f"{message}.*DROP_MISSING.*MODEL.MISSING keep"):
        train(Table(file, **how), 2, 2, iterations=1)


def test_an_infinity_on_a_cycle_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("hour\n1\ninf\n")
    with pytest.raises(DataError, match=r"column 'hour' is inf in .*t.csv, line 3"):
        train(Table(tmp_path / "t.csv", cyclic={"hour": 24}), 2, 2, iterations=1)


def test_an_infinity_is_not_left_out_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("hour\n1\ninf\n")
    with pytest.raises(DataError, match=r"column 'hour' is inf in .*t\.csv, line 3; drop or fill it"):
        train(Table(tmp_path / "t.csv", drop_missing=True), 2, 2, iterations=1)


def test_missing_values_may_be_kept(file: Path) -> None:
    assert train(Table(file, **HOW), 2, 2, iterations=2, missing="keep").features == 6


@pytest.fixture(scope="module")
def som() -> KohonenSOM:
    return train(Table(pa.table(PEOPLE), **WHOLE), 3, 3, iterations=5)


@pytest.fixture
def whole() -> "pandas.DataFrame":
    return pandas.DataFrame(PEOPLE).dropna()


def test_data_frames_are_read_by_the_map_s_encoding_whatever_the_order_and_other_columns(
    som: KohonenSOM, whole: "pandas.DataFrame"
) -> None:
    expected = som.best_matching_nodes(Table(pa.table(PEOPLE), **WHOLE).samples)
    mixed = whole[["name", "visits", "sex", "hour", "age"]]
    for frame in (whole, mixed, polars.DataFrame(mixed.to_dict("list")), pa.Table.from_pandas(mixed)):
        assert som.best_matching_nodes(frame).tolist() == expected.tolist()


def test_a_frame_that_has_the_features_themselves_is_taken_as_it_is(som: KohonenSOM) -> None:
    samples = Table(pa.table(PEOPLE), **WHOLE).samples
    frame = pandas.DataFrame(samples, columns=list(som.feature_names)).assign(more=1)
    assert som.best_matching_nodes(frame).tolist() == som.best_matching_nodes(samples).tolist()


def test_what_a_data_frame_lacks_or_the_map_does_not_know_is_told(som: KohonenSOM, whole: "pandas.DataFrame") -> None:
    with pytest.raises(DataError, match="the map was trained with the columns 'hour', 'visits', which are mis"):
        som.best_matching_nodes(whole.drop(columns=["hour", "visits"]))
    with pytest.raises(DataError, match="column 'sex' holds 'x' in DataFrame, row 1, which is none of its mem"):
        som.best_matching_nodes(whole.assign(sex=["f", "x", "m", "f"]))
    with pytest.raises(DataError, match="column 'age' is missing in DataFrame, row 2; drop or fill it: the map"):
        som.best_matching_nodes(whole.assign(age=[1.0, 2.0, None, 3.0]))
    with pytest.raises(DataError, match="samples: column 'age' is inf in DataFrame, row 0"):
        som.best_matching_nodes(whole.assign(age=[math.inf, 2.0, 1.0, 3.0]))


def test_an_unknown_member_is_one_of_the_others_or_else_missing() -> None:
    table = pa.table({"x": [1.0, 2.0, 9.0], "k": ["a", "a", "b"]})
    strange = pandas.DataFrame({"x": [1.0], "k": ["q"]})
    with_others = train(Table(table, categories={"k": {"members": ["a"], "other": True}}), 2, 2, iterations=3)
    same = pandas.DataFrame({"x": [1.0], "k": ["b"]})
    assert with_others.transform(strange).tolist() == with_others.transform(same).tolist()
    keeps = train(Table(table, categories=["k"]), 2, 2, iterations=3, missing="keep")
    unknown = pandas.DataFrame({"x": [1.0], "k": [None]})
    assert keeps.transform(strange).tolist() == keeps.transform(unknown).tolist()


def test_a_bare_data_frame_s_map_still_refuses_other_columns() -> None:
    frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]})
    with pytest.raises(DataError, match="trained without the columns 'z'; drop them"):
        train(frame, 2, 2, iterations=1).best_matching_nodes(frame.assign(z=1))


def test_the_map_s_file_reads_other_tables_by_its_encoding(som: KohonenSOM, tmp_path: Path) -> None:
    som.save(tmp_path / "map.npz")
    mixed = pa.table(PEOPLE).slice(0, 2).select(["name", "visits", "hour", "sex", "age"])
    parquet.write_table(mixed, tmp_path / "two.parquet")
    loaded, dataset = map_and_data(tmp_path / "map.npz", tmp_path / "two.parquet")
    assert dataset.feature_names == som.feature_names
    np.testing.assert_array_equal(dataset.samples, Table(pa.table(PEOPLE), **WHOLE).samples[:2])
    parquet.write_table(mixed.drop_columns("age"), tmp_path / "two.parquet")
    with pytest.raises(DataError, match="with the columns 'age', which are missing"):
        map_and_data(tmp_path / "map.npz", tmp_path / "two.parquet")
    assert loaded.encoding == som.encoding


def test_what_a_file_holds_that_the_map_does_not_know_is_told_by_its_line(som: KohonenSOM, tmp_path: Path) -> None:
    som.save(tmp_path / "map.npz")
    (tmp_path / "new.csv").write_text("age,sex,hour,visits\n1,f,2,3\n1,x,2,3\n")
    message = "column 'sex' holds 'x' in .*new.csv, line 3, which is none of its members: 'f', 'm'"
    with pytest.raises(DataError, match=message):
        evaluate(*map_and_data(tmp_path / "map.npz", tmp_path / "new.csv"))
    with pytest.raises(DataError, match=message):
        predict_file(som, tmp_path / "new.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_file_and_a_data_frame_get_the_same_answers(som: KohonenSOM, file: Path, whole: "pandas.DataFrame") -> None:
    whole.to_csv(file, index=False)
    predict_file(som, file, file.with_name("out.csv"), id_column="name")
    said = pandas.read_csv(file.with_name("out.csv"))
    nodes, distances = som.best_matching_nodes(whole, return_distances=True)
    assert said["node"].tolist() == nodes.tolist()
    np.testing.assert_array_equal(said["distance"].astype("float32"), distances)


def test_the_map_of_a_bare_data_frame_reads_a_file_by_its_columns_names(tmp_path: Path) -> None:
    train(pandas.DataFrame({"x": [1.0, 2.0], "y": [5.0, 7.0]}), 2, 2, iterations=1).save(tmp_path / "map.npz")
    (tmp_path / "t.csv").write_text("id,y,x\n1,5,1\n2,7,2\n")
    assert map_and_data(tmp_path / "map.npz", tmp_path / "t.csv")[1].samples.tolist() == [[1, 5], [2, 7]]


def test_a_file_gives_the_map_of_the_table_in_memory_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.normal(size=500), "y": rng.integers(0, 9, 500), "k": rng.choice(["a", "b,c"], 500)})
    csv.write_csv(table, tmp_path / "t.csv")
    parquet.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.feather")
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    maps = {}
    for name, data in {"memory": table, **{file: file for file in files}}.items():
        train(Table(data, categories=["k"]), 4, 4, iterations=3).save(tmp_path / "map.npz")
        maps[name] = (tmp_path / "map.npz").read_bytes()
    assert len(maps) == 4
    assert set(maps.values()) == {maps["memory"]}


EXPERIMENT = """
DATASET: {NAME: Table, PATH: people.csv, CATEGORIES: {sex: {OTHER: false, RARE: 0.1}}, CYCLIC: {hour: 24}, ID: name,
          DROP_MISSING: true, CSV: {DELIMITER: ","}, UNITS: {age: years}}
MODEL: {HEIGHT: 3, WIDTH: 3}
TRAINER: {ITERATIONS: 4}
HOOKS: {VLOG: null, PICTURE: null, PROGRESS: null, CHECKPOINT: {EVERY: 2}}
"""


@pytest.fixture
def experiment(file: Path) -> Path:
    place = file.with_name("exp.yaml")
    place.write_text(EXPERIMENT)
    return place


def test_the_config_of_a_run_trains_the_same_map_again(experiment: Path, tmp_path: Path) -> None:
    first = Experiment(experiment, output_dir=tmp_path / "run").run()
    again = Experiment(tmp_path / "run" / "config.yaml", output_dir=tmp_path / "again").run()
    assert first.som.weights.tobytes() == again.som.weights.tobytes()
    assert first.som.encoding == again.som.encoding is not None


def test_a_run_on_a_table_goes_on_where_it_ended(experiment: Path, tmp_path: Path) -> None:
    whole = Experiment(experiment, output_dir=tmp_path / "whole").run()
    stopped = Experiment(experiment, output_dir=tmp_path / "part")
    stopped.trainer.hooks["CHECKPOINT"].after_step = _stop_after(stopped.trainer.hooks["CHECKPOINT"].after_step)
    assert stopped.run().status == "stopped"
    resumed = Experiment(experiment, output_dir=tmp_path / "part").run(resume=True)
    assert resumed.som.weights.tobytes() == whole.som.weights.tobytes()


def _stop_after(step):
    def stopping(run):
        step(run)
        run.request_stop("enough")

    return stopping


def test_wrong_keys_are_told_by_their_place_in_the_yaml_file(experiment: Path) -> None:
    experiment.write_text("DATASET: {NAME: Table, PATH: people.csv, CYCLIC: {hour: -1}}")
    with pytest.raises(ConfigError, match=r"DATASET.CYCLIC\['hour'\] must be a number > 0, got -1"):
        Experiment(experiment)
    experiment.write_text("DATASET: {NAME: Table, PATH: people.csv, KNOWN: 3}")
    with pytest.raises(ConfigError, match=r"DATASET.KNOWN: Table has no such key"):
        Experiment(experiment)


@pytest.mark.slow
def test_ksom_trains_on_files_of_a_pattern_beside_the_yaml_file_and_keeps_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    place, command = tmp_path / "lake", Path(sys.executable).with_name("ksom")
    place.mkdir()
    for part in ("1", "2"):
        columns = {f"x{number}": rng.normal(size=30_000) for number in range(9)}
        csv.write_csv(pa.table({**columns, "kind": rng.choice(["a", "b, c"], 30_000)}), place / f"{part}.csv")
    (place / "exp.yaml").write_text("""
DATASET: {NAME: Table, PATH: "?.csv", COLUMNS: ["x[0-4]"], CATEGORIES: [kind]}
MODEL: {HEIGHT: 3, WIDTH: 3}
TRAINER: {ITERATIONS: 2}
HOOKS: {VLOG: null, PICTURE: null}
""")

    def ksom(*words: str) -> str:
        environment = {**os.environ, "KSOM_CACHE": str(tmp_path / "cache")}
        done = subprocess.run([command, *words], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode() + done.stderr.decode()

    assert "60,000 rows" in ksom("train", "--config-file", "lake/exp.yaml")
    first = (tmp_path / "logs/exp/map.npz").read_bytes()
    assert "kept for later runs" not in ksom("train", "--config-file", "lake/exp.yaml")
    assert (tmp_path / "logs/exp/map.npz").read_bytes() == first
    shown = ksom("cache")
    assert "60,000 × 7" in shown
    assert str(place / "1.csv") in shown
    assert "1 table removed" in ksom("cache", "--clear")
