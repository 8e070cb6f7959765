"""Samples that are held out: not learned from, the same ones every time, and what the map is calibrated on."""

import json
import logging
import os
import signal

import numpy as np
import pytest

from ksom import Batch, Dataset, KohonenSOM, Trainer, map_file, train
from ksom.calibration import calibration
from ksom.default_setup import Experiment
from ksom.errors import CheckpointError, ConfigError, DataError, ParameterError
from ksom.hooks import Hook
from ksom.method import matches
from ksom.runs.checkpoint import checkpoint_paths
from ksom.runs.run import Outcome
from ksom.tasks.map_and_data import map_and_data

CHANCE = np.random.default_rng(0)
SAMPLES = CHANCE.normal(size=(200, 3))
STOP = ("HOOKS.TIMELIMIT.NAME", "TimeLimit", "HOOKS.TIMELIMIT.SECONDS", "1e-9")


def trainer(samples=SAMPLES, **options):
    return Trainer(KohonenSOM(4, 4), samples, iterations=5, **options)


def rows_of(part):
    return part.rows(slice(None)).tolist()


def experiment(folder, *overrides, run="run"):
    np.save(folder / "data.npy", SAMPLES)
    (folder / "mine.yaml").write_text(
        "DATASET: {NAME: Array, PATH: data.npy}\nTRAINER: {ITERATIONS: 20, BATCH_SIZE: 50}\n"
        "MODEL: {HEIGHT: 4, WIDTH: 4}\nHOOKS: {VLOG: null, PICTURE: null, CHECKPOINT: {EVERY: 5}}\n"
    )
    return Experiment(folder / "mine.yaml", overrides, folder / run)


def test_every_sample_is_either_learned_from_or_held_out():
    made = trainer(hold_out=0.3)
    assert len(made.held_out) == 60
    assert sorted(rows_of(made.dataset) + rows_of(made.held_out)) == sorted(SAMPLES.tolist())


def test_what_is_held_out_teaches_nothing():
    one = trainer(hold_out=0.3)
    other = SAMPLES.copy()
    other[one.held_out.index] += CHANCE.normal(size=(60, 3)) * 0.1
    two = trainer(other, hold_out=0.3)
    one.train()
    two.train()
    assert one.som.weights.tobytes() == two.som.weights.tobytes()


def test_a_training_that_holds_out_is_that_on_the_others_alone():
    made = trainer(hold_out=0.3, batch_size=30, shuffle=True)
    alone = trainer(made.dataset.rows(slice(None)), batch_size=30, shuffle=True)
    made.train()
    alone.train()
    assert made.som.weights.tobytes() == alone.som.weights.tobytes()


def test_what_is_held_out_depends_on_the_seed_and_on_the_number_of_samples_only():
    index = trainer(hold_out=0.3).held_out.index
    np.testing.assert_array_equal(trainer(SAMPLES * 2, hold_out=0.3, batch_size=7).held_out.index, index)
    assert (trainer(hold_out=0.3, seed=1).held_out.index != index).any()


def test_what_is_held_out_is_the_same_in_every_version():
    assert trainer(hold_out=0.03).held_out.index.tolist() == [16, 107, 113, 180, 188, 192]


def test_weights_of_samples_stay_with_them():
    weights = np.arange(1.0, 201.0)
    made = trainer(Dataset(SAMPLES, weights), hold_out=0.3, algorithm=Batch())
    np.testing.assert_array_equal(made.dataset.weights_of(slice(None)), weights[made.dataset.index])


def test_a_part_knows_what_its_samples_are():
    whole = Dataset(SAMPLES)
    whole.labels = np.arange(200).astype(str)
    made = trainer(whole, hold_out=0.3).held_out
    assert made.labels.tolist() == made.index.astype(str).tolist()
    assert made.place(5) == whole.place(made.index[5])
    assert made.cell(5, 1, np.nan) == whole.cell(made.index[5], 1, np.nan)


