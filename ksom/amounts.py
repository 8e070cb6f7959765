"""Amounts in words, wherever somebody is told of one."""

import math


def number_of(noun: str, count: int) -> str:
    """Return how many of something there are.

    Examples
    --------
    >>> [number_of("node", count) for count in (0, 1, 1500)]
    ['0 nodes', '1 node', '1,500 nodes']
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size_of(count: float) -> str:
    """Return how much room so many bytes take.

    Examples
    --------
    >>> [size_of(count) for count in (64, 2_000, 1.5e6, 2e12)]
    ['64 bytes', '2 kB', '1.5 MB', '2e+03 GB']
    """
    power = min(int(math.log10(max(count, 1))) // 3, 3)
    return f"{count:.0f} bytes" if not power else f"{count / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"


def time_of(seconds: float) -> str:
    """Return how long so many seconds are.

    Examples
    --------
    >>> [time_of(seconds) for seconds in (0.0123, 7.0, 59.96, 61, 3725.4, 90_000)]
    ['0.0123 s', '7 s', '1:00', '1:01', '1:02:05', '25:00:00']
    """
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
