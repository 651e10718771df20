"""Openings left alone and what came before and after, from loops over lists: the formulas, nothing shared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

Act = tuple[str, str, int]
"""Sender, receiver, second."""
Arc = tuple[str, str]


def openings(acts: Sequence[Act], gap: int) -> dict[Arc, list[int]]:
    """Times at which each opens a conversation with each, as ``opened_ego`` counts them."""
    found: dict[Arc, list[int]] = defaultdict(list)
    pairs = {frozenset(act[:2]) for act in acts}
    for pair in pairs:
        times = sorted({time for sender, receiver, time in acts if {sender, receiver} == pair})
        for place, time in enumerate(times):
            if place and time - times[place - 1] <= gap:
                continue
            who = {sender for sender, receiver, when in acts if {sender, receiver} == pair and when == time}
            if len(who) == 1:
                (opener,) = who
                (other,) = pair - who
                found[opener, other].append(time)
    return found


class Looked:
    """One opening that is looked at."""

    def __init__(
        self, arc: Arc, time: int, returned: bool, counts: tuple[int, int, int, int, int], reach: int
    ) -> None:
        self.arc, self.time, self.returned, self.reach = arc, time, returned, reach
        self.after, self.before, self.shared, self.other_after, self.other_before = counts


def looked(acts: Sequence[Act], gap: int, window: int, horizon: int, end: int) -> list[Looked]:
    """Spaced openings with their counts, log beginning at the first act."""
    start = min(time for *_, time in acts)
    of = openings(acts, gap)
    found = []
    for (opener, other), times in sorted(of.items()):
        last = None
        for time in times:
            if time - horizon < start or (last is not None and time - last < window + horizon):
                continue
            free = time if last is None else min(time, last + window + horizon + 1)
            last = time
            if time + window + horizon > end:
                continue
            back = of.get((other, opener), [])
            over = time + window
            after = [sum(over < one <= over + horizon for one in side) for side in (times, back)]
            before = [sum(time - horizon < one < until for one in times) for until in (time, free)]
            shared = sum(time - horizon < one < free for one in back)
            answered = any(
                sender == other and receiver == opener and time < when <= over
                for sender, receiver, when in acts
            )
            counts = (after[0], before[0], before[1], after[1], shared)
            found.append(Looked((opener, other), time, answered, counts, window + 2 * horizon))
    return found


Counts = Callable[[Looked], tuple[int, int]]
OWN: Counts = lambda one: (one.after, one.before)  # noqa: E731
SHARED: Counts = lambda one: (one.after, one.shared)  # noqa: E731
OTHER: Counts = lambda one: (one.other_after, one.other_before)  # noqa: E731


def log_ratio(some: Sequence[Looked], counts: Counts) -> float:
    """Mantel and Haenszel's, over ordered pairs, of all two openings whose windows lie apart."""
    top = bottom = 0.0
    for arc in {one.arc for one in some}:
        own = [one for one in some if one.arc == arc]
        total = sum(sum(counts(one)) for one in own)
        for left in own:
            for back in own:
                if left.returned or not back.returned or abs(left.time - back.time) < left.reach:
                    continue
                (a, b), (c, d) = counts(left), counts(back)
                top, bottom = top + a * d / max(total, 1), bottom + b * c / max(total, 1)
    if not top or not bottom:
        return math.nan
    return math.log(top / bottom)


def jackknife_error(some: Sequence[Looked], value: Callable[[Sequence[Looked]], float]) -> float:
    """The larger of the net jackknife of people and that of pairs, less what chance makes of the larger."""
    whole = value(some)
    # ordered pairs with openings of one kind, or with none around them, say nothing
    telling = {
        one.arc for one in some if not math.isclose(value([o for o in some if o.arc != one.arc]), whole)
    }
    people = sorted({person for arc in telling for person in arc})
    of_people = sum((whole - value([one for one in some if person not in one.arc])) ** 2 for person in people)
    squares = {
        pair: (whole - value([one for one in some if frozenset(one.arc) != pair])) ** 2
        for pair in {frozenset(one.arc) for one in some}
    }
    of_pairs = sum(squares.values())
    shared = sum(
        one * other
        for pair, one in squares.items()
        for again, other in squares.items()
        if pair != again and pair & again
    )
    chance = math.sqrt(2 * shared) / math.sqrt(2 * math.pi)
    return math.sqrt(max((len(people) - 1) / len(people) * of_people - of_pairs, of_pairs) - chance)


def pair_ratio(some: Sequence[Looked], arc: Arc) -> float:
    """Of one ordered pair."""
    a = sum(one.after for one in some if one.arc == arc and not one.returned)
    b = sum(one.before for one in some if one.arc == arc and not one.returned)
    c = sum(one.after for one in some if one.arc == arc and one.returned)
    d = sum(one.before for one in some if one.arc == arc and one.returned)
    return a * d / (b * c) if b * c else math.nan
