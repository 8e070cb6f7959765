"""What a run folder tells, read while it grows."""

import json
import os

import numpy as np
import pytest

from ksom.errors import TrackingError
from ksom.runs.tracking_record import (
    LARGEST_TEXT,
    LONGEST_LINE,
    Position,
    files,
    parameters,
    read_json,
    read_steps,
    tags,
)


def test_lines_are_read_whole_in_order_and_once(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_steps(path, Position()) == ([], Position())
    path.write_text('{"iteration": 5, "seconds": 2.5, "a": null}\n{"iteration": 10, "seconds": 3, "a": 2}\n{"iterat')
    found, after = read_steps(path, Position())
    assert [(step.iteration, step.seconds) for step in found] == [(5, 2.5), (10, 3)]
    assert np.isnan(found[0].values["a"])
    path.write_text(path.read_text() + 'ion": 15, "seconds": 4, "a b!": 3}\n')
    found, after = read_steps(path, after)
    assert [(step.iteration, step.seconds, step.values) for step in found] == [(15, 4, {"a b_": 3})]
    assert read_steps(path, after) == ([], after)
    assert read_steps(path, Position(last=10))[0] == found


def test_lines_written_before_they_told_the_time_take_it_from_the_pace(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"iteration": 5, "seconds_per_iteration": 0.5}\n{"iteration": 10, "a": 2}\n')
    assert [step.seconds for step in read_steps(path, Position())[0]] == [2.5, 0]


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"[1]", b"3", b'{"a": 1}', b'{"iteration": -1}', b'{"iteration": 1e999}', b'{"iteration": 1, "a": "b"}',
     b'{"iteration": 1, "seconds": NaN}', b'{"iteration": 1, "a": {"b": 2}}', b"[" * 5000, b"\xff",
     b" " * LONGEST_LINE],
    ids=lambda line: repr(line[:30]),
)  # fmt: skip
def test_a_line_that_is_none_of_metrics_is_refused_in_one_line(tmp_path, line) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"iteration": 5}\n' + line + b"\n")
    with pytest.raises(TrackingError, match=r"metrics\.jsonl: byte 17: a line of metrics must be a JSON object"):
        read_steps(path, Position())


def test_a_line_without_an_end_is_not_waited_for_for_ever(tmp_path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"iteration": 1' + b" " * LONGEST_LINE)
    with pytest.raises(TrackingError, match="byte 0: a line of metrics must be"):
        read_steps(tmp_path / "metrics.jsonl", Position())


READERS = {
    "config.yaml": parameters,
    "environment.json": tags,
    "metrics.jsonl": lambda folder: read_steps(folder / "metrics.jsonl", Position()),
    "mlflow.json": lambda folder: read_json(folder / "mlflow.json"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_link_is_not_read(tmp_path, name) -> None:
    (tmp_path / "elsewhere").write_text("{}")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TrackingError, match=rf"{name}: cannot be read \(it is a link, which may lead out of the run"):
        READERS[name](tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_not_waited_for(tmp_path, name) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(TrackingError, match=rf"{name}: cannot be read \(it is a named pipe"):
        READERS[name](tmp_path)


@pytest.mark.parametrize("name", ["config.yaml", "environment.json", "mlflow.json"])
def test_a_file_without_bounds_is_not_read(tmp_path, name) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(LARGEST_TEXT + 1)
    with pytest.raises(TrackingError, match=rf"{name}: cannot be read \(it is larger than {LARGEST_TEXT} bytes"):
        READERS[name](tmp_path)


@pytest.mark.parametrize("name", ["config.yaml", "environment.json", "mlflow.json"])
@pytest.mark.parametrize("content", ["[1, 2]", "5", "{" * 3000, "{x: [", "\x00"])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path, name, content) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TrackingError, match=rf"{name}: (must hold a mapping|cannot be read as a (YAML|JSON) file)"):
        READERS[name](tmp_path)


BOMB = "a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize("content", [BOMB, "a: &a {b: *a}", "a: &a [*a]"], ids=["aliases", "mapping", "list"])
def test_a_configuration_that_stands_for_gigabytes_is_not_unfolded(tmp_path, content) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(
        TrackingError, match=r"config\.yaml: cannot be read as a YAML file \(.*(more than 20000 values|contains itself)"
    ):
        parameters(tmp_path)


def test_a_request_has_no_more_metrics_than_mlflow_takes(tmp_path) -> None:
    path, position, read = tmp_path / "metrics.jsonl", Position(), []
    path.write_text("".join(json.dumps({"iteration": i, "a": i, "b": i}) + "\n" for i in range(1, 1201)))
    while (part := read_steps(path, position))[0]:
        assert sum(len(step.values) for step in part[0]) <= 1000
        read += [step.iteration for step in part[0]]
        position = part[1]
    assert read == list(range(1, 1201))


def test_every_file_but_checkpoints_and_tensorboards_is_an_artefact(tmp_path) -> None:
    for name in ("umatrix.png", "map.npz", ".lock", "mlflow.json", "events.out.tfevents.1.ksom"):
        (tmp_path / name).touch()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "umatrix.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert [path.name for path in files(tmp_path, with_map=True)] == ["map.npz", "umatrix.png"]
    assert [path.name for path in files(tmp_path, with_map=False)] == ["umatrix.png"]
