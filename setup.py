"""All metadata is in pyproject.toml; here is what it cannot say: the first experiment goes into the package as well."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithExperiment(build_py):
    """Puts configs/exp1.yaml into the wheel, where `ksom train ksom:exp1` finds it."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            folder = Path(self.build_lib, "ksom", "configs")
            self.mkpath(str(folder))
            self.copy_file("configs/exp1.yaml", str(folder / "exp1.yaml"))


setup(cmdclass={"build_py": WithExperiment})
