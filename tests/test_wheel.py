"""What is built is what works: the wheel, in an empty environment, on every Python that is here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")


def interpreter(version: str) -> str | None:
    """The Python of a version: this one, one on the path, or one that pyenv keeps."""
    places = [
        sys.executable,
        shutil.which(f"python{version}"),
        *Path.home().glob(f".pyenv/versions/{version}.*/bin/python"),
    ]
    ask = ["-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    for place in filter(None, places):
        told = subprocess.run([place, *ask], capture_output=True, text=True, check=False)
        if told.stdout.strip() == version:
            return str(place)
    return None


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source") / "ksom"
    ignored = shutil.ignore_patterns(".*", "logs*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", target, source], check=True, capture_output=True
    )
    return next(target.glob("*.whl"))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheel_trains_in_an_empty_environment(wheel: Path, version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    environment = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", environment], check=True)
    subprocess.run([environment / "bin/pip", "install", "--quiet", wheel], check=True)
    (tmp_path / "exp.yaml").write_text("TRAINER: {ITERATIONS: 5}\n")
    subprocess.run([environment / "bin/ksom", "train", "--config-file", "exp.yaml"], cwd=tmp_path, check=True)
    assert (tmp_path / "logs/exp/vlog.gif").is_file()
    subprocess.run([environment / "bin/ksom", "train", "ksom:exp1"], cwd=tmp_path, check=True)
    assert (tmp_path / "logs/exp1/map.npz").is_file()
    told = subprocess.run([environment / "bin/ksom", "--version"], check=True, capture_output=True, text=True)
    assert wheel.name.split("-")[1] in told.stdout
    assert list(environment.glob("lib/python*/site-packages/ksom/py.typed"))


@pytest.mark.slow
def test_a_clone_that_is_called_ksom_is_no_obstacle_in_the_folder_above(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "logs*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, tmp_path / "ksom", ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    python = tmp_path / "environment/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "-e", "./ksom"], cwd=tmp_path, check=True)
    told = subprocess.run([python, "-c", "import ksom; print(ksom.__file__)"], cwd=tmp_path, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert told.stdout.strip() == str(tmp_path / "ksom/ksom/__init__.py")
