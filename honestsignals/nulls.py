"""Metrics standardised against null models: is this give and take more than chance would make it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.drawn_nulls import LEVEL_WORDS, begun, seed_or_random
from honestsignals.engines.passes import LogColumns
from honestsignals.errors import listed
from honestsignals.inference.nulls import NULLS, Given, Null, chances
from honestsignals.log import InteractionLog
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.acts import DAY, HOUR
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.moments import spans_in_words
from honestsignals.networks import Network
from honestsignals.redrawing import Blocked, Ground
from honestsignals.standardising import Measure, Tally

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

SOON = 10.0
"""Seconds up to which nobody needs to be told how long it takes."""
SHOWN = ("ego", "alter", "person", "metric", "observed", "expected", "sd", "z", "p_low", "p_high")


COLUMNS = {
    "ego": "one of the pair, the first in sort order",
    "alter": "the other of the pair",
    "person": "the person",
    "metric": "what was measured",
    "observed": "its value as observed",
    "expected": "mean over the draws in which it is defined, where all of these are finite",
    "sd": "standard deviation over those draws",
    "z": "(observed - expected) / sd",
    "p_low": "(1 + draws as low as what was observed) / (1 + defined_draws)",
    "p_high": "(1 + draws as high as what was observed) / (1 + defined_draws)",
    "defined_draws": "draws in which it is defined",
    "reason": "why there is no z",
}


@dataclass(frozen=True, eq=False)
class Standardised(MetricTable):
    """Metrics as observed and as a null model draws them.

    ``frame`` has a row a pair (``ego``, ``alter``), a person, or the network, and a metric: ``observed``;
    ``expected`` and ``sd``, mean and standard deviation over draws; ``z``; ``p_low`` and ``p_high``, how
    often a draw is as low, or as high, as what was observed, (1 + #) / (1 + ``defined_draws``);
    ``defined_draws``, in which the metric has a value; ``reason`` where there is no z.

    Attributes
    ----------
    null : str
        Name of the null model.
    level : str
        "dyad", "person" or "network".
    draws, seed : int
        Draws, and the seed that makes them again.
    """

    null: str = ""
    level: str = ""
    draws: int = 0
    seed: int = 0

    @property
    def directed(self) -> bool | None:
        """Whether rows are ordered pairs: never; None where they are no pairs."""
        return False if self.level == "dyad" else None

    def tidy(self) -> pd.DataFrame:
        """The rows, as a frame of their own."""
        return self.frame.copy()


def null_models() -> pd.DataFrame:
    """Null models: what each keeps, what it redraws, and what it can standardise.

    Returns
    -------
    pandas.DataFrame
        One row a null model.

    Examples
    --------
    >>> null_models()["name"].tolist()
    ['binomial', 'activity', 'time shift', 'strength', 'degree']
    """
    import pandas as pd

    rows = [
        {
            "name": one.name,
            "title": one.title,
            "keeps": one.keeps,
            "redraws": one.redraws,
            "levels": ", ".join(one.levels),
            "metrics of time": "yes" if one.timing else "no",
            "needs": one.needs,
            "reference": one.reference,
        }
        for one in NULLS.values()
    ]
    return pd.DataFrame(rows)


def standardise(
    source: InteractionLog | Blocked | Network,
    metrics: Sequence[str] | str,
    *,
    null: str = "binomial",
    level: str = "dyad",
    draws: int = 1000,
    seed: int | None = None,
    spans: Mapping[str, str | float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Standardised:
    """Metrics against a null model: observed, expected, z, and how often chance does as much.

    Parameters
    ----------
    source : InteractionLog, Study or Network
        The acts; only those that count as giving are looked at. A study tells its blocks too, so that
        nothing is drawn across them: a bare log cannot know of them. A network, of a label or of a graph,
        where metrics are about people or the network.
    metrics : str or sequence of str
        Columns, or families, of which those that suit the null model are taken. At every level a name
        says of what it is measured: ``reciprocity_weighted__weight``, ``reciprocity_weighted__help``.
        An amount goes with its act, and so do what it disclosed and its topic.
    null : str
        Which null model, see :func:`null_models`.
    level : {"dyad", "person", "network"}
        What the metrics are about. Dyads are those in contact as observed.
    draws : int
        Draws; at least 19. A draw of "degree" takes two seconds for 400,000 arcs, one of "strength" one
        second for as many acts, and measuring comes on top: begin with few.
    seed : int or None
        The same seed gives the same draws on any machine, whatever the order of the log's rows. None takes
        one at random, which the facts name.
    spans : mapping of str to str or float, optional
        Spans of event metrics (``conversation_gap``, ``period``, ``reply_horizon``, ``silence``,
        ``disclosure_window``, ``depth_margin``), and ``shift``, whose multiples the null model "time shift"
        moves acts by: "1D" where the log spans two days or more, so that the time of day is kept, and
        else the unit of its clock.
    progress : callable, optional
        Told now and then which draw is being made, and how long the rest may take.

    Returns
    -------
    Standardised

    Raises
    ------
    DesignError
        For a metric that the null model does not suit: one that every draw keeps as it was, or that says
        nothing of its draws; and for one that these data refuse.

    Examples
    --------
    >>> import pandas as pd, honestsignals as hs
    >>> acts = pd.DataFrame({"sender": ["ann"] * 9 + ["bob"], "receiver": ["bob"] * 9 + ["ann"]})
    >>> found = hs.standardise(hs.read_log(acts), "imbalance", draws=999, seed=1)
    >>> found.frame.loc[0, ["observed", "expected"]].astype(float).round(2).tolist()
    [0.8, 0.24]
    """
    seed = seed_or_random(seed)
    found = begun(source, metrics, (null, level, draws, seed), spans)
    model, ground, base, measure = found.model, found.ground, found.base, found.measure
    tally = Tally({name: found.observed[name] for name in measure.names})
    for draw in _paced(draws, progress):
        tally.add(found.draw(draw))
    frame = _frame(ground.people, measure, tally)
    about = (*_columns(frame), *(measure.facts[name] for name in measure.names))
    table = Standardised("", frame, about, null=null, level=level, draws=draws, seed=seed)
    said = [*_notes(table, model, measure, ground.ties), *_once_each(base, model)]
    notes = (*ground.notes, *said, *_apart(ground, base, found.acts, model))
    notes = (*notes, *_left(found.left), *_refused(found.refused))
    title = f"Metrics of {LEVEL_WORDS[level]} against the null model {null!r}"
    return replace(table, title=title, notes=notes, shown=SHOWN)


def _paced(draws: int, progress: Callable[[str], None] | None) -> Iterator[int]:
    """Numbers of the draws; now and then it is told which is made, and how long the rest may take."""
    every, began = max(1, draws // 100), time.monotonic()
    for draw in range(1, draws + 1):
        if progress is not None and (draw % every == 0 or draw == 2):
            rest = (time.monotonic() - began) / max(1, draw - 1) * (draws - draw + 1)
            progress(f"Draw {draw:,} of {draws:,}{_about(rest)}")
        yield draw


def _about(seconds: float) -> str:
    """How long something takes, roughly; nothing where it is soon over.

    >>> _about(5), _about(200), _about(9_000)
    ('', ', about 3 min left', ', about 2.5 h left')
    """
    if seconds < SOON:
        return ""
    if seconds < 90:
        return f", about {round(seconds, -1):.0f} s left"
    return (
        f", about {seconds / 60:.0f} min left" if seconds < 5400 else f", about {seconds / 3600:.1f} h left"
    )


# what is said of them


def _frame(people: Array, measure: Measure, tally: Tally) -> pd.DataFrame:
    """One row a pair (or person, or the network) and metric."""
    import pandas as pd

    parts = []
    for name in measure.names:
        who: dict[str, Any] = {}
        if measure.level == "dyad":
            who = {"ego": people[measure.rows.ego], "alter": people[measure.rows.alter]}
        elif measure.level == "person":
            who = {"person": people}
        found = tally.summary(name, measure.facts[name].undefined)
        parts.append(pd.DataFrame({**who, "metric": name, **found}))
    return pd.concat(parts, ignore_index=True)


def _columns(frame: pd.DataFrame) -> list[Fact]:
    """What the columns are, for the codebook."""
    units = dict.fromkeys(("ego", "alter", "person"), "id")
    return [
        Fact(name, name, "design", COLUMNS[name], unit=units.get(name, ""), range=NO_RANGE)
        for name in frame.columns
    ]


def _notes(table: Standardised, model: Null, measure: Measure, ties: bool) -> list[str]:
    """Which null model, how many draws, and how to read the rows."""
    lines = [
        f"Null model {model.name!r}: {model.title}.",
        f"Every draw keeps {model.keeps}{' (each tie is as many acts as it is strong)' if ties else ''}.",
        f"Redrawn: {model.redraws}.",
        f"{table.draws:,} draws, seed {table.seed}; p is (1 + #) / (1 + draws in which the metric is "
        "defined), one-sided, for one row at a time.",
    ]
    if table.level == "dyad":
        lines.append(f"{len(measure.rows.ego):,} pairs in contact.")
        if not model.timing:
            lines.append(
                "These pairs were chosen for being in contact, and in a draw they need not be: what is "
                "undefined there is left out, and expected counts are lower for that choice alone."
            )
    if model.chained:
        lines.append(
            "Draws start from a state as far from the log as they are from it, so p values hold however well "
            "the rounds mix; expected, sd and z need rounds enough."
        )
    needs = frozenset().union(*(measure.facts[name].needs for name in measure.names))
    if needs & {"time", "periods"}:
        lines.append(spans_in_words(measure.settings, "depth" in needs))
    return lines


def _once_each(base: LogColumns, model: Null) -> list[str]:
    """What to mind where nobody acted twice towards another, so that acts may be ties."""
    arcs = base.sender.astype(np.int64) * base.n_people + base.receiver
    if not model.apart or base.count is not None or len(np.unique(arcs)) < len(arcs):
        return []
    return [
        "Nobody acted twice towards another, which a draw makes possible: where these are no acts but ties, "
        "there or not, null='degree' suits them."
    ]


def _apart(ground: Ground, base: LogColumns, acts: Given, model: Null) -> list[str]:
    """What holds for this log alone: pairs that nothing redraws, and how far acts are shifted."""
    if model.name == "activity":
        kept = int(np.isnan(chances(acts)).sum())
        return (
            [f"{kept:,} pairs keep their acts: what they gave and got elsewhere does not tell."]
            if kept
            else []
        )
    if model.needs != "time":
        return []
    if base.clock == "wave":
        return [f"Shifts are whole waves, of {acts.steps:,}."]
    whole = (
        f"whole multiples of {acts.step / DAY:g} days"
        if acts.step % DAY == 0
        else f"{acts.step / 1e6:g} s each"
    )
    lines = [f"Shifts are {whole}, {acts.steps:,} different ones."]
    longer = base.end - ground.last
    if longer >= HOUR // 10:
        lines.append(
            f"The log counts as observed for {longer / HOUR:,.1f} h more than it was, to be whole steps "
            "long: metrics that look at its end can differ from a table of pairs."
        )
    return lines


def _left(left: Mapping[str, str]) -> list[str]:
    return [f"Left out, as the null model does not suit them: {listed(left)}."] if left else []


def _refused(refused: Mapping[str, str]) -> list[str]:
    """Metrics that these data refuse, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in refused.items():
        by_reason.setdefault(why, []).append(name)
    return [f"Left out: {listed(names)}. {why}" for why, names in by_reason.items()]
