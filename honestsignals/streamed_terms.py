"""What the terms of a formula learn from all rows, where rows come some at a time: means, bounds, levels."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.formula_calls import hanging_on_others
from honestsignals.formula_words import OF_ALL_ROWS, expressions_of, tree_of, variables_of
from honestsignals.formulas import right_columns
from honestsignals.new_values import unlisted

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOMENTS = frozenset({"center", "scale", "standardize"})
"""Functions that learn a mean and a standard deviation."""

MOST_LEVELS = 1_000
"""More levels than this of one factor make a design that is no smaller than its rows."""


@dataclass
class Moments:
    """Count, mean, sum of squares about it, least and largest of what a function of all rows is given.

    >>> some = Moments()
    >>> some.add(np.array([1.0, 2.0]))
    >>> some.add(np.array([6.0]))
    >>> some.count, some.mean, some.squares, some.low, some.high
    (3, 3.0, 14.0, 1.0, 6.0)
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf

    def add(self, values: Array) -> None:
        """Add some values."""
        if not values.size:
            return
        # what is infinite is refused once the design has been made
        with np.errstate(all="ignore"):
            own = float(values.mean())
            total, apart = self.count + values.size, np.float64(own - self.mean)
            self.squares += float(((values - own) ** 2).sum() + apart**2 * self.count * values.size / total)
            self.mean += float(apart * values.size / total)
        self.count = total
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))


@dataclass(frozen=True)
class Learnt:
    """A call of a function that learns from all rows.

    Attributes
    ----------
    key : str
        As formulaic keeps its state.
    name : str
        Of the function.
    of : str
        What it is given.
    options : mapping of str to constant
    moments : Moments
    """

    key: str
    name: str
    of: str
    options: Mapping[str, Any]
    moments: Moments = field(default_factory=Moments)

    def state(self, first: Mapping[str, Any]) -> dict[str, Any]:
        """The state of all rows, in place of that of the first."""
        found = self.moments
        if self.name == "bs":
            return {**first, **self._bounds()}
        centre = self.options.get("center", True)
        wide = self.options.get("rescale" if self.name == "standardize" else "scale", self.name != "center")
        squares = found.squares if centre else found.squares + found.count * found.mean**2
        with np.errstate(all="ignore"):
            spread = np.sqrt(np.float64(squares) / (found.count - first["ddof"]))
        return {**first, "center": found.mean if centre else None, "scale": spread if wide else None}

    def _bounds(self) -> dict[str, Any]:
        """Bounds of a spline and its knots, which begin and end with them."""
        low = self.options.get("lower_bound", self.moments.low)
        high = self.options.get("upper_bound", self.moments.high)
        ends = self.options.get("degree", 3) + 1
        knots = [*[low] * ends, *self.options.get("knots", ()), *[high] * ends]
        return {"lower_bound": low, "upper_bound": high, "knots": knots}


def refuse_crossing(left: str, right: str, columns: Sequence[str]) -> None:
    """Refuse what one row takes from others in a way that no pass can learn.

    Raises
    ------
    DesignError

    Examples
    --------
    >>> refuse_crossing("y", "x / max(x)", ["x", "y"])
    Traceback (most recent call last):
    honestsignals.errors.DesignError: max(x) looks at all rows at once, ...
    """
    for expression in [left, *expressions_of(right)]:
        part = "" if expression in columns else hanging_on_others(tree_of(expression)[0], columns)
        if part:
            raise DesignError(
                f"{part} looks at all rows at once, and these come some at a time. Make the column in the "
                "table, or fit the table in memory."
            )


def learnt_calls(spec: Any, columns: Sequence[str]) -> list[Learnt]:
    """Calls in a formula of functions that learn from all rows.

    Parameters
    ----------
    spec : formulaic.ModelSpec
    columns : sequence of str
        That it names.

    Returns
    -------
    list of Learnt

    Raises
    ------
    DesignError
        For functions that learn more than a pass can tell.
    """
    return [_learnt(key, columns) for key, state in spec.transform_state.items() if state]


def _learnt(key: str, columns: Sequence[str]) -> Learnt:
    tree, _ = tree_of(key)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or len(tree.args) != 1:
        raise _not_learnt(key)
    try:
        options = {str(one.arg): ast.literal_eval(one.value) for one in tree.keywords}
    except ValueError:
        raise _not_learnt(key) from None
    name, inner = tree.func.id, ast.walk(tree.args[0])
    nested = any(isinstance(one, ast.Name) and one.id in OF_ALL_ROWS for one in inner)
    switches = all(isinstance(options.get(one, True), bool) for one in ("center", "scale", "rescale"))
    if nested or not ((name in MOMENTS and switches) or (name == "bs" and "df" not in options)):
        raise _not_learnt(key)
    return Learnt(key, name, _requoted(tree.args[0], columns), options)


def _requoted(tree: ast.expr, columns: Sequence[str]) -> str:
    """An expression with names between backticks where formulaic put stand-ins for them."""
    stand_ins = {
        re.sub(r"^(?=\d)", "_", re.sub(r"\W", "_", one)): one for one in columns if not one.isidentifier()
    }
    names = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id not in columns]
    marked = {}
    for place, one in enumerate(one for one in names if one.id in stand_ins):
        marked[f"quoted{place}_"] = f"`{stand_ins[one.id]}`"
        one.id = f"quoted{place}_"
    text = ast.unparse(tree)
    for mark, column in marked.items():
        text = text.replace(mark, column)
    return text


