"""A map as one ONNX graph, from raw features to node, distance, label and cluster, with the very answers of ksom.

Float32 products, as converters write them, find other nodes for 99.98 % of samples at an offset of 10⁴. Here float64
products about the nodes' mean only choose 8 nodes; these are compared as ksom compares, by differences in the working
precision whose terms are added feature by feature. A sample whose 8 might not hold the nearest, by the bound on all
roundings that ksom's own search has, is compared with every node so.

One thread of onnxruntime, 1,000 rows a call: 16 features and 2,500 nodes 48,000 rows a second, 784 features 4,000. It
takes about 20 bytes for each row of a call and each node: a map of a million nodes is asked for a few rows at a time.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.answers import Answers
from ksom.errors import DataError, NotTrained, quoted
from ksom.exports.graph import Graph
from ksom.kernels.rounding import MOST_FEATURES, score_margin
from ksom.layers import CLUSTERS, LABELS
from ksom.map_file import Layer
from ksom.method.bends import Bend, Log1p
from ksom.method.distance import Chebyshev, Cosine, Distance, Euclidean, Manhattan
from ksom.method.labels import node_labels
from ksom.method.scales import Scales
from ksom.samples import largest_value
from ksom.whole_files import replacing_or_printing

SHORTLIST = 8
"""Nodes that are compared exactly, if they are sure to hold the nearest: more than a node and those around it."""
FEW_NODES = 256
"""Up to so many are all compared exactly: choosing some would take longer."""
MOST_BYTES = 2_000_000_000
"""Of weights: the file of a graph ends at 2 GiB."""


class Steps(NamedTuple):
    """A distance in operators of ONNX."""

    term: str
    """Of a difference d: `Mul`, d · d, or `Abs`."""
    added: str
    """What adds a term to the total."""
    scaled: bool
    """Whether a total over some of the features is divided by their share."""


STEPS: dict[type[Distance], Steps] = {
    Euclidean: Steps("Mul", "Add", scaled=True),
    Cosine: Steps("Mul", "Add", scaled=False),
    Manhattan: Steps("Abs", "Add", scaled=True),
    Chebyshev: Steps("Abs", "Max", scaled=False),
}

TEXT = """Best matching nodes of a self-organising map, as ksom finds them, to the bit.

features: float64, (n, D), data units, columns as `feature_names` has them; cast other types to float64.
node: int64, (n,), row * width + column. distance: map units. label, cluster: if the map has them; cluster -1: none.
A row that ksom refuses (no number, infinite, too large, a direction of zeros) has node and cluster -1, distance NaN."""


def write_onnx(som: Answers, path: Path) -> None:
    """Write a map as an ONNX graph; the file is whole or absent.

    Raises
    ------
    OutputError
        If it cannot be written.
    DataError, NotInstalled, NotTrained
        As `onnx_model`.
    """
    made = onnx_model(som).SerializeToString()
    with replacing_or_printing(path) as file:
        file.write(made)


def onnx_model(som: Answers) -> Any:
    """Return a map as an ONNX model: opset 18, standard operators only.

    Input: `features`, float64, shape (n, D), data units; the encoded ones, where the map encodes a table's columns
    (metadata `encoding` says how); NaN where a value is missing, if the map keeps those. Outputs, each of shape (n,):

    - `node`: int64, row * width + column, the lowest index of equals;
    - `distance`: map units, in the map's precision;
    - `label`: text, as `KohonenSOM.predict` has it; if the map has labels;
    - `cluster`: int64, -1 for none; if the map has clusters.

    Node and distance have the bits of `best_matching_nodes` for every sample, on a runtime that computes each operator
    as IEEE 754 has it, such as onnxruntime on a processor; where the map scales by logarithms, whose last bit every
    library rounds its own way, for samples that are not almost exactly between two nodes. A graph cannot refuse: a row
    that ksom refuses has node and cluster -1, distance NaN and label "".

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.

    Returns
    -------
    onnx.ModelProto
        Metadata: `ksom_version`, `height`, `width`, `dtype`, `feature_names` and `encoding` (JSON), `digest` (SHA-256
        of the weights).

    Raises
    ------
    DataError
        If the map has a distance of somebody's own, scales by ranks, or is too large for the format.
    NotInstalled
        If the package onnx is not.
    NotTrained
        If the map has no weights yet, or was not fitted to data.
    """
    weights = som.weights
    if type(som.distance) not in STEPS:
        told = f"only {', '.join(cls.__name__.lower() for cls in STEPS)} can be written in ONNX"
        raise DataError(f"the map's distance {quoted(som.distance)} is a class of somebody's own; {told}")
    if weights.nbytes > MOST_BYTES:
        told = f"its weights take {weights.nbytes / 1e9:.3g} GB, and an ONNX file ends at 2 GB"
        raise DataError(f"the map: {told}; export it as safetensors")
    graph = Graph()
    _answer(graph, som, graph.input("features", np.float64, ["n", som.features]), weights)
    return graph.as_model("ksom", _metadata(som, weights), TEXT)


class _Samples(NamedTuple):
    """Samples as the map computes with them, and what is to be known of each; as names of a graph's results."""

    values: str
    """Map units, the working precision, shape (n, D); 0 where a value is missing, and in rows that are refused."""
    accepted: str
    """Which rows ksom would not refuse, shape (n,)."""
    missing: str | None
    """Where no value is known, shape (n, D)."""


