"""What a metric is: one decorated function. Listing, docs and contract tests follow from it."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np

from honestsignals.errors import DesignError, HonestSignalsError, listed, unknown

Array = np.ndarray[Any, np.dtype[Any]]
Function = TypeVar("Function", bound=Callable[..., Any])

SWAPS = {
    "same": "the same",
    "negate": "with the opposite sign",
    "complement": "one minus it",
    "swap": "the partner's column",
    "relabel": "with 'ego only' and 'alter only' exchanged",
}
FORMS = {
    "mean": "mean of ego's and alter's",
    "min": "smaller of ego's and alter's",
    "max": "larger of ego's and alter's",
    "gap": "absolute difference of ego's and alter's",
}
NEEDS = {
    "time": "a time column",
    "periods": "a time or a wave column",
    "weight": "a weight column",
}
FAMILIES = ("volume", "balance", "timing", "turns", "persistence")


@dataclass(frozen=True)
class Fact:
    """What one column of a dyad table is.

    Attributes
    ----------
    name, title, family, meaning, formula, unit : str
        Column name, published name, family, first line of the docstring, formula, unit.
    range : tuple of float
        Lowest and highest value it can take.
    open_ends : str
        Ends of the range that are approached and never reached: "", "low", "high" or "both".
    swap : str
        What exchanging ego and alter does to it, a key of ``SWAPS``.
    undefined : str
        When it is NaN; "" where it never is.
    higher : str
        Whether higher is more reciprocal: "yes", "no" or "" where the question has no sense.
    reference : str
        Key of ``references.bib``; "" for plain counts.
    aliases : tuple of str
        Other names of the same number.
    needs : frozenset of str
        What the log must have, keys of ``NEEDS``.
    statistic : bool
        Computed from the acts (first pass) and not from columns (second pass).
    by_kind : bool
        Whether it can be asked by kind of act.
    empty : float
        Value of a statistic for a pair without acts.
    """

    name: str
    title: str
    family: str
    meaning: str
    formula: str = ""
    unit: str = ""
    range: tuple[float, float] = (0.0, math.inf)
    open_ends: str = ""
    swap: str = "same"
    undefined: str = ""
    higher: str = ""
    reference: str = ""
    aliases: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    statistic: bool = False
    by_kind: bool = False
    empty: float = 0.0


@dataclass(frozen=True)
class Entry:
    """A registered function, its facts and the columns it reads."""

    fact: Fact
    function: Callable[..., Array]
    inputs: tuple[str, ...] = ()


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


_entries: dict[str, Entry] = {}
GIVEN = {"given_ego": "ego", "given_alter": "alter"}
GIVEN_FACT = Fact(
    "given_ego", "given", "volume", "what ego gave: acts, weight or acts of a kind", by_kind=True
)


@overload
def statistic(function: Function) -> Function: ...


@overload
def statistic(
    *, unit: str = ..., needs: Sequence[str] = ..., by_kind: bool = ..., **facts: Any
) -> Callable[[Function], Function]: ...


def statistic(
    function: Any = None,
    *,
    unit: str = "acts",
    needs: Sequence[str] = (),
    by_kind: bool = False,
    **facts: Any,
) -> Any:
    """Register a statistic of a batch of acts: a function of ``acts`` alone.

    Parameters
    ----------
    function : callable, optional
        Takes an ``Acts`` and returns one value a pair.
    unit : str
        Unit of the value.
    needs : sequence of str
        What the log must have, keys of ``NEEDS``.
    by_kind : bool
        Whether it can be asked of one kind of act.
    **facts
        Other attributes of ``Fact``.
    """

    def register(function: Function) -> Function:
        fact = _fact(function, unit=unit, needs=frozenset(needs), by_kind=by_kind, statistic=True, **facts)
        _entries[fact.name] = Entry(fact, function)
        return function

    return register if function is None else register(function)


def metric(
    *,
    range: tuple[float, float],  # noqa: A002  the field's word, and it reads as one
    swap: str,
    undefined: str,
    reference: str,
    **facts: Any,
) -> Callable[[Function], Function]:
    """Register a metric: a function whose parameters are the names of columns.

    Parameters
    ----------
    range : tuple of float
        Lowest and highest value.
    swap : str
        What exchanging ego and alter does: a key of ``SWAPS``.
    undefined : str
        When it is NaN, in words; "" if never.
    reference : str
        Key of ``references.bib``; "" for plain counts.
    **facts
        Other attributes of ``Fact``.
    """

    def register(function: Function) -> Function:
        inputs = tuple(inspect.signature(function).parameters)
        for name in inputs:
            _check_input(function.__name__, name)
        needs = frozenset().union(*(_facts_of(name).needs for name in inputs))
        by_kind = all(_facts_of(name).by_kind for name in inputs)
        given = {"range": range, "undefined": undefined, "reference": reference, **facts}
        fact = _fact(function, swap=swap, needs=needs, by_kind=by_kind, **given)
        _entries[fact.name] = Entry(fact, function, inputs)
        return function

    return register


def _fact(function: Callable[..., Array], **facts: Any) -> Fact:
    name = function.__name__
    if name in _entries:
        raise HonestSignalsError(f"{name!r} is a metric already.")
    swap = facts.pop("swap", "swap" if name.endswith("_ego") else "same")
    if swap not in SWAPS or (swap == "swap") != name.endswith("_ego"):
        raise HonestSignalsError(f"{name!r}: swap {swap!r} does not fit its name.")
    family = function.__module__.rpartition(".")[2]
    text = inspect.getdoc(function) or ""
    meaning = text.split("\n\n")[0].replace("\n", " ").rstrip(".")
    title = facts.pop("title", name.removesuffix("_ego").replace("_", " "))
    return Fact(name=name, title=title, family=family, meaning=meaning, swap=swap, **facts)


def _check_input(function: str, name: str) -> None:
    if name in GIVEN or _base(name) in _entries:
        return
    raise unknown(f"column in the parameters of {function}", name, [*GIVEN, *_entries])


def _base(name: str) -> str:
    """Entry name of a column: the partner's column belongs to ego's function."""
    return name[: -len("_alter")] + "_ego" if name.endswith("_alter") else name


def _facts_of(name: str) -> Fact:
    return GIVEN_FACT if name in GIVEN else _entries[_base(name)].fact


def entries() -> Mapping[str, Entry]:
    """Every registered statistic and metric by name: family by family, as registered in each."""
    return dict(sorted(_entries.items(), key=lambda item: FAMILIES.index(item[1].fact.family)))


def aliases() -> dict[str, str]:
    """Other names of metrics, and the name each has here."""
    return {alias: name for name, entry in _entries.items() for alias in entry.fact.aliases}


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
    stem, _, kind = name.partition("__")
    side, form, entry = _stem(stem)
    if entry is None:
        raise _unknown_metric(name, kinds)
    if kind:
        _check_kind(name, entry, kind, list(kinds))
    if form:
        pair = [stem[: -len(form) - 1] + end for end in ("_ego", "_alter")]
        return Column(name, entry, "", form, kind, tuple(_suffixed(one, kind) for one in pair))
    turned = {"_ego": "_alter", "_alter": "_ego"} if side == "alter" else {}
    inputs = tuple(_input(one, turned, kind) for one in entry.inputs)
    return Column(name, entry, side, "", kind, inputs)


def _stem(stem: str) -> tuple[str, str, Entry | None]:
    for side in ("ego", "alter"):
        if stem.endswith("_" + side) and _base(stem) in _entries:
            return side, "", _entries[_base(stem)]
    if stem in _entries:
        return "", "", _entries[stem]
    base, _, form = stem.rpartition("_")
    if form in FORMS and base + "_ego" in _entries:
        return "", form, _entries[base + "_ego"]
    return "", "", None


def _input(name: str, turned: Mapping[str, str], kind: str) -> str:
    for end, other in turned.items():
        if name.endswith(end):
            name = name[: -len(end)] + other
            break
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
        if not entry.inputs or not all(one in GIVEN for one in entry.inputs):
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
    return unknown("metric", name, [*all_names(kinds), *FAMILIES])


def all_names(kinds: Iterable[str] = (), directed: bool = True) -> list[str]:
    """Every column name without suffix, then acts by kind; partner's columns included.

    Parameters
    ----------
    kinds : iterable of str
        Kinds of act, as suffixes.
    directed : bool
        False adds the symmetric forms that undirected labels need.
    """
    names: list[str] = []
    for name, entry in entries().items():
        names.append(name)
        if entry.fact.swap == "swap":
            stem = name.removesuffix("_ego")
            names.append(stem + "_alter")
            if not directed:
                names += [f"{stem}_{form}" for form in FORMS]
    several = list(kinds)
    if len(several) > 1:
        names += [f"{side}__{kind}" for kind in several for side in ("acts_ego", "acts_alter")]
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
    needs = fact.needs
    if found.kind == "weight":
        meaning, needs = f"{meaning} (of weight)", needs | {"weight"}
    elif found.kind:
        meaning = f"{meaning} (of kind {found.kind})"
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
            raise DesignError(f"{name!r} needs {wanted}, and this log has none.")
        for one in found.inputs:
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
            names += [name for name in able if column(name, every).entry.fact.family == one]
        else:
            names.append(one)
    return list(dict.fromkeys(names))
