"""Moderators that nobody has, or everybody alike, wherever they may be named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs


@pytest.fixture(scope="module")
def simulation() -> hs.DisclosureSimulation:
    return hs.simulate_disclosure(seed=4, people=16, days=150, disclosure=hs.Disclosure(contact=0.4))


def people_of(simulation: hs.DisclosureSimulation) -> pd.DataFrame:
    return simulation.people.assign(no=None, nan=np.nan, one="x")


@pytest.mark.parametrize("column", ["no", "nan"])
@pytest.mark.parametrize(
    ("asked", "prefix", "options"),
    [
        (hs.return_curves, "asker", {"horizon": "2D"}),
        (hs.return_curves, "same", {"horizon": "2D"}),
        (hs.tie_survival, "same", {"silence": "21D"}),
        (hs.matching, "ego", {}),
        (hs.matching, "same", {}),
    ],
)
def test_what_is_known_of_nobody_moderates_nothing(
    simulation, asked: Any, prefix: str, options: dict[str, str], column: str
) -> None:
    with pytest.raises(hs.DesignError, match=f"'{prefix}_{column}' is known of no"):
        asked(simulation.log, by=f"{prefix}_{column}", people=people_of(simulation), **options)


@pytest.mark.parametrize("by", ["asker_one", "same_one"])
def test_one_group_is_compared_with_none(simulation, by: str) -> None:
    found = hs.return_curves(simulation.log, by=by, people=people_of(simulation), horizon="2D")
    with pytest.raises(hs.DesignError, match="of every wait, so there are no groups to compare"):
        found.log_rank(draws=19, seed=1)


@pytest.mark.parametrize(
    ("values", "match"), [(None, "no known value"), (np.nan, "no known value"), ("x", "one value")]
)
def test_a_moderator_of_dyads_needs_two_values(simulation, values: object, match: str) -> None:
    table = simulation.log.dyads(metrics=["acts", "returned_share", "reply_rate"]).frame
    table["near"] = values
    with pytest.raises(hs.DesignError, match=f"'near' has .*{match}"):
        hs.moderation("reply_rate ~ returned_share", table, by="near", family="gaussian")
