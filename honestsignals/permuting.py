"""Permutation tests of pairs: does a coefficient survive when the people change places?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, one_of
from honestsignals.fitting import PLAIN, fit
from honestsignals.fixed_effects import FixedEffectsResult
from honestsignals.inference.permutation import FAMILIES, METHODS, permutation_test
from honestsignals.inference.relabelling import Relabelling
from honestsignals.inference.words import named
from honestsignals.permutation import REJECTED, Permutation
from honestsignals.person_blocks import ONE_WAY, blocks_of, one_way, people_of
from honestsignals.progress import progress as shown_progress
from honestsignals.result import Result

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Tell = Callable[[str], None]

MIRROR = (
    "{} is the label seen from alter: the two labels of a pair stand in its two rows, permutations part "
    f"them, and where pairs are independent {REJECTED['mirror']} are rejected at .05; srm has what is unique "
    "to pairs"
)


def permute(
    source: Result | str,
    dyads: DyadTable | pd.DataFrame | None = None,
    *,
    draws: int | str = 5_000,
    seed: int | None = None,
    method: str = "dsp",
    family: str | None = None,
    block: Any = None,
    progress: Tell | None = None,
) -> Permutation:
    r"""Test every coefficient of a model of pairs by letting people change places (MRQAP).

    For each column x_k its residual on the other columns is permuted, rows and columns of the matrix
    together, and the label is regressed anew on the others and the permuted residual (double
    semi-partialling); compared is |t|, or |z| of a label that is no number.
    p = (1 + #{|t_draw| ≥ |t|}) / (1 + draws). It tests whether people are exchangeable: where the label's
    variance rises with x's person effects it rejects too often, and a person effect shared by x and the label
    is confounding that no permutation mends (docs/permutation_size.md has how often).

    Parameters
    ----------
    source : Result or str
        A fit (its covariance plays no part), or a formula as in ``fit``.
    dyads : DyadTable or pandas.DataFrame, optional
        The rows of a formula; of a fit, the table that has the column ``block``. Rows of a plain frame in
        which no pair stands both ways are pairs without direction, whoever is called ego; it is said.
    draws : int or "all"
        Permutations drawn. Where there are no more than that, all are tried, and p is exact.
    seed : int, optional
        The same seed gives the same draws on any machine.
    method : {"dsp", "y", "freedman_lane"}
        What is permuted: residuals of columns (by least squares for every family, as in sna's ``netlogit``),
        the label, or (gaussian) the label's residuals on the other columns.
    family : {"gaussian", "logit", "probit", "poisson", "ordered_logit", "ordered_probit"}, optional
        As in ``fit``. Gaussian draws are products of matrices, the others exact refits.
    block : str, mapping, or sequence, optional
        People change places within blocks: an attribute of people (columns ``ego_`` and ``alter_`` of that
        name), a column of rows, a block for each person by id, or one for each row of the table. Without it,
        within groups that no row joins; of ordered pairs, those who are never ego (who were not asked) or
        never alter among themselves. Pairs between two blocks without any row were never possible, and no
        permutation makes them so; other pairs without a row are missing, and a permuted value that would come
        from one is left out with its row (as in sna). With many missing, too many are rejected; it is said.
    progress : callable, optional
        Is told how far the draws are; without it a terminal shows it after two seconds.

    Returns
    -------
    Permutation

    Raises
    ------
    DesignError
        Where a pair has several rows, rows are weighted, nobody can change places, or a family has several
        coefficients a column.
    FitError
        Where the model itself has no estimate.

    References
    ----------
    dekker2007, freedman1983, hart2022, phipson2010

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["trust"] = 0.5 * frame["acts"] + np.sin(ego + alter)
    >>> found = permute("trust ~ acts", frame, family="gaussian", draws=999, seed=1)
    >>> found.tidy()[["term", "estimate", "p_value"]].round(3)
            term  estimate  p_value
    0  Intercept    -0.050      NaN
    1       acts     0.518    0.001
    """
    one_of("method", method, METHODS)
    fitted = _fitted(source, dyads, family, block)
    model = fitted.model
    alike = PLAIN in fitted.notes and one_way(fitted.ids)
    directed = fitted.directed and not alike
    people, inside = people_of(fitted.ids, directed, blocks_of(block, fitted.ids, model.rows, dyads))
    chosen = fitted.estimate.family
    with telling(progress) as tell:
        found = permutation_test(
            model.X, model.y, people, how=(chosen, method), draws=draws, seed=seed, tell=tell
        )
    seen_back = [
        name for name, column in zip(model.names, model.X.T, strict=True) if mirrors(column, model.y, people)
    ]
    kept = [note for note in fitted.notes if note != PLAIN or not alike]
    return Permutation(
        formula=model.formula,
        label=model.label,
        family=chosen,
        method=method,
        names=tuple(model.names),
        found=found,
        people=people,
        seed=seed,
        block=inside,
        left_out=model.left_out,
        design_facts=(*fitted.design_facts, *([ONE_WAY] if alike else [])),
        notes=(*kept, *([MIRROR.format(named(seen_back))] if seen_back else [])),
    )


def _fitted(source: Result | str, dyads: Any, family: str | None, block: Any) -> Result:
    """The fit whose coefficients are tested, where its rows can be permuted."""
    if isinstance(source, str):
        if dyads is None:
            raise ArgumentError("A formula needs the table of its rows: permute(formula, dyads).")
        fitted = fit(source, dyads, family=family, covariance="classical")
    elif isinstance(source, FixedEffectsResult):
        raise DesignError(
            "A fit beside fixed effects has no permutation here: its effects are those of the people who "
            "would change places."
        )
    elif isinstance(source, Result):
        fitted = source
        if family not in (None, fitted.estimate.family):
            raise ArgumentError(f"family is {family!r}; the fit is {fitted.estimate.family!r} already.")
        if dyads is not None and not isinstance(block, str):
            raise ArgumentError("A fit has its rows: give a table with it only for a column of blocks.")
    else:
        raise ArgumentError(f"A {type(source).__name__} cannot be permuted; give a fit or a formula.")
    if fitted.estimate.family not in FAMILIES:
        raise DesignError(
            f"A {fitted.estimate.family} model has several coefficients for each column; permute the logit "
            "of each class against the rest."
        )
    weights = fitted.estimate.weights
    if np.ptp(weights):
        raise DesignError(
            "Rows are weighted, and a permutation would move values between weights; fit without."
        )
    return fitted


@contextmanager
def telling(progress: Tell | None) -> Iterator[Tell]:
    """Whom to tell how far the draws are."""
    if progress is not None:
        if not callable(progress):
            raise ArgumentError(
                f"progress is {progress!r}; it must be a function that is told how far the draws "
                "are, or None for what a terminal shows."
            )
        yield progress
        return
    with shown_progress() as tell:
        yield tell


def mirrors(column: Array, label: Array, people: Relabelling) -> bool:
    """Whether a column is the label seen from alter."""
    if not people.directed:
        return False
    mirror = people.mirror
    known = mirror < people.n_rows
    return bool(known.any() and (column[known] == label[mirror[known]]).all() and np.ptp(column) > 0)
