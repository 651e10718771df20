"""Fits beside sender and receiver effects: slopes that compare rows of the same people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.averaging import Fitted
from honestsignals.errors import ArgumentError, DesignError, FitError, one_of
from honestsignals.formulas import Model
from honestsignals.inference.covariance import COVARIANCES, LADDER, LEAVING_OUT
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.fixed_effects import Within, within
from honestsignals.inference.fixed_effects_errors import within_covariance, within_facts
from honestsignals.inference.person_effects import effects_of
from honestsignals.inference.tetrad import Tetrads, tetrad_logit
from honestsignals.inference.tetrad_errors import tetrad_covariance, tetrad_facts
from honestsignals.inference.variance import Covariance
from honestsignals.result import Result
from honestsignals.result_rows import with_columns
from honestsignals.standard_errors import ErrorLadder, check_errors, codes_of
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class FixedEffectsResult(Result):
    """A fit beside effects of people: slopes alone, everything that is the same for a person absorbed.

    Attributes
    ----------
    fixed_effects : tuple of str
        ("sender", "receiver"), ("sender",), ("receiver",) or ("person",).
    within : Within or None
        A linear regression with the effects taken out.
    tetrads : Tetrads or None
        A logit by informative quadruples.
    """

    fixed_effects: tuple[str, ...] = ()
    within: Within | None = None
    tetrads: Tetrads | None = None

    @property
    def _fitted(self) -> Fitted:
        return replace(super()._fitted, absorbed=" and ".join(self.fixed_effects))

    def with_covariance(self, covariance: str, *, exact: bool = False) -> FixedEffectsResult:
        """The same slopes with other errors, without a refit.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"}
            Which errors; a tetrad logit has no classical ones.
        exact : bool
            For a jackknife of a tetrad logit: refit without each person and pair, instead of one step.
        """
        check_errors(covariance, exact)
        errors = _errors(self.within, self.tetrads, self.codes, covariance, (self.directed, exact))
        return replace(self, covariance=errors, exact=exact)

    def ladder(self, *covariances: str, exact: bool = False) -> ErrorLadder:
        """Standard errors side by side, from those that let no rows depend on one another on.

        Parameters
        ----------
        *covariances : str
            Which ones; by default all but Frank and Snijders'.
        exact : bool
            Jackknives of a tetrad logit by exact refits.
        """
        found, refused = {}, {}
        for name in covariances or LADDER:
            one_of("covariance", name, tuple(COVARIANCES))
            how = (self.directed, exact and name in LEAVING_OUT)
            try:
                found[name] = _errors(self.within, self.tetrads, self.codes, name, how)
            except (DesignError, FitError) as error:
                refused[name] = str(error)
        one = self.glance().iloc[0]
        title = (
            f"{self.model.formula}: {one['family']} beside {one['fixed_effects']} effects, "
            f"{one['rows']:,} rows, {one['people']:,} people."
        )
        return ErrorLadder(self.estimate, found, refused, title)

    def glance(self) -> pd.DataFrame:
        """One row as of any fit; R² is within people, and ``fixed_effects`` says which effects."""
        frame = super().glance()
        frame["fixed_effects"] = " and ".join(self.fixed_effects)
        return frame

    def _r_squared(self) -> float:
        return float("nan") if self.within is None else self.within.r_squared_within

    def _fit_words(self, one: pd.Series) -> str:
        if self.within is None:
            return "no R²"
        return f"R² within people {number(float(one['r_squared']))}"

    def augment(self) -> pd.DataFrame:
        """One row a row used: ego, alter, the label, fitted, residual, and whether a quadruple has it.

        Fitted values include the effects. A tetrad logit has none, since effects are not estimated.
        """
        out = super().augment()
        if self.tetrads is not None:
            out = with_columns(out, {"in_quadruple": self.tetrads.rows_used})
        return out

    def facts(self) -> list[str]:
        """Rows used of how many, people, what was absorbed or cancels, which errors."""
        lines = super().facts()
        if self.tetrads is None:
            return lines
        # quadruples share rows: what their logarithms sum to is no likelihood
        return [
            "No R² and no log likelihood: no row's probability is estimated." if "R²" in line else line
            for line in lines
        ]

    def note(self) -> str:
        """What a table of coefficients rests on, in one line that goes wherever the table goes."""
        return f"Beside {' and '.join(self.fixed_effects)} effects: {super().note()}"


def fit_beside_effects(
    model: Model,
    family: str,
    kinds: tuple[str, ...],
    weights: Array | None,
    errors: tuple[str, bool],
    *,
    ids: pd.DataFrame,
    said: tuple[tuple[str, ...], tuple[str, ...]],
    directed: bool,
) -> FixedEffectsResult:
    """Fit a design beside effects of people: exactly (gaussian), or by informative quadruples (logit).

    Parameters
    ----------
    model : Model
        The design; its intercept is absorbed.
    family : str
        "gaussian" or "logit".
    kinds : tuple of str
        What `effect_kinds` makes of what was asked for.
    weights : ndarray, shape (n,), optional
        Weights of rows (gaussian).
    errors : tuple of (str, bool)
        Which covariance, and whether a jackknife refits.
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows.
    said : tuple of two tuples of str
        Facts of the table, and notes.
    directed : bool
        Whether rows are ordered pairs.

    Returns
    -------
    FixedEffectsResult

    Raises
    ------
    DesignError
        For sender or receiver effects where rows have no direction, and for what has no such fit.
    """
    if not directed and kinds != ("person",):
        raise DesignError(
            f"{' and '.join(kinds)} effects need rows with a sender and a receiver, and these have no "
            "direction; say fixed_effects='person', one effect a person at both ends."
        )
    codes = codes_of(ids)
    if family == "gaussian":
        linear = within(model.X, model.y, model.names, effects_of(*codes, kinds, weights))
        found, tetrads, estimate, words = linear, None, linear.estimate, within_facts(linear)
    elif family == "logit":
        quadruples = _tetrads(model, kinds, weights, codes)
        found, tetrads, words = None, quadruples, tetrad_facts(quadruples)
        estimate = _estimate(quadruples, model.y)
    else:
        raise DesignError(
            f"Effects of people cannot be taken out of a {family} model: they bias its slopes where each "
            "person has few rows. Fixed effects are for 'gaussian' and 'logit'."
        )
    covariance = _errors(found, tetrads, codes, errors[0], (directed, errors[1]))
    return FixedEffectsResult(
        model.without_intercept(),
        estimate,
        covariance,
        ids,
        (*said[0], *words),
        said[1],
        errors[1],
        directed,
        kinds,
        found,
        tetrads,
    )


def _tetrads(
    model: Model, kinds: tuple[str, ...], weights: Array | None, codes: tuple[Array, Array]
) -> Tetrads:
    if kinds not in (("sender", "receiver"), ("person",)):
        raise DesignError(
            f"A logit beside {kinds[0]} effects alone is not offered; say 'sender and receiver' or 'person'."
        )
    if weights is not None:
        raise ArgumentError("A tetrad logit compares rows, and knows no weights; fit it without.")
    return tetrad_logit(model.X, model.y, *codes, model.names, directed=kinds != ("person",))


def _errors(
    found: Within | None,
    tetrads: Tetrads | None,
    codes: tuple[Array, Array],
    covariance: str,
    how: tuple[bool, bool],
) -> Covariance:
    directed, exact = how
    if covariance == "two_way" and not directed:
        raise DesignError(
            "two_way clusters by sender and by receiver, and these rows have no direction; use 'dyadic'."
        )
    if found is not None:
        return within_covariance(found, *codes, covariance)
    if tetrads is not None:
        return tetrad_covariance(tetrads, *codes, covariance, exact=exact)
    raise ArgumentError("This fit has neither effects taken out nor quadruples.")


def _estimate(found: Tetrads, y: Array) -> Estimate:
    """A tetrad logit as tables, tests and contrasts read a fit; what needs effects is NaN."""
    (n, k), nothing = found.design.shape, np.full(y.size, np.nan)
    return Estimate(
        family="logit",
        names=found.names,
        places=tuple((place,) for place in range(k)),
        levels=(),
        beta=found.beta,
        X=found.design,
        y=y,
        weights=np.ones(n),
        fitted=nothing,
        residual=nothing,
        predictors=found.design[:, None, :],
        slopes=nothing[:, None],
        curvature=nothing[:, None, None],
        shifts=np.ones((1, 1)),
        scores=found.row_scores,
        hessian=found.hessian,
        scale=1.0,
        log_likelihood=float("nan"),
        null_log_likelihood=float("nan"),
        converged=True,
        iterations=found.iterations,
    )
