"""Fits over tables that need not fit into memory: passes over rows that come some at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.dealt_rows import DealtRows, PeopleCodes, files_for
from honestsignals.errors import ArgumentError, DesignError, FitError, disk_error
from honestsignals.formulas import Model
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES, Family, shifts
from honestsignals.inference.streamed import Summary, check, solve_streamed, summarise
from honestsignals.inference.streamed_sums import Sums, sums_of
from honestsignals.label_families import PLAIN, family_of
from honestsignals.progress import progress
from honestsignals.row_batches import PairRows, pair_rows
from honestsignals.streamed_design import StreamedDesign, question
from honestsignals.streamed_results import StreamedResult, Unkept, errors_of_sums, refuse_refits

if TYPE_CHECKING:
    import pandas as pd

PART_ROWS = 200_000
"""Rows that are read at a time."""

Tell = Callable[[str], None]


class How(NamedTuple):
    """How a fit was asked for; see :func:`honestsignals.fit`."""

    family: str | None = None
    covariance: str = "jackknife"
    exact: bool = False
    weights: str | Sequence[float] | None = None
    fixed_effects: Any = None
    labels: pd.DataFrame | None = None


def fit_streamed(formula: str, dyads: Any, how: How, *, part_rows: int = PART_ROWS) -> StreamedResult:
    """Fit a label of pairs without holding their rows.

    The table is read two or three times: for the kinds of its columns, for what terms learn from all rows (if
    they do), and to make the design, whose rows are dealt by pair into files of a temporary folder; 8 bytes a
    row and column, 24 more a row. Newton's steps and the sums of scores and Hessians by person go through
    those. In memory are some rows, and of each person at most p² + 4p + 3 numbers.

    Parameters
    ----------
    formula : str
    dyads : path or Batched
        A Parquet file, a folder of them, a stored table, or what hands over batches like one.
    how : How
    part_rows : int
        Rows that are read at a time.

    Returns
    -------
    StreamedResult

    Raises
    ------
    DesignError
        For fixed effects, and what else needs rows together.
    """
    if how.fixed_effects is not None:
        raise DesignError(
            "Fixed effects compare rows of the same people, and these come some at a time. Fit a sample of "
            "people in memory."
        )
    rows = pair_rows(dyads, how.labels)
    asked = question(formula, rows, how.weights)
    with progress() as tell, _people_first(rows, part_rows):
        design = StreamedDesign(asked, rows, part_rows, tell)
        model, head = _model(design), rows.head()
        family, notes = family_of(model, head, how.family)
        _refuse_family(FAMILIES[family])
        refuse_refits(family, how.exact)
        try:
            with tempfile.TemporaryDirectory(prefix="honestsignals-") as folder:
                sums = _fitted(design, FAMILIES[family], Path(folder), tell)
        except OSError as error:
            raise disk_error(error, tempfile.gettempdir()) from error
    model = _model(design)
    said = [*notes, *([PLAIN] if rows.plain else []), *_weights_note(asked.weights, sums.summary)]
    errors = errors_of_sums(sums, model.names, how.covariance, (rows.directed, how.exact))
    gone: Any = Unkept("The people of rows")
    return StreamedResult(
        model, _estimate(sums, model), errors, gone, rows.facts, tuple(said), how.exact, rows.directed, sums
    )


@contextmanager
def _people_first(rows: PairRows, size: int) -> Iterator[None]:
    """Refuse rows for who is in them before anything else is refused, as of rows in memory."""
    try:
        yield
    except (ArgumentError, DesignError, FitError):
        people = PeopleCodes()
        for ids, _ in rows.frames([], size):
            people.of(ids)
        people.refuse()
        raise


def _fitted(design: StreamedDesign, family: Family, folder: Path, tell: Tell) -> Sums:
    dealt = DealtRows(folder, files_for(design.rows.rows), len(design.names))
    people = PeopleCodes()
    for ids, used, X, y, weights in design.parts():
        ego, alter = people.of(ids)
        if not (any(people.missing.values()) or people.same):
            dealt.add(X, y, weights, (ego[used], alter[used]))
    people.refuse()
    design.refuse()
    tell("Looking at the columns")
    summary = summarise(dealt, dealt.k)
    check(summary, family, design.names)
    solved = solve_streamed(dealt, family, summary, design.names, tell)
    tell("Summing over people and pairs")
    return sums_of(dealt, family, summary, solved, len(people.codes))


def _model(design: StreamedDesign) -> Model:
    rows: Any = Unkept("The rows")
    asked = design.asked
    return Model(
        formula=asked.formula,
        label=asked.left,
        y=rows,
        X=rows,
        names=design.names,
        terms=design.terms,
        rows=rows,
        left_out=design.left_out,
        truth=design.truth,
        levels=design.levels,
        source=rows,
        spec=design.spec,
        kept=tuple(range(len(design.names))),
    )


def _estimate(sums: Sums, model: Model) -> Estimate:
    rows: Any = Unkept("The rows")
    fitted: Any = Unkept("Fitted values and residuals")
    found, inverse = sums.solved, np.linalg.inv(sums.solved.root)
    level, null = sums.level, sums.null_level
    if sums.family.name == "gaussian":
        level, null = (_gaussian_level(one, sums.summary) for one in (sums.square, sums.null_square))
    return Estimate(
        family=sums.family.name,
        names=model.names,
        places=tuple((place,) for place in range(len(model.names))),
        levels=(),
        beta=found.theta,
        X=rows,
        y=rows,
        weights=rows,
        fitted=fitted,
        residual=fitted,
        predictors=rows,
        slopes=rows,
        curvature=rows,
        shifts=shifts(sums.family, 1),
        scores=rows,
        hessian=inverse.T @ inverse,
        scale=sums.scale,
        log_likelihood=level,
        null_log_likelihood=null,
        converged=True,
        iterations=found.steps,
    )


def _gaussian_level(square: float, summary: Summary) -> float:
    n = summary.n
    return float(-n / 2 * (np.log(2 * np.pi * square / n) + 1) + summary.log_weights / 2)


def _refuse_family(family: Family) -> None:
    if family.levels:
        raise DesignError(
            f"An {family.title} goes over levels of the label, and rows that come some at a time are fitted "
            "as gaussian, logit, probit or poisson. Compare the label (trust >= 3), or fit in memory."
        )


def _weights_note(weights: Any, summary: Summary) -> list[str]:
    if weights is None:
        return []
    mean = summary.label_total / summary.total
    return [
        f"rows are weighted by {weights}, which sums to {summary.total:,.6g}; the label's weighted mean is "
        f"{mean:.6g}"
    ]
