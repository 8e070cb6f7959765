"""Small tasks for workers: some return, some wait, some kill who does them."""

import os
import signal
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ksom.errors import DataError, StoreAway


@dataclass(frozen=True)
class Errand:
    """Leaves a mark for each try of each part in a folder, and returns 10 times the part and who did it."""

    folder: Path

    def __call__(self, part: int) -> tuple[int, int]:
        tries = len(list(self.folder.glob(f"{part}-*")))
        (self.folder / f"{part}-{time.monotonic_ns()}-{os.getpid()}").touch()
        self.on_the_way(part, tries)
        return 10 * part, os.getpid()

    def on_the_way(self, part: int, tries: int) -> None:
        """Do what may go wrong; `tries`: how often the part was tried before."""

    def name(self, part: int) -> str:
        return f"part {part} (rows of it)"

    def tries(self, part: int) -> int:
        return len(list(self.folder.glob(f"{part}-*")))


class Kills(Errand):
    """Part 2 kills whoever does it."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 2:
            os.kill(os.getpid(), signal.SIGKILL)


class KillsOnce(Errand):
    """Every third part kills who does it first."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part % 3 == 0 and not tries:
            os.kill(os.getpid(), signal.SIGKILL)


class Away(Errand):
    """The store of part 1 does not answer the first two times."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 1 and tries < 2:
            raise TimeoutError("the store does not answer")


class AwayForGood(Errand):
    """The store of part 1 never answers."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 1:
            raise ConnectionError("the store is away")


class AwayFor(Errand):
    """The store of part 1 does not answer the first two times, for a cause that holds what cannot be pickled."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 1 and tries < 2:
            cause = ConnectionError("503")
            cause.headers = lambda: "of the answer"  # type: ignore[attr-defined]
            raise StoreAway("the store is away") from cause


class Wrong(Errand):
    """The data of part 1 are wrong."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 1:
            raise DataError("x.npy: row 17: column 3 is NaN")


class OddError(Exception):
    """One that cannot be pickled."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class Odd(Errand):
    """Part 1 fails in a way of its own."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 1:
            raise OddError("here", "so")


class Straggles(Errand):
    """The first who does part 6 never comes back."""

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 6 and not tries:
            time.sleep(600)


class Sleeps(Errand):
    """Every part takes minutes."""

    def on_the_way(self, part: int, tries: int) -> None:
        time.sleep(600)


class BreaksOff(Errand):
    """Who does part 2 first begins an answer, and is killed, or never goes on with it."""

    is_killed = True

    def on_the_way(self, part: int, tries: int) -> None:
        if part == 2 and not tries:
            frame = sys._getframe()
            while "result_queue" not in frame.f_locals:
                assert frame.f_back is not None
                frame = frame.f_back
            os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 2**20) + b"some of it")
            if self.is_killed:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)


class NeverGoesOn(BreaksOff):
    is_killed = False


class Uneven(Errand):
    """Later parts are done before earlier ones."""

    def on_the_way(self, part: int, tries: int) -> None:
        time.sleep(0.05 * (3 - part % 4))
