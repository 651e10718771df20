"""What a model loses where the columns of a family are dealt anew among the tested pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import written_out
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, FitError, check_seed, one_of, unknown
from honestsignals.evaluation_plan import Plan
from honestsignals.fold_designs import StepColumns, taken, with_priors
from honestsignals.fold_scores import Learnt, base_of, held_of, learnt, scores_for
from honestsignals.formula_words import variables_of
from honestsignals.formulas import design
from honestsignals.inference.dealing import Places, dealt_anew, drop_of, places_of, staying
from honestsignals.inference.folds import Fold
from honestsignals.inference.score_errors import centred, spread
from honestsignals.inference.scores import Score, Scored
from honestsignals.metrics.registry import base_name, entries
from honestsignals.printed import Printed
from honestsignals.progress import progress

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

BY = ("family", "step")
"""What columns are dealt together: those of a family of metrics, or those that a step of the ladder added."""
ALL = "all columns"
"""The last row: every column dealt anew, so that the model knows nothing of a pair."""


@dataclass(frozen=True, eq=False)
class Importance(Printed):
    """Losses by family of metrics. Made by :meth:`honestsignals.evaluation.Evaluation.importance`.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row a family: family, columns, score, whole, dealt, drop, low, high, share.
    headline : str
        What costs most, in a sentence.
    notes : tuple of str
        What else must be known of the numbers.
    """

    frame: pd.DataFrame
    headline: str
    notes: tuple[str, ...]

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return [self.headline, *self.notes]

    def tidy(self) -> pd.DataFrame:
        """A row a family: the score as it is and after dealing, the drop with its interval, and its share."""
        return self.frame

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def importance(
    plan: Plan, *, repeats: int = 5, by: str = "family", score: str | None = None, seed: int = 0
) -> Importance:
    r"""What the last step loses, on the same folds, where a family's columns are dealt anew.

    The last step's model is fitted once in each fold. Then, among the tested pairs, the columns of one
    family change places, all at once, and the predictions are scored again:

    .. math:: D_g = \frac1F \sum_f \Big[S_f - \frac1R \sum_r S_{fgr}\Big]

    Pairs are dealt and not rows: the rows of a pair stay together and in their order, either way round, and
    go to a pair with as many rows, in which the family's columns are defined where they were: who never
    acted gets no share of acts returned. So the columns of a family stay as they were to each other, and what
    is lost is what they tell of pairs beyond whether they are defined. A column that reads two families (a
    product) moves with either. In the last line every column is dealt, to any pair with as many rows.

    What families share counts for each of them, or for none: dealing one family leaves what the others know
    of it, so drops do not add up, and two families that say the same may both seem to matter little; and a
    model is asked about pairs as there are none, where families hang together. A drop speaks of these models,
    not of what others could learn from the rest: for that compare the steps.

    Parameters
    ----------
    plan : Plan
        Of an evaluation.
    repeats : int
        Deals in each fold.
    by : {"family", "step"}
        Families of metrics, attributes of people and pairs as they stand in the table (a column of no known
        family stands for itself), or steps of the ladder that read a column first.
    score : str, optional
        Name of a score in which one can gain; the one that speaks first.
    seed : int
        Of the deals.

    Returns
    -------
    Importance
        ``whole`` and ``dealt`` are mean scores over folds, ``drop`` the loss (positive: the model needs the
        family, whichever way the score runs), with a 95 % dyadic interval (see Notes); ``share`` is of the
        drop where all columns are dealt anew (NaN where that is not above 0).

    Raises
    ------
    ArgumentError, UnknownNameError
        For repeats below 1, another ``by``, a score that the label does not have.
    FitError
        Where the score is undefined in every fold.

    Notes
    -----
    The interval says how far the drop of these fitted models may be off on other people; it covered that in
    .95 and .93 of 120 simulated studies of 36 people. A drop hangs on the models' slopes as a gain does not
    (a score at its best is flat in them), so models that were trained on other people differ besides: the
    drop of the mean study was covered in .88 and .78.

    References
    ----------
    breiman2001, fisher2019, hooker2021

    Examples
    --------
    >>> import honestsignals as hs
    >>> dyads = hs.open_study("data/helpdesk").dyads(label="friendship")
    >>> found = hs.evaluate(dyads, ladder=["volume", "balance"], folds=hs.PeopleFolds(divisions=4))
    >>> found.importance(repeats=2).tidy()[["family", "drop"]].round(2)
            family  drop
    0       volume  0.05
    1      balance  0.04
    2  all columns  0.40
    """
    _check(repeats, by, seed)
    asked = _asked(plan, _score(plan, score), by, int(repeats), seed)
    last = len(plan.rungs) - 1
    held = held_of(plan)[last]
    found = []
    with progress() as tell:
        for number, fold in enumerate(plan.folds, 1):
            tell(f"Dealing columns anew: fold {number} of {len(plan.folds)}")
            found.append(_lost(plan, fold, learnt(plan, last, fold, held), asked))
    lost = [one for one in found if one is not None]
    if not lost:
        judge = asked.judge
        raise FitError(f"{judge.title} is undefined in every fold ({judge.undefined}): nothing can be lost.")
    frame = _frame(plan, asked, lost)
    return Importance(frame, _headline(plan, asked.judge, frame), _notes(plan, asked, lost))


def _check(repeats: object, by: object, seed: object) -> None:
    if isinstance(repeats, bool) or not isinstance(repeats, int | np.integer) or repeats < 1:
        raise ArgumentError(f"repeats is {repeats!r}; it must be a whole number from 1 on.")
    one_of("by", by, BY)
    check_seed(seed)


def _score(plan: Plan, score: str | None) -> Score:
    """The score that is asked for."""
    every = [one for one in scores_for(plan.task) if one.gain]
    if score is None:
        return every[0]
    found = next((one for one in every if one.name == score), None)
    if found is None:
        raise unknown("score", str(score), [one.name for one in every])
    return found


def _families(plan: Plan, by: str) -> dict[str, str]:
    """The columns of the table that the last step reads, and the family of each, in the order of steps."""
    first = {
        column: rung.name
        for rung, columns in reversed(list(zip(plan.rungs, plan.columns, strict=True)))
        for column in columns.used
    }
    order = [rung.name for rung in plan.rungs]
    used = sorted(plan.columns[-1].used, key=lambda column: order.index(first[column]))
    if by == "step":
        return {column: first[column] for column in used}
    about = {one.name: one.family for one in plan.table.about} if isinstance(plan.table, DyadTable) else {}
    known = entries()

    def family(column: str) -> str:
        if column in about:
            return about[column]
        entry = known.get(base_name(column.partition("__")[0]))
        return entry.fact.family if entry else column

    return {column: family(column) for column in used}


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is dealt, and by what it is judged.

    Attributes
    ----------
    judge : Score
    named : dict of str to str
        Columns of the table that the last step reads, and the family of each.
    repeats, seed : int
    ego, alter : ndarray of int, shape (n,)
    order : ndarray of int, shape (n,)
        Which of several rows of a pair comes first.
    ordered : bool
        Whether rows are ordered pairs.
    missing : ndarray of bool, shape (n, k)
        Where the columns of ``named`` are undefined.
    """

    judge: Score
    named: dict[str, str]
    repeats: int
    seed: int
    ego: Array
    alter: Array
    order: Array
    ordered: bool
    missing: Array

    @property
    def families(self) -> tuple[str, ...]:
        """The families, and all of them together."""
        return (*dict.fromkeys(self.named.values()), ALL)

    def places(self, rows: Array, name: str) -> Places:
        """Rows laid out by pairs in which a family is defined alike; for all columns, by pairs."""
        own = np.flatnonzero([family == name for family in self.named.values()])
        kind = np.zeros(len(rows), dtype=np.intp)
        if len(own):
            defined: Array = self.missing[np.ix_(rows, own)]
            kind = np.unique(defined, axis=0, return_inverse=True)[1].ravel()
        people = self.ego[rows], self.alter[rows]
        return places_of(*people, kind, ordered=self.ordered, order=self.order[rows])


