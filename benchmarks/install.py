"""Install ksom and its peers into this interpreter's environment, one by one: a failure must not stop the others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Return 1 if ksom itself cannot be installed."""
    if not pip("setuptools", "wheel") or not pip("--editable", str(HERE.parent)):
        return 1
    lines = (HERE / "requirements.txt").read_text().splitlines()
    wanted = [text for text in lines if text and not text.startswith("#")]
    failed = [text for text in wanted if not pip(text) and not pip("--no-build-isolation", text)]
    print(f"installed: {len(wanted) - len(failed)} of {len(wanted)}; failed: {', '.join(failed) or 'none'}")
    return 0


def pip(*words: str) -> bool:
    """Install something; return whether it worked. Old packages need numpy while they are built: no isolation then."""
    print(f"pip install {' '.join(words)}", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", *words]
    return subprocess.run(command, env={**os.environ, "PATH": without("nvcc")}, check=False).returncode == 0


def without(program: str) -> str:
    """Return PATH without the folders of a program: with CUDA's compiler on it, somoclu installs without its core.

    For the same reason there is no cache: what was built once with another PATH would be taken from there.
    """
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not shutil.which(program, path=folder))


if __name__ == "__main__":
    sys.exit(main())
