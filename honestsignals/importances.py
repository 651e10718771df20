"""What a model loses where the columns of a family are dealt anew among the tested rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from honestsignals.evaluation_plan import Plan
from honestsignals.printed import Printed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Importance(Printed):
    """Losses by family of metrics. Made by :meth:`honestsignals.evaluation.Evaluation.importance`."""

    frame: pd.DataFrame
    notes: tuple[str, ...]

    def facts(self) -> list[str]:
        """What a reader must know before the numbers."""
        return list(self.notes)

    def tidy(self) -> pd.DataFrame:
        """A row a family."""
        return self.frame

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.notes)


def importance(plan: Plan, *, repeats: int = 5, seed: int = 0) -> Importance:
    """Not written yet."""
    raise NotImplementedError(plan, repeats, seed)
