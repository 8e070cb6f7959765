"""The hook that writes what TensorBoard shows."""

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import NotInstalled
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.pictures.picture import Colours, colours_for, require_size
from ksom.pictures.view import View, view_of
from ksom.runs.run import Run
from ksom.runs.tracking_record import EVENTS
from ksom.whole_files import AppendOnlyFile

BINS = 30
"""Of the histogram."""


@HOOKS.register("TensorBoard")
class TensorBoard(Hook):
    """Writes every metric, a picture of the weights and a histogram of the distances for TensorBoard.

    `tensorboard --logdir logs` shows them, with `distances` those of the probe's samples to their best matching nodes
    (data units), each run under the name of its folder. A resumed training adds a file, which says from which iteration
    on the earlier ones are out of date: TensorBoard then shows each step once.

    Parameters
    ----------
    every : int, optional
        Iterations between two steps; default the run's CALLBACK_PERIOD. Metrics that belong to others are left out.
    size : int
        Pixels of the picture's longer side, about. From 16 to 8192.

    Raises
    ------
    NotInstalled
        If TensorBoard is not.
    """

    phase = Phase.REPORT
    needs_folder = True

    def __init__(self, every: int | None = None, size: int = 250) -> None:
        super().__init__(every)
        self.size = require_size(size)
        if find_spec("tensorboard") is None:
            raise NotInstalled("TensorBoard is not installed; pip install 'kohonen2[tensorboard]'")
        self._events: Events | None = None
        self._colours: Colours
        self._view: View

    def before_train(self, run: Run) -> None:
        if run.folder is not None:
            self._colours = colours_for(run.seen_probe)
            self._view = view_of(run.lattice, self.size)
            self._events = Events(run.folder, run.iteration)

    def after_step(self, run: Run) -> None:
        if self._events is None:
            return
        _, distances = run.best_matching_nodes(run.probe, return_distances=True)
        pixels = self._view.spread(self._colours.of(self._view.reduced(run.weights)), 255)
        values = [scalar(name, value) for name, value in run.metrics.at(run.iteration).items()]
        self._events.write(run.iteration, [*values, picture("weights", pixels), histogram("distances", distances)])

    def after_train(self, run: Run) -> None:
        if self._events is not None:
            self._events.close()


class Events:
    """An event file, which grows by whole records.

    Parameters
    ----------
    folder : Path
        Where to make it.
    iteration : int
        Iterations completed: earlier files' steps after that are out of date.
    """

    def __init__(self, folder: Path, iteration: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog

        self._file = AppendOnlyFile(folder / _next_name(folder))
        self._append(file_version="brain.Event:2")
        self._append(step=iteration + 1, session_log=SessionLog(status=SessionLog.START))

    def write(self, step: int, values: list[Any]) -> None:
        """Append what belongs to a step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._append(step=step, summary=Summary(value=values))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        event = Event(wall_time=time.time(), **content)
        RecordWriter(_Whole(self._file)).write(event.SerializeToString())


def _next_name(folder: Path) -> str:
    """Return a name after those that are there: files are read in the order of names, and a clock may be set back."""
    numbers = [int(path.name.split(".")[3]) for path in folder.glob(f"{EVENTS}.{'[0-9]' * 20}.ksom")]
    return f"{EVENTS}.{max([time.time_ns(), *(number + 1 for number in numbers)]):020d}.ksom"


class _Whole:
    """An append-only file as TensorBoard's writer of records wants one."""

    def __init__(self, file: AppendOnlyFile) -> None:
        self.write = file.append


def scalar(name: str, value: float) -> Any:
    """Return a metric as TensorBoard keeps it."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary.Value(tag=name, simple_value=value)


def picture(name: str, pixels: NDArray[np.uint8]) -> Any:
    """Return a picture, shape (height, width, 3), as TensorBoard keeps it."""
    import imageio.v3 as iio
    from tensorboard.compat.proto.summary_pb2 import Summary

    png = iio.imwrite("<bytes>", pixels, extension=".png")
    height, width, _ = pixels.shape
    image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
    return Summary.Value(tag=name, image=image)


def histogram(name: str, values: NDArray[Any]) -> Any:
    """Return the histogram of values, shape (n,), as TensorBoard keeps it."""
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = values.astype(np.float64)
    counts, edges = np.histogram(values, bins=BINS)
    bins = HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=values @ values,
        bucket_limit=edges[1:].tolist(),
        bucket=counts.tolist(),
    )
    return Summary.Value(tag=name, histo=bins)
