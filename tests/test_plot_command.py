"""`ksom plot`: from a run or a map to pictures in files."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ksom.commands.plot import plot as command
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.errors import DataError, NotInstalled, OutputError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.plots.figure_file import FORMATS
from ksom.pictures.plots.kinds import FIRST, KINDS
from ksom.pictures.plots.shown import Shown, features_named
from ksom.tasks.plotting import plot
from ksom.training import train

RNG = np.random.default_rng(0)
ONE_OF_EACH = ["umatrix", "planes", "hits", "unfolding", "pies", "clusters", "radar"]
"""Kinds that are drawn of all that there is to draw with."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of colours."""
    folder = tmp_path_factory.mktemp("logs") / "exp1"
    Experiment(None, ["HOOKS.VLOG", "null", "TRAINER.ITERATIONS", "20"], folder).run()
    return folder


@pytest.fixture
def copied(run, tmp_path):
    """A run folder that may be spoilt."""
    return shutil.copytree(run, tmp_path / "exp1", ignore=shutil.ignore_patterns("plots"))


@pytest.fixture
def one_of_each(tmp_path):
    """The file of a small hexagonal map of which everything is known."""
    samples = RNG.random((60, 4)) * [1, 10, 100, 1000]
    som = train(samples, 4, 5, 5, lattice="hexagonal", scaling="standard")
    som.calibrate(samples)
    som.label(samples, np.where(samples[:, 0] > 0.5, "dog", "cat"))
    som.cluster(clusters=3)
    som.name_features(("age", "a, b", "höhe", "width"), units={"age": "years"})
    som.save(tmp_path / "map.npz")
    np.save(tmp_path / "new.npy", samples[:20])
    return tmp_path / "map.npz"


