"""What a metric is: one decorated function. Listing, docs and contract tests follow from it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar, overload

import numpy as np

from honestsignals.errors import HonestSignalsError, unknown

Array = np.ndarray[Any, np.dtype[Any]]
Function = TypeVar("Function", bound=Callable[..., Any])

SWAPS = {
    "same": "the same",
    "negate": "with the opposite sign",
    "complement": "one minus it",
    "swap": "the partner's column",
    "relabel": "with 'ego only' and 'alter only' exchanged",
    "kinds": "the column with the two kinds exchanged",
    "low": "one minus the upper end",
    "high": "one minus the lower end",
}
NEEDS = {
    "time": "a time column",
    "periods": "a time or a wave column",
    "weight": "a weight column",
    "depth": "a depth column",
    "topic": "a topic column",
    "moments": "all pairs asked at no more than a few moments",
}
FAMILIES = (
    *("volume", "balance", "attention", "asymmetry", "chance", "embeddedness"),
    *("timing", "survival", "contingency", "rhythm", "turns", "persistence"),
    *("disclosure", "matching", "responsiveness", "stifling"),
)
"""Families of dyad metrics, in the order of a table's columns: each is a module of this room."""
LEVELS = {
    "dyad": FAMILIES,
    "person": ("people", "signature", "answering", "effects"),
    "network": ("census", "reciprocity", "expectation", "symmetry", "skew", "rowwise", "relations"),
}
"""What a metric is about, and the families of each level."""
SEEN = (("acts",), ("ties", "ego", "alter"), ("circle",), ("ties",))
"""What a statistic may be a function of: a batch of acts, everybody's ties, people's circles."""


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
    level : str
        What it is about, a key of ``LEVELS``.
    by_weight : bool
        Whether it can be bound to amounts.
    kinds : int
        Kinds of act that its name must say: 2 for an exchange of one kind for another.
    whole : bool
        Whether it rests on all rows of its table (a fitted prior), not on the row's pair alone.
    inner : bool
        Whether it is left out of a table unless asked for by name: a step on the way to others.
    basis : str
        Where the formula was read: "" for the reference itself, else the code it was read in, or
        "derived".
    elsewhere : tuple of str
        What other software calls the number.
    isolates : bool
        Whether people without acts change it.
    zero : str
        What the value 0 says.
    identity : str
        The number from other metrics of its level, as Python reads it.
    asks : tuple of str
        What people ask who look for it, in their words.
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
    level: str = "dyad"
    by_weight: bool = False
    kinds: int = 0
    whole: bool = False
    inner: bool = False
    basis: str = ""
    elsewhere: tuple[str, ...] = ()
    isolates: bool = False
    zero: str = ""
    identity: str = ""
    asks: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """The range as papers print it.

        >>> Fact("share", "share", "balance", "a share", range=(0, 1)).interval
        '[0, 1]'
        """
        low, high = (f"{end:g}".replace("inf", "∞") for end in self.range)
        left = "(" if self.open_ends in ("low", "both") or low == "-∞" else "["
        right = ")" if self.open_ends in ("high", "both") or high == "∞" else "]"
        return f"{left}{low}, {high}{right}"


@dataclass(frozen=True)
class Entry:
    """A registered function, its facts and what it reads.

    Attributes
    ----------
    fact : Fact
        What it is.
    function : callable
        The plain function of arrays.
    inputs : tuple of str
        Columns of its own level that a metric is a function of; none for a statistic.
    sees : tuple of str
        What a statistic is a function of, one of ``SEEN``; none for a metric.
    reads : tuple of str
        Dyad columns that a statistic of circles reads.
    """

    fact: Fact
    function: Callable[..., Any]
    inputs: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


_entries: dict[str, dict[str, Entry]] = {level: {} for level in LEVELS}
_ordered: dict[str, Mapping[str, Entry]] = {}
NO_RANGE = (math.nan, math.nan)
"""Of a column that holds names and not numbers."""
GIVEN = {"given_ego": "ego", "given_alter": "alter"}
GIVEN_FACT = Fact(
    "given_ego",
    "given",
    "volume",
    "what ego gave: acts, weight or acts of a kind",
    by_kind=True,
    by_weight=True,
)
WAITS = "waits"
"""What a statistic of circles may read besides dyad columns: every wait for a reply, one by one."""
WHOLE = "acts_of_every_kind"
"""Input that is all acts between the two, also where the metric is asked by kind of act."""
DIRECTED = "directed"
"""Input of a metric that must know whether who is ego means something in the table: True or False."""


@overload
def statistic(function: Function) -> Function: ...


@overload
def statistic(*, reads: Sequence[str] = ..., **facts: Any) -> Callable[[Function], Function]: ...


