"""Where runs are sent to: what cannot be an address is refused in one line, and no password is shown."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ksom.default_setup import Experiment
from ksom.errors import ConfigError, NotInstalled, OutputError, ParameterError, TrackingError
from ksom.hooks.mlflow import MLflow
from ksom.runs.tracking_store import ServerAway, TrackingStore, store_of
from tests.mlflow_server import free_port
from tests.test_masking import ADDRESSES, SECRET

pytestmark = [
    # MLflow's own, about itself, when it is imported
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("foo://somewhere", r"URI must be the address of an MLflow store \(http://…, .*got 'foo://somewhere'"),
        ("somewhere", r"URI must be the address of an MLflow store"),
        ("http://", r"URI must be the address of an MLflow store"),
        ("http://host:port", r"URI must be the address of an MLflow store"),
        (5, r"URI must be the address of an MLflow store"),
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_written(tmp_path, monkeypatch, uri, message) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"HOOKS\.MLFLOW\.{message}"):
        Experiment(None, ["HOOKS.MLFLOW.URI", uri])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("uri", ADDRESSES)
def test_an_address_with_a_secret_is_refused_whatever_its_form(uri) -> None:
    must = "uri must hold no password and no token, because config.yaml keeps it; put it into .* MLFLOW_TRACKING_URI"
    with pytest.raises(ParameterError, match=must) as refused:
        MLflow(uri)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("password", ["a b", "a\nb", "a/b#c", "a#b"])
def test_a_password_that_is_not_percent_encoded_is_refused_with_a_hint(monkeypatch, password) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{password}@host")
    with pytest.raises(ParameterError, match=r"with @ : / \? # and spaces in a password as .*, got 'http://…@host'"):
        MLflow()


def test_a_wrong_address_in_the_environment_is_refused_by_its_name(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://me:secret@host")
    with pytest.raises(ParameterError, match=r"MLFLOW_TRACKING_URI must be the address .*got 'ftp://me:…@host'"):
        MLflow()


@pytest.mark.parametrize("name", ["", 5, "x" * 501])
@pytest.mark.parametrize("argument", ["experiment", "run_name"])
def test_impossible_names_are_refused(argument, name) -> None:
    with pytest.raises(ParameterError, match=f"{argument} must be a string of 1 to 500 characters"):
        MLflow(**{argument: name})


def test_without_mlflow_the_message_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr("ksom.runs.tracking_store.find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match=r"MLflow is not installed; pip install 'kohonen2\[mlflow\]'"):
        Experiment(None, ["HOOKS.MLFLOW", "{}"])


def test_a_database_whose_driver_is_missing_says_what_to_install(tmp_path) -> None:
    if find_spec("psycopg"):
        pytest.skip("the driver is here")
    with pytest.raises(NotInstalled, match="MLflow needs psycopg for it; pip install psycopg"):
        TrackingStore("postgresql://127.0.0.1/any", tmp_path).experiment("any")


def test_a_password_is_in_no_message(tmp_path) -> None:
    store = TrackingStore(f"http://me:secret@127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(ServerAway) as away:
        store.experiment("any")
    assert "secret" not in str(away.value)


@pytest.mark.slow
def test_two_first_runs_beside_each_other_make_one_database(tmp_path) -> None:
    train = [Path(sys.executable).with_name("ksom"), "train", "--mlflow", "--output-dir"]
    both = [
        subprocess.Popen([*train, f"logs/{name}"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) for name in "ab"
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    store = TrackingStore(f"sqlite:///{tmp_path}/logs/mlflow.db", tmp_path / "logs/mlartifacts", is_own=True)
    with store.answering() as client:
        assert len(client.search_runs([store.experiment("ksom")])) == 2


def test_an_experiment_that_another_run_has_just_made_is_taken(tmp_path) -> None:
    store = TrackingStore(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts")
    with store.answering() as client:
        made = [store._make_experiment(client, "first") for _ in range(2)]
    assert made[0].experiment_id == made[1].experiment_id


def test_a_database_that_is_a_link_is_not_taken_for_the_own(tmp_path) -> None:
    (tmp_path / "elsewhere.db").touch()
    (tmp_path / "mlflow.db").symlink_to("elsewhere.db")
    with pytest.raises(
        TrackingError,
        match=r"mlflow\.db: is a link; name the database that is meant \(MLFLOW_TRACKING_URI=sqlite:///…\)",
    ):
        store_of(tmp_path / "run").experiment("any")
    assert (tmp_path / "elsewhere.db").read_bytes() == b""


@pytest.mark.parametrize(
    "place", ["/tmp", "mlartifacts/../..", "s3://bucket/mlartifacts", "mlartifacts2", "mlartifacts/out"]
)
def test_files_go_nowhere_but_beside_a_database_that_was_found(tmp_path, place) -> None:
    (tmp_path / "mlartifacts").mkdir()
    (tmp_path / "mlartifacts/out").symlink_to("/tmp")
    store = store_of(tmp_path / "run")
    store.require_own((tmp_path / "mlartifacts/1/abc").as_uri())
    with pytest.raises(
        TrackingError, match=r"mlflow\.db: keeps files in .*, not in .*/mlartifacts; if they are to go there"
    ):
        store.require_own(place if ":" in place else f"file://{tmp_path / place}")


def test_the_folder_of_files_may_not_be_a_link_beside_a_database_that_was_found(tmp_path) -> None:
    (tmp_path / "mlartifacts").symlink_to("/tmp")
    with pytest.raises(TrackingError, match="keeps files in"):
        store_of(tmp_path / "run").require_own((tmp_path / "mlartifacts/1").as_uri())


def test_a_database_that_was_named_keeps_its_files_where_it_likes(tmp_path) -> None:
    store_of(tmp_path / "run", f"sqlite:///{tmp_path}/mlflow.db").require_own("s3://bucket/1")


def test_nothing_is_written_through_a_link_among_the_files(tmp_path) -> None:
    (tmp_path / "mlartifacts/1").mkdir(parents=True)
    (tmp_path / "mlartifacts/1/config.yaml").symlink_to(tmp_path / "precious")
    with pytest.raises(TrackingError, match=r"config\.yaml: is a link, which nothing is written through; remove it"):
        store_of(tmp_path / "run").require_no_links((tmp_path / "mlartifacts/1").as_uri())


def test_the_lock_of_a_database_is_not_taken_through_a_link(tmp_path) -> None:
    (tmp_path / ".mlflow.db.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match=r"\.mlflow\.db\.lock: .*link"):
        store_of(tmp_path / "run").experiment("any")
    assert not (tmp_path / "precious").exists()
