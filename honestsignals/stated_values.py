"""What stated values say of other columns, and where no row could have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from honestsignals.averaging import Fitted, word
from honestsignals.new_values import bound_to, bound_words


def stated_facts(fitted: Fitted, at: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stated values of a column say of others that are bound to it, and whom they are averaged over."""
    found = []
    for name in at[0]:
        ruled = [(point, fitted.ruled(point)[name]) for point in at if name in fitted.ruled(point)]
        for point, bound in ruled:
            if point[name] == 0:
                found.append(f"{name} = 0: {bound_words(bound)}, as in every row used where {name} is 0.")
            else:
                count = int((fitted.numbers(name) == 1).sum())
                found.append(f"{name} = {word(point[name])}: over the {count:,} rows where it is 1.")
    return list(dict.fromkeys(found))


def stated_notes(fitted: Fitted, at: Sequence[Mapping[str, Any]]) -> list[str]:
    """Stated values that no row can have beside others, stated or as observed."""
    import pandas as pd

    found = []
    for name in (str(one) for one in fitted.source.columns):
        for other, nothing in bound_to(fitted.source, name).items():
            words = f"{bound_words({other: nothing})} in every row where {name} is 0"
            stated = [point for point in at if other in point]
            if any(
                point.get(name) == 0 and not pd.isna(point[other]) and point[other] != 0 for point in stated
            ):
                found.append(f"{words}, and both are stated otherwise: no pair is so")
            elif any(name not in point and (nothing == 0 or pd.isna(point[other])) for point in stated):
                found.append(f"{words}, which is here as observed; state {name} as well")
    return found
