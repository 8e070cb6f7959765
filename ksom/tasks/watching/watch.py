"""Watching a run in the terminal until it ends."""

import sys
import time
from pathlib import Path
from typing import TextIO

from ksom.tasks.watching.screen import screen
from ksom.tasks.watching.terminal import Ability, Terminal
from ksom.tasks.watching.watched_run import Look, WatchedRun

SECONDS_BETWEEN_LOOKS = 1.0
REST = 10
"""How much longer than a look the pause after it is at least: the training needs the machine."""
HINT = "q or Ctrl-C ends the watching; the training goes on"


def watch(folder: Path, stream: TextIO | None = None) -> bool:
    """Show a run until it ends, or somebody types q or Ctrl-C; where nothing can be drawn over, show it once.

    Parameters
    ----------
    folder : Path
        The run folder; if there is no run yet, it is waited for.
    stream : TextIO, optional
        Where to; default: the standard output.

    Returns
    -------
    bool
        Whether the run goes on, or has ended as it was meant to: it was not killed, has not failed, is not damaged.

    Raises
    ------
    DataError
        If the folder holds something else.
    """
    stream = sys.stdout if stream is None else stream
    ability, terminal, run = Ability.of(stream), Terminal(stream), WatchedRun(folder)
    look = run.look()
    if look.goes_on and ability.is_screen:
        try:
            with terminal.taken():
                look = _until_it_ends(run, look, terminal, ability)
        except KeyboardInterrupt:
            look = run.look()
    columns, lines = terminal.size
    stream.write("\n".join([*screen(look, columns, max(10, lines - 2), ability), ""]))
    stream.flush()
    return look.is_well


def _until_it_ends(run: WatchedRun, look: Look, terminal: Terminal, ability: Ability) -> Look:
    took = 0.0
    while look.goes_on:
        terminal.draw(screen(look, *terminal.size, ability, HINT))
        looked = time.monotonic()
        while (left := looked + max(SECONDS_BETWEEN_LOOKS, REST * took) - time.monotonic()) > 0:
            if terminal.wait(left):
                return look
            terminal.draw(screen(look, *terminal.size, ability, HINT))
        begun = time.monotonic()
        look = run.look()
        took = time.monotonic() - begun
    return look
