"""Hooks: what happens beside the training, every so many iterations.

One file per idea, imported when it is asked for.
"""

from typing import TYPE_CHECKING

from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase

if TYPE_CHECKING:
    from ksom.hooks.checkpoint import Checkpoint
    from ksom.hooks.metrics_writer import MetricsWriter
    from ksom.hooks.mlflow import MLflow
    from ksom.hooks.picture import Picture
    from ksom.hooks.plots import Plots
    from ksom.hooks.progress import Progress
    from ksom.hooks.quality import Quality, StopOnNaN
    from ksom.hooks.tensorboard import TensorBoard
    from ksom.hooks.timing import TimeLimit, Timing
    from ksom.hooks.vlog import Vlog

__all__ = [
    "EVERY_PAUSE",
    "HOOKS",
    "Checkpoint",
    "Hook",
    "MLflow",
    "MetricsWriter",
    "Phase",
    "Picture",
    "Plots",
    "Progress",
    "Quality",
    "StopOnNaN",
    "TensorBoard",
    "TimeLimit",
    "Timing",
    "Vlog",
]

_HOMES = {
    "Checkpoint": "checkpoint",
    "MetricsWriter": "metrics_writer",
    "MLflow": "mlflow",
    "Picture": "picture",
    "Plots": "plots",
    "Progress": "progress",
    "Quality": "quality",
    "StopOnNaN": "quality",
    "TensorBoard": "tensorboard",
    "TimeLimit": "timing",
    "Timing": "timing",
    "Vlog": "vlog",
}

for _name, _home in _HOMES.items():
    HOOKS.register_later(_name, f"ksom.hooks.{_home}")


def __getattr__(name: str) -> type:
    if name in _HOMES:
        return HOOKS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
