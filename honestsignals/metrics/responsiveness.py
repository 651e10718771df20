"""What becomes of a disclosure: whether the other returns it, how soon and how deeply.

A disclosure is returned where the other discloses strictly later and within Δ (``disclosure_window``, a day;
inclusive). Only disclosures all of whose Δ was observed count, returned or not: leaving out what was not
returned yet would leave out the slow. As in ``reply_rate_ego``, ego's column is about what ego returns; whose
disclosures went unreturned is in the names that say so. Opposite disclosures at one instant return nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import HOUR, Acts, ratio
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.told import exceeds, told, turns_of

Array = np.ndarray[Any, np.dtype[Any]]

ANY = (-math.inf, math.inf)
NOTHING = "alter disclosed nothing by Δ before the end"
NO_RETURN = "ego returned none of alter's disclosures"
NO_FIRST = "neither disclosed, both did at the first instant, or Δ after it was not all observed"
NOT_MET = "the first disclosure was not met, or nobody knows whether it was"


def _turn_returns(acts: Acts) -> Array:
    """Share of each one's disclosure turns that the other's next turn returns (shape (2, n_pairs))."""
    if acts.depth is None:
        raise TypeError("the acts have no depth")
    turns, window = turns_of(acts), acts.settings.disclosure_window
    starts, n = turns.starts, len(acts.from_ego)
    if not len(starts):
        return np.full((2, acts.n_pairs), math.nan)
    holds = np.logical_or.reduceat(~np.isnan(acts.depth), starts)
    over = acts.clock[np.append(starts[1:], n) - 1]
    ends = np.append(turns.place[1:] == 0, True)
    following = np.minimum(np.arange(len(starts)) + 1, len(starts) - 1)
    asked = holds & turns.clear & (over <= acts.end[turns.pair] - window)
    # a turn after it of which nobody knows how far it goes tells nothing
    asked &= ends | turns.clear[following]
    soon = acts.clock[starts[following]] - over <= window
    back = asked & ~ends & holds[following] & soon
    group = turns.pair + ~acts.forward[starts] * acts.n_pairs
    back, asked = (np.bincount(group[one], minlength=2 * acts.n_pairs) for one in (back, asked))
    return ratio(back, asked).reshape(2, -1)


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=(0, 1),
    undefined="no turn of alter's with a disclosure, Δ before the end, has a known beginning, end and answer",
    reference="sprecher2013",
    basis="derived",
    formula="turns of j with a disclosure whose next turn, by i within Delta, has one / turns of j with one",
    higher="yes",
    title="turn-taking return of disclosure",
    asks=("Do they take turns in disclosing?",),
)
def turn_disclosure_return_ego(acts: Acts) -> Array:
    """Share of alter's turns with a disclosure that ego's very next turn, begun within Δ, returns with one.

    Turns are runs of acts of any sort, Δ runs from the last act of alter's. Turns that touch an instant at
    which both acted, and those followed by such a turn, are left out; so are those of the last Δ.
    """
    return acts.of_ego(acts.once("turn_returns", lambda: _turn_returns(acts))[::-1])


def _returns(acts: Acts) -> Array:
    """By discloser: asked, returned, deeply enough, mean hours and mean depth gained (rows of two)."""
    of = told(acts)
    asked = np.flatnonzero(of.watched)
    back = np.flatnonzero(of.watched & of.returned)
    answer, margin = of.answer[back], acts.settings.depth_margin
    number, returned = of.tally(asked), of.tally(back)
    shallow = exceeds(of.depth[back], of.deepest_answer(back), margin)
    deep = of.tally(back[~shallow])
    hours = ratio(of.tally(back, of.wait[back]), returned) / HOUR
    gained = ratio(of.tally(back, of.peak[answer] - of.depth[back]), returned)
    return np.array([number, returned, deep, hours, gained], dtype=float)


def _of_returns(acts: Acts, which: int) -> Array:
    """Of what ego returned: the disclosures are alter's."""
    return acts.of_ego(acts.once("disclosure_returns", lambda: _returns(acts))[which, ::-1])


@statistic(unit="disclosures", needs=["time", "depth"])
def disclosures_to_ego(acts: Acts) -> Array:
    """Disclosures by alter that ego could return: those not in the last Δ of what was observed."""
    return _of_returns(acts, 0).astype(np.int64)


@statistic(unit="disclosures", needs=["time", "depth"])
def disclosures_returned_ego(acts: Acts) -> Array:
    """Disclosures by alter that ego returned within Δ (inclusive), the last Δ of the log left out."""
    return _of_returns(acts, 1).astype(np.int64)


