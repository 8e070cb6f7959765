"""The option --csv: how CSV files are written, where that is not to be found out."""

from collections.abc import Callable
from typing import Any

import click

from ksom.errors import ParameterError


def with_csv(default: str = "found out") -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the option --csv, whose argument `csv` is a dict, empty without it."""
    told = "How CSV files are written: encoding=latin-1, delimiter=;, decimal=, header=false, …"
    return click.option(
        "--csv", multiple=True, metavar="KEY=VALUE", callback=_read, help=f"{told}  [default: {default}]"
    )


def _read(_context: click.Context, _parameter: click.Parameter, told: tuple[str, ...]) -> dict[str, Any]:
    return dict(map(_pair, told))


def _pair(told: str) -> tuple[str, Any]:
    key, is_one, value = told.partition("=")
    if not is_one:
        raise ParameterError("--csv", "be KEY=VALUE, such as encoding=latin-1", told)
    if key == "missing":
        return key, value.split("|")
    return key, {"true": True, "false": False}.get(value, value) if key == "header" else value