def plotted(*words):
    result = CliRunner().invoke(cli, ["plot", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def refused(monkeypatch, capsys, *words):
    """Return the one line that a command says of what is wrong."""
    monkeypatch.setattr(sys, "argv", ["ksom", "plot", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code != 0
    out, err = capsys.readouterr()
    assert not out
    return err.strip().splitlines()[-1]


def stems(folder):
    return {path.stem for path in folder.iterdir()}


def test_classes_of_samples_are_searched_once_for_all_pictures_of_them(one_of_each):
    samples = RNG.random((9, 4))
    shown = Shown(KohonenSOM.load(one_of_each), samples, np.array(list("aabbccabc")), is_of_samples=True)
    shown.learn_labels()
    learned = shown.som.layers["labels"]
    assert learned.about["names"] == ["a", "b", "c"]
    shown.learn_labels()
    assert shown.som.layers["labels"] is learned


def test_a_first_look_at_a_run_lies_in_the_run_folder(copied):
    lines = plotted(copied)
    assert lines == [f"written: {copied / 'plots' / name}.png" for name in FIRST]
    assert stems(copied / "plots") == set(FIRST)


def test_pictures_of_a_maps_file_lie_in_a_folder_of_its_name_here(one_of_each, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert plotted(one_of_each, "--kind", "umatrix") == ["written: map-plots/umatrix.png"]
    assert stems(tmp_path / "here/map-plots") == {"umatrix"}


@pytest.mark.parametrize(("data", "folder"), [("new.npy", "plots-new"), ("a b (2).npy", "plots-a_b_2")])
def test_pictures_of_named_data_do_not_replace_those_of_a_runs_own(copied, tmp_path, data, folder):
    np.save(tmp_path / data, RNG.random((9, 3)))
    plot(copied, kinds="hits")
    own = (copied / "plots/hits.png").read_bytes()
    plot(copied, tmp_path / data, kinds="hits")
    assert (copied / "plots/hits.png").read_bytes() == own != (copied / folder / "hits.png").read_bytes()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_maps_of_older_formats_are_drawn(tmp_path, version):
    plot(Path(__file__).parent / f"golden/maps/format{version}.npz", output=tmp_path)
    assert stems(tmp_path) == {"umatrix", "planes"}


def test_a_first_look_shows_labels_and_clusters_that_a_map_has(one_of_each, tmp_path):
    plot(one_of_each, output=tmp_path / "out")
    assert stems(tmp_path / "out") == {"umatrix", "planes", "hits", "labels", "clusters"}


def test_all_draws_what_there_is_and_tells_why_the_rest_is_not_drawn(copied):
    lines = plotted(copied, "--kind", "all")
    told = [line.split(": ", 2)[1:] for line in lines if line.startswith("not drawn: ")]
    left_out = {kind: why for kinds, why in told for kind in kinds.split(", ")}
    assert f"ksom label {copied} DATA" in left_out["labels"]
    assert f"ksom cluster {copied}" in left_out["clusters"]
    drawn = {line.rpartition("/")[2].partition(".")[0] for line in lines if line.startswith("written: ")}
    assert drawn >= {"umatrix", "planes", "hits", "distances", "unfolding", "curves", "colours"}
    assert len(lines) == len(set(lines))
    assert {*left_out, *drawn} >= {*KINDS} - {"features", "radar"}


def test_all_of_a_map_that_knows_everything_draws_every_kind_but_what_needs_a_run(one_of_each, tmp_path):
    done = plot(one_of_each, tmp_path / "new.npy", kinds="all", output=tmp_path / "out")
    assert {kind for kind, _ in done.left_out} <= {"curves", "trajectory", "prototypes", "prototype_curves"}
    assert all(path.is_file() for path in done.written)


@pytest.mark.parametrize("kind", ["labels", "pies", "clusters", "features", "radar"])
def test_a_kind_by_name_that_cannot_be_drawn_is_an_error_that_says_what_makes_it(copied, kind):
    makes = "ksom label|ksom cluster"
    with pytest.raises(DataError, match=f"{copied}: {kind} cannot be drawn: .*({makes}) {copied}"):
        plot(copied, kinds=kind)
    assert not (copied / "plots").exists()


@pytest.mark.parametrize("kind", ["curves", "trajectory"])
def test_what_a_maps_file_alone_does_not_tell_is_said(one_of_each, kind, tmp_path):
    with pytest.raises(DataError, match=f"{kind} cannot be drawn: (no numbers of a training|it needs data)"):
        plot(one_of_each, kinds=kind, output=tmp_path / "out")


def test_an_unknown_kind_is_told_with_the_nearest_known_before_anything_is_read(tmp_path):
    with pytest.raises(ParameterError, match=r"kind must be one of umatrix, .*did you mean 'planes'\?, got 'plains'"):
        plot(tmp_path / "nowhere", kinds="umatrix,plains")


def test_kinds_may_be_told_in_any_case_in_one_text_or_in_several(one_of_each, tmp_path):
    lines = plotted(one_of_each, "--kind", " Hits,umatrix", "--kind", "hits", "-o", tmp_path / "out")
    assert [line.rpartition("/")[2] for line in lines] == ["hits.png", "umatrix.png"]


@pytest.mark.parametrize("kind_of_file", FORMATS)
def test_the_same_map_gives_the_same_bytes_whenever_it_is_drawn(one_of_each, tmp_path, kind_of_file, monkeypatch):
    drawn = []
    for second in ("1000000000", "2000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", second)
        plot(one_of_each, kinds=ONE_OF_EACH, format=kind_of_file, cluster=0, output=tmp_path / second)
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / second).iterdir()})
    assert drawn[0] == drawn[1]
    assert all(name.endswith(f".{kind_of_file}") for name in drawn[0])
    assert len(drawn[0]) == len(ONE_OF_EACH)


def test_anybodys_settings_of_matplotlib_change_nothing(one_of_each, tmp_path):
    import matplotlib as mpl

    plot(one_of_each, kinds="umatrix", output=tmp_path / "plain")
    with mpl.rc_context({"font.size": 20, "image.cmap": "jet", "savefig.dpi": 30, "figure.facecolor": "black"}):
        plot(one_of_each, kinds="umatrix", output=tmp_path / "mine")
        assert mpl.rcParams["font.size"] == 20
    assert (tmp_path / "plain/umatrix.png").read_bytes() == (tmp_path / "mine/umatrix.png").read_bytes()


@pytest.mark.parametrize("size", [200, 300, 2000])
def test_the_size_of_a_png_is_its_longer_side(one_of_each, tmp_path, size):
    plot(one_of_each, kinds="umatrix,planes", size=size, output=tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as picture:
            assert max(picture.size) == size


def test_named_data_are_what_hits_are_counted_of(one_of_each, tmp_path):
    plot(one_of_each, kinds="hits", output=tmp_path / "own")
    plot(one_of_each, tmp_path / "new.npy", kinds="hits", output=tmp_path / "new")
    assert (tmp_path / "own/hits.png").read_bytes() != (tmp_path / "new/hits.png").read_bytes()


def test_the_data_of_a_run_are_read_only_where_a_picture_needs_them(copied, monkeypatch):
    def fails(*_):
        raise AssertionError

    monkeypatch.setattr("ksom.tasks.plotting.own_data", fails)
    plot(copied, kinds="umatrix,planes,hits,curves")
    with pytest.raises(AssertionError):
        plot(copied, kinds="unfolding")


def test_data_of_a_run_that_changed_are_told_where_a_picture_needs_them(copied):
    config = (copied / "config.yaml").read_text()
    (copied / "config.yaml").write_text(config.replace("SIZE: 20", "SIZE: 21"))
    with pytest.raises(DataError, match=r"trajectory cannot be drawn: .*its data are not any more those"):
        plot(copied, kinds="trajectory")
    assert [path.stem for path in plot(copied, kinds="unfolding").written] == ["unfolding"]


@pytest.mark.parametrize(
    ("names", "planes"), [(["age"], 1), (["höhe,age"], 2), (["a, b"], 1), (["a, b", "age , width"], 3)]
)
def test_features_are_named_one_by_one_or_in_one_text(one_of_each, tmp_path, names, planes):
    shown = Shown(KohonenSOM.load(one_of_each))
    assert len(features_named(shown, names)) == planes
    words = [word for name in names for word in ("--feature", name)]
    plotted(one_of_each, "--kind", "planes", *words, "-o", tmp_path / "out")
    plot(one_of_each, kinds="planes", output=tmp_path / "all")
    assert (tmp_path / "out/planes.png").read_bytes() != (tmp_path / "all/planes.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--feature", "agee"], "feature must be one of the map's 4 features; did you mean 'age'?, got 'agee'"),
        (["--node", "9,9"], "node must be ROW,COLUMN from 0,0 to 3,4, got '9,9'"),
        (["--node", "1"], "node must be ROW,COLUMN from 0,0 to 3,4, got '1'"),
        (["--node", "-1,2"], "node must be ROW,COLUMN from 0,0 to 3,4, got '-1,2'"),
        (["--cluster", "3"], "cluster must be one of 3 clusters, from 0, got 3"),
        (["--size", "199"], "size must be an integer of at least 200, got 199"),
        (["--size", "99999"], "size must be an integer of at most 8192, got 99999"),
        (["--format", "svg", "--size", "500"], "--size: svg has no pixels; any size suits it"),
        (["--format", "gif"], "Invalid value for '--format': 'gif' is not one of 'png', 'svg', 'pdf'."),
        (["--kind", "hexes"], "kind must be one of"),
        (["--kind", "curves"], "curves cannot be drawn: no numbers of a training: name its run folder"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(one_of_each, monkeypatch, capsys, words, told):
    assert told in refused(monkeypatch, capsys, one_of_each, *words)


def test_a_cluster_of_a_map_without_any_is_told(copied, monkeypatch, capsys):
    told = f"cluster must be left out: the map has none; ksom cluster {copied} finds them, got 0"
    assert told in refused(monkeypatch, capsys, copied, "--cluster", "0")


def test_a_folder_that_is_a_file_is_told(one_of_each, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"file: cannot be written .*; something that is no folder has its name"):
        plot(one_of_each, kinds="umatrix", output=tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        plot(one_of_each, kinds="umatrix", output=tmp_path / "file/below")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_told(one_of_each):
    with pytest.raises(OutputError, match="/proc/nowhere: cannot be written"):
        plot(one_of_each, kinds="umatrix", output="/proc/nowhere")


def test_folders_are_made_as_deep_as_asked_for(one_of_each, tmp_path):
    plot(one_of_each, kinds="umatrix", output=tmp_path / "a/b/c")
    assert stems(tmp_path / "a/b/c") == {"umatrix"}


def test_a_link_in_a_run_folder_is_not_followed(copied, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (copied / "plots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="is a link, and nothing is written through one"):
        plot(copied, kinds="umatrix")
    assert not stems(tmp_path / "elsewhere")


@pytest.mark.parametrize("name", ["map.npz", "checkpoints"])
def test_a_map_that_a_link_leads_to_is_not_read(name, copied, tmp_path):
    (copied / "map.npz").rename(tmp_path / "elsewhere.npz")
    if name == "checkpoints":
        for path in (copied / name).iterdir():
            path.unlink()
        (copied / "summary.json").unlink()
        (copied / "checkpoints/iteration-20.npz").symlink_to(tmp_path / "elsewhere.npz")
    else:
        (copied / name).symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(DataError, match="is a link that leads out of the run folder; name the map itself"):
        plot(copied, kinds="umatrix")


def test_a_picture_that_cannot_be_written_whole_is_absent_and_the_earlier_one_stays(one_of_each, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    plot(one_of_each, kinds="umatrix", output=tmp_path / "out")
    before = (tmp_path / "out/umatrix.png").read_bytes()

    def fails(_, file, **__):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        plot(one_of_each, kinds="umatrix", output=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["umatrix.png"]
    assert (tmp_path / "out/umatrix.png").read_bytes() == before


def test_a_missing_matplotlib_is_told_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled, match="pip install matplotlib"):
        plot(tmp_path / "nowhere")


def test_the_help_lists_every_kind():
    shown = CliRunner().invoke(cli, ["plot", "--help"]).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert all(any(line[:1] == [name] and len(line) > 3 for line in lines) for name in KINDS)
    assert max(map(len, shown.splitlines())) <= 80
    assert command.name == "plot"


def test_a_run_that_was_killed_is_drawn_from_its_newest_checkpoint(copied):
    for name in ("summary.json", "map.npz"):
        (copied / name).unlink()
    lines = plotted(copied)
    assert lines[0] == "not ended: the map after 20 of 20 iterations"
    assert lines[1:] == [f"written: {copied}/plots/{name}.png" for name in ("umatrix", "planes", "hits", "curves")]


def test_a_run_without_a_map_yet_is_told(copied):
    for path in [copied / "summary.json", copied / "map.npz", *(copied / "checkpoints").iterdir()]:
        path.unlink()
    with pytest.raises(DataError, match=r"holds no map yet, neither a map\.npz nor a whole checkpoint"):
        plot(copied)


def test_a_run_without_numbers_is_drawn_without_curves(copied):
    (copied / "metrics.jsonl").unlink()
    done = plot(copied)
    assert done.left_out == (("curves", "the run has written no numbers: its hooks QUALITY and METRICS_WRITER do"),)


def test_a_run_whose_numbers_cannot_be_read_says_why(copied):
    (copied / "metrics.jsonl").write_text("nonsense\n")
    with pytest.raises(DataError, match=r"curves cannot be drawn: .*a line of metrics must be a JSON object"):
        plot(copied, kinds="curves")


@pytest.mark.parametrize(("height", "width", "features"), [(1, 1, 2), (1, 1, 1), (1, 9, 1), (7, 1, 3)])
@pytest.mark.parametrize("lattice", ["rectangular", "hexagonal"])
def test_maps_of_one_node_or_of_one_feature_are_drawn(tmp_path, height, width, features, lattice):
    samples = RNG.random((12, features))
    train(samples, height, width, 3, lattice=lattice).save(tmp_path / "map.npz")
    np.save(tmp_path / "data.npy", samples)
    done = plot(tmp_path / "map.npz", tmp_path / "data.npy", kinds="all", output=tmp_path / "out", size=200)
    assert {path.stem for path in done.written} >= {"colours", "umatrix", "planes", "hits", "distances", "unfolding"}


def test_of_500_features_a_first_look_shows_the_planes_of_some_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("ksom.tasks.plotting.FIRST_FEATURES", 3)
    train(RNG.random((12, 500)), 2, 3, 3).save(tmp_path / "map.npz")
    lines = plotted(tmp_path / "map.npz", "-o", tmp_path / "out")
    assert f"planes: the first 3 of 500 features; ksom plot {tmp_path}/map.npz --kind planes draws all" in lines
    assert stems(tmp_path / "out") == {"umatrix", "planes"}
    assert plot(tmp_path / "map.npz", features=["feature 499"], output=tmp_path / "out").remarks == ()


def test_planes_of_many_features_are_pages_with_numbers(tmp_path):
    train(RNG.random((12, 21)), 2, 3, 3).save(tmp_path / "map.npz")
    plot(tmp_path / "map.npz", kinds="planes", output=tmp_path / "out")
    assert stems(tmp_path / "out") == {"planes-1", "planes-2"}


def test_of_stretches_of_time_a_first_look_shows_curves_and_all_shows_the_way(tmp_path):
    np.save(tmp_path / "signal.npy", np.sin(np.arange(80) / 5))
    overrides = ["DATASET", f"{{NAME: Windows, PATH: {tmp_path}/signal.npy, LENGTH: 8}}", "TRAINER.ITERATIONS", "3"]
    Experiment(None, [*overrides, "HOOKS.VLOG", "null"], tmp_path / "run").run()
    plot(tmp_path / "run")
    assert stems(tmp_path / "run/plots") == {"umatrix", "prototype_curves", "hits", "curves"}
    plot(tmp_path / "run", kinds="all", output=tmp_path / "all")
    assert {"prototype_curves", "trajectory"} <= stems(tmp_path / "all")


def test_series_are_chosen_by_name(tmp_path):
    names = ("Angola", "Chad, Sud", "Peru")
    rows = [f'"{name}",{year / 10 + number},{year % 3}' for number, name in enumerate(names) for year in range(6)]
    (tmp_path / "table.csv").write_text("\n".join(["country,x,y", *rows]))
    overrides = ["DATASET", f"{{NAME: Table, PATH: {tmp_path}/table.csv, ID: country}}", "TRAINER.ITERATIONS", "3"]
    Experiment(None, [*overrides, "HOOKS.VLOG", "null"], tmp_path / "run").run()
    plotted(tmp_path / "run", "--kind", "trajectory")
    every = (tmp_path / "run/plots/trajectory.png").read_bytes()
    plotted(tmp_path / "run", "--kind", "trajectory", "--series", "Chad, Sud", "--series", "Peru")
    assert (tmp_path / "run/plots/trajectory.png").read_bytes() != every
    with pytest.raises(DataError, match=r"trajectory cannot be drawn: series must be names of series.*got 'Nowhere'"):
        plot(tmp_path / "run", kinds="trajectory", series=["Nowhere"])


STRANGE = ("it's $x^2$", "</script><script>alert(1)</script>", "😀 שלום", "x" * 200, "a\nb\x1b[31m", "_{\\frac")


def test_names_that_mean_something_elsewhere_are_texts(tmp_path):
    som = train(RNG.random((30, len(STRANGE))), 3, 4, 3)
    som.name_features(STRANGE, units=dict.fromkeys(STRANGE, "$µ"))
    som.label(RNG.random((30, len(STRANGE))), [STRANGE[number % 6] for number in range(30)])
    som.cluster(clusters=2)
    som.save(tmp_path / "map.npz")
    done = plot(tmp_path / "map.npz", kinds="all", format="svg", output=tmp_path / "out")
    assert {"planes", "labels", "clusters"} <= {path.stem for path in done.written}
    assert not any(b"<script" in path.read_bytes() for path in done.written)


def test_the_map_and_the_run_stay_as_they_are(copied):
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    plot(copied, kinds="all")
    assert {path: path.read_bytes() for path in before} == before
    assert {path.name for path in copied.iterdir()} - {path.name for path in before if path.parent == copied} <= {
        "plots",
        "checkpoints",
    }


def test_pictures_are_not_lost_when_the_next_run_takes_the_folder(copied):
    plot(copied, kinds="umatrix")
    Experiment(None, ["HOOKS.VLOG", "null", "TRAINER.ITERATIONS", "5"], copied).run()
    assert stems(copied.with_name("exp1.1") / "plots") == {"umatrix"}
    assert not (copied / "plots").exists()
    assert json.loads((copied / "summary.json").read_text())["iteration"] == 5
