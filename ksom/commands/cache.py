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
    from ksom.amounts import number_of, size_of
    from ksom.errors import OutputError, one_line
    from ksom.tables.prepared import kept_tables, largest_cache, make_room, tables_folder

    try:
        folder = tables_folder()
    except OSError as error:
        raise OutputError(
            f"the cache folder: cannot be used ({error.strerror or error}); name one by KSOM_CACHE"
        ) from error
    if clear:
        removed = make_room(folder, -1)
        say(f"{folder}: {number_of('table', len(removed))} removed, {size_of(sum(each.size for each in removed))}")
    kept = kept_tables(folder)
    for each in kept:
        shape, files = " × ".join(f"{side:,}" for side in each.shape), ", ".join(map(one_line, each.files))
        say(f"{size_of(each.size):>9}  {_ago(time.time() - each.last_used):>14}  {shape:<20} {files}")
    if kept or not clear:
        size, most = sum(each.size for each in kept), largest_cache()
        told = f"{number_of('table', len(kept))}{' in use' if clear else ''}"
        say(f"{folder}: {told}, {size_of(size)} of at most {size_of(most)}")
    return 0


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
