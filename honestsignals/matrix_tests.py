"""Tests of a whole network: do people give to those they get from, more than relabelled people would?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, check_seed, listed, one_of
from honestsignals.inference.rowwise_test import Permuted, dealt, permuted
from honestsignals.metrics.rowwise import KINDS, row_sums
from honestsignals.networks import Network, network_of
from honestsignals.tables import render
from honestsignals.ties_of import numbers_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

COMPARED = {
    "zr": "differences",
    "rr": "ranks within the row",
    "kr": "which of the two is more",
}
"""By what two others of a person are compared."""
NULLS = ("people", "rows")
TOO_SMALL = (
    "Relabelling is the published test, and its p is too small where pairs are independent: about .12 of "
    'such studies have one of .05 or less. null="rows" is nearer, unless people differ both in how much they '
    "give and in how much they get."
)
BOTH = (
    "Where those who give more to all get more from all, that is found too; dyadic_reciprocity of the social "
    "relations model sets it apart."
)


@dataclass(frozen=True, eq=False)
class RowTest:
    """Whether people give more to those they get more from. Prints its facts, then one row.

    Attributes
    ----------
    statistic : str
        "zr", "rr" or "kr".
    value : float
        The statistic: a sum over people and every two others of each.
    rw : float
        It as a correlation within rows, from −1 to 1.
    partial : float or None
        That correlation given the third matrix, which is then what is tested; None without one.
    p_greater, p_less, p_two_sided : float
        Share of draws with a correlation as high, as low; twice the smaller, at most 1.
    draws : int
        Networks drawn under the null that counted.
    exact : bool
        Whether these are all that there are.
    notes : tuple of str
        What a reader must know before the numbers.
    """

    statistic: str
    value: float
    rw: float
    partial: float | None
    p_greater: float
    p_less: float
    p_two_sided: float
    draws: int
    exact: bool
    notes: tuple[str, ...] = ()

    def facts(self) -> list[str]:
        """What a reader must know before the numbers."""
        return list(self.notes)

    def tidy(self) -> pd.DataFrame:
        """One row: statistic, value, rw, partial, p_greater, p_less, p_two_sided."""
        import pandas as pd

        names = ("statistic", "value", "rw", "partial", "p_greater", "p_less", "p_two_sided")
        frame = pd.DataFrame({name: [getattr(self, name)] for name in names})
        return frame if self.partial is not None else frame.drop(columns="partial")

    def __str__(self) -> str:
        """Facts, then the row."""
        return "\n".join(["Reciprocity within rows", *self.notes, "", render(self.tidy())])


def row_reciprocity(
    source: object,
    *,
    statistic: str = "kr",
    given: object = None,
    draws: int = 2000,
    seed: int | None = None,
    of: str = "acts",
    null: str = "people",
) -> RowTest:
    """Test whether people give more to those they get more from, each compared within their own others.

    How much a person gives in all, or gets, does not matter. Where those who give more to all get more from
    all, that is found as well: ``dyadic_reciprocity`` of the social relations model sets it apart.

    Parameters
    ----------
    source : InteractionLog, Study, Network, networkx.DiGraph, pandas.DataFrame or ndarray
        Who gave whom how much; of a matrix, row gave column.
    statistic : {"kr", "rr", "zr"}
        Two others are compared by which gets more, by ranks, or by differences.
    given : DataFrame, ndarray, sparse array, DiGraph, InteractionLog, Study or Network, optional
        A third matrix of the same people, such as kinship or time together: the partial correlation given
        it is tested.
    draws : int
        Networks drawn under the null. Of relabellings of up to eight people all are tried.
    seed : int, optional
        The same seed gives the same draws on any machine.
    of : str
        What was given: "acts", "weight", a kind, or an attribute of edges.
    null : {"people", "rows"}
        "people": rows and columns of what is given change places together, and what is got stays
        (Hemelrijk 1990; de Vries 1993; DyaDA). The published test, whose p is too small where pairs are
        independent: .12 of such studies are rejected at .05, as every pair counts twice in the data and once
        in a relabelling. "rows": what each gives goes to others at random, and what each gets follows: .04 to
        .08 are rejected where people differ in how much they give alone, more where they differ in how much
        they get as well.

    Returns
    -------
    RowTest

    Raises
    ------
    DesignError
        Where pairs are not known, where nothing varies within rows, and below three people.

    Examples
    --------
    >>> help = np.array([[0, 3, 1, 0], [3, 0, 0, 1], [1, 0, 0, 2], [0, 1, 2, 0]])
    >>> test = row_reciprocity(help)
    >>> test.value, test.rw, round(test.p_greater, 4), test.draws
    (12.0, 1.0, 0.1667, 24)
    """
    one_of("statistic", statistic, KINDS)
    one_of("null", null, NULLS)
    check_seed(seed)
    network = network_of(source, of=of)
    matrix = network.ties.dense()
    third = None if given is None else _third(given, network)
    if null == "rows":
        test = dealt(statistic, matrix, third, draws=draws, seed=seed)
    else:
        test = permuted(statistic, matrix, matrix.T, third, draws=draws, seed=seed)
    sums = row_sums(statistic, matrix, matrix.T)
    silent = int(np.isnan(sums.correlations).sum())
    notes = [*network.facts(), *_notes(test, silent, third is not None, null, seed)]
    return RowTest(
        statistic=statistic,
        value=test.total,
        rw=sums.rw,
        partial=None if third is None else test.correlation,
        p_greater=test.p_greater,
        p_less=test.p_less,
        p_two_sided=test.p_two_sided,
        draws=len(test.drawn) - test.undefined,
        exact=test.exact,
        notes=tuple(notes),
    )


def _notes(test: Permuted, silent: int, partial: bool, null: str, seed: int | None) -> Iterator[str]:
    """What was compared, what was drawn, and what the p does not say."""
    yield f"Every two others of a person are compared by {COMPARED[test.statistic]}, given and got."
    if silent:
        yield f"{silent:,} people gave all others the same, or got the same, and add nothing."
    if partial:
        yield "Tested is the partial correlation given a third matrix, which stays where it is."
    draws = len(test.drawn) - test.undefined
    by = "without a seed" if seed is None else f"seed {seed}"
    if test.exact:
        yield f"p: all {draws:,} ways to relabel the people."
    elif null == "people":
        yield f"p: {draws:,} relabellings of the people at random ({by}), and the data as they are."
    else:
        yield f"p: what each gave, dealt to others at random {draws:,} times ({by}), and the data as is."
    if test.undefined:
        yield f"{test.undefined:,} draws leave nothing to correlate and are left out."
    if null == "people":
        yield TOO_SMALL
    yield BOTH


def _third(given: object, network: Network) -> Array:
    """The third matrix, its people in the order of the network's; unlike what is given it may be negative."""
    n, people = network.ties.n_people, list(network.people)
    if isinstance(given, Network) or any(hasattr(given, one) for one in ("engine", "is_directed", "log")):
        other = network_of(given)
        matrix, names = other.ties.dense(), list(other.people)
    else:
        matrix = numbers_of(given)
        names = list(getattr(given, "columns", people))
        if matrix.shape != (n, n):
            raise ArgumentError(f"given has the shape {matrix.shape}; the people make it ({n}, {n}).")
        if names != list(getattr(given, "index", people)):
            raise ArgumentError("Rows and columns of given are not the same people in the same order.")
    if set(names) != set(people):
        differ = sorted(map(str, set(names) ^ set(people)))
        raise ArgumentError(f"given is not about the same people: {listed(differ, 3)} are in one alone.")
    code = {name: place for place, name in enumerate(names)}
    order = [code[name] for name in people]
    matrix = matrix[np.ix_(order, order)]
    if not np.isfinite(matrix[~np.eye(n, dtype=bool)]).all():
        raise ArgumentError("given has cells that are missing or infinite; each pair needs a number.")
    return matrix
