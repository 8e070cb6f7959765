"""Maps as estimators of scikit-learn: `SOM` transforms and clusters, `SOMClassifier` and `SOMRegressor` predict.

They train by `ksom.Batch` in float64, from first weights along the principal axes: nothing is left to chance nor,
but for rounding, to the order of the samples; a sample of weight 2 counts like the sample twice. `som_` is the trained
map, a `ksom.KohonenSOM` to be saved, drawn and measured like any other.
"""

from ksom.errors import NotInstalled

try:
    from ksom.sklearn.classifier import SOMClassifier
    from ksom.sklearn.regressor import SOMRegressor
    from ksom.sklearn.som import SOM
except ImportError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    told = f"ksom.sklearn needs scikit-learn 1.6 or later ({error}); pip install 'kohonen2[sklearn]'"
    raise NotInstalled(told) from error

__all__ = ["SOM", "SOMClassifier", "SOMRegressor"]