class _Nearest(NamedTuple):
    """The nearest node and the sum of terms to it, each of shape (n, 1); as names of a graph's results."""

    node: str
    total: str


def _answer(graph: Graph, som: Answers, features: str, weights: NDArray[Any]) -> None:
    planes = graph.constant(np.ascontiguousarray(weights.reshape(-1, som.features).T))
    samples = _taken(graph, som, features)
    few = weights[..., 0].size <= FEW_NODES or som.features > MOST_FEATURES
    direct = few or STEPS[type(som.distance)].term == "Abs" or samples.missing
    found = (_compared if direct else _shortlisted)(graph, som, samples, planes)
    column = graph.constant([1], np.int64)
    node, distance = (
        graph.add("Squeeze", value, column) for value in (found.node, _reported(graph, som, found, samples))
    )
    node = graph.add("Where", samples.accepted, node, graph.constant(-1, np.int64))
    distance = graph.add("Where", samples.accepted, distance, graph.constant(np.nan, som.dtype))
    graph.output("node", node, np.int64, ["n"])
    graph.output("distance", distance, som.dtype, ["n"])
    for name, of_nodes in _known(som.layers).items():
        known = graph.add("Gather", graph.constant(of_nodes), node)
        graph.output(name, known, of_nodes.dtype, ["n"])


def _known(layers: dict[str, Layer]) -> dict[str, NDArray[Any]]:
    """Return what is known of each node, and as a last one of node -1, each of shape (K + 1,)."""
    known: dict[str, NDArray[Any]] = {}
    if LABELS in layers:
        known["label"] = np.append(node_labels(layers).labels, "").astype(object)
    if CLUSTERS in layers:
        known["cluster"] = np.append(layers[CLUSTERS].values.ravel().astype(np.int64), -1)
    return known


def _taken(graph: Graph, som: Answers, features: str) -> _Samples:
    """Add what `Intake.block` does."""
    values, along = features, graph.constant([1], np.int64)
    if not som.intake.scaling.changes_nothing:
        scales = _scales(som)
        centre, factor = (graph.constant(part[np.newaxis]) for part in (scales.centre, scales.factor))
        values = _bent(graph, scales.bends, values) if scales.bends else values
        values = graph.add("Mul", graph.add("Sub", values, centre), factor)
    missing = graph.add("IsNaN", features) if som.intake.keeps_missing else None
    if missing:
        values = graph.add("Where", missing, graph.constant(0, np.float64), values)
    largest = graph.add("ReduceMax", graph.add("Abs", values), along, keepdims=1)
    if som.distance.on_sphere:
        values = _directions(graph, som, values, largest)
    values = graph.cast(values, som.dtype)
    limit = graph.constant(largest_value(som.dtype, som.features), som.dtype)
    within = graph.cast(graph.add("LessOrEqual", graph.add("Abs", values), limit), np.int32)  # NaN is not
    accepted = graph.cast(graph.add("ReduceMin", within, along, keepdims=1), np.bool_)
    if missing:
        there = graph.cast(graph.add("ReduceMin", graph.cast(missing, np.int32), along, keepdims=1), np.bool_)
        accepted = graph.add("And", accepted, graph.add("Not", there))
    values = graph.add("Where", accepted, values, graph.constant(0, som.dtype))
    return _Samples(values, graph.add("Squeeze", accepted, along), missing)


def _scales(som: Answers) -> Scales:
    if som.intake.scales is None:
        raise NotTrained("this map has not seen the data yet that its scaling is fitted to; train it")
    return som.intake.scales


