"""How much memory there is: the machine's, or what a container may use of it."""

import os
from collections.abc import Iterator
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")

LIMITS = {"": "memory.max", "memory": "memory.limit_in_bytes"}
"""The file with a group's limit, by what `OWN_GROUPS` calls it: of version 2, of version 1."""


def available_memory(own_groups: Path = OWN_GROUPS, control_groups: Path = CONTROL_GROUPS) -> int | None:
    """Return how many bytes this process may use, in all; None where nobody tells.

    Parameters
    ----------
    own_groups : Path
        Names the control groups of the process.
    control_groups : Path
        Where the control groups are; in a container perhaps its own group alone.
    """
    try:
        physical = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):
        physical = []
    return min([*physical, *_limits(own_groups, control_groups)], default=None)


def _limits(own_groups: Path, control_groups: Path) -> Iterator[int]:
    """Yield the limits of the process's groups and of all groups that these are in."""
    for controllers, group in _groups(own_groups):
        for controller in set(controllers.split(",")) & set(LIMITS):
            mounted = control_groups / controller
            own = mounted / group.lstrip("/")
            for folder in (own, *own.parents):
                if folder.is_relative_to(mounted):
                    yield from _limit(folder / LIMITS[controller])


def _groups(own_groups: Path) -> list[tuple[str, str]]:
    """Return the controllers and the path of each group, as its line "number:controllers:path" tells."""
    try:
        lines = own_groups.read_text().splitlines()
    except OSError:
        return []
    return [(controllers, group) for _, controllers, group in (line.split(":", 2) for line in lines)]


def _limit(file: Path) -> Iterator[int]:
    """Yield the limit in a file, if there is one."""
    try:
        told = file.read_text().strip()
    except OSError:  # the outermost group has none; a container does not see those that it is in
        return
    if told.isdecimal():  # "max" is none
        yield int(told)
