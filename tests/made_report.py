"""What a report's page gets, made up: every part of it, for any lattice."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from ksom.method.lattice import LATTICES
from ksom.pictures.page import as_base64

EVIL = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
FEATURES = ("bill length", "bill depth", "flipper length", "body mass", "island = Dream", "sex")
UNITS = ("mm", "mm", "mm", "g", None, None)
SPECIES = ("Adelie", "Chinstrap", "Gentoo")


def made_report(
    name: str = "hexagonal", height: int = 14, width: int = 20, *, wrap: str = "none", features: int = 6, **other: Any
) -> dict[str, Any]:
    """Return a report of hills: smooth features, three species, rows penguin 0, penguin 1 …; `other` replaces parts."""
    random = np.random.default_rng(7)
    lattice = LATTICES[name](height, width, wrap=wrap)
    places = lattice.positions() / max(height, width)
    planes = [_hills(random, places) for _ in range(features)]
    names = [FEATURES[place] if place < 6 else f"feature {place}" for place in range(features)]
    units = [UNITS[place] if place < 6 else None for place in range(features)]
    species = np.argmax([_hills(random, places) for _ in SPECIES], axis=0)
    nodes = random.integers(0, lattice.size, 344).astype(np.int32)
    hits = np.bincount(nodes, minlength=lattice.size)
    counts = np.stack([hits * (species == place) for place in range(3)], axis=1).astype(np.uint32)
    border = np.abs(_hills(random, places)).astype(np.float32)
    shares = np.stack([(plane - plane.min()) / (np.ptp(plane) or 1) for plane in (planes * 3)[:3]], axis=1)
    nowhere = np.where(hits > 0, border, np.nan).astype(np.float32)
    labels = np.where(hits > 0, species, -1)
    panels = [
        _panel("umatrix", "U-matrix", "continuous", border, unit="standardised"),
        _panel("hits", "Hits", "count", hits.astype(np.float32), unit="rows"),
        _panel("distances", "Mean distance", "continuous", nowhere, unit=None),
        _panel("clusters", "Clusters", "categorical", species.astype(np.int32), names=["0", "1", "2"]),
        _panel("labels", "Species", "categorical", labels.astype(np.int32), names=list(SPECIES)),
        *(
            _panel(f"plane:{place}", name, "continuous", plane.astype(np.float32), unit=unit)
            for place, (name, unit, plane) in enumerate(zip(names, units, planes, strict=True))
        ),
    ]
    return {
        "title": "Penguins of the Palmer Archipelago",
        "path": "logs/penguins",
        "status": "finished",
        "words": [
            {
                "what": "healthy",
                "evidence": "no sign of a fold, of dead nodes or of a training that ended too early",
                "advice": None,
            },
            {
                "what": "sigma ended high",
                "evidence": "the last sigma, 2.1 steps, still averages over 14 nodes",
                "advice": "TRAINER.ALGORITHM.SIGMA.END 0.7",
            },
        ],
        "lattice": {"name": name, "height": height, "width": width, "wrap": wrap},
        "panels": panels,
        "reduce": 1,
        "colours": as_base64((255 * shares).astype(np.uint8).ravel()),
        "pies": {"names": list(SPECIES), "counts": as_base64(counts.ravel())},
        "pictures": None,
        "features": [
            {"name": name, "unit": unit, "low": float(plane.min()), "high": float(plane.max())}
            for name, unit, plane in zip(names, units, planes, strict=True)
        ],
        "quality": [
            {
                "name": "quantization_error",
                "value": 0.4127,
                "definition": "Mean distance of a row from its best matching node, in scaled units.",
            },
            {
                "name": "topographic_error",
                "value": 0.0523,
                "definition": "Share of rows whose best and second best nodes are not neighbours.",
            },
            {"name": "trustworthiness", "value": None, "definition": "Not known: it needs the data."},
        ],
        "curves": [
            _curve("quantization_error", lambda at: 2.4 * np.exp(-at / 300) + 0.41),
            _curve("topographic_error", lambda at: 0.3 * np.exp(-at / 200) + 0.05),
            _curve("sigma", lambda at: 10 * 0.07 ** (at / 1000)),
            _curve("learning_rate", lambda at: 0.1 * 0.1 ** (at / 1000)),
        ],
        "rows": {
            "ids": [f"penguin {row}" for row in range(nodes.size)],
            "nodes": as_base64(nodes),
            "distances": as_base64(random.random(nodes.size).astype(np.float32)),
            "total": 344,
        },
        "clusters": [
            {
                "name": str(place),
                "nodes": int((species == place).sum()),
                "samples": int(counts[:, place].sum()),
                "profile": [
                    {"feature": name, "value": float(plane.mean()), "score": float(score)}
                    for name, plane, score in zip(names, planes, random.normal(size=features), strict=True)
                ],
                "rule": f"flipper length > {200 + place} mm and bill depth ≤ 17.6 mm",
            }
            for place in range(3)
        ],
        "film": _film(shares.reshape(height, width, 3)),
        "provenance": [
            ["ksom", "0.9"],
            ["trained", "2026-05-04 12:00"],
            ["data", "penguins.csv, 344 rows, SHA-256 1f3a…"],
            ["seed", "0"],
        ],
        "commands": ['ksom train --config-file "configs/penguins.yaml"', "ksom report logs/penguins -o report.html"],
        "notes": ["11 rows have missing values: they are placed by what they have."],
        **other,
    }


def _panel(key: str, title: str, kind: str, values: Any, unit: str | None = None, **more: Any) -> dict[str, Any]:
    return {"key": key, "title": title, "unit": unit, "kind": kind, "values": as_base64(values), **more}


def _hills(random: np.random.Generator, places: Any) -> Any:
    """Return a smooth value of every node."""
    tops = random.random((4, 2)) * places.max(axis=0)
    heights = random.normal(size=4)
    away = ((places[:, np.newaxis] - tops) ** 2).sum(axis=-1)
    return 40 + 20 * (heights * np.exp(-away / 0.08)).sum(axis=1)


def _curve(name: str, of: Any) -> dict[str, Any]:
    at = np.arange(0, 1001, 10)
    return {"name": name, "iterations": at.tolist(), "values": [float(value) for value in of(at)]}


def _film(last: Any) -> dict[str, Any]:
    frames = []
    for share in np.linspace(0, 1, 6):
        picture = Image.fromarray((255 * (share * last + (1 - share) * 0.5)).astype(np.uint8)).resize((200, 140), 0)
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        frames.append("data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii"))
    return {"frames": frames, "captions": [f"iteration {100 * place}" for place in range(6)], "fps": 4}


def numbers_of(data: dict[str, Any], key: str) -> Any:
    """Return the values of a panel, or with the key rows the node of each row."""
    if key == "rows":
        return np.frombuffer(base64.b64decode(data["rows"]["nodes"]), "<i4")
    panel = next(panel for panel in data["panels"] if panel["key"] == key)
    return np.frombuffer(base64.b64decode(panel["values"]), "<i4" if panel["kind"] == "categorical" else "<f4")
