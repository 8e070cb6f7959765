"""The numbers of a training: hooks put them, other hooks read them; the only way in which hooks talk to each other."""

from ksom.errors import ParameterError

TAKEN = ("iteration", "seconds")
"""What else a line of metrics.jsonl tells."""


class Metrics:
    """The latest value of each metric and the iteration it belongs to.

    Attributes
    ----------
    iteration : int
        Iterations completed: the run's own count.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.iteration = 20
    >>> metrics.put(quantization_error=0.1)
    >>> metrics.latest("quantization_error"), metrics.at(20), metrics.at(30)
    (0.1, {'quantization_error': 0.1}, {})
    """

    def __init__(self) -> None:
        self.iteration = 0
        self._values: dict[str, tuple[int, float]] = {}

    def put(self, **values: float) -> None:
        """Store values under their names, as belonging to the iterations completed now.

        Raises
        ------
        ParameterError
            If a value is not a number, or called `iteration` or `seconds`.
        """
        for name in values.keys() & TAKEN:
            raise ParameterError(f"metric {name}", "have another name: that one is taken", values[name])
        for name, value in values.items():
            try:
                self._values[name] = (self.iteration, float(value))
            except (TypeError, ValueError, OverflowError):
                raise ParameterError(f"metric {name}", "be a number", value) from None

    def latest(self, name: str) -> float | None:
        """Return the latest value, None if there is none."""
        return self._values[name][1] if name in self._values else None

    def newest(self, name: str) -> tuple[int, float] | None:
        """Return the iteration that the latest value belongs to, and the value; None if there is none."""
        return self._values.get(name)

    def at(self, iteration: int) -> dict[str, float]:
        """Return the metrics that belong to an iteration."""
        return {name: value for name, (when, value) in self._values.items() if when == iteration}
