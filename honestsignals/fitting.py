"""Regressions of a label on give and take, with errors that know that pairs share people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.column_checks import rows_of_pairs
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError
from honestsignals.fixed_effects import fit_beside_effects
from honestsignals.formulas import Model
from honestsignals.inference.estimators import estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.person_effects import effect_kinds
from honestsignals.label_families import OF_TYPE, ORDINAL, PLAIN, family_of
from honestsignals.model_rows import model_rows
from honestsignals.result import Result
from honestsignals.row_batches import Batched, is_batched
from honestsignals.standard_errors import check_errors, codes_of, errors_of
from honestsignals.streamed_fits import How, fit_streamed

if TYPE_CHECKING:
    import os

    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

__all__ = ["OF_TYPE", "ORDINAL", "PLAIN", "check_ids", "fit"]


def fit(
    formula: str,
    dyads: DyadTable | pd.DataFrame | Batched | str | os.PathLike[str],
    *,
    family: str | None = None,
    covariance: str = "jackknife",
    exact: bool = False,
    weights: str | Sequence[float] | None = None,
    fixed_effects: str | Sequence[str] | None = None,
    labels: pd.DataFrame | None = None,
) -> Result:
    """Fit a label of pairs to their give and take.

    Parameters
    ----------
    formula : str
        "label ~ terms": columns of the table, ``log1p(x)``, and ``known(x)`` (x, or 0 where it is
        undefined) to stand beside ``in_contact`` or ``undefined(x)`` (1 where it is, else 0). A plain ``x``
        leaves out rows where it is undefined.
        ``decompose(x)`` stands for what of x is ego's, alter's and the pair's (see :func:`decompose`). The
        left side may compare: "acquaintance >= 3".
    dyads : DyadTable, pandas.DataFrame, path or StoredTable
        One row a pair. A plain frame needs columns ``ego`` and ``alter``; its rows count as ordered. The rows
        of a Parquet file, a folder of them or a stored table are gone through some at a time: the same
        numbers, in memory that does not grow with the rows (docs/scale_fits.md).
    family : str, optional
        "gaussian", "logit", "probit", "poisson", "ordered_logit", "ordered_probit" or "multinomial" (against
        the label's first level). Taken from the label's type; needed for a plain frame unless the left side
        compares. Cut points of an ordered label stand for the intercept: P(Y ≤ l) = F(cut − xβ).
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors (fafchamps2007, aronow2015; docs/calibration.md has how well they cover).
    exact : bool
        For a jackknife: refit without each person and pair, instead of one step.
    weights : str or sequence of float, optional
        A column, or a number a row, by which each row's log likelihood counts. Estimates, and errors that sum
        over pairs or people, are those of as many rows alike; classical errors of a gaussian take weights for
        precisions, hc1 and its degrees of freedom count rows. Rows of weight 0, or without one, are left out
        and counted.
    fixed_effects : {"sender and receiver", "sender", "receiver", "person"} or tuple of str, optional
        An effect for every sender, receiver, or person at both ends of a row (rows without direction): slopes
        compare rows of the same people. Gaussian exactly, as with a dummy for each; logit by quadruples of
        rows whose labels alternate (charbonneau2017, jochmans2018, graham2017; docs/fixed_effects.md).
    labels : pandas.DataFrame, optional
        For rows that come some at a time: ``ego``, ``alter`` and labels of pairs, joined to the rows.

    Returns
    -------
    Result
        A ``FixedEffectsResult`` beside fixed effects, a ``StreamedResult`` of rows that were not kept.

    Raises
    ------
    DesignError
        Where rows have no direction and a column depends on who is called ego.
    FitError
        For a label that is separated, columns that are combinations of others, too few people.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["trust"] = 0.5 * frame["acts"] + np.sin(ego + alter)
    >>> fit("trust ~ acts", frame, family="gaussian").tidy()[["term", "estimate", "std_error"]].round(3)
            term  estimate  std_error
    0  Intercept    -0.050      0.135
    1       acts     0.518      0.048
    """
    check_errors(covariance, exact)
    if is_batched(dyads):
        return fit_streamed(formula, dyads, How(family, covariance, exact, weights, fixed_effects, labels))
    if labels is not None:
        raise ArgumentError("labels are joined to rows that come some at a time; merge them into the frame.")
    frame = rows_of_pairs(dyads)
    table = dyads if isinstance(dyads, DyadTable) else frame
    check_ids(frame)
    rows = model_rows(formula, table, weights)
    model, how_much = rows.model, rows.weights
    chosen, notes = family_of(model, table, family)
    ids = frame[["ego", "alter"]].iloc[model.rows]
    facts: tuple[str, ...] = ()
    if isinstance(dyads, DyadTable):
        facts = tuple(dyads.facts())
    else:
        notes = (*notes, PLAIN)
    notes = (*notes, *rows.notes)
    directed = not isinstance(dyads, DyadTable) or dyads.directed
    if fixed_effects is not None:
        kinds, said = effect_kinds(fixed_effects), (facts, notes)
        how = (covariance, exact)
        return fit_beside_effects(model, chosen, kinds, how_much, how, ids=ids, said=said, directed=directed)
    if FAMILIES[chosen].cuts:
        model = model.without_intercept()
    found = estimate(
        model.X, model.y, chosen, model.names, weights=how_much, levels=_level_names(model, chosen)
    )
    errors = errors_of(found, codes_of(ids), covariance, (directed, exact))
    return Result(model, found, errors, ids, facts, notes, exact, directed)


def _level_names(model: Model, family: str) -> list[str] | None:
    """Names of the levels that occur, where the label is of categories."""
    if not (model.levels and FAMILIES[family].levels):
        return None
    return [model.levels[int(place)] for place in np.unique(model.y)]


def check_ids(frame: pd.DataFrame) -> None:
    """Refuse rows that lack one of the two, pair somebody with themselves, or name one person in two ways."""
    for name in ("ego", "alter"):
        if name not in frame.columns:
            raise ArgumentError(f"The table has no column {name!r}; every row needs the two of its pair.")
        if frame[name].isna().any():
            raise ArgumentError(f"{name} is missing in {int(frame[name].isna().sum()):,} rows.")
    # rows are many and people few
    both = dict.fromkeys([*frame["ego"].tolist(), *frame["alter"].tolist()])
    kinds = {"text" if isinstance(one, str) else "number" for one in both}
    if len(kinds) > 1:
        raise ArgumentError("ego and alter hold text and numbers, so that '1' and 1 would be two people.")
    blank = next((one for one in both if isinstance(one, str) and one != one.strip()), None)
    if blank is not None:
        raise ArgumentError(
            f"The id {blank!r} has blanks at its ends; without them it would be somebody else."
        )
    same = int((frame["ego"].to_numpy() == frame["alter"].to_numpy()).sum())
    if same:
        raise ArgumentError(f"In {same:,} rows ego and alter are the same person.")
