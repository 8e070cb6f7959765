"""A map as MLflow serves it. MLflow runs a copy of this file beside a map.npz: it needs numpy, and no ksom."""

import json
from typing import Any

import mlflow
import numpy as np
import pandas as pd

BLOCK_DISTANCES = 2**20
"""How many distances (samples × nodes) are in memory at a time."""

DISTANCES: dict[str, tuple[Any, Any, Any]] = {
    "euclidean": (np.square, np.add, np.sqrt),
    "cosine": (np.square, np.add, lambda total: total / 2),
    "manhattan": (np.abs, np.add, np.positive),
    "chebyshev": (np.abs, np.maximum, np.positive),
}
"""What is made of the difference in a feature, how features are put together, and what is reported."""


class ServedMap(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is not checked
    """Answers samples with the best matching node of each and the distance to it, as `KohonenSOM` does, bit for bit."""

    def load_context(self, context: Any) -> None:
        """Read the map."""
        with np.load(context.artifacts["map"], allow_pickle=False) as file:
            weights, about = file["weights"], json.loads(str(file["about"]))
        scales = about.get("scales") or {"centre": 0.0, "factor": 1.0}
        self.centre, self.factor = np.array(scales["centre"]), np.array(scales["factor"])
        self.bends = scales.get("bends") or []
        distance = about.get("distance", "euclidean")
        self.distance = distance if isinstance(distance, str) else distance["NAME"]
        if self.distance not in DISTANCES:
            raise ValueError(f"a map with the distance {self.distance} cannot be served, only {', '.join(DISTANCES)}")
        self.planes = np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T)

    def predict(self, context: Any, model_input: np.ndarray) -> pd.DataFrame:
        """Return the columns `node` (row * width + column) and `distance` (map units), a row for each sample."""
        raw = np.asarray(model_input)
        if raw.ndim != 2 or raw.shape[1] != len(self.planes) or not np.isfinite(raw).all():
            raise ValueError(f"samples must be finite numbers of shape (n, {len(self.planes)}), got {raw.shape}")
        scaled = (self._bent(raw) - self.centre) * self.factor
        samples = (_directions(scaled) if self.distance == "cosine" else scaled).astype(self.planes.dtype)
        block_rows = max(1, BLOCK_DISTANCES // self.planes.shape[1])
        found = [self._nearest(samples[i : i + block_rows]) for i in range(0, len(samples), block_rows)]
        nodes, distances = (np.concatenate(column) for column in zip(*found, strict=True))
        return pd.DataFrame({"node": nodes, "distance": distances.astype(np.float64)})

    def _bent(self, raw: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if not self.bends:
            return raw
        columns = [raw[:, feature].astype(np.float64) for feature in range(raw.shape[1])]
        return np.stack([_bent(values, bend) for values, bend in zip(columns, self.bends, strict=True)], axis=1)

    def _nearest(self, samples: np.ndarray[Any, Any]) -> tuple[Any, Any]:
        term, added, reported = DISTANCES[self.distance]
        totals = np.zeros((len(samples), self.planes.shape[1]), dtype=self.planes.dtype)
        for plane, values in zip(self.planes, samples.T, strict=True):
            added(totals, term(plane - values[:, None]), out=totals)
        nodes = totals.argmin(axis=1)
        return nodes, reported(totals[np.arange(len(samples)), nodes])


def _bent(values: np.ndarray[Any, Any], bend: Any) -> np.ndarray[Any, Any]:
    """Return a feature bent as the map's file tells: not at all, by logarithms, or by a table of ranks."""
    if bend is None:
        return values
    if bend == "log1p":
        logarithms: np.ndarray[Any, Any] = np.copysign(np.log1p(np.abs(values)), values)
        return logarithms
    knots, shares = np.array(bend["values"]), np.array(bend["shares"])
    after = np.clip(np.searchsorted(knots, values, side="right"), 1, max(1, len(knots) - 1))
    before, after = after - 1, np.minimum(after, len(knots) - 1)
    along = np.clip((values - knots[before]) / np.where(after > before, knots[after] - knots[before], 1), 0, 1)
    ranks = np.minimum(shares[before] + along * (shares[after] - shares[before]), shares[after])
    return np.where(values < knots[0], 0.0, np.where(values > knots[-1], 1.0, ranks))


def _directions(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    largest = np.abs(samples).max(axis=1, initial=0)
    if not largest.all():
        raise ValueError(f"sample {largest.argmin()} has only zeros, so no direction to compare")
    ones: np.ndarray[Any, Any] = samples / largest[:, None]
    squares = np.zeros(len(ones))
    for values in ones.T:
        squares += values * values
    ones /= np.sqrt(squares)[:, None]
    return ones


mlflow.models.set_model(ServedMap())
