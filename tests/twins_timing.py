"""Waits, runs, returns, ledgers and rhythm from loops over lists: the formulas, nothing shared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

NAN = math.nan
HOUR = 3_600_000_000
DAY = 24 * HOUR


class Timed(Protocol):
    """An act, as far as its moment goes."""

    @property
    def sender(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def count(self) -> int: ...


Spell = tuple[int, str]
"""A length and how it ended: "cut" where the end of the log did it."""


def curves(
    spells: Sequence[Spell], event: str
) -> tuple[list[tuple[int, Fraction]], list[tuple[int, Fraction]]]:
    """Kaplan–Meier of anything ending, and Aalen–Johansen of one event: value from each moment on."""
    alive, happened = Fraction(1), Fraction(0)
    survival, incidence = [(0, Fraction(1))], [(0, Fraction(0))]
    for moment in sorted({length for length, how in spells if how != "cut"}):
        at_risk = sum(length >= moment for length, _ in spells)
        ended = sum(length == moment and how != "cut" for length, how in spells)
        of_event = sum(length == moment and how == event for length, how in spells)
        happened += alive * Fraction(of_event, at_risk)
        alive *= 1 - Fraction(ended, at_risk)
        survival.append((moment, alive))
        incidence.append((moment, happened))
    return survival, incidence


def restricted_mean(spells: Sequence[Spell], horizon: int) -> float:
    if not spells:
        return NAN
    survival, _ = curves(spells, "")
    if survival[-1][1] > 0 and max(length for length, _ in spells) < horizon:
        return NAN
    area = Fraction(0)
    for (begin, height), (end, _) in pairwise([*survival, (max(horizon, survival[-1][0]), Fraction(0))]):
        area += height * max(min(end, horizon) - min(begin, horizon), 0)
    return float(area / HOUR)


def half(spells: Sequence[Spell]) -> float:
    if not spells:
        return NAN
    below = [moment for moment, height in curves(spells, "")[0] if 2 * height <= 1]
    return min(below) / HOUR if below else NAN


def waits(acts: Sequence[Timed], openings: Sequence[tuple[int, int]], answerer: int, end: int) -> list[Spell]:
    """Time from openings (moment, opener) by the other to the answerer's next act."""
    found: list[Spell] = []
    running_until = -math.inf
    for begin in sorted(moment for moment, opener in openings if opener != answerer):
        if begin < running_until:
            continue
        later = [act.time for act in acts if act.sender == answerer and act.time > begin]
        running_until = min(later) if later else math.inf
        found.append((min(later) - begin, "reply") if later else (end - begin, "cut"))
    return found


def runs(acts: Sequence[Timed], giver: int, end: int, silence: int) -> list[Spell]:
    """Runs of a giver's acts, followed up to the silence before the end."""
    until = end - silence
    instants = sorted({act.time for act in acts})
    who = {time: {act.sender for act in acts if act.time == time} for time in instants}
    found: list[Spell] = []
    place = 0
    while place < len(instants):
        begin = instants[place]
        if who[begin] != {giver}:
            place += 1
            continue
        last = place
        while (
            last + 1 < len(instants)
            and who[instants[last + 1]] == {giver}
            and instants[last + 1] - instants[last] <= silence
        ):
            last += 1
        following = instants[last + 1] if last + 1 < len(instants) else math.inf
        returned = following - instants[last] <= silence
        over = following if returned else instants[last]
        if begin <= until:
            if over > until:
                found.append((until - begin, "cut"))
            else:
                found.append((int(over) - begin, "returned" if returned else "given up"))
        place = last + 1
    return found


def giving_up(spells: Sequence[Spell]) -> tuple[float, float]:
    if all(how == "cut" for _, how in spells):
        return NAN, NAN
    _, incidence = curves(spells, "given up")
    total = incidence[-1][1]
    if not total:
        return 0.0, NAN
    spent = sum(moment * (height - before) for (_, before), (moment, height) in pairwise(incidence))
    return float(total), float(spent / total / HOUR)


def returns(acts: Sequence[Timed], ego: int, start: int, end: int, gap: int) -> dict[str, float]:
    """Return within the gap after ego's acts, at the same hours of other days, and at a constant rate."""
    others = [act.time for act in acts if act.sender != ego]

    def hit(begin: int) -> bool:
        return any(begin < time <= begin + gap for time in others)

    step = 7 * DAY if end - start >= 28 * DAY else DAY
    observed, expected = [], []
    for act in acts:
        if act.sender != ego or act.time + gap > end:
            continue
        shifted = []
        for sign in (1, -1):
            begin = act.time + sign * step
            while start <= begin and begin + gap <= end:
                shifted.append(hit(begin))
                begin += sign * step
        if shifted:
            observed.append(hit(act.time))
            expected.append(Fraction(sum(shifted), len(shifted)))
    if not observed:
        return dict.fromkeys(("rate", "baseline", "poisson"), NAN)
    return {
        "rate": sum(observed) / len(observed),
        "baseline": float(sum(expected) / len(expected)),
        "poisson": 1 - math.exp(-len(others) * gap / (end - start)),
    }


