"""Where runs are sent to: what cannot be an address is refused in one line, and no password is shown."""

from importlib.util import find_spec

import pytest

from ksom.default_setup import Experiment
from ksom.errors import ConfigError, NotInstalled, ParameterError
from ksom.hooks.mlflow import MLflow
from ksom.runs.tracking_store import ServerAway, TrackingStore
from tests.mlflow_server import free_port

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
        (
            "https://me:secret@host",
            r"URI must hold no password, because config.yaml keeps it; put it .*MLFLOW_TRACKING_URI",
        ),
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_written(tmp_path, monkeypatch, uri, message) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"HOOKS\.MLFLOW\.{message}") as refused:
        Experiment(None, ["HOOKS.MLFLOW.URI", uri])
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


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
