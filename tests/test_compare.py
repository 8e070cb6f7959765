"""`ksom compare`: real small runs side by side, in the terminal, as JSON, as a page."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import ksom
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.errors import OutputError
from ksom.evaluation import evaluate
from ksom.method.symmetries import Symmetry, laid
from ksom.tasks.comparison import compare
from ksom.tasks.comparison_page import comparison_page, write_page
from ksom.tasks.differences import differences
from tests.browser import PHONE, opened

SHEET = np.random.default_rng(0).normal(size=(120, 4)) * [3, 2, 1, 0.5]
NAME_THEM = "name the rows to compare them by: --data"
EVIL = "</script><script>alert(1)</script>"
RUNS = {
    "one": [],
    "other": ["SEED", "1"],
    "wider": ["MODEL.WIDTH", "7"],
    "scaled": ["MODEL.SCALING", "standard"],
    "torus": ["MODEL.LATTICE", "{NAME: hexagonal, WRAP: both}"],
    "elsewhere": ["DATASET.PATH", "moved.npy"],
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    np.save(folder / "sheet.npy", SHEET)
    np.save(folder / "moved.npy", SHEET + 1)
    (folder / "quick.yaml").write_text(
        "DATASET: {NAME: Array, PATH: sheet.npy}\nMODEL: {HEIGHT: 6, WIDTH: 5, INITIAL: random}\n"
        "TRAINER: {ITERATIONS: 15}\nHOOKS: {QUALITY: {EVERY: 3}, VLOG: null}\n"
    )
    for name, words in RUNS.items():
        Experiment(folder / "quick.yaml", words, folder / name).run()
    som = ksom.KohonenSOM.load(folder / "one" / "map.npz")
    turned = som.weights.reshape(30, -1)[laid(som.lattice, Symmetry(flips_rows=True))].reshape(som.weights.shape)
    ksom.KohonenSOM(6, 5, initial=turned).save(folder / "turned.npz")
    ksom.KohonenSOM(6, 5, initial=turned[..., :3]).save(folder / "narrow.npz")
    return folder


@pytest.fixture
def there(trained, monkeypatch):
    monkeypatch.chdir(trained)
    return trained


def compared(*names, data=None):
    return compare([Path(name) for name in names], data)


def printed(*words):
    done = CliRunner().invoke(cli, ["compare", *words], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def refused(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["ksom", "compare", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err.strip()


def test_the_keys_that_differ_are_told_with_their_values(there):
    found = compared("one", "other", "wider")
    start = {"TRAINER.ALGORITHM.SIGMA.START": ("3.0", "3.0", "3.5")}  # follows from the width
    assert found.differing == {"SEED": ("0", "1", "0"), "MODEL.WIDTH": ("5", "5", "7")} | start


def test_a_run_without_a_configuration_differs_in_nothing():
    assert differences([{"A": "1"}, {}, {"A": "1"}]) == {}


def test_quality_is_what_evaluate_tells_of_the_same_rows(there):
    found = compared("one", "other")
    for place, name in enumerate(("one", "other")):
        measured = evaluate(ksom.KohonenSOM.load(f"{name}/map.npz"), SHEET)
        for measure, values in found.quality.items():
            assert values[place] == pytest.approx(measured[measure], rel=1e-6)
    assert found.measured_on == "the same 120 rows"


def test_a_map_turned_over_is_laid_back_and_agrees_wholly(there):
    found = compared("one", "turned.npz", data="sheet.npy")
    assert found.alignments[1].symmetry == Symmetry(flips_rows=True)
    assert found.alignments[1].mean_square == 0
    assert found.agreement(0, 1).share == 1


def test_maps_of_other_scaling_are_laid_over_each_other_in_the_units_of_the_first(there):
    plain, scaled = (ksom.KohonenSOM.load(f"{name}/map.npz") for name in ("one", "scaled"))
    to_map_units = scaled.intake.scales.of
    for names, ours, theirs in (
        (("one", "scaled"), plain.weights, scaled.prototypes),
        (("scaled", "one"), scaled.weights, to_map_units(plain.weights)),
    ):
        found = compared(*names)
        laid_over = theirs.reshape(30, 4)[found.alignments[1].nodes]
        expected = np.square(ours.reshape(30, 4) - laid_over).sum() / 30
        assert found.alignments[1].mean_square == pytest.approx(expected)
        assert any("quantization errors: each is in its own map's units" in note for note in found.notes)


def test_maps_of_other_shapes_are_compared_by_rows_but_not_node_by_node(there):
    found = compared("one", "wider", "torus")
    assert found.alignments == (None, None, None)
    assert found.notes == (
        "node by node: wider is of another shape than one: 6 × 7 rectangular, not 6 × 5 rectangular",
        "node by node: torus is of another shape than one: 6 × 5 hexagonal, a torus, not 6 × 5 rectangular",
    )
    assert 0 < found.agreement(0, 1).share < 1


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (
            ("one", "elsewhere"),
            f"by the same rows: the runs have learned from different data; {NAME_THEM}",
        ),
        (
            ("one", "turned.npz"),
            f"by the same rows: it is not known what turned.npz has learned from; {NAME_THEM}",
        ),
    ],
    ids=["other data", "a map alone"],
)
def test_without_common_data_the_runs_own_numbers_are_shown_and_it_is_said(there, names, note):
    found = compared(*names)
    assert note in found.notes
    assert found.agreements is None
    assert found.quality["quantization_error"][0] > 0


def test_named_data_are_looked_at_whatever_the_runs_have_learned_from(there):
    assert compared("one", "elsewhere", data="moved.npy").agreement(0, 1).share > 0


def test_maps_of_other_features_are_told_and_the_rest_compared(there):
    found = compared("one", "narrow.npz")
    assert "node by node: narrow.npz and one have different features" in found.notes


def test_an_unfinished_run_is_compared_by_its_newest_checkpoint(there, tmp_path):
    shutil.copytree("other", tmp_path / "killed")
    for name in ("summary.json", "map.npz"):
        (tmp_path / "killed" / name).unlink()
    found = compared("one", tmp_path / "killed")
    assert found.facts["status"] == ("completed", "not ended")
    assert found.agreement(0, 1).share > 0


def test_runs_of_the_same_name_are_called_by_their_paths(there, tmp_path):
    shutil.copytree("one", tmp_path / "one")
    assert compared("one", tmp_path / "one", "other").names == ("one", str(tmp_path / "one"), "other")


def test_the_table_tells_agreement_chance_and_how_the_maps_lie(there):
    told = printed("one", "turned.npz", "--data", "sheet.npy")
    assert "one – turned      1" in told
    assert "turned: upside down" in told


def test_json_holds_all_of_it(there):
    told = json.loads(printed("one", "other", "wider", "--json"))
    assert told["names"] == ["one", "other", "wider"]
    assert told["differences"]["SEED"] == ["0", "1", "0"]
    assert [(pair["first"], pair["second"]) for pair in told["agreement"]] == [
        ("one", "other"),
        ("one", "wider"),
        ("other", "wider"),
    ]
    assert told["aligned"][1]["symmetry"]["words"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one",), "there must be at least two runs, or maps, to compare, got 1"),
        (("one", "."), ".: is not the folder of a run of ksom"),
        (("one", "nothing.npz"), "nothing.npz: there is no such file"),
        (("one", "other", "-o", "page.pdf"), "page.pdf: a comparison is an .html file; name it so"),
    ],
)
def test_bad_input_is_one_line(there, monkeypatch, capsys, words, message):
    assert refused(monkeypatch, capsys, *words) == f"Error: {message}"


def test_the_page_shows_maps_tables_and_curves_and_asks_nobody(there, tmp_path):
    printed("one", "other", "wider", "torus", "-o", str(tmp_path / "compare.html"))
    with opened(tmp_path / "compare.html") as found:
        page = found.page
        assert page.locator(".compared canvas").count() == 4
        assert page.locator("#quality tbody tr").count() == 4
        assert page.locator("#agreement td.shaded").count() == 12
        assert page.locator("#curves path.curve").count() == 12
        assert "MODEL.WIDTH" in page.inner_text("#differences")
        found.require_clean()


def test_the_rows_of_a_node_are_told_in_every_map_by_pointer_and_keyboard(there, tmp_path):
    first = compared("one", "turned.npz", data="sheet.npy")
    write_page(first, tmp_path / "compare.html")
    rows = int((first.seen[0].placement.nodes == 0).sum())
    with opened(tmp_path / "compare.html") as found:
        maps = found.page.locator(".compared")
        maps.nth(0).locator("canvas").focus()
        found.page.keyboard.press("ArrowRight")
        assert f"{rows} row" in maps.nth(0).inner_text()
        assert "on 1 node here" in maps.nth(1).inner_text()
        assert "row 0, column 0" in found.page.inner_text("[aria-live]")
        maps.nth(1).locator("canvas").hover(position={"x": 5, "y": 5})
        assert f"{rows} row" in maps.nth(1).inner_text()
        found.require_clean()


def test_a_map_laid_over_the_first_has_its_colours(there, tmp_path):
    write_page(compared("one", "turned.npz", data="sheet.npy"), tmp_path / "compare.html")
    with opened(tmp_path / "compare.html") as found:
        drawn = [found.page.locator("canvas").nth(place).evaluate("c => c.toDataURL()") for place in range(2)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("how", [{"size": PHONE, "touch": True}, {"scheme": "dark"}], ids=["phone", "dark"])
def test_the_page_fits_a_phone_and_the_dark(there, tmp_path, how):
    write_page(compared("one", "other"), tmp_path / "compare.html")
    with opened(tmp_path / "compare.html", **how) as found:
        width = found.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
        found.require_clean()


def test_any_name_is_shown_as_text(there, tmp_path):
    names = ["<script>alert(1)<script>", "a'\"b", "🙂", "مرحبا", "x" * 200, "two\nlines"]
    for name in names:
        shutil.copytree("one", tmp_path / name)
    found = compared(*(tmp_path / name for name in names))
    assert found.names == (*names[:-1], "two lines")
    write_page(found, tmp_path / "compare.html")
    with opened(tmp_path / "compare.html") as shown:
        assert shown.page.locator(".compared .name").all_text_contents() == list(found.names)
        shown.require_clean()


def test_what_looks_like_the_end_of_a_script_is_shown(there, tmp_path):
    config = Path("one/config.yaml").read_text()
    shutil.copytree("one", tmp_path / "evil")
    (tmp_path / "evil" / "config.yaml").write_text(config.replace("SEED: 0", f"SEED: '{EVIL}'"))
    write_page(compared(tmp_path / "evil", "other", data="sheet.npy"), tmp_path / "compare.html")
    with opened(tmp_path / "compare.html") as shown:
        assert EVIL in shown.page.inner_text("#differences")
        shown.require_clean()


def test_secrets_of_a_config_written_by_hand_are_in_no_table_and_no_page(there, tmp_path):
    shutil.copytree("one", tmp_path / "mine")
    with (tmp_path / "mine" / "config.yaml").open("a") as config:
        config.write("MINE: {URI: 'mlflow://user:sesame@host', TOKEN: sesame-open, PASSWORD: 7215523, USER: me}\n")
    found = compared(tmp_path / "mine", "other", data="sheet.npy")
    write_page(found, tmp_path / "compare.html")
    runs = CliRunner().invoke(cli, ["list", str(tmp_path), "--json"], standalone_mode=False).stdout
    for told in (found.as_text(), (tmp_path / "compare.html").read_text(), runs):
        assert "MINE.TOKEN" in told
        assert "MINE.USER" in told
        assert "sesame" not in told
        assert "7215523" not in told


def test_a_page_replaces_no_map_that_it_compares(there, tmp_path):
    shutil.copy("one/map.npz", tmp_path / "map.html")
    with pytest.raises(OutputError, match="is a file of the run or the map itself"):
        write_page(compared(tmp_path / "map.html", "other", data="sheet.npy"), tmp_path / "map.html")
    assert (tmp_path / "map.html").read_bytes() == Path("one/map.npz").read_bytes()


def test_without_scripts_the_page_holds_the_tables_as_text(there):
    page = comparison_page(compared("one", "other")).as_html()
    assert "<noscript><pre>" in page
    assert "quality, with the same 120 rows" in page


def test_a_large_map_is_drawn_reduced(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        ksom.KohonenSOM(700, 700, initial=rng.random((700, 700, 3))).save(tmp_path / f"{name}.npz")
    np.save(tmp_path / "rows.npy", rng.random((50, 3)))
    found = compare([tmp_path / "a.npz", tmp_path / "b.npz"], tmp_path / "rows.npy")
    write_page(found, tmp_path / "compare.html")
    assert (tmp_path / "compare.html").stat().st_size < 4e6
    with opened(tmp_path / "compare.html") as shown:
        shown.page.locator("canvas").first.hover(position={"x": 50, "y": 50})
        shown.require_clean()


def test_of_many_rows_the_same_2000_are_looked_at_every_time(there, tmp_path):
    np.save(tmp_path / "many.npy", np.random.default_rng(3).normal(size=(5000, 4)))
    once, again = (compared("one", "other", data=tmp_path / "many.npy") for _ in range(2))
    assert once.measured_on == "the same 2,000 rows, drawn from 5,000"
    np.testing.assert_array_equal(once.rows, again.rows)
    assert once.agreement(0, 1) == again.agreement(0, 1)
