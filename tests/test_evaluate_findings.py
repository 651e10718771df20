"""What fresh readers found in evaluations, mended and held."""

from __future__ import annotations

import numpy as np
import pandas as pd

import honestsignals as hs
from honestsignals.evaluation_plan import plan
from tests.shared import needs_shared, shared_path


def settled(table, **options):
    return plan(table, None, None, folds="people", model=(None, None), admit=(), seed=1, **options)


@needs_shared
def test_the_ladder_is_the_report_s_where_nobody_acts_twice() -> None:
    """Contact gives way, so that balance is judged, and by the columns of the report's own fit."""
    table = hs.open_study(shared_path("datasets", "krackhardt")).dyads(label="friendship")
    made = settled(table)
    assert [one.name for one in made.rungs] == ["volume", "balance"]
    assert "in_contact" not in made.rungs[1].terms
    assert any("in_contact is told by who gave" in note for note in made.notes)


def unreturned(people: int = 30) -> pd.DataFrame:
    """Everybody acts at most once towards others, and nobody gives anything back."""
    rng = np.random.default_rng(0)
    ego, alter = (part.ravel() for part in np.nonzero(~np.eye(people, dtype=bool)))
    gave = (rng.random(len(ego)) < 0.3) & (ego < alter)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts_ego": gave.astype(int), "acts_alter": 0})
    frame["returned_share"] = np.where(gave, 0.0, np.nan)
    frame["trust"] = (rng.random(len(ego)) < np.where(gave, 0.5, 0.2)).astype(int)
    return frame


def test_what_cannot_be_judged_is_not_called_nothing() -> None:
    found = hs.evaluate(unreturned(), label="trust", folds=hs.PeopleFolds(divisions=2))
    assert "Balance is not judged" in found.headline
    assert "adds nothing" not in found.headline
    again = hs.evaluate(
        unreturned(),
        label="trust",
        ladder={"volume": ["acts_ego"], "more": ["square(acts_ego)"]},
        folds=hs.PeopleFolds(divisions=2),
    )
    assert "nothing is judged" in again.headline
    assert "just as volume does" in again.headline


def test_the_lot_of_divisions_and_bad_probabilities_are_said() -> None:
    rng = np.random.default_rng(3)
    ego, alter = np.triu_indices(14, 1)
    noise = {f"x{i}": rng.normal(size=len(ego)) for i in range(12)}
    frame = pd.DataFrame({"ego": ego, "alter": alter, **noise})
    frame["trust"] = (rng.random(len(ego)) < 0.3).astype(int)
    steps = {"volume": ["x0"], "much": [f"x{i}" for i in range(1, 12)]}
    found = hs.evaluate(frame, label="trust", ladder=steps, folds=hs.PeopleFolds(divisions=6))
    text = "\n".join(found.facts())
    assert "another seed's divisions would move it by" in text
    assert "probabilities of volume and much are worse than the base rate's" in text or (
        "probabilities of much are worse than the base rate's" in text
    )
    few = hs.evaluate(frame, label="trust", ladder=steps, folds=hs.PeopleFolds(divisions=2))
    assert "another seed" not in "\n".join(few.facts())
