"""What a run folder tells, read while it grows."""

import json

import numpy as np

from ksom.runs.tracking_record import Position, files, read_steps


def test_lines_are_read_whole_in_order_and_once(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_steps(path, Position()) == ([], Position())
    path.write_text('{"iteration": 5, "seconds_per_iteration": 0.5, "a": null}\n{"iteration": 10, "a": 2}\n{"iterat')
    found, after = read_steps(path, Position())
    assert [(step.iteration, step.seconds) for step in found] == [(5, 2.5), (10, 2.5)]
    assert np.isnan(found[0].values["a"])
    path.write_text(path.read_text() + 'ion": 15, "seconds_per_iteration": 1, "a b!": 3}\n')
    found, after = read_steps(path, after)
    assert [(step.iteration, step.seconds, step.values) for step in found] == [
        (15, 12.5, {"seconds_per_iteration": 1, "a b_": 3})
    ]
    assert read_steps(path, after) == ([], after)
    assert read_steps(path, Position(last=10))[0] == found


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
    assert [path.name for path in files(tmp_path, with_map=True)] == ["map.npz", "umatrix.png"]
    assert [path.name for path in files(tmp_path, with_map=False)] == ["umatrix.png"]
