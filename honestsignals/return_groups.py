"""Groups of waits for a return: by who waits, who is waited for, the two, or the act that asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.log import InteractionLog
from honestsignals.return_waits import Asking

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_GROUPS = 12
IN_STUDY = "Columns of people stand in a study."
IN_PEOPLE = "Columns of people stand in a study, or in people=."
OF_ACTS = ("kind", "channel", "context", "topic")
OF_PEOPLE = ("asker", "answerer", "same")


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each wait is of.

    Attributes
    ----------
    name : str
        What they are by; empty where all are one group.
    names : tuple of str
    codes : ndarray of int, shape (n,)
        Places in ``names``; -1 where it is not known.
    unit : str
        Whose label it is: "asker", "answerer", "same" (of two people), "pair", "act", or "".
    labels : ndarray of int, shape (n_people,), or None
        Of people, where labels are theirs; -1 where not known.
    """

    name: str
    names: tuple[str, ...]
    codes: Array
    unit: str
    labels: Array | None = None


def groups_of(
    log: InteractionLog, waits: Asking, by: Any, people: pd.DataFrame | None, hint: str = IN_PEOPLE
) -> Groups:
    """Groups by a column of acts, of people or of pairs.

    Parameters
    ----------
    log : InteractionLog
    waits : Asking
    by : str, pandas.DataFrame or None
        "kind", "channel", "context" or "topic" of the act that asked, not known where acts of that instant
        differ; "asker_" or "answerer_" and a column
        of people; "same_" and such a column; or a frame with ``ego``, ``alter`` and one column of pairs.
    people : pandas.DataFrame or None
        Attributes of people, by id.
    hint : str
        Where columns of people may stand.

    Raises
    ------
    DesignError
        Where it is known of none.
    """
    if by is None:
        return Groups("", ("all",), np.zeros(len(waits.row), dtype=np.int64), "")
    found = _grouped(log, waits, by, people, hint)
    if len(found.codes) and not (found.codes >= 0).any():
        raise DesignError(f"{found.name!r} is known of none of them, so nothing can be told apart by it.")
    return found


def _grouped(log: InteractionLog, waits: Asking, by: Any, people: pd.DataFrame | None, hint: str) -> Groups:
    if not isinstance(by, str):
        return _of_pairs(log, waits, by)
    if by in OF_ACTS:
        return _of_acts(log, waits, by)
    whose, _, column = by.partition("_")
    if whose not in OF_PEOPLE or people is None or column not in people.columns:
        there = [] if people is None else [f"{one}_{name}" for one in OF_PEOPLE for name in people.columns]
        there += [one for one in OF_ACTS if act_column(log, one) is not None]
        raise unknown("column for by:", by, there, hint if people is None else "")
    labels, names = coded(column, people_column(log, people, column))
    if whose == "same":
        one, other = labels[waits.asker], labels[waits.answerer]
        codes = np.where((one < 0) | (other < 0), -1, one == other)
        return Groups(by, (f"other {column}", f"same {column}"), codes, whose, labels)
    codes = labels[waits.asker if whose == "asker" else waits.answerer]
    return Groups(by, names, codes, whose, labels)


def people_column(log: InteractionLog, people: pd.DataFrame, column: str) -> pd.Series:
    """A column of people in the order of a log's codes; missing for those the frame does not have.

    Parameters
    ----------
    log : InteractionLog
    people : pandas.DataFrame
        By id: the index, or a column ``person`` or ``id``.
    column : str

    Raises
    ------
    ArgumentError
        Where somebody is in the frame twice, or nobody of the log is.
    """
    ids = next((people[name] for name in ("person", "id") if name in people.columns), people.index)
    series = people[column].copy()
    series.index = [str(one) for one in ids]
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()][0]
        raise ArgumentError(f"people: {twice!r} is there twice; everybody has one row.")
    wanted = [str(one) for one in log.people]
    if not series.index.isin(wanted).any():
        raise ArgumentError(
            "people has nobody of the log: its index, or a column 'person' or 'id', must hold the log's ids."
        )
    return series.reindex(wanted)


def coded(name: str, values: pd.Series) -> tuple[Array, tuple[str, ...]]:
    """Codes of a column's values, -1 for missing, and their names: levels in their order.

    Parameters
    ----------
    name : str
    values : pandas.Series

    Raises
    ------
    ArgumentError
        For more values than groups may be.
    """
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.remove_unused_categories()
    elif pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        # whole numbers are floats only where some are missing
        values = values.astype("Int64")
    codes: Array
    codes, found = pd.factorize(values, sort=True)
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, found = values.cat.codes.to_numpy(), values.cat.categories
    if len(found) > MOST_GROUPS:
        raise ArgumentError(
            f"{name!r} has {len(found):,} values; up to {MOST_GROUPS} can be told apart: cut it into classes."
        )
    return codes.astype(np.int64), tuple(str(one) for one in found)


def act_column(log: InteractionLog, name: str) -> tuple[Array, tuple[str, ...]] | None:
    """Codes and values of a column of acts, where the log has it.

    Parameters
    ----------
    log : InteractionLog
    name : str
        One of ``OF_ACTS``.
    """
    acts = log.acts
    if name == "kind":
        return None if acts.kind is None else (acts.kind, acts.kinds)
    if name not in acts.columns or name not in acts.values:
        return None
    return acts.columns[name], tuple(str(one) for one in acts.values[name])


