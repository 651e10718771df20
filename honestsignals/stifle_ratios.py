"""Does an opening that is left alone keep people from opening again?"""

from __future__ import annotations

from typing import Any

from honestsignals.fail_events import initiatives
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR
from honestsignals.moments import span
from honestsignals.returning import Sourced
from honestsignals.stifle_results import Stifling
from honestsignals.unreturned import stifling_of


def stifling(
    source: InteractionLog | Sourced,
    *,
    within: str = "1D",
    horizon: str = "28D",
    of: str = "openings",
    depth_at_least: float | None = None,
    by: Any = None,
    permutations: int = 999,
    seed: int | None = 0,
) -> Stifling:
    r"""Whether people whose opening was left alone open less often to that other, and for how long.

    .. math:: \hat\theta = \frac{\sum_k a_k d_k / n_k}{\sum_k b_k c_k / n_k}

    Openings are looked at that have h before and Δ + h after them within what was observed, at least Δ + h
    apart within ordered pair (greedily, from the first), whatever came later. One is *returned* where the
    other acts in (t, t + Δ]. Over the openings of ordered pair k, a and b count the opener's openings to that
    other in (t + Δ, t + Δ + h] and in (t − h, t) around those left alone, c and d around those returned, and
    n is their sum: the ratio of two ratios after / before, within ordered pair, as Mantel and Haenszel pool.
    Products of two openings less than Δ + 2h apart are left out of ad and bc: there the one's after is the
    other's before, and a dent would be counted as a low rate before.

    A pair's bursts, in which both act more, make a ratio of their own. Two nulls tell: which openings were
    left alone is shuffled within ordered pair; and the opener's ratio is held against the other's around the
    same openings, since what both share is in either. docs/stifling.md has how often each misleads.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times. A study knows attributes of its people too.
    within : str
        Δ: up to when a return counts.
    horizon : str
        h: how long is looked at before and after.
    of : {"openings", "disclosures"}
        As in :func:`reciprocity_fails`, whose ``stifling()`` takes any gap of conversations.
    depth_at_least : float, optional
        Look at those only that are this deep; all count before and after.
    by : str or pandas.DataFrame, optional
        Moderator, as in :func:`return_curves`: "asker_" with an attribute is of the opener.
    permutations : int
        Times that fails are shuffled; 0 for none.
    seed : int or None
        Of the shuffles.

    Returns
    -------
    Stifling
        With ``verdict``, ``event_study()``, ``half_life()`` and ``sensitivity()``.

    Raises
    ------
    DesignError
        Where no opening has such windows, or no ordered pair has both kinds.

    References
    ----------
    mantel1959, greenland1985, fafchamps2007

    Examples
    --------
    >>> import honestsignals as hs
    >>> disclosure = hs.Disclosure(weekly=1.5, stifle=0.5, half_life_days=30)
    >>> simulation = hs.simulate_disclosure(seed=1, people=30, days=300, disclosure=disclosure)
    >>> found = hs.stifling(simulation.log, permutations=199)
    >>> round(found.ratio, 2), [round(one, 2) for one in found.interval]
    (0.54, [0.47, 0.62])
    >>> found.passed
    (True, True)
    """
    window = span(within, "within")
    gap = HOUR
    found = initiatives(source, "stifling", of=of, depth_at_least=depth_at_least, gap=gap)
    return stifling_of(found, (window, horizon), by, permutations, seed)
