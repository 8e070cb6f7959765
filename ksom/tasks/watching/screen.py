"""What is shown of a run in a terminal: how far it is, the map, curves."""

import numpy as np

from ksom.errors import one_line
from ksom.pictures.block_plot import block_plot
from ksom.pictures.half_blocks import RESET, Depth, half_blocks
from ksom.tasks.run_line import KILLED, RUNNING
from ksom.tasks.watching.terminal import Ability
from ksom.tasks.watching.watched_run import WAITING, Look
from ksom.text_table import cut, width_of

SIDE_BY_SIDE = 64
"""Columns from which on the curves stand beside the map."""
NARROWEST_CURVE, WIDEST_CURVE, HIGHEST_CURVE = 24, 72, 4
LONGEST_BAR = 60
STYLES = {"completed": "32", RUNNING: "36", KILLED: "31", "failed": "31", "damaged": "31"}
"""Green, blue, red."""


def screen(look: Look, columns: int, lines: int, ability: Ability, hint: str = "") -> list[str]:
    """Return what is shown of a run, lines that are no wider than `columns` and no more than `lines`.

    Parameters
    ----------
    look : Look
        The run.
    columns, lines : int
        Room.
    ability : Ability
        What the terminal shows.
    hint : str
        A last line.
    """
    head = [_title(look, columns, ability), *_progress(look, columns, ability)]
    foot = [cut(_plain(one_line(text), ability), columns) for text in (look.note, _outlook(look), hint) if text]
    room = max(0, lines - len(head) - len(foot) - 2)
    body = [] if look.line.status == WAITING else _body(look, columns, room, ability)
    shown = [*head, *(["", *body] if body else []), *([""] if foot else []), *foot]
    return shown[:lines] if len(shown) <= lines else [*head, *foot][:lines]


def _title(look: Look, columns: int, ability: Ability) -> str:
    line = look.line
    name = cut(_plain(one_line(str(line.path)), ability), max(8, columns - width_of(line.status) - 2))
    space = " " * max(2, columns - width_of(name) - width_of(line.status))
    code = STYLES.get(line.status) if ability.depth is not Depth.NONE else None
    status = f"\x1b[{code}m{line.status}{RESET}" if code else line.status
    return name + space + status


def _progress(look: Look, columns: int, ability: Ability) -> list[str]:
    """Return a bar and facts, as many of them as there is room for."""
    progress = look.progress
    if progress is None:
        return []
    told = [f"{int(100 * progress)} %", *look.facts]
    while told and width_of(", ".join(told)) > columns - 12:
        told.pop()
    text = _plain(", ".join(told), ability)
    length = max(4, min(LONGEST_BAR, columns - width_of(text) - 3))
    done = int(length * progress)
    full, rest = ("#", "-") if ability.is_ascii else ("█", "░")
    return [cut(f"{full * done}{rest * (length - done)} {text}", columns)]


def _outlook(look: Look) -> str:
    """Return what is to be known of the picture, or of how the run ended."""
    line = look.line
    if line.status == WAITING:
        return f"{line.path}: there is no run in it yet; waiting for one to begin"
    if line.status == KILLED:
        return "killed: it left no summary, and nobody trains here; --resume goes on with it"
    if line.why:
        return f"{line.status}: {line.why}"
    return "" if look.picture is None else f"the map: {look.picture.source}"


def _body(look: Look, columns: int, lines: int, ability: Ability) -> list[str]:
    """Return the map and the curves, beside each other if there is room."""
    if lines < 3:
        return []
    if columns < SIDE_BY_SIDE:
        picture = _map(look, columns, lines if not look.curves else max(3, lines * 2 // 3), ability)[0]
        curves = _curves(look, min(columns, WIDEST_CURVE), lines - len(picture) - 1, ability)
        return [*picture, *(["", *curves] if picture and curves else curves)]
    most = columns - NARROWEST_CURVE - 3 if look.curves else columns
    picture, width = _map(look, min(most, 2 * columns // 3), lines, ability)
    curves = _curves(look, min(WIDEST_CURVE, columns - width - 3), lines, ability)
    if not picture:
        return curves
    height = max(len(picture), len(curves))
    left = [*picture, *[" " * width] * (height - len(picture))]
    return [
        f"{one}   {other}".rstrip(" ")
        for one, other in zip(left, [*curves, *[""] * (height - len(curves))], strict=True)
    ]


def _map(look: Look, columns: int, lines: int, ability: Ability) -> tuple[list[str], int]:
    if look.picture is None:
        return [], 0
    fitting = look.picture.fitting(2 * lines, columns)
    picture = half_blocks(fitting.pixels, fitting.is_there, ability.depth, is_ascii=ability.is_ascii)
    return picture, fitting.pixels.shape[1]


def _curves(look: Look, columns: int, lines: int, ability: Ability) -> list[str]:
    """Return as many curves below each other as there is room for, with their last values."""
    shown = [name for name, curve in look.curves.items() if np.isfinite(curve.values).any()]
    if not shown or lines < 2 or columns < 8:
        return []
    shown = shown[: max(1, (lines + 1) // 3)]
    height = max(1, min(HIGHEST_CURVE, (lines + 1) // len(shown) - 2))
    told: list[str] = []
    for name in shown:
        told += [""] if told else []
        told += _curve(look, name, columns, height, ability)
    return told[:lines]


def _curve(look: Look, name: str, columns: int, height: int, ability: Ability) -> list[str]:
    curve = look.curves[name]
    value = f"{curve.values[-1]:.4g}"
    title = cut(_plain(one_line(name.replace("_", " ")), ability), max(1, columns - len(value) - 2))
    head = title + " " * max(2, columns - width_of(title) - len(value)) + value
    end = look.line.iterations or int(curve.iterations[-1])
    return [head, *block_plot(*curve, columns, height, end=end, is_ascii=ability.is_ascii)]


def _plain(text: str, ability: Ability) -> str:
    """Return text that a terminal can show that has ASCII only."""
    if not ability.is_ascii:
        return text
    return text.replace("…", "...").replace("×", "x").encode("ascii", "backslashreplace").decode()
