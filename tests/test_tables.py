"""Tables in Parquet and Arrow files and in memory, in one file or many: the same rows, in order."""

import datetime as dt
import decimal
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from ksom.errors import DataError, ParameterError
from ksom.tables.source import BATCH_ROWS, TableSource

ROWS = BATCH_ROWS + 100


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def frame(rows=ROWS):
    numbers = np.arange(rows)
    return pa.table(
        {
            "whole": numbers,
            "half": pa.array((numbers / 2).astype(np.float32), mask=numbers % 5 == 0),
            "name": pa.array([f"n{number % 3}" for number in numbers]).dictionary_encode(),
        }
    )


def to_stream(table, path):
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "t.parquet": pq.write_table,
    "groups.parquet": lambda table, path: pq.write_table(table, path, row_group_size=1000),
    "t.feather": pyarrow.feather.write_feather,
    "plain.arrow": lambda table, path: pyarrow.feather.write_feather(table, path, compression="uncompressed"),
    "stream.arrow": to_stream,
    "named.data": pq.write_table,
}

IN_MEMORY = {
    "pyarrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.from_arrow,
    "a stream that is read once": lambda table: table.to_reader(),
    "duckdb": lambda table: duckdb.connect().from_arrow(table),
}


def read(source, numbers=(), texts=()):
    return pa.Table.from_batches([rows.columns for rows in source.batches(list(numbers), list(texts))])


def check(source):
    expected = frame()
    for _ in range(2):
        rows = read(source, ["half", "whole"], ["name"])
        assert rows.column_names == ["half", "whole", "name"]
        assert rows["half"].type == pa.float32()
        halves = rows["half"].to_numpy()
        assert np.array_equal(np.isnan(halves), expected["half"].is_null().to_numpy())
        assert np.array_equal(rows["whole"].to_numpy(), np.arange(ROWS))
        assert rows["name"].combine_chunks().equals(expected["name"].combine_chunks().dictionary_decode())


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.usefixtures("there")
def test_a_file_is_read_in_order_as_often_as_wanted(name):
    WRITERS[name](frame(), name)
    check(TableSource(name))


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_a_table_in_memory_is_read_in_order_as_often_as_wanted(kind):
    check(TableSource(IN_MEMORY[kind](frame())))


@pytest.mark.usefixtures("there")
def test_the_index_that_pandas_adds_is_no_column():
    shuffled = pd.DataFrame({"a": [1.0, 2.0, 3.0]}).iloc[[2, 0, 1]]
    shuffled.to_parquet("t.parquet")
    table = pa.Table.from_pandas(shuffled)
    assert "__index_level_0__" in table.column_names
    with pa.ipc.new_file("t.arrow", table.schema) as file:
        file.write_table(table)
    for data in (shuffled, "t.parquet", "t.arrow"):
        assert TableSource(data).column_names == ("a",)


@pytest.mark.parametrize("name", ["groups.parquet", "plain.arrow", "stream.arrow"])
@pytest.mark.usefixtures("there")
def test_rows_come_a_few_at_a_time(name):
    WRITERS[name](frame(), name)
    sizes = [rows.columns.num_rows for rows in TableSource(name).batches(["whole"])]
    assert sum(sizes) == ROWS
    assert max(sizes) <= BATCH_ROWS


@pytest.mark.usefixtures("there")
def test_what_is_stored_becomes_a_number_or_text():
    day = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    stored = {
        "decimal": pa.array([decimal.Decimal("1.25"), None]),
        "flag": pa.array([True, False]),
        "small": pa.array(np.array([1.5, np.nan], np.float16)),
        "large": pa.array([2**63, 1], pa.uint64()),
        "nothing": pa.nulls(2),
        "moment": pa.array([day, None], pa.timestamp("ns", "UTC")),
        "elsewhere": pa.array([day, None], pa.timestamp("ms", "Europe/Rome")),
        "date": pa.array([dt.date(1969, 12, 31), None]),
        "clock": pa.array([dt.time(0, 1, 0, 500_000), None]),
        "lasts": pa.array([dt.timedelta(minutes=1), None], pa.duration("us")),
        "coded": pa.array([7, 8]).dictionary_encode(),
    }
    expected = {
        "decimal": [1.25, None], "flag": [1, 0], "small": [1.5, math.nan], "large": [2.0**63, 1],
        "nothing": [None, None],
        "moment": [86400, None], "elsewhere": [86400, None], "date": [-86400, None], "clock": [60.5, None],
        "lasts": [60, None], "coded": [7, 8],
    }  # fmt: skip
    pq.write_table(pa.table(stored), "t.parquet", store_schema=True)
    for source in (TableSource("t.parquet"), TableSource(pa.table(stored))):
        found = read(source, list(stored))
        assert repr(found.to_pydict()) == repr({name: [None if v is None else float(v) for v in expected[name]]
                                                for name in stored})  # fmt: skip
    assert read(TableSource("t.parquet"), [], ["flag", "large", "coded"]).to_pydict() == {
        "flag": ["true", "false"], "large": [str(2**63), "1"], "coded": ["7", "8"]}  # fmt: skip