def statistic(function: Any = None, *, reads: Sequence[str] = (), **facts: Any) -> Any:
    """Register a statistic: a function of acts, of everybody's ties or of people's circles.

    Parameters
    ----------
    function : callable, optional
        Its parameters are one of ``SEEN``: of ``acts`` (an ``Acts``) and of ``ties, ego, alter`` (a
        ``Ties`` and codes of the two) it returns one value a pair, of ``circle`` (a ``Circle``) one a
        person, of ``ties`` alone one number of a network.
    reads : sequence of str
        Dyad columns that a statistic of circles reads; ``given_ego`` and ``given_alter`` are there.
    **facts
        Attributes of ``Fact``.
    """

    def register(function: Function) -> Function:
        sees = tuple(inspect.signature(function).parameters)
        if sees not in SEEN:
            raise HonestSignalsError(f"{function.__name__!r} is a function of {sees}; a statistic of {SEEN}.")
        needs = frozenset(facts.pop("needs", ()))
        for name in reads:
            _check_input(function.__name__, name, "dyad")
            needs |= _facts_of(name, "dyad").needs
        if sees == SEEN[1]:
            needs |= {"moments"}
        given = {"unit": "acts", "needs": needs, "statistic": sees == ("acts",), **facts}
        _register(Entry(_fact(function, **given), function, sees=sees, reads=tuple(reads)))
        return function

    return register if function is None else register(function)


def _register(entry: Entry) -> None:
    named = _entries[entry.fact.level]
    if entry.fact.name in named:
        raise HonestSignalsError(f"{entry.fact.name!r} is a metric already.")
    named[entry.fact.name] = entry
    _ordered.pop(entry.fact.level, None)


def metric(
    *,
    range: tuple[float, float],  # noqa: A002  the field's word, and it reads as one
    swap: str = "same",
    undefined: str,
    reference: str,
    **facts: Any,
) -> Callable[[Function], Function]:
    """Register a metric: a function whose parameters are the names of columns of its level.

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
        level = _level(function)
        inputs = tuple(inspect.signature(function).parameters)
        for name in inputs:
            _check_input(function.__name__, name, level)
        read = [_facts_of(name, level) for name in inputs if name != DIRECTED]
        given = {
            "needs": frozenset().union(*(one.needs for one in read)),
            "by_kind": all(one.by_kind for one in read),
            "by_weight": all(one.by_weight for one in read),
            "whole": any(one.whole for one in read),
            **{"range": range, "undefined": undefined, "reference": reference, **facts},
        }
        _register(Entry(_fact(function, swap=swap, **given), function, inputs))
        return function

    return register


def _level(function: Callable[..., Any]) -> str:
    """Level of the family whose module a function stands in; of a dyad where it stands in none."""
    family = function.__module__.rpartition(".")[2]
    return next((level for level, families in LEVELS.items() if family in families), "dyad")


def _fact(function: Callable[..., Any], **facts: Any) -> Fact:
    name, level = function.__name__, _level(function)
    sided = name.endswith("_ego")
    swap = facts.pop("swap", "swap" if sided else "same")
    if swap not in SWAPS or (swap == "swap") != sided:
        raise HonestSignalsError(f"{name!r}: swap {swap!r} does not fit its name.")
    family = function.__module__.rpartition(".")[2]
    text = inspect.getdoc(function) or ""
    # the first line is shown where markup means nothing
    meaning = text.split("\n\n")[0].replace("\n", " ").replace("``", "").rstrip(".")
    title = facts.pop("title", name.removesuffix("_ego").replace("_", " "))
    return Fact(name=name, title=title, family=family, meaning=meaning, swap=swap, level=level, **facts)


def _check_input(function: str, name: str, level: str) -> None:
    if (level == "dyad" and name in (*GIVEN, DIRECTED, WAITS, WHOLE)) or base_name(name) in _entries[level]:
        return
    raise unknown(f"column in the parameters of {function}", name, [*GIVEN, *_entries[level]])


def base_name(name: str) -> str:
    """Entry name of a column: the partner's column belongs to ego's function."""
    return name[: -len("_alter")] + "_ego" if name.endswith("_alter") else name


def _facts_of(name: str, level: str) -> Fact:
    if name == WAITS:
        return Fact(WAITS, WAITS, "survival", "waits for a reply", needs=frozenset({"time"}))
    if name == WHOLE:
        return _entries["dyad"]["acts"].fact
    return GIVEN_FACT if name in GIVEN else _entries[level][base_name(name)].fact


def entries(level: str = "dyad") -> Mapping[str, Entry]:
    """Every registered statistic and metric of a level by name: family by family, as registered in each."""
    if level not in _ordered:
        found = sorted(_entries[level].items(), key=lambda item: LEVELS[level].index(item[1].fact.family))
        _ordered[level] = MappingProxyType(dict(found))
    return _ordered[level]


def aliases(level: str = "dyad") -> dict[str, str]:
    """Other names of a level's metrics, and the name each has here."""
    return {alias: name for name, entry in _entries[level].items() for alias in entry.fact.aliases}