def _bent(graph: Graph, bends: tuple[Bend | None, ...], values: str) -> str:
    """Add sign(x) · ln(1 + |x|) of the features that are bent, as accurate as float64 is (Kahan's way).

    With u = 1 + |x| rounded, ln(1 + |x|) = |x| · ln(u) / (u − 1), or |x| where u is 1.
    """
    for bend in bends:
        if bend is not None and not isinstance(bend, Log1p):
            told = "cannot be written in ONNX; take another scaling, or export it as safetensors"
            raise DataError(f"the map's scaling {type(bend).__name__.lower()} {told}")
    one, size = graph.constant(1, np.float64), graph.add("Abs", values)
    u = graph.add("Add", size, one)
    ratio = graph.add("Div", size, graph.add("Sub", u, one))
    logarithm = graph.add("Where", graph.add("Equal", u, one), size, graph.add("Mul", graph.add("Log", u), ratio))
    is_bent = graph.constant(np.array([[bend is not None for bend in bends]]))
    return graph.add("Where", is_bent, graph.add("Mul", graph.add("Sign", values), logarithm), values)


def _directions(graph: Graph, som: Answers, values: str, largest: str) -> str:
    """Add x / ‖x‖ in float64, as `ksom.intake.directions` has it; NaN for a sample of zeros."""
    ones = graph.add("Div", values, largest)
    no_weights = graph.constant(np.zeros((som.features, 1, 1)))
    squares = _totals(graph, som.distance, np.dtype(np.float64), [_by_feature(graph, ones), no_weights], 1)
    return graph.add("Div", ones, graph.add("Sqrt", squares))


def _compared(graph: Graph, som: Answers, samples: _Samples, planes: str) -> _Nearest:
    """Add the comparison with every node."""
    values, column = [_by_feature(graph, samples.values)], graph.constant([1], np.int64)
    values.append(graph.add("Unsqueeze", planes, column))
    if samples.missing:
        values.append(_by_feature(graph, samples.missing))
    totals = _totals(graph, som.distance, som.dtype, values, som.lattice.size)
    return _least(graph, totals)


def _shortlisted(graph: Graph, som: Answers, samples: _Samples, planes: str) -> _Nearest:
    """Add the comparison with a shortlist of nodes, and with all for the samples whose list may lack the nearest."""
    chosen, in_doubt = _shortlist(graph, som, samples.values, planes)
    column = graph.constant([1], np.int64)
    values = [_by_feature(graph, samples.values), graph.add("Gather", planes, chosen, axis=1)]
    found = _least(graph, _totals(graph, som.distance, som.dtype, values, SHORTLIST))
    found = found._replace(node=graph.add("GatherElements", chosen, found.node, axis=1))
    rows = graph.add("Transpose", graph.add("NonZero", graph.add("Squeeze", in_doubt, column)), perm=[1, 0])
    kept, again = Graph(graph), Graph(graph)
    some = samples._replace(values=again.add("Gather", samples.values, again.add("Squeeze", rows, column), axis=0))
    for before, now, dtype in zip(found, _compared(again, som, some, planes), (np.int64, som.dtype), strict=True):
        kept.output(kept.new_name(), before, dtype)
        again.output(again.new_name(), again.add("ScatterElements", before, rows, now, axis=0), dtype)
    any_doubt = graph.cast(graph.add("Size", rows), np.bool_)
    return _Nearest(*graph.add_many("If", [any_doubt], 2, then_branch=again.made(), else_branch=kept.made()))


def _least(graph: Graph, totals: str) -> _Nearest:
    """Add the choice of the least of each row, the first of equals."""
    node = graph.add("ArgMin", totals, axis=1, keepdims=1, select_last_index=0)
    return _Nearest(node, graph.add("GatherElements", totals, node, axis=1))


def _totals(graph: Graph, distance: Distance, dtype: np.dtype[Any], values: list[str], nodes: int) -> str:
    """Add a loop that adds the terms feature by feature, shape (n, nodes).

    Parameters
    ----------
    values : list of str
        Samples, shape (D, n, 1), weights, (D, 1 or n, nodes), and maybe what is missing, (D, n, 1).
    """
    rows = graph.add("Shape", values[0], start=1, end=2)
    shape = graph.add("Concat", rows, graph.constant([nodes], np.int64), axis=0)
    nothing = graph.add("Expand", graph.constant(0, dtype), shape)
    body = _one_feature(Graph(graph), STEPS[type(distance)], dtype, has_missing=len(values) > 2)
    return graph.add("Scan", nothing, *values, body=body, num_scan_inputs=len(values))


def _one_feature(body: Graph, steps: Steps, dtype: np.dtype[Any], *, has_missing: bool) -> Any:
    """Return the loop's body: totals, with the terms of one more feature."""
    totals, sample, weight = (body.input(body.new_name(), dtype) for _ in range(3))
    difference = body.add("Sub", weight, sample)
    term = body.add(steps.term, *[difference] * (2 if steps.term == "Mul" else 1))
    if has_missing:
        missing = body.input(body.new_name(), np.bool_)
        term = body.add("Where", missing, body.constant(0, dtype), term)
    body.output(body.new_name(), body.add(steps.added, totals, term), dtype)
    return body.made("one_feature")


