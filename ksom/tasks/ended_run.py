"""A run that has just ended: what is to be looked at in it, in a line."""

import logging
import math
import shlex

from ksom.amounts import number_of
from ksom.default_setup import Experiment, Result
from ksom.diagnosis import Finding, diagnose
from ksom.evidence import LITTLE_WORK, Evidence

logger = logging.getLogger(__name__)

MOST_DIFFERENCES, OF_WEIGHTS, SPARSEST = 2e7, 200, 10
"""Of one value each, in a search that nobody asked for; to look at the weights costs as much as 200 samples. If it is
more, every second sample of the probe is searched for, or every third, …; if not even every tenth, nothing is said."""


def in_short(experiment: Experiment, result: Result) -> str:
    """Return a line that tells what is to be looked at in a run that has just ended; nothing if it is healthy.

    Only what can be known from the probe in some hundredths of a second; and it never fails.
    """
    try:
        findings = _findings_in_short(experiment, result)
    except Exception:  # the training has succeeded, whatever becomes of this
        logger.debug("the run could not be diagnosed", exc_info=True)
        return ""
    if not findings:
        return ""
    seen, size = len(experiment.trainer.run.probe), len(experiment.trainer.dataset)
    on = "" if seen == size else f" (by {seen:,} of {size:,} samples)"  # all of them may tell otherwise
    told = "; ".join(finding.what for finding in findings)
    return (
        f"{number_of('thing', len(findings))} to look at{on}: {told}; ksom diagnose {shlex.quote(str(result.folder))}"
    )


def _findings_in_short(experiment: Experiment, result: Result) -> list[Finding]:
    trainer, som = experiment.trainer, result.som
    samples = len(trainer.run.probe) + OF_WEIGHTS
    every = math.ceil(samples * som.lattice.size * som.features / MOST_DIFFERENCES)
    if every > SPARSEST:
        return []
    iteration = int(result.summary["iteration"])
    evidence = Evidence(
        som,
        trainer.run.probe[::every],
        size=len(trainer.dataset),
        at_end=trainer.algorithm.parameters(max(0, iteration - 1)),
        config=experiment.config,
        iteration=iteration,
        iterations=trainer.iterations,
        most_work=0.0 if trainer.feed.is_weighted else LITTLE_WORK,
    )
    return diagnose(evidence)
