"""Small studies to evaluate: a frame with a label of every type, and the bundled study."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import honestsignals as hs
from honestsignals.dyads import DyadTable
from honestsignals.evaluation import Evaluation
from tests.shared import PROJECT

PEOPLE = 18
FEW = hs.PeopleFolds(divisions=3)
LADDER = {"much": ["log1p(acts)", "met"], "return": ["share"]}


def frame(seed: int = 1, people: int = PEOPLE) -> pd.DataFrame:
    """Ordered pairs, acts that are often none, a share that is then undefined, and labels of every type."""
    draws = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(people, dtype=bool))
    own = draws.normal(size=people)
    acts = draws.poisson(np.exp(0.4 * own[ego] + 0.4 * own[alter] + 0.2))
    share = np.where(acts > 0, np.round(draws.random(ego.size), 1), np.nan)
    latent = (
        0.9 * np.log1p(acts) + 0.8 * np.nan_to_num(share) + 0.5 * own[ego] + draws.logistic(size=ego.size)
    )
    level = np.digitize(latent, np.quantile(latent, [0.4, 0.7]))
    names = np.array([f"p{i:02d}" for i in range(people)])
    return pd.DataFrame(
        {
            "ego": names[ego],
            "alter": names[alter],
            "acts": acts,
            "met": (acts > 0).astype(int),
            "share": share,
            "asked": draws.integers(0, 60, ego.size),
            "yes": (level > 1).astype(int),
            "level": pd.Categorical.from_codes(level, ["low", "mid", "high"], ordered=True),
            "kind": pd.Categorical.from_codes(draws.permutation(level), ["none", "one", "both"]),
            "score": np.round(latent, 2),
        }
    )


TYPES = {"yes": "binary", "level": "ordinal", "kind": "nominal", "score": "continuous"}


@cache
def helpdesk(label: str = "friendship") -> DyadTable:
    return hs.open_study(PROJECT / "data" / "helpdesk").dyads(label=label)


@cache
def of_frame(label: str) -> Evaluation:
    """The frame's evaluation, computed once."""
    return hs.evaluate(frame(), label=label, ladder=LADDER, folds=FEW)


def scores_of(found: Evaluation) -> np.ndarray[Any, Any]:
    """Every number of the table."""
    return found.tidy().drop(columns=["step", "terms"]).to_numpy(dtype=float)


def the_same(first: Evaluation, second: Evaluation, within: float = 1e-9) -> None:
    """Two evaluations that tell the same."""
    assert first.steps == second.steps
    # where coefficients come from a search that ends, p values agree less far
    np.testing.assert_allclose(scores_of(first)[:, :-1], scores_of(second)[:, :-1], rtol=0, atol=within)
    np.testing.assert_allclose(scores_of(first)[:, -1], scores_of(second)[:, -1], rtol=1e-4, atol=1e-9)