@metric(
    range=(0, 1),
    swap="swap",
    undefined=NOTHING,
    reference="sprecher2013",
    basis="derived",
    formula="disclosures_returned_ego / disclosures_to_ego",
    higher="yes",
    title="extended return of disclosure",
    asks=("Is disclosure returned, or reciprocated, sooner or later?",),
)
def extended_disclosure_return_ego(disclosures_returned_ego: Array, disclosures_to_ego: Array) -> Array:
    """Share of alter's disclosures that ego returns with any disclosure within Δ, in the next turn or not.

    Examples
    --------
    >>> extended_disclosure_return_ego(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return ratio(disclosures_returned_ego, disclosures_to_ego)


@metric(
    range=(0, math.inf),
    swap="swap",
    undefined="",
    reference="",
    unit="disclosures",
    formula="disclosures_to_alter - disclosures_returned_alter",
    higher="no",
    asks=("How many disclosures were never returned: reciprocity fails?",),
)
def unreturned_ego(disclosures_to_alter: Array, disclosures_returned_alter: Array) -> Array:
    """Disclosures by ego that alter did not return within Δ, those of the last Δ left out.

    Examples
    --------
    >>> unreturned_ego(np.array([4, 0]), np.array([1, 0]))
    array([3, 0])
    """
    return disclosures_to_alter - disclosures_returned_alter


@metric(
    range=(0, 1),
    swap="swap",
    undefined="ego disclosed nothing by Δ before the end",
    reference="",
    formula="unreturned_ego / disclosures_to_alter",
    higher="no",
)
def unreturned_share_ego(unreturned_ego: Array, disclosures_to_alter: Array) -> Array:
    """Share of ego's disclosures that alter did not return within Δ.

    Examples
    --------
    >>> unreturned_share_ego(np.array([3, 0]), np.array([4, 0]))
    array([0.75,  nan])
    """
    return ratio(unreturned_ego, disclosures_to_alter)


@statistic(
    unit="hours",
    needs=["time", "depth"],
    empty=math.nan,
    open_ends="low",
    undefined=NO_RETURN,
    reference="reis1988",
    basis="derived",
    formula="mean hours from j's returned disclosures to i's first disclosure after each",
    higher="no",
    title="time to return of disclosure",
)
def return_hours_ego(acts: Acts) -> Array:
    """Hours until ego returns a disclosure of alter's: the mean of those returned, so Δ at most.

    Those that were not returned are not in it: how many these are is ``extended_disclosure_return_ego``.
    """
    return _of_returns(acts, 3)


@statistic(
    unit="depth",
    needs=["time", "depth"],
    empty=math.nan,
    range=ANY,
    undefined=NO_RETURN,
    reference="reis1988",
    basis="derived",
    formula="mean over j's returned disclosures of depth of i's first disclosure after each, less its depth",
    title="depth of return",
)
def return_depth_ego(acts: Acts) -> Array:
    """How much deeper ego's return is than the disclosure of alter's that it follows; mean of those returned.

    The return is ego's first disclosure after it, of several at one instant the deepest.
    """
    return _of_returns(acts, 4)


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=(0, 1),
    undefined=NOTHING,
    reference="reis1988",
    basis="derived",
    formula="share of j's disclosures after which i discloses within Delta to at least its depth less tau",
    higher="yes",
    asks=("Is the partner responsive to disclosure?",),
)
def responsiveness_ego(acts: Acts) -> Array:
    """Share of alter's disclosures that ego meets within Δ with one at least as deep, less τ (0 unless said).

    A proxy, from behaviour, of what Reis and Shaver (1988) hold to be perceived: it knows of no warmth, and
    of no answer that does not disclose.
    """
    return ratio(_of_returns(acts, 2), _of_returns(acts, 0))


# who went first


def _first(acts: Acts) -> Array:
    """Who disclosed first (given ``forward``: 1), and whether, when and how deeply it was met (4 rows)."""
    of = told(acts)
    out = np.full((4, acts.n_pairs), math.nan)
    offsets = of.acts.offsets
    pairs = np.flatnonzero(offsets[1:] > offsets[:-1])
    at = offsets[pairs]
    both = of.acts.mixed[at]
    out[0, pairs] = np.where(both, 0.0, np.where(of.acts.from_ego[at], 1.0, -1.0))
    told_of = of.watched[at] & ~both
    pairs, at = pairs[told_of], at[told_of]
    met = of.returned[at]
    out[1, pairs] = met
    pairs, at = pairs[met], at[met]
    out[2, pairs] = of.wait[at] / HOUR
    out[3, pairs] = of.peak[of.answer[at]] - of.peak[at]
    return out


def _of_first(acts: Acts, which: int) -> Array:
    return acts.once("first_disclosure", lambda: _first(acts))[which]


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=(-1, 1),
    swap="negate",
    undefined="neither disclosed",
    reference="jourard1971",
    basis="derived",
    formula="1 if i disclosed first, -1 if j did, 0 where both did at one instant",
    title="who disclosed first",
    asks=("Who opened up first, or took the risk of disclosing first?",),
)
def first_disclosure(acts: Acts) -> Array:
    """Who of the two disclosed first: ego (1), alter (−1), or both at one instant (0)."""
    sign = _of_first(acts, 0)
    return sign if acts.ahead else 0.0 - sign


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=(0, 1),
    undefined=NO_FIRST,
    reference="jourard1971",
    basis="derived",
    formula="1 if the other disclosed within Delta after the first disclosure, else 0",
    higher="yes",
    asks=("Was going first met with a disclosure?",),
)
def first_disclosure_met(acts: Acts) -> Array:
    """Whether the other returned the very first disclosure within Δ: 1 or 0."""
    return _of_first(acts, 1)


@statistic(
    unit="hours",
    needs=["time", "depth"],
    empty=math.nan,
    open_ends="low",
    undefined=NOT_MET,
    reference="jourard1971",
    basis="derived",
    formula="hours from the first disclosure to the other's, where that is within Delta",
    higher="no",
)
def first_disclosure_hours(acts: Acts) -> Array:
    """Hours until the very first disclosure was met, where it was."""
    return _of_first(acts, 2)


@statistic(
    unit="depth",
    needs=["time", "depth"],
    empty=math.nan,
    range=ANY,
    undefined=NOT_MET,
    reference="jourard1971",
    basis="derived",
    formula="depth of the disclosure that met the first less the depth of the first",
)
def first_disclosure_answer(acts: Acts) -> Array:
    """How much deeper the answer to the very first disclosure was than it; of several at once the deepest."""
    return _of_first(acts, 3)
