"""What a report rests on: everything that is measured, fitted, permuted and evaluated for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.evaluating import evaluate
from honestsignals.evaluation import Evaluation
from honestsignals.inference.permutation_alike import alike_rows
from honestsignals.inference.permutation_refits import FAMILIES as REFITTED
from honestsignals.metric_table import MetricTable
from honestsignals.permutation import Permutation
from honestsignals.permuting import permute
from honestsignals.progress import telling
from honestsignals.reporting.chance import Chance, against_chance
from honestsignals.reporting.ladder import Ladder, Step, ladder
from honestsignals.reporting.summary import columns_for
from honestsignals.result import Result
from honestsignals.standard_errors import ErrorLadder
from honestsignals.study import Study

Found = TypeVar("Found")
Other = TypeVar("Other")
Tell = Callable[[str], None]

DRAWS, FEWEST = 1_000, 99
"""Permutations that are drawn, and those below which a p value says too little to be asked for unasked."""
WORK = 100_000_000
"""Values that the permutations of a report may refit: some twenty seconds of a logit."""
PACE = {"gaussian": 20.0, "ordered_logit": 0.3, "ordered_probit": 0.2}
"""How much faster than a logit's the draws of a family are: a linear model's are products of matrices."""
NOT_ASKED = "not asked for"
NO_LABEL = "The study has no labels, so there is nothing that give and take could foretell."


@dataclass(frozen=True)
class Choices:
    """What was asked of a report.

    Attributes
    ----------
    label : str or None
        What is to be explained.
    seed : int
        What draws begin with.
    draws : int or None
        Permutations; None for as many as take no minutes.
    parts : frozenset of str
        Parts that take long, or show names.
    least : int
        What rests on fewer rows, pairs or people is not shown.
    """

    label: str | None = None
    seed: int = 1
    draws: int | None = None
    parts: frozenset[str] = frozenset()
    least: int = 0

    @property
    def names(self) -> bool:
        """Whether people may be named."""
        return "names" in self.parts


@dataclass(frozen=True, eq=False)
class Tried(Generic[Found]):
    """What came of something that data may refuse: what was found, or why nothing was.

    Attributes
    ----------
    found : object or None
    reason : str
        "" where something was found.
    """

    found: Found | None = None
    reason: str = ""

    def then(self, work: Callable[[Found], Other]) -> Tried[Other]:
        """What comes of it in turn; the reason stays where there is nothing."""
        found = self.found
        return Tried[Other](None, self.reason) if found is None else tried(lambda: work(found))


def tried(work: Callable[[], Found]) -> Tried[Found]:
    """What some work finds, or why these data refuse it.

    >>> def refuse() -> int:
    ...     raise DesignError("Too few.")
    >>> tried(refuse).reason, tried(lambda: 2).found
    ('Too few.', 2)
    """
    try:
        return Tried(work())
    except (ArgumentError, DesignError, FitError) as error:
        return Tried(None, str(error))


@dataclass(frozen=True, eq=False)
class Findings:
    """What a report rests on.

    Attributes
    ----------
    study : Study
    choices : Choices
    table : DyadTable
        The pairs.
    remarks : tuple of str
        What is to be said of their choice.
    ladder : Tried of Ladder
        Volume, balance, timing.
    errors : Tried of ErrorLadder
        The standard errors of the last step.
    permutation : Tried of Permutation
        Of the last step.
    evaluation : Tried of Evaluation
        What is foretold of people never seen.
    network, label_network, people : Tried of MetricTable
        The network of acts, that of the label, and everybody's metrics.
    null : Tried of Chance
        How much is returned, against what a null model would have it be.
    """

    study: Study
    choices: Choices
    table: DyadTable
    remarks: tuple[str, ...]
    ladder: Tried[Ladder]
    errors: Tried[ErrorLadder]
    permutation: Tried[Permutation]
    evaluation: Tried[Evaluation]
    network: Tried[MetricTable]
    label_network: Tried[MetricTable]
    people: Tried[MetricTable]
    null: Tried[Chance]

    @property
    def label(self) -> str | None:
        """What is explained."""
        return self.table.label

    @property
    def last(self) -> Step | None:
        """The last step of the ladder that has a fit."""
        steps = [] if self.ladder.found is None else self.ladder.found.steps
        return next((step for step in reversed(steps) if step.result is not None), None)


def find(study: Study, choices: Choices, tell: Tell) -> Findings:
    """Measure, fit, permute and evaluate; what the data refuse is kept as its reason.

    Parameters
    ----------
    study : Study
    choices : Choices
    tell : callable
        Is told, in words, what is being done.

    Returns
    -------
    Findings
    """
    tell("Measuring pairs")
    table, remarks = pairs_of(study, choices.label)
    made = _ladder(table, tell)
    fitted = made.then(_last)
    tell("Comparing standard errors")
    errors = fitted.then(lambda one: one.ladder())
    tell("Measuring people and the network")
    network, label_network = tried(lambda: study.network_metrics(progress=tell)), _of_label(study, choices)
    people = tried(study.people_metrics)
    return Findings(
        study=study,
        choices=choices,
        table=table,
        remarks=tuple(remarks),
        ladder=made,
        errors=errors,
        permutation=fitted.then(lambda one: _permuted(one, choices, tell)),
        evaluation=_evaluated(table, choices, tell),
        network=network,
        label_network=label_network,
        people=people,
        null=_against_chance(study, choices, tell),
    )


def pairs_of(study: Study, label: str | None) -> tuple[DyadTable, list[str]]:
    """The pairs of a report, and what is to be said of their choice.

    Parameters
    ----------
    study : Study
    label : str or None
        What is to be explained.

    Returns
    -------
    DyadTable, list of str
    """
    directed = label is not None and study.label(label).directed
    names = columns_for(study, directed)
    if label is None:
        said = "Without a label, only pairs in contact are measured: the others gave and took nothing."
        return study.dyads(pairs="in contact", metrics=names), [said]
    try:
        return study.dyads(label=label, metrics=names), []
    except DesignError:
        # too many pairs to make them all; any other refusal comes again
        table = study.dyads(label=label, pairs="in contact", metrics=names)
        return table, [
            "More than five million pairs have a known label, so only those in contact are in the table."
        ]


def _ladder(table: DyadTable, tell: Tell) -> Tried[Ladder]:
    if table.label is None:
        return Tried(None, NO_LABEL)
    if table.design.label_type == "nominal":
        return Tried(
            None,
            f"{table.label} has classes without an order, and the ladder's models are of one answer: more or "
            "less, yes or no. hs.fit with family='multinomial' has the odds of each class.",
        )
    return tried(lambda: ladder(table, progress=tell))


def _last(made: Ladder) -> Result:
    """The fit of the last step that has one."""
    fits = list(made.fits.values())
    if not fits:
        raise DesignError("No model of the label has an estimate.")
    return fits[-1]


def _of_label(study: Study, choices: Choices) -> Tried[MetricTable]:
    """Metrics of who named whom, where a label has a direction."""
    name = choices.label
    if name is None or not study.label(name).directed or study.label(name).type == "nominal":
        return Tried(None, "No label with a direction is explained, so it is no network.")
    return tried(lambda: study.network_metrics(label=name))


def _permuted(fitted: Result, choices: Choices, tell: Tell) -> Permutation:
    """Permutations of the last step's model."""
    if "permutation" not in choices.parts:
        raise DesignError(f"Permutations were {NOT_ASKED}.")
    draws = choices.draws if choices.draws is not None else draws_for(fitted)
    tell("Permuting people")
    return permute(
        fitted, draws=draws, seed=choices.seed, progress=lambda said: tell(f"Permuting people: {said}")
    )


