"""Writes few.csv and many.csv, days of electrical power in Italy, and water.csv, the hourly flow of a pipe."""

import importlib.util
import shutil
from pathlib import Path

HERE = Path(__file__).parent
SEASONS = {"1": "winter", "2": "summer"}


def file_of(package: str, name: str, install: str) -> Path:
    """Return a file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if not found or not found.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: pip3 install {install}")
    return Path(found.submodule_search_locations[0], name)


def table_of(archive: Path) -> list[str]:
    """Return the lines of a CSV file out of a file of the archive: a day a line, its season at the end."""
    lines = archive.read_text().split("@data\n")[1].split()
    days = [line.rsplit(":", 1) for line in lines]
    return [
        ",".join([*(f"h{hour:02}" for hour in range(24)), "season"]),
        *(f"{hours},{SEASONS[season]}" for hours, season in days),
    ]


if __name__ == "__main__":
    for part, name in {"TRAIN": "few.csv", "TEST": "many.csv"}.items():
        lines = table_of(
            file_of("aeon", f"datasets/data/ItalyPowerDemand/ItalyPowerDemand_{part}.ts", "--no-deps aeon")
        )
        (HERE / name).write_text("\n".join(lines) + "\n")
        print(f"{name}: {len(lines) - 1:,} days of 24 hours")
    shutil.copyfile(file_of("river", "datasets/water-flow.csv", "-e '.[examples]'"), HERE / "water.csv")
