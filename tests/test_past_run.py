"""`ksom diagnose`: runs of any kind read back, and the line at the end of `ksom train`."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.known_data import KNOWN, UNSCALED
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.errors import DataError
from ksom.tasks import ended_run, past_run
from ksom.tasks.past_run import examine

RUN = "logs/wine"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with data and experiments, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name, samples in (("wine", UNSCALED["wine, as it is"]()), ("iris", KNOWN["iris"]())):
        np.save(f"{name}.npy", samples)
        (tmp_path / f"{name}.yaml").write_text(
            f"DATASET: {{NAME: Array, PATH: {name}.npy}}\nTRAINER: {{ITERATIONS: 20}}\n"
        )
    return tmp_path


def ran(name="wine", *overrides):
    """Train, and return the run folder."""
    return Experiment(f"{name}.yaml", overrides).run().folder


def command(*words):
    done = CliRunner().invoke(cli, list(map(str, words)), standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def test_what_is_wrong_is_said_with_its_evidence_and_what_to_change(folder):
    header, numbers, finding, change = command("diagnose", ran()).splitlines()
    assert header == "logs/wine: completed, 20 of 20 iterations; 10 × 10 nodes, 178 samples of 13 features"
    assert numbers.startswith("1 thing to look at (explained variance 0.99")
    assert finding.startswith(
        "1. one feature decides: 99.77 % of all distances between samples come from feature 12; next"
    )
    assert change.endswith("so that each counts alike, unless their units compare: MODEL.SCALING standard")


def test_the_change_can_be_pasted_and_heals(folder):
    change = json.loads(command("diagnose", ran(), "--json"))["findings"][0]["change"]
    assert examine(ran("wine", *change.split())).findings == []


def test_a_healthy_run_is_told_so_in_two_lines(folder):
    header, told = command("diagnose", ran("iris")).splitlines()
    assert header == "logs/iris: completed, 20 of 20 iterations; 10 × 10 nodes, 150 samples of 4 features"
    assert told.startswith("healthy: explained variance 0.98")


def test_json_holds_all_that_is_known(folder):
    told = json.loads(command("diagnose", ran("iris"), "--json"))
    assert told["findings"] == told["not_looked_at"] == []
    assert (told["status"], told["iteration"], told["height"], told["samples"]) == ("completed", 20, 10, 150)
    assert told["numbers"]["sigma"] == pytest.approx(0.7)
    assert told["numbers"]["learning_rate"] is None


@pytest.mark.parametrize(("name", "line"), [
    ("wine", "1 thing to look at: one feature decides; ksom diagnose logs/wine"),
    ("iris", "metrics  logs/iris/metrics.jsonl"),
    (None, "metrics  logs/default/metrics.jsonl"),
])  # fmt: skip
def test_a_training_ends_with_a_line_if_it_is_ill(folder, name, line):
    assert command("train", *([f"{name}.yaml"] if name else [])).splitlines()[-1] == line


def test_the_line_can_be_pasted_whatever_the_folder_is_called(folder):
    assert command("train", "wine.yaml", "--output-dir", "my run").endswith("ksom diagnose 'my run'\n")


def test_a_finished_run_that_is_resumed_is_told_the_same(folder):
    ran()
    assert "one feature decides" in command("train", "wine.yaml", "--resume")


def test_a_diagnosis_that_fails_is_no_failure_of_the_training(folder, monkeypatch):
    monkeypatch.setattr(ended_run, "diagnose", lambda _: 1 / 0)
    assert "to look at" not in command("train", "wine.yaml")


@pytest.mark.parametrize(("every", "is_said"), [(1, True), (10, True), (10.1, False)])
def test_of_a_map_that_takes_long_to_search_nothing_is_said_unasked(folder, monkeypatch, every, is_said):
    monkeypatch.setattr(ended_run, "MOST_DIFFERENCES", (178 + ended_run.OF_WEIGHTS) * 100 * 13 / every)
    assert ("to look at" in command("train", "wine.yaml")) == is_said


def test_nothing_is_written_into_the_run(folder):
    run = ran()
    before = {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")}
    run.chmod(0o500)
    examine(run)
    run.chmod(0o700)
    assert {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")} == before


def test_what_a_strangers_files_say_does_not_steer_the_terminal(folder):
    run = ran("iris")
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "status": "fine\x1b[2J\nhealthy"}))
    header, told = command("diagnose", run).splitlines()
    assert header.startswith(r"logs/iris: fine\x1b[2J healthy, 20 of 20 iterations")
    assert told.startswith("healthy")


def killed(name="wine"):
    """Return the folder of a run that was killed after its last checkpoint."""
    run = ran(name, "HOOKS.CHECKPOINT.EVERY", "10")
    (run / "summary.json").unlink()
    (run / "map.npz").unlink()
    return run


def test_a_run_that_has_not_ended_is_judged_by_its_newest_checkpoint(folder):
    examined = examine(killed())
    assert examined.as_text().startswith("logs/wine: not ended, 20 of 20 iterations; 10 × 10 nodes")
    assert [finding.what for finding in examined.findings] == ["one feature decides"]


def test_a_damaged_checkpoint_is_passed_over(folder):
    run = killed("iris")
    newest = run / "checkpoints/iteration-000000020.npz"
    newest.write_bytes(newest.read_bytes()[:-100])
    examined = examine(run)
    assert (examined.evidence.iteration, examined.evidence.sigma) == (10, pytest.approx(1.98, abs=0.05))
    assert "go on: it ended after 10 of 20 iterations (--resume)" in examined.as_text()


def test_a_run_that_was_stopped_is_told_so(folder):
    (folder / "stop.py").write_text(
        "from ksom import Hook\nclass Stop(Hook):\n"
        "    def after_step(self, run):\n        run.request_stop('enough')\n"
    )  # fmt: skip
    text = examine(ran("iris", "HOOKS.STOP", "{NAME: 'stop:Stop', EVERY: 3}")).as_text()
    assert "stopped, 3 of 20 iterations" in text
    assert "still ordering when it ended" in text


def without(name):
    def remove(run):
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def with_text(name, text):
    return lambda run: (run / name).write_text(text)


def moved(run):
    (run.parents[1] / "wine.npy").rename("elsewhere.npy")


def changed(run):
    np.save("wine.npy", np.load("wine.npy")[:-1])


def of_fewer_features(run):
    np.save("wine.npy", np.load("wine.npy")[:, :-1])


def with_nan(run):
    samples = np.load("wine.npy")
    samples[3, 4] = np.nan
    np.save("wine.npy", samples)


LACKS = {
    "data moved": (moved, "there is no such file"),
    "other data": (changed, "its data are not any more those that it learned from; name the data"),
    "data of fewer features": (of_fewer_features, "has 12 features, the map has 13"),
    "data that lack a value": (with_nan, "row 3, column 4 is nan"),
    "no config.yaml": (without("config.yaml"), "there is no config.yaml that tells its data; name the data"),
    "a config.yaml that is none": (with_text("config.yaml", "[1, 2"), "config.yaml"),
    "a config.yaml of nonsense": (with_text("config.yaml", "TRAINER: 3\n"), "TRAINER must be a section"),
    "no metrics": (without("metrics.jsonl"), "metrics.jsonl: does not tell the sigma of the last iteration"),
    "metrics that are none": (with_text("metrics.jsonl", "x\n"), "a line of metrics must be a JSON object"),
    "a damaged summary": (with_text("summary.json", "{"), "it is not known how the run ended"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_what_cannot_be_looked_at_is_said_and_the_rest_is_diagnosed(folder, lack):
    spoil, note = LACKS[lack]
    run = ran()
    spoil(run)
    examined = examine(run)
    assert note in " ".join(examined.notes)
    assert examined.as_text().count("\nnot looked at: ") == len(examined.notes) <= 3
    json.dumps(examined.as_dict(), allow_nan=False)
    has_data = "data" not in lack and "config" not in lack
    assert [finding.what for finding in examined.findings] == (["one feature decides"] if has_data else [])


def test_data_can_be_named(folder):
    run = ran()
    moved(run)
    assert "one feature decides" in command("diagnose", run, "elsewhere.npy")
    assert "nothing found without data" in command("diagnose", run)


@pytest.mark.parametrize(("make", "message"), [
    (lambda _: "nowhere", "nowhere: is not the folder of a run of ksom"),
    (lambda _: ".", ".: is not the folder of a run of ksom"),
    (lambda run: run / "map.npz", "map.npz: is not the folder of a run of ksom"),
    (lambda run: [without(name)(run) for name in ("map.npz", "checkpoints")] and run,
     "logs/wine: holds no map yet, neither a map.npz nor a whole checkpoint"),
    (lambda run: with_text("map.npz", "no map")(run) and run, "map.npz"),
])  # fmt: skip
def test_what_is_no_run_is_refused_in_one_line(folder, capsys, monkeypatch, make, message):
    monkeypatch.setattr("sys.argv", ["ksom", "diagnose", str(make(ran()))])
    with pytest.raises(SystemExit, match="1"):
        main()
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_labels_tell_of_classes_that_no_node_represents(folder):
    samples = np.random.default_rng(0).random((1000, 2))
    np.save("iris.npy", samples)
    np.save("labels.npy", np.where(np.arange(1000) % 10, "often", "rarely"))
    told = command("diagnose", ran("iris", "MODEL.HEIGHT", "4", "MODEL.WIDTH", "4"), "--labels", "labels.npy")
    assert "no node has most of its samples from class rarely (100 samples)" in told


def test_labels_must_be_one_for_each_sample(folder):
    np.save("labels.npy", np.zeros(99))
    with pytest.raises(DataError, match=r"labels.npy: there must be a label for each of 178 samples, got 99"):
        examine(ran(), labels=folder / "labels.npy")


OWN = """
from pathlib import Path
import numpy as np
from ksom import Dataset
from ksom.method.neighbourhood import Gaussian

