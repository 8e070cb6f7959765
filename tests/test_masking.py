"""No secret leaves for a file or the screen: of no form of address, of no variable, in messages and tracebacks."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ksom.default_setup import Experiment
from ksom.errors import ConfigError
from ksom.logger import log_to_console, log_to_file
from ksom.masking import holds_secret, masked
from ksom.runs.run_folder import RunFolder

SECRET = "s3cr3t-w0rd"

ADDRESSES = {
    f"http://me:{SECRET}@host/x": "http://…@host/x",
    f"http://{SECRET}@host": "http://…@host",
    f"http://{SECRET}:x-oauth-basic@host": "http://…@host",
    f"HTTPS://me:{SECRET}@host:5000": "HTTPS://…@host:5000",
    f"git+https://{SECRET}@host/me/x@main": "git+https://…@main",
    f"http://me:a#{SECRET}@host": "http://…@host",
    f"http://me:a/?{SECRET}:@{SECRET}@host": "http://…@host",
    f"http://me:5000/{SECRET}@host": "http://…@host",
    f"http://me:a%40{SECRET}@host": "http://…@host",
    f"http://a.b.{SECRET}@host": "http://…@host",
    f"postgresql://me:{SECRET}@host/runs": "postgresql://me:…@host/runs",
    f"mysql+pymysql://me:{SECRET}@a:1,you:{SECRET}@b:2/runs": "mysql+pymysql://me:…@b:2/runs",
    f"http:/me:{SECRET}@host": "http:/…@host",
    f"http://host.org/?a=1&token={SECRET}&b=2": "http://host.org/?a=1&token=…&b=2",
    f"http://host.org?ssl_password={SECRET}": "http://host.org?ssl_password=…",
    f"https://host.org/x?sig={SECRET}&X-Amz-Signature={SECRET}": "https://host.org/x?sig=…&X-Amz-Signature=…",
    f"mssql+pyodbc:///?odbc_connect=UID%3Dme%3BPWD%3D{SECRET}": "mssql+pyodbc:///?odbc_connect=…",
}

PLAIN = [
    "http://127.0.0.1:5000",
    "http://localhost:5000/a@b",
    "http://[::1]:5000/a@b",
    "git+https://github.com/me/x@main",
    "sqlite:////home/me@here/mlflow.db",
    "postgresql://me@host/runs",
    "sqlite:/home/me@here/mlflow.db",
    "C:/Users/me:@here/x",
    "see http://host:5000, or write to me@host.org",
    "sigma=3.0 max_tokens=5, monkey=1, a key=1 of 2",
    "nodes@map: 10 × 10",
    "",
]


@pytest.mark.parametrize(("address", "shown"), ADDRESSES.items())
def test_an_address_is_shown_without_its_secrets(address, shown) -> None:
    assert masked(address) == shown
    assert masked(f"cannot reach ({address}) now") != f"cannot reach ({address}) now"
    assert SECRET not in masked(f"cannot reach {address} now")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_with_a_secret_is_known_as_one(address) -> None:
    assert holds_secret(address)


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text) -> None:
    assert masked(text) == text
    assert not holds_secret(text)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_masked_stays_so(address) -> None:
    assert masked(masked(address)) == masked(address)


@pytest.mark.parametrize(
    "line", [f"Authorization: Bearer {SECRET}", f"{{'Authorization': 'Basic {SECRET}'}}", f"url: /?token={SECRET} (x)"]
)
def test_a_secret_is_known_by_its_name(line) -> None:
    assert SECRET not in masked(line)


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME",
                                  "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "OPENAI_API_KEY"])  # fmt: skip
def test_the_value_of_a_secret_variable_is_masked(monkeypatch, name) -> None:
    monkeypatch.setenv(name, SECRET)
    assert masked(f"it answers: {SECRET} is wrong") == "it answers: … is wrong"


@pytest.mark.parametrize("spelling", ["p#ss w@rd", "p%23ss%20w%40rd"])
def test_the_password_of_an_address_in_a_variable_is_masked_however_it_is_spelled(monkeypatch, spelling) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:p%23ss%20w%40rd@host/runs")
    assert masked(f"no such user: {spelling}") == "no such user: …"


@pytest.mark.parametrize(
    ("shortened", "shown"),
    [
        (f"'http://me:{SECRET}…", "'http://……"),
        (f"'http://me:{SECRET}...@ho'", "'http://…@ho'"),
        (f"'http://me:{SECRET}...'", "'http://…...'"),
        (f"postgresql://me:{SECRET}…", "postgresql://me:……"),
        ("one of http://…, https://…", "one of http://…, https://…"),
        ("http://localhost:5000/run…", "http://localhost:5000/run…"),
    ],
)
def test_an_address_that_was_shortened_is_shown_without_its_secrets(shortened, shown) -> None:
    assert masked(shortened) == shown


def test_a_json_file_of_a_run_has_no_secret(tmp_path) -> None:
    RunFolder(tmp_path).write_json("any.json", {"reason": f"http://{SECRET}@host", "list": [{"a": f"token={SECRET}"}]})
    assert json.loads((tmp_path / "any.json").read_text()) == {"reason": "http://…@host", "list": [{"a": "token=…"}]}


def test_a_short_value_is_left_alone(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ksom")
    assert masked("ksom") == "ksom"


def test_a_long_text_without_secrets_takes_no_time_that_grows_with_its_square() -> None:
    for text in ("a://" * 10**5, "a://@" * 10**5, "http://" + "a." * 10**5, "token=" * 10**5):
        masked(text)


def failing_log() -> None:
    try:
        raise ValueError(f"http://me:{SECRET}@host")
    except ValueError:
        logging.getLogger("ksom.test").exception("no answer of http://%s@host", SECRET)


def test_a_log_file_has_no_secret_in_messages_and_tracebacks(tmp_path) -> None:
    with log_to_file(tmp_path / "train.log"):
        failing_log()
    text = (tmp_path / "train.log").read_text()
    assert "no answer of http://…@host" in text
    assert "ValueError: http://…@host" in text
    assert SECRET not in text


def test_the_console_has_no_secret_in_messages_and_tracebacks(capsys) -> None:
    log_to_console()
    failing_log()
    assert "ValueError: http://…@host" in capsys.readouterr().err


def ksom(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("ksom"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["one line", "--debug"])
def test_a_commands_error_has_no_secret(tmp_path, debug) -> None:
    done = ksom("train", *debug, "DATASET", f"{{NAME: Array, PATH: 'http://me:{SECRET}@host'}}", folder=tmp_path)
    assert done.returncode == 1
    assert "…@host" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert ("Traceback" in done.stderr) == bool(debug)


def test_a_mistyped_commands_error_has_no_secret(tmp_path) -> None:
    done = ksom("describe", "Vlog", f"http://me:{SECRET}@host", folder=tmp_path)
    assert done.returncode == 2
    assert "http://…@host" in done.stderr
    assert SECRET not in done.stderr


def test_an_experiment_whose_config_would_keep_a_secret_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=r"OUTPUT_DIR must hold no password and no token, because config\.yaml keeps it"
    ):
        Experiment(None, ["OUTPUT_DIR", f"http://me:{SECRET}@host"])
