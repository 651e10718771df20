"""Self-disclosure of one pair from loops over its acts, in exact fractions: the formulas, nothing shared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

NAN = math.nan
HOUR = 3_600_000_000


class Deep(Protocol):
    """An act, as far as disclosure goes."""

    @property
    def sender(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def depth(self) -> float: ...
    @property
    def topic(self) -> int: ...


def exact(depth: float) -> Fraction:
    """The decimal that a depth is written as."""
    return Fraction(repr(float(depth)))


def share(top: Fraction | int, bottom: Fraction | int) -> float:
    return float(Fraction(top) / Fraction(bottom)) if bottom else NAN


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


@dataclass
class Turn:
    """A run of one giver's acts, or an instant at which both acted (of nobody)."""

    giver: int | None
    first: int
    last: int
    acts: list[Deep]
    clear: bool = False

    @property
    def depth(self) -> Fraction:
        return mean([exact(act.depth) for act in self.acts])

    @property
    def discloses(self) -> bool:
        return any(not math.isnan(act.depth) for act in self.acts)


def turns(acts: Sequence[Deep]) -> list[Turn]:
    found: list[Turn] = []
    for time in sorted({act.time for act in acts}):
        now = [act for act in acts if act.time == time]
        givers = {act.sender for act in now}
        giver = givers.pop() if len(givers) == 1 else None
        if found and giver is not None and found[-1].giver == giver:
            found[-1].acts += now
            found[-1].last = time
        else:
            found.append(Turn(giver, time, time, now))
    for place, turn in enumerate(found):
        near = found[max(place - 1, 0) : place + 2]
        turn.clear = all(one.giver is not None for one in near)
    return found


def solved(columns: list[list[Fraction]], y: list[Fraction]) -> tuple[list[Fraction], list[Fraction]] | None:
    """Least squares by the normal equations: coefficients and residuals; None where there is none."""
    size = len(columns)
    rows = [
        [sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0)) for other in (*columns, y)]
        for one in columns
    ]
    for place in range(size):
        pivot = next((row for row in range(place, size) if rows[row][place]), None)
        if pivot is None:
            return None
        rows[place], rows[pivot] = rows[pivot], rows[place]
        for row in range(size):
            if row != place:
                factor = rows[row][place] / rows[place][place]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[place], strict=True)]
    beta = [rows[place][size] / rows[place][place] for place in range(size)]
    across = zip(*columns, strict=True)
    fitted = [sum((b * c for b, c in zip(beta, row, strict=True)), Fraction(0)) for row in across]
    return beta, [a - b for a, b in zip(y, fitted, strict=True)]


def matching(told: Sequence[Deep], who: int) -> tuple[int, float, float, float]:
    """Turns, slope, what is left of the other's depth, and residual sum of squares."""
    every = turns(told)
    used = [
        place
        for place in range(2, len(every))
        if every[place].giver == who and all(one.clear for one in every[place - 2 : place + 1])
    ]
    if len(used) < 8:
        return len(used), NAN, NAN, NAN
    y = [every[place].depth for place in used]
    x = [every[place - 1].depth for place in used]
    held = [[Fraction(1)] * len(used), [Fraction(place) for place in used]]
    before = [every[place - 2].depth for place in used]
    if any(solved([*held, before], y) or ()):
        held.append(before)
    full, of_x = solved([*held, x], y), solved(held, x)
    if full is None or of_x is None:
        return len(used), NAN, NAN, NAN
    spread, residual = (float(sum(one * one for one in parts[1])) for parts in (of_x, full))
    return len(used), float(full[0][-1]), spread, residual


def gap(told: Sequence[Deep]) -> float:
    every = turns(told)
    gaps = [abs(one.depth - two.depth) for one, two in pairwise(every) if one.clear and two.clear]
    return float(mean(gaps)) if gaps else NAN


def escalation(told: Sequence[Deep], who: int) -> float:
    moments = sorted({act.time for act in told})
    steps = [moments.index(act.time) + 1 for act in told if act.sender == who]
    depths = [float(act.depth) for act in told if act.sender == who]
    if len(depths) < 3 or len(set(steps)) == 1:
        return NAN
    logs = [math.log(step) for step in steps]
    at, deep = math.fsum(logs) / len(logs), math.fsum(depths) / len(depths)
    top = math.fsum((x - at) * (y - deep) for x, y in zip(logs, depths, strict=True))
    return top / math.fsum((x - at) ** 2 for x in logs)


def overdisclosure(told: Sequence[Deep], who: int, margin: Fraction) -> float:
    after = deep = 0
    for act in told:
        past = [exact(one.depth) for one in told if one.sender != who and one.time < act.time]
        if act.sender == who and past:
            after += 1
            deep += exact(act.depth) - max(past) > margin
    return share(deep, after)


