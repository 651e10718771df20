"""Rows of an actor–partner model: each of the two with what is their own and what is the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.fitting import check_ids
from honestsignals.formulas import design
from honestsignals.glossary import identifier
from honestsignals.metrics.registry import SWAPS

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

FORMS = (("{}_ego", "{}_alter"), ("ego_{}", "alter_{}"), ("{}", "{}_alter"))
"""How tables call what is ego's and what is alter's."""

ENDS, STARTS = ("_ego", "_alter"), ("ego_", "alter_")


@dataclass(frozen=True, eq=False)
class Sides:
    """The rows of an actor–partner model.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``ego``, ``alter``, the outcome, covariates, and of every predictor what is ego's own and the
        partner's, a column a role where the two are told apart.
    outcome : str
        The outcome's column.
    effects : tuple of (str, str, str, str)
        Predictor, role ("" where the two are not told apart), column of the actor effect, of the partner's.
    roles : tuple of str
        The two roles; empty where they are not told apart.
    other : str
        Column that is 1 for the second role; "" without roles.
    alike : int
        Rows left out, since the two have the same role or one's is not known.
    doubled : bool
        Whether the table has one row a pair, of which a second was made.
    reading : str
        How the table's rows were read, in words.
    """

    frame: pd.DataFrame
    outcome: str
    effects: tuple[tuple[str, str, str, str], ...]
    roles: tuple[str, ...]
    other: str
    alike: int
    doubled: bool
    reading: str


def sides_of(
    table: DyadTable | pd.DataFrame, outcome: str, predictors: Sequence[str], distinguishable: str | None
) -> Sides:
    """Rows in which each of the two is ego once, with what is their own and what is the partner's.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
        One row an ordered pair, or one a pair.
    outcome : str
        The outcome of ego.
    predictors : sequence of str
    distinguishable : str or None
        A column of two roles.

    Returns
    -------
    Sides
    """
    frame, read = _both_ways(table, outcome)
    turned = _turned(frame)
    own, _ = _columns(outcome, frame, turned, table, alone=True)
    made: dict[str, Any] = {}
    for name in predictors:
        mine, theirs = _columns(name, frame, turned, table)
        word = identifier(name)
        for key, values in ((f"actor_{word}", mine), (f"partner_{word}", theirs)):
            if key in frame.columns or key in made:
                raise ArgumentError(f"The table has a column {key!r} already, or a predictor stands twice.")
            made[key] = _numbers(values, name)
    # a column of the outcome's name may be something else: acts beside acts_ego
    free = outcome not in frame.columns or own is frame[outcome] or own.equals(frame[outcome])
    label = outcome if free else f"{identifier(outcome)}_own"
    whole = frame.assign(**{label: own}, **made)
    pairs = [(name, f"actor_{identifier(name)}", f"partner_{identifier(name)}") for name in predictors]
    if distinguishable is None:
        return Sides(whole, label, tuple((name, "", a, p) for name, a, p in pairs), (), "", 0, *read)
    mine, theirs = _columns(distinguishable, frame, turned, table)
    return _by_role((whole, label, read), pairs, (distinguishable, mine, theirs))


def _by_role(
    rows: tuple[pd.DataFrame, str, tuple[bool, str]],
    pairs: Sequence[tuple[str, str, str]],
    role: tuple[str, pd.Series, pd.Series],
) -> Sides:
    """The rows with a column a role, of pairs whose two roles differ."""
    (whole, label, read), (name, mine, theirs) = rows, role
    there = (mine.notna() & theirs.notna() & (mine.to_numpy() != theirs.to_numpy())).to_numpy()
    some = mine[there]
    levels = sorted({one.item() if hasattr(one, "item") else one for one in some.tolist()}, key=str)
    if len(levels) != 2:
        raise DesignError(
            f"{name!r} has {len(levels)} roles among pairs whose two differ; two who are told apart need 2."
        )
    frame = whole[there].copy()
    effects = []
    for level in levels:
        for predictor, actor, partner in pairs:
            columns = [f"{one}_{identifier(str(level))}" for one in (actor, partner)]
            for column, source in zip(columns, (actor, partner), strict=True):
                frame[column] = np.where((some == level).to_numpy(), frame[source], 0.0)
                frame.loc[frame[source].isna(), column] = np.nan
            effects.append((predictor, str(level), columns[0], columns[1]))
    other = f"{identifier(name)}_is_{identifier(str(levels[1]))}"
    frame[other] = (some == levels[1]).to_numpy(dtype=float)
    return Sides(frame, label, tuple(effects), tuple(map(str, levels)), other, int((~there).sum()), *read)


def _both_ways(table: DyadTable | pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, tuple[bool, str]]:
    """The rows with each of the two as ego: as they are, or each row once more with the two exchanged.

    Beside them whether rows were made, and which of the two it was in words.
    """
    if not isinstance(table, DyadTable) and not hasattr(table, "columns"):
        raise ArgumentError(
            f"table is a {type(table).__name__}; it must be a DyadTable or a pandas.DataFrame."
        )
    frame = table.frame if isinstance(table, DyadTable) else table
    check_ids(frame)
    keys = _keys(frame)
    n_pairs = np.unique(np.minimum(*keys)).size
    returned = np.isin(keys[0], keys[1])
    if table.directed if isinstance(table, DyadTable) else returned.any():
        if np.unique(keys[0]).size < len(frame):
            raise DesignError("Some ordered pair is in two rows; each of the two must be ego once in a pair.")
        alone = int((~returned).sum())
        if alone and not isinstance(table, DyadTable) and _in_two(outcome, frame):
            raise DesignError(
                f"{n_pairs - alone:,} of {n_pairs:,} pairs are in two rows and {alone:,} in one, and each "
                f"row has {outcome!r} of both: rows are read as ordered pairs, or as one a pair, all alike. "
                "Give every pair both of its rows, or each one row."
            )
        said = f", of {alone:,} pairs one direction alone" if alone else ""
        return frame.reset_index(drop=True), (False, f"rows are read as ordered pairs, ego's own each{said}")
    if n_pairs < len(frame):
        raise DesignError("Some pair is in two rows; a table without direction needs one row a pair.")
    import pandas as pd

    exchanged = frame.rename(columns=_exchange([str(name) for name in frame.columns]))
    both = pd.concat([frame, exchanged[list(frame.columns)]], ignore_index=True)
    return both, (True, f"rows are read as one a pair, {n_pairs:,} of them, each seen from both of the two")


def _in_two(name: str, frame: pd.DataFrame) -> bool:
    """Whether a row has two columns of something, one of each of the two."""
    return any({one.format(name), two.format(name)} <= set(frame.columns) for one, two in FORMS)


def _keys(frame: pd.DataFrame) -> tuple[Array, Array]:
    """A number of each row's ordered pair, and of the one back."""
    import pandas as pd

    codes, people = pd.factorize(pd.concat([frame["ego"], frame["alter"]]))
    ego, alter = codes[: len(frame)].astype(np.int64), codes[len(frame) :].astype(np.int64)
    return ego * len(people) + alter, alter * len(people) + ego


