"""The composition root: from a configuration to a run folder, a data set, a map, hooks and a trainer.

Whoever wants more builds the same classes in Python: none of them knows about configurations.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ksom.amounts import size_of
from ksom.arguments import require_path
from ksom.compute.computes import COMPUTES, as_node
from ksom.config import DEFAULTS, as_plain, is_off, load_config, require_no_secret
from ksom.datasets import DATASETS
from ksom.errors import ConfigError, KsomError, OutputError, TrainingFailed
from ksom.experiment_files import ENVIRONMENT, experiment_file, experiment_name
from ksom.hooks import HOOKS
from ksom.hooks.hook import Hook
from ksom.kohonensom_model import KohonenSOM
from ksom.logger import log_to_file
from ksom.map_size import chosen_size
from ksom.method.initialisation import initial_node
from ksom.method.quality import Quality, quality
from ksom.registry import arguments, as_mapping, build, call, located, with_chosen
from ksom.representation import as_html
from ksom.runs.checkpoint import Checkpoint, checkpoint_paths, newest_checkpoint
from ksom.runs.interruption import stopping_on_signals
from ksom.runs.resume import refuse_own_result, require_same_training
from ksom.runs.run import Outcome, Run
from ksom.runs.run_folder import CHECKPOINTS, LOG, MAP, SUMMARY, RunFolder, environment
from ksom.trainer import Trainer

logger = logging.getLogger(__name__)

COLOURS = "ksom:exp1"
"""The experiment that is run if none is named."""

SIDES = ("HEIGHT", "WIDTH")


class Result(NamedTuple):
    """How a run ended."""

    status: str
    """One of "completed", "stopped" (by a hook), "interrupted" (by a signal)."""
    som: KohonenSOM
    """The map as it is now."""
    folder: Path
    """The run folder."""
    summary: dict[str, Any]
    """What summary.json holds."""
    signal: int | None = None
    """The signal that interrupted the run."""

    def _repr_html_(self) -> str | None:
        """Return a page of the run, for a notebook."""
        return as_html(self.som, folder=self.folder)

    @property
    def can_be_resumed(self) -> bool:
        """Whether there is a checkpoint."""
        return bool(checkpoint_paths(self.folder / CHECKPOINTS))


class Experiment:
    """An experiment that is ready to run: everything is built and checked, nothing is written yet.

    Parameters
    ----------
    config_file : str or Path, optional
        The YAML file, or "ksom:exp1" for one that comes with ksom; without one that: the colour experiment.
    overrides : sequence of str
        Alternating keys and values, such as ["MODEL.WIDTH", "40"], or ["MODEL.WIDTH=40"].
    output_dir : str or Path, optional
        The run folder itself; default OUTPUT_DIR/<name>.

    Attributes
    ----------
    name : str
        What the run folder is called: the YAML file's stem; for the config.yaml of a run, the name that the run had.
    config : dict
        The resolved configuration: the file, the overrides and every default.
    dataset : Dataset
        The data.
    som : KohonenSOM
        The map.
    trainer : Trainer
        The training.

    Raises
    ------
    ConfigError, DataError
        If the experiment cannot be run as it is described.

    Examples
    --------
    >>> experiment = Experiment(overrides=["TRAINER.ITERATIONS", "200"])
    >>> experiment.config["TRAINER"]["ALGORITHM"]["SIGMA"]
    {'NAME': 'exponential', 'START': 5.0}
    """

    def __init__(
        self, config_file: str | Path | None = None, overrides: Sequence[str] = (), output_dir: str | Path | None = None
    ) -> None:
        here = _current_folder()
        file = experiment_file(COLOURS if config_file is None else require_path("config_file", config_file))
        folders = [(here / file).parent, here]
        config = as_plain(load_config(file, overrides))
        self.name = experiment_name(None if config_file is None else file)
        given = None if output_dir is None else require_path("output_dir", output_dir)
        self.folder = RunFolder(given or Path(config["OUTPUT_DIR"]) / self.name)
        with located(""):  # what came from the top of the file
            self._build(config, folders)

    def __repr__(self) -> str:
        return f"Experiment({self.name}: {self._size()})"

    def run(self, *, resume: bool = False, restart: bool = False) -> Result:
        """Train, with all results in the run folder.

        Parameters
        ----------
        resume : bool
            Go on from the newest whole checkpoint; the end equals that of a run never interrupted, bit for bit.
        restart : bool
            Begin anew where an unfinished run lies; that one is kept under another name.

        Raises
        ------
        OutputError
            If the run folder is in use, holds an unfinished run or something else, or cannot be written.
        TrainingFailed
            If the experiment has been run already.
        CheckpointError
            If the run to resume has learned from other data or another configuration, or no checkpoint is whole.
        """
        if self.trainer.run.outcome is not Outcome.RUNNING:
            raise TrainingFailed("this experiment has been run; make a new Experiment for another run")
        with self.folder.locked():
            checkpoint = newest_checkpoint(self.folder.path / CHECKPOINTS) if resume else None
            if checkpoint is not None:
                before = {**checkpoint.state, "config": _as_today(checkpoint.state["config"])}
                require_same_training(self.folder.path, before, self.config, self.trainer.feed.digest)
            if resume and self.folder.status == "completed":
                logger.info("%s: the run is finished, there is nothing to resume", self.folder.path)
                return self._finished()
            self.trainer.check()
            self._prepare_folder(checkpoint, resume=resume, restart=restart)
            with log_to_file(self.folder.path / LOG):
                return self._train(resumed=checkpoint is not None)

    def plan(self) -> str:
        """Return what `run` would do: sizes, iterations, hooks, memory, run folder."""
        trainer, som, samples = self.trainer, self.som, len(self.trainer.dataset)
        per_iteration = trainer.feed.samples_per_iteration
        weights, peak = som.memory(som.features), som.peak_memory(som.features)
        updates = trainer.iterations * per_iteration
        lines = [
            f"map         {som.height} × {som.width} nodes, {som.features} features, {som.dtype}",
            f"backend     {som.kernels.name} (asked for: {som.backend})",
            f"compute     {self.config['COMPUTE']['NAME']}",
            f"data        {samples} samples of {self.dataset.features} features, {self._kind_of_data()}",
            f"training    {trainer.iterations} iterations of {per_iteration} samples, {updates / samples:.4g} epochs",
            f"calibration {self._kind_of_calibration()}",
            f"memory      {size_of(weights)} of weights, {size_of(peak)} at most, beside the data",
            f"run folder  {self.folder.path}",
        ]
        lines += [f"hook        {key}: {trainer.times(hook)}" for key, hook in trainer.hooks.items()]
        return "\n".join(lines)

    def _build(self, config: Mapping[str, Any], folders: Sequence[Path]) -> None:
        seed = config["SEED"]
        self.dataset, data = build(DATASETS, config["DATASET"], "DATASET", folders, seed=seed)
        self.som, model = self._build_map(config, folders)
        compute, computing = build(COMPUTES, as_node(config["COMPUTE"]), "COMPUTE", folders)
        hooks = {key: _hook(key, node, folders) for key, node in config["HOOKS"].items() if not is_off(node)}
        with located("MODEL", elsewhere=Trainer.from_elsewhere):  # the map may not suit the algorithm
            self.trainer, training = call(
                Trainer,
                config["TRAINER"],
                "TRAINER",
                folders,
                som=self.som,
                dataset=self.dataset,
                hooks={key: hook for key, (hook, _) in hooks.items()},
                callback_period=config["CALLBACK_PERIOD"],
                calibrate=config["CALIBRATE"],
                seed=seed,
                folder=self.folder.path,
                compute=compute,
            )
        without_defaults = [key for key in DEFAULTS["HOOKS"] if is_off(config["HOOKS"][key])]
        self.config = {
            **config,
            "COMPUTE": computing,
            "DATASET": data,
            "MODEL": model,
            "TRAINER": {**with_chosen(training, self.trainer), "SHUFFLE": self.trainer.shuffle},
            "HOOKS": {key: hooks[key][1] for key in self.trainer.hooks} | dict.fromkeys(without_defaults),
        }
        require_no_secret(self.config)
        self.trainer.config = self.config

    def _build_map(self, config: Mapping[str, Any], folders: Sequence[Path]) -> tuple[KohonenSOM, dict[str, Any]]:
        """Return the map, and its resolved node: with numbers for the sides that the data choose."""

        def made(node: Mapping[str, Any]) -> tuple[KohonenSOM, dict[str, Any]]:
            return call(KohonenSOM, node, "MODEL", folders, backend=config["BACKEND"], threads=config["THREADS"])

        node = {key: initial_node(value) if key == "INITIAL" else value for key, value in config["MODEL"].items()}
        of_any_size = {key: value for key, value in node.items() if key not in {*SIDES, "LATTICE", "INITIAL"}}
        with located("MODEL"):
            sides = chosen_size(node.get("HEIGHT"), node.get("WIDTH"), self.dataset, lambda: made(of_any_size)[0])
        return made({**node, **{key: side for key, side in zip(SIDES, sides, strict=True) if side is not None}})

    def _prepare_folder(self, checkpoint: Checkpoint | None, *, resume: bool, restart: bool) -> None:
        """Make the run folder ready to be written to."""
        self.trainer.files.add(LOG)
        if checkpoint is not None:
            self.folder.reopen()
            self.trainer.load_state(checkpoint.state, checkpoint.weights, checkpoint.sums)
        elif resume:
            logger.info("%s: there is no checkpoint to resume from; starting from the beginning", self.folder.path)
            self.folder.make_way(restart=True)
        else:
            refuse_own_result(self.folder.path, self.config)
            self.folder.make_way(restart=restart)
        used = {
            "experiment": self.name,
            "backend": self.som.kernels.name,
            "compute": self.config["COMPUTE"]["NAME"],
            "data_digest": self.trainer.feed.digest,
        }
        self.folder.write_json(ENVIRONMENT, {**environment(), **used})
        self.folder.write_config(self.config)

    def _train(self, *, resumed: bool) -> Result:
        run = self.trainer.run
        begun = f"resuming at iteration {run.iteration} of {run.iterations}{_within(run)}"
        logger.info("%s: %s", self.folder.path, begun if resumed else f"training, {self._size()}")
        try:
            with stopping_on_signals(run) as interruption:
                outcome = self.trainer.train()
                interrupted = interruption.signal if outcome is Outcome.STOPPED else None
                status = "interrupted" if interrupted else outcome.value
                summary = self._summary(status)
                self.som.about_training["quality"] = {name: summary[name] for name in (*Quality._fields, "measured_on")}
                self.som.save(self.folder.path / MAP)
                logger.info("%s after %d of %d iterations%s", status, run.iteration, run.iterations, _within(run))
                self.trainer.files.sync()  # the summary must not outlive them
                self.folder.write_json(SUMMARY, summary)
        except BaseException:
            with suppress(OutputError):
                logger.debug("the run failed", exc_info=True)
            raise
        return Result(status, self.som, self.folder.path, summary, interrupted)

    def _summary(self, status: str) -> dict[str, Any]:
        run = self.trainer.run
        return {
            "status": status,
            "reason": None if status == "completed" else run.stop_reason,
            "iteration": run.iteration,
            "iterations": run.iterations,
            **quality(self.som, run.probe)._asdict(),
            "measured_on": f"{len(run.probe)} of {len(self.trainer.dataset)} samples",
            "seconds_learning": run.seconds,
            "seconds_wall": run.wall_seconds,
        }

    def _size(self) -> str:
        data = f"{len(self.trainer.dataset)} samples of {self.dataset.features} features"
        how = f"{self.trainer.iterations} iterations, backend {self.som.kernels.name}"
        return f"{self.som.height} × {self.som.width} nodes, {data}, {how}"

    def _kind_of_data(self) -> str:
        feed = self.trainer.feed
        missing = int(feed.summary.missing.sum())
        told = [f"{missing} values missing" if missing else "", "with weights" if feed.is_weighted else ""]
        return ", ".join([type(self.dataset).__name__, *filter(None, told)])

    def _kind_of_calibration(self) -> str:
        trainer = self.trainer
        held, learned = len(trainer.held_out or ()), len(trainer.dataset)
        told = f"{held} more samples held out" if held else "no sample held out"
        return f"one search over {learned + held} samples at the end, {told}" if trainer.calibrate else f"none, {told}"

    def _finished(self) -> Result:
        som = KohonenSOM.load(
            self.folder.path / MAP,
            lattice=self.som.lattice,
            neighbourhood=self.som.neighbourhood,
            distance=self.som.distance,
            scaling=self.som.scaling,
            backend=self.som.backend,
            threads=self.som.threads,
        )
        return Result("completed", som, self.folder.path, self.folder.summary() or {})


def _hook(key: str, node: Any, folders: Sequence[Path]) -> tuple[Hook, dict[str, Any]]:
    path = f"HOOKS.{key}"
    return build(HOOKS, {"NAME": key, **as_mapping(node, path)}, path, folders)


def _within(run: Run) -> str:
    """Return how far the next iteration is, if it was begun."""
    _, shown = run.position
    return f", and {shown} samples of the next one" if shown else ""


def _as_today(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an earlier run's config with what an older ksom left out of it: a plain name is a node with defaults."""
    try:
        training = {"HOLD_OUT": arguments(Trainer)["hold_out"].default, **config["TRAINER"]}
        return {**config, "TRAINER": training, "MODEL": call(KohonenSOM, config["MODEL"], "MODEL")[1]}
    except KsomError:  # one that cannot be built any more is not the same
        return config


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the current folder is not there any more; go to another one") from None
