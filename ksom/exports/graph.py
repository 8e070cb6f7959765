"""An ONNX graph in the making."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import NotInstalled

OPSET, IR_VERSION = 18, 8
"""Of December 2022, so that older runtimes read it too."""


class Graph:
    """Operators and constants in the order in which they are added; each result is called by a name of its own.

    Parameters
    ----------
    outer : Graph, optional
        The graph that this one is a branch or the body of a loop of, whose results it may use.

    Raises
    ------
    NotInstalled
        If the package onnx is not.
    """

    def __init__(self, outer: "Graph | None" = None) -> None:
        try:
            from onnx import helper, numpy_helper
        except ImportError as error:
            raise NotInstalled("onnx is not installed; pip install onnx") from error
        self._helper, self._numpy_helper = helper, numpy_helper
        self.numbers: count[int] = outer.numbers if outer else count()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def input(self, name: str, dtype: Any, shape: Sequence[int | str | None] | None = None) -> str:
        """Declare what the graph is given; None: of any shape."""
        self.inputs.append(self._helper.make_tensor_value_info(name, self.kind(dtype), shape))
        return name

    def output(self, name: str, value: str, dtype: Any, shape: Sequence[int | str | None] | None = None) -> None:
        """Declare a result as what the graph returns, by another name."""
        self._nodes.append(self._helper.make_node("Identity", [value], [name]))
        self.outputs.append(self._helper.make_tensor_value_info(name, self.kind(dtype), shape))

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add a constant; of texts with the dtype object."""
        name = self.new_name()
        self._constants.append(self._numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one result, and return what that is called."""
        return self.add_many(operator, inputs, 1, **attributes)[0]

    def add_many(self, operator: str, inputs: Sequence[str], results: int, **attributes: Any) -> list[str]:
        """Add an operator with several results, and return what they are called."""
        names = [self.new_name() for _ in range(results)]
        self._nodes.append(self._helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def new_name(self) -> str:
        """Return a name that nothing has."""
        return f"r{next(self.numbers)}"

    def cast(self, value: str, dtype: Any) -> str:
        """Add a conversion to a numpy dtype, rounded as numpy rounds."""
        return self.add("Cast", value, to=self.kind(dtype))

    def kind(self, dtype: Any) -> int:
        """Return ONNX's number for a dtype."""
        return int(self._helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def made(self, name: str = "branch") -> Any:
        """Return the graph as ONNX has it."""
        return self._helper.make_graph(self._nodes, name, self.inputs, self.outputs, self._constants)

    def as_model(self, name: str, about: dict[str, str], text: str) -> NDArray[Any] | Any:
        """Return the graph as a model, checked by onnx itself.

        Parameters
        ----------
        name : str
            What it is called.
        about : dict of str to str
            Its metadata.
        text : str
            What it does, in words.
        """
        from onnx import checker

        from ksom import __version__

        opset = [self._helper.make_opsetid("", OPSET)]
        model = self._helper.make_model(
            self.made(name),
            opset_imports=opset,
            ir_version=IR_VERSION,
            producer_name="ksom",
            producer_version=__version__,
            doc_string=text,
        )
        self._helper.set_model_props(model, about)
        checker.check_model(model, full_check=True)
        return model
