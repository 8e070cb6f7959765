"""The hook that draws the map as it learns."""

import pytest
from PIL import Image

from ksom.datasets.colours import RandomColors
from ksom.default_setup import Experiment
from ksom.errors import ConfigError, NotInstalled, ParameterError
from ksom.hooks.checkpoint import Checkpoint
from ksom.hooks.hook import Hook
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.plots import Plots
from ksom.hooks.quality import Quality
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.plots.kinds import KINDS
from ksom.runs.checkpoint import newest_checkpoint
from ksom.trainer import Trainer

OF_TRAINING = [kind.name for kind in KINDS.values() if kind.of_training]


def trained(folder, *hooks, iterations=20, checkpoint=None):
    trainer = Trainer(KohonenSOM(4, 5), RandomColors(20), iterations=iterations, hooks=hooks, folder=folder)
    if checkpoint is not None:
        trainer.load_state(checkpoint.state, checkpoint.weights)
    trainer.check()
    trainer.train()
    return trainer.som


def names(folder):
    return sorted(path.name for path in (folder / "plots").iterdir())


def contents(folder):
    return {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}


def test_pictures_are_called_by_kind_and_iteration_the_first_and_the_last_among_them(tmp_path):
    trained(tmp_path, Plots(kind="umatrix, unfolding", every=8, size=200))
    assert names(tmp_path) == [f"{kind}-{at:02}.png" for kind in ("umatrix", "unfolding") for at in (0, 8, 16, 20)]
    for path in (tmp_path / "plots").iterdir():
        with Image.open(path) as picture:
            assert max(picture.size) == 200


def test_one_that_is_not_told_how_often_draws_about_ten_times_more_in_the_beginning(tmp_path):
    hook = Plots(size=200)
    due = [at for at in range(1, 1001) if hook.next_due(at - 1, 1000, 10) == at]
    assert due == [10, 40, 90, 160, 250, 360, 490, 640, 810, 1000]
    assert hook.rhythm(1000, 10) == "10 times, more often in the beginning"
    assert hook.rhythm(3, 10) == "3 times, more often in the beginning"


def test_the_picture_of_an_iteration_is_the_one_that_is_drawn_of_its_map(tmp_path):
    from ksom.tasks.plotting import plot

    som = trained(tmp_path, Plots("planes", every=20, size=200))
    som.save(tmp_path / "map.npz")
    plot(tmp_path / "map.npz", kinds="planes", size=200, output=tmp_path / "after")
    drawn = contents(tmp_path)["planes-20.png"]
    assert drawn == (tmp_path / "after/planes.png").read_bytes()
    assert drawn != contents(tmp_path)["planes-00.png"]


def test_every_kind_that_a_training_can_show_is_drawn(tmp_path):
    trained(tmp_path, Quality(5), MetricsWriter(), Plots("all", every=20, size=200))
    drawn = {name.partition("-20")[0].partition("-1")[0] for name in names(tmp_path) if "-20" in name}
    assert drawn >= {"umatrix", "planes", "hits", "unfolding", "curves"}
    assert drawn <= set(OF_TRAINING)


def test_pictures_of_a_resumed_training_are_those_of_an_uninterrupted_one(tmp_path):
    class Dies(Hook):
        def after_step(self, run):
            raise KeyboardInterrupt

    def hooks():
        return Plots("hits, umatrix", every=3, size=200), Checkpoint(every=5)

    trained(tmp_path / "whole", *hooks())
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", *hooks(), Dies(13))
    checkpoint = newest_checkpoint(tmp_path / "killed/checkpoints")
    assert checkpoint.state["iteration"] == 10
    trained(tmp_path / "killed", *hooks(), checkpoint=checkpoint)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_training_is_told_before_it_begins_that_matplotlib_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(NotInstalled, match="pip install matplotlib") as caught:
        trained(tmp_path / "run", Plots())
    assert caught.value.__notes__ == ["in check of the hook Plots"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("umatrx", r"kind must be one of .*; did you mean 'umatrix'\?, got 'umatrx'"),
        ([], "kind must be one of .*umatrix.*; `ksom plot` draws the others afterwards, got "),
        ("", "kind must be one of .*umatrix"),
        ("clusters", "kind must be one of .*; `ksom plot` draws the others afterwards, got 'clusters'"),
        (["umatrix", 5], r"kind must be the names of kinds of pictures, such as \[umatrix, planes\], got "),
        (7, "kind must be the names of kinds"),
    ],
)
def test_a_kind_that_a_training_cannot_show_is_refused(kind, told):
    with pytest.raises(ParameterError, match=told):
        Plots(kind)


