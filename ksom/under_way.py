"""Where a training stands: between two iterations, or in the middle of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from ksom.errors import CheckpointError
from ksom.kernels.batch_sums import BatchSums


@dataclass
class UnderWay:
    """How much of a training is done."""

    iteration: int
    """Iterations completed."""
    rows: int = 0
    """Samples of the next one that were shown."""
    sums: BatchSums | None = None
    """The sums of these, in batch training; online training has moved the weights for them."""

    def state(self) -> dict[str, Any]:
        """Return what a resumed training needs of the iteration that is under way; nothing between two."""
        if not self.rows:
            return {}
        return {"rows": self.rows, "sums": {} if self.sums is None else self.sums.as_arrays()}

    @classmethod
    def of_state(cls, state: Mapping[str, Any], sums: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Self:
        """Return where a training stood.

        Parameters
        ----------
        state : mapping
            "iteration", and "rows" in the middle of one.
        sums : mapping of str to ndarray
            The sums of these rows; none in online training.
        shape : (int, int)
            Nodes and features, as the sums must have them.

        Raises
        ------
        CheckpointError
            If the sums are none of this map.
        """
        iteration, rows = int(state["iteration"]), int(state.get("rows", 0))
        if not rows or not sums:
            return cls(iteration, rows)
        try:
            held = BatchSums.of_arrays(rows, sums)
        except ValueError as error:
            raise CheckpointError(f"the checkpoint of iteration {iteration}: {error}") from error
        made = held.begun or held.whole
        if made is not None and made.sums.shape != shape:
            raise CheckpointError(f"the checkpoint of iteration {iteration}: its sums do not fit the map")
        return cls(iteration, rows, held)
