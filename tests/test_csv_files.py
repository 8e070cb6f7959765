"""CSV files: found out how they are written, read in order, and what cannot be read told by its line."""

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest

from ksom.errors import DataError, ParameterError
from ksom.tables.source import TableSource


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(content, name="t.csv"):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def columns(source, numbers=(), texts=()):
    read = {name: [] for name in (*numbers, *texts)}
    for rows in source.batches(list(numbers), list(texts)):
        for name, values in rows.columns.to_pydict().items():
            read[name] += values
    return read


def refusal(content, numbers=(), texts=(), name="t.csv", **how):
    with pytest.raises(DataError) as caught:
        columns(TableSource(written(content, name), **how), numbers, texts)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "how"),
    [
        ("a,b\n1.5,x\n2,y\n", {}),
        ("a;b\n1.5;x\n2;y\n", {}),
        ("a;b\n1,5;x\n2;y\n", {}),
        ("a\tb\n1.5\tx\n2\ty\n", {}),
        ("a\tb\n1,5\tx\n2\ty\n", {}),
        ("a|b\n1.5|x\n2|y\n", {}),
        ("a,b\r\n1.5,x\r\n2,y\r\n", {}),
        ("a,b\r1.5,x\r2,y", {}),
        ("a,b\n1.5,x\n2,y", {}),
        ("a,b\n\n1.5,x\n\n2,y\n\n", {}),
        ("\n\na,b\n1.5,x\n2,y\n", {}),
        ("\ufeffa,b\n1.5,x\n2,y\n", {}),
        ('"a","b"\n"1.5","x"\n"2","y"\n', {}),
        ("'a','b'\n'1.5','x'\n2,y\n", {"QUOTE": "'"}),
        ("a:b\n1.5:x\n2:y\n", {"DELIMITER": ":"}),
        ("a b\n1,5 x\n2 y\n", {"delimiter": " ", "decimal": ","}),
        ("a,b\n 1.5 ,x\n2,y\n", {}),
        ("a,b\n+15e-1,x\n2,y\n", {}),
        ("a,b\n1.5,x\n2,y\n".encode("utf-16"), {}),
        ("a,b\n1.5,x\n2,y\n".encode("utf-32"), {"ENCODING": "utf-32"}),
        (gzip.compress(b"a,b\n1.5,x\n2,y\n", mtime=0), {}),
        (gzip.compress(b"a,b\n1.5,x\n", mtime=0) + gzip.compress(b"2,y\n", mtime=0), {}),
    ],
)
@pytest.mark.usefixtures("there")
def test_how_a_file_is_written_is_found_out(content, how):
    source = TableSource(written(content), csv=how)
    assert (source.column_names, source.kind("a"), source.kind("b")) == (("a", "b"), "number", "text")
    assert columns(source, ["a"], ["b"]) == {"a": [1.5, 2.0], "b": ["x", "y"]}


@pytest.mark.usefixtures("there")
def test_a_file_without_a_header_has_numbered_columns():
    source = TableSource(written("1,x\n2,y\n"), csv={"HEADER": False})
    assert columns(source, ["f0"], ["f1"]) == {"f0": [1, 2], "f1": ["x", "y"]}


@pytest.mark.usefixtures("there")
def test_a_column_without_a_name_gets_one():
    assert TableSource(written(",b\n1,x\n")).column_names == ("f0", "b")


@pytest.mark.usefixtures("there")
def test_a_header_may_have_line_ends_in_quotes():
    source = TableSource(written('"a\nand so on",b\n1,x\n'))
    assert columns(source, ["a\nand so on"]) == {"a\nand so on": [1.0]}
    assert source.place(0) == "t.csv, line 3"


@pytest.mark.usefixtures("there")
def test_a_header_of_years_may_be_said_to_be_one():
    assert TableSource(written("2019,2020\n1,2\n"), csv={"HEADER": True}).column_names == ("2019", "2020")


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "null", "N/A", '""', '"NA"'])
@pytest.mark.usefixtures("there")
def test_these_texts_stand_for_a_missing_value(missing):
    source = TableSource(written(f"a,b\n1,x\n{missing},{missing}\n"))
    assert columns(source, ["a"], ["b"]) == {"a": [1, None], "b": ["x", None]}


@pytest.mark.usefixtures("there")
def test_which_texts_stand_for_a_missing_value_can_be_said():
    source = TableSource(written("a,country\n-,NA\n2,-\n"), csv={"MISSING": ["-"]})
    assert columns(source, ["a"], ["country"]) == {"a": [None, 2], "country": ["NA", None]}


ROWS = 200_000


