"""Actor and partner effects: what of two people goes with one's own outcome, and what with the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.actor_partner_rows import Sides, check_covariates, sides_of
from honestsignals.contrasts import Contrast
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError
from honestsignals.fitting import OF_TYPE, ORDINAL, PLAIN, fit
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.ratios import fieller
from honestsignals.inference.wald import WaldTest, combinations, wald
from honestsignals.printed import Printed
from honestsignals.result import Result
from honestsignals.standard_errors import ErrorLadder
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

PATTERNS = (
    ("couple: actor = partner", 1.0, -1.0),
    ("contrast: actor = -partner", 1.0, 1.0),
    ("actor only: partner = 0", 0.0, 1.0),
    ("partner only: actor = 0", 1.0, 0.0),
)
"""Patterns of Kenny and Ledermann, each with what of actor and partner must come to 0."""


@dataclass(frozen=True, eq=False)
class ActorPartner(Printed):
    """A fitted actor–partner model. Prints the facts of its regression, then one table of coefficients.

    Attributes
    ----------
    fit : Result
        The regression over rows in which each of the two is ego once.
    sides : Sides
        These rows, and which columns are whose.
    """

    fit: Result
    sides: Sides

    def tidy(self, *, level: float = 0.95, adjust: str | None = None) -> pd.DataFrame:
        """One row a coefficient, as of a fit.

        Parameters
        ----------
        level : float
            Coverage of the intervals.
        adjust : {"holm", "benjamini_hochberg"}, optional
            Adds p values adjusted over all coefficients but the intercept.
        """
        return self.fit.tidy(level=level, adjust=adjust)

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many rows, pairs and people, and how well."""
        return self.fit.glance()

    @property
    def ids(self) -> pd.DataFrame:
        """``ego`` and ``alter`` of the rows used."""
        return self.fit.ids

    def with_covariance(self, covariance: str, *, exact: bool = False) -> ActorPartner:
        """The same estimates with other errors, without a refit.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"}
            Which errors.
        exact : bool
            For a jackknife: refit without each person and pair, instead of one step.
        """
        return replace(self, fit=self.fit.with_covariance(covariance, exact=exact))

    def wald(self, terms: str | Sequence[str]) -> WaldTest:
        """Joint test that all coefficients of some terms are 0, as of a fit.

        Parameters
        ----------
        terms : str or sequence of str
            Terms of the regression, such as "partner_warmth".
        """
        return self.fit.wald(terms)

    def contrast(self, restrictions: str) -> Contrast:
        """Linear combinations of coefficients with their errors, and their joint test, as of a fit.

        Parameters
        ----------
        restrictions : str
            Such as "actor_warmth = partner_warmth".
        """
        return self.fit.contrast(restrictions)

    def ladder(self, *covariances: str, exact: bool = False) -> ErrorLadder:
        """Standard errors side by side, as of a fit.

        Parameters
        ----------
        *covariances : str
            Which; by default all but Frank and Snijders' jackknife.
        exact : bool
            For a jackknife: refit without each person and pair, instead of one step.
        """
        return self.fit.ladder(*covariances, exact=exact)

    def patterns(self, *, level: float = 0.95) -> pd.DataFrame:
        """Tests of the patterns of actor and partner effects, a row each.

        Couple (both alike), contrast (opposite), actor only, partner only. ``estimate`` is what the pattern
        says is 0. A pattern that is not rejected is not shown for that: look at the interval, and at k.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        References
        ----------
        kenny2010
        """
        import pandas as pd

        names, rows, C = self.fit.estimate.names, [], []
        for predictor, role, actor, partner in self.sides.effects:
            for pattern, of_actor, of_partner in PATTERNS:
                c = np.zeros(len(names))
                c[names.index(actor)], c[names.index(partner)] = of_actor, of_partner
                rows.append((predictor, role, pattern))
                C.append(c)
        found = combinations(self.fit.estimate.beta, self.fit.covariance, np.array(C), level=level)
        out = pd.DataFrame(rows, columns=["predictor", "role", "pattern"])
        for name in ("estimate", "std_error", "statistic", "p_value", "low", "high", "df"):
            out[name] = getattr(found, name)
        return out if self.sides.roles else out.drop(columns="role")

    def k(self, *, level: float = 0.95) -> pd.DataFrame:
        r"""Partner effect over actor effect, with Fieller's interval; a row a predictor (and role).

        k = 1 is the couple pattern, −1 the contrast, 0 actor only. The interval holds every k for which
        :math:`p - k a = 0` is not rejected, by the test that ``patterns`` has. Where the actor effect cannot
        be told from 0 these k have no end, so the interval is NaN, with the reason in ``note``.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        References
        ----------
        kenny2010, fieller1954
        """
        import pandas as pd

        names, beta = self.fit.estimate.names, self.fit.estimate.beta
        rows = []
        for predictor, role, actor, partner in self.sides.effects:
            places = names.index(actor), names.index(partner)
            low, high, note = fieller(beta, self.fit.covariance, places, level)
            rows.append((predictor, role, beta[places[1]] / beta[places[0]], low, high, note))
        out = pd.DataFrame(rows, columns=["predictor", "role", "k", "low", "high", "note"])
        return out if self.sides.roles else out.drop(columns="role")

    def roles_test(self) -> WaldTest:
        """Joint test that the two roles have the same actor and partner effects.

        Raises
        ------
        ArgumentError
            Where the two are not told apart.
        """
        if not self.sides.roles:
            raise ArgumentError("The two are not told apart, so there are no roles to compare.")
        names, half = self.fit.estimate.names, len(self.sides.effects) // 2
        R = []
        for one, other in zip(self.sides.effects[:half], self.sides.effects[half:], strict=True):
            for place in (2, 3):
                row = np.zeros(len(names))
                row[names.index(one[place])], row[names.index(other[place])] = 1.0, -1.0
                R.append(row)
        return wald(self.fit.estimate.beta, self.fit.covariance, restrictions=np.array(R))

    def facts(self) -> list[str]:
        """Facts of the regression; whether roles differ; k of every predictor."""
        lines = self.fit.facts()
        if self.sides.roles:
            lines.append(f"Roles {' and '.join(self.sides.roles)} alike: {self.roles_test()}.")
        for one in self.k().to_dict("records"):
            whose = f" of {one['role']}" if self.sides.roles else ""
            interval = f"{number(one['low'])} to {number(one['high'])}" if not one["note"] else one["note"]
            lines.append(
                f"k{whose}, partner over actor effect of {one['predictor']}: {number(one['k'])} ({interval})."
            )
        return lines

    def note(self) -> str:
        """What a table of coefficients rests on, in one line that goes wherever the table goes."""
        return self.fit.note()


