"""`ksom watch --serve`: the page of a run in a real browser while it trains, and nothing else for anybody else."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from ksom.default_setup import Experiment
from ksom.errors import DataError
from ksom.tasks.watching import live_page
from ksom.tasks.watching.live_page import LivePage
from ksom.tasks.watching.server import Server
from tests.browser import PHONE, opened
from tests.trainings import begun, write_slow_experiment
from tests.waiting import wait_until

RUN = "logs/run"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a slow experiment."""
    monkeypatch.chdir(tmp_path)
    write_slow_experiment(tmp_path)
    return tmp_path


@pytest.fixture
def training():
    """Starts trainings, and ends them after the test."""
    children = []

    def start(*words):
        children.append(begun(RUN, *words))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()


@contextmanager
def served(run=RUN):
    """Serve a run's page in this process."""
    with Server(LivePage(Path(run)), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def trained(*words, run=RUN):
    return Experiment("slow.yaml", ["TRAINER.ITERATIONS", "20", "DATASET.SECONDS", "0", *words], run).run().folder


def asked(server, path="/", method="GET", **headers):
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    told = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return told


def test_the_page_grows_with_the_run_and_a_chosen_node_stays_chosen(training):
    training("TRAINER.ITERATIONS", "150")
    with served() as server, opened(server.address) as found:
        page = found.page
        page.locator("#watched strong", has_text="running").wait_for()
        page.locator("main canvas").first.wait_for()
        first = int(re.search(r"iteration (\d+)/150", page.inner_text("#watched"))[1])

        def choose():
            """Press a key, once more where the page was made anew in between."""
            page.locator("main canvas.base").first.focus()
            page.keyboard.press("ArrowDown")
            page.wait_for_timeout(100)

        wait_until(lambda: "No node chosen" not in page.inner_text(".details"), choose)
        page.locator("#watched strong", has_text="completed").wait_for(timeout=60_000)
        page.locator("body > header", has_text="completed").wait_for(timeout=60_000)
        assert first < 150
        assert "iteration 150/150" in page.inner_text("#watched")
        assert "No node chosen" not in page.inner_text(".details")
        assert page.locator("body > main").count() == 1
        assert page.locator("#curves figure").count() == 3
        found.require_clean()


def test_a_page_that_is_there_before_the_run_waits_for_it(training):
    with served() as server, opened(server.address) as found:
        found.page.locator("#watched", has_text="there is no run yet; waiting for one to begin").wait_for()
        training()
        found.page.locator("#watched strong", has_text="running").wait_for(timeout=30_000)
        found.page.locator("main canvas").first.wait_for()
        found.require_clean()


def test_a_killed_run_is_told_as_that_on_a_page_that_is_open(training):
    child = training()
    with served() as server, opened(server.address, size=PHONE, scheme="dark") as found:
        found.page.locator("#watched strong", has_text="running").wait_for()
        child.kill()
        found.page.locator("#watched", has_text="killed: it left no summary").wait_for(timeout=30_000)
        assert found.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        found.require_clean()


def test_a_page_whose_server_is_gone_says_so(training):
    training()
    with served() as server, opened(server.address) as found:
        found.page.locator("#watched strong", has_text="running").wait_for()
        server.page.news = lambda have: 1 / 0
        found.page.locator("#watched", has_text="ksom watch --serve has ended").wait_for(timeout=30_000)


def test_a_run_whose_name_is_a_script_is_shown_and_not_run():
    evil = "<img src=x onerror=alert(1)><script>alert(1)<!--"
    trained(run=f"logs/{evil}")
    with served(f"logs/{evil}") as server, opened(server.address) as found:
        found.page.locator("main canvas").first.wait_for()
        assert found.page.inner_text("#watched .path") == f"logs/{evil}"
        found.require_clean()


STRANGE_HOSTS = (
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "",
    "[::1]:{port}", "localhost@evil.example:{port}", "0.0.0.0:{port}",
)  # fmt: skip
OTHER_PATHS = (
    "/config.yaml", "/logs/run/config.yaml", "/../config.yaml", "/%2e%2e/config.yaml", "//config.yaml", "/data.json/",
    "/.", "/index.html", "/favicon.ico", "*", "/" + "a" * 10_000,
)  # fmt: skip


@pytest.mark.parametrize("host", STRANGE_HOSTS)
@pytest.mark.parametrize("path", ["/", "/data.json"])
def test_who_comes_by_another_name_gets_nothing(host, path):
    trained()
    with served() as server:
        status, _, body = asked(server, path, Host=host.format(port=server.server_port))
        assert status == 403
        assert b"sigma" not in body


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}"])
def test_this_machine_has_two_names(host):
    with served() as server:
        assert asked(server, Host=host.format(port=server.server_port))[0] == 200