def _exchange(names: Sequence[str]) -> dict[str, str]:
    """What each column that is one person's is called once the two are exchanged."""
    there, found = set(names), {"ego": "alter", "alter": "ego"}
    for name in names:
        for one, two in (ENDS, ENDS[::-1]):
            if name.endswith(one) and name.removesuffix(one) + two in there:
                found[name] = name.removesuffix(one) + two
        for one, two in (STARTS, STARTS[::-1]):
            if name.startswith(one) and two + name.removeprefix(one) in there:
                found[name] = two + name.removeprefix(one)
    return found


def _turned(frame: pd.DataFrame) -> Array:
    """Row of the other direction of each row; -1 where there is none."""
    keys, back = _keys(frame)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], back), len(keys) - 1)
    return np.where(keys[order][place] == back, order[place], -1)


def _columns(
    name: str, frame: pd.DataFrame, turned: Array, table: DyadTable | pd.DataFrame, alone: bool = False
) -> tuple[pd.Series, pd.Series]:
    """What is ego's of something, and what is alter's."""
    for form, other in FORMS:
        if {form.format(name), other.format(name)} <= set(frame.columns):
            return frame[form.format(name)], frame[other.format(name)]
    if name not in frame.columns:
        stems = [str(one).removesuffix("_ego").removeprefix("ego_") for one in frame.columns]
        raise unknown("column", name, dict.fromkeys([*stems, *map(str, frame.columns)]))
    undirected = len(frame) > len(table)
    swap = (
        next((one.swap for one in table.about if one.name == name), "")
        if isinstance(table, DyadTable)
        else ""
    )
    own = frame[name]
    partner = own.reindex(turned).set_axis(own.index)
    known = own.notna() & partner.notna()
    same = swap == "same" or undirected or (known.any() and bool((own == partner)[known].all()))
    if same and (undirected or not alone):
        raise DesignError(
            f"{name!r} is {SWAPS['same']} for both of a pair: nothing of it is one's own and the other's. "
            "Let it stand among covariates."
        )
    return own, partner


def _numbers(values: pd.Series, name: str) -> Array:
    if values.dtype.kind not in "iufb":
        raise ArgumentError(f"{name!r} holds no numbers; an actor effect is of a number.")
    return values.to_numpy(dtype=float, na_value=np.nan)


def check_covariates(covariates: str, sides: Sides, table: DyadTable | pd.DataFrame) -> None:
    """Refuse a covariate that hangs on who is called ego, of rows that were made of pairs without direction.

    Parameters
    ----------
    covariates : str
        Terms.
    sides : Sides
    table : DyadTable or pandas.DataFrame
    """
    model = design(taken_whole(f"{sides.outcome} ~ {covariates}"), sides.frame)
    if not sides.doubled:
        return
    about = table.about if isinstance(table, DyadTable) else ()
    there = (table.frame if isinstance(table, DyadTable) else table).columns
    exchanged = _exchange([str(name) for name in there])
    for name in map(str, model.source.columns):
        swap = next((one.swap for one in about if one.name == name), "same")
        if name not in there or name in exchanged:
            continue
        if swap != "same":
            raise DesignError(
                f"{name!r} depends on who is called ego, and rows of this table have no direction: "
                f"exchanging the two gives {SWAPS[swap]}, and the table does not have it."
            )
        if name.endswith(ENDS) or name.startswith(STARTS):
            raise DesignError(
                f"{name!r} is by its name of one of the two, and the table has one row a pair without the "
                f"other's: give it {_partner(name)!r} too, or a name without ego and alter."
            )


def _partner(name: str) -> str:
    """What the same is called of the other one of the two."""
    for one, two in (ENDS, ENDS[::-1]):
        if name.endswith(one):
            return name.removesuffix(one) + two
    one, two = STARTS if name.startswith(STARTS[0]) else STARTS[::-1]
    return two + name.removeprefix(one)
