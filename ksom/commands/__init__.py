"""The commands of `ksom`, one file each: parse, call, print."""

import builtins
from importlib import import_module

import click

COMMANDS = (
    "inspect",
    "init",
    "train",
    "sweep",
    "predict",
    "label",
    "cluster",
    "impute",
    "evaluate",
    "diagnose",
    "compare",
    "report",
    "show",
    "list",
    "watch",
    "plot",
    "describe",
    "export",
    "quantize",
    "track",
    "cache",
)
"""In the order in which they are listed; each is a function of its name in the file of its name. Where Python itself
has a function of that name, an underscore follows, as PEP 8 has it."""


def named(name: str) -> click.Command:
    """Return a command by its name."""
    function = f"{name}_" if hasattr(builtins, name) else name
    made: click.Command = getattr(import_module(f"ksom.commands.{name}"), function)
    return made
