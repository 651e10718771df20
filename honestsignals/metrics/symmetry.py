"""How much of a network's amounts is one-sided: symmetric and skew-symmetric parts.

The matrix of amounts is X = S + K with S = (X + X')/2 what is given both ways and K = (X - X')/2 what is
given one way beyond that; their squares add up to those of X.
"""

from __future__ import annotations

from honestsignals.metrics.census import share
from honestsignals.metrics.reciprocity import EMPTY
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties


@statistic(
    range=(0, 0.5),
    undefined=EMPTY,
    unit="",
    reference="solanas2006",
    formula="Phi = sum of K^2 / sum of X^2, K = (X - X')/2",
    higher="no",
    title="skew-symmetry Φ",
    aliases=("phi",),
    elsewhere=("DyaDA getphi", "compete phi"),
    basis="DyaDA",
    zero="the matrix is symmetric",
    identity="1 - symmetry",
)
def skew_symmetry(ties: Ties) -> float:
    """Share of the squared amounts that is one-sided: 0 for even giving, ½ where nobody gives back.

    Of an empty graph it is NaN, in DyaDA and compete too.
    """
    if not len(ties):
        return float("nan")
    # as shares of the largest, so that squares keep within what decimals hold
    most = float(max(ties.forth.max(), ties.back.max()))
    forth, back = ties.forth / most, ties.back / most
    skew = forth - back
    return min(0.5, float(skew @ skew) / (2 * float(forth @ forth + back @ back)))


@metric(
    range=(0.5, 1),
    undefined=EMPTY,
    reference="solanas2006",
    formula="Psi = sum of S^2 / sum of X^2 = 1 - Phi, S = (X + X')/2",
    higher="yes",
    title="symmetry Ψ",
    aliases=("psi",),
    elsewhere=("DyaDA getpsi",),
    basis="DyaDA",
    zero="never: at least half of the matrix is symmetric",
    identity="1 - skew_symmetry",
)
def symmetry(skew_symmetry: float) -> float:
    """Share of the squared amounts that is symmetric: 1 for even giving, ½ where nobody gives back.

    Examples
    --------
    >>> symmetry(0.25)
    0.75
    """
    return 1 - skew_symmetry


@metric(
    range=(0, 1),
    undefined=EMPTY,
    reference="solanas2006",
    formula="delta = Phi / Psi",
    higher="no",
    title="ratio of skew-symmetry to symmetry δ",
    aliases=("delta",),
    elsewhere=("DyaDA getdelta",),
    basis="DyaDA",
    zero="the matrix is symmetric",
    identity="skew_symmetry / symmetry",
)
def skew_ratio(skew_symmetry: float, symmetry: float) -> float:
    """One-sided against symmetric part of the squared amounts: 0 for even giving, 1 where nobody gives back.

    Examples
    --------
    >>> skew_ratio(0.2, 0.8)
    0.25
    """
    return share(skew_symmetry, symmetry)
