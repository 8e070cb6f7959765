"""The words of a command that takes an experiment: its file, and overrides as KEY VALUE pairs."""

import difflib

import click
from click.shell_completion import CompletionItem


def complete_words(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the keys that begin so; where there is none, the shell completes the name of a file."""
    from ksom.describe import keys

    found = [CompletionItem(key) for key in keys() if key.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


with_words = click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    shell_complete=complete_words,
    metavar="[FILE] [KEY VALUE | KEY=VALUE]...",
)
"""Gives a command the argument `words`."""


def file_and_overrides(
    command: click.Command, words: tuple[str, ...], config_file: str | None = None
) -> tuple[str | None, list[str]]:
    """Tell the experiment's file from overrides; report a mistyped option, which came through as a value may be -3.

    Raises
    ------
    NoSuchOption
        With the options of the command that are most like it.
    UsageError
        If there is more than one file.
    """
    from ksom.config import split_words
    from ksom.experiment_files import is_experiment

    files: list[str] = [] if config_file is None else [config_file]
    overrides: list[str] = []
    for group in split_words(words):
        if group[0].startswith("-"):
            name = group[0].partition("=")[0]
            known = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
            raise click.NoSuchOption(name, possibilities=difflib.get_close_matches(name, known, n=1))
        (files if is_experiment(group[0]) else overrides).extend(group)
    if len(files) > 1:
        raise click.UsageError(f"one experiment at a time, got {' and '.join(files)}")
    return (files[0] if files else None), overrides
