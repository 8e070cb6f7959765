"""What all tests share: hypothesis draws the same examples every time, JAX computes on the processor unless told."""

import os

from hypothesis import settings

os.environ.setdefault("JAX_PLATFORMS", "cpu")

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("ci")
