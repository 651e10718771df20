"""How the report names steps, terms and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from honestsignals.inference.words import joined
from honestsignals.ladder_terms import STEPS

if TYPE_CHECKING:
    from honestsignals.inference.families import Family


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


FOOT = {
    "rows": ("rows", "{:,.0f}"),
    "people": ("people", "{:,.0f}"),
    "base_rate": ("mean of the label", "{:.3f}"),
    "log_likelihood": ("log likelihood", "{:,.2f}"),
    "r_squared": ("R²", "{:.4f}"),
}
"""What stands below the coefficients, what it is called, and how it is printed."""


def foot_of(family: Family | None) -> dict[str, tuple[str, str]]:
    """What stands below the coefficients of a family, what it is called, and how it is printed.

    Parameters
    ----------
    family : Family or None

    Returns
    -------
    dict of str to (str, str)

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> foot_of(FAMILIES["logit"])["base_rate"]
    ('base rate', '{:.2%}')
    """
    if family is None or family.label == "number":
        return FOOT
    own = {"base_rate": ("base rate", "{:.2%}")} if family.label == "binary" else {}
    return FOOT | own | {"r_squared": ("R² (McFadden)", "{:.4f}")}