@pytest.mark.parametrize(("first", "last"), [("1", 1.5), ("", 7.25), ("", 3.0), ("1e3", 2.0)])
@pytest.mark.usefixtures("there")
def test_what_a_column_holds_is_not_decided_block_by_block(first, last):
    source = TableSource(written("a,b\n" + f"{first},x\n" * ROWS * 3 + f"{last},y\n"))
    assert source.kind("a") == "number"
    assert columns(source, ["a"])["a"][-1] == last


@pytest.mark.usefixtures("there")
def test_rows_come_in_order_and_are_numbered():
    written("a,b\n" + "".join(f"{row},{row % 7}\n" for row in range(ROWS)))
    read = list(TableSource("t.csv").batches(["a"]))
    firsts = np.cumsum([0, *(rows.columns.num_rows for rows in read)])
    assert [rows.first_row for rows in read] == firsts[:-1].tolist()
    assert np.array_equal(np.concatenate([rows.columns.column(0).to_numpy() for rows in read]), np.arange(ROWS))
    assert len(read) > 1


@pytest.mark.usefixtures("there")
def test_a_column_may_be_read_as_a_number_and_as_text():
    source = TableSource(written("a;b\n1,50;x\n007;y\n"))
    assert columns(source, ["a"], []) == {"a": [1.5, 7.0]}
    assert next(source.batches(["a"], ["a"])).columns.to_pydict() is not None
    rows = next(source.batches(["a"], ["a"])).columns
    assert [rows.column(0).to_pylist(), rows.column(1).to_pylist()] == [[1.5, 7.0], ["1,50", "007"]]


@pytest.mark.usefixtures("there")
def test_a_time_is_read_as_seconds_since_1970():
    source = TableSource(written("day,moment\n1970-01-02,1970-01-01 00:00:01.5\n,1969-12-31T23:59:59\n"))
    assert (source.kind("day"), source.is_number("day")) == ("time", False)
    assert columns(source, ["day", "moment"]) == {"day": [86400.0, None], "moment": [1.5, -1.0]}


@pytest.mark.usefixtures("there")
def test_true_and_false_are_1_and_0():
    source = TableSource(written("a,b\ntrue,x\nfalse,y\n,z\n"))
    assert source.is_number("a")
    assert columns(source, ["a"]) == {"a": [1, 0, None]}


@pytest.mark.usefixtures("there")
def test_what_a_column_holds_can_be_said():
    source = TableSource(written("zip,x\n01234,1\n99999,2\n"), types={"zip": "text"})
    assert (source.kind("zip"), source.is_number("zip")) == ("text", False)
    assert columns(source, [], ["zip"]) == {"zip": ["01234", "99999"]}


@pytest.mark.usefixtures("there")
def test_infinities_are_read_as_they_are():
    assert columns(TableSource(written("a,b\ninf,1\n-Infinity,2\n")), ["a"]) == {"a": [math.inf, -math.inf]}


@pytest.mark.usefixtures("there")
def test_a_place_is_a_line_of_the_file():
    source = TableSource(written('a,b\n1,"x\ny"\n\n2,z\n3,w\n'))
    assert [source.place(row) for row in (0, 1, 2)] == ["t.csv, line 2", "t.csv, line 5", "t.csv, line 6"]
    assert source.place(3) == "t.csv, row 3"


@pytest.mark.usefixtures("there")
def test_a_place_knows_of_files_and_filters():
    written("a,b\n1,2\n2,3\n", "one.csv")
    written("b,a\n2,3\n3,4\n", "two.csv")
    assert TableSource(["one.csv", "two.csv"]).place(3) == "two.csv, line 3"
    assert TableSource(["one.csv", "two.csv"], where="a in (2, 4)").place(1) == "two.csv, line 3"


def many(row, last):
    return f"a,b\n{row * ROWS}{last}"


HEADER = "say CSV: {HEADER: false} if it has no header, true if it has"

