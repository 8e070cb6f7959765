"""`ksom cache`."""

import time

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom cache", "ksom cache --clear"))
@click.option("--clear", is_flag=True, help="Remove all of it that is not in use.")
@with_debug
def cache(clear: bool) -> int:
    """Show the tables that are kept so that later runs need not read their files again, and what room they take.

    Below them are summaries: what was seen when large data were looked at before a training, which is done once.

    All lie in ~/.cache/ksom, or below the folder that KSOM_CACHE names; KSOM_CACHE_GB is how many gigabytes are
    kept, 10 unless it is set. What was not used for longest goes first.
    """
    from ksom.amounts import number_of, size_of
    from ksom.errors import OutputError, one_line
    from ksom.kept_summaries import kept_summaries, summaries_folder
    from ksom.kept_summaries import make_room as remove_summaries
    from ksom.tables.prepared import kept_tables, largest_cache, make_room, tables_folder

    try:
        folder, summaries = tables_folder(), summaries_folder()
    except OSError as error:
        raise OutputError(
            f"the cache folder: cannot be used ({error.strerror or error}); name one by KSOM_CACHE"
        ) from error
    if clear:
        removed = make_room(folder, -1)
        say(f"{folder}: {number_of('table', len(removed))} removed, {size_of(sum(each.size for each in removed))}")
        gone = remove_summaries(summaries, -1)
        if gone:
            taken = size_of(sum(each.size for each in gone))
            say(f"{summaries}: {_summaries(len(gone))} removed, {taken}")
    kept = kept_tables(folder)
    for each in kept:
        shape, files = " × ".join(f"{side:,}" for side in each.shape), ", ".join(map(one_line, each.files))
        say(f"{size_of(each.size):>9}  {_ago(time.time() - each.last_used):>14}  {shape:<20} {files}")
    if kept or not clear:
        size, most = sum(each.size for each in kept), largest_cache()
        told = f"{number_of('table', len(kept))}{' in use' if clear else ''}"
        say(f"{folder}: {told}, {size_of(size)} of at most {size_of(most)}")
    seen = kept_summaries(summaries)
    for summary in seen:
        files = ", ".join(map(one_line, summary.files)) or "damaged; it will be made again"
        say(f"{size_of(summary.size):>9}  {_ago(time.time() - summary.last_used):>14}  {'summary':<20} {files}")
    if seen:
        say(f"{summaries}: {_summaries(len(seen))}, {size_of(sum(each.size for each in seen))}")
    return 0


def _summaries(count: int) -> str:
    return "1 summary" if count == 1 else f"{count:,} summaries"


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
