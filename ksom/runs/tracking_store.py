"""Where runs are sent to: an MLflow server, or a database beside the logs."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ksom.errors import KsomError, NotInstalled, ParameterError, TrackingError, quoted
from ksom.masking import holds_secret, masked
from ksom.whole_files import open_own

logger = logging.getLogger(__name__)

SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")
EXPERIMENT = "ksom"
"""The MLflow experiment that runs belong to, if nothing else is said: all in one table, to be compared."""

DATABASE, ARTEFACTS = "mlflow.db", "mlartifacts"
"""What holds the runs where nothing else is asked for, beside the run folders."""

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

LOCK_SECONDS = 600.0
"""How long another process may take to make a database."""

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
    is_own : bool
        Whether nobody named the database: one that lies ready may then lead nowhere but to `artifacts`.

    Raises
    ------
    NotInstalled
        If MLflow is not.
    """

    def __init__(self, uri: str, artifacts: Path, *, is_own: bool = False) -> None:
        require_mlflow()
        self.uri = uri
        self.name = masked(uri)
        self.is_own = is_own
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

            with self._alone():
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
            found = client.get_experiment_by_name(name) or self._make_experiment(client, name)
        if found.lifecycle_stage == "deleted":
            restore = f"mlflow experiments restore --experiment-id {found.experiment_id}"
            why = f"the MLflow experiment {quoted(name)} was deleted"
            raise TrackingError(
                f"{self.name}: {why}; restore it (MLFLOW_TRACKING_URI={self.name} {restore}) or name another one"
            )
        self.require_own(found.artifact_location)
        return str(found.experiment_id)

    def require_own(self, location: str) -> None:
        """Refuse a place for files that is not in the folder of the artefacts, if the database was found, not named.

        Raises
        ------
        TrackingError
            Saying how the database can be named.
        """
        if not self.is_own or self._artifacts is None:
            return
        root = self._artifacts.parent.resolve() / self._artifacts.name
        if not (_is_file_address(location) and _path(location).resolve().is_relative_to(root)):
            why = f"keeps files in {masked(location)!r:.200}, not in {root}"
            advice = f"if they are to go there, name the database (MLFLOW_TRACKING_URI={self.name})"
            raise TrackingError(f"{self.name}: {why}; {advice}, else another experiment")

    def require_no_links(self, location: str) -> None:
        """Refuse a folder of artefacts that links lie ready in.

        Raises
        ------
        TrackingError
            Naming one of them.
        """
        self.require_own(location)
        if self.is_own and (link := next(filter(Path.is_symlink, _path(location).rglob("*")), None)):
            raise TrackingError(f"{link}: is a link, which nothing is written through; remove it")

    def _make_experiment(self, client: Any, name: str) -> Any:
        where = self._artifacts.resolve().as_uri() if self._artifacts else None
        try:
            client.create_experiment(name, artifact_location=where, tags=KIND)
        except Exception as error:  # MLflow's own kind, which only importing it would name
            if getattr(error, "error_code", None) != "RESOURCE_ALREADY_EXISTS":  # another run just made it
                raise
        return client.get_experiment_by_name(name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes waiting: two that make a database at once break it for good."""
        path = Path(self.uri.partition(":///")[2].partition("?")[0])
        if self.is_remote or not path.name:
            yield
            return
        if self.is_own and path.is_symlink():
            raise TrackingError(f"{path}: is a link; name the database that is meant (MLFLOW_TRACKING_URI=sqlite:///…)")
        import filelock

        open_own(lock := path.with_name(f".{path.name}.lock"), create=True).close()
        with filelock.FileLock(lock, timeout=LOCK_SECONDS):
            yield

    @contextmanager
    def answering(self) -> Iterator[Any]:
        """Yield the client; tell a server that refuses from one that does not answer."""
        try:
            yield self.client
        except KsomError:
            raise
        except ImportError as error:
            raise NotInstalled(f"{self.name}: MLflow needs {error.name} for it; pip install {error.name}") from error
        except Exception as error:  # MLflow's own, its HTTP client's, the database's: each has its kinds
            logger.debug("MLflow", exc_info=True)
            why = f"({masked(_first_line(error).replace(self.uri, self.name))[:200]})"
            status = error.get_http_status_code() if hasattr(error, "get_http_status_code") else 500
            if 400 <= status < 500 and status not in PASSING:
                advice = "is it an MLflow server, and may you use it?"
                raise TrackingError(f"{self.name}: the server refuses {why}; {advice}") from error
            if not self.is_remote:
                raise ServerAway(f"{self.name}: cannot be opened {why}; name another database") from error
            raise ServerAway(f"{self.name}: cannot be reached {why}") from error


def require_mlflow() -> None:
    """Refuse to go on without MLflow.

    Raises
    ------
    NotInstalled
        Saying what to install.
    """
    if find_spec("mlflow") is None:
        raise NotInstalled("MLflow is not installed; pip install 'kohonen2[mlflow]'")


def store_of(folder: Path, uri: str | None = None) -> TrackingStore:
    """Return the store that a run is sent to; see `store_uri`."""
    is_own = not (uri or os.environ.get("MLFLOW_TRACKING_URI"))
    return TrackingStore(store_uri(uri, folder), folder.parent / ARTEFACTS, is_own=is_own)


def store_uri(uri: str | None, folder: Path) -> str:
    """Return where a run is sent to: `uri`, else MLFLOW_TRACKING_URI, else a database beside the run folder.

    Raises
    ------
    ParameterError
        If it is no address of an MLflow store.
    """
    asked = uri or os.environ.get("MLFLOW_TRACKING_URI")
    if not asked:
        return f"sqlite:///{folder.parent.resolve() / DATABASE}"
    return require_uri("uri" if uri else "MLFLOW_TRACKING_URI", asked)


def require_uri(argument: str, uri: Any) -> str:
    """Return an address of an MLflow store, unless it cannot be one.

    Raises
    ------
    ParameterError
        If it has an unknown scheme or no server's name.
    """
    must = f"be the address of an MLflow store ({', '.join(f'{scheme}://…' for scheme in SCHEMES)})"
    if not isinstance(uri, str):
        raise ParameterError(argument, must, uri)
    if "@" in uri:
        must += ", with @ : / ? # and spaces in a password as %40 %3A %2F %3F %23 %20"
    if not _may_be_address(uri):
        raise ParameterError(argument, must, masked("".join(uri.split())))
    return uri


def _may_be_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        scheme, host, _ = parts.scheme.partition("+")[0], parts.hostname, parts.port
    except ValueError:
        return False
    is_one_word = uri.isprintable() and (scheme == "sqlite" or " " not in uri)
    return is_one_word and scheme in SCHEMES and bool(host or scheme == "sqlite")


def require_no_password(argument: str, uri: Any) -> Any:
    """Return an address that a run's config.yaml may hold.

    Raises
    ------
    ParameterError
        If there is a password or a token in it.
    """
    if isinstance(uri, str) and holds_secret(uri):
        must = "hold no password and no token, because config.yaml keeps it"
        advice = "put it into the environment variable MLFLOW_TRACKING_URI"
        raise ParameterError(argument, f"{must}; {advice}", masked(uri))
    return uri


def _is_file_address(location: str) -> bool:
    return urlsplit(location).scheme in {"", "file"}


def _path(location: str) -> Path:
    return Path(unquote(urlsplit(location).path))


def _first_line(error: Exception) -> str:
    """Return what went wrong in short: of nested failures to connect the innermost."""
    line = next(iter(str(error).splitlines()), type(error).__name__)
    _, nested, cause = line.rpartition("Caused by ")
    return cause.rpartition(": ")[2].rstrip("')\"") if nested else line
