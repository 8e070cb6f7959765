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