def ledger(acts: Sequence[Timed], ego: int) -> dict[str, float]:
    balance, peak, trough, even = 0, 0, 0, 0
    for time in sorted({act.time for act in acts}):
        steps = [1 if act.sender == ego else -1 for act in acts if act.time == time]
        if len(set(steps)) == 2:
            steps = [sum(steps)]
        for step in steps:
            even += balance != 0 and balance + step == 0
            balance += step
            peak, trough = max(peak, balance), min(trough, balance)
    return {"ledger_peak_ego": peak, "ledger_peak_alter": -trough, "ledger_returns": even}


def correlation(pairs: Sequence[tuple[int, int]], number: int) -> float:
    """Pearson's, with exact sums, of so many pairs of which those not listed are zeros."""
    if number < 2:
        return NAN
    means = Fraction(sum(x for x, _ in pairs), number), Fraction(sum(y for _, y in pairs), number)
    zeros = number - len(pairs)
    products = zeros * means[0] * means[1] + sum((x - means[0]) * (y - means[1]) for x, y in pairs)
    squares = [
        zeros * mean**2 + sum((pair[side] - mean) ** 2 for pair in pairs) for side, mean in enumerate(means)
    ]
    if not squares[0] or not squares[1]:
        return NAN
    return float(products) / math.sqrt(squares[0] * squares[1])


def gaps(acts: Sequence[Timed], end: int) -> dict[str, float]:
    times = sorted(act.time for act in acts)
    found = [after - time for time, after in pairwise(times)]
    out = dict.fromkeys(("burstiness_finite", "memory", "silence_ratio"), NAN)
    n = len(found)
    if n and sum(found):
        out["silence_ratio"] = (end - times[-1]) / (sum(found) / n)
    if n >= 2 and sum(found):
        mean = sum(found) / n
        r = math.sqrt(sum((gap - mean) ** 2 for gap in found) / n) / mean
        more, fewer = math.sqrt(n + 1), math.sqrt(n - 1)
        out["burstiness_finite"] = (more * r - fewer) / ((more - 2) * r + fewer)
    if n >= 3:
        out["memory"] = correlation(list(pairwise(found)), n - 1)
    return out


def together(acts: Sequence[Timed], ego: int, start: int, end: int, period: int) -> dict[str, float]:
    """Correlations over all observed periods, at once and one apart."""
    first, last = 0, (end - start) // period
    number = last - first + 1 if end >= start else 0
    gave: dict[int, int] = {}
    got: dict[int, int] = {}
    for act in acts:
        side = gave if act.sender == ego else got
        when = (act.time - start) // period
        side[when] = side.get(when, 0) + act.count

    def apart(one: dict[int, int], other: dict[int, int], lag: int) -> float:
        early = {when for when in {*one, *(when - lag for when in other)} if first <= when <= last - lag}
        return correlation([(one.get(when, 0), other.get(when + lag, 0)) for when in early], number - lag)

    return {
        "synchrony": apart(gave, got, 0),
        "synchrony_lead_ego": apart(gave, got, 1),
        "synchrony_lead_alter": apart(got, gave, 1),
    }


def timed(
    acts: Sequence[Timed],
    openings: Sequence[tuple[int, int]],
    two: tuple[int, int],
    edges: tuple[int, int],
    spans: tuple[int, int, int],
) -> dict[str, float]:
    """Columns of timed acts; ``edges`` start and end, ``spans`` gap, reply horizon and silence."""
    (start, end), (gap, horizon, silence) = edges, spans
    out = ledger(acts, two[0]) | gaps(acts, end)
    for side, who in zip(("ego", "alter"), two, strict=True):
        found = waits(acts, openings, who, end)
        out[f"reply_hours_{side}"] = restricted_mean(found, horizon)
        out[f"reply_hours_median_{side}"] = half(found)
        given_up, patience = giving_up(runs(acts, who, end, silence))
        out[f"given_up_{side}"], out[f"patience_{side}"] = given_up, patience
        back = returns(acts, who, start, end, gap)
        out[f"return_rate_{side}"] = back["rate"]
        out[f"return_baseline_{side}"], out[f"return_poisson_{side}"] = back["baseline"], back["poisson"]
        out[f"contingent_return_{side}"] = back["rate"] - back["baseline"]
        out[f"contingent_return_poisson_{side}"] = back["rate"] - back["poisson"]
    return out
