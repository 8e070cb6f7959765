"""`ksom describe`."""

import click
from click.shell_completion import CompletionItem

from ksom.commands.command import examples, say, with_debug


def _complete_name(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names that `ksom describe` explains and that begin so, in any case."""
    from ksom.describe import names

    return [CompletionItem(name) for name in names() if name.lower().startswith(begun.lower())]


@click.command(epilog=examples("ksom describe", "ksom describe Vlog", "ksom describe TRAINER.ALGORITHM",
                              "ksom describe my_module:MyDataset"))  # fmt: skip
@with_debug
@click.argument("name", required=False, shell_complete=_complete_name)
def describe(name: str | None) -> int:
    """List what an experiment can name: data sets, hooks, schedules, …, with arguments and defaults; or explain one."""
    from ksom.describe import describe_all, describe_one

    say(describe_one(name) if name else describe_all())
    return 0
