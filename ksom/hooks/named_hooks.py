"""The hooks of a training: by name, in the order in which they act, checked."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ksom.arguments import require_integer, require_path
from ksom.errors import ParameterError, TrainingFailed
from ksom.hooks.hook import EVERY_PAUSE, Hook
from ksom.runs.growing_files import is_plain_name
from ksom.runs.run_folder import OWN_NAMES


def by_name(hooks: Mapping[str, Hook] | Iterable[Hook]) -> Mapping[str, Hook]:
    """Return hooks under their names: those given, or their classes', numbered where there are several.

    Raises
    ------
    ParameterError
        If they are no hooks.
    """
    if isinstance(hooks, Mapping):
        return hooks
    if isinstance(hooks, str | type | Hook) or not isinstance(hooks, Iterable):
        raise ParameterError("hooks", "be a list of hooks such as [Timing()], or a mapping of names to hooks", hooks)
    named: dict[str, Hook] = {}
    for hook in hooks:
        name = type(hook).__name__
        same = sum(key.split(" ")[0] == name for key in named)
        named[f"{name} {same + 1}" if same else name] = hook
    return named


def by_phase(hooks: Mapping[str, Hook] | Iterable[Hook]) -> dict[str, Hook]:
    """Return hooks by name, in the order in which they act.

    Raises
    ------
    ParameterError
        If they are no hooks, act at impossible times, or append to the same file or to one that is not theirs.
    """
    named = by_name(hooks)
    for key, hook in named.items():
        if not isinstance(hook, Hook):
            raise ParameterError("hooks", "be hooks: objects of subclasses of ksom.Hook, such as Timing()", hook)
        if hook.every is not None:
            require_integer(f"{key}.every", hook.every, minimum=EVERY_PAUSE)
        if hook.file and (not is_plain_name(hook.file) or hook.file in OWN_NAMES):
            raise ParameterError(f"{key}.file", "be the name of a file of its own in the run folder", hook.file)
    files = [hook.file for hook in named.values() if hook.file]
    for file in set(files):
        if files.count(file) > 1:
            raise ParameterError(
                "hooks", f"append to different files, but {files.count(file)} append to {file}", list(named)
            )
    return dict(sorted(named.items(), key=lambda item: item[1].phase))


def folder_for(hooks: Mapping[str, Hook], folder: str | Path | None) -> Path | None:
    """Return the folder as a path; a hook that needs one and has none would do nothing, silently."""
    needing = [key for key, hook in hooks.items() if hook.file or hook.needs_folder]
    if folder is None and needing:
        raise ParameterError("folder", f"be given, for the hook {needing[0]} writes into it", folder)
    return None if folder is None else require_path("folder", folder)


def checked_state(key: str, hook: Hook) -> dict[str, Any]:
    """Return the state of a hook; raise TrainingFailed if it cannot be kept."""
    state = hook.state()
    try:
        json.dumps(state)
    except (TypeError, ValueError) as error:
        raise TrainingFailed(f"the state of the hook {key} must be what JSON can hold: {error}") from error
    return state


@contextmanager
def failing(key: str, event: str) -> Iterator[None]:
    """Say which hook failed, in a note that the exception carries."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {event} of the hook {key}")
        raise
