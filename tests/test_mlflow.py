"""Runs in MLflow: what is there, that nothing is there twice, and that a server never holds a training up."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
import yaml

from ksom.datasets.colours import RandomColors
from ksom.default_setup import Experiment
from ksom.errors import DataError, TrackingError
from ksom.hooks import Quality
from ksom.hooks.hook import Hook
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.mlflow import MLflow
from ksom.kohonensom_model import KohonenSOM
from ksom.runs.tracking import TrackedRun, track
from ksom.runs.tracking_record import parameters
from ksom.runs.tracking_store import ServerAway, TrackingStore, store_uri
from ksom.trainer import Trainer
from tests.mlflow_server import Process, free_port, model_server, tracking_server

pytestmark = [
    # MLflow's own, about itself, when it is imported
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]

EXPERIMENT = """
MODEL: {HEIGHT: 6, WIDTH: 7}
TRAINER: {ITERATIONS: 60}
CALLBACK_PERIOD: 5
HOOKS: {VLOG: {SIZE: 30}, CHECKPOINT: {EVERY: 20}}
"""
CLOCK = ("seconds", "seconds_per_iteration", "iterations_per_second", "eta_seconds")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one MLflow database; making one takes MLflow some seconds."""
    return tmp_path_factory.mktemp("mlflow") / "logs"


@pytest.fixture
def experiment(logs: Path) -> Path:
    (logs.parent / "colours.yaml").write_text(EXPERIMENT)
    return logs.parent / "colours.yaml"


@pytest.fixture(scope="module")
def client(logs: Path):
    from mlflow import MlflowClient

    logs.mkdir()
    return MlflowClient(store_uri(None, logs / "any"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, logs: Path, client):
    server = tracking_server(tmp_path_factory.mktemp("server"), logs / "mlflow.db")
    server.start()
    server.wait()
    yield server
    server.kill()


def the_run(client, experiment: str):
    [run] = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return run


def steps(client, run, key: str) -> list[int]:
    return [metric.step for metric in client.get_metric_history(run.info.run_id, key)]


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def without_clock(lines: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in line.items() if key not in CLOCK} for line in lines]


def run(experiment: Path, folder: Path, *overrides: str, name: str | None = None, **how: bool):
    tracking = ("HOOKS.MLFLOW.EXPERIMENT", name) if name else ()
    return Experiment(experiment, [*tracking, *overrides], folder).run(**how)


def test_parameters_metrics_tags_and_files_of_a_run_are_in_mlflow(experiment, logs, client) -> None:
    run(experiment, logs / "first", name="first")
    found = the_run(client, "first")
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "first"
    assert found.data.params == parameters(logs / "first")
    assert found.data.params["TRAINER.ALGORITHM.SIGMA.NAME"] == "geometric"
    for line in metrics(logs / "first"):
        for key in line.keys() - {"iteration", "seconds"}:
            [sent] = [m.value for m in client.get_metric_history(found.info.run_id, key) if m.step == line["iteration"]]
            assert sent == line[key]
    environment = json.loads((logs / "first/environment.json").read_text())
    assert found.data.tags["ksom.data_digest"] == environment["data_digest"]
    assert found.data.tags["version.numpy"] == np.__version__
    assert found.data.tags.get("mlflow.source.git.commit") == environment["git_commit"]
    there = {artefact.path for artefact in client.list_artifacts(found.info.run_id)}
    assert there == {
        "config.yaml",
        "environment.json",
        "map.npz",
        "map.png",
        "metrics.jsonl",
        "train.log",
        "vlog.gif",
        "vlog.html",
    }


def test_the_run_folder_tells_where_the_run_is_in_mlflow(experiment, logs, client) -> None:
    run(experiment, logs / "told", name="told")
    place = json.loads((logs / "told/mlflow.json").read_text())
    assert place.pop("run") == the_run(client, "told").data.tags["ksom.run"]
    assert place == {
        "run_id": the_run(client, "told").info.run_id,
        "experiment": "told",
        "store": f"sqlite:///{logs}/mlflow.db",
    }


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_tracked_is_untracked_bit_for_bit(experiment, logs, algorithm) -> None:
    plain, tracked = logs / f"plain {algorithm}", logs / f"tracked {algorithm}"
    run(experiment, plain, "TRAINER.ALGORITHM", algorithm)
    run(experiment, tracked, "TRAINER.ALGORITHM", algorithm, name="bits")
    for name in ("map.npz", "vlog.gif", "map.png"):
        assert (plain / name).read_bytes() == (tracked / name).read_bytes()
    assert without_clock(metrics(plain)) == without_clock(metrics(tracked))


