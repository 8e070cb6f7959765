"""A map as a safetensors file, for programs that read no .npz."""

import json
from pathlib import Path

import numpy as np

from ksom.errors import NotInstalled
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import LAYER, MapFile, as_plain
from ksom.whole_files import replacing_or_printing


def write_safetensors(som: KohonenSOM, path: Path) -> None:
    """Write a map as safetensors; the file is whole or absent.

    Its tensors are `weights`, shape (height, width, D), map units, and `layer_<name>` for each layer. Its metadata
    have one text, `about`: as JSON what the map's own file tells there, `lattice`, `distance`, `feature_names`,
    `scales`, `layers`, …, and `ksom_version`. (Of several, safetensors would write now this one first, now that one.)

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    path : Path
        The file; "-": standard output.

    Raises
    ------
    NotInstalled
        If the package safetensors is not.
    OutputError
        If it cannot be written.
    NotTrained
        If the map has no weights yet.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise NotInstalled("safetensors is not installed; pip install safetensors") from error
    from ksom import __version__

    layers = {f"{LAYER}{name}": np.ascontiguousarray(layer.values) for name, layer in som.layers.items()}
    about = {"ksom_version": __version__, **as_plain(MapFile(som.weights, **som.about()))}
    kept = {"about": json.dumps(about, sort_keys=True)}
    made = save({"weights": np.ascontiguousarray(som.weights), **layers}, kept)
    with replacing_or_printing(path) as file:
        file.write(made)
