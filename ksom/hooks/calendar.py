"""Which hooks act when."""

from collections.abc import Mapping

from ksom.hooks.hook import Hook, Phase


class Calendar:
    """The iterations after which the hooks of a training are due: the last one always, a later one never.

    Parameters
    ----------
    hooks : mapping of str to Hook
        By name, in the order in which they act.
    iterations : int
        How many iterations the training has.
    callback_period : int
        Iterations between two calls of a hook that does not say.
    """

    def __init__(self, hooks: Mapping[str, Hook], iterations: int, callback_period: int) -> None:
        self.hooks, self.iterations, self.callback_period = hooks, iterations, callback_period

    def rhythm(self, hook: Hook) -> str:
        """Say how often a hook acts in the whole training."""
        return hook.rhythm(self.iterations, self._period(hook))

    def next_due(self, iteration: int) -> int:
        """Return the next iteration after `iteration` that a hook waits for."""
        return min((self._next_due(hook, iteration) for hook in self.hooks.values()), default=self.iterations)

    def due(self, iteration: int) -> dict[str, Hook]:
        """Return the hooks that act after an iteration; those that act at every pause are among them."""

        def is_due(hook: Hook) -> bool:
            return not self._period(hook) or self._next_due(hook, iteration - 1) == iteration

        return {key: hook for key, hook in self.hooks.items() if is_due(hook)}

    def watching(self) -> dict[str, Hook]:
        """Return the hooks that do something at a pause."""
        return {key: hook for key, hook in self.hooks.items() if type(hook).at_pause is not Hook.at_pause}

    def want_metrics(self, due: Mapping[str, Hook]) -> bool:
        """Return whether one of the hooks may put metrics: it waits for iterations, and does not only report."""
        return any(self._period(hook) and hook.phase < Phase.REPORT for hook in due.values())

    def _next_due(self, hook: Hook, iteration: int) -> int:
        period = self._period(hook)
        due = hook.next_due(iteration, self.iterations, period) if period else self.iterations
        return min(max(due, iteration + 1), self.iterations)

    def _period(self, hook: Hook) -> int:
        return self.callback_period if hook.every is None else hook.every