def test_a_resumed_training_goes_on_with_its_mlflow_run_and_has_no_step_twice(experiment, logs, client) -> None:
    stopped = run(experiment, logs / "parts", "HOOKS.STOP", "tests.test_mlflow:StopsAt33", name="parts")
    assert stopped.status == "stopped"
    assert the_run(client, "parts").info.status == "KILLED"
    assert the_run(client, "parts").data.tags["ksom.stopped"] == "33 are enough"
    for later in (logs / "parts/checkpoints").glob("*33*"):  # so that steps are learned again which MLflow has already
        later.unlink()
    run(experiment, logs / "parts", "THREADS", "1", name="parts", resume=True)
    found = the_run(client, "parts")
    assert found.info.status == "FINISHED"
    assert found.data.params["THREADS"] == "0", "parameters are those that the run was begun with"
    assert {count for key in found.data.metrics for count in Counter(steps(client, found, key)).values()} == {1}
    assert set(steps(client, found, "sigma")) >= {line["iteration"] for line in metrics(logs / "parts")}
    models = found.outputs.model_outputs
    assert sorted(model.step for model in models) == [33, 60]


class StopsAt33(Hook):
    def __init__(self) -> None:
        super().__init__(33)

    def after_step(self, run) -> None:
        run.request_stop("33 are enough")


def test_a_run_that_was_not_tracked_is_sent_later_and_only_once(experiment, logs, client) -> None:
    run(experiment, logs / "later")
    for _ in range(2):
        _, status = track(logs / "later", experiment="later")
        assert status == "FINISHED"
    found = the_run(client, "later")
    assert Counter(steps(client, found, "quantization_error")) == Counter(range(5, 61, 5))
    assert len(found.outputs.model_outputs) == 1
    assert "summary.json" in {artefact.path for artefact in client.list_artifacts(found.info.run_id)}


def test_a_killed_run_is_sent_without_a_map(experiment, logs, client) -> None:
    run(experiment, logs / "killed")
    (logs / "killed/summary.json").unlink()
    assert track(logs / "killed", experiment="killed")[1] == "KILLED"
    found = the_run(client, "killed")
    assert "map.npz" not in {artefact.path for artefact in client.list_artifacts(found.info.run_id)}
    assert not found.outputs or not found.outputs.model_outputs


def test_a_failed_training_is_failed_in_mlflow(experiment, logs, client) -> None:
    with pytest.raises(ZeroDivisionError):
        run(experiment, logs / "failed", "HOOKS.MINE", "tests.test_mlflow:Fails", name="failed")
    assert the_run(client, "failed").info.status == "FAILED"


class Fails(Hook):
    def after_step(self, run) -> None:
        _ = 1 / 0


def test_a_parameter_that_is_too_long_is_shortened_and_the_log_says_so(experiment, logs, client, caplog) -> None:
    run(experiment, logs / "long")
    config = yaml.safe_load((logs / "long/config.yaml").read_text())
    (logs / "long/config.yaml").write_text(yaml.safe_dump({**config, "DATASET": {"NAME": "mine", "TEXT": "x" * 7000}}))
    with caplog.at_level("INFO", logger="ksom"):
        track(logs / "long", experiment="long")
    assert the_run(client, "long").data.params["DATASET.TEXT"] == "x" * 5999 + "…"
    assert "DATASET.TEXT is longer than 6000 characters and shortened; config.yaml has it whole" in caplog.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SCALING", "none"),
        *(("SCALING", name) for name in ("standard", "log1p+standard", "rank")),
        *(("DISTANCE", name) for name in ("cosine", "manhattan", "chebyshev")),
    ],
)
def test_the_model_answers_with_node_and_distance_without_the_run_folder(key, value, experiment, logs, client) -> None:
    import mlflow

    name = f"model {value}"
    som = run(experiment, logs / name, f"MODEL.{key}", value, name=name).som
    [output] = the_run(client, name).outputs.model_outputs
    shutil.rmtree(logs / name)
    model = mlflow.pyfunc.load_model(client.get_logged_model(output.model_id).artifact_location)
    samples = np.random.default_rng(0).random((500, 3))
    nodes, distances = som.best_matching_nodes(samples, return_distances=True)
    answer = model.predict(samples)
    assert list(answer.columns) == ["node", "distance"]
    assert np.array_equal(answer["node"], nodes)
    assert np.array_equal(answer["distance"], distances)
    assert model.metadata.signature.inputs.inputs[0].shape == (-1, 3)
    assert model.input_example.shape == (2, 3)


