"""`ksom report`: where it writes, bad input, and its page in a real browser."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import ksom
from ksom.entry import cli, main
from ksom.tasks.report.body import body
from ksom.tasks.report.report import report_of, write_report
from ksom.tasks.sight import sight_of
from tests.browser import opened
from tests.report_runs import as_sight, page_of, run_on_iris

EVIL = "</script><script>alert(1)</script>"
NAMES = [EVIL, "'single' \"double\" & <b>", "🦊 emoji", "\u202eright to left\u202c עברית", "long " * 40]


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on iris."""
    return run_on_iris(tmp_path_factory.mktemp("report"))


def test_a_report_is_written_whole_into_the_run_and_its_size_is_told(iris):
    done = CliRunner().invoke(cli, ["report", str(iris)], standalone_mode=False)
    assert re.fullmatch(rf"written: {re.escape(str(iris))}/report\.html, \d+ kB\n", done.stdout)
    assert page_of(iris / "report.html")["title"] == "iris"


def test_the_report_of_a_map_lies_beside_it(iris, tmp_path):
    shutil.copy(iris / "map.npz", tmp_path / "mine.npz")
    written, size = write_report(tmp_path / "mine.npz")
    assert written == tmp_path / "mine.html"
    assert written.stat().st_size == size


@pytest.mark.parametrize("output", ["run/vlog.html", "map.html"])
def test_a_report_replaces_neither_the_film_nor_the_map_that_it_is_of(iris, tmp_path, monkeypatch, capsys, output):
    shutil.copytree(iris, tmp_path / "run")
    shutil.copy(iris / "map.npz", tmp_path / "map.html")
    (tmp_path / "run" / "vlog.html").write_bytes(b"the film")
    monkeypatch.chdir(tmp_path)
    before = Path(output).read_bytes()
    monkeypatch.setattr("sys.argv", ["ksom", "report", output.removesuffix("/vlog.html"), "-o", output])
    with pytest.raises(SystemExit):
        main()
    line = f"Error: {output}: is a file of the run or the map itself; name another file to write to\n"
    assert capsys.readouterr().err == line
    assert Path(output).read_bytes() == before


