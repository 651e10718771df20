"""What is stated of simulated disclosure: options, who is moderated, and the truth that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from scipy.special import expi

from honestsignals.errors import ArgumentError, one_of
from honestsignals.glossary import identifier
from honestsignals.making_studies import check_number

HORIZONS = (7, 14, 28, 56)
"""Days after a failed opening for which truth.json states what it does, others equal."""


@dataclass(frozen=True)
class Disclosure:
    r"""How simulated people open up: how often, how deep, and what an unreturned opening does.

    **Openings.** Each of the two of a pair in contact opens conversations with the other at the rate
    :math:`\lambda_{ij}(t) = \rho_{ij}\, b(t)\, s^{E_{ij}(t)}` a day, where
    :math:`E_{ij}(t) = \sum_f 2^{-(t - t_f - \Delta)/H}` runs over the openings of i to j at :math:`t_f`
    that j left unreturned and whose Δ has run out. An opening is *unreturned* where nothing comes from j to i
    in :math:`(t_f, t_f + \Delta]`, be it an answer or an opening of j's own.

    **Depth.** Turns are runs of disclosures by one of the two, k = 1, 2, … within the pair. With
    :math:`\mu_{ij}(k) = \text{level} + a_i + g_{ij} + \beta \ln k`, the depth of turn k by i is

    .. math:: d_k = \mu_{ij}(k) + m\,[d_{k-1} - \mu_{ji}(k-1)] + o\,[d_{k-2} - \mu_{ij}(k-2)] + \epsilon_k

    so that β is the slope of depth on ln k within an ordered pair; m and o are the coefficients of alter's
    preceding and ego's own previous turn in a regression that has ln k and the ordered pair too, in which
    that of ln k comes near β (1 − m − o). All acts of a turn are equally deep. Who opens and returns does not
    hang on depth.

    Attributes
    ----------
    contact : float
        Share of the pairs that are in contact.
    weekly : float
        Openings a week of each of the two to the other before any dent, on average: the mean of ρ.
    activity_sd, tie_sd : float
        Standard deviations of ln ρ between people who open, and between pairs.
    bursts : float
        Bursts a year of a pair in contact, which both share; 0 for none.
    burst_days, burst_factor : float
        Mean length of a burst (exponential), and b(t) while one lasts; two at once add up.
    window_days : float
        Δ: how long a return is waited for.
    fail_rate : float
        Probability that somebody typical leaves an opening alone for all of Δ.
    fail_sd : float
        Standard deviation of its log odds between people.
    late : float
        Share of those openings that are returned after Δ all the same.
    wait_hours : float
        Mean of the exponential that waits for a return are drawn from, cut at Δ, of somebody typical.
    slow_sd : float
        Standard deviation of its log between people: some are just slow.
    carries_on : float
        Probability that a return is returned within Δ in its turn, and so on.
    stifle : float
        s: what an unreturned opening multiplies the opener's rate by; 1 for no effect.
    half_life_days : float or None
        H, after which half of the dent is left on the log scale; None where it stays.
    disclosing : float
        Share of acts that disclose; the others are talk, which has no depth and no topic, but returns.
    level, level_sd, pair_sd : float
        Mean depth at the first turn; standard deviations of :math:`a_i` and of :math:`g_{ij}`.
    escalation, matching, own : float
        β, m and o.
    noise : float
        Standard deviation of ε.
    layers : int or None
        Rounds depth to 0, 1, …, layers − 1; None leaves it as it is.
    rating_sd : float
        Standard deviation of an error that each act's depth is noted with, before rounding.
    topics : int
        Topics; each of the two has favourites among them.
    """

    contact: float = 0.2
    weekly: float = 0.5
    activity_sd: float = 0.5
    tie_sd: float = 0.4
    bursts: float = 0.0
    burst_days: float = 10.0
    burst_factor: float = 4.0
    window_days: float = 1.0
    fail_rate: float = 0.3
    fail_sd: float = 0.0
    late: float = 0.0
    wait_hours: float = 2.0
    slow_sd: float = 0.5
    carries_on: float = 0.3
    stifle: float = 0.7
    half_life_days: float | None = 30.0
    disclosing: float = 1.0
    level: float = 2.0
    level_sd: float = 0.4
    pair_sd: float = 0.3
    escalation: float = 0.3
    matching: float = 0.3
    own: float = 0.2
    noise: float = 0.6
    layers: int | None = None
    rating_sd: float = 0.0
    topics: int = 12

    def stifle_ratio(self, horizon_days: float, stifle: float | None = None) -> float:
        r"""What one failure does, others equal: rate of opening over a horizon after it, against no failure.

        Parameters
        ----------
        horizon_days : float
            h: the horizon begins when Δ has run out.
        stifle : float, optional
            Instead of the option: of those whom a moderator changes.

        Returns
        -------
        float
            :math:`\frac1h \int_0^h s^{2^{-u/H}} du = \frac{H}{h \ln 2} [\mathrm{Ei}(\ln s) -
            \mathrm{Ei}(2^{-h/H} \ln s)]`. No log shows it: openings after it may fail too, and do so more
            where more are made. A ratio measured over h is nearer to 1, by .01 with the usual options and h
            of 28 days, and by more where people open more often, and its half-life is shorter:
            ``honestsignals.stifle_truth.whole_stifling`` has both.

        Examples
        --------
        >>> Disclosure(stifle=0.5, half_life_days=None).stifle_ratio(28)
        0.5
        >>> round(Disclosure(stifle=0.5, half_life_days=28).stifle_ratio(28), 4)
        0.6095
        """
        check_number("horizon_days", horizon_days, (1e-3, 36_600))
        log = float(np.log(self.stifle if stifle is None else stifle))
        if self.half_life_days is None or log == 0.0:
            return float(np.exp(log))
        lives = horizon_days / self.half_life_days
        return float((expi(log) - expi(log * 2.0**-lives)) / (lives * np.log(2.0)))


@dataclass(frozen=True)
class Moderation:
    """For whom disclosure goes otherwise: a column of people or of pairs, and what it changes.

    Attributes
    ----------
    of : {"people", "pairs"}
        Whose column it is; of people, that of who acts decides.
    column : str
        Its name.
    values : tuple of two str
        Its values: options hold for the first, and are changed for the second. Columns of pairs are numbers:
        0 and 1 stand for the two.
    share : float
        Share of people or pairs with the second.
    matching, escalation : float
        What is added to them: the true coefficients of the interactions. Of people and with an escalation,
        alter's value and its product with ln k belong to a regression on alter's preceding turn.
    stifle : float
        What it is multiplied by: the true ratio of the two stifle ratios of a lasting dent.
    """

    of: str = "people"
    column: str = "culture"
    values: tuple[str, str] = ("a", "b")
    share: float = 0.5
    matching: float = 0.0
    escalation: float = 0.0
    stifle: float = 1.0


BOUNDS: Mapping[str, tuple[float, float]] = {
    "disclosure.contact": (0.001, 1),
    "disclosure.weekly": (0.001, 1_000),
    "disclosure.activity_sd": (0, 3),
    "disclosure.tie_sd": (0, 3),
    "disclosure.bursts": (0, 1_000),
    "disclosure.burst_days": (0.01, 3_660),
    "disclosure.burst_factor": (1, 1_000),
    "disclosure.window_days": (0.01, 366),
    "disclosure.fail_sd": (0, 5),
    "disclosure.wait_hours": (0.01, 10_000),
    "disclosure.slow_sd": (0, 3),
    "disclosure.carries_on": (0, 0.9),
    "disclosure.stifle": (0.01, 1),
    "disclosure.half_life_days": (0.01, 36_600),
    "disclosure.disclosing": (0.01, 1),
    "disclosure.level": (-1_000, 1_000),
    "disclosure.level_sd": (0, 1_000),
    "disclosure.pair_sd": (0, 1_000),
    "disclosure.escalation": (-1_000, 1_000),
    "disclosure.matching": (-1, 1),
    "disclosure.own": (-1, 1),
    "disclosure.noise": (0, 1_000),
    "disclosure.layers": (2, 100),
    "disclosure.rating_sd": (0, 1_000),
    "disclosure.topics": (1, 1_000),
    "moderation.matching": (-2, 2),
    "moderation.escalation": (-1_000, 1_000),
    "moderation.stifle": (0.01, 100),
}
"""Between what options must lie; the others are shares."""
COUNTS = ("layers", "topics")
OPTIONAL = ("half_life_days", "layers")
TEXTS = ("of", "column", "values")


def check_options(disclosure: Disclosure, moderation: Moderation | None) -> None:
    """Refuse options of which no study can be made.

    Raises
    ------
    ArgumentError
        For a value beyond its bounds, or a process of depth that would run away.
    """
    for group, options in (("disclosure", disclosure), ("moderation", moderation)):
        for field in fields(options) if options is not None else ():
            name, value = f"{group}.{field.name}", getattr(options, field.name)
            if field.name in TEXTS or (value is None and field.name in OPTIONAL):
                continue
            check_number(name, value, BOUNDS.get(name, (0, 1)), whole=field.name in COUNTS)
    if moderation is not None:
        _check_column(moderation)
    for value, (matching, _, stifle) in effects_by_value(disclosure, moderation).items():
        of = f" for {value}" if value else ""
        # the roots of z² − m z − o lie within the unit circle
        if abs(disclosure.own) >= 1 or abs(matching) + disclosure.own >= 1:
            raise ArgumentError(
                f"matching is {matching:g}{of} and own {disclosure.own:g}; own must lie between -1 and 1, "
                "and |matching| + own below 1, else depth runs away."
            )
        if not stifle <= 1:
            raise ArgumentError(f"stifle is {stifle:g}{of}; it must be 1 at most.")


def _check_column(moderation: Moderation) -> None:
    """A column that can stand in a formula, with two values."""
    one_of("moderation.of", moderation.of, ("people", "pairs"))
    column, values = moderation.column, moderation.values
    if not isinstance(column, str) or identifier(column) != column or column in ("id", "source", "target"):
        raise ArgumentError(f"moderation.column is {column!r}; it must be a name that a formula can hold.")
    texts = isinstance(values, (tuple, list)) and all(isinstance(one, str) and one for one in values)
    if not texts or len(values) != 2 or values[0] == values[1]:
        raise ArgumentError(f"moderation.values is {values!r}; it must be two texts that differ.")


def effects_by_value(
    disclosure: Disclosure, moderation: Moderation | None
) -> dict[str, tuple[float, float, float]]:
    """Matching, escalation and stifle for each value of the moderator; for all where there is none.

    >>> effects_by_value(Disclosure(), Moderation(matching=0.25))["b"]
    (0.55, 0.3, 0.7)
    """
    usual = (disclosure.matching, disclosure.escalation, disclosure.stifle)
    if moderation is None:
        return {"": usual}
    changed = (
        round(usual[0] + moderation.matching, 12),
        round(usual[1] + moderation.escalation, 12),
        round(usual[2] * moderation.stifle, 12),
    )
    return {moderation.values[0]: usual, moderation.values[1]: changed}


def stated(disclosure: Disclosure, moderation: Moderation | None) -> dict[str, Any]:
    """True values by name: of everybody, or of each value of the moderator, and what lies between the two.

    Returns
    -------
    dict
        ``matching``, ``own``, ``escalation``, ``fail_rate``, ``stifle``, ``half_life_days`` and
        ``one_failure_ratio`` (what one failure does, others equal, by days of horizon); with a moderator
        ``by_value`` and ``interaction`` too.
    """
    ratios = {
        value: {str(days): round(disclosure.stifle_ratio(days, stifle), 6) for days in HORIZONS}
        for value, (_, _, stifle) in effects_by_value(disclosure, moderation).items()
    }
    names = ("matching", "escalation", "stifle")
    by_value = {
        value: {**dict(zip(names, effects, strict=True)), "one_failure_ratio": ratios[value]}
        for value, effects in effects_by_value(disclosure, moderation).items()
    }
    first = next(iter(by_value.values()))
    shared = {"own": disclosure.own, "fail_rate": disclosure.fail_rate}
    values = {**first, **shared, "half_life_days": disclosure.half_life_days}
    if moderation is None:
        return values
    return {
        **values,
        "by_value": by_value,
        "interaction": {
            "matching": moderation.matching,
            "escalation": moderation.escalation,
            "log_stifle": float(np.log(moderation.stifle)),
        },
    }


def options_of(disclosure: Disclosure, moderation: Moderation | None) -> dict[str, Any]:
    """Options as truth.json has them."""
    return {
        "disclosure": asdict(disclosure),
        "moderation": None if moderation is None else asdict(moderation),
    }
