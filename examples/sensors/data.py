"""Writes normal.csv, 20,000 normal rows of the shuttle's sensors, unseen.csv, the others, and everything.csv, both."""

import importlib.util
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
NORMAL_ROWS = 20_000


def main() -> None:
    """Write both files."""
    found = importlib.util.find_spec("river")
    if not found or not found.submodule_search_locations:
        raise SystemExit("river is not installed: pip3 install -e '.[examples]'")
    shuttle = pd.read_csv(Path(found.submodule_search_locations[0], "datasets/shuttle.csv.gz"))
    shuttle.insert(0, "row", range(len(shuttle)))
    normal = shuttle[shuttle["anomaly"] == 0].sample(NORMAL_ROWS, random_state=0).sort_index()
    learned = shuttle["row"].isin(normal["row"])
    normal.drop(columns="anomaly").to_csv(HERE / "normal.csv", index=False)
    shuttle[~learned].to_csv(HERE / "unseen.csv", index=False)
    shuttle.to_csv(HERE / "everything.csv", index=False)
    print(f"{len(normal):,} rows to learn from, {(~learned).sum():,} unseen")


if __name__ == "__main__":
    main()
