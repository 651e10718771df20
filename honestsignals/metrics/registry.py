"""What a metric is: one decorated function. Listing, docs and contract tests follow from it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


_entries: dict[str, Entry] = {}
NO_RANGE = (math.nan, math.nan)
"""Of a column that holds names and not numbers."""
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
    # the first line is shown where markup means nothing
    meaning = text.split("\n\n")[0].replace("\n", " ").replace("``", "").rstrip(".")
    title = facts.pop("title", name.removesuffix("_ego").replace("_", " "))
    return Fact(name=name, title=title, family=family, meaning=meaning, swap=swap, **facts)


def _check_input(function: str, name: str) -> None:
    if name in GIVEN or base_name(name) in _entries:
        return
    raise unknown(f"column in the parameters of {function}", name, [*GIVEN, *_entries])


def base_name(name: str) -> str:
    """Entry name of a column: the partner's column belongs to ego's function."""
    return name[: -len("_alter")] + "_ego" if name.endswith("_alter") else name


def _facts_of(name: str) -> Fact:
    return GIVEN_FACT if name in GIVEN else _entries[base_name(name)].fact


def entries() -> Mapping[str, Entry]:
    """Every registered statistic and metric by name: family by family, as registered in each."""
    return dict(sorted(_entries.items(), key=lambda item: FAMILIES.index(item[1].fact.family)))


def aliases() -> dict[str, str]:
    """Other names of metrics, and the name each has here."""
    return {alias: name for name, entry in _entries.items() for alias in entry.fact.aliases}
