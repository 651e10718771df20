"""The correlation of two matrices, tested by letting people change places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed
from honestsignals.fitting import PLAIN, fit
from honestsignals.inference.qap import correlation_test
from honestsignals.inference.relabelling import Relabelling
from honestsignals.permutation import REJECTED, Permutation
from honestsignals.permuting import Tell, mirrors, telling
from honestsignals.person_blocks import ONE_WAY, blocks_of, one_way, people_of
from honestsignals.ties_of import numbers_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Cells = tuple[Array, Array, tuple[str, str], tuple[Relabelling, str], Mapping[str, int], tuple[str, ...]]
"""Two columns, their names, people and what they change places within, what was left out, facts."""

HALF = (
    "No pair is known in both of its cells: the matrices are taken for symmetric ones of which one half is "
    "there, and cells for pairs without direction."
)
OWN_MIRROR = (
    "the second matrix is the transpose of the first: each pair counts twice in the data and once in a "
    f"permutation, and where pairs are independent {REJECTED['transpose']} are rejected at .05; srm has the "
    "reciprocity of pairs"
)


def qap(
    x: Any,
    y: Any,
    dyads: DyadTable | pd.DataFrame | None = None,
    *,
    draws: int | str = 5_000,
    seed: int | None = None,
    block: Any = None,
    progress: Tell | None = None,
) -> Permutation:
    """Test the correlation of two matrices of the same people by letting those of the first change places.

    Pearson's r over pairs, and the same after rows and columns of x change places together; p as in
    ``permute``. Of a matrix and its own transpose it rejects too often where pairs are independent
    (docs/permutation_size.md), as each pair counts twice in the data and once in a permutation, like
    ``row_reciprocity`` when it relabels people; that is said where it is printed.

    Parameters
    ----------
    x, y : str, or square matrices
        Columns of ``dyads`` (or transforms of them, as in a formula); or a pandas.DataFrame or ndarray each,
        row gave column, NaN where not known, whose diagonals are not looked at.
    dyads : DyadTable or pandas.DataFrame, optional
        The rows of two columns.
    draws, seed, block, progress
        As in ``permute``; a matrix has no columns of blocks.

    Returns
    -------
    Permutation
        One row; estimate and statistic are both r.

    Raises
    ------
    DesignError
        Where a matrix is the same in every cell.

    References
    ----------
    hubert1976, krackhardt1988

    Examples
    --------
    >>> help = np.array([[0, 3, 1, 0], [3, 0, 0, 1], [1, 0, 0, 2], [0, 1, 2, 0]])
    >>> trust = np.array([[0, 5, 2, 1], [4, 0, 1, 2], [2, 1, 0, 3], [1, 3, 3, 0]])
    >>> qap(help, trust).tidy()[["term", "estimate", "p_value"]].round(4)
      term  estimate  p_value
    0    x      0.96   0.0833
    """
    if isinstance(x, str) and isinstance(y, str):
        cells = _columns(x, y, dyads, block)
    elif isinstance(x, str) or isinstance(y, str) or dyads is not None:
        raise ArgumentError("x and y must be two columns of a table, or two matrices without one.")
    else:
        cells = _cells(x, y, block)
    one, two, names, (people, inside), left_out, facts = cells
    with telling(progress) as tell:
        found = correlation_test(one, two, people, draws=draws, seed=seed, tell=tell)
    return Permutation(
        formula=f"{names[1]} ~ {names[0]}",
        label=names[1],
        family="correlation",
        method="correlation",
        names=(names[0],),
        found=found,
        people=people,
        seed=seed,
        block=inside,
        left_out=left_out,
        design_facts=facts,
        notes=(OWN_MIRROR,) if mirrors(one, two, people) else (),
    )


def _columns(x: str, y: str, dyads: Any, block: Any) -> Cells:
    """Two columns of a table."""
    if dyads is None:
        raise ArgumentError("Two columns need the table that has them: qap(x, y, dyads).")
    fitted = fit(f"{y} ~ {x}", dyads, family="gaussian", covariance="classical")
    model = fitted.model
    slopes = [place for place, name in enumerate(model.names) if name != "Intercept"]
    if len(slopes) != 1:
        raise ArgumentError(f"{x!r} makes {len(slopes)} columns; a correlation is of one. Use permute.")
    alike = PLAIN in fitted.notes and one_way(fitted.ids)
    directed = fitted.directed and not alike
    people = people_of(fitted.ids, directed, blocks_of(block, fitted.ids, model.rows, dyads))
    names = (model.names[slopes[0]], model.label)
    facts = (*fitted.design_facts, *([ONE_WAY] if alike else []))
    return model.X[:, slopes[0]], model.y, names, people, model.left_out, facts


def _cells(x: Any, y: Any, block: Any) -> Cells:
    """Two matrices of the same people, cell by cell."""
    import pandas as pd

    one, two, ids = _aligned(x, y)
    off = ~np.eye(len(one), dtype=bool)
    known = off & ~np.isnan(one) & ~np.isnan(two)
    ego, alter = np.nonzero(known)
    if not ego.size:
        raise DesignError("No pair is known in both matrices.")
    names = np.array(ids, dtype=object)
    frame = pd.DataFrame({"ego": names[ego], "alter": names[alter]})
    alike = one_way(frame)
    people = people_of(frame, not alike, blocks_of(block, frame, np.arange(len(frame)), None))
    lacking = int(off.sum() - known.sum())
    left_out = {"cells not known in one of the two matrices": lacking} if lacking else {}
    return one[known], two[known], ("x", "y"), people, left_out, (HALF,) if alike else ()


def _aligned(x: Any, y: Any) -> tuple[Array, Array, list[Any]]:
    """The matrices as numbers, people in the order of the first; and their ids."""
    one, two = numbers_of(x), numbers_of(y)
    if one.ndim != 2 or one.shape[0] != one.shape[1] or one.shape != two.shape:
        raise ArgumentError(
            f"The matrices have the shapes {one.shape} and {two.shape}; they must be square, and alike."
        )
    for name, matrix in (("x", one), ("y", two)):
        infinite = np.argwhere(np.isinf(matrix) & ~np.eye(len(matrix), dtype=bool))
        if infinite.size:
            row, column = infinite[0].tolist()
            people = list(getattr(x if name == "x" else y, "columns", range(len(one))))
            raise ArgumentError(
                f"{name} is {matrix[row, column]:g} in row {people[row]!r}, column {people[column]!r}; a "
                "correlation takes finite numbers: NaN for what is not known."
            )
    ids, other = (list(getattr(matrix, "columns", range(len(one)))) for matrix in (x, y))
    for matrix, names in ((x, ids), (y, other)):
        if hasattr(matrix, "columns") and list(matrix.index) != names:
            raise ArgumentError("Rows and columns of a frame are not the same people in the same order.")
    if hasattr(x, "columns") and hasattr(y, "columns"):
        if set(ids) != set(other) or len(set(ids)) < len(ids):
            differ = sorted(map(str, set(ids) ^ set(other)))
            raise ArgumentError(f"The matrices are not of the same people: {listed(differ, 3)} differ.")
        order = [other.index(name) for name in ids]
        two = two[np.ix_(order, order)]
    return one, two, ids if hasattr(x, "columns") else other
