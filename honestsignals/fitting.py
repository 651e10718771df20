"""Regressions of a label on give and take, with errors that know that pairs share people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, one_of
from honestsignals.formulas import Model, design
from honestsignals.inference.covariance import COVARIANCES
from honestsignals.inference.estimators import FAMILIES, estimate
from honestsignals.result import Result, codes_of, errors_of

if TYPE_CHECKING:
    import pandas as pd


def fit(
    formula: str,
    dyads: DyadTable | pd.DataFrame,
    *,
    family: str | None = None,
    covariance: str = "jackknife",
    exact: bool = False,
) -> Result:
    """Fit a label of pairs to their give and take.

    Parameters
    ----------
    formula : str
        "label ~ terms": columns of the table, ``log1p(x)``, and ``known(x)`` (x, or 0 where it is
        undefined) to stand beside ``in_contact``. A plain ``x`` leaves out rows where it is undefined.
        The left side may compare: "acquaintance >= 3".
    dyads : DyadTable or pandas.DataFrame
        One row a pair. A plain frame needs columns ``ego`` and ``alter``; its rows count as ordered.
    family : {"gaussian", "logit"}, optional
        Taken from the label's type; needed for a plain frame unless the left side compares.
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical"}
        Which standard errors (fafchamps2007, aronow2015; docs/calibration.md has how well they cover).
    exact : bool
        For the jackknife of a logit: refit without each person and pair, instead of one step.

    Returns
    -------
    Result

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
    one_of("covariance", covariance, tuple(COVARIANCES))
    if exact and covariance != "jackknife":
        raise ArgumentError(f"exact is for the jackknife; {covariance} errors leave nobody out.")
    if not isinstance(dyads, DyadTable) and not hasattr(dyads, "columns"):
        raise ArgumentError(
            f"dyads is a {type(dyads).__name__}; it must be a DyadTable or a pandas.DataFrame."
        )
    frame = dyads.frame if isinstance(dyads, DyadTable) else dyads
    _check_ids(frame)
    model = design(formula, dyads)
    chosen, notes = _family(model, dyads, family)
    found = estimate(model.X, model.y, chosen, model.names)
    ids = frame[["ego", "alter"]].iloc[model.rows]
    facts: tuple[str, ...] = ()
    if isinstance(dyads, DyadTable):
        facts = tuple(dyads.facts())
    else:
        notes = (*notes, "a plain frame: ego and alter are taken as they stand")
    directed = not isinstance(dyads, DyadTable) or dyads.directed
    errors = errors_of(found, codes_of(ids), model.names, covariance, (directed, exact))
    return Result(model, found, errors, ids, facts, notes, exact, directed)


def _check_ids(frame: pd.DataFrame) -> None:
    for name in ("ego", "alter"):
        if name not in frame.columns:
            raise ArgumentError(f"The table has no column {name!r}; every row needs the two of its pair.")
        if frame[name].isna().any():
            raise ArgumentError(f"{name} is missing in {int(frame[name].isna().sum()):,} rows.")
    both = [*frame["ego"].tolist(), *frame["alter"].tolist()]
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


def _family(model: Model, dyads: DyadTable | pd.DataFrame, family: str | None) -> tuple[str, tuple[str, ...]]:
    """Family of the model: as asked, or as the label's type has it."""
    notes: tuple[str, ...] = ()
    if family is not None:
        one_of("family", family, FAMILIES)
    elif model.truth:
        family = "logit"
    elif isinstance(dyads, DyadTable) and model.label == dyads.label:
        family = "logit" if dyads.design.label_type == "binary" else "gaussian"
    else:
        raise ArgumentError(f"The family of {model.label!r} is not known; say family='gaussian' or 'logit'.")
    ordinal = (
        isinstance(dyads, DyadTable) and model.label == dyads.label and dyads.design.label_type == "ordinal"
    )
    if ordinal and family == "gaussian":
        notes = ("the levels of the ordinal label are treated as numbers",)
    return family, notes