UNREADABLE = {
    "text": ("a,b\n1,x\nfoo,y\n", "t.csv, line 3: column 'a' must hold a number, got 'foo'"),
    "text behind a line's end": (
        'a,b\n1,"x\ny"\n\nfoo,y\n',
        "t.csv, line 5: column 'a' must hold a number, got 'foo'",
    ),
    "text far below": (
        many("1,x\n", "1 000,y\n"),
        f"t.csv, line {ROWS + 2}: column 'a' must hold a number, got '1 000'",
    ),
    "another column": ("b,c,a\nx,y,1\nx,y,2.5.1\n", "t.csv, line 3: column 'a' must hold a number, got '2.5.1'"),
    "a field too many": ("a,b\n1,x\n1,y,z\n", "t.csv, line 3: has 3 fields, the header has 2"),
    "a field too few": ("a,b\n1,x\n\n1\n", "t.csv, line 4: has 1 fields, the header has 2"),
    "a field too many far below": (
        many("1,x\n", "1,y,z\n"),
        f"t.csv, line {ROWS + 2}: has 3 fields, the header has 2",
    ),
    "thousands": ("a;b\n1.234,5;x\n2,5;y\n", "t.csv, line 2: column 'a' must hold a number, got '1.234,5'"),
    "true and 2": (many("true,x\n", "2,x\n"), f"t.csv, line {ROWS + 2}: column 'a' must hold a number, got '2'"),
    "nothing": ("", "t.csv: is empty"),
    "lines without anything": ("\n\n", "t.csv: is empty"),
    "a header": ("a,b\n", "t.csv: has no rows"),
    "a header without its end": ("a,b", "t.csv: has no rows"),
    "a header and empty lines": ("a,b\n\n\n", "t.csv: has no rows"),
    "twice": ("a,b,a\n1,2,3\n", "t.csv, line 1: the columns 1 and 3 are both called 'a'; rename one"),
    "no header": (
        "1,2\n3,4\n",
        "t.csv: its first line has numbers where the columns' names should be; " + HEADER,
    ),
    "spaces": (
        "a\n1.0 2.0\n3.0 4.0\n",
        "t.csv: has one column only if ',' is between its fields; say CSV: {DELIMITER: ' '}, as it looks like",
    ),
    "an open quote": ('a,b\n1,"x\n2,y\n', "t.csv, line 2: a quote is opened that is never closed"),
    "an open quote, more": (
        'a,b\n1,x\n2,"y\n' + "3,z\n" * 400_000,
        "t.csv, line 3: a quote is opened that is never closed",
    ),
    "an open quote, very much": (
        'a,b\n1,x\n2,"y\n' + "3,z\n" * 2_000_000,
        "t.csv, line 3: a row has more than 1 MiB; is there a quote that is not closed?",
    ),
    "a spreadsheet": (
        b"PK\x03\x04\0\0",
        "t.csv: is a zip archive, as spreadsheets are (.xlsx), not a text; save it as CSV",
    ),
    "a byte 0": (
        b"a,b\n1,\0\n",
        "t.csv, line 2: has a byte 0: it is no text, or of another encoding, CSV: {ENCODING: …}",
    ),
    "a name in latin-1": (
        b"a,\xe9\n1,2\n",
        "t.csv, line 1: is not utf-8; say what it is, such as CSV: {ENCODING: latin-1}",
    ),
    "gzip, cut": (
        gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-12],
        "t.csv: cannot be read (Compressed file ended before the end-of-stream marker was reached)",
    ),
    "gzip, its checksum": (
        gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"\0" * 8,
        "t.csv: cannot be read (CRC check failed 0x0 != 0xa97077b)",
    ),
    "gzip, damaged": (
        b"\x1f\x8b\x08\0" + b"\xff" * 40,
        "t.csv: cannot be read (Error -3 while decompressing data: invalid block type)",
    ),
    "half a character": (
        "a,b\n1,é\n".encode("utf-16")[:-1],
        "t.csv: is not utf-16 (truncated data); say what it is: CSV: {ENCODING: utf-8}",
    ),
}


