"""Column names: what each means, which there are, and in which order they are computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Any

from honestsignals.errors import DesignError, HonestSignalsError, UnknownNameError, listed, nearest, unknown
from honestsignals.metrics.registry import (
    DIRECTED,
    FAMILIES,
    GIVEN,
    NEEDS,
    WHOLE,
    Entry,
    Fact,
    aliases,
    base_name,
    entries,
)

FORMS = {
    "mean": "mean of ego's and alter's",
    "min": "smaller of ego's and alter's",
    "max": "larger of ego's and alter's",
    "gap": "absolute difference of ego's and alter's",
}


MOST_EXCHANGED = 3
"""Kinds of a log up to which a table has every exchange of one for another unasked."""
SEARCHED = {"reciprocity": "returned_share", "response_rate": "reply_rate"}
"""Words that people look for, which are no column's name as they have many meanings."""


@dataclass(frozen=True)
class Column:
    """One column to compute: which entry, seen from which side, in which form, of which kind.

    Attributes
    ----------
    name : str
        Name of the column.
    entry : Entry
        The function and its facts, as seen from ego.
    side : str
        "ego", "alter", or "" for a column that has no side.
    form : str
        A key of ``FORMS`` for the symmetric forms, else "".
    kind : str
        Suffix after the double underscore: a kind of act, "weight", or "".
    inputs : tuple of str
        Columns it is computed from, suffix included; none for a statistic.
    """

    name: str
    entry: Entry
    side: str = ""
    form: str = ""
    kind: str = ""
    inputs: tuple[str, ...] = ()


def column(name: str, kinds: Iterable[str] = ()) -> Column:
    """What a column name means.

    Parameters
    ----------
    name : str
        For example ``returned_share``, ``returned_share__weight``, ``acts_alter__help``,
        ``reply_rate_mean``.
    kinds : iterable of str
        Kinds of act that the log has, as column suffixes.

    Returns
    -------
    Column

    Raises
    ------
    UnknownNameError
        Where no metric has that name, with the nearest that has.

    Examples
    --------
    >>> import honestsignals.metrics
    >>> column("returned_share__weight").inputs
    ('weight_ego', 'weight_alter')
    """
    if not isinstance(name, str):
        raise UnknownNameError(f"A metric is asked for by its name; {name!r} is no text.")
    stem, _, kind = name.partition("__")
    side, form, entry = _stem(stem)
    if entry is None:
        raise _unknown_metric(name, kinds)
    if entry.fact.kinds:
        return _exchange(name, entry, form, kind, list(kinds))
    if kind:
        _check_kind(name, entry, kind, list(kinds))
    if form:
        pair = [stem[: -len(form) - 1] + end for end in ("_ego", "_alter")]
        return Column(name, entry, "", form, kind, tuple(_suffixed(one, kind) for one in pair))
    turned = {"_ego": "_alter", "_alter": "_ego"} if side == "alter" else {}
    inputs = tuple(_input(one, turned, kind) for one in entry.inputs)
    return Column(name, entry, side, "", kind, inputs)


def _exchange(name: str, entry: Entry, form: str, kind: str, kinds: list[str]) -> Column:
    """A column of two kinds: ego's acts of the one against alter's acts of the other."""
    found = [one for one in permutations(kinds, 2) if "__".join(one) == kind]
    if not found:
        pairs = [f"{entry.fact.name}__{'__'.join(one)}" for one in permutations(kinds, 2)]
        raise unknown("metric", name, pairs, f"{entry.fact.name!r} is of two kinds of act.")
    one, other = found[0]
    if form:
        ways = ((one, other), (other, one))
        pair = tuple(f"{entry.fact.name}__{first}__{second}" for first, second in ways)
        return Column(name, entry, "", form, kind, pair)
    return Column(name, entry, "", "", kind, (f"acts_ego__{one}", f"acts_alter__{other}"))


def _stem(stem: str) -> tuple[str, str, Entry | None]:
    for side in ("ego", "alter"):
        if stem.endswith("_" + side) and base_name(stem) in entries():
            return side, "", entries()[base_name(stem)]
    if stem in entries():
        return "", "", entries()[stem]
    base, _, form = stem.rpartition("_")
    named = entries()
    if form in FORMS and base + "_ego" in named:
        return "", form, named[base + "_ego"]
    if form in FORMS and base in named and named[base].fact.kinds:
        return "", form, named[base]
    return "", "", None


def _input(name: str, turned: Mapping[str, str], kind: str) -> str:
    for end, other in turned.items():
        if name.endswith(end):
            name = name[: -len(end)] + other
            break
    if name == DIRECTED:
        return name
    if name == WHOLE:
        return "acts"
    if name in GIVEN:
        return (
            ("weight_" if kind == "weight" else "acts_")
            + GIVEN[name]
            + ("" if kind in ("", "weight") else "__" + kind)
        )
    return _suffixed(name, kind)


def _suffixed(name: str, kind: str) -> str:
    return f"{name}__{kind}" if kind else name


def _check_kind(name: str, entry: Entry, kind: str, kinds: list[str]) -> None:
    fact = entry.fact
    if kind == "weight":
        if not fact.by_weight:
            why = "it needs counts of acts" if fact.by_kind else "it is not a share of what each gave"
            raise DesignError(f"{name!r} does not exist: {fact.name!r} cannot be bound to weight, as {why}.")
        return
    if not fact.by_kind:
        raise DesignError(f"{name!r} does not exist: {fact.name!r} is not measured by kind of act.")
    if kind not in kinds:
        raise unknown(f"kind in {name!r}:", kind, kinds)