def draws_for(fitted: Result) -> int:
    """Permutations of a fit that take no minutes.

    Parameters
    ----------
    fitted : Result

    Returns
    -------
    int
        At most ``DRAWS``.

    Raises
    ------
    DesignError
        Where that is fewer than ``FEWEST``.
    """
    alike = alike_rows(fitted.model.X) if fitted.estimate.family in REFITTED else None
    # rows alike are one row in a draw; each that is not stands in it once as itself, once as whom it meets
    rows = len(fitted.model.X) if alike is None else 2 * int((~alike).sum())
    values = rows * fitted.model.X.shape[1] + len(fitted.model.X) // 4 * (alike is not None)
    work = WORK * PACE.get(fitted.estimate.family, 1.0)
    draws = int(min(DRAWS, np.floor_divide(work, max(values, 1))))
    if draws < FEWEST:
        raise DesignError(
            f"{len(fitted.model.y):,} rows with {fitted.model.X.shape[1]} coefficients leave room for fewer "
            f"than {FEWEST} permutations in the time of a report; hs.permute, or draws=, makes them."
        )
    return draws


def _evaluated(table: DyadTable, choices: Choices, tell: Tell) -> Tried[Evaluation]:
    """What is foretold of people never seen."""
    if table.label is None:
        return Tried(None, NO_LABEL)
    if "evaluation" not in choices.parts:
        return Tried(None, f"An evaluation was {NOT_ASKED}.")
    tell("Evaluating on people never seen")
    with telling(lambda said: tell(f"Evaluating: {said}")):
        return tried(lambda: evaluate(table, seed=choices.seed))


def _against_chance(study: Study, choices: Choices, tell: Tell) -> Tried[Chance]:
    """How much is returned, against a null model."""
    tell("Drawing the null model")
    return tried(lambda: against_chance(study, choices.seed))
