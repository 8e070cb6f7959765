"""In what runs differ: the keys of their configurations that are not the same in all of them."""

from collections.abc import Mapping, Sequence

WHERE = ("OUTPUT_DIR",)
"""Keys that tell where a run lies, and nothing of the run."""


def differences(configs: Sequence[Mapping[str, str]]) -> dict[str, tuple[str | None, ...]]:
    """Return each key that differs, with its value in every run; None where a run has no such key.

    A run of which nothing is known, an empty mapping, differs in no key.

    Parameters
    ----------
    configs : sequence of mapping
        Resolved configurations, flat: {"MODEL.WIDTH": "10"}.

    Examples
    --------
    >>> differences([{"SEED": "0", "THREADS": "0"}, {"SEED": "1", "THREADS": "0"}, {}])
    {'SEED': ('0', '1', None)}
    """
    known = [config for config in configs if config]
    keys = dict.fromkeys(key for config in known for key in config)
    return {
        key: tuple(config.get(key) for config in configs)
        for key in keys
        if key not in WHERE and len({config.get(key) for config in known}) > 1
    }
