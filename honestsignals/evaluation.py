"""An evaluation: what each step of a ladder foretells of pairs it was not trained on."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.canaries import Canaries
from honestsignals.errors import unknown
from honestsignals.evaluation_plan import Plan
from honestsignals.evaluation_words import (
    Gain,
    adds_words,
    base_words,
    beyond_words,
    brackets,
    chosen_words,
    estimand_words,
    fold_caveats,
    fold_words,
    model_words,
    note_words,
    row_words,
    spread_words,
    step_words,
    wald_words,
    worse_words,
)
from honestsignals.fold_scores import Foretold, Scores
from honestsignals.importances import Importance, importance
from honestsignals.inference.score_errors import PersonSums, Spread, growth_of, spread
from honestsignals.inference.scores import Score
from honestsignals.ladder_terms import RECIPROCITY
from honestsignals.learning_curves import LearningCurve, learning_curve
from honestsignals.printed import Printed
from honestsignals.rungs import BASE
from honestsignals.splitters import PeopleFolds
from honestsignals.tables import render, with_note, write_text

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
        For each step the p value that it adds nothing, in one fit of all rows, and what is to be said of it.
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

    @property
    def added(self) -> Gain:
        """What give and take adds to volume (or the last step to the first): the gain of the headline."""
        over, names = self._headed
        return self.gain(names[-1], over)

    @cached_property
    def headline(self) -> str:
        """What give and take adds to volume (or the last step to the first), in a sentence."""
        over, names = self._headed
        values = self.scores.mean()[:, 0]
        ends = float(values[self.steps.index(over)]), float(values[self.steps.index(names[-1])])
        rungs = [one for one in self.plan.rungs if one.name in names]
        said = adds_words(self.plan, self.added, ends, rungs)
        unjudged = [
            note for note in self.plan.notes if note.split(" ")[0] in RECIPROCITY and "not judged" in note
        ]
        if unjudged and not set(names) & set(RECIPROCITY):
            # the question was put, and cannot be answered: that is no finding of nothing
            return " ".join([said, *(f"{note[0].upper()}{note[1:]}" for note in unjudged)])
        return said

    @property
    def _headed(self) -> tuple[str, tuple[str, ...]]:
        """The steps that the headline is about, and the one that they are added to."""
        steps = self.steps
        taken = [place for place, name in enumerate(steps) if place > 1 and name in RECIPROCITY]
        if not taken:
            return (steps[1], steps[2:]) if len(steps) > 2 else (BASE, steps[1:])
        # what stands between steps of give and take is no give and take
        end = taken[0]
        while end + 1 in taken:
            end += 1
        return steps[taken[0] - 1], steps[taken[0] : end + 1]

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
        value = self._change(self.scores.mean()[None, :, :], after, before)[0]
        found = self._gain_spread(after, before)
        low, high = found.ends(value)
        error = float(found.std_error[k]), float(low[k]), float(high[k]), float(found.df[k])
        return Gain(step, over, chosen, float(value[k]), *error)

    def _change(self, of: Array, after: int, before: int) -> Array:
        """What one step has more than another, (m, K) from (m, S, K): positive is better."""
        scores = self.scores.scores
        sign = np.array([(1.0 if one.higher else -1.0) if one.gain else np.nan for one in scores])
        with np.errstate(invalid="ignore"):
            return np.asarray(sign * (of[:, after, :] - of[:, before, :]))

    def _spread(self, influence: Array, growth: Array | None = None) -> Spread:
        ego, alter, _ = self.plan.people
        there = self._rows_tested
        if there.all():
            return spread(influence, ego, alter, growth)
        return spread(influence[there], ego[there], alter[there], growth)

    def _gain_spread(self, after: int, before: int) -> Spread:
        """Errors of the gains of a step over another, in all scores."""
        change = self._change(self.scores.influence, after, before)
        splitter, growth = self.plan.splitter, None
        # only there does nobody who is tested train, and who trains is drawn at random; a gain over the
        # base rate is the score itself
        if before and isinstance(splitter, PeopleFolds) and splitter.pairs == "inside":
            ego, alter, _ = self.plan.people
            folds = [
                PersonSums(one.people, self._change(one.sums, after, before)) for one in self.scores.people
            ]
            growth = np.where(self._tells(before), growth_of(change, ego, alter, folds), 0.0)
        return self._spread(change, growth)

    def _tells(self, step: int) -> Array:
        """Whether a step scores better than the base rate, (K,): only beside it is a gain a square."""
        own = self._change(self.scores.mean()[None], step, 0)[0]
        margin = self._spread(self._change(self.scores.influence, step, 0)).margin()
        with np.errstate(invalid="ignore"):
            return np.asarray(own - margin > 0)

    @cached_property
    def _rows_tested(self) -> Array:
        """Rows that some fold tested."""
        there = np.zeros(len(self.plan.y), dtype=bool)
        for one in self.tested:
            there[one.fold.test] = True
        return there

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return [
            self.headline,
            *note_words(self.plan.beside, mind=True),
            *self.plan.source,
            *self._own_facts(),
        ]

    def _own_facts(self) -> list[str]:
        """What is to be known of the evaluation itself."""
        plan = self.plan
        over, names = self._headed
        each = self._change(self.scores.each, self.steps.index(names[-1]), self.steps.index(over))[:, 0]
        what = f"Gain of {names[-1]} over {over}"
        return [
            row_words(plan),
            *base_words(plan),
            step_words(plan),
            f"{self.folds} {self.estimand}",
            model_words(plan, self._table, self.gain(names[-1], over)),
            *beyond_words(self.score, self._table),
            *spread_words(plan, each.tolist(), what),
            *worse_words(self.steps, self.scores),
            *fold_caveats(self.steps, self.tested, self.scores),
            *chosen_words(self.steps, self.tested),
            *wald_words(self.walds),
            *([self.canary.sentence()] if self.canary is not None else []),
            *self._warnings(),
            *note_words(plan.notes),
        ]

    def _warnings(self) -> list[str]:
        """What stands against reading these folds as people never met."""
        if self.canary is None or not self.canary.lifted:
            return []
        if self.canary.strangers:
            return [
                "Mind: dummies for people move the score of people whom they do not know: beside them the "
                f"slopes of {self.canary.step} compare pairs of the same people."
            ]
        return [
            "Mind: dummies for people add to these folds, which know some of the tested people; what is read "
            "here is not what would be seen with people never met."
        ]

    def tidy(self) -> pd.DataFrame:
        """A row a step: each score with its interval, and its gain over the step before with its interval."""
        return self._table.copy()

    @cached_property
    def _table(self) -> pd.DataFrame:
        import pandas as pd

        means = self.scores.mean()
        rows = []
        for s, name in enumerate(self.steps):
            row: dict[str, Any] = {"step": name, "terms": "" if s == 0 else self.plan.rungs[s - 1].terms}
            margin = self._margins[s]
            before = max(s - 1, 0)
            gain = self._change(means[None, :, :], s, before)[0]
            low, high = self._gain_spread(s, before).ends(gain)
            for k, one in enumerate(self.scores.scores):
                row |= _ends(one.name, means[s, k], means[s, k] - margin[k], means[s, k] + margin[k])
                if one.gain:
                    off = (gain[k], low[k], high[k]) if s else (np.nan,) * 3
                    row |= _ends(f"{one.name}_gain", *off)
            row["wald_p"] = self.walds.get(name, (float("nan"), ""))[0]
            rows.append(row)
        return pd.DataFrame(rows)

    @cached_property
    def _margins(self) -> Array:
        """Half the widths of the intervals of scores, (S, K)."""
        return np.array(
            [self._spread(self.scores.influence[:, s, :]).margin() for s in range(len(self.steps))]
        )

    def by_fold(self) -> pd.DataFrame:
        """A row a fold and step: division, fold, rows trained and tested, and every score."""
        import pandas as pd

        rows = []
        for one, each in zip(self.tested, self.scores.each, strict=True):
            fold = one.fold
            where: dict[str, Any] = {"division": fold.division, "fold": fold.fold}
            where |= {"trained": len(fold.train), "tested": len(fold.test)}
            for name, values in zip(self.steps, each, strict=True):
                row: dict[str, Any] = where | {"step": name}
                for score, value in zip(self.scores.scores, values.tolist(), strict=True):
                    row[score.name] = value
                rows.append(row)
        return pd.DataFrame(rows)

    def shown(self) -> pd.DataFrame:
        """The table as it is printed: the first score and its gain with their intervals, and a few others."""
        import pandas as pd

        every, first = self._table, self.score.name
        others = [one.name for one in self.scores.scores if one.gain and one.name != first]
        wanted = [one for one in ("average_precision", "rps", "rmse", "brier", "log_score") if one in others]
        made: dict[str, Any] = {
            "step": every["step"],
            first: every[first],
            "interval": brackets(every, first),
        }
        made |= {"gain": every[f"{first}_gain"], "interval of gain": brackets(every, f"{first}_gain")}
        made |= {name: every[name] for name in [*wanted, "wald_p"]}
        return pd.DataFrame(made)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row a tested row and division: what each step predicted, and what was the case.

        ``label`` is 0 or 1, the number, or the place of the level among `plan.level_names`.
        """
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

    def importance(
        self, *, repeats: int = 5, by: str = "family", score: str | None = None, seed: int = 0
    ) -> Importance:
        """What the last step loses where the columns of a family are dealt anew among the tested pairs.

        See :func:`honestsignals.importances.importance`.
        """
        return importance(self.plan, repeats=repeats, by=by, score=score, seed=seed)

    def learning_curve(
        self, *, shares: Sequence[float] = (0.25, 0.5, 0.75, 1.0), seed: int = 0
    ) -> LearningCurve:
        """What the steps score when trained on fewer people.

        See :func:`honestsignals.learning_curves.learning_curve`.
        """
        return learning_curve(self.plan, shares=shares, seed=seed)

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join([self.headline, *note_words(self.plan.beside, mind=True), *self._own_facts()])

    def __str__(self) -> str:
        return "\n".join([*self.facts(), "", render(self.shown())])

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(line) for line in self.facts())
        items = "".join(f"<li>{line}</li>" for line in rest)
        return f"<p><b>{first}</b></p><ul>{items}</ul>{render(self.shown(), 'html')}"

    def _written(self, style: str, path: str | os.PathLike[str] | None) -> str:
        text = with_note(render(self.shown(), style), self.note(), style)
        if path is not None:
            write_text(path, text + "\n")
        return text


def _ends(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """A number and the ends of its interval, by the names of their columns."""
    return {name: value, f"{name}_low": low, f"{name}_high": high}