def apim(
    table: DyadTable | pd.DataFrame,
    outcome: str,
    predictors: str | Sequence[str],
    *,
    distinguishable: str | None = None,
    covariates: str | None = None,
    family: str | None = None,
    covariance: str = "jackknife",
    exact: bool = False,
) -> ActorPartner:
    r"""Actor–partner interdependence model: each one's outcome on their own predictor and on the other's.

    .. math:: y_{ij} = \beta_0 + a\, x_i + p\, x_j + e_{ij}

    Every pair gives two rows, one seen from each of the two, so rows of a pair depend on one another; and
    since people are in several pairs, so do rows that share a person. The default errors allow for both.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
        One row an ordered pair; or one row a pair, of which a second row is made with the two exchanged.
    outcome : str
        What ego answered about alter in rows with direction; or what is ego's, by the name before ``_ego`` or
        after ``ego_``.
    predictors : str or sequence of str
        Each by such a name; of a directed column that stands alone, the partner's is that of the other row.
    distinguishable : str, optional
        Two roles by which the two are told apart ("leader"): effects a role. Pairs of one role are left out
        and counted.
    covariates : str, optional
        Further terms of the formula: "same_office + log1p(acts)".
    family : str, optional
        As of ``fit``; where not given, that of the label's type, logit for what is 0 or 1 throughout,
        gaussian for the rest.
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors.
    exact : bool
        For a jackknife: refit without each person and pair, instead of one step.

    Returns
    -------
    ActorPartner

    Raises
    ------
    DesignError
        For a predictor that is the same for both, or roles that do not tell the two apart.

    References
    ----------
    cook2005, kenny2010

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    >>> rng = np.random.default_rng(2)
    >>> warmth = rng.normal(size=12)
    >>> rows = pd.DataFrame({"ego": ego, "alter": alter})
    >>> rows["warmth_ego"], rows["warmth_alter"] = warmth[ego], warmth[alter]
    >>> rows["liking"] = 0.6 * rows["warmth_ego"] + 0.3 * rows["warmth_alter"] + rng.normal(size=132)
    >>> fit = apim(rows, "liking", "warmth")
    >>> fit.tidy()[["term", "estimate", "std_error"]].round(3)
                 term  estimate  std_error
    0       Intercept     0.022      0.119
    1    actor_warmth     0.516      0.090
    2  partner_warmth     0.169      0.155
    >>> fit.with_covariance("pair").k().round(2)[["predictor", "k", "low", "high"]]
      predictor     k   low  high
    0    warmth  0.33  0.05  0.64
    """
    wanted = [predictors] if isinstance(predictors, str) else list(predictors)
    if not wanted:
        raise ArgumentError("apim needs at least one predictor.")
    sides = sides_of(table, outcome, wanted, distinguishable)
    terms = [name for _, _, actor, partner in sides.effects for name in (actor, partner)]
    terms = [sides.other, *terms] if sides.other else terms
    if covariates is not None:
        check_covariates(covariates, sides, table)
        terms.append(covariates)
    chosen = family if family is not None else _family(table, sides)
    if chosen in FAMILIES and FAMILIES[chosen].classes:
        raise ArgumentError(
            f"family is {chosen!r}, in which every level has effects of its own, so no actor effect is one "
            "number. Give a column that is 1 for the level of interest and 0 for the others, or use fit."
        )
    formula = f"{sides.outcome} ~ {' + '.join(terms)}"
    found = fit(formula, sides.frame, family=chosen, covariance=covariance, exact=exact)
    model = found.model
    if sides.alike:
        reason = f"rows whose two have the same {distinguishable}, or one whose is not known"
        model = replace(model, left_out={reason: sides.alike, **model.left_out})
    facts = tuple(table.facts()) if isinstance(table, DyadTable) else ()
    kept = found.notes if not facts else tuple(one for one in found.notes if one != PLAIN)
    said = (*_ordinal(table, sides, chosen), *kept, sides.reading)
    return ActorPartner(replace(found, model=model, design_facts=facts, notes=said), sides)


def _family(table: DyadTable | pd.DataFrame, sides: Sides) -> str:
    """Family of the outcome: by the label's type, or by what it holds."""
    if isinstance(table, DyadTable) and sides.outcome == table.label:
        return OF_TYPE[table.design.label_type]
    values = sides.frame[sides.outcome].dropna()
    return "logit" if len(values) and values.isin([0, 1]).all() else "gaussian"


def _ordinal(table: DyadTable | pd.DataFrame, sides: Sides, family: str) -> tuple[str, ...]:
    """What is to be said of an ordinal label that is fitted as numbers."""
    if not isinstance(table, DyadTable) or sides.outcome != table.label:
        return ()
    return (ORDINAL,) if table.design.label_type == "ordinal" and family == "gaussian" else ()
