"""Studies whose truth is known: people, acts over time, and labels with stated effects."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from honestsignals.engines.passes import Rows
from honestsignals.errors import ArgumentError
from honestsignals.log import InteractionLog
from honestsignals.making_studies import check_number, free_folder, given, streams, write_whole
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import plan
from honestsignals.processes import START, Activity, draw_acts, draw_people, root
from honestsignals.readers.acts import read_acts
from honestsignals.study_folder import open_study
from honestsignals.truths import Dependence, Effects, LabelTruth, column_of, design

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.study import Study

Array = np.ndarray[Any, np.dtype[Any]]

TRUST_SHARES = (0.1, 0.2, 0.35, 0.25, 0.1)
"""Expected shares of the answers 1 to 5 about trust: most in the middle, as on most such scales."""
COUNTS = ("seed", "people", "days")
BOUNDS = {
    "seed": (0, 2**63),
    "people": (4, 2_000),
    "days": (7, 3_660),
    "activity.contact": (0.01, 1),
    "activity.weekly": (0.01, 1_000),
    "activity.replies": (0.01, 0.99),
    "activity.information": (0.01, 0.99),
    "activity.spread": (0, 3),
    "effects": (-20, 20),
    "dependence.actor_partner": (-1, 1),
    "base_rate": (0.01, 0.99),
}
"""Between what options must lie; the others are shares. 2,000 people are two million pairs."""
STUDY = """\
[study]
name = {name}
title = {title}
citation = "Simulated: nobody in it exists; truth.json states the true effects"
licence = "CC0-1.0"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"
time = "time"
time_unit = "iso"
kind = "kind"
depth = "depth"

[people]
file = "people.csv"
id = "id"
attributes = ["office", "tenure"]

[labels.friendship]
file = "labels.csv"
source = "source"
target = "target"
value = "friendship"
type = "binary"
directed = {directed}
absent = "unknown"
asked = "{asked}"

[labels.trust]
file = "labels.csv"
source = "source"
target = "target"
value = "trust"
type = "ordinal"
levels = [1, 2, 3, 4, 5]
directed = true
absent = "unknown"
asked = "{asked}"
"""


@dataclass(frozen=True, eq=False)
class Simulation:
    """A simulated study, and its truth. Made by :func:`simulate`.

    Attributes
    ----------
    people : pandas.DataFrame
        ``id``, ``office``, ``tenure``.
    acts : pandas.DataFrame
        ``time``, ``sender``, ``receiver``, ``kind``, ``depth``, by time; self-acts among them.
    labels : pandas.DataFrame
        ``source``, ``target``, ``friendship``, ``trust``: a row an ordered pair.
    log : InteractionLog
        The acts as they are read, self-acts left out.
    models : mapping of str to LabelTruth
        The true model of each label, and what it says of each pair.
    truth : mapping of str to object
        The true effects as truth.json states them, and the options and the seed that make the study again.
    """

    people: pd.DataFrame
    acts: pd.DataFrame
    labels: pd.DataFrame
    log: InteractionLog
    models: Mapping[str, LabelTruth]
    truth: Mapping[str, Any]

    @property
    def asked(self) -> str:
        """The date the labels were asked: the day after the last."""
        return str(START.astype("datetime64[D]") + self.truth["options"]["days"])

    def relabelled(self, seed: int) -> Simulation:
        """The same people and acts with labels drawn anew: one more study of the same truth.

        Parameters
        ----------
        seed : int
            Of the labels; that of the study gives the study's own.

        Returns
        -------
        Simulation
        """
        _check({"seed": seed})
        labels = _labels(self.people, self.models, streams(seed, 3)[2])
        return replace(self, labels=labels, truth={**self.truth, "label_seed": seed})

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write a study folder, whole or not at all: study.toml, acts, labels, people and truth.json.

        Parameters
        ----------
        folder : path
            Must not be there yet, or be empty.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            Where something is there already, or there is no folder to write it into.
        """
        target = free_folder(folder)
        return write_whole(target, self._files(target.absolute().name))

    def study(self) -> Study:
        """The study as :func:`honestsignals.open_study` opens it.

        Returns
        -------
        Study
        """
        with tempfile.TemporaryDirectory() as folder:
            return open_study(self.write(Path(folder) / "simulation"))

    def _files(self, name: str) -> dict[str, str]:
        """Name and text of every file."""
        options = self.truth["options"]
        title = f"Simulated: {options['people']} people, {options['days']} days, seed {options['seed']}"
        if "label_seed" in self.truth:
            title += f", labels of seed {self.truth['label_seed']}"
        words = {"name": json.dumps(name), "title": json.dumps(title), "asked": self.asked}
        tables = {"acts.csv": self.acts, "labels.csv": self.labels, "people.csv": self.people}
        return {
            "study.toml": STUDY.format(**words, directed=str(options["directed"]).lower()),
            **{file: table.to_csv(index=False, lineterminator="\n") for file, table in tables.items()},
            "truth.json": json.dumps(dict(self.truth), indent=2, default=np.generic.item) + "\n",
        }

    def facts(self) -> list[str]:
        """What was simulated: acts, labels and their truth."""
        lines = list(self.log.facts())
        for name, model in self.models.items():
            mean = self.labels[name].mean()
            lines.append(f"{model.formula}; mean {mean:.2f} of {len(model.rows.ego):,} pairs.")
        return lines

    def __str__(self) -> str:
        return "\n".join([f"Simulation, seed {self.truth['options']['seed']}", *self.facts()])

    __repr__ = __str__


