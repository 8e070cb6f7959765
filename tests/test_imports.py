"""Imports point one way, optional and heavy libraries stay behind their doors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ksom"

LEVELS = [
    {"errors", "arguments", "metrics", "random_streams", "registry", "whole_files", "config", "logger", "array_files"},
    {"lattice", "neighbourhood", "schedules", "initialisation", "kernels", "picture", "film"}
    | {f"kernels.{path.stem}" for path in (PACKAGE / "kernels").glob("*.py") if path.stem != "__init__"},
    {"dataset", "kohonensom_model", "quality", "checkpoint"},
    {"run_folder", "run_record", "tracking_store", "tracking", "served_map"},
    {"algorithms", "run", "interruption", "trainer", "hooks"}
    | {f"hooks.{path.stem}" for path in (PACKAGE / "hooks").glob("*.py") if path.stem != "__init__"},
    {"default_setup", "describe", "entry", "__main__", ""},
]
"""A file imports from its own level or from one above it in this list; "" is the package itself."""

FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def level(name: str) -> int:
    return next(number for number, names in enumerate(LEVELS) if name in names)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    own = {name.removeprefix("ksom").removeprefix(".") for name in imported(path) if name.split(".")[0] == "ksom"}
    upward = {name for name in own if level(name) > level(module_name(path))}
    assert not upward


def test_every_level_names_files_that_exist() -> None:
    assert {module_name(path) for path in FILES} == set().union(*LEVELS)


def test_only_three_files_know_yacs() -> None:
    knowing = {module_name(path) for path in FILES if {"yacs", "yacs.config"} & imported(path)}
    assert knowing <= {"config", "default_setup", "entry"}
    assert "config" in knowing


@pytest.mark.parametrize(
    "heavy", ["numba", "jax", "matplotlib", "imageio", "PIL", "click", "yacs", "mlflow", "tensorboard"]
)
def test_import_ksom_does_not_load(heavy: str) -> None:
    code = f"import sys, ksom; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_can_be_imported() -> None:
    import ksom

    assert all(getattr(ksom, name) for name in ksom.__all__)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import ksom

    with pytest.raises(AttributeError, match="no attribute 'SOM'"):
        _ = ksom.SOM
