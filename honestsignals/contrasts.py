"""Linear combinations of a fit's coefficients, with their errors and their joint test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations, wald
from honestsignals.printed import Printed
from honestsignals.standard_errors import ERRORS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Contrast(Printed):
    """Linear combinations of coefficients, and the test that all of them are what was said.

    Attributes
    ----------
    names : tuple of str
        The combinations, as they were written.
    found : Combinations
        What each comes to, less what was said of it.
    test : WaldTest
        That all of them hold.
    errors : str
        Which standard errors.
    notes : tuple of str
        What else a reader must know before the numbers.
    """

    names: tuple[str, ...]
    found: Combinations
    test: WaldTest
    errors: str
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a combination: term, estimate, std_error, statistic, p_value, low, high, df."""
        import pandas as pd

        one = self.found
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": one.estimate,
                "std_error": one.std_error,
                "statistic": one.statistic,
                "p_value": one.p_value,
                "low": one.low,
                "high": one.high,
                "df": one.df,
            }
        )

    def facts(self) -> list[str]:
        """The joint test, which errors, and what they lack."""
        lines = [f"All together: {self.test}.", self.errors]
        return [*lines, *(f"Note: {note}." for note in self.notes)]

    def note(self) -> str:
        """The joint test and the errors, in one line."""
        return f"All together: {self.test}. {self.errors}"


def contrast(
    estimate: Estimate, covariance: Covariance, restrictions: str, level: float = 0.95, exact: bool = False
) -> Contrast:
    r"""Linear combinations of coefficients, as text says them: :math:`R\theta - r`, row by row and together.

    Parameters
    ----------
    estimate : Estimate
    covariance : Covariance
    restrictions : str
        Parts divided by commas: "a - b", "a = b", "(a + b) / 2 = 0.5, c = 0", in the names of coefficients.
        What stands right of the sign is taken from what stands left of it.
    level : float
        Coverage of the intervals.
    exact : bool
        Whether a jackknife refitted, as facts should say.

    Returns
    -------
    Contrast

    Raises
    ------
    ArgumentError
        For text that is no linear combination, or combinations that depend on one another.
    UnknownNameError
        For a coefficient that the fit does not have.

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> from honestsignals.inference.covariance import covariance_of
    >>> X = np.column_stack([np.ones(6), np.arange(6.0), [0, 1, 0, 0, 1, 0]])
    >>> fit = estimate(X, np.array([1.0, 2, 2, 4, 5, 5]), "gaussian", ["Intercept", "acts", "log1p(given)"])
    >>> V = covariance_of(fit, np.arange(6), np.arange(1, 7), fit.names, "classical")
    >>> found = contrast(fit, V, "acts - log1p(given) = 0.5, Intercept = 1")
    >>> found.tidy()[["term", "estimate", "std_error"]].round(3)
                            term  estimate  std_error
    0  acts - log1p(given) = 0.5    -0.114      0.456
    1              Intercept = 1    -0.214      0.395
    """
    parts = _parts(restrictions, estimate.names)
    rows = [_row(text, read, estimate.names) for text, read in parts]
    R, values = np.array([row for row, _ in rows]), np.array([value for _, value in rows])
    if np.linalg.matrix_rank(R) < len(R):
        raise ArgumentError(
            f"Of the combinations {restrictions!r} some follow from others, or contradict them."
        )
    found = combinations(estimate.beta, covariance, R, values, level)
    test = wald(estimate.beta, covariance, restrictions=R, values=values)
    refits = " (exact refits)" if exact else ""
    errors = f"Standard errors: {ERRORS[covariance.name]}{refits}; intervals are {100 * level:g} %."
    return Contrast(tuple(text for text, _ in parts), found, test, errors, covariance.notes)


