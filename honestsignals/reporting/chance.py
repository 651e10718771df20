"""How much is returned, against what a null model would have it be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.drawn_nulls import FEWEST_DRAWS, null_draws
from honestsignals.engines.passes import FAR
from honestsignals.inference.nulls import NULLS, Null
from honestsignals.study import Study
from honestsignals.tables import number, probability

if TYPE_CHECKING:
    import pandas as pd

DRAWS, VALUES, ARCS = 199, 4_000_000, 1_500_000
"""Draws, values of pairs in all of them, and arcs: of many, fewer draws are enough."""
SAME = 1e-12
"""Share of a mean within which two are equal: the same values in another order."""


@dataclass(frozen=True, eq=False)
class Chance:
    """How much is returned, as observed and in draws of a null model.

    Attributes
    ----------
    null, level, metric : str
        Null model, "dyad" or "network", and what was measured.
    seed : int
    frame : pandas.DataFrame
        Every value in every draw, what was observed as draw 0.
    means : ndarray, shape (1 + draws,)
        Of what was observed, then of the draws.
    """

    null: str
    level: str
    metric: str
    seed: int
    frame: pd.DataFrame
    means: np.ndarray[tuple[int], np.dtype[np.float64]]

    @property
    def model(self) -> Null:
        """The null model."""
        return NULLS[self.null]

    @property
    def draws(self) -> int:
        """How many there are."""
        return len(self.means) - 1

    @property
    def p_value(self) -> float:
        """Two-sided: twice the smaller share of draws as low, or as high, the data among them; at most 1."""
        observed, drawn = self.means[0], self.means[1:]
        drawn = drawn[~np.isnan(drawn)]
        same = SAME * max(1.0, abs(observed))
        low, high = (drawn <= observed + same).sum(), (drawn >= observed - same).sum()
        return float(min(1.0, 2 * (1 + min(low, high)) / (1 + drawn.size)))

    def _probability(self) -> str:
        """The p value; where no draw is as far off, that it is the least that so many draws can give."""
        drawn = self.means[1:][~np.isnan(self.means[1:])]
        at_floor = self.p_value <= 2 / (1 + drawn.size) * (1 + SAME)
        floor = f", the least that {drawn.size:,} draws can give" if at_floor else ""
        return f"two-sided p = {probability(self.p_value)}{floor}".replace("p = <", "p <")

    def sentence(self) -> str:
        """What was observed, what chance makes of it, and how often it does as much."""
        drawn = self.means[1:][~np.isnan(self.means[1:])]
        if np.isnan(self.means[0]) or not drawn.size:
            return f"{self.metric} has no value to hold against chance."
        low, high = np.quantile(drawn, [0.025, 0.975])
        what = f"{self.metric} of the network" if self.level == "network" else f"The mean {self.metric}"
        whose = "" if self.level == "network" else " of the pairs in contact"
        return (
            f"{what}{whose} is {number(float(self.means[0]))}; in {self.draws:,} draws of the null model it "
            f"is {number(float(drawn.mean()))} on average, 95 % of them from {number(float(low))} to "
            f"{number(float(high))} ({self._probability()})."
        )

    def keeps(self) -> str:
        """What every draw keeps, and what it redraws."""
        return f"Every draw keeps {self.model.keeps}. Redrawn: {self.model.redraws}."


def against_chance(study: Study, seed: int) -> Chance:
    """Hold what is returned in a study against a null model that suits its acts.

    Where somebody acted twice towards another, each pair keeps its number of acts, and who gives and gets
    more elsewhere gives more. Where acts are ties, there or not, whether they are returned is a question of
    the whole network, in which everybody keeps their number of ties.

    Parameters
    ----------
    study : Study
    seed : int

    Returns
    -------
    Chance

    Raises
    ------
    DesignError
        Where these data do not suit the null model.

    References
    ----------
    carstens2016, kovanen2010
    """
    ties = study.log.engine.ties("", FAR)
    null, level, metric = "activity", "dyad", "returned_share"
    draws = VALUES // max(len(ties), 1)
    if max(ties.forth.max(initial=0), ties.back.max(initial=0)) <= 1:
        null, level, metric = "degree", "network", "reciprocity_edgewise"
        draws = ARCS // max(int(ties.forth.sum() + ties.back.sum()), 1)
    draws = int(np.clip(draws, FEWEST_DRAWS, DRAWS))
    frame = null_draws(study, metric, null=null, level=level, draws=draws, seed=seed)
    means = frame.groupby("draw", sort=True)["value"].mean().to_numpy(dtype=float)
    return Chance(null, level, metric, seed, frame, means)