def _unknown_metric(name: str, kinds: Iterable[str]) -> HonestSignalsError:
    named = aliases()
    if name in named:
        return unknown("metric", name, [named[name]], f"{name!r} is another name of {named[name]!r}.")
    meant = nearest(name, SEARCHED)
    if meant is not None:
        return UnknownNameError(f"Unknown metric {name!r}. Did you mean {SEARCHED[meant]!r}?")
    return unknown("metric", name, [*all_names(kinds, inner=True), *FAMILIES])


def all_names(kinds: Iterable[str] = (), directed: bool = True, inner: bool = False) -> list[str]:
    """Every column name without suffix, then acts by kind; partner's columns included.

    Parameters
    ----------
    kinds : iterable of str
        Kinds of act, as suffixes.
    directed : bool
        False adds the symmetric forms that undirected labels need.
    inner : bool
        True adds the columns that tables have only where asked for by name.
    """
    names: list[str] = []
    named = entries()
    for name, entry in named.items():
        if (entry.fact.inner and not inner) or entry.fact.kinds:
            continue
        names.append(name)
        if entry.fact.swap == "swap":
            stem = name.removesuffix("_ego")
            names.append(stem + "_alter")
            if not directed:
                # a form that is a metric of its own, as attention_gap is, is listed as that
                names += [f"{stem}_{form}" for form in FORMS if f"{stem}_{form}" not in named]
    several = list(kinds)
    if len(several) > 1:
        sides = ["acts_ego", "acts_alter", *([] if directed else [f"acts_{form}" for form in FORMS])]
        names += [f"{side}__{kind}" for kind in several for side in sides]
    if 1 < len(several) <= MOST_EXCHANGED:
        names += _exchanges(several, directed)
    return names


def _exchanges(kinds: Sequence[str], directed: bool) -> list[str]:
    """Names of the columns of two kinds; the symmetric forms for undirected labels."""
    names = []
    for name, entry in entries().items():
        if entry.fact.kinds:
            names += [f"{name}__{one}__{other}" for one, other in permutations(kinds, 2)]
            pairs = [] if directed else combinations(kinds, 2)
            names += [f"{name}_{form}__{one}__{other}" for one, other in pairs for form in FORMS]
    return names


def describe(found: Column) -> Fact:
    """Facts of one column: side, form and kind worked in.

    >>> import honestsignals.metrics
    >>> describe(column("acts_gap")).swap
    'same'
    """
    fact = found.entry.fact
    meaning = fact.meaning
    changes: dict[str, Any] = {}
    if found.side == "alter":
        meaning = _turn_words(meaning)
        changes = {"formula": _turn_words(fact.formula), "undefined": _turn_words(fact.undefined)}
    if found.form:
        meaning = f"{FORMS[found.form]}: {meaning}"
        changes = {"swap": "same", "higher": "", "formula": ""}
    if found.form == "gap":
        width = fact.range[1] - fact.range[0]
        changes |= {"range": (0.0, width), "open_ends": "high" if fact.open_ends else ""}
    if found.form == "gap" and fact.range[0] < 0:
        # two of one range differ by at most its width, and never by less than nothing
        changes["range"] = (0, fact.range[1] - fact.range[0])
    needs = fact.needs
    if found.kind == "weight":
        meaning, needs = f"{meaning} (of weight)", needs | {"weight"}
    elif found.kind:
        meaning = f"{meaning} (of kind {found.kind.replace('__', ' against ')})"
    return replace(fact, name=found.name, meaning=meaning, needs=needs, **changes)


def _turn_words(text: str) -> str:
    turned = {"ego": "alter", "alter": "ego", "ij": "ji", "ji": "ij"}
    return re.sub(r"\b(ego|alter)\b|(?<=_)(ij|ji)\b", lambda word: turned[word.group()], text)


def plan(names: Sequence[str], kinds: Iterable[str], has: Iterable[str]) -> list[Column]:
    """Columns to compute for the asked names, each after what it is computed from.

    Parameters
    ----------
    names : sequence of str
        Column names or names of families.
    kinds : iterable of str
        Kinds of act in the log, as suffixes.
    has : iterable of str
        What the log has, keys of ``NEEDS``.

    Raises
    ------
    UnknownNameError
        For a name that does not exist.
    DesignError
        For a metric whose need the log does not have.
    """
    every, there = list(kinds), set(has)
    ordered: dict[str, Column] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        found = column(name, every)
        lacking = describe(found).needs - there
        if lacking:
            wanted = listed(NEEDS[need] for need in sorted(lacking))
            has_not = "and these are more" if lacking == {"moments"} else "and this log has none"
            raise DesignError(f"{name!r} needs {wanted}, {has_not}.")
        for one in found.inputs:
            if one != DIRECTED:
                add(one)
        ordered[name] = found

    for name in names:
        add(name)
    return list(ordered.values())


def choose(
    wanted: Sequence[str] | str | None, kinds: Iterable[str], has: Iterable[str], directed: bool
) -> list[str]:
    """Names of the columns that a table gets: those asked for, or all that the log can have.

    Families stand for their columns, as far as the log has what they need.
    """
    every, there = list(kinds), set(has)
    able = [name for name in all_names(every, directed) if describe(column(name, every)).needs <= there]
    if wanted is None or wanted == "all":
        return able
    asked = [wanted] if isinstance(wanted, str) else list(wanted)
    names: list[str] = []
    for one in asked:
        if one in FAMILIES:
            family = [name for name in able if column(name, every).entry.fact.family == one]
            if not family:
                needs = {
                    need
                    for entry in entries().values()
                    if entry.fact.family == one
                    for need in entry.fact.needs
                }
                wanted_words = listed(NEEDS[need] for need in sorted(needs - there))
                raise DesignError(f"The metrics of {one!r} need {wanted_words}, and this log has none.")
            names += family
        else:
            names.append(one)
    return list(dict.fromkeys(names))
