"""What null models redraw: the acts of a log or of a study, or the ties of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from honestsignals.engines.circles import both_sides
from honestsignals.engines.ordering import MOST_EXPANDED, pair_up
from honestsignals.engines.passes import LogColumns
from honestsignals.errors import ArgumentError, DesignError
from honestsignals.inference.nulls import NULLS, Given, Null, circle
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY
from honestsignals.networks import Network
from honestsignals.pairs import count_within
from honestsignals.standardising import LACKS, Measure

Array = np.ndarray[Any, np.dtype[Any]]


class Blocked(Protocol):
    """What of a study is looked at."""

    @property
    def log(self) -> InteractionLog:
        """The acts."""

    @property
    def block(self) -> Array | None:
        """Pairs across blocks could never be."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Acts to be drawn anew, whose they are, and among which pairs.

    Attributes
    ----------
    columns : LogColumns
        Those that count as giving, one row an act, in the engine's own order.
    people : ndarray, shape (n_people,)
        Ids by code.
    notes : tuple of str
        What they are, and what was left out on the way.
    block : ndarray of int, shape (n_people,), or None
        Pairs across blocks could never be.
    of : str
        What metrics are of: "weight" where one act stands for all that a tie is, else "".
    silent : tuple of str
        Kinds, as column suffixes, that do not count as giving.
    split : bool
        Whether some rows stood for several acts.
    ties : bool
        Whether it is a network, of which there are no acts.
    last : int
        Last moment at which an act would have been in the log.
    """

    columns: LogColumns
    people: Array
    notes: tuple[str, ...]
    block: Array | None = None
    of: str = ""
    silent: tuple[str, ...] = ()
    split: bool = False
    ties: bool = False
    last: int = 0

    def prepared(self, measure: Measure) -> Measure:
        """The measure of these acts: among pairs that could be, of what was given, and of no other."""
        possible = None if self.block is None else count_within(self.block, len(self.people))
        return replace(measure, possible=possible, of=self.of, silent=self.silent)


def ground_of(source: InteractionLog | Blocked | Network, model: Null, level: str) -> Ground:
    """What a null model redraws.

    Parameters
    ----------
    source : InteractionLog, Study or Network
        A study tells its blocks too; a bare log cannot know of them.
    model : Null
        The null model.
    level : str
        What the metrics are about.

    Raises
    ------
    DesignError
        Where these are no acts, or no ties, that the null model can redraw.
    """
    if isinstance(source, Network):
        return _of_network(source, model, level)
    if isinstance(source, InteractionLog):
        return _of_log(source, None)
    log = getattr(source, "log", None)
    if not isinstance(log, InteractionLog) or not hasattr(source, "block"):
        raise ArgumentError(
            "standardise takes a log, as study.log is one, a study, or a network; "
            f"got {type(source).__name__}."
        )
    return _of_log(log, source.block)


def laid_out(ground: Ground, model: Null, shift: int = 0) -> tuple[LogColumns, Given]:
    """The acts as they are measured, and as null models see them.

    Parameters
    ----------
    ground : Ground
        What is redrawn.
    model : Null
        The null model.
    shift : int, microseconds
        Of which times are shifted by multiples; 0 where that is left to the log.
    """
    base = ground.columns
    acts = Given(base.n_people, base.sender, base.receiver, base.time, block=ground.block)
    if model.needs != "time":
        return base, acts
    if base.time is None:
        raise DesignError(f"{model.name!r} needs {LACKS}, and this log has none.")
    if base.conversation is not None:
        raise DesignError(
            f"This log says which acts are one conversation, and {model.name!r} would tear them apart; "
            "read it without that column."
        )
    if base.clock == "wave":
        if shift:
            raise DesignError(
                "This log counts in waves, which are shifted by whole waves: leave 'shift' out."
            )
        shift = 1
    elif not shift:
        shift = DAY if base.end - base.start + 1 >= 2 * DAY else 0
    start, step, steps = circle(base.start, base.end, base.time, shift)
    if steps < 2:
        raise DesignError(f"{model.name!r}: the log spans less than two shifts; name a shorter one in spans.")
    if shift and base.clock == "time":
        # observed and drawn alike, so that a shift by nothing is what was observed
        base = replace(base, end=max(base.end, start + step * steps - 1))
    return base, replace(acts, start=start, step=step, steps=steps, derived={})


# of acts


def _of_log(log: InteractionLog, block: Array | None) -> Ground:
    columns = log.columns()
    main = range(len(columns.kinds)) if columns.main is None else columns.main
    silent = tuple(kind for code, kind in enumerate(columns.kinds) if code not in main)
    columns, notes = _giving(columns), log.source
    if block is not None:
        inside = block[columns.sender] == block[columns.receiver]
        if not inside.all():
            notes = (*notes, f"{int((~inside).sum()):,} rows of acts across blocks are left out.")
            columns = _taken(columns, np.flatnonzero(inside))
    split = columns.count is not None and bool((columns.count > 1).any())
    ground = _ordered(_single(columns), log.people, (*notes, *_of_blocks(block)))
    return replace(ground, block=block, silent=silent, split=split, last=log.moments()[1])


def _of_blocks(block: Array | None) -> tuple[str, ...]:
    if block is None:
        return ()
    return (f"{len(np.unique(block)):,} blocks: pairs across them could never be, and none is drawn.",)


def _ordered(columns: LogColumns, people: Array, notes: tuple[str, ...]) -> Ground:
    """Acts in the engine's own order, which rests on them alone: the order of rows changes no draw."""
    if not len(columns.sender):
        raise DesignError("The log has no acts, so there is nothing to draw anew.")
    paired = pair_up(columns)
    low, high = paired.keys // columns.n_people, paired.keys % columns.n_people
    low, high = (np.repeat(side, np.diff(paired.offsets)).astype(np.int32) for side in (low, high))
    sender, receiver = np.where(paired.from_low, low, high), np.where(paired.from_low, high, low)
    return Ground(replace(paired.log, sender=sender, receiver=receiver), people, notes)


