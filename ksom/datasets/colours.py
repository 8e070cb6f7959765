"""Random colours: the data of the first experiment."""

from ksom.arguments import require_integer
from ksom.dataset import DATASETS, Dataset
from ksom.errors import ParameterError
from ksom.memory import available_memory
from ksom.method.random_streams import stream

BYTES = 3 * 8
"""Of a colour, drawn in float64."""


@DATASETS.register("RandomColors")
class RandomColors(Dataset):
    """Random colours: D = 3 (red, green, blue), uniform in [0, 1].

    Parameters
    ----------
    size : int
        How many colours, at least 1.
    seed : int
        Seed of the colours; in an experiment the run's SEED.
    """

    bounds = (0.0, 1.0)

    def __init__(self, size: int = 20, seed: int = 0) -> None:
        self.size = require_integer("size", size, minimum=1)
        self.seed = require_integer("seed", seed, minimum=0)
        there = available_memory()
        if there is not None and self.size * BYTES > there:
            fit = f"be a number of colours that fit into memory, {there // BYTES} of {BYTES} bytes"
            raise ParameterError("size", fit, size)
        super().__init__(stream(self.seed, "data").random((self.size, 3)))