def test_a_column_tells_ids_and_another_the_labels(tmp_path):
    table = tmp_path / "birds.csv"
    table.write_text("name,kind,wing,tail\n" + "".join(f"bird {n},{'ab'[n % 2]},{n},{n * n}\n" for n in range(1, 9)))
    ksom.train(ksom.Table(table, columns=["wing", "tail"]), 2, 2, 3).save(tmp_path / "birds.npz")
    written, _ = write_report(tmp_path / "birds.npz", data=str(table), id_column="name", label_column="kind")
    told = page_of(written)
    assert told["rows"]["ids"][0] == "bird 1"
    assert told["pies"]["names"] == ["a", "b"]
    assert next(panel["title"] for panel in told["panels"] if panel["key"] == "labels") == "kind"
    assert told["commands"][-1] == f"ksom report {tmp_path}/birds.npz --data {table}"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere"], "nowhere: "),
        (["empty"], "empty: is not the folder of a run of ksom"),
        (["run", "-o", "map.npz"], "map.npz: a report is an .html file; name it so"),
        (["run", "-o", "empty/none/a.html"], "empty/none/a.html: cannot be written"),
        (["run", "--data", "nowhere.npy"], "nowhere.npy: "),
        (["run", "--id", "name"], "the data are no table, so they have no column 'name'"),
        (["run", "--data", "three.npy"], "three.npy: has 3 features, the map has 4"),
        (["run", "--data", "gaps.npy"], "dataset Array: row 1, column"),
        (["birds.npz", "--data", "birds.csv", "--id", "nmae"], "birds.csv: has no column 'nmae'; did you mean 'name'?"),
        (["young"], "young: holds no map yet, neither a map.npz nor a whole checkpoint"),
        (["note.npz"], "note.npz: "),
    ],
)
def test_bad_input_is_one_line(words, line, iris, tmp_path, monkeypatch, capsys):  # noqa: PLR0917
    monkeypatch.chdir(tmp_path)
    shutil.copytree(iris, "run")
    shutil.copytree(iris, "young", ignore=shutil.ignore_patterns("map.npz", "checkpoints", "summary.json"))
    Path("empty").mkdir()
    Path("note.npz").write_text("this is no map")
    np.save("three.npy", np.zeros((4, 3)))
    np.save("gaps.npy", np.array([[1.0, 2, 3, 4], [1, np.nan, 3, 4]]))
    Path("birds.csv").write_text("name,wing,tail\na,1,2\nb,3,4\nc,3,5\n")
    ksom.train(ksom.Table("birds.csv", columns=["wing", "tail"]), 2, 2, 3).save("birds.npz")
    capsys.readouterr()
    before = sorted(Path().rglob("*"))
    monkeypatch.setattr("sys.argv", ["ksom", "report", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert line in told
    assert sorted(Path().rglob("*")) == before


DAMAGES = ["killed", "no metrics", "no film", "no config", "no checkpoints", "broken film", "broken metrics"]
DAMAGES += ["growing metrics", "broken summary"]


GOLDEN = Path(__file__).parent / "golden" / "maps"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.npz")), ids=lambda file: file.stem)
def test_a_map_of_an_older_version_has_a_page(file, tmp_path):
    shutil.copy(file, tmp_path / "old.npz")
    told = page_of(write_report(tmp_path / "old.npz")[0])
    assert told["panels"][0]["key"] == "umatrix"
    assert told["words"]


def left_out(*names):
    return lambda folder: [shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
                           for name in names]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "status", "missing"),
    [
        (left_out("summary.json", "map.npz"), "not ended", ()),
        (left_out("metrics.jsonl"), "completed", ("curves",)),
        (left_out("vlog.gif"), "completed", ("film",)),
        (left_out("config.yaml"), "completed", ("rows",)),
        (left_out("checkpoints"), "completed", ()),
        (lambda folder: (folder / "vlog.gif").write_bytes(b"GIF89a"), "completed", ("film",)),
        (lambda folder: (folder / "metrics.jsonl").write_text("nothing\n"), "completed", ("curves",)),
        (lambda folder: (folder / "metrics.jsonl").write_text('{"iteration": 1, "a": null}\n{"ite'), "completed", ()),
        (lambda folder: (folder / "summary.json").write_text("{"), "not ended", ()),
    ],
    ids=DAMAGES,
)  # fmt: skip
def test_a_run_of_which_something_is_missing_has_a_page_without_it(damage, status, missing, iris, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(iris, folder)
    damage(folder)
    told = page_of(write_report(folder)[0])
    assert told["status"] == status
    assert told["panels"]
    assert told["words"]
    assert [name for name in missing if told[name]] == []


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose names are all strange: features, labels, ids, the file, the unit."""
    folder = tmp_path_factory.mktemp("strange") / "<img src=x onerror=alert(1)> 🦊 'a'"
    folder.mkdir()
    random = np.random.default_rng(0)
    table = {name: random.normal(size=40) for name in NAMES}
    names = [NAMES[row % 5] for row in range(40)]
    pq.write_table(pa.table({**table, "who": names, "what": names}), folder / "strange.parquet")
    som = ksom.train(ksom.Table(folder / "strange.parquet", columns=NAMES, units={EVIL: EVIL}), 3, 3, 3)
    som.save(folder / "strange.npz")
    data = str(folder / "strange.parquet")
    return write_report(folder / "strange.npz", data=data, id_column="who", label_column="what")[0]


def test_strange_names_are_shown_as_they_are_and_nothing_is_run(strange):
    told = page_of(strange)
    assert {feature["name"] for feature in told["features"]} == set(NAMES)
    assert EVIL in told["rows"]["ids"]
    assert EVIL in told["pies"]["names"]
    with opened(strange) as found:
        assert found.page.locator("#static").count() == 0
        assert found.page.locator("script").count() == 2
        assert found.page.locator("img[onerror]").count() == 0
        assert "<script>alert(1)" in found.page.inner_text("body")
        found.require_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_run_opens_clean(scheme, iris, tmp_path):
    written, _ = write_report(iris, tmp_path / "run.html")
    with opened(written, scheme=scheme) as found:
        assert found.page.locator("h1").first.inner_text() == "iris"
        assert found.page.locator("canvas").count() >= 9
        found.require_clean()


def test_codes_of_a_large_map_are_what_the_page_shows(tmp_path):
    height, width, features = 200, 210, 120
    weights = np.broadcast_to(np.mgrid[:height, :width][0][:, :, None] / 100, (height, width, features))
    report = report_of(as_sight(ksom.KohonenSOM(height, width, initial=weights.copy())))
    (tmp_path / "large.html").write_bytes(report.as_bytes())
    assert report.data["panels"][-1]["values"] is None
    with opened(tmp_path / "large.html") as found:
        assert found.page.locator("#static").count() == 0
        assert "1.98" in found.page.inner_text("body") or "1.99" in found.page.inner_text("body")
        found.require_clean()


TAGS = "main header h1 h2 p bdi section strong br em table thead tbody tr th td dl dt dd pre code ul li"


class Tags(HTMLParser):
    """Which elements there are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)


def test_every_text_of_the_fallback_is_escaped(iris):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" ' &"

    def made_evil(value):
        if isinstance(value, dict):
            return {key: made_evil(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [made_evil(inner) for inner in value]
        return evil if isinstance(value, str) else value

    data = report_of(sight_of(iris)).data | {"notes": ["one"]}
    tags = Tags()
    tags.feed(body(made_evil(data)))
    tags.close()
    assert tags.found <= set(TAGS.split())


def test_without_scripts_the_page_still_tells_words_quality_and_provenance(iris, tmp_path):
    page = write_report(iris, tmp_path / "run.html")[0].read_text("utf-8")
    fallback = re.search(r'<main id="static">(.*?)</main>', page, re.S)[1]
    for told in ("In words", "healthy", "topographic error", "data digest", "ksom train --config-file", "rule: "):
        assert told in fallback


@pytest.mark.parametrize("option", [["--key", "a"], ["--csv", "delimiter=;"]])
def test_how_data_are_read_is_said_of_data_that_are_named(option: list[str]) -> None:
    result = CliRunner().invoke(cli, ["report", "logs/exp1", *option])
    assert result.exit_code == 2
    assert "name them by --data" in result.output
