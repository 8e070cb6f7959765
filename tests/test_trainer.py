"""The same seed gives the same bits, however the training is cut into segments and whoever looks on."""

import math

import numpy as np
import pytest

from ksom import train
from ksom.algorithms import Batch, Online
from ksom.dataset import Dataset
from ksom.datasets.colours import RandomColors
from ksom.default_setup import Experiment
from ksom.errors import DataError, OutputError, ParameterError, TrainingFailed
from ksom.hooks import HOOKS, Checkpoint, Quality
from ksom.hooks.hook import Hook
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.mlflow import MLflow
from ksom.hooks.picture import Picture
from ksom.hooks.plots import Plots
from ksom.hooks.progress import Progress
from ksom.hooks.quality import StopOnNaN
from ksom.hooks.tensorboard import TensorBoard
from ksom.hooks.timing import TimeLimit, Timing
from ksom.hooks.vlog import Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.method.quality import quantization_error
from ksom.method.schedules import Exponential, Linear
from ksom.runs.run import Outcome
from ksom.trainer import Trainer

ALL_HOOKS = [
    Checkpoint(every=3),
    MetricsWriter(),
    Picture(size=16),
    Progress(),
    Quality(every=2),
    StopOnNaN(1),
    TimeLimit(1e6),
    Timing(4),
]


def trained(hooks=(), *, iterations=23, dtype="float32", pause=None, folder=None, **arguments):
    som = KohonenSOM(6, 7, dtype=dtype)
    trainer = Trainer(som, RandomColors(20), iterations=iterations, hooks=hooks, folder=folder, **arguments)
    if pause is not None:
        trainer._next_pause = lambda: min(trainer.run.iteration + pause, iterations)
    trainer.train()
    return som.weights.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("batching", [{}, {"batch_size": 7}, {"batch_size": 7, "shuffle": True}])
def test_same_seed_gives_same_bits(dtype, algorithm, batching):
    arguments = {"dtype": dtype, "algorithm": algorithm, **batching}
    assert trained(**arguments) == trained(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"seed": 1}, {"iterations": 24}, {"batch_size": 7}, {"dtype": "float64"}, {"algorithm": "batch"}]
)
def test_another_training_gives_other_bits(arguments):
    assert trained(**{"algorithm": "online", **arguments}) != trained(algorithm="online")


@pytest.mark.parametrize("pause", [1, 2, 5, 22, 23])
@pytest.mark.parametrize("batching", [{"algorithm": "online"}, {"batch_size": 7, "shuffle": True}, {}])
def test_length_of_segments_does_not_change_a_bit(pause, batching):
    assert trained(pause=pause, **batching) == trained(**batching)


@pytest.mark.parametrize("every", [1, 3, 7, 100])
def test_period_of_hooks_does_not_change_a_bit(every):
    assert trained([Hook(every)]) == trained(callback_period=every) == trained()


class Squares(Hook):
    """Acts after the iterations 1, 4, 9, …."""

    def __init__(self):
        super().__init__()
        self.acted = []

    def next_due(self, iteration, iterations, period):
        return (math.isqrt(iteration) + 1) ** 2

    def after_step(self, run):
        self.acted.append(run.iteration)


def test_a_hook_may_have_a_rhythm_of_its_own_beside_others():
    hook, other = Squares(), Squares()
    other.next_due = lambda iteration, iterations, period: Hook.next_due(other, iteration, iterations, 5)
    trained([hook, other])
    assert hook.acted == [1, 4, 9, 16, 23]
    assert other.acted == [5, 10, 15, 20, 23]


@pytest.mark.parametrize("due", [-1, 0, 3])
def test_a_hook_that_is_always_due_already_does_not_hold_the_training_for_ever(due):
    hook = Squares()
    hook.next_due = lambda iteration, iterations, period: due
    trained([hook])
    assert hook.acted[-1] == 23


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_all_hooks_on_give_the_bits_of_all_hooks_off(algorithm, tmp_path):
    hooks = [*ALL_HOOKS, Vlog(every=2, size=16), TensorBoard(every=2, size=16), Plots("all", every=20)]
    elsewhere = {MLflow}  # test_mlflow.py has a database for it
    assert {type(hook) for hook in hooks} | elsewhere == {HOOKS.get(name) for name in HOOKS}
    assert trained(hooks, folder=tmp_path, algorithm=algorithm) == trained(algorithm=algorithm)


@pytest.mark.parametrize("arguments", [{"algorithm": "online"}, {}, {"algorithm": "batch", "batch_size": 7}])
def test_going_on_from_a_state_gives_the_bits_of_an_uninterrupted_training(arguments):
    class StopsAt9(Hook):
        def after_step(self, run):
            run.request_stop("enough")

    def trainer(*hooks):
        return Trainer(KohonenSOM(6, 7), RandomColors(20), iterations=23, hooks=hooks, **arguments)

    first, second = trainer(StopsAt9(9)), trainer()
    first.train()
    second.load_state(first.state(), first.som.weights)
    second.train()
    assert (first.run.iteration, second.run.iteration) == (9, 23)
    assert second.som.weights.tobytes() == trained(**arguments)


