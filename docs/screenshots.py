"""The pictures in this folder, taken anew: `python -m docs.screenshots`, with a Chromium and palmerpenguins."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser import DESK, PHONE, opened

HERE = Path(__file__).parent
ROOT = HERE.parent
REGION = [(0.05, 0.55), (0.45, 0.55), (0.45, 0.95), (0.05, 0.95), (0.05, 0.55)]
"""The way of the mouse around some nodes, as shares of a panel."""

TORUS = """
DATASET: {NAME: Bundled, SET: wine}
MODEL: {HEIGHT: 12, WIDTH: 16, LATTICE: {NAME: hexagonal, WRAP: both}, SCALING: standard}
"""


def main() -> None:
    """Train, make the pages, and take their pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _penguins(folder)
        report = folder / "logs/penguins/report.html"
        _take(report, "report.png", size={"width": 1280, "height": 1120}, before=_choose_node)
        _take(report, "report-dark.png", size={"width": 1280, "height": 1120}, scheme="dark", before=_choose_region)
        _take(report, "report-phone.png", size=PHONE, before=_choose_node)
        _ksom(folder, "sweep", str(ROOT / "configs/exp1.yaml"), "--seeds", "3", "DATASET.SEED", "0")
        runs = sorted(str(run.relative_to(folder)) for run in folder.glob("logs/exp1.sweep/seed=*"))
        _ksom(folder, "compare", *runs, "-o", "compare.html")
        _take(folder / "compare.html", "compare.png", size=DESK)
        _ksom(folder, "plot", "logs/penguins", "--kind", "umatrix,pies,clusters,features", "-o", "plots")
        penguins = [folder / f"plots/{kind}.png" for kind in ("umatrix", "pies", "clusters", "features-cluster-2")]
        _join(penguins, "plots.png")
        _join([_torus(folder), _world(folder), *_digits(folder)], "more-plots.png")


def _penguins(folder: Path) -> None:
    from palmerpenguins import load_penguins

    load_penguins().to_csv(folder / "penguins.csv", index=False)
    (folder / "penguins.yaml").write_text((ROOT / "examples/customers/penguins.yaml").read_text())
    for words in (["train", "penguins.yaml"], ["label", "logs/penguins", "penguins.csv", "--column", "species"],
                  ["cluster", "logs/penguins"], ["report", "logs/penguins"]):  # fmt: skip
        _ksom(folder, *words)


def _torus(folder: Path) -> Path:
    (folder / "torus.yaml").write_text(TORUS)
    _ksom(folder, "train", "torus.yaml")
    _ksom(folder, "plot", "logs/torus", "--kind", "umatrix", "-o", "torus")
    return folder / "torus/umatrix.png"


def _world(folder: Path) -> Path:
    there = folder / "world"
    shutil.copytree(ROOT / "examples/world", there)
    subprocess.run([sys.executable, "data.py"], cwd=there, check=True)
    _ksom(there, "train", "world.yaml")
    countries = [word for name in ("Korea, Rep.", "Rwanda", "Botswana") for word in ("--series", name)]
    _ksom(there, "plot", "logs/world", "--kind", "trajectory", *countries, "-o", "ways")
    return there / "ways/trajectory.png"


def _digits(folder: Path) -> list[Path]:
    _ksom(folder, "train", str(ROOT / "examples/digits/digits.yaml"), "MODEL.HEIGHT", "12", "MODEL.WIDTH", "16")
    _ksom(folder, "plot", "logs/digits", "--kind", "prototypes,unfolding", "-o", "digits")
    return [folder / "digits/prototypes.png", folder / "digits/unfolding.png"]


def _ksom(folder: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "ksom", *words], cwd=folder, check=True)


def _take(page: Path, name: str, *, size: dict[str, int], scheme: str = "light", before: Any = None) -> None:
    with opened(page, size=size, scheme=scheme) as found:
        found.page.wait_for_timeout(500)
        if before is not None:
            before(found.page)
        found.page.wait_for_timeout(500)
        found.page.screenshot(path=HERE / name)
        found.require_clean()


def _choose_node(page: Any) -> None:
    box = page.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])


def _choose_region(page: Any) -> None:
    box = page.locator("canvas").first.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in REGION]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def _join(paths: list[Path], name: str, width: int = 640) -> None:
    """Put four pictures side by side, two and two."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    pictures = [picture.resize((width, round(picture.height * width / picture.width))) for picture in pictures]
    height = max(picture.height for picture in pictures)
    whole = Image.new("RGB", (2 * width, 2 * height), "white")
    for number, picture in enumerate(pictures):
        whole.paste(picture, (number % 2 * width, number // 2 * height))
    whole.save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