def agreed(log: InteractionLog, codes: Array, who: Asking) -> Array:
    """Codes of acts, -1 where those of an instant, which have no order, differ or one is not known.

    Parameters
    ----------
    log : InteractionLog
    codes : ndarray of int, shape (n_rows,)
        By row of the log; -1 for missing.
    who : Asking
        Its ``row`` is of its ``among``, where it has one.
    """
    acts, among, time = log.acts, who.among, log.acts.time
    if among is None or time is None:
        return np.asarray(codes[who.row])
    sides = acts.sender[among].astype(np.int64), acts.receiver[among].astype(np.int64)
    if who.either:
        sides = np.minimum(*sides), np.maximum(*sides)
    _, pair = np.unique(sides[0] * len(acts.people) + sides[1], return_inverse=True)
    instants, rank = np.unique(time[among], return_inverse=True)
    keys, place = np.unique(pair * len(instants) + rank, return_inverse=True)
    most, least = np.full(len(keys), -1), np.full(len(keys), np.iinfo(np.int64).max)
    np.maximum.at(most, place, codes[among])
    np.minimum.at(least, place, codes[among])
    of_row = np.full(len(acts.sender), -1)
    of_row[among] = np.where(most == least, most, -1)[place]
    return of_row[who.row]


def _of_acts(log: InteractionLog, waits: Asking, by: str) -> Groups:
    found = act_column(log, by)
    if found is None:
        raise DesignError(f"The acts of this log have no {by}, so waits cannot be told apart by it.")
    import pandas as pd

    codes, values = found
    column = pd.Series(np.array([*values, None], dtype=object)[agreed(log, codes, waits)])
    placed, names = coded(by, column)
    return Groups(by, names, placed, "act")


def _of_pairs(log: InteractionLog, waits: Asking, by: Any) -> Groups:
    """Groups by a column of pairs: of the ordered pair where it stands both ways, else of the pair."""
    name, column = pair_frame(log, by)
    codes, names = coded(name, column)
    found = of_ordered(column.index.to_numpy(), codes.astype(float), waits, len(log.people))
    return Groups(name, names, np.nan_to_num(found, nan=-1.0).astype(np.int64), "pair")


def pair_frame(log: InteractionLog, by: Any) -> tuple[str, pd.Series]:
    """A column of pairs and its name, by ego's code times the number of people, plus alter's.

    Parameters
    ----------
    log : InteractionLog
    by : pandas.DataFrame
        With ``ego``, ``alter`` and one column; pairs of whom one is not in the log are left out.

    Raises
    ------
    ArgumentError
        For anything else, or a pair that is there twice.
    """
    import pandas as pd

    frame = getattr(by, "frame", by)
    if not isinstance(frame, pd.DataFrame) or not {"ego", "alter"} <= set(frame.columns):
        raise ArgumentError(
            f"by must be a name, or a frame with ego, alter and one column of pairs; got {type(by).__name__}."
        )
    columns = [name for name in frame.columns if name not in ("ego", "alter")]
    if len(columns) != 1:
        raise ArgumentError(f"by has the columns {listed(columns)} beside ego and alter; choose one of them.")
    n = len(log.people)
    place = {str(one): code for code, one in enumerate(log.people)}
    ego, alter = (np.array([place.get(str(one), -1) for one in frame[side]]) for side in ("ego", "alter"))
    there = (ego >= 0) & (alter >= 0)
    column = frame[columns[0]][there].set_axis(ego[there] * n + alter[there])
    if not column.index.is_unique:
        raise ArgumentError("by has a pair twice; every pair, or ordered pair, has one row.")
    return str(columns[0]), column


def of_ordered(keys: Array, values: Array, who: Asking, n: int, either: bool = True) -> Array:
    """Values of ordered pairs where they stand that way, else of the pair; NaN where it has none.

    A missing value of an ordered pair is missing; that of the other way does not stand in for it.

    Parameters
    ----------
    keys : ndarray of int, shape (m,)
        The first's code times ``n``, plus the other's; each once.
    values : ndarray, shape (m,)
    who : Asking
        The asker comes first.
    n : int
        People.
    either : bool
        Whether a pair that stands one way has its value both ways.

    Examples
    --------
    >>> who = Asking(np.array([0, 1, 2]), np.array([1, 0, 0]), np.zeros(3))
    >>> of_ordered(np.array([1, 3]), np.array([5.0, 7.0]), who, 3)
    array([ 5.,  7., nan])
    """
    order = np.argsort(keys)
    keys, values = np.append(keys[order], -1), np.append(values[order], np.nan)

    def looked_up(first: Array, other: Array) -> tuple[Array, Array]:
        asked = first.astype(np.int64) * n + other
        place = np.searchsorted(keys[:-1], asked)
        there = keys[place] == asked
        return there, np.where(there, values[place], np.nan)

    there, forth = looked_up(who.asker, who.answerer)
    return np.where(there, forth, looked_up(who.answerer, who.asker)[1]) if either else forth
