"""The built-in hooks do what they say."""

import json
import time

import numpy as np
import pytest
from PIL import Image

from ksom.datasets.colours import RandomColors
from ksom.errors import ParameterError, TrainingFailed
from ksom.hooks import HOOKS, Checkpoint, Quality
from ksom.hooks.hook import EVERY_PAUSE, Hook
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.picture import Picture
from ksom.hooks.quality import StopOnNaN
from ksom.hooks.timing import TimeLimit, Timing
from ksom.hooks.vlog import Vlog
from ksom.kernels.effort import Work
from ksom.kohonensom_model import KohonenSOM
from ksom.method.quality import quantization_error, topographic_error
from ksom.runs.run import Outcome
from ksom.trainer import Trainer


def trained(*hooks, iterations=10, folder=None):
    arguments = {"iterations": iterations, "hooks": hooks, "folder": folder, "algorithm": "online"}
    trainer = Trainer(KohonenSOM(3, 3), RandomColors(9), **arguments)
    trainer.train()
    return trainer


def test_quality_puts_both_errors():
    trainer = trained(Quality(every=5))
    put = trainer.run.metrics.at(10)
    assert put["quantization_error"] == quantization_error(trainer.som, trainer.dataset.samples)
    assert put["topographic_error"] == topographic_error(trainer.som, trainer.dataset.samples)


def test_quality_may_use_fewer_samples():
    trainer = trained(Quality(samples=2))
    assert trainer.run.metrics.latest("quantization_error") == quantization_error(
        trainer.som, trainer.dataset.samples[:2]
    )


def test_timing_puts_its_metrics():
    put = trained(Timing(every=4)).run.metrics.at(10)
    assert {"seconds_per_iteration", "iterations_per_second", "eta_seconds"} <= set(put)
    assert put["eta_seconds"] == 0


class Sleeps(Hook):
    """Takes its time, and ends the training after the third iteration."""

    def after_step(self, run):
        time.sleep(0.1)
        if run.iteration == 3:
            run.request_stop("enough")


def test_time_left_counts_hooks_and_time_per_iteration_does_not():
    put = trained(Timing(every=1), Sleeps(every=1), iterations=1003).run.metrics
    assert put.latest("eta_seconds") >= 1000 * 0.1
    assert put.latest("seconds_per_iteration") * 1000 < put.latest("eta_seconds")


def test_metrics_are_written_a_line_an_iteration(tmp_path):
    class Measures(Hook):
        def after_step(self, run):
            run.metrics.put(odd=run.iteration, wrong=np.inf)

    trained(Measures(3), MetricsWriter(), folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["iteration"], line["odd"], line["wrong"]) for line in lines] == [
        (3, 3.0, None), (6, 6.0, None), (9, 9.0, None), (10, 10.0, None)
    ]  # fmt: skip
    assert all(line["sigma"] >= 1 and 0 < line["learning_rate"] <= 0.1 for line in lines)


