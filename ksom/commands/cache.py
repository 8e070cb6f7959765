"""`ksom cache`."""

import time

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom cache", "ksom cache --clear"))
@click.option("--clear", is_flag=True, help="Remove all of it that is not in use.")
@with_debug
def cache(clear: bool) -> int:
    """Show the tables that are kept so that later runs need not read their files again, and what room they take.

    They lie in ~/.cache/ksom/tables, or below the folder that KSOM_CACHE names; KSOM_CACHE_GB is how many gigabytes are
    kept, 10 unless it is set. What was not used for longest goes first.
    """
    from ksom.errors import OutputError
    from ksom.tables.prepared import kept_tables, largest_cache, make_room, tables_folder

    try:
        folder = tables_folder()
    except OSError as error:
        raise OutputError(
            f"the cache folder: cannot be used ({error.strerror or error}); name one by KSOM_CACHE"
        ) from error
    if clear:
        removed = make_room(folder, -1)
        say(f"{folder}: {_tables(len(removed))} removed, {_size(sum(each.size for each in removed))}")
    kept = kept_tables(folder)
    for each in kept:
        shape = " × ".join(f"{side:,}" for side in each.shape)
        say(f"{_size(each.size):>9}  {_ago(time.time() - each.last_used):>14}  {shape:<20} {', '.join(each.files)}")
    if kept or not clear:
        size, most = sum(each.size for each in kept), largest_cache()
        say(f"{folder}: {_tables(len(kept))}{' in use' if clear else ''}, {_size(size)} of at most {_size(most)}")
    return 0


def _tables(count: int) -> str:
    return "1 table" if count == 1 else f"{count} tables"


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
