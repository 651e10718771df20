"""What is true of simulated labels: their effects, what they share, and the model that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from honestsignals.engines.passes import Rows
from honestsignals.inference.marginal import binary_labels, dependent_normal, ordinal_labels

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Effects:
    """True effects on the log odds of friendship, and of trusting more.

    Attributes
    ----------
    volume : float
        Of log(1 + acts); on a directed label half of it for what ego gave and half for what alter gave.
    balance : float
        Of the returned share, from nothing returned to all; on a directed label, from ego as the only
        giver to alter as the only giver, so that of net giving it is −½.
    timing : float
        Of the reply rate, from never to always; on a directed label, alter's replies to ego.
    contact : float
        Of having had any contact, beyond its volume.
    same_office : float
        Of being in one office; where 0, not in the formula.
    """

    volume: float = 0.6
    balance: float = 2.0
    timing: float = 2.0
    contact: float = 0.0
    same_office: float = 0.0

    def terms(self, directed: bool) -> dict[str, float]:
        """Terms of a formula, and the true coefficient of each.

        >>> Effects(volume=1.0).terms(directed=True)["log1p(acts_ego)"]
        0.5
        """
        if directed:
            terms = {
                "log1p(acts_ego)": self.volume / 2,
                "log1p(acts_alter)": self.volume / 2,
                "known(net_giving)": -self.balance / 2,
                "known(reply_rate_alter)": self.timing,
            }
        else:
            terms = {
                "log1p(acts)": self.volume,
                "known(returned_share)": self.balance,
                "known(reply_rate)": self.timing,
            }
        terms["in_contact"] = self.contact
        return {**terms, "same_office": self.same_office} if self.same_office else terms


@dataclass(frozen=True)
class Dependence:
    """What labels share beyond their effects, as shares of the variance of what is not explained.

    Attributes
    ----------
    actor : float
        Shared by all answers of one person: how readily they call people friends.
    partner : float
        Shared by all answers about one person.
    dyad : float
        Shared by the two answers of a pair.
    actor_partner : float
        Correlation of a person's actor and partner effects. An undirected label has one effect a person,
        of variance (actor + partner) / 2, for either end.
    """

    actor: float = 0.15
    partner: float = 0.1
    dyad: float = 0.1
    actor_partner: float = 0.5

    def undirected(self) -> Dependence:
        """The same for pairs of which neither is ego: one effect a person, for either end."""
        of_person = (self.actor + self.partner) / 2
        return Dependence(of_person, of_person, self.dyad, 1.0)


@dataclass(frozen=True, eq=False)
class LabelTruth:
    r"""The true model of one label, and what it says of each pair.

    Attributes
    ----------
    name : str
        The label.
    terms : mapping of str to float
        Terms of the formula, and their true coefficients.
    cuts : tuple of float
        :math:`c_l` in :math:`P(Y \le l) = 1 / (1 + e^{-(c_l - x\beta)})`; for a binary label one, minus the
        intercept.
    dependence : Dependence
        What the answers share beyond their effects.
    rows : Rows
        Who is ego, who is alter: every pair of people.
    linear : ndarray of float64, shape (n_rows,)
        :math:`x\beta` without intercept.
    """

    name: str
    terms: Mapping[str, float]
    cuts: tuple[float, ...]
    dependence: Dependence
    rows: Rows
    linear: Array

    @property
    def formula(self) -> str:
        """The model in the words of ``honestsignals.fit``."""
        return f"{self.name} ~ {' + '.join(self.terms)}"

    @property
    def cumulative(self) -> Array:
        """P(Y ≤ l) of each row for every level but the last, shape (n_rows, n_levels − 1)."""
        below: Array = expit(np.asarray(self.cuts) - self.linear[:, None])
        return below

    def draw(self, rng: np.random.Generator) -> Array:
        """One answer a row: 0 or 1, or from 1 up for an ordinal label."""
        ego, alter, shared = self.rows.ego, self.rows.alter, self.dependence
        z = dependent_normal(
            int(alter.max()) + 1,
            ego,
            alter,
            rng,
            actor=shared.actor,
            partner=shared.partner,
            dyad=shared.dyad,
            actor_partner_cor=shared.actor_partner,
        )
        if len(self.cuts) == 1:
            return binary_labels(1 - self.cumulative[:, 0], z)
        return ordinal_labels(self.cumulative, z) + 1

    def stated(self) -> dict[str, Any]:
        """What truth.json says of it."""
        binary = len(self.cuts) == 1
        intercept = {"Intercept": -self.cuts[0]} if binary else {}
        return {
            "family": "logit" if binary else "ordered_logit",
            "formula": self.formula,
            "coefficients": {**intercept, **self.terms},
            **({} if binary else {"cuts": list(self.cuts)}),
            "dependence": asdict(self.dependence),
        }


def design(columns: Mapping[str, Any], terms: Iterable[str]) -> Array:
    """Columns of a dyad table as the terms of a formula say; ``known(x)`` is x, or 0 where undefined.

    Parameters
    ----------
    columns : mapping of str to array, shape (n_rows,)
        A frame will do.
    terms : iterable of str
        Names of columns, bare or within ``log1p()`` or ``known()``.

    Returns
    -------
    ndarray, shape (n_rows, n_terms)

    Examples
    --------
    >>> design({"acts": np.array([0, 1]), "reply_rate": np.array([np.nan, 1])}, ["known(reply_rate)", "acts"])
    array([[0., 0.],
           [1., 1.]])
    """
    changes: Mapping[str, Callable[[Array], Array]] = {
        "": np.asarray,
        "log1p": np.log1p,
        "known": np.nan_to_num,
    }
    found = []
    for term in terms:
        change, _, _ = term.rpartition("(")
        found.append(changes[change](np.asarray(columns[column_of(term)], dtype=float)))
    return np.column_stack(found)


def column_of(term: str) -> str:
    """The column that a term is made of.

    >>> column_of("log1p(acts)"), column_of("in_contact")
    ('acts', 'in_contact')
    """
    return term.rpartition("(")[2].removesuffix(")")
