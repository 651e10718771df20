"""Two things at two waves and each other's past: does reciprocity build trust, or trust reciprocity?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError, one_of, unknown
from honestsignals.inference.estimators import estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.stacked import Equation, by_equation, equation_of, mean_of, stacked
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations
from honestsignals.joint_results import JointResult
from honestsignals.panel_rows import Panel, panel_of
from honestsignals.printed import Printed
from honestsignals.standard_errors import ERRORS, check_errors, errors_of
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

TAKEN = tuple(name for name, one in FAMILIES.items() if not one.levels)
"""Families of an equation: those with one predictor a row."""


@dataclass(frozen=True, eq=False)
class StandardisedPaths(Printed):
    """Paths in standard deviations, with errors that know that these are estimates too.

    Attributes
    ----------
    ends : tuple of (str, str)
        Where each path comes from and goes to.
    found : Combinations
        The paths.
    equal : Combinations or None
        The difference of the two cross paths, of two variables; the first minus the second.
    residual : Combinations
        Correlations of what is left of the equations.
    pairs : tuple of (str, str)
        Of these correlations.
    covariance : str
        Which errors.
    exact : bool
        Whether a jackknife refits instead of taking one step.
    """

    ends: tuple[tuple[str, str], ...]
    found: Combinations
    equal: Combinations | None
    residual: Combinations
    pairs: tuple[tuple[str, str], ...]
    covariance: str
    exact: bool = False

    def tidy(self) -> pd.DataFrame:
        """One row a path: term, kind, estimate, std_error, statistic, p_value, low, high, df."""
        import pandas as pd

        kinds = ["stability" if one == other else "cross" for one, other in self.ends]
        paths = pd.DataFrame(
            {"term": [f"{one} -> {other}" for one, other in self.ends], "kind": kinds, **_columns(self.found)}
        )
        left = pd.DataFrame(
            {
                "term": [f"{one}, {other}" for one, other in self.pairs],
                "kind": "residual correlation",
                **_columns(self.residual),
            }
        )
        return pd.concat([paths, left], ignore_index=True)

    def facts(self) -> list[str]:
        """Which errors; whether the two cross paths are equal."""
        refits = " (exact refits)" if self.exact else ""
        lines = [f"Paths in standard deviations. Standard errors: {ERRORS[self.covariance]}{refits}."]
        if self.equal is not None:
            one = self.equal
            lines.append(
                f"Cross paths equal: difference {number(float(one.estimate[0]))} "
                f"(95 % interval {number(float(one.low[0]))} to {number(float(one.high[0]))}), "
                f"p = {one.p_value[0]:.4f}."
            )
        return lines

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def _columns(one: Combinations) -> dict[str, Array]:
    return {
        "estimate": one.estimate,
        "std_error": one.std_error,
        "statistic": one.statistic,
        "p_value": one.p_value,
        "low": one.low,
        "high": one.high,
        "df": one.df,
    }


@dataclass(frozen=True, eq=False)
class CrossLagged(JointResult):
    """A cross-lagged panel of pairs. Prints its facts, then one table of coefficients.

    Attributes
    ----------
    equations : tuple of Equation
        One a variable, in the order given.
    panel : Panel
        The rows: what every variable was before and after.
    """

    equations: tuple[Equation, ...]
    panel: Panel

    @property
    def cross(self) -> tuple[str, ...]:
        """Names of the cross paths' coefficients."""
        names = self.panel.names
        return tuple(f"{to}: {one}_before" for to in names for one in names if one != to)

    def _own(self, covariance: Covariance) -> Covariance:
        return by_equation(covariance, self.equations, people_in(self.codes))

    def augment(self) -> pd.DataFrame:
        """One row a row used, of which a pair has as many as it has steps.

        ego, alter, and of each variable ``_before``, ``_after``, ``_fitted``, ``_residual``.
        """
        out = self.ids.reset_index(drop=True)
        for place, one in enumerate(self.equations):
            mean = FAMILIES[one.family].mean(one.X @ one.beta)
            what = {"before": self.panel.before[:, place], "after": one.y, "fitted": mean}
            what["residual"] = one.y - mean
            out = out.assign(**{f"{one.name}_{word}": values for word, values in what.items()})
        return out

    def cross_test(self) -> WaldTest:
        """Joint test that all cross paths are 0, over both equations."""
        return self.wald(self.cross)

    def residual_correlation(self) -> Array:
        """Correlations of what is left of the equations, shape (variables, variables)."""
        left = [one.y - FAMILIES[one.family].mean(one.X @ one.beta) for one in self.equations]
        return np.asarray(np.corrcoef(np.array(left)))

    def standardised(self, *, level: float = 0.95) -> StandardisedPaths:
        r"""Paths in standard deviations: :math:`\beta^* = \beta\, s_x / s_y`, over the rows used.

        The standard deviations are estimates too, of the same people: they stand as further equations beside
        the model's, and the errors of paths and of residual correlations are by the delta method over all.
        Where the model's jackknife refits, means of squares and products are taken anew too without each
        person and pair; deviations stay those from the means and lines of all rows.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        Raises
        ------
        DesignError
            Where an equation is not gaussian: a log odds has no standard deviation to be divided by.
        """
        odd = [one.name for one in self.equations if one.family != "gaussian"]
        if odd:
            raise DesignError(
                f"Standardised paths need gaussian equations, and that of {odd[0]} is a "
                f"{next(one.family for one in self.equations if one.name == odd[0])}."
            )
        return _standardised(self, level)

    def _found(self) -> list[str]:
        one = self.glance().iloc[0]
        waves = self.panel.waves
        names = self.panel.names
        corr = self.residual_correlation()
        pairs = [(a, b) for b in range(len(names)) for a in range(b)]
        left = ", ".join(f"{names[a]} and {names[b]} {corr[a, b]:.3f}" for a, b in pairs)
        kinds = ", ".join(f"{eq.name} {eq.family}" for eq in self.equations)
        held = "" if waves == 2 else f"; paths are held equal over its {waves - 1} steps"
        return [
            f"Cross-lagged panel of {' and '.join(names)} at {waves} waves: {one['rows']:,} rows, "
            f"{one['pairs']:,} pairs, {one['people']:,} people{held}.",
            f"Families: {kinds}. Residual correlation: {left}.",
            f"All cross paths 0: {self.cross_test()}.",
        ]


