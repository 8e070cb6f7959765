"""Workers that would not compute the same bits are told from those that do, each by what is its own."""

from pathlib import Path

import pytest

from ksom.compute.probe import TOKEN, Probe, probed, require_alike
from ksom.errors import ComputeError

HERE = probed()


def refusal(worker: Probe) -> str:
    with pytest.raises(ComputeError) as caught:
        require_alike(HERE, worker, Path("/shared"))
    return str(caught.value)


def test_a_process_is_like_itself() -> None:
    require_alike(HERE, probed(), Path("/shared"))


def test_another_version_is_named() -> None:
    versions = HERE.versions | {"numpy": "1.0"}
    told = refusal(HERE._replace(host="node7", address="tcp://10.0.0.7:1", versions=versions))
    assert told.startswith("compute: worker tcp://10.0.0.7:1 on node7 has numpy 1.0, here it is ")


def test_other_bits_are_told_with_the_processor_that_computed_them() -> None:
    told = refusal(HERE._replace(bits="others", processor="riscv64"))
    assert "computes other bits than here (its processor: riscv64); give all workers the same" in told


def test_a_folder_that_is_not_seen_is_told(tmp_path: Path) -> None:
    assert not probed(tmp_path).sees_folder
    assert "the folder /shared is not seen by a worker on" in refusal(HERE._replace(sees_folder=False))
    (tmp_path / TOKEN).touch()
    assert probed(tmp_path).sees_folder