@pytest.mark.parametrize(("content", "told"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.usefixtures("there")
def test_what_cannot_be_read_is_told_with_its_place(content, told):
    assert refusal(content, ["a"]) == told


@pytest.mark.usefixtures("there")
def test_text_that_is_not_utf_8_is_told_with_its_line():
    told = "t.csv, line 3: column 'b' is not utf-8; say what the file is, such as CSV: {ENCODING: latin-1}"
    assert refusal(b"a,b\n1,2\n3,\xe9\n", ["a"], ["b"]) == told
    assert columns(TableSource("t.csv", csv={"ENCODING": "latin-1"}), [], ["b"]) == {"b": ["2", "é"]}


@pytest.mark.usefixtures("there")
def test_a_wrong_delimiter_is_told_with_the_one_it_looks_like():
    told = "t.csv: has one column only if ',' is between its fields; say CSV: {DELIMITER: ';'}, as it looks like"
    assert refusal("a;b\n1;2\n", csv={"DELIMITER": ","}) == told


@pytest.mark.usefixtures("there")
def test_a_time_that_is_none_is_told_with_its_line():
    told = "t.csv, line 3: column 'a' must hold a time such as 2026-01-31 or 2026-01-31 12:00:00, got '31.1.2026'"
    assert refusal("a,b\n2026-01-31,1\n31.1.2026,2\n", ["a"], types={"a": "time"}) == told


@pytest.mark.usefixtures("there")
def test_a_bad_number_is_told_with_its_line_where_the_column_is_text_as_well():
    assert refusal("a;b\n1,5;x\nfoo;y\n", ["a"], ["a"]) == "t.csv, line 3: column 'a' must hold a number, got 'foo'"


FIELDS = "delimiter, decimal, encoding, header, quote, missing"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"DELIM": ","}, f"csv must tell {FIELDS}; did you mean 'delimiter'?, got 'delim'"),
        ({"DELIMITER": ",,"}, "csv.delimiter must be one ASCII character, got ',,'"),
        ({"DELIMITER": "\n"}, "csv.delimiter must be one ASCII character, got '\\n'"),
        ({"DECIMAL": "'"}, "csv.decimal must be \".\" or \",\", and not the delimiter, got \"'\""),
        ({"DECIMAL": ",", "DELIMITER": ","}, "csv.decimal must be \".\" or \",\", and not the delimiter, got ','"),
        ({"ENCODING": "klingon"}, "csv.encoding must be an encoding, such as utf-8, latin-1, utf-16, got 'klingon'"),
        ({"ENCODING": "zlib"}, "csv.encoding must be an encoding, such as utf-8, latin-1, utf-16, got 'zlib'"),
        ({"ENCODING": 8}, "csv.encoding must be an encoding, such as utf-8, latin-1, utf-16, got 8"),
        ({"HEADER": 1}, "csv.header must be true or false, got 1"),
        ({"QUOTE": "''"}, "csv.quote must be one ASCII character, got \"''\""),
        ({"MISSING": "NA"}, "csv.missing must be a list of texts (in quotes), got 'NA'"),
        ({"MISSING": [None]}, "csv.missing must be a list of texts (in quotes), got [None]"),
        ([","], f"csv must tell {FIELDS}, got [',']"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("there")
def test_what_is_said_of_a_file_must_be_possible(how, told):
    with pytest.raises(ParameterError) as caught:
        TableSource(written("a,b\n1,2\n"), csv=how)
    assert str(caught.value) == told


@pytest.mark.usefixtures("there")
def test_five_thousand_columns_are_read():
    names = [f"column_{number}" for number in range(5_000)]
    written(",".join(names) + "\n" + (",".join(["1.5"] * len(names)) + "\n") * 3)
    source = TableSource("t.csv")
    rows = next(source.batches(source.resolve(["column_*"])))
    assert (rows.columns.num_columns, rows.columns.num_rows) == (5_000, 3)


@pytest.mark.usefixtures("there")
def test_one_line_without_an_end_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("ksom.tables.csv_head.LONGEST_LINE", 2**21)
    with gzip.open("bomb.csv.gz", "wb") as file:
        for _ in range(8):
            file.write(b"0" * 2**20)
    read = []
    real = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda file, size: read.append(size) or real(file, size))
    with pytest.raises(DataError, match=r"^bomb\.csv\.gz: has a line of more than 2 MiB; is it a table\?$"):
        TableSource("bomb.csv.gz")
    assert sum(read) <= 4 * 2**20


@pytest.mark.usefixtures("there")
def test_quotes_may_mean_nothing():
    assert columns(TableSource(written('a,b\n1,"x\n2,y\n'), csv={"QUOTE": ""}), [], ["b"]) == {"b": ['"x', "y"]}


@pytest.mark.parametrize("how", ["grown", "shrunk", "replaced", "gone"])
@pytest.mark.usefixtures("there")
def test_a_file_that_changes_between_two_readings_is_refused(how):
    source = TableSource(written("a,b\n" + "1,x\n" * 10))
    list(source.batches(["a"]))
    if how == "grown":
        with Path("t.csv").open("ab") as file:
            file.write(b"2,y\n")
    elif how == "shrunk":
        os.truncate("t.csv", 8)
    elif how == "replaced":
        Path(written("a,b\n" + "2,x\n" * 10, "new.csv")).replace("t.csv")
    else:
        Path("t.csv").unlink()
    told = "there is no such file" if how == "gone" else "is not any more what it was when it was first read"
    with pytest.raises(DataError, match=f"t.csv: {told}"):
        list(source.batches(["a"]))


@pytest.mark.parametrize("size", [8, 10])
@pytest.mark.usefixtures("there")
def test_a_file_that_shrinks_while_it_is_read_is_refused(size):
    source = TableSource(written("a,b\n" + "1,x\n" * ROWS * 5))
    batches = source.batches(["a"])
    next(batches)
    os.truncate("t.csv", size)
    with pytest.raises(DataError, match=r"t\.csv: is not any more what it was"):
        list(batches)
