"""Both directions of a label at once: what makes it likely, and what makes it mutual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.fitting import check_ids
from honestsignals.formulas import Model, design
from honestsignals.inference.mutual_logit import estimate_mutual, state_probabilities
from honestsignals.inference.words import counted
from honestsignals.joint_results import JointResult
from honestsignals.model_rows import model_rows
from honestsignals.result_rows import with_columns
from honestsignals.standard_errors import check_errors, codes_of, errors_of
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

SAME = 1e-9
"""Relative difference of a column's two directions that is rounding."""

FEW = 10
"""Pairs or answers a coefficient below which a reader is warned: the usual rule of thumb of a logit."""

STATES = ("none", "ego", "alter", "mutual")


@dataclass(frozen=True, eq=False)
class MutualResult(JointResult):
    """A fitted model of both directions. Prints its facts, then one table of coefficients.

    Attributes
    ----------
    answers : ndarray, shape (n, 2)
        Label of the first direction and of the second, of every pair.
    """

    answers: Array

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many pairs and people, how many of them mutual, and how well."""
        one = super().glance()
        found, ties = self.estimate, self.answers.sum(axis=1)
        null = found.null_log_likelihood
        one["events"] = int(ties.sum())
        one["base_rate"] = float(self.answers.mean())
        one["mutual"], one["one_sided"] = int((ties == 2).sum()), int((ties == 1).sum())
        one["r_squared"] = np.nan if null == 0 else 1.0 - found.log_likelihood / null
        return one

    def augment(self) -> pd.DataFrame:
        """One row a pair: ego, alter, both answers, and the probability of each state of the pair."""
        out = self.ids.reset_index(drop=True).copy()
        out[self.label], out[f"{self.label}_alter"] = self.answers.T
        shares = state_probabilities(self.estimate.predictors @ self.estimate.beta)
        return with_columns(out, {f"p_{name}": share for name, share in zip(STATES, shares.T, strict=True)})

    def _found(self) -> list[str]:
        one = self.glance().iloc[0]
        none = one["rows"] - one["mutual"] - one["one_sided"]
        return [
            f"bivariate logit of {self.label}, both directions at once: {one['pairs']:,} pairs, "
            f"{one['people']:,} people.",
            f"Base rate {one['base_rate']:.2%}: {one['events']:,} of {2 * one['rows']:,} directions; "
            f"{one['mutual']:,} pairs mutual, {one['one_sided']:,} one-sided, {none:,} neither.",
            f"McFadden's R² {number(float(one['r_squared']))}, against the base rate and one log odds ratio; "
            f"log likelihood {one['log_likelihood']:.2f}.",
        ]


def fit_mutual(
    formula: str,
    dyads: DyadTable | pd.DataFrame,
    *,
    reciprocity: str = "1",
    covariance: str = "jackknife",
    exact: bool = False,
) -> MutualResult:
    r"""Fit both directions of a binary label at once, with the log odds ratio that binds them.

    .. math:: P(y_{ij}, y_{ji}) \propto \exp(y_{ij} x_{ij}^\top\beta + y_{ji} x_{ji}^\top\beta
        + y_{ij} y_{ji} w_{ij}^\top\rho)

    :math:`\rho` is the reciprocity of the label itself beyond what the columns tell: by how much the log odds
    that i names j rise where j names i. :math:`\beta` is of one direction given the other, so it is no
    coefficient of ``fit``, whose label is one direction whatever the other. This is the part of p1
    (holland1981) and p2 (vanduijn2004) that covariates have; people have no effects of their own here, so
    where those who name many are also named by many, part of :math:`\rho` is theirs. Errors are those of
    ``fit``, with pairs as rows: pairs that share a person may depend on one another. Nominal .95 intervals of
    the jackknife cover 94–96 % at 30 and 60 people who differ, 97–98 % where they do not
    (docs/calibration_panels.md).

    Parameters
    ----------
    formula : str
        "label ~ terms", as of ``fit``; the label is 0 or 1, or a comparison ("trust >= 4").
    dyads : DyadTable or pandas.DataFrame
        One row an ordered pair. A pair is used where both of its rows are; the others are counted.
    reciprocity : str
        Terms of the log odds ratio, columns that are the same for both directions: "1", "same_office".
    covariance : {"jackknife", "dyadic", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors.
    exact : bool
        For a jackknife: refit without each person and pair, instead of one step.

    Returns
    -------
    MutualResult

    Raises
    ------
    DesignError
        Where rows have no direction, an ordered pair is in two rows, or a column of ``reciprocity`` differs
        between the two directions.
    FitError
        For labels that are separated (no mutual pair, say), columns that are combinations of others, too few
        people.

    References
    ----------
    holland1981, vanduijn2004

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * 5 + alter * 3) % 7})
    >>> frame["friend"] = ((ego * alter) % 3 == 1) | ((ego + 2 * alter) % 5 == 0)
    >>> fit_mutual("friend ~ acts", frame).tidy()[["term", "estimate", "std_error"]].round(3)
              term  estimate  std_error
    0    Intercept    -1.562      0.412
    1         acts     0.028      0.109
    2  reciprocity     2.105      1.065
    """
    check_errors(covariance, exact)
    frame = _frame_of(dyads)
    right = _terms(reciprocity)
    model, binding, pairs, apart = _designs(formula, right, dyads, frame)
    first, second = pairs
    names = tuple("reciprocity" if name == "Intercept" else f"reciprocity: {name}" for name in binding.names)
    answers = np.column_stack([model.y[first], model.y[second]])
    found = estimate_mutual((model.X[first], model.X[second]), binding.X[first], answers, model.names, names)
    ids = frame[["ego", "alter"]].iloc[model.rows[first]]
    k = len(model.names)
    terms = dict(model.terms)
    for term, places in binding.terms.items():
        key = "reciprocity" if term == "Intercept" else f"reciprocity: {term}"
        terms[key] = tuple(k + place for place in places)
    how = (False, exact)
    facts = tuple(dyads.facts()) if isinstance(dyads, DyadTable) else ()
    return MutualResult(
        formula=model.formula if right == "1" else f"{model.formula}; reciprocity ~ {right}",
        label=model.label,
        estimate=found,
        covariance=errors_of(found, codes_of(ids), covariance, how),
        ids=ids,
        terms=terms,
        left_out=model.left_out,
        said=(facts, (*apart, *_notes(answers, k, len(names)))),
        how=how,
        answers=answers,
    )


def _frame_of(dyads: DyadTable | pd.DataFrame) -> pd.DataFrame:
    """The rows, where they have a direction."""
    if isinstance(dyads, DyadTable):
        if not dyads.directed:
            raise DesignError(
                f"{dyads.label or 'The table'} has no direction: a pair has one answer and not two, so "
                "none is mutual. Use fit."
            )
        frame = dyads.frame
    elif hasattr(dyads, "columns"):
        frame = dyads
    else:
        raise ArgumentError(
            f"dyads is a {type(dyads).__name__}; it must be a DyadTable or a pandas.DataFrame."
        )
    check_ids(frame)
    return frame


def _terms(reciprocity: str) -> str:
    """The terms of the log odds ratio, without a tilde before them."""
    right = reciprocity.strip().removeprefix("~").strip() if isinstance(reciprocity, str) else ""
    if not right:
        raise ArgumentError(f"reciprocity is {reciprocity!r}; it must be terms: '1', or 'same_office'.")
    return right


def _designs(
    formula: str, right: str, dyads: DyadTable | pd.DataFrame, frame: pd.DataFrame
) -> tuple[Model, Model, tuple[Array, Array], tuple[str, ...]]:
    """Designs of the label and of the log odds ratio, of rows whose other direction is there too.

    Beside them what is to be said of columns that were taken apart.
    """
    if taken_whole(right) != right:
        raise ArgumentError(
            f"reciprocity is {right!r}; it takes columns that are the same for both of a pair, and what of a "
            "column is one person's is not. Leave decompose() to the formula."
        )
    every = design(f"{taken_whole(formula)} + {right}", dyads)
    forth, back = _paired(frame, every.rows)
    rows = np.sort(np.concatenate([forth, back]))
    some = frame.iloc[rows]
    table = replace(dyads, frame=some) if isinstance(dyads, DyadTable) else some
    whole = model_rows(formula, table)
    model, binding = whole.model, design(f"{every.label} ~ {right}", table)
    first, second = np.searchsorted(rows, forth), np.searchsorted(rows, back)
    _check_same(binding, first, second)
    left_out = dict(every.left_out)
    alone = len(every.rows) - len(rows)
    if alone:
        left_out["rows whose other direction is not known, or not in the table"] = alone
    return replace(model, rows=rows, left_out=left_out), binding, (first, second), whole.notes


def _paired(frame: pd.DataFrame, rows: Array) -> tuple[Array, Array]:
    """Of some rows those whose other direction is among them: from the first in sort order on, and back."""
    import pandas as pd

    ids = frame[["ego", "alter"]].iloc[rows]
    codes, people = pd.factorize(pd.concat([ids["ego"], ids["alter"]]), sort=True)
    ego, alter = codes[: len(rows)].astype(np.int64), codes[len(rows) :].astype(np.int64)
    keys = ego * len(people) + alter
    order = np.argsort(keys, kind="stable")
    twice = np.flatnonzero(np.diff(keys[order]) == 0)
    if twice.size:
        one = ids.iloc[order[twice[0]]]
        raise DesignError(
            f"{one['ego']} to {one['alter']} is in two rows or more; "
            "both directions at once need one row each."
        )
    back = alter * len(people) + ego
    place = np.minimum(np.searchsorted(keys[order], back), len(keys) - 1)
    there = np.flatnonzero((keys[order][place] == back) & (ego < alter))
    if not there.size:
        raise FitError("No pair has both of its directions in rows that the formula can use.")
    return rows[there], rows[order[place[there]]]


def _check_same(binding: Model, first: Array, second: Array) -> None:
    """Refuse a column of the log odds ratio that hangs on the direction."""
    forth, back = binding.X[first], binding.X[second]
    apart = (np.abs(forth - back) > SAME * np.abs(binding.X).max(axis=0)).any(axis=0)
    if apart.any():
        name = binding.names[int(np.argmax(apart))]
        raise DesignError(
            f"{name!r} differs between the two directions of a pair, and reciprocity is the pair's: give it "
            "columns that are the same for both, such as same_, gap_ or acts."
        )


def _notes(answers: Array, k: int, q: int) -> tuple[str, ...]:
    """What makes estimates doubtful: few answers of either kind, few pairs of some kind."""
    ties, found = answers.sum(axis=1), []
    ones = int(min(ties.sum(), (1 - answers).sum()))
    if ones < FEW * k:
        found.append(
            f"{ones:,} directions with the rarer answer for {counted(k, 'coefficient')}, "
            f"fewer than {FEW} each: estimates may be biased, errors too small"
        )
    counts = {"mutual": int((ties == 2).sum()), "one-sided": int((ties == 1).sum())}
    word, fewest = min(counts.items(), key=lambda item: item[1])
    if fewest < FEW * q:
        found.append(
            f"{fewest:,} {word} pairs for {counted(q, 'coefficient')} of reciprocity, fewer than {FEW} each: "
            "it may be biased, its error too small"
        )
    return tuple(found)
