"""Channels, contexts or topics of acts in the place of kinds, so that what goes by kind goes by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.log import InteractionLog
from honestsignals.readers.kinds import check_kinds

if TYPE_CHECKING:
    from honestsignals.study import Study

Source = TypeVar("Source", InteractionLog, "Study")

COLUMNS = ("channel", "context", "topic")
"""Columns of acts that may take the place of kinds."""
EMPTY = "none"
"""What acts without one are called."""


def kinds_from(source: Source, column: str) -> Source:
    """The same acts with another of their columns for kinds: give and take by channel, context or topic.

    All that goes by kind then goes by it: ``acts_ego__mail``, ``returned_share__mail``, ``kind_share__mail``
    (the share of the pair's acts that came by mail), ``log.only("mail")``, ``return_curves(of="mail")``. As
    metrics do, these count acts strictly before a label was asked. Every act counts as giving that did
    before; the kinds that there were are no longer told apart, so that help by mail is
    ``kinds_from(log.only("help"), "channel")``.

    Parameters
    ----------
    source : InteractionLog or Study
    column : {"channel", "context", "topic"}
        A column of acts. Acts where it is empty are of the kind "none".

    Returns
    -------
    InteractionLog or Study
        As given; the log or study itself stays as it is.

    Raises
    ------
    DesignError
        Where acts have no such column.
    InputError
        Where a value could not end the name of a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals import read_log
    >>> acts = pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "b"]})
    >>> log = kinds_from(read_log(acts.assign(channel=["mail", "chat", None])), "channel")
    >>> log.kinds
    ('chat', 'mail', 'none')
    >>> log.dyads(metrics=["kind_share__mail"]).frame.round(2)
      ego alter  kind_share__mail
    0   a     b              0.33
    """
    log = source if isinstance(source, InteractionLog) else getattr(source, "log", None)
    if not isinstance(log, InteractionLog):
        raise ArgumentError(f"kinds_from takes a log or a study; got {type(source).__name__}.")
    if column not in COLUMNS:
        raise unknown("column of acts", column, COLUMNS)
    if column not in log.acts.columns:
        there = [one for one in COLUMNS if one in log.acts.columns]
        has = f"it has {' and '.join(there)}" if there else "nor any like it"
        raise DesignError(f"The acts of this log have no column {column!r}; {has}.")
    made = _with_kinds(log, column)
    if isinstance(source, InteractionLog):
        return made
    return replace(source, log=made)


class _Named(NamedTuple):
    """Where kinds come from, as messages name it."""

    name: str
    unit: str = "row"

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The places of rows."""
        return list(rows)


def _with_kinds(log: InteractionLog, column: str) -> InteractionLog:
    """The log with other kinds; acts that did not count as giving are left out, and counted."""
    acts = log.acts
    if log.giving is not None:
        log = log.only(log.giving)
        aside = len(acts.sender) - len(log.acts.sender)
        left = {**log.left_out, "kinds that do not count as giving": aside} if aside else log.left_out
        acts = replace(log.acts, left_out=left)
    codes, values = np.asarray(acts.columns[column]), [str(one) for one in acts.values[column]]
    if (codes < 0).any():
        if EMPTY in values:
            raise DesignError(
                f"Some acts have the {column} {EMPTY!r} and some have no {column}: both would be the kind "
                f"{EMPTY!r}; rename it."
            )
        values = [*values, EMPTY]
        codes = np.where(codes < 0, len(values) - 1, codes)
    used = np.unique(codes)
    names = np.array(values, dtype=object)[used]
    order = np.argsort(names)
    check_kinds(_Named(log.name), column, tuple(names[order]))
    place: np.ndarray[Any, np.dtype[Any]] = np.empty(len(values), dtype=np.int16)
    place[used[order]] = np.arange(len(used))
    return replace(log, acts=replace(acts, kind=place[codes], kinds=tuple(names[order])), giving=None)
