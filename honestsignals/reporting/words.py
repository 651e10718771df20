"""How the report names steps, terms and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

STEPS = ("volume", "balance", "timing")


def grouped(dropped: Mapping[str, str]) -> list[str]:
    """Terms that share a reason, in one clause.

    >>> grouped({"a": "the same in every row", "b": "the same in every row"})
    ['a and b are the same in every row']
    """
    terms: dict[str, list[str]] = {}
    for term, why in dropped.items():
        terms.setdefault(why, []).append(term)
    return [f"{joined(same)} {'is' if len(same) == 1 else 'are'} {why}" for why, same in terms.items()]


def heading(step: str) -> str:
    """Heading of a step's column: what it adds.

    >>> heading("volume"), heading("balance")
    ('volume', '+ balance')
    """
    return f"+ {step}" if step in STEPS[1:] else step


def shown(value: float, form: str) -> str:
    """A number in a form, undefined ones as a dash.

    >>> shown(0.12345, "({:.3f})"), shown(float("nan"), "{:.2f}")
    ('(0.123)', '–')
    """
    return "–" if math.isnan(value) else form.format(value)


def joined(words: Sequence[str]) -> str:
    """Words as a list in a sentence.

    >>> joined(["volume", "balance", "timing"])
    'volume, balance and timing'
    """
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