def test_nanoseconds_keep_their_fraction():
    moment = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))
    assert read(TableSource(pa.table({"t": moment})), ["t"])["t"][0].as_py() == 1_700_000_000.123456789


def test_texts_that_are_said_to_be_numbers_are_read_as_such():
    table = pa.table({"a": ["1.5", None, "2"], "b": ["2026-01-31", "x", None]})
    assert TableSource(table, types={"a": "number"}).is_number("a")
    assert read(TableSource(table, types={"a": "number"}), ["a"]).to_pydict() == {"a": [1.5, None, 2.0]}
    with pytest.raises(
        DataError, match=r"^Table, row 1: column 'b' must hold a time such as 2026-01-31 or .* got 'x'$"
    ):
        read(TableSource(table, types={"b": "time"}), ["b"])


def test_an_index_without_a_name_is_no_column():
    assert TableSource(pd.DataFrame({"a": [1, 2]}, index=["x", "y"])).column_names == ("a",)
    assert TableSource(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="who"))).column_names == ("a", "who")


NEITHER = "which is neither a number nor text nor a time; leave it out, or make columns of it"
NOT_READ = "cannot be read as a table"
MIXED = (
    "Could not convert 'x' with type str: tried to convert to int64; Conversion failed for column a with type object"
)

TYPES = "TYPES: {'a': number}"

REFUSED = {
    "a number": (5, "a table must be the name of a file, or a table with __arrow_c_stream__ as DataFrames are, got 5"),
    "a column": (
        pd.Series([1, 2]),
        f"Series: {NOT_READ} (Cannot import schema: ArrowSchema describes non-struct type int64)",
    ),
    "mixed": (pd.DataFrame({"a": [1, "x"]}), f"DataFrame: {NOT_READ} ({MIXED})"),
    "twice": (
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        f"DataFrame: {NOT_READ} (Duplicate column names found: ['a', 'a'])",
    ),
    "twice in Arrow": (
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
        "Table: the columns 1 and 2 are both called 'a'; rename one",
    ),
    "no rows": (pa.table({"a": pa.array([], pa.int64())}), "Table: has no rows"),
    "lists": (pa.table({"a": [[1, 2]]}), f"Table: column 'a' holds list<item: int64>, {NEITHER}"),
    "structs": (pa.table({"a": [{"b": 2}]}), f"Table: column 'a' holds struct<b: int64>, {NEITHER}"),
    "text": (
        pa.table({"a": ["x"]}),
        f"Table: column 'a' holds text, not numbers; make it a category, or say that it is a number: {TYPES}",
    ),
    "another name": (pa.table({"b": ["x"], "aa": [1]}), "Table: has no column 'a'; did you mean 'aa'?"),
}


@pytest.mark.parametrize(("table", "told"), REFUSED.values(), ids=REFUSED)
def test_a_table_in_memory_that_cannot_be_read_is_told(table, told):
    with pytest.raises(DataError) as caught:
        list(TableSource(table).batches(["a"]))
    assert str(caught.value).replace("child 0, ", "").replace("element", "item") == told


@pytest.mark.usefixtures("there")
def test_nested_columns_do_no_harm_if_nobody_asks_for_them():
    pq.write_table(pa.table({"a": [1.5], "b": [[1]], "c": [{"a": 7}]}), "t.parquet")
    source = TableSource("t.parquet")
    assert [source.kind(name) for name in source.column_names] == ["number", "other", "other"]
    assert read(source, ["a"]).to_pydict() == {"a": [1.5]}


@pytest.mark.usefixtures("there")
def test_a_name_with_dots_is_a_name():
    pq.write_table(pa.table({"a": [{"b": 7}], "a.b": [1.5]}), "t.parquet")
    assert read(TableSource("t.parquet"), ["a.b"]).to_pydict() == {"a.b": [1.5]}


def test_a_stream_that_is_larger_than_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("ksom.tables.memory_tables.available_memory", lambda: 1000)
    with pytest.raises(DataError, match=r"RecordBatchReader: is larger than the memory .* write it to a Parquet file"):
        TableSource(frame(2000).to_reader())


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "overwritten": lambda content: content[:8] + bytes(b ^ 0x55 for b in content[8:2000]) + content[2000:],
    "without its end": lambda content: content[:-20] + b"\0" * 20,
    "a beginning alone": lambda content: content[:7],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.usefixtures("there")
