"""The progress of a training is seen: one line of a terminal of any width, or lines in the log."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time

import numpy as np
import pyte
import pytest

from ksom.dataset import Dataset
from ksom.hooks.hook import Hook
from ksom.hooks.progress import Progress
from ksom.hooks.quality import Quality
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer

WIDTHS = [40, 60, 80, 200]

SLOW = """
import logging, signal, sys, time
import numpy as np
from ksom import Dataset, KohonenSOM, Trainer
from ksom.hooks import Progress, Quality
from ksom.hooks.hook import Hook
from ksom.logger import log_to_console

class Slow(Dataset):
    def batch(self, iteration, **how):
        for block in np.array_split(self.samples, 10):
            time.sleep(0.05)
            yield block

def trainer(iterations, *hooks, **rest):
    som = KohonenSOM(3, 3, backend="numpy")
    return Trainer(som, Slow(np.eye(30)), iterations=iterations, hooks=[Quality(1), *hooks, Progress()], **rest)
"""
"""The begin of a script with half a second an iteration, in ten blocks."""


class Screen:
    """What a terminal of so many columns shows of a Python script's standard error stream, while it runs."""

    def __init__(self, columns, script):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.child = subprocess.Popen([sys.executable, "-c", SLOW + script], stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        self._screen = pyte.Screen(columns, 24)
        self._stream = pyte.ByteStream(self._screen)

    def states(self):
        """Return the lines that are not empty, after each piece of output."""
        while True:
            try:
                self._stream.feed(os.read(self.master, 4096))
            except OSError:  # how Linux tells that the other end is closed
                break
            yield [line.rstrip() for line in self._screen.display if line.strip()]
        assert self.child.wait(60) == 0
        os.close(self.master)


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_bar_is_one_line_of_a_terminal(columns):
    *before, last = Screen(columns, "trainer(3).train()").states()
    assert {len(lines) for lines in before} == {1}
    assert len(last) == 1
    assert last[0].startswith("[##########")
    assert "100 %, " in last[0]


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_bar_of_a_resumed_training_is_one_line_and_goes_on_where_it_was(columns):
    script = "t = trainer(4); t.load_state({**t.state(), 'iteration': 2}, t.som.weights); t.train()"
    states = list(Screen(columns, script).states())
    assert {len(lines) for lines in states} == {1}
    assert " 50 %" in states[0][0]
    assert "100 %" in states[-1][0]


def test_the_bar_stands_at_zero_at_once_and_moves_within_an_iteration():
    states = [lines[0] for lines in Screen(80, "trainer(1).train()").states()]
    assert "] 0 %, iteration 0/1" in states[0]
    shares = {int(line.partition("] ")[2].partition(" %")[0]) for line in states}
    assert len(shares - {0, 100}) >= 2


def test_the_bar_says_most_where_there_is_room():
    *_, last = Screen(200, "trainer(1).train()").states()
    assert last[0].startswith("[" + 30 * "#" + "] 100 %, ")
    for fact in (" of it learning, ", "iteration 1/1, ", "quantization error "):
        assert fact in last[0]


def test_log_messages_stand_above_the_bar():
    script = """
class Talks(Hook):
    def after_step(self, run):
        logging.getLogger("ksom").warning("message %d", run.iteration)
log_to_console()
trainer(4, Talks(1)).train()
"""
    *_, last = Screen(60, script).states()
    assert last[:4] == [f"message {number}" for number in (1, 2, 3, 4)]
    assert len(last) == 5
    assert "100 %" in last[4]


def test_a_terminal_that_is_closed_ends_no_training():
    screen = Screen(80, "signal.signal(signal.SIGHUP, signal.SIG_IGN); log_to_console(); trainer(3).train()")
    next(screen.states())
    os.close(screen.master)
    assert screen.child.wait(60) == 0


def test_training_needs_no_standard_error_stream(tmp_path):
    (tmp_path / "quick.yaml").write_text("TRAINER: {ITERATIONS: 5}\n")
    command = f"{sys.executable} -m ksom train --config-file quick.yaml 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert (tmp_path / "logs/quick/summary.json").is_file()


class Slow(Dataset):
    """Takes 0.3 s for its three blocks."""

    def batch(self, iteration, **how):
        for block in np.array_split(self.samples, 3):
            time.sleep(0.1)
            yield block


def logged(caplog, monkeypatch, dataset, *hooks, iterations=1):
    monkeypatch.setattr("ksom.hooks.progress.SECONDS_BETWEEN_LINES", 0.05)
    with caplog.at_level("INFO", logger="ksom"):
        som = KohonenSOM(3, 3, backend="numpy")
        Trainer(som, dataset, iterations=iterations, hooks=[Progress(), *hooks]).train()
    return caplog.messages


def test_lines_are_logged_within_a_long_iteration_where_there_is_no_terminal(caplog, monkeypatch, capfd):
    lines = logged(caplog, monkeypatch, Slow(np.eye(3)))
    assert any(line.startswith(("33 %, ", "66 %, ")) for line in lines)
    assert capfd.readouterr() == ("", "")


def test_the_last_line_says_how_long_it_took_and_how_long_it_learned(caplog, monkeypatch):
    lines = logged(caplog, monkeypatch, np.eye(3), Quality(1))
    assert lines[-1].startswith("100 %, ")
    assert " s of it learning, iteration 1/1, quantization error 0." in lines[-1]


class Sleeps(Hook):
    """Acts slowly after each of the first two iterations."""

    def after_step(self, run):
        time.sleep(0.2)
        if run.iteration == 2:
            run.request_stop("enough")


def test_the_time_left_counts_hooks(caplog, monkeypatch):
    lines = logged(caplog, monkeypatch, np.eye(3), Sleeps(1), iterations=100_000)
    left = [line.split(", ")[1] for line in lines if line.endswith("iteration 1/100000")]
    assert left
    assert all(text.count(":") == 2 for text in left), "hours; learning alone would take seconds"