def test_sparse_samples_can_be_held_out():
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.maximum(SAMPLES, [1, 0, 0]))
    made = trainer(sparse, hold_out=0.3, calibrate=True)
    assert made.train() is Outcome.COMPLETED
    assert made.som.layers["distances"].about["calibrated_on"] == 60


@pytest.mark.parametrize("share", [0.001, 0.999, 1.0])
def test_samples_must_be_left_on_both_sides(share):
    with pytest.raises(ParameterError, match=r"^hold_out must hold out at least one of 200 samples, and not all, got"):
        trainer(hold_out=share)


@pytest.mark.parametrize("share", [-0.1, 1.5, np.nan, "half", True])
def test_a_share_is_a_number_from_0_to_1(share):
    with pytest.raises(ParameterError, match=r"^hold_out must be a number >= 0 and <= 1"):
        trainer(hold_out=share)


def test_a_data_set_that_makes_its_samples_holds_none_out():
    class Made(Dataset):
        def batch(self, iteration, **how):
            return [np.full((5, 3), float(iteration))]

    told = "^hold_out must be 0 where a data set makes new samples in every iteration, as Made does, got 0.1$"
    with pytest.raises(ParameterError, match=told):
        trainer(Made(SAMPLES), hold_out=0.1)


def test_a_bad_sample_is_told_by_its_own_row_before_anything_is_learned():
    for row in (0, 7, 199):
        bad = SAMPLES.copy()
        bad[row, 1] = np.nan
        with pytest.raises(DataError, match=f"^dataset Dataset: row {row}, column 1"):
            trainer(bad, hold_out=0.5)


def test_train_calibrates_on_what_it_holds_out_and_only_where_asked():
    assert train(SAMPLES, 4, 4, iterations=5).layers == {}
    about = train(SAMPLES, 4, 4, iterations=5, hold_out=0.25).layers["distances"].about
    assert (about["calibrated_on"], about["held_out"]) == (50, True)
    about = train(SAMPLES, 4, 4, iterations=5, hold_out=0).layers["distances"].about
    assert (about["calibrated_on"], about["held_out"]) == (200, False)


def test_a_map_that_learned_by_heart_still_knows_what_is_usual():
    def flagged(hold_out):
        som = train(SAMPLES, 20, 20, iterations=30, hold_out=hold_out)
        return som.is_novel(np.random.default_rng(1).normal(size=(2000, 3))).mean()

    assert flagged(0) > 0.2  # its own samples are as near to it as no other
    assert flagged(0.3) < 0.05


def test_calibrating_changes_no_weight():
    plain, told = trainer(), trainer(calibrate=True)
    plain.train()
    told.train()
    assert plain.som.weights.tobytes() == told.som.weights.tobytes()


@pytest.mark.parametrize("calibrate", [1, "yes", None])
def test_whether_to_calibrate_is_true_or_false(calibrate):
    with pytest.raises(ParameterError, match=r"^calibrate must be true or false"):
        trainer(calibrate=calibrate)


def test_an_experiment_ends_with_a_map_that_knows_what_is_novel(tmp_path):
    result = experiment(tmp_path).run()
    som = KohonenSOM.load(result.folder / "map.npz")
    assert set(som.layers) == {"hits", "distances", "usual_distance"}
    assert som.layers["distances"].about["held_out"] is False
    assert som.layers["hits"].values.sum() == 200


def test_an_experiment_can_hold_out(tmp_path):
    result = experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1").run()
    about = KohonenSOM.load(result.folder / "map.npz").layers["distances"].about
    assert (about["held_out"], about["calibrated_on"]) == (True, 20)
    assert result.summary["measured_on"] == "180 of 180 samples"


def test_an_experiment_need_not_calibrate(tmp_path):
    result = experiment(tmp_path, "CALIBRATE", "false").run()
    assert KohonenSOM.load(result.folder / "map.npz").layers == {}


