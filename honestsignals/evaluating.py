"""Out-of-sample evaluation: what reciprocity adds over volume, on people never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.canaries import canaries
from honestsignals.decomposing import taken_whole
from honestsignals.dyads import DyadTable
from honestsignals.errors import FitError, HonestSignalsError
from honestsignals.evaluation import Evaluation
from honestsignals.evaluation_plan import Plan, plan
from honestsignals.evaluation_words import rarer
from honestsignals.fitting import fit
from honestsignals.fold_scores import Scores, predict_folds, scored, scores_for
from honestsignals.formulas import design
from honestsignals.inference.collinearity import dependent_columns
from honestsignals.inference.label_traces import FEWEST
from honestsignals.progress import progress
from honestsignals.rungs import Ladder, Rung

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    dyads: DyadTable | pd.DataFrame,
    *,
    label: str | None = None,
    ladder: Ladder = None,
    folds: Any = "people",
    model: Any = None,
    tune: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    admit: Sequence[str] = (),
    seed: int = 0,
) -> Evaluation:
    """Score a ladder of models on pairs that they were not trained on: what does each step add?

    The first line that it prints is what give and take adds to volume, on people never seen. Scores are
    taken within each fold and averaged, never pooled over folds. The gain of a step is over the step before;
    positive is better, for every score. Two canaries fly along: dummies for people, which must foretell
    nothing of people never seen and whose lift on random pairs is shown beside; and columns that are seen to
    be made of labels, or of what came after the label was asked, are refused. Of a dyad table all columns are
    known. Of a plain frame they are not: what ranks rows just as the labels do, or what is counted from them
    (sums and means of people's labels, functions of two such sums, people whom two share), is refused; a
    mixture of labels with anything else is not seen through, and said only where it tells the label nearly
    without an error.

    Parameters
    ----------
    dyads : DyadTable or pandas.DataFrame
        One row a pair; a plain frame needs ``ego`` and ``alter``, its rows count as ordered.
    label : str, optional
        What to foretell: a column, or a comparison of one, "trust >= 3". The table's label; needed for a
        plain frame, whose label is binary where it is 0 and 1, ordinal or nominal where it is a pandas
        category, with or without an order; else continuous.
    ladder : sequence, mapping, optional
        Steps: names of known ones ("volume", "balance", "timing", the default; "persistence",
        "embeddedness", "attributes"), or {name: [columns or terms]}, each holding the steps before it; or
        formulas, which stand alone ("trust ~ log1p(acts)"; the left side may be left out: "~ acts").
        A bare column that is undefined somewhere enters as ``known(x) + undefined(x)``: 0, and an indicator.
    folds : str, splitter or sequence
        "people": trained on pairs among some people, tested on pairs among others; "across": tested on pairs
        of a known person with one never seen; "time": tested on labels asked later; "people and time";
        "blocks": one block left out at a time; "transductive": random pairs of people that are all known,
        which measures something else. Or a splitter, ours (``hs.PeopleFolds(groups=3, divisions=20)``,
        ``hs.TimeFolds(embargo="7D")``) or scikit-learn's; or pairs of places in the table, to train on and
        to test.
    model : str or estimator, optional
        By the label: "logit", "ordered_logit", "multinomial", "gaussian"; or "probit", "ordered_probit",
        "poisson"; "boosting" (gradient boosting, as a second opinion); any classifier, regressor or pipeline
        of scikit-learn, which is given a frame with the step's columns by name, ``log1p(acts)`` for one.
    tune : mapping or sequence of mappings, optional
        Settings of the estimator, each with the values to choose from, as for scikit-learn's grid search.
        The choice is made within each training set, by folds of the same kind.
    admit : sequence of str
        Columns to let in although they are made of labels, or were added to the table by hand.
    seed : int
        Of the random divisions.

    Returns
    -------
    Evaluation

    Raises
    ------
    DesignError
        For a column made of labels, of later acts, or of unknown origin; folds that the rows cannot have.
    ArgumentError, UnknownNameError
        For a ladder, a model, folds or settings that cannot be read.
    FitError
        Where no row has all that the steps ask for, or all labels are the same.

    Notes
    -----
    Estimand: the mean score, on such folds, of models trained on that many people. Its interval has dyadic
    errors on placement values (for other scores: on each row's derivative), floored at the pair form, with
    t of effective degrees of freedom. A study that finds a larger gain has a larger error: where folds are
    by people, the interval of a gain over another step reaches further up than down. How well intervals
    cover is in docs/evaluation_calibration.md. The regressions are those of :func:`honestsignals.fit` but
    for a ridge of 1e-6, by which they have an answer in every fold.
    ``wald_p`` is the dyadic Wald test (net jackknife) that the step adds anything, in one fit of all rows.

    References
    ----------
    delong1988, fafchamps2007, bates2024

    Examples
    --------
    >>> import honestsignals as hs
    >>> dyads = hs.open_study("data/helpdesk").dyads(label="friendship")
    >>> found = hs.evaluate(dyads, seed=1)
    >>> found.steps
    ('base rate', 'volume', 'balance', 'timing')
    >>> found.tidy()[["step", "auc", "auc_gain"]].round(3)
            step    auc  auc_gain
    0  base rate  0.500       NaN
    1     volume  0.886     0.386
    2    balance  0.888     0.002
    3     timing  0.864    -0.024
    """
    with progress() as tell:
        tell("Settling rows and folds")
        settled = plan(dyads, label, ladder, folds=folds, model=(model, tune), admit=admit, seed=seed)
        found = predict_folds(settled, tell, settled.folds)
        tell("Scoring")
        made = scored(settled.y, found, scores_for(settled.task), settled.people[:2])
        beside = (*settled.beside, *_flawless(settled, made))
        settled = replace(settled, beside=beside)
        tell("Testing steps")
        walds = _walds(settled)
        return Evaluation(settled, tuple(found), made, walds, canaries(settled, tell))


FLAWLESS = {"auc": 0.995, "somers_d": 0.99, "r2": 0.99}
"""Scores on rows not trained on from which on a step foretells better than anything is likely to."""


def _flawless(settled: Plan, made: Scores) -> list[str]:
    """What is to be said of the first step that foretells almost without an error.

    Its columns may be made of labels together although none is alone, as two whose difference is the label.
    """
    if rarer(settled) < FEWEST // 2:
        return []
    mean = made.mean()
    for place, rung in enumerate(settled.rungs, 1):
        for k, score in enumerate(made.scores):
            if mean[place, k] >= FLAWLESS.get(score.name, np.inf):
                return [
                    f"{rung.name} foretells {settled.label} almost without an error in rows that it was not "
                    f"trained on ({score.title} {mean[place, k]:.3f}): make sure that nothing in it, nor "
                    "what its columns come to together, is made of labels or of what came later"
                ]
    return []


def _walds(settled: Plan) -> dict[str, tuple[float, str]]:
    """The dyadic test that each step adds anything, in one fit of all rows; NaN with the reason if none."""
    found: dict[str, tuple[float, str]] = {}
    for rung in settled.rungs:
        if not settled.learner.family:
            found[rung.name] = (float("nan"), "the model is no regression")
        elif not rung.nested:
            found[rung.name] = (float("nan"), "the step is a formula of its own")
        elif not rung.adds:
            found[rung.name] = (float("nan"), "the step before has all its terms")
        else:
            try:
                found[rung.name] = _wald(settled, rung)
            except HonestSignalsError as error:
                found[rung.name] = (float("nan"), str(error))
    return found


NO_ERRORS = "its coefficients have no dyadic errors, as too few rows have the rarer answer"
"""Why there is no test where nothing else says so."""


def _wald(settled: Plan, rung: Rung) -> tuple[float, str]:
    """The p value that a step adds nothing, and what was left out for saying what other columns say."""
    formula, family = f"{settled.label} ~ {rung.terms}", settled.learner.family
    without: list[str] = []
    try:
        result = fit(formula, settled.table, family=family)
    except FitError:
        model = design(taken_whole(formula), settled.table)
        twice = {name for name, _ in dependent_columns(model.X, model.names)}
        without = [
            term for term, places in model.terms.items() if {model.names[place] for place in places} <= twice
        ]
        if not without:
            raise
        if set(rung.adds) <= set(without):
            return float("nan"), "its columns are combinations of those before, so it can add nothing"
        terms = [term for term in model.terms if term not in without and term != "Intercept"]
        result = fit(f"{settled.label} ~ {' + '.join(terms)}", settled.table, family=family)
    test = result.wald([term for term in rung.adds if term in result.model.terms])
    if not test.p_value >= 0:
        return float("nan"), test.note or NO_ERRORS
    return float(test.p_value), f"without {', '.join(without)}" if without else ""