def terms_asked(terms: object) -> list[str]:
    """Names of the terms that a joint test is asked of: one, or several.

    >>> terms_asked("acts")
    ['acts']
    >>> terms_asked(3)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: terms is 3; it must be the name of a term, or several names.
    """
    wanted = [terms] if isinstance(terms, str) else terms
    if not isinstance(wanted, Iterable) or isinstance(wanted, bytes):
        raise ArgumentError(f"terms is {terms!r}; it must be the name of a term, or several names.")
    names = list(wanted)
    odd = next((one for one in names if not isinstance(one, str)), None)
    if odd is not None:
        raise ArgumentError(f"{odd!r} is among the terms; each must be the name of a term.")
    if not names:
        raise ArgumentError("wald needs at least one term.")
    return names


def _parts(restrictions: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Each part as it was written, and with coefficients as c0, c1, …, which Python can read.

    Names may hold signs, brackets and commas: the longest that stands at a place is meant, and backticks
    settle where it ends.
    """
    if not isinstance(restrictions, str) or not restrictions.strip():
        raise ArgumentError(f"The combination is {restrictions!r}; it must be text, as 'a - b = 0, c = 1'.")
    longest = sorted(names, key=len, reverse=True)
    bare = "|".join(rf"(?<![\w.]){re.escape(name)}(?!\w)" for name in longest)
    pieces, at = [["", ""]], 0
    for found in re.finditer(rf"`([^`]*)`|{bare}|,", restrictions):
        between, at = restrictions[at : found.start()], found.end()
        pieces[-1][0] += between
        pieces[-1][1] += between
        if found.group() == ",":
            pieces.append(["", ""])
            continue
        name = found.group(1) if found.group(1) is not None else found.group()
        if name not in names:
            raise unknown("coefficient", name, names)
        pieces[-1][0] += found.group()
        pieces[-1][1] += f" _c{list(names).index(name)} "
    pieces[-1][0] += restrictions[at:]
    pieces[-1][1] += restrictions[at:]
    if not all(text.strip() for text, _ in pieces):
        raise ArgumentError(f"The combination {restrictions!r} has nothing between two commas, or at an end.")
    return [(text.strip(), read.strip()) for text, read in pieces]


def _row(text: str, read: str, names: Sequence[str]) -> tuple[Floats, float]:
    """One row of R, and its r."""
    sides = read.split("=")
    if len(sides) > 2 or not all(side.strip() for side in sides):
        raise ArgumentError(
            f"The combination {text!r} cannot be read; it must be one side, or 'one = other'."
        )
    total = np.zeros(len(names) + 1)
    for sign, side in zip((1.0, -1.0), sides, strict=False):
        try:
            tree = ast.parse(side.strip(), mode="eval")
        except SyntaxError as error:
            raise ArgumentError(
                f"The combination {text!r} cannot be read. Coefficients are {', '.join(names)}; names with "
                "signs of their own may stand between backticks."
            ) from error
        total += sign * _form(tree.body, names, text)
    if not np.isfinite(total).all() or not total[:-1].any():
        raise ArgumentError(f"The combination {text!r} has no coefficient in it, or a number without end.")
    return total[:-1], -float(total[-1])


def _form(node: ast.expr, names: Sequence[str], text: str) -> Floats:
    """A linear form: how much of each coefficient, and a number."""
    form = np.zeros(len(names) + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        form[-1] = node.value
        return form
    if isinstance(node, ast.Name):
        place = re.fullmatch(r"_c(\d+)", node.id)
        if place is None:
            raise unknown("coefficient", node.id, names)
        form[int(place.group(1))] = 1.0
        return form
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return _form(node.operand, names, text) * (-1.0 if isinstance(node.op, ast.USub) else 1.0)
    if isinstance(node, ast.BinOp):
        left, right = _form(node.left, names, text), _form(node.right, names, text)
        if isinstance(node.op, ast.Add | ast.Sub):
            return left + right if isinstance(node.op, ast.Add) else left - right
        if isinstance(node.op, ast.Mult) and not (left[:-1].any() and right[:-1].any()):
            return left * right[-1] if left[:-1].any() else left[-1] * right
        if isinstance(node.op, ast.Div) and not right[:-1].any() and right[-1] != 0:
            return left / right[-1]
    raise ArgumentError(
        f"The combination {text!r} is not linear: coefficients may be added, subtracted, and multiplied with "
        "or divided by numbers."
    )
