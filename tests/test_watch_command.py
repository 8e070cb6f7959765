"""`ksom watch`: a run seen in a terminal while it trains, which is left as it was."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pyte
import pytest

from ksom.default_setup import Experiment
from ksom.errors import DataError, TrackingError
from ksom.pictures.film_frames import FilmFrames
from ksom.pictures.half_blocks import Depth, half_blocks
from ksom.runs.history import Curve, GrowingHistory
from ksom.tasks.run_line import RunLine
from ksom.tasks.watching.screen import screen
from ksom.tasks.watching.terminal import ENTER, LEAVE, Ability, Terminal
from ksom.tasks.watching.watched_run import Look, WatchedRun, time_left
from ksom.text_table import width_of
from tests.trainings import begun, write_slow_experiment

RUN = "logs/run"
TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
ABLE = Ability(Depth.TRUE, is_ascii=False, is_screen=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a slow experiment."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    write_slow_experiment(tmp_path)
    return tmp_path


@pytest.fixture
def training():
    """Starts trainings, and ends them after the test."""
    children = []

    def start(*words, run=RUN):
        children.append(begun(run, *words))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()


class Watcher:
    """`ksom watch` in a terminal of so many columns and lines."""

    def __init__(self, run=RUN, columns=80, lines=24, **environment):
        self.master, self._slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._slave)
        self.child = subprocess.Popen(
            [sys.executable, "-m", "ksom", "watch", run],
            stdin=self._slave, stdout=self._slave, stderr=self._slave, env={**os.environ, **TRUE, **environment},
        )  # fmt: skip
        self.written = b""

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)

    def read(self, seconds=0.2):
        while select.select([self.master], [], [], seconds)[0]:
            told = os.read(self.master, 65536)
            self.written += told
            self._stream.feed(told)
            seconds = 0.05

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, pattern):
        """Return what was found in what is shown, once it is."""
        end = time.monotonic() + 60
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, self.text
            self.read()
        return found

    def ended(self):
        """Return the exit status; the terminal must be as it was."""
        while self.child.poll() is None:
            self.read()
        self.read()
        assert termios.tcgetattr(self._slave) == self.before
        os.close(self.master)
        os.close(self._slave)
        return self.child.returncode

    def type(self, text):
        os.write(self.master, text.encode())


def trained(*words, run=RUN):
    words = ["TRAINER.ITERATIONS", "20", "DATASET.SECONDS", "0", *words]
    return Experiment("slow.yaml", words, run).run().folder


def plain(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def shown(run, columns=80, lines=24, ability=ABLE):
    return screen(WatchedRun(Path(run)).look(), columns, lines, ability)


def test_progress_curves_and_map_are_seen_to_grow_until_the_run_ends(training):
    training("TRAINER.ITERATIONS", "150")
    watcher = Watcher()
    first = int(watcher.until(r"iteration (\d+)/150")[1])
    for told in (
        "running",
        "left",
        "quantization error",
        "topographic error",
        "▀▀▀▀",
        "█",
        "3 × 4",
        "q or Ctrl-C ends",
    ):
        watcher.until(told)
    watcher.until(rf"iteration (?!{first}/)\d+/150")
    assert watcher.ended() == 0
    assert "completed" in watcher.text
    assert "iteration 150/150" in watcher.text
    after = watcher.written.rpartition(LEAVE.encode())[2]
    assert b"completed" in after  # it stands below the prompt, where it stays
    assert b"\x1b[?25l" not in after


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "q"])
def test_the_terminal_is_as_it_was_and_the_training_goes_on_whatever_ends_the_watching(training, how):
    child = training()
    watcher = Watcher()
    watcher.until("running")
    watcher.until("q or Ctrl-C")
    if how == "q":
        watcher.type("q")
    else:
        watcher.child.send_signal(getattr(signal, how))
    assert watcher.ended() == {"SIGINT": 0, "SIGTERM": 143, "SIGHUP": 129, "q": 0}[how]
    assert LEAVE.encode() in watcher.written
    assert child.poll() is None


def test_a_pause_gives_the_terminal_back_for_as_long(training):
    training()
    watcher = Watcher()
    watcher.until("q or Ctrl-C")
    watcher.child.send_signal(signal.SIGTSTP)
    watcher.read(1)
    assert watcher.written.count(LEAVE.encode()) == 1
    watcher.child.send_signal(signal.SIGCONT)
    while watcher.written.count(ENTER.encode()) < 2:
        watcher.read()
    watcher.until("q or Ctrl-C")
    watcher.type("q")
    assert watcher.ended() == 0


def test_what_is_typed_is_not_shown(training):
    training()
    watcher = Watcher()
    watcher.until("q or Ctrl-C")
    watcher.type("xyzzy")
    watcher.read(1.5)
    assert "xyzzy" not in watcher.text
    watcher.type("Q")
    assert watcher.ended() == 0


def test_a_terminal_of_another_size_is_filled_anew(training):
    training()
    watcher = Watcher(columns=60, lines=20)
    watcher.until("q or Ctrl-C")
    watcher.resize(100, 35)
    watcher.until("(?m)^logs/run +running$")
    watcher.until("q or Ctrl-C")
    assert watcher.screen.display[0].endswith("running")
    assert [line for line in watcher.screen.display if line.strip()][-1].startswith("q or Ctrl-C")
    watcher.type("q")
    watcher.ended()


def test_a_killed_training_is_told_as_that(training):
    child = training()
    watcher = Watcher()
    watcher.until("running")
    child.kill()
    child.wait()
    assert watcher.ended() == 1
    assert "killed" in watcher.text
    assert "--resume goes on with it" in watcher.text


def test_a_failed_training_is_told_with_what_it_failed_of():
    with pytest.raises(ValueError, match="sensor"):
        trained("DATASET.FAILS_AT", "7")
    done = subprocess.run([sys.executable, "-m", "ksom", "watch", RUN], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == r"failed: ValueError: the sensor has \x1b[2J gone"


def test_a_run_that_has_not_begun_is_waited_for(training):
    watcher = Watcher()
    watcher.until(f"{RUN}: there is no run in it yet; waiting for one to begin")
    training("TRAINER.ITERATIONS", "40")
    watcher.until("running")
    assert watcher.ended() == 0
    assert "completed" in watcher.text


def test_where_nothing_can_be_drawn_over_a_running_run_is_shown_once(training):
    training()
    for environment in ({}, {"TERM": "dumb"}):
        done = subprocess.run([sys.executable, "-m", "ksom", "watch", RUN], capture_output=True, text=True, check=True,
                              env={**os.environ, **environment}, timeout=60)  # fmt: skip
        assert "\x1b" not in done.stdout
        assert "running" in done.stdout.splitlines()[0]
    watcher = Watcher(TERM="dumb")
    assert watcher.ended() == 0
    assert b"\x1b" not in watcher.written
    assert "running" in watcher.text


COLOURS = {
    "true colour": ({}, rb"\x1b\[38;2;\d+;\d+;\d+;48;2;"),
    "256 colours": ({"COLORTERM": ""}, rb"\x1b\[38;5;\d+;48;5;"),
}


@pytest.mark.parametrize(("environment", "code"), COLOURS.values(), ids=COLOURS)
def test_the_map_is_in_the_colours_that_the_terminal_has(environment, code):
    trained()
    watcher = Watcher(**environment)
    assert watcher.ended() == 0
    assert re.search(code, watcher.written)


def test_no_color_means_none():
    trained()
    watcher = Watcher(NO_COLOR="1")
    assert watcher.ended() == 0
    assert not re.search(rb"\x1b\[[\d;]*m", watcher.written)
    assert re.search("[░▒▓]{8}", watcher.text)


def test_a_terminal_with_ascii_only_gets_nothing_else():
    trained()
    watcher = Watcher(PYTHONIOENCODING="ascii")
    assert watcher.ended() == 0
    assert watcher.written.isascii()
    assert "3 x 4 nodes" in watcher.text


def test_nodes_have_the_colours_of_the_film():
    with FilmFrames(trained() / "vlog.gif") as frames:
        frame = frames[len(frames) - 1]
    picture = WatchedRun(Path(RUN)).look().picture.fitting(6, 8)
    film = frame.colours[frame.picture[: len(frame.picture) - frame.caption_height]]
    each = film.shape[1] // 4
    for row in range(3):
        for column in range(4):
            node = film[row * each + each // 2, column * each + each // 2]
            assert (picture.pixels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] == node).all()


SHAPES = {
    "rectangular": [],
    "hexagonal": ["MODEL.LATTICE", "hexagonal"],
    "one node": ["MODEL.HEIGHT", "1", "MODEL.WIDTH", "1"],
    "chain": ["MODEL.HEIGHT", "1"],
    "more nodes than letters": ["MODEL.HEIGHT", "120", "MODEL.WIDTH", "150", "TRAINER.ITERATIONS", "2"],
    "no film": ["HOOKS.VLOG", "null"],
    "no film, hexagonal": ["HOOKS.VLOG", "null", "MODEL.LATTICE", "hexagonal"],
    "no film, large": ["HOOKS.VLOG", "null", "MODEL.WIDTH", "500", "TRAINER.ITERATIONS", "2"],
    "no numbers": ["HOOKS.METRICS_WRITER", "null"],
    "a film beside a curve": ["HOOKS.VLOG.BESIDE", "quantization_error"],
}


@pytest.mark.parametrize("words", SHAPES.values(), ids=SHAPES)
def test_every_map_is_shown_in_every_room(words):
    trained(*words)
    look = WatchedRun(Path(RUN)).look()
    for columns, lines in [(1, 1), (20, 5), (40, 12), (63, 30), (64, 10), (80, 24), (300, 80)]:
        for ability in (ABLE, Ability(Depth.NONE, is_ascii=True, is_screen=False)):
            told = screen(look, columns, lines, ability, "a hint")
            assert len(told) <= lines
            if columns >= 20:
                assert max(width_of(plain(line)) for line in told) <= columns
    assert any("▀▀▀" in plain(line) or "▄▄▄" in plain(line) for line in screen(look, 80, 24, ABLE))


def test_without_a_film_the_map_is_the_newest_checkpoints(training):
    training("HOOKS.VLOG", "null")
    assert re.fullmatch(r"checkpoints/iteration-\d+.npz, iteration \d+", WatchedRun(Path(RUN)).look().picture.source)


def test_nothing_is_written_when_nothing_has_changed():
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.draw(["one", "two"])
    before = stream.getvalue()
    terminal.draw(["one", "two"])
    assert stream.getvalue() == before
    terminal.draw(["one", "three"])
    assert "one" not in stream.getvalue()[len(before) :]


def test_names_that_would_steer_a_terminal_do_not():
    look = Look(RunLine(Path("logs/\x1b[2J\u202eevil"), "running", iteration=1, iterations=2),
                curves={"\x1b]0;title\x07": Curve(np.array([1]), np.array([0.5]))})  # fmt: skip
    told = "\n".join(screen(look, 80, 24, Ability(Depth.NONE, is_ascii=False, is_screen=True)))
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_metrics_that_cannot_be_read_are_a_line_and_the_map_is_shown_all_the_same(training):
    training("HOOKS.METRICS_WRITER", "null")
    Path(RUN, "metrics.jsonl").write_text("hello\n")
    assert "damaged" in plain(shown(RUN)[0])
    assert any("metrics must be" in plain(line) for line in shown(RUN))


@pytest.mark.parametrize(("make", "told"), [
    (lambda path: path.write_text("a"), "is not the folder of a run; name the one"),
    (lambda path: (path.mkdir(), (path / "a.png").write_text("a")), "is not the folder of a run of ksom"),
])  # fmt: skip
def test_what_is_no_run_is_refused_in_a_line(tmp_path, make, told):
    make(tmp_path / "other")
    with pytest.raises(DataError, match=told):
        WatchedRun(Path("other"))


def test_looking_writes_nothing():
    run = trained()
    before = {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")}
    shown(RUN)
    assert {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")} == before


def test_a_run_that_is_begun_anew_is_seen_from_its_begin():
    trained()
    watched = WatchedRun(Path(RUN))
    assert len(watched.look().curves["sigma"].iterations) == 20
    trained("TRAINER.ITERATIONS", "3", "SEED", "1")
    assert len(watched.look().curves["sigma"].iterations) == 3


def test_numbers_are_read_once_and_again_when_they_were_cut_back(tmp_path):
    path, history = tmp_path / "metrics.jsonl", GrowingHistory(tmp_path)
    assert not history.go_on()
    path.write_text('{"iteration": 1, "seconds": 1, "a": 5}\n{"iteration": 2, "seconds": 2, "a": 4}\n{"iter')
    assert history.go_on()
    assert not history.go_on()
    assert history.curves()["a"].values.tolist() == [5, 4]
    path.write_text('{"iteration": 1, "seconds": 1, "a": 5}\n')
    history.go_on()
    assert history.curves()["a"].values.tolist() == [5]
    with path.open("a") as file:
        file.write('{"iteration": 2, "seconds": 2, "a": 3}\n')
    history.go_on()
    assert history.curves()["a"].values.tolist() == [5, 3]


def test_numbers_are_read_again_when_they_were_cut_back_and_are_more_by_now(tmp_path):
    path, history = tmp_path / "metrics.jsonl", GrowingHistory(tmp_path)
    line = '{{"iteration": {0}, "seconds": {1}, "a": {0}}}\n'.format
    path.write_text("".join(line(at, at / 4) for at in range(1, 6)))
    history.go_on()
    path.write_text("".join(line(at, at / 7) for at in range(1, 20)))
    assert history.go_on()
    assert history.curves()["a"].values.tolist() == list(range(1, 20))
    with path.open("a") as file:
        file.write("no numbers\n")
    with pytest.raises(TrackingError, match="must be a JSON object of numbers"):
        history.go_on()


LEFT = {
    "none told": (None, 0.0, None),
    "as the last tells": (Curve(np.array([50]), np.array([10.0])), 0.0, 10.0),
    "less what has passed since": (Curve(np.array([50]), np.array([10.0])), 4.0, 6.0),
    "not less than none": (Curve(np.array([50]), np.array([10.0])), 40.0, 0.0),
    "the mean of some": (Curve(np.array([50, 60]), np.array([50.0, 0.0])), 0.0, 20.0),
    "at the end": (Curve(np.array([100]), np.array([0.0])), 0.0, 0.0),
    "not known": (Curve(np.array([50]), np.array([np.nan])), 0.0, None),
}


@pytest.mark.parametrize(("eta", "since", "left"), LEFT.values(), ids=LEFT)
def test_time_left_follows_from_what_the_training_told(eta, since, left):
    assert time_left(eta, 100, since) == left


def test_two_pixels_stand_above_each_other_in_a_letter():
    pixels = np.array([[[255, 0, 0], [0, 0, 255]], [[0, 255, 0], [9, 9, 9]]], np.uint8)
    there = np.array([[True, True], [True, False]])
    assert half_blocks(pixels, there, Depth.TRUE) == ["\x1b[38;2;255;0;0;48;2;0;255;0m▀\x1b[0;38;2;0;0;255m▀\x1b[0m"]
    assert half_blocks(pixels[:1], there[:1], Depth.NONE) == ["░ "]