@pytest.mark.parametrize("path", OTHER_PATHS, ids=range(len(OTHER_PATHS)))
def test_there_are_two_paths_and_no_others(path):
    trained()
    with served() as server:
        status, _, body = asked(server, path)
        assert status == 404
        assert b"SEED" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_can_be_done_but_read(method):
    with served() as server:
        assert asked(server, method=method)[0] == 501


def test_it_listens_on_this_machine_only_and_says_what_the_page_may_do():
    with served() as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"
        _, headers, body = asked(server)
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers
        assert b"connect-src &#x27;self&#x27;" in body


def test_the_report_is_sent_once():
    trained()
    with served() as server:
        told = json.loads(asked(server, "/data.json")[2])
        assert told["report"]["lattice"]["height"] == 3
        again = json.loads(asked(server, f"/data.json?have={told['version'].replace(' ', '%20')}")[2])
        assert again["report"] is None
        assert again["progress"] == 1
        assert {"note": told["note"], "frame": told["frame"]} == {"note": None, "frame": again["frame"]}


def test_a_run_without_a_map_has_progress_and_curves(training):
    training()
    for path in Path(RUN, "checkpoints").iterdir():
        path.unlink()
    news = LivePage(Path(RUN)).news()
    assert news["status"] == "running"
    assert [curve["name"] for curve in news["curves"]] == ["quantization_error", "topographic_error", "sigma"]


def test_a_report_that_cannot_be_made_is_not_tried_at_every_look(training, monkeypatch):
    tries = []

    def refused(*_):
        tries.append(time.sleep(0.5))
        raise DataError("cannot be told")

    training()
    monkeypatch.setattr(live_page, "report_of", refused)
    monkeypatch.setattr(live_page, "SECONDS_BETWEEN_LOOKS", 0)
    page = LivePage(Path(RUN))
    assert "cannot be told" in [page.news()["note"] for _ in range(3)][-1]
    assert len(tries) == 1


def test_while_it_trains_nothing_is_said_of_how_it_ended(training):
    training()
    report = LivePage(Path(RUN)).news()["report"]
    assert (report["words"], report["status"]) == (None, "running")
    assert "The training is going on: " in report["about"]


def process(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "ksom", "watch", RUN, "--serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_the_command_says_where_and_ends_with_ctrl_c():
    trained()
    with process("--port", "0") as child:
        address = re.match(r"http://127\.0\.0\.1:(\d+)/ shows logs/run while it trains", child.stdout.readline())
        with socket.create_connection(("127.0.0.1", int(address[1])), timeout=10):
            child.send_signal(signal.SIGINT)
            out, errors = child.communicate(timeout=30)
        assert (child.returncode, out, errors) == (0, "", "")


def test_a_port_that_is_taken_is_one_line():
    trained()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with process("--port", str(port)) as child:
            out, errors = child.communicate(timeout=60)
        assert (child.returncode, out) == (1, "")
        assert errors == f"Error: port {port} of 127.0.0.1 is in use; name another: --port, 0 for any that is free\n"