def test_the_plan_tells_of_the_search_and_of_what_is_held_out(tmp_path):
    assert "one search over 200 samples at the end, no sample held out" in experiment(tmp_path).plan()
    held = experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1").plan()
    assert "data        180 samples" in held
    assert "one search over 200 samples at the end, 20 more samples held out" in held
    assert "calibration none, no sample held out" in experiment(tmp_path, "CALIBRATE=false").plan()


def test_a_map_is_looked_at_with_what_it_has_learned_from(tmp_path):
    made = experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1")
    made.run()
    assert rows_of(map_and_data(tmp_path / "run")[1]) == rows_of(made.trainer.dataset)


def test_a_run_that_is_resumed_holds_out_the_same_and_is_calibrated_once(tmp_path, caplog):
    whole = experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1", run="whole").run().folder / "map.npz"
    assert experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1", *STOP).run().status == "stopped"
    assert KohonenSOM.load(tmp_path / "run" / "map.npz").layers == {}
    caplog.clear()
    with caplog.at_level(logging.INFO, "ksom"):
        assert experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1").run(resume=True).status == "completed"
    assert caplog.text.count("calibrating the map on 20 samples held out") == 1
    assert (tmp_path / "run" / "map.npz").read_bytes() == whole.read_bytes()


def test_a_run_is_not_resumed_with_another_share(tmp_path):
    experiment(tmp_path, *STOP).run()
    with pytest.raises(CheckpointError, match=r"TRAINER.HOLD_OUT: 0.0 → 0.1"):
        experiment(tmp_path, "TRAINER.HOLD_OUT", "0.1").run(resume=True)


def test_a_stop_in_the_last_iteration_comes_before_calibrating():
    class Stops(Hook):
        every = 5

        def after_step(self, run):
            run.request_stop("enough")

    made = trainer(calibrate=True, hooks=[Stops()])
    assert made.train() is Outcome.STOPPED
    assert made.som.layers == {}


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["TRAINER.HOLD_OUT", "2"], r"^TRAINER.HOLD_OUT must be a number >= 0 and <= 1, got 2$"),
        (["CALIBRATE", "7"], r"^the command line: CALIBRATE must be true or false, got 7$"),
    ],
)
def test_a_bad_value_is_told_by_its_key(tmp_path, overrides, told):
    with pytest.raises(ConfigError, match=told):
        experiment(tmp_path, *overrides)


def test_a_run_of_an_older_ksom_can_be_resumed(tmp_path):
    experiment(tmp_path, *STOP).run()
    path = checkpoint_paths(tmp_path / "run" / "checkpoints")[-1]
    held, (text,) = map_file.read_with_texts(path, "state")
    state = json.loads(text)
    del state["config"]["TRAINER"]["HOLD_OUT"], state["config"]["CALIBRATE"]
    map_file.write(path, held, state=json.dumps(state))
    assert experiment(tmp_path).run(resume=True).status == "completed"


def test_calibrating_leaves_off_where_a_stop_is_asked_for(monkeypatch):
    monkeypatch.setattr(matches, "WALK_BYTES", 12 * 50)
    som, asked = trainer().som, []

    def is_over():
        asked.append(True)
        return len(asked) == 2

    assert calibration(som, SAMPLES, is_over=is_over) is None
    assert len(asked) == 2


def test_ctrl_c_while_calibrating_stops_and_a_resumed_run_does_it_again(tmp_path, monkeypatch):
    def interrupted(*arguments, **how):
        os.kill(os.getpid(), signal.SIGINT)
        return calibration(*arguments, **how)

    with monkeypatch.context() as patch:
        patch.setattr("ksom.trainer.calibration", interrupted)
        result = experiment(tmp_path).run()
    assert (result.status, result.signal, result.summary["iteration"]) == ("interrupted", signal.SIGINT, 20)
    assert KohonenSOM.load(tmp_path / "run" / "map.npz").layers == {}
    assert experiment(tmp_path).run(resume=True).status == "completed"
    assert "usual_distance" in KohonenSOM.load(tmp_path / "run" / "map.npz").layers