def cross_lagged(
    variables: Mapping[str, str | Sequence[str]],
    dyads: DyadTable | pd.DataFrame | Sequence[DyadTable | pd.DataFrame],
    *,
    covariates: str | None = None,
    families: Mapping[str, str] | None = None,
    covariance: str = "jackknife",
    exact: bool = False,
) -> CrossLagged:
    r"""Cross-lagged panel of pairs: each variable on all variables at the wave before.

    .. math:: y_{v, t+1} = \alpha_v + \sum_u \beta_{vu}\, y_{u, t} + z^\top\gamma_v + e_v

    Does reciprocity go before trust, or trust before reciprocity? All equations stand in one estimate over
    the same rows, so one covariance over pairs and people spans them, and their paths can be tested together.
    Estimates of each equation are those of ``fit``. A cross path compares pairs that differ; it is no effect
    within pairs, and unequal reliability of the two variables moves it (hamaker2015). Nominal .95
    intervals of the jackknife cover 93–96 % at 30 and 60 people who differ, 97–98 % where they do not
    (docs/calibration_panels.md).

    Parameters
    ----------
    variables : mapping of str to str or sequence of str
        Name of each variable, and its columns in the order of waves, or left sides as of ``fit``
        ("log1p(acts)"). With a table a wave, one column that all of them have, or one of each.
    dyads : DyadTable, pandas.DataFrame, or sequence of them
        One wide table, or one table a wave, which are joined by ego and alter: a pair that one of them lacks
        keeps the steps between waves that have it, as with NaN in a wide table.
    covariates : str, optional
        Terms that stand in every equation, of the wide table or the first wave's: "same_office + gap_age".
    families : mapping of str to str, optional
        Of some variables: "gaussian", "logit", "probit" or "poisson". Where not given, logit for what is 0 or
        1 throughout, gaussian for the rest.
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors.
    exact : bool
        For a jackknife: refit without each person and pair, instead of one step.

    Returns
    -------
    CrossLagged

    Raises
    ------
    ArgumentError
        For fewer than two variables or waves.
    DesignError
        Where rows have no direction and a column depends on who is called ego.

    References
    ----------
    hamaker2015, zellner1962

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.nonzero(~np.eye(15, dtype=bool))
    >>> rng = np.random.default_rng(3)
    >>> wide = pd.DataFrame({"ego": ego, "alter": alter, "trust1": rng.normal(size=210)})
    >>> wide["help1"] = 0.4 * wide["trust1"] + rng.normal(size=210)
    >>> wide["trust2"] = 0.5 * wide["trust1"] + 0.3 * wide["help1"] + rng.normal(size=210)
    >>> wide["help2"] = 0.5 * wide["help1"] + rng.normal(size=210)
    >>> fit = cross_lagged({"trust": ["trust1", "trust2"], "help": ["help1", "help2"]}, wide)
    >>> fit.tidy()[["term", "estimate", "p_value"]].round(2)
                      term  estimate  p_value
    0     trust: Intercept      0.09     0.19
    1  trust: trust_before      0.49     0.00
    2   trust: help_before      0.25     0.00
    3      help: Intercept     -0.06     0.41
    4   help: trust_before      0.14     0.10
    5    help: help_before      0.39     0.00
    """
    check_errors(covariance, exact)
    if families is not None and not isinstance(families, Mapping):
        raise ArgumentError(
            f"families is {families!r}; it must name variables with theirs, as {{'trust': 'gaussian'}}."
        )
    panel = panel_of(variables, dyads, covariates)
    equations = tuple(
        _equation(name, panel, place, (families or {}).get(name)) for place, name in enumerate(panel.names)
    )
    for name in families or {}:
        if name not in panel.names:
            raise unknown("variable in families:", name, panel.names)
    found = stacked(equations)
    how = (panel.directed, exact)
    errors = errors_of(found, panel.codes, covariance, how)
    k = len(panel.columns)
    terms = {
        f"{name}: {term}": tuple(place * k + one for one in places)
        for place, name in enumerate(panel.names)
        for term, places in panel.terms.items()
    }
    rests = f" + {covariates}" if covariates else ""
    return CrossLagged(
        formula=f"{', '.join(panel.names)} ~ {' + '.join(f'{one}_before' for one in panel.names)}{rests}",
        label=", ".join(panel.names),
        estimate=found,
        covariance=by_equation(errors, equations, people_in(panel.codes)),
        ids=panel.ids,
        terms=terms,
        left_out=panel.left_out,
        said=(panel.facts, panel.notes),
        how=how,
        equations=equations,
        panel=panel,
    )


