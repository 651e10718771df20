"""Studies of disclosure whose truth is known: who opens, who returns, how deep, and what a failure does."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.disclosing import Disclosure, Moderation, options_of, stated
from honestsignals.drawing_disclosure import SECOND, DisclosureActs, draw_disclosure
from honestsignals.log import InteractionLog
from honestsignals.making_studies import free_folder, given, write_whole
from honestsignals.readers.acts import ActArrays, read_acts
from honestsignals.study_folder import open_study

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.study import Study

Array = np.ndarray[Any, np.dtype[Any]]

KINDS = ("disclosure", "talk")
STUDY = """\
[study]
name = {name}
title = {title}
citation = "Simulated: nobody in it exists; truth.json states the true values"
licence = "CC0-1.0"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"
time = "time"
time_unit = "iso"
kind = "kind"
depth = "depth"
topic = "topic"
conversation = "conversation"

[people]
file = "people.csv"
id = "id"
"""
PAIRS = """\

[pairs]
file = "pairs.csv"
source = "source"
target = "target"
columns = [{column}]
directed = false
"""


@dataclass(frozen=True, eq=False)
class DisclosureSimulation:
    """A simulated study of disclosure, and its truth. Made by :func:`simulate_disclosure`.

    Attributes
    ----------
    people : pandas.DataFrame
        ``id``, and the moderator where it is of people.
    acts : pandas.DataFrame
        ``time``, ``sender``, ``receiver``, ``kind``, ``depth``, ``topic``, ``conversation``, by time.
    pairs : pandas.DataFrame or None
        ``source``, ``target`` and the moderator where it is of pairs.
    log : InteractionLog
        The acts as they are read.
    truth : mapping of str to object
        ``values``: the true values by name; ``options``: what makes the study again.
    """

    people: pd.DataFrame
    acts: pd.DataFrame
    pairs: pd.DataFrame | None
    log: InteractionLog
    truth: Mapping[str, Any]

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write a study folder, whole or not at all: study.toml, acts, people, pairs and truth.json.

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
        size = f"{options['people']} people, {options['days']} days"
        title = f"Simulated disclosure: {size}, seed {options['seed']}"
        study = STUDY.format(name=json.dumps(name), title=json.dumps(title))
        attributes = self.people.columns[1:].tolist()
        if attributes:
            study += f"attributes = {json.dumps(attributes)}\ncategories = {json.dumps(attributes)}\n"
        tables = {"acts.csv": self.acts, "people.csv": self.people}
        if self.pairs is not None:
            study += PAIRS.format(column=json.dumps(self.pairs.columns[-1]))
            tables["pairs.csv"] = self.pairs
        return {
            "study.toml": study,
            **{file: table.to_csv(index=False, lineterminator="\n") for file, table in tables.items()},
            "truth.json": json.dumps(dict(self.truth), indent=2, default=np.generic.item) + "\n",
        }

    def facts(self) -> list[str]:
        """What was simulated: acts, and what is true of them."""
        values = self.truth["values"]
        life = values["half_life_days"]
        dent = "for good" if life is None else f"with a half-life of {life:g} days"
        lines = [
            *self.log.facts(),
            f"True: matching {values['matching']:g} (own previous turn {values['own']:g}), escalation "
            f"{values['escalation']:g} per unit of ln turn.",
            f"True: {values['fail_rate']:.0%} of openings left alone by a typical person, each of which "
            f"multiplies the opener's rate by {values['stifle']:g}, {dent}: one failure, others equal, makes "
            f"it {values['one_failure_ratio']['28']:.2f} of what it was over 28 days. What a log shows is "
            "nearer to 1, as later openings fail too.",
        ]
        moderation = self.truth["options"]["moderation"]
        if moderation is not None:
            first, second = moderation["values"]
            changes = values["interaction"]
            lines.append(
                f"True: {moderation['column']} {second} against {first}: matching {changes['matching']:+g}, "
                f"escalation {changes['escalation']:+g}, stifling times {moderation['stifle']:g}."
            )
        return lines

    def __str__(self) -> str:
        return "\n".join([f"Simulated disclosure, seed {self.truth['options']['seed']}", *self.facts()])

    __repr__ = __str__


def simulate_disclosure(
    *,
    seed: int,
    people: int = 60,
    days: int = 365,
    disclosure: Disclosure | None = None,
    moderation: Moderation | None = None,
) -> DisclosureSimulation:
    """Simulate a study of disclosure whose truth is known: openings, returns, depth, and what failures do.

    Parameters
    ----------
    seed : int
        The same seed and options give the same study; people, moderator, openings, depths and topics have
        streams of their own, so that another matching leaves the openings as they are.
    people : int
        People.
    days : int
        Days of acts, from 8 January 2024 on.
    disclosure : Disclosure, optional
        How people open up: says the process and its true values.
    moderation : Moderation, optional
        A column of people or of pairs with which matching, escalation or stifling differ.

    Returns
    -------
    DisclosureSimulation

    See Also
    --------
    honestsignals.simulate : Studies with labels of friendship and trust.

    Examples
    --------
    >>> simulation = simulate_disclosure(seed=1, people=20, days=100, disclosure=Disclosure(stifle=0.5))
    >>> simulation.truth["values"]["stifle"], simulation.truth["values"]["one_failure_ratio"]["28"]
    (0.5, 0.602961)
    >>> simulation.log.has >= {"depth", "topic"}
    True
    """
    disclosure = given("disclosure", disclosure, Disclosure)
    drawn = draw_disclosure(seed=seed, people=people, days=days, disclosure=disclosure, moderation=moderation)
    roster, pairs = _tables(drawn, moderation)
    acts = _frame(drawn, roster["id"].to_numpy(), disclosure)
    log = InteractionLog(_read(acts, roster), "simulation")
    options = {"seed": seed, "people": people, "days": days, **options_of(disclosure, moderation)}
    truth = {"values": stated(disclosure, moderation), "options": options}
    return DisclosureSimulation(roster, acts, pairs, log, truth)


def _read(acts: pd.DataFrame, roster: pd.DataFrame) -> ActArrays:
    """The acts as the reader of a study reads them."""
    return read_acts(acts, time_unit="iso", roster=roster["id"].to_numpy())


def _tables(drawn: DisclosureActs, moderation: Moderation | None) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """People, and pairs where the moderator is theirs."""
    import pandas as pd

    width = max(2, len(str(drawn.people)))
    ids = np.array([f"P{number:0{width}d}" for number in range(1, drawn.people + 1)], dtype=object)
    roster = pd.DataFrame({"id": ids})
    if moderation is None or drawn.second_value is None:
        return roster, None
    column, second = moderation.column, drawn.second_value.astype(int)
    if moderation.of == "people":
        return roster.assign(**{column: np.array(moderation.values, dtype=object)[second]}), None
    low, high = np.triu_indices(drawn.people, 1)
    return roster, pd.DataFrame({"source": ids[low], "target": ids[high], column: second[low, high]})


def _frame(drawn: DisclosureActs, ids: Array, disclosure: Disclosure) -> pd.DataFrame:
    """Acts as they are written."""
    import pandas as pd

    stamps = np.datetime_as_string((drawn.time // SECOND).astype("datetime64[s]"))
    places = len(str(disclosure.topics))
    topics = [*(f"T{number:0{places}d}" for number in range(1, disclosure.topics + 1)), None]
    width = len(str(int(drawn.conversation.max()) + 1))
    return pd.DataFrame(
        {
            "time": np.char.add(stamps, "Z").astype(object),
            "sender": ids[drawn.sender],
            "receiver": ids[drawn.receiver],
            "kind": np.array(KINDS, dtype=object)[np.isnan(drawn.depth).astype(int)],
            "depth": drawn.depth.round(3),
            "topic": np.array(topics, dtype=object)[drawn.topic],
            "conversation": [f"C{number:0{width}d}" for number in (drawn.conversation + 1).tolist()],
        }
    )
