"""Imports point one way, optional and heavy libraries stay behind their doors."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ksom.algorithms import ALGORITHMS
from ksom.datasets import DATASETS
from ksom.hooks import HOOKS
from ksom.method.schedules import SCHEDULES
from ksom.registry import Registry

PACKAGE = Path(__file__).parents[1] / "ksom"

LEVELS = [
    {
        "errors",
        "amounts",
        "pace",
        "memory",
        "arguments",
        "registry",
        "named_files",
        "names",
        "users_code",
        "representation",
        "columns",
        "encoding",
        "samples",
        "sparse_files",
        "remote_files",
        "seen_files",
        "sparse_rows",
        "archive",
        "array_files",
        "mapped_files",
        "cache_folder",
        "whole_files",
        "logger",
    }
    | {
        "archive",
        "experiment_files",
        "masking",
        "package_versions",
        "plain_yaml",
        "regular_files",
        "representation",
        "text_cells",
        "text_table",
    },
    {"layers", "method", "map_file"},
    {"kernels", "compute", "dataset", "intake", "part", "tables"},
    {
        "answers",
        "best_matching",
        "calibration",
        "datasets",
        "nearest_nodes",
        "node_groups",
        "predictions",
        "searching",
        "kept_summaries",
        "part_summary",
        "summary",
        "batches",
        "feed",
        "under_way",
    },
    {"kohonensom_model", "testing"},
    {"algorithms", "summing", "evaluation", "map_size", "runs"},
    {"pictures"},
    {"hooks"},
    {"trainer"},
    {"training", "evidence", "quantization"},
    {"diagnosis"},
    {"config", "default_setup", "describe", "exports", "sklearn", "tasks", ""},
    {"commands", "entry", "__main__"},
]
"""A file imports from its own level or one before it; a folder stands for all its files, and "" is the
package itself."""

WITHIN = {
    "kernels": [{"backend", "batch_sums", "node_sums", "rounding"}, {"numpy_backend", "numba", "jax"}, {""}],
    "hooks": [{"hook"}, set(), {""}],
    "datasets": [set(), {""}],
    "commands": [{"command", ""}],
    "exports": [{"graph"}],
}
"""The same inside of a folder; files that are not named are in between."""

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


def room(name: str) -> str:
    return name.partition(".")[0]


def level(name: str, levels: list[set[str]]) -> int:
    return next(number for number, names in enumerate(levels) if room(name) in names)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    own = {name.removeprefix("ksom").removeprefix(".") for name in imported(path) if name.split(".")[0] == "ksom"}
    here = level(module_name(path), LEVELS)
    assert not {name for name in own if level(name, LEVELS) > here}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way_inside_of_a_folder(path: Path) -> None:
    folder, _, me = module_name(path).partition(".")
    levels = WITHIN.get(folder, [])

    def depth(name: str) -> int:
        return next((number for number, names in enumerate(levels) if room(name) in names), 1)

    inside = {name.removeprefix(f"ksom.{folder}").removeprefix(".") for name in imported(path)
              if name == f"ksom.{folder}" or name.startswith(f"ksom.{folder}.")}  # fmt: skip
    assert not {name for name in inside if depth(name) > depth(me)}


def test_every_level_names_what_exists() -> None:
    assert {room(module_name(path)) for path in FILES} == set().union(*LEVELS)


def test_only_three_files_know_yacs() -> None:
    knowing = {module_name(path) for path in FILES if {"yacs", "yacs.config"} & imported(path)}
    assert knowing <= {"config", "default_setup", "entry"}
    assert "config" in knowing


@pytest.mark.parametrize(
    "heavy", ["numba", "jax", "matplotlib", "imageio", "PIL", "click", "yacs", "mlflow", "tensorboard", "sklearn"]
)
def test_import_ksom_does_not_load(heavy: str) -> None:
    code = f"import sys, ksom; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("unused", ["ksom.tables", "ksom.datasets.images", "ksom.method.clusters"])
def test_a_training_of_colours_does_not_load(unused: str) -> None:
    code = f"import sys, ksom; ksom.train(ksom.RandomColors(5), 2, 2, 1); sys.exit({unused!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture(scope="module")
def loaded_by_the_colour_experiment(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What `ksom train` has loaded when 10 × 10 nodes are trained, film, picture and checkpoint made."""
    code = (
        "import atexit, sys; from pathlib import Path\n"
        "atexit.register(lambda: Path('loaded').write_text(' '.join(sys.modules)))\n"
        "sys.argv = ['ksom', 'train', 'ksom:exp1']\n"
        "from ksom.__main__ import main; main()"
    )
    folder = tmp_path_factory.mktemp("colours")
    uncovered = {name: value for name, value in os.environ.items() if "COV" not in name}  # it loads modules, too
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=uncovered, check=True, capture_output=True)
    return set((folder / "loaded").read_text().split())


@pytest.mark.parametrize(
    "unused",
    [
        *["numba", "jax", "matplotlib", "imageio", "mlflow", "tensorboard", "sklearn", "scipy", "pandas", "pyarrow"],
        *["asyncio", "email", "statistics", "importlib.metadata", "multiprocessing", "numpy.ma"],
        *["ksom.compute.on_executor", "ksom.compute.processes", "ksom.exports", "ksom.sklearn", "ksom.tables"],
        *["ksom.datasets.table", "ksom.hooks.mlflow", "ksom.hooks.plots", "ksom.hooks.tensorboard"],
        *["ksom.pictures.plots", "ksom.runs.tracking", "ksom.tasks.report", "ksom.commands.sweep"],
    ],
)
def test_the_command_that_trains_the_colour_map_does_not_load(
    unused: str, loaded_by_the_colour_experiment: set[str]
) -> None:
    assert unused not in loaded_by_the_colour_experiment


def test_every_public_name_can_be_imported() -> None:
    import ksom

    assert all(getattr(ksom, name) for name in ksom.__all__)


def test_type_checkers_see_the_public_names_too() -> None:
    import ksom

    block = next(node for node in ast.parse((PACKAGE / "__init__.py").read_text()).body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(ksom.__all__)


def test_dir_tells_the_public_names_and_nothing_else() -> None:
    import ksom

    assert set(dir(ksom)) == {*ksom.__all__, "__version__"}


@pytest.mark.parametrize("kind", [HOOKS, DATASETS, ALGORITHMS, SCHEDULES], ids=lambda kind: kind.kind)
def test_what_an_experiment_can_name_is_public(kind: Registry) -> None:
    import ksom

    assert [name for name in kind if kind[name].__name__ not in ksom.__all__] == []


@pytest.mark.parametrize(("name", "hint"), [("XYZ", ""), ("KohonenSom", "; did you mean 'KohonenSOM'?")])
def test_an_unknown_public_name_is_an_attribute_error(name: str, hint: str) -> None:
    import ksom

    with pytest.raises(AttributeError) as caught:
        getattr(ksom, name)
    assert str(caught.value) == f"module 'ksom' has no attribute {name!r}{hint}"
