"""What all tests share: hypothesis draws the same examples every time, and nothing tells anybody of the tests."""

import os

from hypothesis import settings

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
os.environ.pop("MLFLOW_TRACKING_URI", None)  # no test is to write to a developer's own server
os.environ.pop("MLFLOW_EXPERIMENT_NAME", None)

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("ci")
