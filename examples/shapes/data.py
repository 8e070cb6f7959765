"""Write shapes whose clusters are known, in the manner of Ultsch's fundamental clustering problems: SHAPE.csv."""

import csv
from pathlib import Path

import numpy as np

RANDOM = np.random.default_rng(0)


def main() -> None:
    """Write a table of each shape."""
    for shape in (hepta, chainlink, two_diamonds, target, golf_ball):
        parts = shape()
        with Path(f"{shape.__name__}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*"xyz"[: parts[0].shape[1]], "part"])
            writer.writerows([*point.round(4), f"p{number}"] for number, part in enumerate(parts) for point in part)
        print(f"{shape.__name__}.csv: {sum(map(len, parts))} points, {len(parts)} parts")


def hepta() -> list[np.ndarray]:
    """Seven balls, the middle one denser."""
    middles = [(0, 0, 0), (3, 0, 0), (-3, 0, 0), (0, 3, 0), (0, -3, 0), (0, 0, 3), (0, 0, -3)]
    return [np.add(middle, ball(30) * (0.5 if not any(middle) else 1)) for middle in middles]


def chainlink() -> list[np.ndarray]:
    """Two rings, each through the other."""
    angle = RANDOM.uniform(0, 2 * np.pi, (2, 500))
    flat = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1) + 0.1 * RANDOM.standard_normal((2, 500, 3))
    return [flat[0], flat[1][:, [0, 2, 1]] + [1, 0, 0]]


def two_diamonds() -> list[np.ndarray]:
    """Two squares on their corners, which nearly touch."""
    turn = np.array([[1, 1], [-1, 1]]) / 2
    return [RANDOM.uniform(-1, 1, (400, 2)) @ turn + [middle, 0] for middle in (-1.02, 1.02)]


def target() -> list[np.ndarray]:
    """Put a disc into a ring, and three points far out at each corner."""
    angle = RANDOM.uniform(0, 2 * np.pi, (2, 380))
    radius = np.stack([0.8 * np.sqrt(RANDOM.uniform(0, 1, 380)), RANDOM.uniform(2.3, 2.7, 380)])
    disc, ring = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    corners = [RANDOM.normal((x, y), 0.1, (3, 2)) for x in (-3.2, 3.2) for y in (-3.2, 3.2)]
    return [disc, ring, *corners]


def golf_ball() -> list[np.ndarray]:
    """Points all over a sphere, as evenly as can be (Fibonacci's spiral): no clusters at all."""
    number = np.arange(4000)
    z, angle = 1 - (2 * number + 1) / 4000, number * np.pi * (3 - np.sqrt(5))
    return [np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z], axis=1)]


def ball(size: int) -> np.ndarray:
    """Return points inside a ball of radius 1."""
    way = RANDOM.standard_normal((size, 3))
    return way / np.linalg.norm(way, axis=1, keepdims=True) * RANDOM.uniform(0, 1, (size, 1)) ** (1 / 3)


if __name__ == "__main__":
    main()
