"""Small logs that reach what metrics can reach: ties, single acts, one-sided pairs, even gaps, null pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

import honestsignals as hs
from honestsignals.log import InteractionLog

HAND_MADE = [
    # evenly spaced alternation, one-sided run, both at one instant, single act
    [("a", "b", 0), ("b", "a", 600), ("a", "b", 1200), ("b", "a", 1800)],
    [("a", "b", 0), ("a", "b", 5000), ("a", "b", 90_000), ("c", "d", 100_000)],
    [("a", "b", 10), ("b", "a", 10), ("c", "d", 50_000)],
    [("a", "b", 0), ("c", "d", 700_000)],
    # answered and unanswered openings of both, long before the end
    [("a", "b", 0), ("b", "a", 60), ("b", "a", 50_000), ("a", "b", 50_060), ("c", "d", 900_000)],
    [("a", "b", 0), ("b", "a", 50_000), ("c", "d", 900_000)],
    [("b", "a", 0), ("b", "a", 50_000), ("b", "a", 100_000), ("c", "d", 900_000)],
    # both give up; all gaps but one are nothing
    [("a", "b", 0), ("b", "a", 700_000), ("c", "d", 1_500_000)],
    [("a", "b", 0), ("a", "b", 0), ("a", "b", 500)],
    # week after week: one gives after the other, neither does
    [("a", "b", 0), ("b", "a", 700_000), ("a", "b", 1_300_000), ("c", "d", 2_000_000)],
    [("a", "b", 0), ("b", "a", 1_300_000)],
    # returned at once and never at that hour; never returned and always at that hour
    [("c", "d", 0), ("a", "b", 87_400), ("b", "a", 87_460), ("c", "d", 100_000)],
    [("c", "d", 0), ("b", "a", 1_500), ("a", "b", 87_400), ("c", "d", 100_000)],
    # openings of four months, of both: none, or some, after one that was left alone
    [(*"ab", day * 86_400) for day in (5, 30, 50, 55, 80)]
    + [(*"dc", day * 86_400) for day in (5, 30, 50, 55, 80)]
    + [(*"ba", 30 * 86_400 + 900), (*"cd", 30 * 86_400 + 900), (*"ef", 0), (*"ef", 120 * 86_400)],
    [(*"ab", day * 86_400) for day in (5, 30, 50, 55, 80, 100)]
    + [(*"dc", day * 86_400) for day in (5, 30, 50, 55, 80, 100)]
    + [(*"ba", 30 * 86_400 + 900), (*"cd", 30 * 86_400 + 900), (*"ef", 0), (*"ef", 120 * 86_400)],
    # elsewhere only one of two gives; both give and get the same
    [("a", "b", 0), ("b", "a", 60), ("a", "c", 120), ("c", "b", 180)],
    [("a", "b", 0), ("b", "a", 60), ("a", "c", 90), ("c", "a", 120), ("b", "c", 150), ("c", "b", 180)],
]


def random_rows(seed: int, people: int = 6, acts: int = 60) -> list[tuple[str, str, int]]:
    """Acts in bursts, with ties, on a coarse clock."""
    rng = np.random.default_rng(seed)
    names = [f"p{code}" for code in range(people)]
    sender, receiver = rng.integers(0, people, (2, acts))
    keep = sender != receiver
    day, second = rng.integers(0, 12, acts) * 86_400, rng.integers(0, 40, acts) * 300
    rows = zip(sender[keep], receiver[keep], (day + second)[keep], strict=True)
    return [(names[one], names[other], int(when)) for one, other, when in rows]


DISCLOSED = [
    # matched and deepening turns; equally deep; who goes first is met, or not, or both go at once
    [("ab"[turn % 2], "ba"[turn % 2], turn * 3000, (turn // 3 * turn) % 7 + turn / 4) for turn in range(30)],
    [("a", "b", 0, 0.5), ("b", "a", 600, 0.5), ("a", "b", 1200, 0.5), ("c", "d", 900_000, 0.0)],
    [("a", "b", 0, 0.5), ("b", "a", 200_000, 0.75), ("c", "d", 900_000, 0.0)],
    [("b", "a", 0, 0.25), ("a", "b", 300, 0.0), ("b", "a", 900, 2.0), ("c", "d", 900_000, 0.0)],
    [("b", "a", 0, 0.25), ("a", "b", 0, 0.0), ("b", "a", 900, 2.0), ("a", "b", 2000, 0.0)],
]
"""Logs of disclosures, with their depths."""


def log_of(
    rows: list[tuple[str, str, int]], seed: int = 0, depths: Sequence[float] | None = None
) -> InteractionLog:
    """A timed log with kinds and weights, from (sender, receiver, second); with depths, topics too."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"])
    frame["kind"] = rng.choice(["help", "information"], len(frame))
    frame["weight"] = rng.integers(0, 5, len(frame)) / 4
    if depths is not None:
        frame["depth"] = depths
        frame["topic"] = rng.choice(["work", "home", "money", None], len(frame))
    return hs.read_log(frame, time_unit="s")


def corpus() -> list[InteractionLog]:
    """Hand-made and random logs."""
    logs = [log_of(rows, seed) for seed, rows in enumerate(HAND_MADE)]
    return logs + [log_of(random_rows(seed), seed) for seed in range(12)]


def disclosed() -> list[InteractionLog]:
    """The same with depths and topics, and logs of disclosures."""
    rows = [*HAND_MADE, *(random_rows(seed) for seed in range(12))]
    rng = np.random.default_rng(0)
    depths = [np.where(rng.random(len(one)) < 0.7, rng.integers(0, 9, len(one)) / 4, np.nan) for one in rows]
    rows += [[(one, other, when) for one, other, when, _ in log] for log in DISCLOSED]
    depths += [np.array([depth for *_, depth in log]) for log in DISCLOSED]
    return [log_of(one, seed % 12, depth) for seed, (one, depth) in enumerate(zip(rows, depths, strict=True))]