def test_metrics_of_an_iteration_are_the_parameters_that_it_learned_with(tmp_path):
    trainer = trained(Hook(3), MetricsWriter(), folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        parameters = trainer.algorithm.parameters(line["iteration"] - 1)
        assert (line["sigma"], line["learning_rate"]) == (parameters["sigma"], parameters["learning_rate"])
    assert [line["iteration"] for line in lines] == [3, 6, 9, 10]


def test_metrics_tell_the_seconds_of_learning(tmp_path):
    trainer = trained(Hook(3), MetricsWriter(), folder=tmp_path)
    seconds = [json.loads(line)["seconds"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert 0 < seconds[0] < seconds[1] < seconds[2] < seconds[3] == trainer.run.seconds


WRITING = {"Checkpoint", "MLflow", "MetricsWriter", "Picture", "Plots", "TensorBoard", "Vlog"}


@pytest.mark.parametrize("name", sorted(WRITING))
def test_a_hook_that_needs_a_folder_and_has_none_says_so(name):
    with pytest.raises(ParameterError, match=f"folder must be given, for the hook {name} writes into it, got None"):
        trained(HOOKS.get(name)())


def test_a_hook_of_ones_own_that_appends_to_a_file_needs_a_folder_too():
    with pytest.raises(ParameterError, match="folder must be given, for the hook MINE writes into it"):
        Trainer(KohonenSOM(2, 2), RandomColors(3), hooks={"MINE": type("Mine", (Hook,), {"file": "mine.txt"})()})


def test_the_other_hooks_write_nothing_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(*(HOOKS.get(name)() for name in {*HOOKS} - WRITING - {"TimeLimit"}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["../mine.txt", "/tmp/mine.txt", "a/b", "..", "config.yaml", "train.log", 5])
def test_a_hook_appends_to_nothing_but_a_file_of_its_own_in_the_run_folder(tmp_path, file):
    hook = type("Mine", (Hook,), {"file": file})()
    with pytest.raises(ParameterError, match=r"Mine\.file must be the name of a file of its own in the run folder"):
        trained(hook, folder=tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_broken_weights_end_the_training(value):
    class Breaks:
        def prepare(self, lattice, iterations):
            pass

        def work(self, samples):
            return Work()

        def parameters(self, iteration):
            return {}

        def train(self, som, feed, begun, stop, pace):
            som.kernels._planes[2, 1, 0] = value
            return iter(())

    trainer = Trainer(KohonenSOM(3, 3), RandomColors(9), algorithm=Breaks(), hooks=[StopOnNaN(every=5)])
    with pytest.raises(TrainingFailed, match=rf"after 5 iterations feature 2 of node \(1, 0\) is {value}"):
        trainer.train()
    assert trainer.run.outcome is Outcome.FAILED


def test_time_limit_ends_the_training():
    trainer = trained(TimeLimit(seconds=1e-9), iterations=10**9)
    assert trainer.run.outcome is Outcome.STOPPED
    assert trainer.run.stop_reason == "the time limit of 1e-09 s is reached"


def test_time_limit_counts_earlier_parts():
    def trainer(*hooks):
        return Trainer(KohonenSOM(2, 2), [[0.0]], iterations=1000, hooks=hooks)

    first, second = trainer(), trainer(Hook(1), TimeLimit(seconds=50))
    second.load_state({**first.state(), "wall_seconds": 50.0}, first.som.weights)
    assert (second.train(), second.run.iteration) == (Outcome.STOPPED, 1)


def test_time_left_is_enough():
    assert trained(TimeLimit(seconds=1e6)).run.outcome is Outcome.COMPLETED


def test_the_trained_map_is_drawn_exactly_with_or_without_a_film(tmp_path):
    trainer = trained(Picture(size=30), folder=tmp_path)
    with Image.open(tmp_path / "map.png") as picture:
        shown = np.asarray(picture.convert("RGB"))
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert shown.shape == (30, 30, 3)
    np.testing.assert_array_equal(shown[::10, ::10], np.rint(trainer.som.weights * 255))


def test_a_training_that_failed_is_not_drawn(tmp_path):
    class Fails(Hook):
        def after_step(self, run):
            raise TrainingFailed("no")

    with pytest.raises(TrainingFailed):
        trained(Fails(), Picture(), folder=tmp_path)
    assert not (tmp_path / "map.png").exists()


def test_each_hook_says_how_often_it_acts():
    trainer = Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=1000)
    hooks = [Quality(every=3), Quality(), Vlog(), Vlog(every=7), Picture(), TimeLimit(9)]
    assert [trainer.times(hook) for hook in hooks] == [
        "every 3 iterations, 334 times", "every 10 iterations, 100 times",
        "98 times, more often in the beginning", "every 7 iterations, 143 times", "at the end", "at every pause",
    ]  # fmt: skip


@pytest.mark.parametrize("every", [-1, 0, 2.5, "3", True, float("nan")])
@pytest.mark.parametrize("name", [name for name in HOOKS if HOOKS.get(name).every != EVERY_PAUSE])
def test_impossible_periods_are_refused(name, every):
    with pytest.raises(ParameterError, match="every must be an integer of at least 1"):
        HOOKS.get(name)(every=every)


@pytest.mark.parametrize("every", [-3, 2.5, "3"])
def test_impossible_periods_of_a_users_class_are_refused(every):
    """With -3 the training stood still for ever."""
    hook = type("Mine", (Hook,), {"every": every})()
    with pytest.raises(ParameterError, match=r"Mine\.every must be an integer of at least 0"):
        trained(hook)


@pytest.mark.parametrize("hooks", [[Vlog(), Vlog(every=3)], {"A": MetricsWriter(), "B": MetricsWriter()}])
def test_two_hooks_never_append_to_the_same_file(hooks):
    with pytest.raises(ParameterError, match="hooks must append to different files, but 2 append to"):
        Trainer(KohonenSOM(2, 2), RandomColors(3), hooks=hooks)


def test_a_state_that_json_cannot_hold_is_blamed_on_its_hook():
    class Forgetful(Hook):
        def state(self):
            return {"value": np.float32(1)}

    trainer = Trainer(KohonenSOM(2, 2), RandomColors(3), hooks={"MINE": Forgetful()})
    with pytest.raises(TrainingFailed, match="the state of the hook MINE must be what JSON can hold"):
        trainer.state()


def test_a_checkpoint_never_holds_weights_that_are_not_finite(tmp_path):
    som = KohonenSOM(2, 2, initial=np.ones((2, 2, 3)))
    trainer = Trainer(som, RandomColors(3), iterations=4, hooks=[Checkpoint(every=1)], folder=tmp_path)
    trainer.run._weights = ((1, 0), np.full((2, 2, 3), np.nan))
    with pytest.raises(
        TrainingFailed, match=r"after 1 iterations feature 0 of node .* is nan; no checkpoint holds that"
    ):
        trainer.train()
    assert not (tmp_path / "checkpoints").exists()