def simulate(
    *,
    seed: int,
    people: int = 30,
    days: int = 84,
    activity: Activity | None = None,
    effects: Effects | None = None,
    dependence: Dependence | None = None,
    base_rate: float = 0.25,
    directed: bool = False,
) -> Simulation:
    r"""Simulate a study whose truth is known: people, acts over time, friendship and trust.

    Labels are drawn so that the stated effects are the marginal truth: :math:`y = 1[\Phi(-z) < p]`,
    :math:`p = 1 / (1 + e^{-x\beta})`, where z is standard normal and shared in part by pairs that share
    people. A logit with normal person effects would have weaker effects than those stated. The x are the
    columns of the dyad table, of the acts before the labels were asked.

    Parameters
    ----------
    seed : int
        The same seed and options give the same study; people, acts and labels have streams of their own,
        so that other effects leave the acts as they are.
    people : int
        People.
    days : int
        Days of acts; labels are asked the day after.
    activity : Activity, optional
        How much people act and how they answer.
    effects : Effects, optional
        True effects of volume, balance and timing.
    dependence : Dependence, optional
        What labels share that have a person or a pair in common.
    base_rate : float
        Mean probability of friendship.
    directed : bool
        Whether each of two people says who is a friend, or the two are.

    Returns
    -------
    Simulation

    Examples
    --------
    >>> simulation = simulate(people=12, days=28, effects=Effects(timing=1.2), seed=1)
    >>> simulation.models["friendship"].formula
    'friendship ~ log1p(acts) + known(returned_share) + known(reply_rate) + in_contact'
    >>> simulation.truth["labels"]["friendship"]["coefficients"]["known(reply_rate)"]
    1.2
    >>> len(simulation.study().dyads(label="trust"))
    132
    """
    activity = given("activity", activity, Activity)
    effects = given("effects", effects, Effects)
    dependence = given("dependence", dependence, Dependence)
    options = {
        "seed": seed,
        "people": people,
        "days": days,
        "activity": asdict(activity),
        "effects": asdict(effects),
        "dependence": asdict(dependence),
        "base_rate": base_rate,
        "directed": directed,
    }
    _check(options)
    sources = streams(seed, 3)
    roster = draw_people(people, sources[0])
    acts = draw_acts(roster, days, activity, sources[1])
    arrays = read_acts(acts, time_unit="iso", roster=roster["id"].to_numpy())
    log = InteractionLog(arrays, "simulation")
    models = _models(log, roster, (effects, dependence), base_rate, directed)
    truth = {"labels": {name: model.stated() for name, model in models.items()}, "options": options}
    return Simulation(roster, acts, _labels(roster, models, sources[2]), log, models, truth)


def _check(options: Mapping[str, Any], group: str = "") -> None:
    """Refuse options of which no study can be made."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            _check(value, name)
            continue
        shown = f"{group}.{name}" if group else name
        low, high = BOUNDS.get(shown, BOUNDS.get(group, (0, 1)))
        if name == "directed":
            if not isinstance(value, bool):
                raise ArgumentError(f"directed is {value!r}; it must be True or False.")
            continue
        check_number(shown, value, (low, high), whole=name in COUNTS)
    shares = sum(options.get(name, 0.0) for name in ("actor", "partner", "dyad"))
    if shares > 1 + 1e-12:  # .7 + .2 + .1 is a bit above 1 in binary
        raise ArgumentError(
            f"dependence.actor, .partner and .dyad sum to {shares:g}; shares of variance sum to 1 at most."
        )


def _models(
    log: InteractionLog,
    people: pd.DataFrame,
    truths: tuple[Effects, Dependence],
    base_rate: float,
    directed: bool,
) -> dict[str, LabelTruth]:
    """The true model of each label, its columns measured as those of a dyad table are."""
    effects, dependence = truths
    n, office = len(people), people["office"].to_numpy()
    below = {"friendship": [1 - base_rate], "trust": np.cumsum(TRUST_SHARES)[:-1].tolist()}
    models = {}
    for name, both_ways in (("friendship", directed), ("trust", True)):
        ego, alter = np.nonzero(~np.eye(n, dtype=bool)) if both_ways else np.triu_indices(n, 1)
        # every act is before the labels were asked, so none needs to be cut away
        rows = Rows(ego.astype(np.int32), alter.astype(np.int32))
        terms = effects.terms(both_ways)
        names = [column for column in map(column_of, terms) if column != "same_office"]
        columns = log.engine.columns(rows, plan(names, log.kinds, log.has), Settings())
        columns["same_office"] = (office[ego] == office[alter]).astype(float)
        linear = design(columns, terms) @ np.array(list(terms.values()))
        shared = dependence if both_ways else dependence.undirected()
        models[name] = LabelTruth(name, terms, _cuts(linear, below[name]), shared, rows, linear)
    return models


def _labels(people: pd.DataFrame, models: Mapping[str, LabelTruth], rng: np.random.Generator) -> pd.DataFrame:
    """Answers drawn: a row an ordered pair, an undirected answer in both."""
    import pandas as pd

    ids, n = people["id"].to_numpy(), len(people)
    source, target = np.nonzero(~np.eye(n, dtype=bool))
    labels = {"source": ids[source], "target": ids[target]}
    for name, model in models.items():
        answers = np.zeros((n, n), dtype=np.int64)
        ego, alter = model.rows.ego, model.rows.alter
        drawn = model.draw(rng)
        if len(ego) < n * (n - 1):
            answers[alter, ego] = drawn
        answers[ego, alter] = drawn
        labels[name] = answers[source, target]
    return pd.DataFrame(labels)


def _cuts(linear: Array, below: Iterable[float]) -> tuple[float, ...]:
    """Cuts with which, on average, these shares of the answers lie below each."""
    cuts = (root(lambda cut: float(expit(cut - linear).mean()), share) for share in below)
    # what is stated is what is used, to the last digit
    return tuple(round(cut, 6) for cut in cuts)
