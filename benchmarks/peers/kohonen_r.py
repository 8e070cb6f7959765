"""The R package kohonen, in a process of R's: batch training of tables with gaps; its bubble ends at the radius.

Its radius goes linearly, and its clock is its own: reading the table is not timed.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import NotOfferedError
from benchmarks.rows import Task

SCRIPT = """
library(kohonen)
given <- commandArgs(trailingOnly = TRUE)
side <- as.integer(given[3]); features <- as.integer(given[4])
samples <- matrix(readBin(given[1], "double", 1e9), ncol = features, byrow = TRUE)
first <- matrix(readBin(given[2], "double", 1e9), ncol = features, byrow = TRUE)
net <- somgrid(side, side, given[7], neighbourhood.fct = given[8], toroidal = given[9] == "1")
made <- som(samples, grid = net, rlen = as.integer(given[5]), radius = as.numeric(strsplit(given[6], ",")[[1]]),
            init = list(first), mode = "pbatch", cores = 2, maxNA.fraction = 0.99, keep.data = FALSE)
writeBin(as.vector(t(getCodes(made))), given[2])
"""


def batch(task: Task) -> Callable[[], Any]:
    if subprocess.run(["Rscript", "-e", "library(kohonen)"], capture_output=True, check=False).returncode:
        raise NotOfferedError("no R with the package kohonen")
    folder = Path(tempfile.mkdtemp())
    table, first, script = folder / "table", folder / "first", folder / "script.R"
    task.samples.astype(np.float64).tofile(table)
    script.write_text(SCRIPT)

    def run() -> Any:
        task.weights.astype(np.float64).tofile(first)
        form = task.form
        radius = f"{task.first_sigma},{task.last_sigma}"
        how = [str(task.passes), radius, form.lattice, form.neighbourhood, str(int(form.wrap == "both"))]
        sizes = [str(task.side), str(task.samples.shape[1])]
        subprocess.run(["Rscript", script, table, first, *sizes, *how], capture_output=True, check=True)
        return np.fromfile(first).reshape(task.weights.shape)

    return run
