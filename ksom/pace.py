"""How much can be done in a moment: between two looks at the clock, at a stop that was asked for, at a progress bar."""

import time

PAUSE_SECONDS = 0.25
"""How long is worked before somebody looks up."""


class Pace:
    """How many samples a moment's work are, as measured so far.

    Parameters
    ----------
    seconds_per_sample : float
        A first guess.

    Attributes
    ----------
    seconds_per_sample : float
        As last measured, or guessed.
    is_measured : bool
        Whether it was measured.
    """

    def __init__(self, seconds_per_sample: float) -> None:
        self.seconds_per_sample = seconds_per_sample
        self.is_measured = False
        self._since: float | None = None

    @property
    def samples(self) -> int:
        """How many samples are a moment's work, at least 1."""
        return self.samples_in(PAUSE_SECONDS)

    def samples_in(self, seconds: float) -> int:
        """Return how many samples so many seconds' work are, at least 1."""
        return max(1, int(seconds / max(self.seconds_per_sample, 1e-12)))

    def begin(self) -> None:
        """Look at the clock before some work."""
        self._since = time.perf_counter()

    def end(self, samples: int) -> None:
        """Look at the clock after it."""
        if self._since is not None and samples:
            self.is_measured = True
            self.seconds_per_sample = (time.perf_counter() - self._since) / samples