def _asked(plan: Plan, judge: Score, by: str, repeats: int, seed: int) -> _Asked:
    """What is dealt, settled for all folds."""
    frame, named = plan.frame, _families(plan, by)
    ego, alter, _ = plan.people
    order = np.arange(len(frame))
    if "asked" in frame.columns:
        order = np.unique(frame["asked"].to_numpy(), return_inverse=True)[1].astype(np.intp)
    ordered = plan.table.directed if isinstance(plan.table, DyadTable) else True
    missing = frame[list(named)].isna().to_numpy()
    return _Asked(judge, named, repeats, seed, ego, alter, order, ordered, missing)


@dataclass(frozen=True, eq=False)
class _Lost:
    """The score of a fold, and for each family what it loses and rows to which nothing can be dealt."""

    fold: Fold
    whole: float
    drops: dict[str, Scored]
    stay: dict[str, int]


def _lost(plan: Plan, fold: Fold, found: Learnt, asked: _Asked) -> _Lost | None:
    """What a fold loses by each family; None where the score is undefined."""
    judge, y, base = asked.judge, plan.y[fold.test], base_of(plan.y[fold.train], plan.task)
    whole = judge.function(y, found.predict(found.tested), base)
    if not np.isfinite(whole.value):
        return None
    read = _read(plan.columns[-1], _names(plan.columns[-1], fold.train), asked.named)
    drops, stay = {}, {}
    for place, name in enumerate(asked.families):
        key = (fold.division, fold.fold, place)
        draws = np.random.default_rng(np.random.SeedSequence(asked.seed, spawn_key=key))
        places = asked.places(fold.test, name)
        moves = np.flatnonzero([name == ALL or name in families for families in read])
        parts = []
        for _ in range(asked.repeats):
            source = dealt_anew(places, draws)
            columns = found.tested.copy()
            columns[:, moves] = found.tested[np.ix_(source, moves)]
            parts.append((judge.function(y, found.predict(columns), base), source))
        drops[name], stay[name] = drop_of(whole, parts, judge.higher), staying(places)
    if not all(np.isfinite(one.value) for one in drops.values()):
        return None
    return _Lost(fold, whole.value, drops, stay)