with Path("imported").open("a") as file:
    file.write("x")

class Squares(Dataset):
    def __init__(self):
        super().__init__(np.random.default_rng(0).random((300, 2)) * [1, 100])

class Bell(Gaussian):
    pass
"""


def test_nothing_is_imported_for_a_run_folder(folder):
    (folder / "own.py").write_text(OWN)
    (folder / "mine.yaml").write_text(
        "DATASET: {NAME: 'own:Squares'}\nMODEL: {NEIGHBOURHOOD: 'own:Bell'}\nTRAINER: {ITERATIONS: 5}\n"
    )
    run = ran("mine")
    (folder / "imported").unlink()
    told = command("diagnose", run)
    assert not (folder / "imported").exists()
    assert "own:Bell would have to be imported" in told
    assert "its data are of the class own:Squares, and nothing is imported for a run folder; name the data" in told
    assert "one feature decides" in command("diagnose", run, "mine.yaml")


def test_many_samples_are_judged_by_some_of_them(folder, monkeypatch):
    monkeypatch.setattr(past_run, "MOST_SAMPLES", 100)
    np.save("labels.npy", np.arange(178) % 3)
    examined = examine(ran(), labels=folder / "labels.npy")
    assert (len(examined.evidence.samples), len(examined.evidence.labels), examined.evidence.size) == (100, 100, 178)
    assert [finding.what for finding in examined.findings] == ["one feature decides"]


def test_a_map_of_very_many_nodes_is_judged_by_fewer_samples(folder, monkeypatch):
    monkeypatch.setattr(past_run, "MOST_DIFFERENCES", 120 * 100 * 13)
    examined = examine(ran())
    assert (len(examined.evidence.samples), examined.evidence.size) == (120, 178)