def _not_learnt(key: str) -> DesignError:
    return DesignError(
        f"{key} learns from all rows what no pass over some at a time tells. What does: center(x), scale(x), "
        "standardize(x), bs(x, knots=[...]), C(x). Or make the column in the table, or fit in memory."
    )


def uncoded(factor: str) -> str:
    """A factor without what says how its levels are coded: in some rows a level may be missing that it names.

    >>> uncoded("C(site, contr.treatment('south'))"), uncoded("site")
    ('C(site)', 'site')
    """
    try:
        tree, quoted = tree_of(factor)
    except SyntaxError:
        return factor
    if not (
        isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "C" and tree.args
    ):
        return factor
    text = ast.unparse(tree.args[0])
    for stand_in, column in quoted.items():
        text = text.replace(stand_in, f"`{column}`")
    return f"C({text})"


@dataclass(eq=False)
class Levels:
    """Levels of the factors of a formula, as they occur.

    Attributes
    ----------
    found : dict of str to list
        Factor, without its coding, to levels.
    same : dict of str to bool
        Whether all parts had the same.
    """

    found: dict[str, list[Any]] = field(default_factory=dict)
    same: dict[str, bool] = field(default_factory=dict)

    def add(self, spec: Any) -> None:
        """Add the levels of some rows."""
        for factor, (kind, state) in spec.encoder_state.items():
            if kind.value != "categorical":
                continue
            name, levels = str(factor), list(state["categories"])
            before = self.found.setdefault(name, levels)
            self.same[name] = self.same.get(name, True) and before == levels
            there = set(before)
            self.found[name] = [*before, *(one for one in levels if one not in there)]
            if len(self.found[name]) > MOST_LEVELS:
                raise ArgumentError(
                    f"{name} has more than {MOST_LEVELS:,} levels, each of which is a column."
                )

    def ordered(self, factor: str, order: Mapping[str, Sequence[Any]]) -> list[Any]:
        """Levels of a factor in the order in which a table in memory has them."""
        import pandas as pd

        name = uncoded(factor)
        levels, read = self.found[name], variables_of(name, order)
        if self.same[name]:
            return levels
        if len(read) == 1:
            places = {one: place for place, one in enumerate(order[min(read)])}
            if set(levels) <= set(places):
                return sorted(levels, key=places.__getitem__)
        return list(pd.Categorical(levels).categories)

    def listed(self, factor: str, right: str, order: Mapping[str, Sequence[Any]]) -> list[Any]:
        """The same of a factor whose formula may list its levels; refused where rows have others."""
        named: list[ast.expr] = []
        if uncoded(factor) != factor:
            call = tree_of(factor)[0]
            named = [one.value for one in getattr(call, "keywords", []) if one.arg == "levels"]
        levels = self.ordered(factor, order)
        if not named:
            return levels
        stated = list(ast.literal_eval(named[0]))
        others = [one for one in levels if one not in stated]
        if others:
            raise unlisted(right, "{" + ", ".join(map(repr, others)) + "}")
        return stated


def sketch(right: str, rows: pd.DataFrame) -> Any:
    """How a formula makes columns, as far as rows tell that may lack a level which it names.

    Parameters
    ----------
    right : str
    rows : pandas.DataFrame

    Returns
    -------
    formulaic.ModelSpec
        Kinds of factors and what the first rows teach, without columns.
    """
    from formulaic import Formula, ModelSpec

    formula = Formula(right)
    factors = {
        one.expr: one for term in formula for one in term.factors if one.eval_method.value != "literal"
    }
    plain = {
        expr: f"`{expr}`" if one.eval_method.value == "lookup" else uncoded(expr)
        for expr, one in factors.items()
    }
    made = right_columns(" + ".join(["1", *dict.fromkeys(plain.values())]), rows)[3]
    kinds = {
        expr: made.encoder_state[text.strip("`") if text[0] == "`" else text] for expr, text in plain.items()
    }
    return ModelSpec(
        formula=formula, encoder_state=kinds, transform_state=made.transform_state, na_action="ignore"
    )


def spec_of_all(
    right: str, first: Any, calls: Sequence[Learnt], levels: Levels, order: Mapping[str, Sequence[Any]]
) -> Any:
    """How a formula makes columns, with what it learnt from all rows in place of the first.

    Parameters
    ----------
    right : str
    first : formulaic.ModelSpec
        Of the first rows.
    calls : sequence of Learnt
    levels : Levels
    order : mapping of str to sequence
        Levels of columns of categories, in their order.

    Returns
    -------
    formulaic.ModelSpec
        Without the structure, which it finds with the next rows.
    """
    states = {one.key: one.state(first.transform_state[one.key]) for one in calls}
    coded = {
        factor: (kind, {**state, "categories": levels.listed(str(factor), right, order)})
        if kind.value == "categorical"
        else (kind, state)
        for factor, (kind, state) in first.encoder_state.items()
    }
    for _, state in coded.values():
        if "contrasts" in state:
            state["contrasts"] = replace(state["contrasts"], levels=state["categories"])
    return first.update(
        structure=None, transform_state={**first.transform_state, **states}, encoder_state=coded
    )
