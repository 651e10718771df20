"""Who gave whom what, group by group, as square matrices: from rows, matrices, graphs, logs and studies."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.metrics.roundrobin import LEAST_PEOPLE
from honestsignals.squares import Square, blocks_of, has_rows, in_order, square_of

Array = np.ndarray[Any, np.dtype[Any]]

ACROSS = "cells across groups"
NO_GROUP = "people without a group"
SILENT = "people of whom nothing is known as giver, or as receiver"
SMALL = f"group(s) of fewer than {LEAST_PEOPLE} people"
ONE_ONLY = "people who are in one of the two variables alone"


@dataclass(frozen=True, eq=False)
class Group:
    """One round robin.

    Attributes
    ----------
    name : Hashable
        Name of the group; None where everybody is in one.
    people : ndarray of object, shape (n_people,)
        Ids.
    matrices : tuple of ndarray, shape (n_people, n_people)
        One variable or two; row gave column, NaN is not known.
    """

    name: Hashable
    people: Array
    matrices: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class RoundRobins:
    """Groups, and what was left out on the way.

    Attributes
    ----------
    names : tuple of str
        Name of each variable.
    groups : tuple of Group
        In the order of their names.
    left_out : dict of str to int
        Reason to number.
    notes : tuple of str
        What they are of, in words.
    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()


def round_robins(source: object, column: str | None, second: object, group: object) -> RoundRobins:
    """Square matrices of one variable or two, one set a group.

    Parameters
    ----------
    source : DyadTable, DataFrame, networkx.DiGraph, ndarray, InteractionLog, Network or Study
        Rows with ``ego`` and ``alter``, a square matrix (row gave column), or what makes a network.
    column : str, optional
        Which column, attribute of edges, kind of giving, or label.
    second : str or source, optional
        A second variable: its name in the same source, or a source of its own.
    group : str, mapping, Series or sequence, optional
        Column of rows or of people; group by person; one group a person in the order of the matrix.

    Raises
    ------
    ArgumentError
        For what is none of these.
    DesignError
        Where no group is left, and where a column is the same for both of a pair.
    """
    squares = [square_of(source, column, group)]
    if second is not None:
        same = isinstance(second, str)
        squares.append(square_of(source if same else second, second if same else None, group))  # type: ignore[arg-type]
    first = squares[0]
    left: dict[str, int] = dict(first.left_out)
    of_people = dict(zip(first.people, _groups(source, first, group), strict=True))
    people = first.people
    if second is not None:
        there = set(squares[1].people)
        _count(left, ONE_ONLY, len(set(people) ^ there))
        people = [one for one in people if one in there]
    matrices = [_reordered(one, people) for one in squares]
    ids = [one[1] for one in people] if first.keyed else people
    groups = _divided(ids, matrices, [of_people[one] for one in people], left)
    if not groups:
        why = [f"{count:,} {reason}" for reason, count in left.items()]
        raise DesignError(
            f"No group of {LEAST_PEOPLE} people is left, and the social relations model needs one"
            f"{': ' + '; '.join(why) if why else ''}."
        )
    names = tuple(one.name for one in squares)
    if len(names) == 2 and names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    notes = dict.fromkeys(note for one in squares for note in one.notes)
    return RoundRobins(names, tuple(groups), left, tuple(notes))


def _count(left: dict[str, int], reason: str, number: int) -> None:
    if number:
        left[reason] = left.get(reason, 0) + number


def _groups(source: Any, square: Square, group: object) -> list[Any]:
    """The group of each person; None for who has none."""
    people = square.people
    if group is None:
        return square.groups or [0] * len(people)
    if isinstance(group, str):
        found = square.groups if has_rows(getattr(source, "frame", source)) else _of_study(source, group)
        if found is None:
            raise ArgumentError(
                f"group={group!r} names no column of these rows or people; give a mapping of person to group."
            )
        return found
    if hasattr(group, "to_dict"):
        group = group.to_dict()
    if isinstance(group, Mapping):
        return [group.get(one) for one in people]
    given = list(group) if isinstance(group, Sequence | np.ndarray) else []
    if len(given) != len(people):
        raise ArgumentError(
            f"group has {len(given):,} entries, and there are {len(people):,} people; it is a column, a "
            "mapping of person to group, or one entry a person."
        )
    return given


def _of_study(source: Any, group: str) -> list[Any] | None:
    """A column of a study's people, or its blocks."""
    people = getattr(source, "people", None)
    if people is None or not hasattr(people, "columns"):
        return None
    if group in people.columns:
        return list(people[group])
    return blocks_of(source.block) if group == "block" else None


def _reordered(square: Square, people: list[Hashable]) -> Array:
    code = {one: place for place, one in enumerate(square.people)}
    order = [code[one] for one in people]
    return np.asarray(square.matrix[np.ix_(order, order)])


def _divided(
    people: list[Hashable], matrices: list[Array], of_people: list[Any], left: dict[str, int]
) -> list[Group]:
    """Groups with the people of whom something is known both ways."""
    known = np.logical_and.reduce([np.isfinite(one) for one in matrices])
    np.fill_diagonal(known, False)
    lone = [one is None or (isinstance(one, float) and math.isnan(one)) for one in of_people]
    _count(left, NO_GROUP, sum(lone))
    grouped = known[np.ix_(*[np.flatnonzero(~np.array(lone))] * 2)].sum()
    members: dict[Hashable, list[int]] = {}
    for place, one in enumerate(of_people):
        if not lone[place]:
            members.setdefault(one, []).append(place)
    groups, inside = [], 0
    for name in in_order(members):
        places = np.array(members[name])
        inside += int(known[np.ix_(places, places)].sum())
        here = _heard(known, places)
        _count(left, SILENT, len(places) - len(here))
        if len(here) < LEAST_PEOPLE:
            _count(left, SMALL, 1)
            continue
        ids = np.empty(len(here), dtype=object)
        ids[:] = [people[place] for place in here]
        cut = tuple(one[np.ix_(here, here)] for one in matrices)
        groups.append(Group(name if len(members) > 1 else None, ids, cut))
    _count(left, ACROSS, int(grouped) - inside)
    return groups


def _heard(known: Array, places: Array) -> Array:
    """Those with a known cell as giver and as receiver, among themselves."""
    while len(places):
        among = known[np.ix_(places, places)]
        heard = among.any(axis=0) & among.any(axis=1)
        if heard.all():
            break
        places = places[heard]
    return places
