"""What a process may use is the least of what the machine has and what its control groups allow."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ksom.errors import DataError
from ksom.kohonensom_model import KohonenSOM
from ksom.memory import available_memory
from ksom.trainer import Trainer

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


TRAINS = """
import sys
import numpy as np
from pathlib import Path
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer
initial, backend, algorithm, dtype, lattice, neighbourhood, *numbers = sys.argv[1:]
side, features, samples = map(int, numbers)
rows = np.random.default_rng(0).random((samples, features))

def train(side, rows):
    form = {"lattice": lattice, "neighbourhood": neighbourhood}
    som = KohonenSOM(side, side, **form, initial=initial, backend=backend, dtype=dtype, threads=1)
    Trainer(som, rows, iterations=1, algorithm=algorithm).train()
    return som, som.weights

def resident(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

train(5, rows[:200])
before = resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
som, _ = train(side, rows)
print(resident("VmHWM") - before, som.peak_memory(features))
"""

LARGE = [
    ("random", "numpy", "online", "float32", "rectangular", "gaussian", 600, 16, 20),
    ("random", "numpy", "batch", "float32", "rectangular", "gaussian", 300, 32, 20),
    ("random", "numpy", "batch", "float64", "rectangular", "gaussian", 300, 32, 20),
    ("random", "numba", "online", "float32", "rectangular", "gaussian", 700, 16, 20),
    ("random", "numba", "online", "float64", "rectangular", "gaussian", 600, 16, 20),
    ("random", "numba", "batch", "float32", "rectangular", "gaussian", 700, 16, 20),
    ("random", "numba", "batch", "float32", "rectangular", "gaussian", 500, 12, 40_000),
    ("random", "numba", "batch", "float64", "rectangular", "gaussian", 500, 12, 40_000),
    ("random", "numba", "batch", "float32", "hexagonal", "gaussian", 500, 16, 20),
    ("random", "numba", "batch", "float32", "rectangular", "bubble", 500, 16, 20),
    ("random", "numba", "batch", "float32", "hexagonal", "bubble", 500, 16, 20),
    ("pca", "numba", "online", "float32", "rectangular", "gaussian", 700, 16, 20),
    ("pca", "numpy", "batch", "float64", "rectangular", "gaussian", 300, 32, 20),
]
"""First weights, backend, algorithm, precision, lattice, neighbourhood, side of the map, features, samples."""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the system does not tell what is resident")
@pytest.mark.parametrize("job", LARGE, ids=lambda job: "-".join(map(str, job)))
def test_a_training_stays_below_the_memory_that_is_stated_and_needs_most_of_it(job: tuple[object, ...]) -> None:
    command = [sys.executable, "-c", TRAINS, *map(str, job)]
    peak, stated = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())
    assert stated / 2 <= peak <= stated  # on a busy machine fewer samples are searched for at once


def test_a_map_that_needs_more_than_there_is_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.kohonensom_model.available_memory", lambda: 10**9)
    som, samples = KohonenSOM(1500, 1500, backend="numpy"), np.eye(20, 16)
    with pytest.raises(
        DataError, match=r"1500 × 1500 nodes × 16 features of float32 need 1.\d+ GB to be trained, there are 1 GB"
    ):
        Trainer(som, samples, algorithm="batch")


WALKS = """
import sys
import numpy as np
import ksom

def most():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

dataset = ksom.Array(sys.argv[1])
before = most()
{reads}
print(most() - before)
"""

READS = {
    "block by block": ("for block in dataset.blocks(): pass", 10_000),
    "rows all over the file": ("dataset.rows(np.arange(0, len(dataset), 100))", 120_000),
}
"""What is done, and how much memory it may take, kB."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted otherwise")
@pytest.mark.parametrize(("reads", "most"), READS.values(), ids=READS)
def test_reading_a_file_takes_no_memory_for_what_was_read(reads: str, most: int, tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.zeros((2_000_000, 32), dtype=np.float32))  # 256 MB
    command = [sys.executable, "-c", WALKS.format(reads=reads), tmp_path / "large.npy"]
    assert int(subprocess.run(command, capture_output=True, check=True).stdout) < most