def test_a_damaged_file_is_told_in_one_line(name, damage):
    WRITERS[name](frame(3000), name)
    content = Path(name).read_bytes()
    Path(name).write_bytes(DAMAGES[damage](content))
    told = f"{name}: 3000 rows"  # if bytes were hit that nobody reads, or that have no checksum
    try:
        told = f"{name}: {read(TableSource(name), ['whole'], ['name']).num_rows} rows"
    except DataError as error:
        told = str(error)
    assert told.startswith(name)
    assert "\n" not in told


@pytest.mark.usefixtures("there")
def test_texts_that_would_lie_outside_of_a_strangers_file_are_not_read():
    texts = pa.table({"a": [f"n{number}" for number in range(8)]})
    pyarrow.feather.write_feather(texts, "t.arrow", compression="uncompressed")
    honest, wrong = (struct.pack("<4i", 0, 2, last, 6) for last in (4, 2**30))
    content = Path("t.arrow").read_bytes()
    assert content.count(honest) == 1
    Path("t.arrow").write_bytes(content.replace(honest, wrong))
    with pytest.raises(DataError, match=r"^t\.arrow: cannot be read as an Arrow file \(.* offset"):
        read(TableSource("t.arrow"), [], ["a"])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.parquet", b"a,b\n1,2\n", "cannot be read as a Parquet file"),
        ("t.parquet", b"", "cannot be read as a Parquet file"),
        ("t.arrow", b"a,b\n1,2\n", "cannot be read as an Arrow file"),
        ("t.arrow", b"", "is empty"),
        ("t.feather", b"FEA1" + b"\0" * 40, "is a Feather file of version 1, which is not read; write it again"),
        ("t.csv", b"PAR1 and so on", "cannot be read as a Parquet file"),
    ],
)
@pytest.mark.usefixtures("there")
def test_a_file_of_another_kind_than_its_name_tells_is_refused(name, content, told):
    Path(name).write_bytes(content)
    with pytest.raises(DataError, match=f"^{name}: {told}"):
        TableSource(name)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow"])
def test_what_is_no_file_is_refused_without_waiting(there, name):
    os.mkfifo(name)
    with pytest.raises(DataError, match=f"^{name}: cannot be read \\(it is a named pipe, not a file\\)"):
        TableSource(name)
    with pytest.raises(DataError, match=r"^/dev/zero: cannot be read .it is a device"):
        TableSource("/dev/zero")
    with pytest.raises(DataError, match=r"^nowhere.csv: there is no such file"):
        TableSource("nowhere.csv")


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "plain.arrow"])
@pytest.mark.usefixtures("there")
def test_a_file_that_is_replaced_between_two_readings_is_refused(name):
    WRITERS[name](frame(100), name)
    source = TableSource(name)
    WRITERS[name](frame(100), "new")
    Path("new").replace(name)
    with pytest.raises(DataError, match=f"^{name}: is not any more what it was when it was first read"):
        read(source, ["whole"])


def parts(folder, suffix="csv"):
    folder.mkdir()
    for number in (10, 9, 1):
        (folder / f"part-{number:02}.{suffix}").write_text(f"a,b\n{number},x\n")
    return folder


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("parts", [1, 9, 10]),
        ("parts/part-*.csv", [1, 9, 10]),
        ("parts/part-[01]?.csv", [1, 9, 10]),
        ("parts/part-1*", [10]),
        ("**/p*.csv", [1, 9, 10]),
        (["parts/part-10.csv", "parts/part-01.csv"], [10, 1]),
        (["parts/part-10.csv", "parts/part-0*.csv"], [10, 1, 9]),
    ],
)
def test_the_files_of_a_table_in_their_order(there, data, expected):
    parts(there / "parts")
    (there / "parts/README.md").write_text("not a table")
    (there / "parts/.hidden.csv").write_text("c\n1\n")
    (there / "outside.data").write_text("a,b\n7,x\n")
    (there / "parts/link.csv").symlink_to("../outside.data")
    assert read(TableSource(data), ["a"])["a"].to_pylist() == expected
    assert read(TableSource(data), ["a"], ["b"]).num_rows == len(expected)


def test_files_may_have_their_columns_in_another_order(there):
    (there / "one.csv").write_text("a,b\n1,x\n")
    (there / "two.csv").write_text("b;a\ny;2\n")
    assert read(TableSource(["one.csv", "two.csv"]), ["a"], ["b"]).to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


