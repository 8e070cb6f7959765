"""What TensorBoard shows of a run, read by TensorBoard itself."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ksom.default_setup import Experiment
from ksom.errors import NotInstalled, ParameterError
from ksom.hooks.hook import Hook
from ksom.hooks.tensorboard import TensorBoard

EXPERIMENT = """
MODEL: {HEIGHT: 6, WIDTH: 7}
TRAINER: {ITERATIONS: 60}
CALLBACK_PERIOD: 5
HOOKS: {VLOG: {SIZE: 30}, CHECKPOINT: {EVERY: 20}}
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    (tmp_path / "colours.yaml").write_text(EXPERIMENT)
    return tmp_path / "colours.yaml"


def shown(folder: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder), size_guidance=dict.fromkeys(("scalars", "images", "histograms"), 0))
    return accumulator.Reload()


def run(experiment: Path, folder: Path, *overrides: str, **how: bool):
    return Experiment(experiment, ["HOOKS.TENSORBOARD", "{SIZE: 70}", *overrides], folder).run(**how)


def metrics(folder: Path) -> dict[int, dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {line.pop("iteration"): line for line in lines}


def test_every_metric_is_a_curve(experiment: Path, tmp_path: Path) -> None:
    run(experiment, tmp_path / "run")
    told, expected = shown(tmp_path / "run"), metrics(tmp_path / "run")
    assert set(told.Tags()["scalars"]) == expected[60].keys() - {"seconds"}
    for name in told.Tags()["scalars"]:
        curve = {event.step: event.value for event in told.Scalars(name)}
        assert curve == {step: np.float32(line[name]) for step, line in expected.items()}


def test_the_weights_are_a_picture(experiment: Path, tmp_path: Path) -> None:
    weights = run(experiment, tmp_path / "run").som.weights
    pictures = shown(tmp_path / "run").Images("weights")
    assert [picture.step for picture in pictures] == list(range(5, 61, 5))
    pixels = np.asarray(Image.open(BytesIO(pictures[-1].encoded_image_string)))
    assert pixels.shape == (pictures[-1].height, pictures[-1].width, 3) == (60, 70, 3)
    assert np.array_equal(pixels[::10, ::10], np.rint(weights * 255))


def test_the_distances_are_a_histogram(experiment: Path, tmp_path: Path) -> None:
    som = run(experiment, tmp_path / "run", "DATASET.SIZE", "50").som
    last = shown(tmp_path / "run").Histograms("distances")[-1].histogram_value
    assert last.num == sum(last.bucket) == 50
    assert last.sum / last.num == pytest.approx(metrics(tmp_path / "run")[60]["quantization_error"])
    assert 0 <= last.min < last.max == last.bucket_limit[-1]
    assert som.features == 3


def test_a_resumed_run_shows_each_step_once_and_in_order(experiment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(experiment, folder, "HOOKS.STOP", "tests.test_tensorboard:StopsAt33").status == "stopped"
    for later in (folder / "checkpoints").glob("*33*"):  # so that steps are learned again which are shown already
        later.unlink()
    run(experiment, folder, resume=True)
    assert len(list(folder.glob("events.out.tfevents.*"))) == 2
    told = shown(folder)
    for events in (told.Scalars("sigma"), told.Images("weights"), told.Histograms("distances")):
        assert [event.step for event in events] == list(range(5, 61, 5))


def test_a_clock_set_back_before_a_resume_costs_no_steps(experiment: Path, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "run"
    run(experiment, folder, "HOOKS.STOP", "tests.test_tensorboard:StopsAt33")
    monkeypatch.setattr("ksom.hooks.tensorboard.time.time_ns", lambda: 10**18)  # in 2001
    run(experiment, folder, resume=True)
    assert [event.step for event in shown(folder).Scalars("sigma")] == [*range(5, 35, 5), *range(35, 61, 5)]


class StopsAt33(Hook):
    def __init__(self) -> None:
        super().__init__(33)

    def after_step(self, run) -> None:
        run.request_stop("33 are enough")


def test_a_file_cut_off_by_a_kill_is_read_up_to_its_last_whole_step(experiment: Path, tmp_path: Path) -> None:
    run(experiment, tmp_path / "run")
    [events] = (tmp_path / "run").glob("events.out.tfevents.*")
    events.write_bytes(events.read_bytes()[:-9])
    assert [event.step for event in shown(tmp_path / "run").Scalars("sigma")] == list(range(5, 56, 5))


def test_with_it_is_without_it_bit_for_bit(experiment: Path, tmp_path: Path) -> None:
    run(experiment, tmp_path / "shown")
    run(experiment, tmp_path / "plain", "HOOKS.TENSORBOARD", "null")
    for name in ("map.npz", "vlog.gif", "map.png"):
        assert (tmp_path / "shown" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    clock = ("seconds", "seconds_per_iteration", "iterations_per_second", "eta_seconds")
    with_it, without_it = (metrics(tmp_path / name) for name in ("shown", "plain"))
    for step, line in without_it.items():
        assert {key: line[key] for key in line if key not in clock} == {
            key: with_it[step][key] for key in with_it[step] if key not in clock
        }


def test_without_tensorboard_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.hooks.tensorboard.find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match=r"TensorBoard is not installed; pip install 'kohonen2\[tensorboard\]'"):
        Experiment(None, ["HOOKS.TENSORBOARD", "{}"])


@pytest.mark.parametrize("size", [15, 8193, "big", None])
def test_impossible_sizes_are_refused(size) -> None:
    with pytest.raises(ParameterError, match=r"size must be an integer of at (least 16|most 8192)"):
        TensorBoard(size=size)
