"""What the expressions of a formula may call: nothing that hides a column, and nothing that moves rows."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator

import numpy as np

from honestsignals.errors import ArgumentError
from honestsignals.glossary import FORMULA_WORDS

OF_A_ROW = frozenset({"abs", "bool", "float", "int", "pow", "round"})
"""Functions of Python that take each row by itself."""

OF_THE_COLUMN = frozenset({"all", "any", "len", "max", "min", "sum"})
"""Functions of Python that make one number of a column: a fit may have them, folds may not."""

FUNCTIONS = frozenset(
    {*FORMULA_WORDS, "exp10", "exp2", "log10", "log2"}
    | {"Diff", "Helmert", "Poly", "Sum", "Treatment", "contr", "decompose"}
) - {"np"}
"""What formulas call by name: of each row by itself, or learnt anew in each fold."""

MOVING = frozenset(
    {"argsort", "at", "bfill", "cummax", "cummin", "cumprod", "cumsum", "diff", "drop", "ewm", "expanding"}
    | {"ffill", "flip", "flipud", "head", "iat", "iloc", "interpolate", "loc", "pct_change", "reindex"}
    | {"roll", "rolling", "sample", "shift", "sort", "sort_index", "sort_values", "tail", "take"}
)
"""Attributes whose values depend on which row comes after which, or that put rows elsewhere."""

METHODS = frozenset(
    {"abs", "add", "astype", "between", "clip", "div", "eq", "fillna", "floordiv", "ge", "gt", "isin"}
    | {"isna", "isnull", "le", "lt", "map", "mask", "mod", "mul", "ne", "notna", "notnull", "pow", "radd"}
    | {"rdiv", "replace", "rmul", "round", "rpow", "rsub", "rtruediv", "sub", "to_numpy", "truediv", "where"}
)
"""Methods of a column that take each row by itself, other columns row by row."""

PLAIN = frozenset({"dt", "str", "values"})
"""Attributes of a column that are still the column."""

OF_CONSTANTS = frozenset({"isin", "map", "replace"})
"""Methods that look a value up: in another column they would look through all its rows."""

NUMPY = frozenset({"around", "clip", "isin", "nan_to_num", "round", "select", "where"})
"""Functions of numpy that take each row by itself, beside its ufuncs."""

CONSTANTS = frozenset({"e", "inf", "nan", "pi"})
TYPES = frozenset({"bool", "float", "int", "str"})


def refuse_hidden(tree: ast.AST, columns: set[str]) -> None:
    """Refuse what would hide from a formula which columns it reads, or move rows away from their labels.

    Parameters
    ----------
    tree : ast.AST
        Of an expression.
    columns : set of str
        Names of columns, which functions of Python may have too.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> refuse_hidden(ast.parse("log1p(x) > 2", mode="eval"), {"x"})
    >>> refuse_hidden(ast.parse("eval('y')", mode="eval"), {"y"})
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: eval is no function of formulas: ...
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in columns and _foreign(node.id):
            raise ArgumentError(
                f"{node.id} is no function of formulas: it hides which columns are read, or moves rows. Name "
                "the columns, or make the column in the table."
            )
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            raise ArgumentError(f"{node.attr} is no part of a column that a formula may read.")
        if isinstance(node, ast.Attribute) and node.attr in MOVING and not _of_text(node):
            raise ArgumentError(
                f"{node.attr} depends on the order of rows or names, so no model takes it here."
            )
        if isinstance(node, ast.Subscript) and not _of_text(node):
            raise ArgumentError(
                f"{ast.unparse(node)!r} picks rows by their place; a formula takes whole columns, row by row."
            )


def _foreign(name: str) -> bool:
    """Whether a name is a function of Python that no formula calls."""
    if name in OF_A_ROW | OF_THE_COLUMN | TYPES or name in FUNCTIONS:
        return False
    return callable(getattr(builtins, name, None))


def _of_text(node: ast.Attribute | ast.Subscript) -> bool:
    """Whether something is asked of the words in a column, each by itself, as x.str[0]."""
    return isinstance(node.value, ast.Attribute) and node.value.attr == "str"


def hanging_on_others(tree: ast.AST, columns: Collection[str] = ()) -> str:
    """The part of an expression whose value in one row may hang on other rows; "" where there is none.

    What is known to take each row by itself passes, and so does what each fold learns (scale, bs).

    Parameters
    ----------
    tree : ast.AST
    columns : collection of str
        Names of columns, which functions of Python may have too.

    Returns
    -------
    str

    Examples
    --------
    >>> hanging_on_others(ast.parse("np.log1p(x.clip(0, 5)) > 2", mode="eval"))
    ''
    >>> hanging_on_others(ast.parse("x > sum(x) / len(x)", mode="eval"))
    'sum(x)'
    """
    parts = (part for part in _hanging(tree) if not (isinstance(part, ast.Name) and part.id in columns))
    return next((WORDS.get(type(part)) or ast.unparse(part) for part in parts), "")


def _hanging(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        yield from _of_call(node)
        return
    if isinstance(node, ast.Attribute):
        if not _plain(node):
            yield node
    elif isinstance(node, ast.Name):
        if node.id in OF_THE_COLUMN:
            yield node
    elif isinstance(node, LOOPS | ast.MatMult | ast.In | ast.NotIn):
        yield node
    for below in ast.iter_child_nodes(node):
        yield from _hanging(below)


WORDS = {ast.MatMult: "@", ast.In: "in", ast.NotIn: "not in"}
LOOPS = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Starred


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    """What hangs on others in a call: the function itself, or what it is given."""
    function = node.func
    given = [*node.args, *(one.value for one in node.keywords)]
    if isinstance(function, ast.Name):
        if function.id not in FUNCTIONS | OF_A_ROW:
            yield node
    elif not isinstance(function, ast.Attribute) or not _by_row(function):
        yield node
    else:
        looks_up = function.attr in OF_CONSTANTS and not _of_text(function)
        asked = given[1:] if _of_numpy(function) else given
        if looks_up and any(isinstance(one, ast.Name) for part in asked for one in ast.walk(part)):
            yield node
        # fillna(method="ffill") takes what the row before had
        if any(one.arg in (None, "method") for one in node.keywords):
            yield node
        if not _of_numpy(function):
            yield from _hanging(function.value)
    for part in given:
        if not (isinstance(part, ast.Name) and part.id in TYPES):
            yield from _hanging(part)


def _of_numpy(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("np", "contr")


def _by_row(function: ast.Attribute) -> bool:
    """Whether a function of numpy, or of a column, takes each row by itself."""
    if isinstance(function.value, ast.Name) and function.value.id == "contr":
        return True
    if _of_numpy(function):
        return function.attr in NUMPY or isinstance(getattr(np, function.attr, None), np.ufunc)
    if isinstance(function.value, ast.Attribute) and function.value.attr in ("str", "dt"):
        return function.attr not in ("cat", "get_dummies")
    return function.attr in METHODS


def _plain(node: ast.Attribute) -> bool:
    """Whether an attribute is the column still, a part of its dates, or a constant."""
    if isinstance(node.value, ast.Name) and node.value.id == "contr":
        return True
    if _of_numpy(node):
        return node.attr in CONSTANTS
    return node.attr in PLAIN or (isinstance(node.value, ast.Attribute) and node.value.attr == "dt")