def test_one_call_is_the_trainer():
    assert train(RandomColors(20), 6, 7, 23).weights.tobytes() == trained()


def test_one_algorithm_serves_maps_of_any_size():
    algorithm = Online()
    small = Trainer(KohonenSOM(4, 4), RandomColors(5), iterations=10, algorithm=algorithm)
    large = Trainer(KohonenSOM(40, 8), RandomColors(5), iterations=99, algorithm=algorithm)
    starts = [trainer.algorithm.parameters(0)["sigma"] for trainer in (small, large)]
    assert starts == [2.0, 20.0]
    assert small.algorithm.parameters(9)["sigma"] == pytest.approx(2.0 * math.exp(-9 / (10 / math.log(2.0))))


@pytest.mark.parametrize("algorithm", [Online(), Online("exponential", "exponential")])
def test_an_algorithm_may_be_given_by_its_name(algorithm):
    assert trained(algorithm=algorithm) == trained(algorithm="online") != trained(algorithm=Batch())


@pytest.mark.parametrize(
    ("arguments", "shuffled"),
    [({}, False), ({"algorithm": "online"}, True), ({"batch_size": 7}, True), ({"shuffle": True}, True)],
)
def test_samples_are_shuffled_where_their_order_matters(arguments, shuffled):
    assert Trainer(KohonenSOM(2, 2), RandomColors(20), **arguments).shuffle is shuffled
    assert trained(**arguments) == trained(**{**arguments, "shuffle": shuffled})


def test_a_map_with_weights_goes_on_from_them():
    som = KohonenSOM(1, 2, initial=[[[0.0], [1.0]]])
    Trainer(som, [[0.0], [1.0]], iterations=1, algorithm=Online(learning_rate=Exponential(1e-9))).train()
    np.testing.assert_allclose(som.weights, [[[0.0], [1.0]]], atol=1e-8)


@pytest.mark.parametrize(("sides", "start"), [((1, 1), 1.0), ((2, 2), 1.0), ((1, 9), 4.5), ((10, 4), 5.0)])
@pytest.mark.parametrize(("algorithm", "others"), [("online", {"learning_rate": 0.1}), ("batch", {})])
def test_sigma_starts_at_half_of_the_longer_side(sides, start, algorithm, others):
    trainer = Trainer(KohonenSOM(*sides), [[0.0]], iterations=10, algorithm=algorithm)
    assert trainer.algorithm.parameters(0) == {"sigma": start, **others}


class Diary(Hook):
    """Writes down what it is told, and when."""

    def __init__(self, every=None, diary=None, name=""):
        super().__init__(every)
        self.diary = [] if diary is None else diary
        self.name = name

    def before_train(self, run):
        self.diary.append((self.name, "before_train", run.iteration))

    def before_step(self, run):
        self.diary.append((self.name, "before_step", run.iteration))

    def after_step(self, run):
        self.diary.append((self.name, "after_step", run.iteration))

    def after_train(self, run):
        self.diary.append((self.name, "after_train", run.outcome))


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (5, [5]), (9, [5]), (None, [3, 5])]
)
def test_a_hook_acts_when_it_is_due_and_at_the_end(every, expected):
    hook = Diary(every)
    Trainer(KohonenSOM(2, 2), [[0.0]], iterations=5, hooks=[hook], callback_period=3).train()
    assert [when for _, what, when in hook.diary if what == "after_step"] == expected


def test_hooks_are_closed_in_reverse_order_even_if_one_fails():
    class Fails(Hook):
        def after_step(self, run):
            raise ZeroDivisionError

    diary = []
    hooks = {"first": Diary(diary=diary, name="first"), "second": Diary(diary=diary, name="second"), "bad": Fails(1)}
    trainer = Trainer(KohonenSOM(2, 2), [[0.0]], iterations=5, hooks=hooks)
    with pytest.raises(ZeroDivisionError) as caught:
        trainer.train()
    assert diary[-2:] == [("second", "after_train", Outcome.FAILED), ("first", "after_train", Outcome.FAILED)]
    assert caught.value.__notes__ == ["in after_step of the hook bad"]


def test_a_hook_may_end_the_training():
    class Enough(Hook):
        def after_step(self, run):
            run.request_stop("enough")

    trainer = Trainer(KohonenSOM(2, 2), [[0.0]], iterations=50, hooks=[Enough(7)])
    assert (trainer.train(), trainer.run.iteration, trainer.run.stop_reason) == (Outcome.STOPPED, 7, "enough")


def test_hooks_of_one_kind_get_names_of_their_own():
    trainer = Trainer(KohonenSOM(2, 2), [[0.0]], hooks=[Hook(), Quality(), Hook()])
    assert sorted(trainer.hooks) == ["Hook", "Hook 2", "Quality"]


def test_states_of_hooks_come_back():
    class Counts(Hook):
        count = 0

        def after_step(self, run):
            self.count += 1

        def state(self):
            return {"count": self.count}

        def load_state(self, state):
            self.count = state.get("count", 0)

    first = Trainer(KohonenSOM(2, 2), [[0.0]], iterations=5, hooks={"counts": Counts(1)})
    first.train()
    second = Trainer(KohonenSOM(2, 2), [[0.0]], iterations=9, hooks={"counts": Counts(1), "new": Counts(1)})
    second.load_state(first.state(), first.som.weights)
    assert (second.run.iteration, second.hooks["counts"].count, second.hooks["new"].count) == (5, 5, 0)