def people_in(codes: tuple[Array, Array]) -> int:
    """How many people are in some row.

    >>> people_in((np.array([0, 0]), np.array([1, 2])))
    3
    """
    return int(np.union1d(*codes).size)


def _equation(name: str, panel: Panel, place: int, family: str | None) -> Equation:
    """One variable on all of them at the wave before."""
    y = panel.after[:, place]
    if family is None:
        family = "logit" if np.isin(y, (0.0, 1.0)).all() else "gaussian"
    one_of(f"family of {name}", family, TAKEN)
    try:
        return equation_of(name, estimate(panel.X, y, family, panel.columns))
    except FitError as error:
        raise FitError(f"{name}: {error}") from error


def _standardised(fit: CrossLagged, level: float) -> StandardisedPaths:
    panel, names = fit.panel, fit.panel.names
    spread, left = {}, {}
    for place, name in enumerate(names):
        for when, values in (("before", panel.before), ("after", panel.after)):
            one = values[:, place]
            spread[name, when] = mean_of(f"variance of {name} {when}", np.square(one - one.mean()))
    rest = [one.y - one.X @ one.beta for one in fit.equations]
    for b in range(len(names)):
        for a in range(b + 1):
            left[a, b] = mean_of(f"residuals of {names[a]} and {names[b]}", rest[a] * rest[b])
    every = [*fit.equations, *spread.values(), *left.values()]
    whole = stacked(every)
    errors = errors_of(whole, fit.codes, fit.covariance.name, fit.how)
    errors = by_equation(errors, every, people_in(fit.codes))
    where = {name: place for place, name in enumerate(whole.names)}
    at = _Places(whole.beta, {key: where[f"{one.name}: mean"] for key, one in (spread | left).items()})
    ends = tuple((one, to) for to in names for one in names)
    paths = [at.path(where[f"{to}: {one}_before"], (one, "before"), (to, "after")) for one, to in ends]
    pairs = [(a, b) for b in range(len(names)) for a in range(b)]
    correlations = [at.correlation((a, b), (a, a), (b, b)) for a, b in pairs]
    cross = [one for one, (start, end) in zip(paths, ends, strict=True) if start != end]
    equal = None
    if len(names) == 2:
        difference = (cross[0][0] - cross[1][0], cross[0][1] - cross[1][1])
        equal = _combined(whole.beta, errors, [difference], level)
    return StandardisedPaths(
        ends,
        _combined(whole.beta, errors, paths, level),
        equal,
        _combined(whole.beta, errors, correlations, level),
        tuple((names[a], names[b]) for a, b in pairs),
        fit.covariance.name,
        fit.how[1],
    )


@dataclass(frozen=True, eq=False)
class _Places:
    """Functions of coefficients and second moments, with their gradients."""

    beta: Array
    moments: Mapping[Any, int]

    def path(self, place: int, start: Any, end: Any) -> tuple[float, Array]:
        """A path in standard deviations."""
        x, y = self.moments[start], self.moments[end]
        value = float(self.beta[place] * np.sqrt(self.beta[x] / self.beta[y]))
        gradient = np.zeros(self.beta.size)
        gradient[place] = np.sqrt(self.beta[x] / self.beta[y])
        gradient[x] += value / (2 * self.beta[x])
        gradient[y] -= value / (2 * self.beta[y])
        return value, gradient

    def correlation(self, both: Any, first: Any, second: Any) -> tuple[float, Array]:
        """A correlation from a covariance and two variances."""
        ab, a, b = (self.moments[one] for one in (both, first, second))
        size = np.sqrt(self.beta[a] * self.beta[b])
        value = float(self.beta[ab] / size)
        gradient = np.zeros(self.beta.size)
        gradient[ab] = 1 / size
        gradient[a] -= value / (2 * self.beta[a])
        gradient[b] -= value / (2 * self.beta[b])
        return value, gradient


def _combined(
    beta: Array, errors: Covariance, found: Sequence[tuple[float, Array]], level: float
) -> Combinations:
    C = np.array([gradient for _, gradient in found])
    return combinations(beta, errors, C, C @ beta - np.array([value for value, _ in found]), level)
