"""Where runs are sent to: an MLflow server, or a database beside the logs."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ksom.errors import NotInstalled, ParameterError, TrackingError

logger = logging.getLogger(__name__)

SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")
EXPERIMENT = "ksom"
"""The MLflow experiment that runs belong to, if nothing else is said: all in one table, to be compared."""

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""What MLflow's page shows of an experiment: runs and models, rather than conversations with a language model."""

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing goes anywhere but to the user's own server
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # what could not be sent is in the run folder, and sent later
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds; MLflow would wait for minutes
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
}
"""MLflow's own settings, as environment variables; what the user has set is left alone."""

PASSING = (408, 429, 499)
"""HTTP statuses that say "not now" rather than "never", beside all from 500."""


class ServerAway(TrackingError):
    """A server that does not answer now, but may later."""


class TrackingStore:
    """An MLflow tracking store.

    Parameters
    ----------
    uri : str
        An MLflow server, or a database.
    artifacts : Path
        The folder of the artefacts, where there is no server that keeps them.

    Raises
    ------
    NotInstalled
        If MLflow is not.
    """

    def __init__(self, uri: str, artifacts: Path) -> None:
        require_mlflow()
        self.uri = uri
        self.name = without_password(uri)
        self._artifacts = None if uri.startswith("http") else artifacts
        self._client: Any = None

    @property
    def is_remote(self) -> bool:
        """Whether the store may be away, and come back: not a file on this computer."""
        return not self.uri.startswith("sqlite")

    @property
    def client(self) -> Any:
        """MLflow's client; to be used `answering` only."""
        if self._client is None:
            for name, value in SETTINGS.items():
                os.environ.setdefault(name, value)
            from mlflow import MlflowClient

            self._client = MlflowClient(self.uri)
        return self._client

    def experiment(self, name: str) -> str:
        """Return the id of an MLflow experiment, made if it is not there.

        Raises
        ------
        TrackingError
            If it was deleted, or the server refuses.
        ServerAway
            If the server does not answer.
        """
        with self.answering() as client:
            found = client.get_experiment_by_name(name)
            if found is None:
                where = self._artifacts.resolve().as_uri() if self._artifacts else None
                return str(client.create_experiment(name, artifact_location=where, tags=KIND))
        if found.lifecycle_stage == "deleted":
            restore = f"mlflow experiments restore --experiment-id {found.experiment_id}"
            told = f"the MLflow experiment {name!r} was deleted"
            raise TrackingError(
                f"{self.name}: {told}; restore it (MLFLOW_TRACKING_URI={self.name} {restore}) or name another one"
            )
        return str(found.experiment_id)

    @contextmanager
    def answering(self) -> Iterator[Any]:
        """Yield the client; tell a server that refuses from one that does not answer."""
        try:
            yield self.client
        except TrackingError:
            raise
        except ImportError as error:
            raise NotInstalled(f"{self.name}: MLflow needs {error.name} for it; pip install {error.name}") from error
        except Exception as error:  # MLflow's own, its HTTP client's, the database's: each has its kinds
            logger.debug("MLflow", exc_info=True)
            told = f"({_first_line(error).replace(self.uri, self.name)[:200]})"
            status = error.get_http_status_code() if hasattr(error, "get_http_status_code") else 500
            if 400 <= status < 500 and status not in PASSING:
                advice = "is it an MLflow server, and may you use it?"
                raise TrackingError(f"{self.name}: the server refuses {told}; {advice}") from error
            if not self.is_remote:
                raise ServerAway(f"{self.name}: cannot be opened {told}; name another database") from error
            raise ServerAway(f"{self.name}: cannot be reached {told}") from error


def require_mlflow() -> None:
    """Refuse to go on without MLflow.

    Raises
    ------
    NotInstalled
        Saying what to install.
    """
    if find_spec("mlflow") is None:
        raise NotInstalled("MLflow is not installed; pip install 'kohonen2[mlflow]'")


def store_uri(uri: str | None, folder: Path) -> str:
    """Return where a run is sent to: `uri`, else MLFLOW_TRACKING_URI, else a database beside the run folder.

    Raises
    ------
    ParameterError
        If it is no address of an MLflow store.
    """
    asked = uri or os.environ.get("MLFLOW_TRACKING_URI")
    if not asked:
        return f"sqlite:///{(folder.parent / 'mlflow.db').resolve()}"
    return require_uri("uri" if uri else "MLFLOW_TRACKING_URI", asked)


def require_uri(argument: str, uri: Any) -> str:
    """Return an address of an MLflow store, unless it cannot be one.

    Raises
    ------
    ParameterError
        If it has an unknown scheme or no server's name.
    """
    must = f"be the address of an MLflow store ({', '.join(f'{scheme}://…' for scheme in SCHEMES)})"
    try:
        parts = urlsplit(uri)
        scheme, host, _ = parts.scheme.partition("+")[0], parts.hostname, parts.port
    except (ValueError, TypeError, AttributeError):
        raise ParameterError(argument, must, uri) from None
    if scheme not in SCHEMES or not (host or scheme == "sqlite"):
        raise ParameterError(argument, must, without_password(uri))
    return str(uri)


def require_no_password(argument: str, uri: str) -> str:
    """Return an address that a run's config.yaml may hold.

    Raises
    ------
    ParameterError
        If there is a password in it.
    """
    if urlsplit(uri).password:
        must = (
            "hold no password, because config.yaml keeps it; put it into the environment variable MLFLOW_TRACKING_URI"
        )
        raise ParameterError(argument, must, without_password(uri))
    return uri


def without_password(uri: str) -> str:
    """Return an address that may be shown."""
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":…@") if password else uri


def _first_line(error: Exception) -> str:
    """Return what went wrong in short: of nested failures to connect the innermost."""
    line = next(iter(str(error).splitlines()), type(error).__name__)
    _, nested, cause = line.rpartition("Caused by ")
    return cause.rpartition(": ")[2].rstrip("')\"") if nested else line