def turn_return(acts: Sequence[Deep], who: int, end: int, window: int) -> float:
    """Of the other's turns, as returned by ``who``."""
    every, asked, back = turns(acts), 0, 0
    for place, turn in enumerate(every):
        if turn.giver in (None, who) or not turn.clear or not turn.discloses or turn.last + window > end:
            continue
        following = every[place + 1] if place + 1 < len(every) else None
        if following is not None and not following.clear:
            continue
        asked += 1
        soon = following is not None and following.first - turn.last <= window
        back += following is not None and soon and following.discloses
    return share(back, asked)


def returns(told: Sequence[Deep], who: int, end: int, window: int, margin: Fraction) -> dict[str, float]:
    asked, waits, gains, deep = 0, [], [], 0
    for act in told:
        if act.sender == who or act.time + window > end:
            continue
        asked += 1
        answers = [one for one in told if one.sender == who and act.time < one.time <= act.time + window]
        if not answers:
            continue
        first = min(one.time for one in answers)
        waits.append(Fraction(first - act.time, HOUR))
        gains.append(max(exact(one.depth) for one in answers if one.time == first) - exact(act.depth))
        deep += any(exact(one.depth) >= exact(act.depth) - margin for one in answers)
    return {
        "disclosures_to": asked,
        "disclosures_returned": len(waits),
        "extended_disclosure_return": share(len(waits), asked),
        "return_hours": float(mean(waits)) if waits else NAN,
        "return_depth": float(mean(gains)) if gains else NAN,
        "responsiveness": share(deep, asked),
    }


def first(told: Sequence[Deep], ego: int, end: int, window: int) -> dict[str, float]:
    out = dict.fromkeys(("", "_met", "_hours", "_answer"), NAN)
    if told:
        begin = min(act.time for act in told)
        opening = [act for act in told if act.time == begin]
        givers = {act.sender for act in opening}
        out[""] = 0 if len(givers) == 2 else 1 if ego in givers else -1
        if len(givers) == 1 and begin + window <= end:
            later = [act for act in told if act.sender not in givers and begin < act.time <= begin + window]
            out["_met"] = bool(later)
            if later:
                soon = min(act.time for act in later)
                answer = max(exact(act.depth) for act in later if act.time == soon)
                out["_hours"] = (soon - begin) / HOUR
                out["_answer"] = float(answer - max(exact(act.depth) for act in opening))
    return {f"first_disclosure{name}": value for name, value in out.items()}


def amounts(rows: Sequence[Deep], ego: int, alter: int) -> dict[str, float]:
    """What needs no time: numbers, depth and breadth."""
    out: dict[str, float] = {}
    about = {}
    for side, who in (("ego", ego), ("alter", alter)):
        own = [row for row in rows if row.sender == who and not math.isnan(row.depth)]
        number = sum(row.count for row in own)
        out[f"disclosures_{side}"] = number
        out[f"depth_{side}"] = share(sum(exact(row.depth) * row.count for row in own), number)
        out[f"depth_peak_{side}"] = max((float(row.depth) for row in own), default=NAN)
        about[side] = Counter[int]()
        for row in own:
            if row.topic >= 0:
                about[side][row.topic] += row.count
        out[f"topics_{side}"], out[f"topical_{side}"] = len(about[side]), about[side].total()
    m = min(one.total() for one in about.values())
    out["breadth_size"] = m
    for side, topics in about.items():
        n = topics.total()
        expected = sum(1 - Fraction(math.comb(n - one, m), math.comb(n, m)) for one in topics.values())
        out[f"breadth_{side}"] = float(expected) if m else NAN
    out["breadth_balance"] = NAN
    if m:
        both = out["breadth_ego"], out["breadth_alter"]
        out["breadth_balance"] = min(both) / max(both)
    return out


def disclosing(
    rows: Sequence[Deep],
    single: Sequence[Deep],
    two: tuple[int, int],
    end: int,
    spans: tuple[int, float],
) -> dict[str, float]:
    """Columns of disclosure; ``rows`` with their counts, ``single`` one by one, ``spans`` Δ and τ."""
    window, margin = spans[0], exact(spans[1])
    told = [act for act in single if not math.isnan(act.depth)]
    out = amounts(rows, *two) | first(told, two[0], end, window) | {"depth_gap": gap(told)}
    for side, who in zip(("ego", "alter"), two, strict=True):
        out[f"escalation_{side}"] = escalation(told, who)
        out[f"overdisclosure_{side}"] = overdisclosure(told, who, margin)
        out[f"turn_disclosure_return_{side}"] = turn_return(single, who, end, window)
        found = returns(told, who, end, window, margin)
        out |= {f"{name}_{side}": value for name, value in found.items()}
        names = ("turns", "slope", "spread", "residual")
        of_turns = matching(told, who)
        out |= {f"matching_{name}_{side}": value for name, value in zip(names, of_turns, strict=True)}
    for side, other in (("ego", "alter"), ("alter", "ego")):
        asked, back = (int(out[f"disclosures_{what}_{other}"]) for what in ("to", "returned"))
        out[f"unreturned_{side}"] = asked - back
        out[f"unreturned_share_{side}"] = share(asked - back, asked)
    return out
