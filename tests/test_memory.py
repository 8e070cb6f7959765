"""What a process may use is the least of what the machine has and what its control groups allow."""

import os
from pathlib import Path

import pytest

from ksom.memory import available_memory

PHYSICAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

GROUPS = {
    "version 2": ("0::/a/b\n", {"a/b/memory.max": "3000000"}, 3_000_000),
    "version 2, the group around it": ("0::/a/b\n", {"a/memory.max": "3000000", "a/b/memory.max": "max"}, 3_000_000),
    "version 2, in a container": ("0::/\n", {"memory.max": "3000000"}, 3_000_000),
    "version 2, a group that a container does not see": ("0::/../x\n", {"memory.max": "3000000"}, 3_000_000),
    "version 2, no limit": ("0::/a\n", {"a/memory.max": "max"}, PHYSICAL),
    "version 1": (
        "5:cpu,cpuacct:/a\n4:memory:/a\n", {"memory/a/memory.limit_in_bytes": "3000000"}, 3_000_000
    ),
    "version 1, in a container": (
        "4:memory:/docker/1234\n", {"memory/memory.limit_in_bytes": "3000000"}, 3_000_000
    ),
    "version 1, no limit": ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, PHYSICAL),
    "both, version 1 has the memory": (
        "4:memory:/a\n0::/a\n", {"memory/a/memory.limit_in_bytes": "3000000"}, 3_000_000
    ),
    "more than there is": ("0::/a\n", {"a/memory.max": str(2 * PHYSICAL)}, PHYSICAL),
    "a group's name has a colon": ("0::/a:b\n", {"a:b/memory.max": "3000000"}, 3_000_000),
    "none": ("", {}, PHYSICAL),
}  # fmt: skip
"""What the process is in, what these groups' files say, and what it may use."""


@pytest.mark.parametrize(("own", "files", "expected"), GROUPS.values(), ids=GROUPS)
def test_the_least_of_what_there_is_and_what_is_allowed(
    own: str, files: dict[str, str], expected: int, tmp_path: Path
) -> None:
    (tmp_path / "own").write_text(own)
    for name, content in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(content + "\n")
    assert available_memory(tmp_path / "own", tmp_path / "groups") == expected


def test_without_control_groups_the_machine_s_memory_counts(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "own", tmp_path / "groups") == PHYSICAL