def test_an_experiment_draws_what_its_file_says_and_moves_it_along(tmp_path):
    overrides = ["HOOKS.PLOTS", "{KIND: [umatrix, curves], EVERY: 10, SIZE: 200}", "TRAINER.ITERATIONS", "20"]
    for _ in range(2):
        Experiment(None, overrides, tmp_path / "run").run()
    expected = ["curves-10.png", "curves-20.png", *(f"umatrix-{at}.png" for at in ("00", "10", "20"))]
    assert names(tmp_path / "run") == names(tmp_path / "run.1") == expected
    assert "KIND" in (tmp_path / "run/config.yaml").read_text()


def test_an_experiment_tells_where_a_kind_is_wrong(tmp_path):
    with pytest.raises(ConfigError, match=r"HOOKS\.PLOTS\.KIND must be one of .*did you mean 'planes'\?"):
        Experiment(None, ["HOOKS.PLOTS.KIND", "plane"], tmp_path / "run")


def test_what_cannot_be_drawn_is_told_once_and_the_training_goes_on(tmp_path, caplog):
    trained(tmp_path, Plots("prototypes, umatrix", every=5, size=200))
    told = "plots: prototypes not drawn after 5 iterations: nothing tells that its samples are pictures"
    assert [message.partition(":")[0] for message in caplog.messages] == ["plots"]
    assert caplog.messages[0].startswith(told)
    assert {name.partition("-")[0] for name in names(tmp_path)} == {"umatrix"}


def test_numbers_that_cannot_be_read_end_no_training_and_are_read_for_curves_only(tmp_path, caplog):
    (tmp_path / "metrics.jsonl").write_text("no numbers\n")
    trained(tmp_path, Plots("umatrix", every=10, size=200))
    assert not caplog.messages
    trained(tmp_path, Plots("curves", every=10, size=200))
    assert len(caplog.messages) == 1
    assert "plots: curves not drawn after 10 iterations: " in caplog.messages[0]
    assert "metrics.jsonl" in caplog.messages[0]
    assert names(tmp_path) == [f"umatrix-{at}.png" for at in ("00", "10", "20")]


def test_what_is_done_to_a_copied_map_the_training_does_not_notice(tmp_path):
    trainer = Trainer(KohonenSOM(4, 5, scaling="standard"), RandomColors(20), iterations=5, calibrate=True)
    trainer.train()
    before, layers = trainer.som.weights, dict(trainer.som.layers)
    copied = trainer.run.copied_map()
    assert not copied.layers
    assert copied.about() == trainer.som.about() | {"layers": {}}
    assert (copied.prototypes == trainer.som.prototypes).all()
    copied.weights = before + 1
    copied.about_training["seed"] = -1
    assert (trainer.som.weights == before).all()
    assert trainer.som.layers == layers
    assert trainer.som.about_training["seed"] == 0


def test_prototypes_of_a_training_on_pictures_are_drawn(tmp_path):
    for number in range(3):
        Image.new("L", (4, 3), 80 * number).save(tmp_path / f"{number}.png")
    data = f"{{NAME: Images, PATH: {tmp_path}/*.png, SIZE: [3, 4]}}"
    overrides = ["DATASET", data, "HOOKS.PLOTS.KIND", "prototypes", "TRAINER.ITERATIONS", "1"]
    Experiment(None, overrides, tmp_path / "run").run()
    assert names(tmp_path / "run") == ["prototypes-0.png", "prototypes-1.png"]


def test_a_link_that_lies_ready_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/plots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is a link, and nothing is written through one"):
        trained(tmp_path / "run", Plots(size=200))
    assert list((tmp_path / "elsewhere").iterdir()) == []