def test_a_column_without_values_in_the_first_file_is_what_it_is_in_the_next(there):
    (there / "one.csv").write_text("a,b\n1,\n")
    (there / "two.csv").write_text("a,b\n2,x\n")
    source = TableSource(["one.csv", "two.csv"])
    assert source.kind("b") == "text"
    assert read(source, [], ["b"]).to_pydict() == {"b": [None, "x"]}


SAME = "all files of a table must have the same columns"


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("a\n1\n", f"two.csv: lacks the column 'b', which one.csv has; {SAME}"),
        ("a,b,c\n1,x,2\n", f"one.csv: lacks the column 'c', which two.csv has; {SAME}"),
        ("a,b\nu,x\n", "two.csv: column 'a' holds text, in one.csv it holds number; say which it is: TYPES: {'a': …}"),
    ],
)  # fmt: skip
def test_files_of_other_columns_are_refused(there, second, told):
    (there / "one.csv").write_text("a,b\n1,x\n")
    (there / "two.csv").write_text(second)
    with pytest.raises(DataError) as caught:
        TableSource(["one.csv", "two.csv"])
    assert str(caught.value) == told


def test_files_of_several_formats_are_one_table_if_named(there):
    (there / "one.csv").write_text("a,b\n1,x\n")
    pq.write_table(pa.table({"a": [2], "b": ["y"]}), "two.parquet")
    assert read(TableSource(["one.csv", "two.parquet"]), ["a"]).to_pydict() == {"a": [1, 2]}
    with pytest.raises(
        DataError, match=r"^\.: this folder has tables of more than one format, CSV \('one.csv'\) and Par"
    ):
        TableSource(".")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "a table's list of files must name at least one, but is empty"),
        ("nothing", "nothing: this folder has no table; their names end with .csv, .tsv, .txt, "),
        ("nothing/*.csv", "nothing/*.csv: no file fits this pattern"),
    ],
)
def test_a_table_without_a_file_is_refused(there, data, told):
    (there / "nothing").mkdir()
    with pytest.raises(DataError) as caught:
        TableSource(data)
    assert str(caught.value).startswith(told)


def test_what_is_no_path_is_refused():
    with pytest.raises(ParameterError, match="path must be the path of a file or folder, got 5"):
        TableSource(["a.csv", 5])


WIDE = pa.table({name: [1.0] for name in ("visits_may", "age", "visits_june", "x[1]")})


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["age"], ["age"]),
        (["visits_*"], ["visits_may", "visits_june"]),
        (["visits_june", "visits_*"], ["visits_june", "visits_may"]),
        (["x[1]"], ["x[1]"]),
        (["*"], list(WIDE.column_names)),
        (["a?e"], ["age"]),
    ],
)
def test_columns_by_name_or_pattern(patterns, expected):
    assert TableSource(WIDE).resolve(patterns) == expected


@pytest.mark.parametrize(
    ("pattern", "told"),
    [("agee", "Table: has no column 'agee'; did you mean 'age'?"), ("zz*", "Table: no column fits 'zz*'"),
     ("Age", "Table: has no column 'Age'; did you mean 'age'?"), (5, "Table: has no column 5")],
)  # fmt: skip
def test_an_unknown_column_is_told_with_the_nearest(pattern, told):
    with pytest.raises(DataError) as caught:
        TableSource(WIDE).resolve([pattern])
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("types", "told"),
    [({"age": "float"}, "types['age'] must be one of number, text, time, got 'float'"),
     (["age"], "types must tell what columns hold, such as {zip: text}, got ['age']")],
)  # fmt: skip
def test_types_must_be_known(types, told):
    with pytest.raises(ParameterError) as caught:
        TableSource(WIDE, types=types)
    assert str(caught.value) == told


def test_the_type_of_an_unknown_column_is_refused():
    with pytest.raises(DataError, match=r"^Table: has no column 'agee'; did you mean 'age'"):
        TableSource(WIDE, types={"agee": "text"})


@pytest.mark.usefixtures("there")
def test_a_huge_row_group_takes_bounded_memory():
    rng = np.random.default_rng(0)
    columns = {f"c{number}": rng.normal(size=1_500_000) for number in range(4)}
    pq.write_table(pa.table(columns), "t.parquet", row_group_size=10**9, compression="none", use_dictionary=False)
    pq.write_table(pa.table(columns).slice(0, 1000), "other.parquet")
    code = """
import re
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) // 1024
from ksom.tables.source import TableSource
source = TableSource("t.parquet")
list(TableSource('other.parquet').batches(source.column_names))
before = peak()
for rows in source.batches(source.column_names):
    pass
print(peak() - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    assert grown < 30  # MB, of 48


def test_pyarrow_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        TableSource("t.csv")
