"""An evaluation: what each step of a ladder foretells of pairs it was not trained on."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.canaries import Canaries
from honestsignals.dyads import DyadTable
from honestsignals.errors import listed, unknown
from honestsignals.evaluation_plan import Plan
from honestsignals.evaluation_words import (
    Gain,
    adds_words,
    base_words,
    estimand_words,
    fold_words,
    separated_words,
)
from honestsignals.fold_scores import Foretold, Scores
from honestsignals.importances import Importance, importance
from honestsignals.inference.score_errors import spread
from honestsignals.inference.scores import Score
from honestsignals.ladder_terms import RECIPROCITY
from honestsignals.learning_curves import LearningCurve, learning_curve
from honestsignals.printed import Printed
from honestsignals.rungs import BASE
from honestsignals.tables import render

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Evaluation(Printed):
    """Out-of-sample scores of a ladder over the base rate. Made by :func:`honestsignals.evaluate`.

    Attributes
    ----------
    plan : Plan
        What was fitted to what, and tested on what.
    tested : tuple of Foretold
        Predictions of every fold.
    scores : Scores
        Of every fold and step, and what each row adds to them.
    walds : mapping of str to (float, str)
        For each step the p value that it adds nothing, in one fit of all rows, and the test in words.
    canary : Canaries or None
    """

    plan: Plan
    tested: tuple[Foretold, ...]
    scores: Scores
    walds: Mapping[str, tuple[float, str]]
    canary: Canaries | None

    @property
    def label(self) -> str:
        """What was foretold."""
        return self.plan.label

    @property
    def label_type(self) -> str:
        """One of "binary", "ordinal", "nominal", "continuous"."""
        return self.plan.task.label_type

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps, the base rate first."""
        return (BASE, *(rung.name for rung in self.plan.rungs))

    @property
    def folds(self) -> str:
        """The folds, in words."""
        return fold_words(self.plan)

    @property
    def estimand(self) -> str:
        """What the scores are of, in words."""
        return estimand_words(self.plan)

    @property
    def score(self) -> Score:
        """The score that speaks first."""
        return self.scores.scores[0]

    @cached_property
    def headline(self) -> str:
        """What give and take adds to volume (or the last step to the first), in a sentence."""
        first = self.steps[1]
        taken = [name for name in self.steps[2:] if name in RECIPROCITY]
        last = taken[-1] if taken else self.steps[-1]
        if last == first:
            return adds_words(self.plan, self.gain(first, BASE), self._first_score(BASE), (first,))
        between = tuple(taken) if taken else self.steps[2:]
        return adds_words(self.plan, self.gain(last, first), self._first_score(first), between)

    def _first_score(self, step: str) -> float:
        return float(self.scores.mean()[self.steps.index(step), 0])

    def gain(self, step: str, over: str, score: str | None = None) -> Gain:
        """What a step scores more than another.

        Parameters
        ----------
        step, over : str
            Names of steps.
        score : str, optional
            Name of a score; the one that speaks first.

        Returns
        -------
        Gain

        Raises
        ------
        UnknownNameError
            For a step or a score that is not there.
        """
        for name in (step, over):
            if name not in self.steps:
                raise unknown("step", name, self.steps)
        names = [one.name for one in self.scores.scores]
        chosen = self.score.name if score is None else score
        if chosen not in names:
            raise unknown("score", chosen, names)
        k, after, before = names.index(chosen), self.steps.index(step), self.steps.index(over)
        means, one = self.scores.mean(), self.scores.scores[k]
        sign = 1.0 if one.higher else -1.0
        change = sign * (self.scores.influence[:, after, k] - self.scores.influence[:, before, k])
        found = self._spread(change[:, None])
        value = sign * float(means[after, k] - means[before, k]) if one.gain else float("nan")
        margin = float(found.margin()[0])
        return Gain(
            step,
            over,
            chosen,
            value,
            float(found.std_error[0]),
            value - margin,
            value + margin,
            float(found.df[0]),
        )

    def _spread(self, influence: Array) -> Any:
        ego, alter, _ = self.plan.people
        there = self._rows_tested
        return spread(influence[there], ego[there], alter[there])

    @cached_property
    def _rows_tested(self) -> Array:
        """Rows that some fold tested."""
        there = np.zeros(len(self.plan.y), dtype=bool)
        for one in self.tested:
            there[one.fold.test] = True
        return there

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        plan = self.plan
        source = plan.table.facts() if isinstance(plan.table, DyadTable) else []
        lost = [f"{count:,} {reason}" for reason, count in plan.left_out.items()]
        return [
            self.headline,
            *source,
            f"{len(plan.y):,} rows used; left out: {listed(lost) if lost else 'none'}.",
            base_words(plan),
            f"{self.folds} {self.estimand}",
            f"Model: {plan.learner.words}. Scores are taken within each fold and averaged over folds; "
            "intervals are 95 %, dyadic (placement values), no less than the pair form, t of effective people.",
            *separated_words(self.steps, self.tested, self.scores),
            *([self.canary.sentence()] if self.canary is not None else []),
            *self._warnings(),
            *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in plan.notes),
        ]

    def _warnings(self) -> list[str]:
        found = []
        if self.canary is not None and self.canary.lifted:
            found.append(
                "Mind: dummies for people add to these folds, so they know some of the tested people; what "
                "is read here is not what would be seen with people never met."
            )
        return found

    def tidy(self) -> pd.DataFrame:
        """A row a step: each score with its interval, and its gain over the step before with its interval."""
        import pandas as pd

        means, low, high = self.scores.mean(), *self._ends
        rows = []
        for s, name in enumerate(self.steps):
            row: dict[str, Any] = {"step": name, "terms": "" if s == 0 else self.plan.rungs[s - 1].terms}
            for k, one in enumerate(self.scores.scores):
                row |= {one.name: means[s, k], f"{one.name}_low": low[s, k], f"{one.name}_high": high[s, k]}
                if one.gain:
                    gain = self.gain(name, self.steps[s - 1], one.name) if s else None
                    for end, what in (("", "value"), ("_low", "low"), ("_high", "high")):
                        row[f"{one.name}_gain{end}"] = getattr(gain, what) if gain else float("nan")
            row["wald_p"] = self.walds.get(name, (float("nan"), ""))[0]
            rows.append(row)
        return pd.DataFrame(rows)

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        """Ends of the intervals of scores, (S, K) each, within what a score can be."""
        means = self.scores.mean()
        low, high = means.copy(), means.copy()
        for k in range(means.shape[1]):
            margin = self._spread(self.scores.influence[:, :, k]).margin()
            low[:, k], high[:, k] = means[:, k] - margin, means[:, k] + margin
        return low, high

    def shown(self) -> pd.DataFrame:
        """The first score and three others, as they are printed: a row a step."""
        every = self.tidy()
        first = self.score.name
        names = ["step", first, f"{first}_low", f"{first}_high"]
        names += [f"{first}_gain", f"{first}_gain_low", f"{first}_gain_high"]
        others = [one.name for one in self.scores.scores if one.gain and one.name != first]
        wanted = [one for one in ("average_precision", "rps", "rmse", "brier", "log_score") if one in others]
        return every[[*names, *wanted, "wald_p"]]

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row a tested row and division: what each step predicted, and what was the case."""
        import pandas as pd

        frame, parts = self.plan.frame, []
        for one in self.tested:
            test = one.fold.test
            columns: dict[str, Any] = {
                "division": one.fold.division,
                "fold": one.fold.fold,
                "row": self.plan.rows[test],
                "ego": frame["ego"].to_numpy()[test],
                "alter": frame["alter"].to_numpy()[test],
                "label": self.plan.y[test],
            }
            for name, found in zip(self.steps, one.predictions, strict=True):
                if found.ndim == 1:
                    columns[name] = found
                    continue
                for place, level in enumerate(self.plan.level_names):
                    columns[f"{name}[{level}]"] = found[:, place]
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)

    def canaries(self) -> pd.DataFrame:
        """What dummies of people seem to add, in these folds and on random pairs."""
        import pandas as pd

        return pd.DataFrame() if self.canary is None else self.canary.frame.copy()

    def importance(self, *, repeats: int = 5, seed: int = 0) -> Importance:
        """What the last step loses where the columns of a family are dealt anew among the tested rows.

        See :func:`honestsignals.importances.importance`.
        """
        return importance(self.plan, repeats=repeats, seed=seed)

    def learning_curve(
        self, *, shares: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0), seed: int = 0
    ) -> LearningCurve:
        """What the steps score when trained on fewer people.

        See :func:`honestsignals.learning_curves.learning_curve`.
        """
        return learning_curve(self.plan, shares=shares, seed=seed)

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())

    def __str__(self) -> str:
        return "\n".join([*self.facts(), "", render(self.shown())])

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(line) for line in self.facts())
        items = "".join(f"<li>{line}</li>" for line in rest)
        return f"<p><b>{first}</b></p><ul>{items}</ul>{render(self.shown(), 'html')}"
