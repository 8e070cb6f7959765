"""Write world.csv: 142 countries, every five years from 1952 to 2007 (Gapminder's excerpt, from the package plotly)."""

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path

COLUMNS = ["country", "continent", "year", "lifeExp", "pop", "gdpPercap"]


def main() -> None:
    """Write the columns that the page uses."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise SystemExit("the data are in the package plotly, which is not installed; pip install plotly")
    there = Path(package.origin).parent / "package_data" / "datasets" / "gapminder.csv.gz"
    with gzip.open(there, "rt", newline="") as table, Path("world.csv").open("w", newline="") as file:
        rows = csv.DictReader(table)
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    print(f"world.csv: {rows.line_num - 1:,} country-years")


if __name__ == "__main__":
    main()