def test_what_mlflow_copies_to_serve_a_map_does_not_import_ksom() -> None:
    from ksom.runs import tracking

    served = Path(tracking.__file__).with_name("served_map.py").read_text()
    assert "import ksom" not in served
    assert "from ksom" not in served


@pytest.mark.slow
def test_the_model_can_be_served(experiment, logs, client, tmp_path) -> None:
    som = run(experiment, logs / "served", name="served").som
    [output] = the_run(client, "served").outputs.model_outputs
    server = model_server(client.get_logged_model(output.model_id).artifact_location, tmp_path)
    server.start()
    try:
        server.wait()
        samples = [[0.1, 0.2, 0.3], [0.9, 0.1, 0.5]]
        body = json.dumps({"inputs": samples}).encode()
        request = Request(f"{server.uri}/invocations", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=30) as response:
            answer = json.load(response)["predictions"]
    finally:
        server.kill()
    nodes, distances = som.best_matching_nodes(samples, return_distances=True)
    assert [row["node"] for row in answer] == nodes.tolist()
    assert np.allclose([row["distance"] for row in answer], distances, rtol=1e-12)


class Outage(Hook):
    """Kills a server in the middle of a training, and starts it again."""

    def __init__(self, server: Process) -> None:
        super().__init__(1)
        self.server = server

    def after_step(self, run) -> None:
        time.sleep(0.01)
        if run.iteration == 100:
            time.sleep(1.5)  # enough to send what is there
            self.server.kill()
        if run.iteration == 250:
            self.server.start()
        if run.iteration == 300:
            self.server.wait()


@pytest.mark.slow
def test_a_server_killed_and_started_again_in_the_middle_has_every_step_once(server, tmp_path, caplog) -> None:
    hooks = [MLflow(server.uri), MetricsWriter(), Quality(1), Outage(server)]
    with caplog.at_level("INFO", logger="ksom"):
        Trainer(KohonenSOM(4, 4), RandomColors(9), iterations=350, hooks=hooks, folder=tmp_path / "outage").train()
    from mlflow import MlflowClient

    client = MlflowClient(server.uri)
    found = the_run(client, "ksom")
    assert found.info.status == "FINISHED"
    for key in ("sigma", "quantization_error"):
        assert sorted(steps(client, found, key)) == list(range(1, 351))
    assert sum("cannot be reached" in message for message in caplog.messages) == 1
    assert len(found.outputs.model_outputs) == 1


@pytest.mark.slow
def test_a_server_that_is_away_is_told_once_and_the_run_sent_later(server, experiment, tmp_path) -> None:
    def ksom(*arguments: str):
        command = [Path(sys.executable).with_name("ksom"), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    away = f"http://127.0.0.1:{free_port()}"
    done = ksom("train", "--config-file", str(experiment), "--mlflow", "HOOKS.MLFLOW.URI", away)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be reached") == 1
    assert f"{away}: cannot be reached ([Errno 111] Connection refused); the training goes on" in done.stderr
    assert f"`ksom track --uri {away} logs/colours` sends the rest" in done.stderr
    with pytest.raises(ServerAway, match=f"{away}: cannot be reached"):
        track(tmp_path / "logs/colours", away)
    sent = ksom("track", "--uri", server.uri, "--experiment", "away", "logs/colours")
    assert sent.returncode == 0, sent.stderr
    assert f"of experiment away in {server.uri}" in sent.stdout


@pytest.mark.slow
def test_a_server_that_never_answers_does_not_hold_the_training_up(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")

    class Clock(Hook):
        times = []

        def after_step(self, run) -> None:
            time.sleep(0.01)
            self.times.append(time.monotonic())

    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hooks = [MLflow(uri), MetricsWriter(), Clock(1)]
        Trainer(KohonenSOM(4, 4), RandomColors(9), iterations=150, hooks=hooks, folder=tmp_path / "run").train()
    assert np.diff(Clock.times).max() < 1, "no iteration waits for an answer, which takes two seconds not to come"


def test_a_database_that_cannot_be_opened_is_refused(experiment, tmp_path) -> None:
    (tmp_path / "bad.db").write_text("hello")
    with pytest.raises(TrackingError, match=r"bad\.db: cannot be opened \(.*not a database\); name another database"):
        run(experiment, tmp_path / "run", "HOOKS.MLFLOW.URI", f"sqlite:///{tmp_path}/bad.db")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_a_server_that_is_not_mlflows_is_refused(experiment, tmp_path) -> None:
    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *arguments) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Silent) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        with pytest.raises(
            TrackingError, match=r"the server refuses \(.*\); is it an MLflow server, and may you use it"
        ):
            run(experiment, tmp_path / "run", "HOOKS.MLFLOW.URI", f"http://127.0.0.1:{other.server_port}")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_a_deleted_experiment_is_refused_before_anything_is_written(experiment, logs, client) -> None:
    run(experiment, logs / "gone", name="gone")
    number = client.get_experiment_by_name("gone").experiment_id
    client.delete_experiment(number)
    before = {path: path.stat().st_mtime_ns for path in (logs / "gone").iterdir() if path.name != ".lock"}
    with pytest.raises(TrackingError) as refused:
        run(experiment, logs / "gone", name="gone")
    advice = f"mlflow experiments restore --experiment-id {number}) or name another one"
    assert "the MLflow experiment 'gone' was deleted; restore it (" in str(refused.value)
    assert advice in str(refused.value)
    assert {path: path.stat().st_mtime_ns for path in (logs / "gone").iterdir() if path.name != ".lock"} == before


