"""How long until a reply, and until giving up: times that the end of the log cuts off.

Leaving out what had not ended when the log did would leave out the slow: estimators of survival keep it.
Waits of one person for one other do not overlap, and runs of acts do not either, so that the log's end
cuts off at most one of each: Kaplan and Meier's curve, and Aalen and Johansen's, then follow from counts
and sums. With n observations, one of them cut off at c, and m that end after c, each that ends by c
weighs 1/n, and each after it (m + 1)/(n m). What ends at c exactly does so before the cut.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import HOUR, NEVER, Acts, ratio, sort_within
from honestsignals.metrics.registry import statistic
from honestsignals.metrics.timing import thread

Array = np.ndarray[Any, np.dtype[Any]]


def _waits(acts: Acts) -> tuple[Array, Array, Array]:
    """Groups of waits for the other's next act, their lengths, and whether the end cut them off.

    Groups are the pairs of those who, given ``forward``, are waited for, and then of the others. A wait
    runs from an opening to the other's next act; openings while it runs start none.
    """
    at = thread(acts, "at")
    if acts.conversation is not None:
        at = np.sort(at)
    whose = np.repeat(np.arange(acts.n_pairs), np.diff(thread(acts, "edges")))
    by = acts.forward[at]
    order = np.concatenate([np.flatnonzero(~by), np.flatnonzero(by)])
    group = (whose + by * acts.n_pairs)[order]
    begin, done = acts.clock[at[order]], acts.next_other[at[order]]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (done[1:] != done[:-1])
    first = np.flatnonzero(new)
    group, begin, done = group[first], begin[first], done[first]
    cut = done == NEVER
    done[cut] = acts.end[group[cut] % acts.n_pairs]
    return group, done - begin, cut


def reply_waits(acts: Acts) -> tuple[Array, Array, Array, Array]:
    """Waits for a next act, one by one: row, whether for ego's, length, and whether the end cut it off."""
    group, wait, cut = _waits(acts)
    return group % max(acts.n_pairs, 1), (group < acts.n_pairs) == acts.ahead, wait, cut


def _late(group: Array, spell: Array, cut: Array, groups: int) -> Array:
    """Positions of what ended after the moment at which the end cut its group off."""
    at = np.flatnonzero(cut)
    moment = np.full(groups, NEVER, dtype=np.int64)
    moment[group[at]] = spell[at]
    return np.flatnonzero((spell > moment[group]) & ~cut)


def _sum(group: Array, values: Array, groups: int) -> Array:
    """Sum of whole microseconds a group: floats hold those of 285 years exactly."""
    return np.bincount(group, weights=values, minlength=groups)


def _replies(acts: Acts) -> Array:
    """Restricted mean and median of waits in hours, by who is waited for (shape (2, 2, n_pairs))."""
    groups, horizon = 2 * acts.n_pairs, acts.settings.reply_horizon
    group, wait, cut = _waits(acts)
    late = _late(group, wait, cut, groups)
    number = np.bincount(group, minlength=groups)
    after = np.bincount(group[late], minlength=groups)
    ended = np.flatnonzero(~cut)
    group_ended, wait_ended = group[ended], wait[ended]
    short = np.minimum(wait, horizon)
    slow = _sum(group[late], short[late], groups)
    fast = _sum(group_ended, short[ended], groups) - slow
    off = np.zeros(groups, dtype=bool)
    off[group[cut]] = True
    # cut off after all that ended: the curve goes on as it is, and is known only if followed for long enough
    open_end = off & (after == 0)
    known = ~open_end
    known[group[cut & (wait >= horizon)]] = True
    tail = np.where(open_end, float(horizon), ratio(slow * (after + 1), after))
    tail[~off] = 0.0
    mean = np.where(known, ratio(fast + tail, number), math.nan) / HOUR
    rank = _half(number, after, off)
    bits = int(wait.max(initial=0)).bit_length()
    ordered = np.append(sort_within(group_ended, wait_ended, bits)[1], 0)
    begin = np.cumsum(number - off) - (number - off)
    median = np.where(rank > 0, ordered[np.where(rank > 0, begin + rank - 1, 0)], math.nan) / HOUR
    return np.array([mean, median]).reshape(2, 2, acts.n_pairs)