def _by_feature(graph: Graph, values: str) -> str:
    """Add a turn of values of shape (n, D) to (D, n, 1)."""
    return graph.add("Unsqueeze", graph.add("Transpose", values, perm=[1, 0]), graph.constant([2], np.int64))


def _reported(graph: Graph, som: Answers, found: _Nearest, samples: _Samples) -> str:
    """Add what `reported_distances` does."""
    total = found.total
    if samples.missing and STEPS[type(som.distance)].scaled:
        there = graph.cast(graph.add("Not", samples.missing), np.int64)
        present = graph.add("ReduceSum", there, graph.constant([1], np.int64), keepdims=1)
        present = graph.cast(graph.add("Max", present, graph.constant([1], np.int64)), np.float64)
        share = graph.add("Div", present, graph.constant(som.features, np.float64))
        total = graph.add("Div", total, graph.cast(share, som.dtype))
    if type(som.distance) is Euclidean:
        return graph.add("Sqrt", total)
    return graph.add("Div", total, graph.constant(2, som.dtype)) if som.distance.on_sphere else total


def _shortlist(graph: Graph, som: Answers, values: str, planes: str) -> tuple[str, str]:
    """Add the choice of the nodes of least ‖w − c‖² − 2 (x − c)·(w − c), c the mean of the nodes, in float64.

    Returns
    -------
    nodes : str
        Shape (n, SHORTLIST), ascending.
    in_doubt : str
        Where they may lack the nearest node, shape (n, 1): the last of them is not farther from the first than all
        roundings may matter; see `score_margin`.
    """
    weights = som.weights.reshape(-1, som.features).astype(np.float64)
    centre = weights.mean(axis=0)
    reach = float(np.sqrt(np.square(weights - centre).sum(axis=1).max()))
    first, column = graph.constant([0], np.int64), graph.constant([1], np.int64)
    sample = graph.add("Sub", graph.cast(values, np.float64), graph.constant(centre[np.newaxis]))
    node = graph.add("Sub", graph.cast(planes, np.float64), graph.constant(centre[:, np.newaxis]))
    products = graph.add("MatMul", sample, graph.add("Mul", node, graph.constant(-2, np.float64)))
    scores = graph.add("Add", products, graph.add("ReduceSumSquare", node, first, keepdims=1))
    count = graph.constant([SHORTLIST], np.int64)
    least, nodes = graph.add_many("TopK", [scores, count], 2, axis=1, largest=0, sorted=1)
    nearest, farthest = (
        graph.add("Gather", least, graph.constant([at], np.int64), axis=1) for at in (0, SHORTLIST - 1)
    )
    square = graph.add("ReduceSumSquare", sample, column, keepdims=1)
    radius = graph.add("Add", graph.add("Sqrt", square), graph.constant(reach, np.float64))
    sure = _sure(graph, som, graph.add("Sub", farthest, nearest), radius, reach)
    in_order = graph.add_many("TopK", [nodes, count], 2, axis=1, largest=0, sorted=1)[0]
    return in_order, graph.add("Not", sure)


def _sure(graph: Graph, som: Answers, apart: str, radius: str, reach: float) -> str:
    """Add the question whether scores are farther apart than rounding matters."""
    margin = score_margin(som.features, som.dtype)
    factor = graph.add("Mul", radius, graph.constant(margin.for_radius, np.float64))
    factor = graph.add("Add", factor, graph.constant(margin.for_reach * reach, np.float64))
    bound = graph.add("Add", graph.add("Mul", radius, factor), graph.constant(margin.underflow, np.float64))
    in_range = graph.add("Less", graph.add("Mul", radius, radius), graph.constant(margin.largest, np.float64))
    return graph.add("And", in_range, graph.add("Greater", apart, bound))


def _metadata(som: Answers, weights: NDArray[Any]) -> dict[str, str]:
    """Return what the model tells of itself."""
    from ksom import __version__

    names = som.encoding.feature_names if som.encoding else som.feature_names
    about = {"ksom_version": __version__, "height": str(som.lattice.height), "width": str(som.lattice.width)}
    about |= {"dtype": som.dtype.name, "digest": hashlib.sha256(np.ascontiguousarray(weights).data).hexdigest()}
    if names:
        about["feature_names"] = json.dumps(names)
    return about | ({"encoding": json.dumps(som.encoding.as_plain())} if som.encoding else {})