def test_a_deleted_run_is_refused_saying_how_to_restore_it(experiment, logs, client) -> None:
    run(experiment, logs / "lost", name="lost")
    client.delete_run(the_run(client, "lost").info.run_id)
    with pytest.raises(TrackingError, match=r"the run was deleted; restore it \(.*mlflow runs restore --run-id"):
        track(logs / "lost", experiment="lost")


def test_track_refuses_what_is_not_a_run(tmp_path) -> None:
    with pytest.raises(TrackingError, match="is not the folder of a run of ksom"):
        track(tmp_path)


def test_a_run_without_a_metrics_file_says_what_is_missing(logs, caplog) -> None:
    hooks = [MLflow(experiment="silent")]
    Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=5, hooks=hooks, folder=logs / "silent").train()
    assert "so MLflow gets no metrics; add the hook METRICS_WRITER" in caplog.text


def test_the_run_name_is_the_folders(tmp_path) -> None:
    assert TrackedRun(tmp_path / "exp1", TrackingStore("sqlite:///x.db", tmp_path)).name == "exp1"


def holding(folder: Path, word: str) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in files if word.encode() in path.read_bytes())


def test_no_file_of_a_tracked_run_holds_a_secret_of_the_environment(experiment, logs, client, monkeypatch) -> None:
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "HF_TOKEN", "ANY"):
        monkeypatch.setenv(name, f"{name}-5ecret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:5ecret-word@127.0.0.1:{free_port()}/?token=5ecret-token")
    assert run(experiment, logs / "secrets", "HOOKS.TENSORBOARD", "{}", name="secrets").status == "completed"
    assert "ConnectionRefusedError" in (logs / "secrets/train.log").read_text(), "the traceback is there"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    track(logs / "secrets")
    assert (logs / "secrets").is_dir()
    assert the_run(client, "secrets").info.status == "FINISHED"
    assert holding(logs, "5ecret") == []
    assert holding(logs / "secrets", "MLFLOW_TRACKING_") == []


def test_an_address_in_the_environment_is_in_no_file_though_the_server_refuses(
    experiment, tmp_path, monkeypatch
) -> None:
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403, f"not you: {self.headers['Authorization']}, {self.path}")

        def log_message(self, *arguments) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:5ecret-word@127.0.0.1:{other.server_port}")
        with pytest.raises(TrackingError, match="the server refuses") as refused:
            run(experiment, tmp_path / "run", name="refused")
    assert "5ecret" not in str(refused.value)


@pytest.fixture
def foreign(experiment, logs, client) -> Path:
    """The run folder of somebody else, who may have put anything into it."""
    folder = logs / "foreign"
    shutil.rmtree(folder, ignore_errors=True)
    run(experiment, folder)
    return folder


