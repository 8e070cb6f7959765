"""Writes the tables of this example: customers.csv, out of the purchases in lifetimes, and penguins.csv."""

import importlib.util
import shutil
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def file_of(package: str, name: str) -> Path:
    """Return a file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if not found or not found.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: pip3 install -e '.[examples]'")
    return Path(found.submodule_search_locations[0], name)


def customers() -> pd.DataFrame:
    """Return what each customer bought, by the end of the last day that the purchases tell of."""
    names = ["customer", "date", "cds", "value"]
    path = file_of("lifetimes", "datasets/CDNOW_master.txt")
    bought = pd.read_csv(path, sep=r"\s+", names=names, skiprows=1, dtype={"customer": str, "date": str})
    bought["date"] = pd.to_datetime(bought["date"], format="%Y%m%d")
    by_day = bought.groupby(["customer", "date"], as_index=False)[["cds", "value"]].sum()
    table = by_day.groupby("customer").agg(
        last=("date", "max"), purchases=("date", "size"), cds=("cds", "sum"), value=("value", "sum")
    )
    table.insert(0, "recency", (bought["date"].max() - table.pop("last")).dt.days)
    print(f"{len(bought):,} purchases of {len(table):,} customers, until {bought['date'].max():%Y-%m-%d}")
    return table.round(2)


if __name__ == "__main__":
    customers().to_csv(HERE / "customers.csv")
    shutil.copyfile(file_of("palmerpenguins", "data/penguins.csv"), HERE / "penguins.csv")