def _giving(columns: LogColumns) -> LogColumns:
    """The acts of the kinds that count as giving."""
    if columns.main is None or columns.kind is None:
        return columns
    mask = np.isin(columns.kind, columns.main)
    return _taken(replace(columns, main=None), np.flatnonzero(mask))


def _single(columns: LogColumns) -> LogColumns:
    """One row an act; a row's amount goes with the first of its acts."""
    if columns.count is None:
        return columns
    _refuse_many("counts", float(columns.count.sum()))
    single = _taken(columns, np.repeat(np.arange(len(columns.count)), columns.count))
    if columns.weight is not None:
        weight, some = np.zeros(len(single.sender)), np.flatnonzero(columns.count)
        weight[(np.cumsum(columns.count) - columns.count)[some]] = columns.weight[some]
        single = replace(single, weight=weight)
    return replace(single, count=None)


def _refuse_many(what: str, acts: float) -> None:
    if acts > MOST_EXPANDED:
        raise DesignError(
            f"The {what} stand for more than {MOST_EXPANDED:,} acts: too many to draw one by one."
        )


def _taken(columns: LogColumns, at: Array) -> LogColumns:
    names = ("sender", "receiver", "time", "count", "weight", "kind", "conversation", "depth", "topic")
    values: dict[str, Any] = {name: getattr(columns, name) for name in names}
    taken: dict[str, Any] = {name: None if one is None else one[at] for name, one in values.items()}
    return replace(columns, **taken)


# of ties


def _of_network(network: Network, model: Null, level: str) -> Ground:
    """One act for each unit of a tie, or one that carries all of it where acts need not be single."""
    _refuse_ties(network, model, level)
    ties = network.ties
    ego, alter, order = both_sides(ties)
    amount = np.concatenate([ties.forth, ties.back])[order]
    given = amount > 0
    sender, receiver, amount = ego[given], alter[given], amount[given]
    whole = model.apart
    if whole:
        _refuse_many("ties", float(amount.sum()))
        times = np.rint(amount).astype(np.int64)
        sender, receiver = np.repeat(sender, times), np.repeat(receiver, times)
    columns = LogColumns(
        n_people=ties.n_people,
        sender=sender,
        receiver=receiver,
        time=None,
        count=None,
        weight=None if whole else amount.astype(float),
        kind=None,
        conversation=None,
        clock="",
        start=0,
        end=0,
    )
    notes = [*network.facts(), *_of_blocks(network.block)]
    if ties.unknown or (network.circle is not None and len(network.circle.ego) > len(ego)):
        notes.append("Only pairs of which both answers are known are looked at, of people too.")
    ground = _ordered(columns, network.people, tuple(notes))
    return replace(ground, block=network.block, of="" if whole else "weight", ties=True)


def _refuse_ties(network: Network, model: Null, level: str) -> None:
    """Refuse what ties cannot tell, and null models that they do not suit."""
    ties = network.ties
    if level == "dyad":
        raise DesignError(
            "Metrics of pairs rest on acts, and of a network there are ties alone: say level='network' "
            "or level='person', or take the log."
        )
    if model.needs == "time":
        raise DesignError(f"{model.name!r} needs {LACKS}, and ties of a network have none.")
    if not len(ties):
        raise DesignError("The network has no ties, so there is nothing to draw anew.")
    if model.apart and not ties.whole:
        others = ", ".join(repr(one.name) for one in NULLS.values() if not one.apart and not one.needs)
        raise DesignError(
            f"{model.name!r} draws acts one by one, and these ties are amounts and no counts. "
            f"Null models that suit them: {others}."
        )
    there_or_not = max(ties.forth.max(), ties.back.max()) <= 1
    if model.apart and there_or_not:
        raise DesignError(
            f"{model.name!r} draws acts, so a draw would name the same person twice, and these ties are "
            "there or not. The null model that suits them: 'degree'."
        )
    could = count_within(network.block, ties.n_people)
    if model.chained and ties.possible != could:
        within = [] if there_or_not else [one for one in NULLS.values() if not one.chained and not one.needs]
        others = ", ".join(repr(one.name) for one in within) or "none for ties that are there or not"
        raise DesignError(
            f"{model.name!r} gives anybody ties to anybody, and of {could - ties.possible:,} of {could:,} "
            f"pairs an answer is not known. Null models that stay within pairs: {others}."
        )
