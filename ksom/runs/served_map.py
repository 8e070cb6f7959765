"""A map as MLflow serves it. MLflow runs a copy of this file beside a map.npz: it needs numpy, and no ksom."""

import json
from typing import Any

import mlflow
import numpy as np
import pandas as pd

BLOCK_DISTANCES = 2**20
"""How many distances (samples × nodes) are in memory at a time."""


class ServedMap(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers samples with the best matching node of each and the distance to it, as `KohonenSOM` does, bit for bit."""

    def load_context(self, context: Any) -> None:
        """Read the map."""
        with np.load(context.artifacts["map"], allow_pickle=False) as file:
            weights, about = file["weights"], json.loads(str(file["about"]))
        scales = about.get("scales") or {"centre": 0.0, "factor": 1.0}
        self.centre, self.factor = np.array(scales["centre"]), np.array(scales["factor"])
        self.planes = np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T)

    def predict(self, context: Any, model_input: np.ndarray) -> pd.DataFrame:
        """Return the columns `node` (row * width + column) and `distance` (map units), a row for each sample."""
        raw = np.asarray(model_input)
        if raw.ndim != 2 or raw.shape[1] != len(self.planes) or not np.isfinite(raw).all():
            raise ValueError(f"samples must be finite numbers of shape (n, {len(self.planes)}), got {raw.shape}")
        samples = ((raw - self.centre) * self.factor).astype(self.planes.dtype)
        block_rows = max(1, BLOCK_DISTANCES // self.planes.shape[1])
        found = [self._nearest(samples[i : i + block_rows]) for i in range(0, len(samples), block_rows)]
        nodes, distances = (np.concatenate(column) for column in zip(*found, strict=True))
        return pd.DataFrame({"node": nodes, "distance": distances.astype(np.float64)})

    def _nearest(self, samples: np.ndarray[Any, Any]) -> tuple[Any, Any]:
        squared = np.zeros((len(samples), self.planes.shape[1]), dtype=self.planes.dtype)
        for plane, values in zip(self.planes, samples.T, strict=True):
            squared += (plane - values[:, None]) ** 2
        nodes = squared.argmin(axis=1)
        return nodes, np.sqrt(squared[np.arange(len(samples)), nodes])


mlflow.models.set_model(ServedMap())
