"""The exceptions that a user can meet, each with one clear line: where, what must hold, what came, what to do.

KsomError
├── ConfigError          (ValueError)   a YAML file, a key or a value in it, an override
├── ParameterError       (ValueError)   an argument of a constructor or a function
├── DataError            (ValueError)   samples, images, weights: their values, their shape, their file
├── ContractError        (AssertionError) a data set of one's own that ksom.testing.check_dataset finds fault with
├── BackendUnavailable   (ImportError)  a backend that was asked for and is not there
├── NotInstalled         (ImportError)  an optional library that was asked for and is not there
├── NotTrained           (RuntimeError) a map that has no weights yet
├── NotCalibrated        (RuntimeError) a map that does not know which distances are usual
├── Undefined            (ValueError)   a measure that has no value for this map and these samples
├── StoreAway            (OSError)      a store of data does not answer now; what is asked for again may come
├── TrainingFailed       (RuntimeError) training cannot go on
├── ComputeError         (RuntimeError) whoever was to work, workers or a cluster, cannot
├── CheckpointError      (RuntimeError) no checkpoint is whole, or it belongs to another training
│   └── DamagedCheckpoint               one that is not whole
├── TrackingError        (RuntimeError) a tracking server refuses, or what is to be sent to it is not there
│   └── ServerAway                      it does not answer now
└── OutputError          (OSError)      the run folder: in use, unfinished, not writable, full
"""

import reprlib
from typing import Any

from ksom.masking import masked

QUOTED_CHARACTERS = 60
"""How much of a value a message shows."""


class KsomError(Exception):
    """Base of every error that ksom raises on purpose; its message is one line of text, whatever it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    def __reduce__(self) -> Any:
        """Travel between processes as the message: what else there was may not be fit to."""
        return _again, (type(self), str(self))


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
        self.reason = f"must {must}, got {quoted(got)}"
        super().__init__(f"{argument} {self.reason}")


class DataError(KsomError, ValueError):
    """Data that cannot be learned from."""


class ContractError(KsomError, AssertionError):
    """A class of a user's own that does not keep to what ksom relies on."""


class BackendUnavailable(KsomError, ImportError):
    """A backend that was asked for by name cannot be imported here."""


class NotInstalled(KsomError, ImportError):
    """An optional library that was asked for is not installed."""


class NotTrained(KsomError, RuntimeError):
    """The map has no weights yet."""


class NotCalibrated(KsomError, RuntimeError):
    """The map does not know which distances are usual yet."""


class Undefined(KsomError, ValueError):
    """A measure that has no value here; the message is why."""


class TrainingFailed(KsomError, RuntimeError):
    """Training cannot go on."""


class ComputeError(KsomError, RuntimeError):
    """Workers, or a cluster of them, cannot do what is asked of them."""


class CheckpointError(KsomError, RuntimeError):
    """A checkpoint is damaged or belongs to another training."""


class TrackingError(KsomError, RuntimeError):
    """A run cannot be tracked."""


class StoreAway(KsomError, OSError):
    """A store of data does not answer now, or not as it should; what is asked for again may come."""


class OutputError(KsomError, OSError):
    """The results cannot be written."""


def _again(kind: type[KsomError], message: str) -> KsomError:
    error = kind.__new__(kind, message)
    KsomError.__init__(error, message)
    return error


def one_line(text: str) -> str:
    """Return text on one line; what would not be seen, or would steer a terminal, is shown as Python writes it."""
    line = " ".join(text.splitlines())
    return line if line.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in line)


def quoted(value: Any) -> str:
    """Return a value as a message shows it: as Python writes it, on one line, at most 60 characters of it."""
    try:
        text = one_line(_BRIEF.repr(masked(value) if isinstance(value, str) else value))
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= QUOTED_CHARACTERS else f"{text[: QUOTED_CHARACTERS - 1]}…"


def shown_key(key: Any) -> str:
    """Return a key as a message shows it: plain, or quoted if it is a long one."""
    return key if isinstance(key, str) and 0 < len(key) <= QUOTED_CHARACTERS else quoted(key)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


_BRIEF = reprlib.Repr()
"""Never writes the whole of a large value: it may be a gigabyte, or hold itself."""
_BRIEF.maxlevel = 3
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 4 * QUOTED_CHARACTERS  # cut at the end, not in the middle