def change_config(folder: Path, **tracking: object) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["HOOKS"]["MLFLOW"] = {"NAME": "MLflow", **tracking}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def test_a_run_is_not_sent_where_its_own_folder_says(foreign, logs, client, caplog) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        uri = f"http://127.0.0.1:{theirs.getsockname()[1]}"
        change_config(foreign, URI=uri, EXPERIMENT="theirs", RUN_NAME="so called")
        track(foreign)
        theirs.settimeout(0.01)
        with pytest.raises(TimeoutError):
            theirs.accept()
    assert the_run(client, "theirs").info.run_name == "so called"
    [line] = [message for message in caplog.messages if uri in message]
    assert (
        f"config.yaml: was to be sent to '{uri}', and is sent to sqlite:///{logs}/mlflow.db; --uri {uri} sends" in line
    )


@pytest.mark.parametrize(
    "names", [{"EXPERIMENT": ["a"]}, {"RUN_NAME": 5, "URI": ["http://a"]}, {"EXPERIMENT": "x" * 501}]
)
def test_names_that_cannot_be_in_a_foreign_folder_are_refused(foreign, names) -> None:
    change_config(foreign, **names)
    with pytest.raises(
        TrackingError, match=r"config\.yaml: (EXPERIMENT|RUN_NAME) must be a string of 1 to 500 characters"
    ):
        track(foreign)


def test_what_a_link_in_the_folder_leads_to_is_not_sent(foreign, client, tmp_path) -> None:
    (tmp_path / "id_rsa").write_text("private")
    (foreign / "notes.txt").symlink_to(tmp_path / "id_rsa")
    shutil.move(foreign / "map.npz", tmp_path / "map.npz")
    (foreign / "map.npz").symlink_to(tmp_path / "map.npz")
    tracked, _ = track(foreign, experiment="links")
    sent = {artefact.path for artefact in client.list_artifacts(tracked.run_id)}
    assert "vlog.gif" in sent
    assert not sent & {"notes.txt", "map.npz"}
    assert the_run(client, "links").outputs.model_outputs == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mlflow.json", '{"run": "\' or 1"}', "run must be 32 hexadecimal digits"),
        ("mlflow.json", "[1]", "must hold a mapping"),
        ("summary.json", '{"status": "completed", "iteration": "all"}', "must hold a whole number as iteration"),
        ("metrics.jsonl", "nonsense\n", "byte 0: a line of metrics must be a JSON object"),
    ],
)
def test_a_damaged_file_of_a_foreign_folder_is_told_in_one_line(foreign, name, content, message) -> None:
    (foreign / name).write_text(content)
    with pytest.raises(TrackingError, match=rf"{name}: {message}"):
        track(foreign)


def test_a_file_that_is_no_map_is_told_in_one_line(foreign) -> None:
    np.savez(foreign / "map.npz", weights=np.zeros(3))
    with pytest.raises(DataError, match=r"map\.npz: "):
        track(foreign)


def test_a_database_that_lies_ready_beside_a_foreign_folder_writes_nothing_outside(
    experiment, logs, client, tmp_path
) -> None:
    run(experiment, logs / "ready", name="ready")
    before = holding(logs / "mlartifacts", "")
    shutil.copy(logs / "mlflow.db", tmp_path / "mlflow.db")
    shutil.copytree(logs / "ready", tmp_path / "ready")
    with pytest.raises(
        TrackingError, match=r"mlflow\.db: keeps files in '.*', not in .*/mlartifacts; if they are to go"
    ):
        track(tmp_path / "ready")
    assert holding(logs / "mlartifacts", "") == before
    assert not (tmp_path / "mlartifacts").exists()


def test_a_training_beside_a_database_that_lies_ready_is_refused_before_anything_is_written(
    experiment, logs, client, tmp_path
) -> None:
    run(experiment, logs / "found", name="found")
    shutil.copy(logs / "mlflow.db", tmp_path / "mlflow.db")
    with pytest.raises(TrackingError, match=r"mlflow\.db: keeps files in"):
        run(experiment, tmp_path / "run", name="found")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_a_run_that_lies_ready_beside_a_foreign_folder_writes_nothing_outside(foreign, logs, tmp_path) -> None:
    tracked, _ = track(foreign, experiment="ready run")
    with closing(sqlite3.connect(logs / "mlflow.db")) as database, database:
        change = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
        database.execute(change, ((tmp_path / "outside").as_uri(), tracked.run_id))
    with pytest.raises(TrackingError, match=r"keeps files in 'file:.*outside', not in"):
        track(foreign, experiment="ready run")
    assert not (tmp_path / "outside").exists()