def test_samples_are_shown_batch_by_batch():
    class Told(Dataset):
        def batch(self, iteration, **how):
            asked.append((iteration, how))
            return super().batch(iteration, **how)

    asked = []
    dataset = Told([[0.0], [1.0], [2.0]])
    Trainer(KohonenSOM(2, 2), dataset, iterations=3, batch_size=2, shuffle=True, seed=4).train()
    how = {"batch_size": 2, "shuffle": True, "seed": 4}
    assert asked[-3:] == [(0, how), (1, how), (2, how)]


def test_samples_that_change_while_training_are_looked_at_again():
    class Drifts(Dataset):
        def batch(self, iteration, **how):
            yield np.array([[np.nan if iteration == 3 else 0.0]])

    with pytest.raises(DataError, match="row 0, column 0 is nan"):
        Trainer(KohonenSOM(2, 2), Drifts([[0.0]]), iterations=9).train()


@pytest.mark.parametrize("schedule", [Linear(2.0, 0.5), Linear(0.5, 2.0), Exponential(1.5)])
def test_learning_rate_above_one_is_refused(schedule):
    with pytest.raises(ParameterError, match=r"learning_rate\.(start|end) must be > 0 and <= 1, got (2.0|1.5)"):
        Trainer(KohonenSOM(2, 2), [[0.0]], algorithm=Online(learning_rate=schedule))


@pytest.mark.parametrize(
    "algorithm", [Online(sigma=Exponential(0.5)), Online(sigma=Linear(0.5)), Batch(Exponential(0.5))]
)
def test_exponential_schedules_refuse_a_sigma_below_one(algorithm):
    with pytest.raises(ParameterError, match=r"sigma\.start must be >= 1 lattice step .* geometric"):
        Trainer(KohonenSOM(2, 2), [[0.0]], algorithm=algorithm)


def test_a_training_is_done_once():
    trainer = Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=1)
    trainer.train()
    with pytest.raises(TrainingFailed, match="this training has ended; make a new Trainer"):
        trainer.train()


def test_files_of_another_training_are_not_appended_to(tmp_path):
    def trainer():
        return Trainer(
            KohonenSOM(2, 2), RandomColors(3), iterations=1, hooks=[MetricsWriter(), Timing()], folder=tmp_path / "new"
        )

    trainer().train()
    before = (tmp_path / "new/metrics.jsonl").read_bytes()
    with pytest.raises(OutputError, match=r"metrics.jsonl: is there already, from another training"):
        trainer().train()
    assert (tmp_path / "new/metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("value", "message"), [(1e30, "reach 1e\\+30"), (np.nan, "iteration 2: row 0, column 0 is nan")]
)
def test_samples_that_are_made_in_every_iteration_are_checked(value, message):
    class Made(Dataset):
        def batch(self, iteration, **how):
            yield np.full((2, 2), value if iteration == 2 else 0.5)

    with pytest.raises(DataError, match=message):
        Trainer(KohonenSOM(2, 2), Made(np.eye(2)), iterations=5).train()


def test_rows_may_be_a_list():
    class Listed(Dataset):
        def rows(self, index):
            return self.samples[index].tolist()

    assert Trainer(KohonenSOM(2, 2), Listed(np.eye(2)), iterations=2).train() is Outcome.COMPLETED


def test_a_constructor_that_forgets_its_base_is_told():
    class Forgetful(Dataset):
        def __init__(self):
            pass

    with pytest.raises(DataError, match=r"has no samples: its constructor must call super\(\).__init__\(samples\)"):
        Trainer(KohonenSOM(2, 2), Forgetful())


@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("sides", [(1, 2), (2, 1)])
def test_a_map_of_two_nodes_finds_two_blobs(algorithm, sides):
    chance = np.random.default_rng(0)
    blobs = np.repeat([[0.0, 0.0], [10.0, 10.0]], 50, axis=0) + chance.normal(scale=0.1, size=(100, 2))
    som = KohonenSOM(*sides)
    Trainer(som, blobs, iterations=100, algorithm=algorithm).train()
    assert quantization_error(som, blobs) < 0.2


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_what_is_chosen_for_the_map_is_in_the_resolved_configuration_and_repeats_the_run(algorithm, tmp_path):
    overrides = ["MODEL.HEIGHT", "1", "MODEL.WIDTH", "2", "TRAINER.ALGORITHM", algorithm]
    first = Experiment(overrides=overrides, output_dir=tmp_path / "first")
    assert first.config["TRAINER"]["ALGORITHM"]["SIGMA"] == {"NAME": "geometric", "START": 1.0, "END": 0.3}
    again = Experiment(tmp_path / "first/config.yaml") if first.run() else None
    assert again.config == first.config | {"OUTPUT_DIR": again.config["OUTPUT_DIR"]}
