"""What a worker makes of whole people's ties, and of blocks of ties: Arrow tables in, plain columns out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.engines.pair_parts import PAIR
from honestsignals.metrics.columns import Column
from honestsignals.metrics.embeddedness import shared_sums
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

PERSON, OTHER, TOLD = "person", "other", "told"
"""Columns of half a tie: who has it, with whom, and whether the two are a row that asks for the person."""
DEGREES = ("contacts_low", "contacts_high")
BLOCK, INNER, ASKS = "block", "inner", "asks"
"""Columns of ties in blocks: which block; whether both are of the group that the block has twice, where it
has another; whether it is a row that asks, and no tie."""


@dataclass(frozen=True)
class OfPeople:
    """What is asked of whole people.

    Attributes
    ----------
    columns : tuple of Column
        Statistics of everybody's ties that rest on ego's alone, as seen from ego.
    ties : dict of str to (str, str)
        Columns of what each of two gave, by kind.
    most : dict of str to float
        The most that anybody gave one other, by kind: it is of all ties.
    """

    columns: tuple[Column, ...]
    ties: dict[str, tuple[str, str]]
    most: dict[str, float]


def places_in_order(one: Any, other: Any) -> tuple[Any, Array, Array]:
    """Ids of two columns in their one order, and where each row's stand there."""
    both = pa.chunked_array([*one.chunks, *other.chunks])
    distinct = both.unique()
    # Arrow sorts text by its bytes, which is the order of code points
    ids = distinct.take(pc.sort_indices(distinct))
    first, second = np.split(pc.index_in(both, value_set=ids).to_numpy().astype(np.int64), 2)
    return ids, first, second


def of_people(table: Any, asked: OfPeople) -> tuple[Any, Any, Array, list[Array]]:
    """Columns of some people, all of whose ties are there, for the rows that ask for them.

    Parameters
    ----------
    table : pyarrow.Table
        Halves of ties: each person's own ones all, and rows that ask.
    asked : OfPeople

    Returns
    -------
    low, high : pyarrow.Array
        Ids of each row that asks.
    upper : ndarray of bool
        Whether it is told of the higher of the two.
    columns : list of ndarray
    """
    ids, who, other = places_in_order(table.column(PERSON), table.column(OTHER))
    low, high = np.minimum(who, other), np.maximum(who, other)
    told = _plain(table.column(TOLD))
    held = {kind: _ties_of(table, (low, high), len(ids), kind, asked) for kind in asked.ties}
    columns = [
        np.asarray(one.entry.function(held[one.kind], who[told], other[told])) for one in asked.columns
    ]
    pair = (ids.take(pa.array(side[told])) for side in (low, high))
    return *pair, (who > other)[told], columns


def _ties_of(table: Any, pair: tuple[Array, Array], n: int, kind: str, asked: OfPeople) -> Ties:
    """Ties of one kind, each once, in the order in which memory has them."""
    given = [table.column(name) for name in asked.ties[kind]]
    tied = _plain(pc.is_valid(given[0]))
    forth, back = (_plain(pc.fill_null(one, 0)) for one in given)
    there = np.flatnonzero(tied & ((forth != 0) | (back != 0)))
    # a tie is here twice where both its people are
    _, first = np.unique(pair[0][there] * n + pair[1][there], return_index=True)
    there = there[first]
    ties = Ties(n, pair[0][there], pair[1][there], forth[there], back[there], 0, counts=kind != "weight")
    if kind in asked.most:
        ties.once("most", lambda: asked.most[kind])
    return ties


def shared_of_block(table: Any, *, asking: bool) -> tuple[Any, Any, Array, Array]:
    """What the third people of one block add to the shared contacts of its rows.

    People are dealt into groups. A block is three of them, one perhaps twice or thrice, and has every tie
    that two of the three name. Each triangle is counted in the one block that its own three groups name.

    Parameters
    ----------
    table : pyarrow.Table
        Ties of a block with the contacts of both people, and rows that ask where these are not the ties.
    asking : bool
        Whether rows are those that ask, and not the ties.

    Returns
    -------
    low, high : pyarrow.Array
        Ids of rows that share somebody.
    number, weight : ndarray of int64
    """
    ids, low, high = places_in_order(*(table.column(name) for name in PAIR))
    asks, inner = (_plain(table.column(name)) for name in (ASKS, INNER))
    degree = np.zeros(len(ids), dtype=np.int64)
    for side, name in zip((low, high), DEGREES, strict=True):
        degree[side[~asks]] = _plain(pc.fill_null(table.column(name), 0))[~asks]
    order = np.argsort(low * len(ids) + high, kind="stable")
    tied, rows = order[~asks[order]], order[asks[order]]
    rows = rows if asking else tied
    number, weight = _sums((low, high), degree, tied, rows)
    # three of one group are counted in their own block, where nobody is of another
    own = np.flatnonzero(inner[rows])
    if len(own):
        of_group = _sums((low, high), degree, tied[inner[tied]], rows[own])
        number[own] -= of_group[0]
        weight[own] -= of_group[1]
    there = np.flatnonzero(number)
    pair = (ids.take(pa.array(side[rows[there]])) for side in (low, high))
    return *pair, number[there], weight[there]


def _sums(pair: tuple[Array, Array], degree: Array, tied: Array, rows: Array) -> tuple[Array, Array]:
    """Shared contacts of rows, by ties at some places alone."""
    low, high = pair
    ones = np.ones(len(tied), dtype=np.int64)
    ties = Ties(len(degree), low[tied], high[tied], ones, ones, 0, derived={"contacts": degree})
    return shared_sums(ties, low[rows], high[rows])


def _plain(column: Any) -> Array:
    return np.asarray(column.to_numpy())
