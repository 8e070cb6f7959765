"""Hooks: what happens beside the training, every so many iterations. One file per idea."""

from ksom.hooks.checkpoint import Checkpoint
from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
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
