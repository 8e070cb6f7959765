"""What is public is documented, argument by argument."""

import inspect
import re

import pytest

import ksom
import ksom.sklearn
import ksom.testing

PUBLIC = {name: getattr(module, name) for module in (ksom, ksom.sklearn, ksom.testing) for name in module.__all__}
AS_ANOTHER = {"topographic_error": "quantization_error", "SOMClassifier": "SOM", "SOMRegressor": "SOM"}


def methods():
    for name, thing in PUBLIC.items():
        for key, method in vars(thing).items() if isinstance(thing, type) else ():
            if not key.startswith("_") and isinstance(method, (property, staticmethod, classmethod, type(methods))):
                yield pytest.param(thing, key, id=f"{name}.{key}")


def documented(docstring):
    """Return the names of the parameters that a numpydoc docstring explains."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S+\n-+$|\Z)", docstring, flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^(\w[\w, ]*?)(?: : .*)?$", section.group(1), flags=re.MULTILINE) if section else []
    return [name for head in heads for name in re.split(r",\s*", head)]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_docstring_of_its_own(name):
    assert vars(PUBLIC[name]).get("__doc__") if isinstance(PUBLIC[name], type) else PUBLIC[name].__doc__


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in AS_ANOTHER])
def test_every_argument_is_documented_in_the_order_of_the_call(name):
    thing = PUBLIC[name]
    if isinstance(thing, type) and issubclass(thing, Exception):
        return
    arguments = list(inspect.signature(thing).parameters)
    explained = documented(inspect.getdoc(thing))
    assert explained == arguments


@pytest.mark.parametrize(("cls", "key"), list(methods()))
def test_every_public_method_has_a_docstring(cls, key):
    assert inspect.getdoc(getattr(cls, key))
