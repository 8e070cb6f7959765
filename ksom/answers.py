"""What a map with weights says about samples."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_choice, require_integer
from ksom.best_matching import BestMatching
from ksom.calibration import QUANTILE, calibration, scores, threshold, usual_terms
from ksom.columns import column_names, table_like
from ksom.encoding import called
from ksom.errors import ParameterError
from ksom.kernels.backend import BLOCK_DISTANCES
from ksom.map_file import Layer
from ksom.method.matches import walk
from ksom.method.neighbourhood import Neighbourhood
from ksom.method.strange_features import strangest, terms_of
from ksom.predictions import Predictions, named, of_nodes


class Answers(BestMatching):
    """The half of a `KohonenSOM` that reads its weights and never changes them."""

    neighbourhood: Neighbourhood
    units: tuple[str | None, ...] | None = None
    layers: dict[str, Layer]

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The weights in data units, shape (height, width, D): their scaling undone.

        NaN for a feature of weight 0, of which the map knows nothing; directions where the distance compares those.
        """
        return self.intake.undone(self.weights)

    def predict(self, samples: ArrayLike, *, strange: int = 0) -> Any:
        """Return what the map says about each sample: its node, how far that is, and what is known of the node.

        Parameters
        ----------
        samples : array_like of shape (n, D), a table with named columns, or a sparse matrix
            Data units. A table's columns are found by their names; the map's file keeps how they became features.
        strange : int
            How many features to name, for each sample, that make it unlike its node; see `strange_features`.

        Returns
        -------
        Predictions, or a table
            Arrays of shape (n,): node, its row and column, distance, and, as far as the map knows them, label and its
            share, cluster, novelty and whether that is more than the threshold. For a table, a table of the same kind
            with these columns.

        Raises
        ------
        DataError, NotTrained
            As `best_matching_nodes`.
        ParameterError, NotCalibrated
            As `strange_features`, if some are asked for.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0, 0.0], [1.0, 1.0]]])
        >>> som.predict([[0.9, 1.0]]).node_column.tolist()
        [1]
        """
        require_integer("strange", strange, minimum=0, maximum=self.features)
        found = self.said_of(samples, *self.best_matching_nodes(samples, return_distances=True), strange=strange)
        return found if column_names(samples) is None else table_like(samples, found.columns())

    def said_of(
        self, samples: Any, nodes: NDArray[np.int64], distances: NDArray[Any], *, strange: int = 0
    ) -> Predictions:
        """Return what the map says about samples of which the best matching nodes are known; see `predict`."""
        found = of_nodes(self.lattice, self.layers, nodes, distances)
        if strange:
            features, _ = self.strange_features(samples, strange)
            found = found._replace(strange=named(features, called(self.features, self.feature_names, self.encoding)))
        return found

    def transform(self, samples: ArrayLike, output: str = "distances") -> NDArray[Any]:
        """Describe each sample by the map.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a sparse matrix
            Data units.
        output : {"distances", "coordinates"}
            "distances": ‖w − x‖ to every node, map units; "coordinates": row and column of the best matching node.

        Returns
        -------
        ndarray of shape (n, K) or (n, 2)
            In the working precision, or lattice steps in float64.

        Raises
        ------
        DataError, ParameterError, NotTrained
            As `best_matching_nodes`.
        """
        if require_choice("output", output, ("distances", "coordinates")) == "coordinates":
            nodes: NDArray[np.int64] = self.best_matching_nodes(samples)
            return self.lattice.coordinates()[nodes]
        rows = self._rows(samples)
        distances = np.empty((len(rows), self.lattice.size), dtype=self.dtype)
        block_rows = max(1, BLOCK_DISTANCES // self.lattice.size)
        for some, block in self._blocks(rows, block_rows, self.intake):
            distances[some] = self.kernels.distances(block)
        return distances

    def fill_in(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Return the samples with each missing value filled in: that of the best node, among the values that are there.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units; NaN where a value is missing, whatever the map keeps or refuses in training.

        Returns
        -------
        ndarray of shape (n, D)
            Data units, float64; values that are there are untouched. NaN stays where the feature has the weight 0.

        Raises
        ------
        DataError
            If the samples are not numbers of shape (n, D), or one has no value at all.
        ParameterError
            If the map compares directions: they do not tell how large a value is.
        NotTrained
            If the map has no weights yet.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0, 1.0], [5.0, 6.0]]])
        >>> som.fill_in([[4.5, 6.5]]).tolist()
        [[4.5, 6.5]]
        """
        if self.distance.on_sphere:
            raise ParameterError("distance", "tell how large values are, to fill some in", self.distance)
        filled = np.array(self._rows(samples, keep_missing=True), dtype=np.float64)
        missing = np.isnan(filled)
        nodes, _ = self._search(filled, 1, replace(self.intake, missing="keep"))
        some = np.flatnonzero(missing.any(axis=1))
        filled[missing] = self.prototypes.reshape(-1, self.features)[nodes[some]][missing[some]]
        return filled

    def calibrate(self, samples: Any, held_out: Any = None, quantile: float = QUANTILE) -> None:
        """Let the map know which distances are usual, so that it can say what is novel.

        Gives it the layers `hits`, `distances` and `usual_distance`, in one search.

        Parameters
        ----------
        samples : array_like of shape (N, D), table or Dataset
            What it has learned from, data units.
        held_out : array_like of shape (n, D), table or Dataset, optional
            Samples that it has not learned from: their scores give the threshold, so that neither a map that has
            learned its samples by heart nor oddities among them spoil it. Default: the samples themselves.
        quantile : float
            The threshold is this quantile of the scores, above 0 and at most 1: no more than 1 − quantile of the
            samples that give it are novel.

        Raises
        ------
        ParameterError
            If the quantile is no such number.
        DataError, NotTrained
            As `best_matching_nodes`.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 2, initial=[[[0.0], [10.0]]])
        >>> som.calibrate([[-1.0], [1.0], [9.0], [11.0]])
        >>> som.is_novel([[0.5], [15.0]]).tolist()
        [False, True]
        """
        others = None if held_out is None else self.walkable(held_out)
        self.layers |= calibration(self, self.walkable(samples), others, quantile) or {}

    def novelty(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Return how unlike the training's samples each sample is: d / u_b, shape (n,).

        d is the distance to the best matching node, u_b the distance that is usual there: 1 is usual, 2 twice as far.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units.

        Raises
        ------
        NotCalibrated
            If the map does not know which distances are usual: `calibrate` tells it.
        DataError, NotTrained
            As `best_matching_nodes`.
        """
        return scores(self.layers, *self.best_matching_nodes(samples, return_distances=True))

    def is_novel(self, samples: ArrayLike) -> NDArray[np.bool_]:
        """Return whether the `novelty` of each sample is above the map's threshold, shape (n,); raises as that does."""
        is_novel: NDArray[np.bool_] = self.novelty(samples) > threshold(self.layers)
        return is_novel

    def strange_features(self, samples: ArrayLike, count: int = 3) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the features by which each sample differs from its best matching node more than samples use to.

        The share of a feature is its term of the distance, divided by its mean term in training, of the sum of these;
        a feature that is missing has no share.

        Parameters
        ----------
        samples : array_like of shape (n, D), or a table with named columns
            Data units.
        count : int
            How many features, from 1 to D.

        Returns
        -------
        features : ndarray of shape (n, count)
            Their indices, that of the largest share first; -1 where no further feature differs.
        shares : ndarray of shape (n, count)
            From 0 to 1.

        Raises
        ------
        ParameterError
            If there are not so many features, or the map compares directions: one feature changes all of those.
        NotCalibrated, DataError, NotTrained
            As `novelty`.
        """
        if self.distance.on_sphere:
            told = "compare feature by feature, to tell which are strange: one of them changes all of a direction"
            raise ParameterError("distance", told, self.distance)
        count = require_integer("count", count, minimum=1, maximum=self.features)
        usual, weights = usual_terms(self.layers, self.features), self.weights.reshape(self.lattice.size, -1)
        found = [
            strangest(terms_of(self.distance, some.block, weights[some.nodes[:, 0]]), usual, count)
            for some in walk(self, self.walkable(samples), 1)
        ]
        features, shares = zip(*found, strict=True)
        return np.concatenate(features), np.concatenate(shares)