def _names(columns: StepColumns, train: Array) -> tuple[tuple[str, ...], DyadTable | pd.DataFrame]:
    """Names of the columns of a fold, and the table that they were made of."""
    if columns.X is not None:
        return columns.names, columns.table
    formula, table = written_out(
        columns.formula, taken(with_priors(columns.table, columns.used, train), train)
    )
    return tuple(name for name in design(formula, table).names if name != "Intercept"), table


def _read(
    columns: StepColumns, made: tuple[tuple[str, ...], DyadTable | pd.DataFrame], named: dict[str, str]
) -> list[set[str]]:
    """The families that each column of the design reads."""
    names, table = made
    frame = table.frame if isinstance(table, DyadTable) else table
    own = columns.table.frame if isinstance(columns.table, DyadTable) else columns.table
    there = [str(one) for one in frame.columns]
    before = {str(one) for one in own.columns}
    found = []
    for name in names:
        read = {one if one in before else _whole_of(one, columns.used) for one in variables_of(name, there)}
        found.append({named[one] for one in read})
    return found


def _whole_of(part: str, used: Sequence[str]) -> str:
    """The column of which ``decompose`` made a part: ``log1p_acts_actor`` is of ``acts``."""
    stem = part.rpartition("_")[0]
    return max((one for one in used if stem == one or stem.endswith(f"_{one}")), key=len)


def _frame(plan: Plan, asked: _Asked, lost: Sequence[_Lost]) -> pd.DataFrame:
    """A row a family."""
    import pandas as pd

    tested = [one.fold.test for one in lost]
    there = np.unique(np.concatenate(tested))
    score = float(np.mean([one.whole for one in lost]))
    sign = 1.0 if asked.judge.higher else -1.0
    rows = []
    for name in asked.families:
        each = np.array([one.drops[name].value for one in lost])
        moved = centred([one.drops[name].influence for one in lost], each, tested, len(plan.y))
        margin = float(spread(moved[there, None], asked.ego[there], asked.alter[there]).margin()[0])
        drop = float(each.mean())
        columns = ", ".join(one for one, family in asked.named.items() if name in (family, ALL))
        told = {"family": name, "columns": columns, "score": asked.judge.name, "whole": score}
        ends = {"low": drop - margin, "high": drop + margin}
        rows.append(told | {"dealt": score - sign * drop, "drop": drop} | ends)
    frame = pd.DataFrame(rows)
    everything = frame["drop"].iloc[-1]
    return frame.assign(share=frame["drop"] / everything if everything > 0 else np.nan)


def _headline(plan: Plan, judge: Score, frame: pd.DataFrame) -> str:
    """What costs most, in a sentence."""
    families = frame.iloc[:-1]
    most = families.iloc[int(families["drop"].to_numpy().argmax())]
    told = f"{judge.title} {most['whole']:.3f} goes to {most['dealt']:.3f}"
    ends = f"drop {most['drop']:+.3f} [{most['low']:+.3f}, {most['high']:+.3f}]"
    if not most["low"] > 0:
        return (
            f"Of the step {plan.rungs[-1].name}, no family's columns are missed in foretelling {plan.label}, "
            f"as far as these data can show; most of all {most['family']}: {told} ({ends})."
        )
    return (
        f"Of the step {plan.rungs[-1].name}, {most['family']} is missed most in foretelling {plan.label}: "
        f"dealt anew among the tested pairs, {told} ({ends})."
    )


def _notes(plan: Plan, asked: _Asked, lost: Sequence[_Lost]) -> tuple[str, ...]:
    """How it was made, and what must be known of it."""
    said = [
        f"Same folds as the evaluation ({plan.splitter!r}), {len(lost)} of {len(plan.folds)} used; models "
        f"are fitted once a fold, then columns are dealt {asked.repeats} times among the tested pairs.",
        "Intervals are 95 %, dyadic: how far the drop of these fitted models may be off on other people; "
        "models trained on other people would differ besides.",
        "The rows of a pair keep together, and a family goes to pairs in which it is defined alike; the last "
        "line deals every column to any pair. A column that reads two families moves with either.",
        "What families share counts for each of them or for none: drops do not add up, and two families that "
        "say the same may both seem to matter little. For what a family adds, compare the steps.",
    ]
    if len(lost) < len(plan.folds):
        said.append(f"{asked.judge.title} is undefined in the other folds ({asked.judge.undefined}).")
    stay = {name: sum(one.stay[name] for one in lost) for name in asked.families}
    worst = max(stay, key=lambda name: stay[name])
    if stay[worst]:
        share = stay[worst] / sum(len(one.fold.test) for one in lost)
        said.append(
            f"{share:.1%} of tested rows ({worst}) are of a pair that has no like in its fold: they keep "
            "their columns."
        )
    return tuple(said)
