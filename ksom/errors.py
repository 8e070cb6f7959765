"""The exceptions that a user can meet, each with one clear line: where, what must hold, what came, what to do.

KsomError
├── ConfigError          (ValueError)   a YAML file, a key or a value in it, an override
├── ParameterError       (ValueError)   an argument of a constructor or a function
├── DataError            (ValueError)   samples, images, weights: their values, their shape, their file
├── BackendUnavailable   (ImportError)  a backend that was asked for and is not there
├── NotInstalled         (ImportError)  an optional library that was asked for and is not there
├── NotTrained           (RuntimeError) a map that has no weights yet
├── TrainingFailed       (RuntimeError) training cannot go on
├── CheckpointError      (RuntimeError) no checkpoint is whole, or it belongs to another training
│   └── DamagedCheckpoint               one that is not whole
├── TrackingError        (RuntimeError) a tracking server refuses, or what is to be sent to it is not there
│   └── ServerAway                      it does not answer now
└── OutputError          (OSError)      the run folder: in use, unfinished, not writable, full
"""

from typing import Any


class KsomError(Exception):
    """Base of every error that ksom raises on purpose; its message is one line, whatever it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class ConfigError(KsomError, ValueError):
    """A configuration that cannot be used."""


class ParameterError(KsomError, ValueError):
    """An argument outside its domain.

    Parameters
    ----------
    argument : str
        The argument's name, as the constructor spells it.
    must : str
        What must hold, to be read after "must", with a unit and an advice where they help.
    got : Any
        What came.
    """

    def __init__(self, argument: str, must: str, got: Any) -> None:
        self.argument = argument
        self.reason = f"must {must}, got {_shortened(got)}"
        super().__init__(f"{argument} {self.reason}")


class DataError(KsomError, ValueError):
    """Data that cannot be learned from."""


class BackendUnavailable(KsomError, ImportError):
    """A backend that was asked for by name cannot be imported here."""


class NotInstalled(KsomError, ImportError):
    """An optional library that was asked for is not installed."""


class NotTrained(KsomError, RuntimeError):
    """The map has no weights yet."""


class TrainingFailed(KsomError, RuntimeError):
    """Training cannot go on."""


class CheckpointError(KsomError, RuntimeError):
    """A checkpoint is damaged or belongs to another training."""


class TrackingError(KsomError, RuntimeError):
    """A run cannot be tracked."""


class OutputError(KsomError, OSError):
    """The results cannot be written."""


def _shortened(value: Any, width: int = 80) -> str:
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= width else f"{text[: width - 1]}…"