def _half(number: Array, after: Array, off: Array) -> Array:
    """Which of the waits that ended, by length, brings the curve to a half or below; 0 if none does."""
    before = number - off - after
    early = -(-number // 2)
    # (m + 1)/n (m - j)/m at the j-th of m after the cut
    share = 2 * (after + 1)
    least = -(-(after * (share - number)) // share)
    late = np.where(after > 0, before + least, 0)
    return np.where(off & (2 * before < number), late, early)


@statistic(
    unit="hours",
    needs=["time"],
    empty=math.nan,
    open_ends="low",
    undefined="alter opened nothing, or the curve was not followed up to the horizon",
    reference="kaplan1958",
    formula="integral to tau of the Kaplan-Meier curve of hours from an opening by alter to ego's next act",
    higher="no",
    basis="derived for at most one wait cut off",
    title="restricted mean time to reply",
    asks=("How soon do they answer?", "How fast is a reply, how long until it comes?"),
)
def reply_hours_ego(acts: Acts) -> Array:
    """Hours that alter waits for ego's next act after opening a conversation, counting at most τ (a day).

    The mean of min(wait, τ), from the Kaplan–Meier curve: waits that the end of the log cuts off count as
    far as they were seen. Openings are those of ``opened_alter``; ego's next act may be in another
    conversation, and is strictly later; a further opening while alter waits starts no second wait. NaN
    too where the longest wait was cut off before τ.
    """
    return acts.of_ego(acts.once("replies", lambda: _replies(acts))[0])


@statistic(
    unit="hours",
    needs=["time"],
    empty=math.nan,
    open_ends="low",
    undefined="alter opened nothing, or the curve stays above one half",
    reference="kaplan1958",
    formula="smallest t at which the Kaplan-Meier curve is at most 1/2",
    higher="no",
    basis="derived for at most one wait cut off",
    title="median time to reply",
)
def reply_hours_median_ego(acts: Acts) -> Array:
    """Hours until ego has answered half of alter's openings: the median wait, those not over included.

    Waits are those of ``reply_hours``.
    """
    return acts.of_ego(acts.once("replies", lambda: _replies(acts))[1])


def _runs(acts: Acts) -> tuple[Array, Array, Array, Array]:
    """Groups of runs of acts, their lengths, whether the end cut them off, and whether silence ended them.

    A run is acts of one giver at most G apart. It is over when the other acts, or when both were silent for
    longer than G: then its length is the time up to its last act. Whether silence follows is known G later,
    so runs are followed up to G before the end, and those that begin later are left out. At an
    instant at which both act no run begins, and all before are returned.
    """
    silence = acts.settings.silence
    new = acts.turned | (acts.gaps > silence)
    new |= ~acts.follows
    starts, edges = np.flatnonzero(new), acts.edges(new)
    whose = np.repeat(np.arange(acts.n_pairs), np.diff(edges))
    begin = acts.clock[starts]
    after = np.append(starts, len(acts.clock))[1:]
    last = acts.clock[after - 1]
    # up to the next act, which is by the other or at a mixed instant unless it comes too late
    wait = np.append(begin, 0)[1:] - last
    filled = edges[1:] > edges[:-1]
    wait[edges[1:][filled] - 1] = NEVER
    returned = wait <= silence
    over = last + wait * returned
    until = acts.end[whose] - silence
    group = whose + ~acts.forward[starts] * acts.n_pairs
    # those that do not count are in a group of their own
    group[(begin > until) | acts.mixed[starts]] = 2 * acts.n_pairs
    cut = over > until
    return group, np.minimum(over, until) - begin, cut, ~(returned | cut)


def _given_up(acts: Acts) -> Array:
    """Share of runs given up and mean hours of these, by giver (shape (2, 2, n_pairs))."""
    groups = 2 * acts.n_pairs + 1
    group, length, cut, up = _runs(acts)
    late = _late(group, length, cut, groups)
    number = np.bincount(group, minlength=groups)
    ended = number - np.bincount(group[np.flatnonzero(cut)], minlength=groups)
    late_up = late[up[late]]
    up = np.flatnonzero(up)
    after = np.bincount(group[late], minlength=groups)
    weigh = np.where(after > 0, (after + 1) / np.maximum(after, 1), 1.0)

    def weighed(of_all: Array, of_late: Array) -> Array:
        return of_all - of_late + of_late * weigh

    share = weighed(np.bincount(group[up], minlength=groups), np.bincount(group[late_up], minlength=groups))
    spent = weighed(_sum(group[up], length[up], groups), _sum(group[late_up], length[late_up], groups))
    found = np.where(ended > 0, ratio(share, number), math.nan)
    # rounding must not leave the range
    return np.array([np.minimum(found, 1.0), ratio(spent, share) / HOUR])[:, :-1].reshape(2, 2, -1)


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(0, 1),
    undefined="no run of ego's acts was over by G before the end",
    reference="aalen1978",
    formula="Aalen-Johansen cumulative incidence of silence after a run of ego's acts, alter's act competing",
    higher="no",
    basis="derived for at most one run cut off",
    title="cumulative incidence of giving up",
    asks=("How often does someone give up when nothing comes back?",),
)
def given_up_ego(acts: Acts) -> Array:
    """Share of ego's runs of acts that ego gave up: both were silent for longer than G (a week) after it.

    A run is acts of ego's with none of alter's between and at most G apart. It is over when alter acts
    (returned: the competing event) or when it is given up; the cumulative incidence of the latter, by the
    end of follow-up, is the share. Runs are followed up to G before the end of what was observed, when
    silence can still be told: one that is not over by then is cut off, one that begins later is left out.
    At an instant at which both act no run begins, and the one before is returned.
    """
    return acts.of_ego(acts.once("given_up", lambda: _given_up(acts))[0])


@statistic(
    unit="hours",
    needs=["time"],
    empty=math.nan,
    undefined="no run of ego's acts was given up",
    reference="aalen1978",
    formula="sum of t dF(t) / F, F the Aalen-Johansen cumulative incidence of giving up at t",
    higher="no",
    basis="derived for at most one run cut off",
    title="time to giving up",
    asks=("How long does someone keep writing without an answer before giving up?",),
)
def patience_ego(acts: Acts) -> Array:
    """Hours for which ego goes on acting without return before giving up: first to last act of such a run.

    The mean over the runs of ``given_up_ego`` that were given up, each with the weight that the
    Aalen–Johansen curve gives it (the same for all where the end cuts off no run); 0 for a single act.
    It tells of runs that alter left unreturned: how many those are is ``given_up_ego``.
    """
    return acts.of_ego(acts.once("given_up", lambda: _given_up(acts))[1])
