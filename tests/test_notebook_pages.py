"""Maps, runs and evaluations show themselves in a notebook: a page in a frame, or nothing but their repr."""

import html
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ksom
from ksom.tasks.report import notebook
from tests.browser import opened
from tests.report_runs import run_on_iris

EVIL = "</script><script>alert(1)</script>"


def trained(height: int = 4, width: int = 4, features: int = 3) -> ksom.KohonenSOM:
    return ksom.train(np.random.default_rng(0).normal(size=(50, features)), height, width, 2)


def evaluation() -> Any:
    return ksom.evaluate(trained(), np.random.default_rng(0).normal(size=(50, 3)))


class Seen(ksom.Hook):
    """Keeps what a notebook would show of the run that a hook sees."""

    shown: str | None = None

    def after_train(self, run: Any) -> None:
        self.shown = run._repr_html_()


def of_run() -> str | None:
    hook = Seen()
    ksom.train(np.random.default_rng(0).normal(size=(50, 3)), 4, 4, 2, hooks=[hook])
    return hook.shown


def of_result(folder: Path) -> str | None:
    (folder / "mine.yaml").write_text("TRAINER: {ITERATIONS: 2}")
    return ksom.Experiment(folder / "mine.yaml", output_dir=folder / "mine").run()._repr_html_()


KINDS = {
    "map": lambda _: trained()._repr_html_(),
    "run": lambda _: of_run(),
    "result": of_result,
    "evaluation": lambda _: evaluation()._repr_html_(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_clean_page_in_a_frame_in_a_real_browser(kind, tmp_path):
    frame = KINDS[kind](tmp_path)
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{frame}")
    with opened(path) as found:
        inside = found.page.frames[1]
        assert inside.locator("h1").count() == 1
        assert (inside.locator("canvas").count() > 0) == (kind != "evaluation")
        assert inside.locator("#static").count() == (kind == "evaluation")
        found.require_clean()


def test_a_small_map_takes_little_room():
    assert len(trained()._repr_html_()) < 250_000


@pytest.mark.parametrize("shape", [(100, 100, 20), (3, 3, 500), (1, 1, 1), (1, 50, 2)])
def test_a_frame_has_at_most_3_mb(shape):
    som = ksom.KohonenSOM(*shape[:2], initial=np.random.default_rng(0).normal(size=shape))
    assert len(som._repr_html_()) <= notebook.MOST_BYTES


@pytest.mark.parametrize("som", [ksom.KohonenSOM(3, 3), ksom.KohonenSOM(300, 300, initial=np.zeros((300, 300, 50)))])
def test_a_map_without_weights_or_with_very_many_has_its_repr_alone(som):
    assert som._repr_html_() is None


@pytest.mark.parametrize("made", [trained(), evaluation()], ids=["map", "evaluation"])
def test_what_cannot_be_shown_is_no_error(made, monkeypatch):
    monkeypatch.setattr(notebook, "_frame", lambda *_: 1 / 0)
    assert made._repr_html_() is None


def test_a_frame_too_large_is_left_out(monkeypatch):
    monkeypatch.setattr(notebook, "MOST_BYTES", 1000)
    assert trained()._repr_html_() is None


def test_a_map_stays_as_it_was():
    som = trained()
    weights, layers = som.weights, dict(som.layers)
    som._repr_html_()
    np.testing.assert_array_equal(som.weights, weights)
    assert som.layers == layers
    assert som.about_training


def test_names_of_features_cannot_leave_the_frame():
    som = trained(features=2)
    som.feature_names = ("\"'><script>alert(1)</script>", EVIL)
    frame = som._repr_html_()
    assert "<script" not in frame
    assert frame.count("<") == 2  # that of the frame's two tags
    assert EVIL.replace("<", "\\u003c") in html.unescape(re.search('srcdoc="(.*)"', frame, re.DOTALL)[1])


def test_a_result_whose_folder_has_gone_is_shown_as_its_map(tmp_path):
    folder = run_on_iris(tmp_path)
    result = ksom.Experiment(tmp_path / "iris.yaml", output_dir=folder).run(restart=True)
    folder.rename(tmp_path / "elsewhere")
    assert "KohonenSOM(6 × 5 nodes" in result._repr_html_()


def test_no_data_are_read_and_nothing_of_pages_is_loaded_before_a_notebook_asks():
    code = "import sys, ksom; ksom.train([[0.0], [1.0]], 2, 2, 1); sys.exit('ksom.tasks.report' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
