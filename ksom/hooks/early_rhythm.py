"""When to act on a map that changes most in the beginning: often at first, ever less often then."""

import math


class EarlyRhythm:
    """Acts for the k-th time after ⌈iterations · (k / times)²⌉ iterations, and so after the last one.

    Parameters
    ----------
    times : int
        How often; less often in fewer iterations.

    Examples
    --------
    >>> rhythm = EarlyRhythm(10)
    >>> rhythm.next_due(0, 1000), rhythm.next_due(10, 1000), rhythm.count(1000), rhythm.count(3)
    (10, 40, 10, 3)
    """

    def __init__(self, times: int) -> None:
        self.times = times

    def next_due(self, iteration: int, iterations: int) -> int:
        """Return the next iteration after `iteration` to act after."""
        return self._due(math.isqrt(self.times**2 * iteration // iterations) + 1, iterations)

    def count(self, iterations: int) -> int:
        """Return how often that is in the whole training."""
        return len({self._due(number, iterations) for number in range(1, self.times + 1)})

    def in_words(self, iterations: int) -> str:
        """Say how often."""
        return f"{self.count(iterations)} times, more often in the beginning"

    def _due(self, number: int, iterations: int) -> int:
        return -(-iterations * number**2 // self.times**2)
