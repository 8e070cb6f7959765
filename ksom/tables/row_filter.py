"""Which rows of a table are meant, as an expression over its columns: read by a grammar of its own, never executed.

`age >= 18 and city != 'Rome' and not is_missing(income) and kind in ('a', 'b')`

An expression is made of comparisons (`<`, `<=`, `>`, `>=`, `==`, `!=`, chained as in `0 < age < 18`) of columns with
numbers, texts and each other; `in` and `not in` a list; `is_missing(column)`; `and`, `or`, `not` and brackets. A column
whose name is no word is written `column('its name')`; a column of true and false may stand alone. A time is compared
with a text such as '2026-01-31 12:00'. A comparison with a missing value does not hold, whatever it is: `!=` neither.
"""

import ast
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from ksom.errors import ParameterError, quoted
from ksom.tables.kinds import MUST, NUMBER, OTHER, TEXT, TIME, arrow, is_missing, seconds_of

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 2000
"""Characters of an expression."""

LARGEST = sys.float_info.max

DEEPEST = 50
"""Brackets, and whatever else, within each other."""

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal",
    ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip
"""What they are called in pyarrow.compute."""

SIGNS = "<, <=, >, >=, ==, !=, in, not in"

GRAMMAR = "comparisons of columns, `in`, is_missing(column), `and`, `or`, `not`"

Condition = Callable[[Mapping[str, Any]], Any]
"""From the columns by name to which rows are meant."""


class _Value(NamedTuple):
    """A side of a comparison."""

    kind: str
    of: Condition
    """From the columns to the value, or the values."""
    is_constant: bool = False
    """Whether it is the same for all rows."""


class RowFilter:
    """Which rows of a table are meant.

    Parameters
    ----------
    text : str
        The expression.
    kind : callable
        What the column of a name holds; raises `DataError` if there is none.

    Attributes
    ----------
    numbers, texts : list of str
        The columns that it asks for, as numbers and as texts.

    Raises
    ------
    ParameterError
        Naming the part that cannot be.
    DataError
        If there is no such column.
    """

    def __init__(self, text: str, kind: Callable[[str], str]) -> None:
        self._text, self._kind = text, kind
        self.numbers: list[str] = []
        self.texts: list[str] = []
        self._condition = self._condition_of(_parsed(text), 0)

    def __str__(self) -> str:
        return quoted(self._text)

    def mask(self, numbers: "Mapping[str, pa.Array]", texts: "Mapping[str, pa.Array]") -> "pa.BooleanArray":
        """Return which rows are meant, by their columns."""
        return self._condition({**{name: numbers[name] for name in self.numbers},
                                **{name: texts[name] for name in self.texts}})  # fmt: skip

    def _condition_of(self, node: ast.expr, depth: int) -> Condition:
        if depth > DEEPEST:
            raise self._refusal(node, f"is nested deeper than {DEEPEST}")
        match node:
            case ast.BoolOp(op, parts):
                return _joined("and_" if isinstance(op, ast.And) else "or_",
                               [self._condition_of(part, depth + 1) for part in parts])  # fmt: skip
            case ast.UnaryOp(ast.Not(), part):
                inner = self._condition_of(part, depth + 1)
                return lambda columns: _compute().invert(inner(columns))
            case ast.Compare(left, signs, others):
                sides = [left, *others]
                return _joined(
                    "and_", [self._comparison(node, *one) for one in zip(sides, signs, others, strict=False)]
                )
            case ast.Call(ast.Name("is_missing"), [argument], []):
                column = self._value(argument)
                if not column.is_constant:
                    return lambda columns: is_missing(column.of(columns))
            case ast.Name() | ast.Call(ast.Name("column")):
                return self._comparison(node, node, ast.NotEq(), ast.Constant(0))
        raise self._refusal(node, "is no condition")

    def _comparison(self, whole: ast.expr, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Condition:
        if isinstance(sign, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
                raise self._refusal(right, "must be a list, such as ('a', 'b')")
            of_each = [self._comparison(whole, left, ast.Eq(), member) for member in right.elts]
            found, column = _joined("or_", of_each), self._value(left)
            if isinstance(sign, ast.In):
                return found
            return lambda columns: _compute().and_not(_compute().invert(found(columns)), is_missing(column.of(columns)))
        if type(sign) not in COMPARISONS:
            raise self._refusal(whole, f"is compared otherwise than by {SIGNS}")
        first, second = self._alike(whole, self._value(left), self._value(right))
        compare = COMPARISONS[type(sign)]

        def holds(columns: Mapping[str, Any]) -> Any:
            sides = first.of(columns), second.of(columns)
            compared = _compute().fill_null(getattr(_compute(), compare)(*sides), False)
            return reduce(_compute().and_not, map(is_missing, sides), compared)

        return holds

    def _alike(self, whole: ast.expr, first: _Value, second: _Value) -> tuple[_Value, _Value]:
        """Return two sides that can be compared."""
        if first.is_constant and second.is_constant:
            raise self._refusal(whole, "compares no column")
        first, second = self._as_time(whole, first, second), self._as_time(whole, second, first)
        if (first.kind == TEXT) != (second.kind == TEXT):
            raise self._refusal(whole, "compares a text with a number; a text stands in quotes")
        return first, second

    def _as_time(self, whole: ast.expr, value: _Value, other: _Value) -> _Value:
        if not (value.is_constant and value.kind == TEXT and other.kind == TIME):
            return value
        try:
            return _constant(seconds_of(value.of({}).as_py()))
        except ValueError:
            raise self._refusal(whole, f"must have {MUST[TIME]}") from None

    def _value(self, node: ast.expr) -> _Value:
        match node:
            case ast.Name(name) | ast.Call(ast.Name("column"), [ast.Constant(str(name))], []):
                return self._column(node, name)
            case ast.Constant(str(text)):
                return _Value(TEXT, lambda _: arrow().scalar(text), is_constant=True)
            case ast.Constant(int() | float() as number):
                return self._number(node, number)
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
                return self._number(node, -number)
        raise self._refusal(node, "is neither a column nor a number nor a text")

    def _column(self, node: ast.expr, name: str) -> _Value:
        kind = self._kind(name)
        if kind == OTHER:
            raise self._refusal(node, "holds neither numbers nor texts nor times")
        known = self.texts if kind == TEXT else self.numbers
        known.extend([name] if name not in known else [])
        return _Value(kind, lambda columns: columns[name])

    def _number(self, node: ast.expr, number: float) -> _Value:
        if not -LARGEST <= number <= LARGEST:
            raise self._refusal(node, "is too large a number")
        return _constant(float(number))

    def _refusal(self, node: ast.expr, why: str) -> ParameterError:
        part = ast.get_source_segment(self._text, node) or self._text
        return ParameterError("where", f"choose rows by {GRAMMAR} ({quoted(part)} {why})", self._text)


def _parsed(text: Any) -> ast.expr:
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ParameterError("where", f"be a text of at most {LONGEST} characters", text)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        why = str(getattr(error, "msg", error)) or "nested too deep"
        raise ParameterError("where", f"choose rows by {GRAMMAR} ({why})", text) from None


def _constant(number: float) -> _Value:
    return _Value(NUMBER, lambda _: arrow().scalar(number), is_constant=True)


def _joined(how: str, conditions: list[Condition]) -> Condition:
    """Return a condition for which all ("and_"), or some ("or_"), of `conditions` hold."""
    return lambda columns: reduce(getattr(_compute(), how), (condition(columns) for condition in conditions))


def _compute() -> Any:
    import pyarrow.compute

    return pyarrow.compute
