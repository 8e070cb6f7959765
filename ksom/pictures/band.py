"""A map of one row or one column over time: a band that grows by a row with every frame."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.picture import SMALLEST_SIDE
from ksom.pictures.view import Blocks

GAP = 4
"""Pixels between the map as it is and as it was."""


class Band:
    """What the frames of a film have shown of a chain of nodes, below (or beside) what it shows now.

    Parameters
    ----------
    view : Blocks
        How the chain itself is drawn.
    is_row : bool
        Whether it is a row of nodes, over time downwards; else a column, over time to the right.
    frames : int
        How many frames the film will have.
    size : int
        Pixels that the band is long, at most, about: of very many frames it shows every second, third ….
    """

    def __init__(self, view: Blocks, frames: int, size: int, *, is_row: bool) -> None:
        self.view = view
        self.is_row = is_row
        self.size = size
        self.step = -(-frames // size)
        self.length = -(-frames // self.step)
        self._frames = 0
        self._rows: list[NDArray[np.uint8]] = []

    @property
    def thickness(self) -> int:
        """Pixels of each frame's row."""
        return min(self.size // self.length, SMALLEST_SIDE)

    def grown(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Take the chain's colours at the next frame; return all of them that are to be shown, the newest first.

        Parameters
        ----------
        pixels : ndarray of shape (1, n, 3), or (n, 1, 3)
            The chain now.
        """
        now = np.array(pixels if self.is_row else pixels.swapaxes(0, 1))
        if self._frames % self.step == 0 and len(self._rows) < self.length:
            self._rows.append(now[0])
        self._frames += 1
        return np.concatenate([now, self._rows])

    def spread(self, seen: NDArray[np.uint8], background: int) -> NDArray[np.uint8]:
        """Return the picture of what `grown` returned, as indices of colours."""
        along = self.view.scale.enlarge[1 if self.is_row else 0]
        across = self.view.scale.enlarge[0 if self.is_row else 1]
        wide = np.repeat(seen, along, axis=1)
        height = across + GAP + self.length * self.thickness
        picture = np.full((height, wide.shape[1]), background, dtype=np.uint8)
        picture[:across] = wide[0]
        past = np.repeat(wide[1:], self.thickness, axis=0)
        picture[across + GAP : across + GAP + len(past)] = past
        return picture if self.is_row else picture.T.copy()

    def state(self) -> dict[str, Any]:
        """Return what was shown so far, as JSON can hold it."""
        rows = zlib.compress(np.array(self._rows, dtype=np.uint8).tobytes(), 1)
        return {"frames": self._frames, "rows": base64.b64encode(rows).decode("ascii"), "length": self.length,
                "step": self.step}  # fmt: skip

    def load_state(self, state: Mapping[str, Any], nodes: int) -> None:
        """Go on from what was shown.

        Parameters
        ----------
        state : mapping
            What `state` returned.
        nodes : int
            How many of them are seen.

        Raises
        ------
        ValueError
            If it is nothing that `state` returned.
        """
        try:
            self.length = min(max(1, int(state["length"])), self.size)
            self.step = max(1, int(state["step"]))
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(base64.b64decode(state["rows"]), self.length * nodes * 3 + 1)
            if not unpacker.eof:
                raise ValueError("its rows are not whole")
            self._rows = list(np.frombuffer(unpacked, np.uint8).reshape(-1, nodes, 3))
            self._frames = int(state["frames"])
        except (KeyError, TypeError, zlib.error, binascii.Error) as error:
            raise ValueError(str(error)) from error
