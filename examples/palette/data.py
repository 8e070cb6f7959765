"""Write photographs that come with the package scikit-image: astronaut.png, coffee.png, chelsea.png."""

import shutil
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    """Copy them."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise SystemExit("the photographs are in scikit-image, which is not installed; pip install scikit-image")
    for name in ("astronaut.png", "coffee.png", "chelsea.png"):
        shutil.copyfile(Path(package.origin).parent / "data" / name, name)
        print(name)


if __name__ == "__main__":
    main()
