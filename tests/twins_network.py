"""Network metrics from loops over lists: the formulas of the docstrings, nothing shared.

A matrix is a list of rows, row gave column; None on the diagonal and where an answer is not known. A pair
counts where both of its cells are known.
"""

from __future__ import annotations

import math
from itertools import combinations, permutations

NAN = math.nan
Matrix = list[list[float | None]]

ARROWS = {"->": ((0, 1),), "<-": ((1, 0),), "<->": ((0, 1), (1, 0))}


def quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom else NAN


def pairs(matrix: Matrix) -> list[tuple[float, float]]:
    """What the two of every known pair gave one another."""
    every = combinations(range(len(matrix)), 2)
    both = ((matrix[one][two], matrix[two][one]) for one, two in every)
    return [pair for pair in both if None not in pair]


def network_twin(matrix: Matrix) -> dict[str, float]:
    """Every network metric but those of random networks and triads."""
    known = pairs(matrix)
    whole = all(cell == int(cell) for pair in known for cell in pair)
    return binary(matrix, known) | amounts(known) | people(matrix) | (counts(known) if whole else {})


def binary(matrix: Matrix, known: list[tuple[float, float]]) -> dict[str, float]:
    mutual_dyads = sum(1 for one, two in known if one > 0 and two > 0)
    null_dyads = sum(1 for one, two in known if one == 0 and two == 0)
    asymmetric_dyads = sum(1 for one, two in known if (one > 0) != (two > 0))
    dyads, arcs, n = len(known), 2 * mutual_dyads + asymmetric_dyads, len(matrix)
    edgewise, density = quotient(2 * mutual_dyads, arcs), quotient(arcs, 2 * dyads)
    out = {
        "mutual_dyads": mutual_dyads,
        "asymmetric_dyads": asymmetric_dyads,
        "null_dyads": null_dyads,
        "arcs": arcs,
        "density": density,
        "reciprocity_dyadic": quotient(mutual_dyads + null_dyads, dyads),
        "reciprocity_nonnull": quotient(mutual_dyads, mutual_dyads + asymmetric_dyads),
        "reciprocity_edgewise": edgewise,
        "reciprocity_rho": quotient(edgewise - density, 1 - density) if arcs else NAN,
        "reciprocity_lrr": NAN,
    }
    if arcs:
        ratio = mutual_dyads * dyads / (mutual_dyads + asymmetric_dyads / 2) ** 2
        out["reciprocity_lrr"] = math.log(ratio) if ratio else -math.inf
    choices = [sum(1 for cell in row if cell is not None and cell > 0) for row in matrix]
    out["squared_choices"] = sum(choice**2 for choice in choices)
    # chance that i names j and j names i, summed over all pairs
    chance = sum(one * two for one, two in combinations(choices, 2)) / (n - 1) ** 2 if n > 1 else 0.0
    out["katz_powell"] = NAN
    if abs(arcs / 2 - chance) > 1e-9:
        out["katz_powell"] = (mutual_dyads - chance) / (arcs / 2 - chance)
    return out


def amounts(known: list[tuple[float, float]]) -> dict[str, float]:
    total = sum(one + two for one, two in known)
    returned = sum(2 * min(pair) for pair in known)
    less = sum(abs(one - two) for one, two in known)
    active = [pair for pair in known if sum(pair)]
    squares = sum(one**2 + two**2 for one, two in known)
    products = sum(2 * one * two for one, two in known)
    skew = 0.5 * (1 - products / squares) if squares else NAN
    first = [one for one, _ in known] + [two for _, two in known]
    second = [two for _, two in known] + [one for one, _ in known]
    chance = quotient(total, total + 2 * len(known)) if total else NAN
    expected = chance / (1 + chance)
    weighted = quotient(returned, total)
    return {
        "all_given": total,
        "all_returned": returned,
        "reciprocity_weighted": weighted,
        "directional_consistency": quotient(less, total),
        "directional_consistency_mean": quotient(
            sum(abs(one - two) / (one + two) for one, two in active), len(active)
        ),
        "skew_symmetry": skew,
        "symmetry": 1 - skew,
        "skew_ratio": skew / (1 - skew),
        "reciprocity_correlation": pearson(first, second),
        "reciprocity_weighted_expected_wrg": expected,
        "reciprocity_weighted_rho_wrg": (weighted - expected) / (1 - expected),
    }


def pearson(first: list[float], second: list[float]) -> float:
    if len(set(first)) < 2:
        return NAN
    one, two = (sum(values) / len(values) for values in (first, second))
    top = sum((a - one) * (b - two) for a, b in zip(first, second, strict=True))
    return top / math.sqrt(sum((a - one) ** 2 for a in first) * sum((b - two) ** 2 for b in second))


def people(matrix: Matrix) -> dict[str, float]:
    """κ and ε, from the matrix of ν."""
    n = len(matrix)
    k = [[0.0] * n for _ in range(n)]
    s = [[0.0] * n for _ in range(n)]
    for i, j in permutations(range(n), 2):
        forth, back = matrix[i][j], matrix[j][i]
        if forth is not None and back is not None:
            k[i][j], s[i][j] = (forth - back) / 2, (forth + back) / 2
    nu = [[0.0] * n for _ in range(n)]
    for i, j in permutations(range(n), 2):
        whole = sum(s[i][other] ** 2 + k[i][other] ** 2 for other in range(n))
        nu[i][j] = k[i][j] ** 2 / whole if whole else 0.0
    rows = [sum(row) for row in nu]
    columns = [sum(nu[i][j] for i in range(n)) for j in range(n)]
    there = [i for i in range(n) if rows[i] > 0]
    apart = sum(abs(nu[i][j] / rows[i] - nu[j][i] / rows[j]) for i, j in combinations(there, 2))
    uneven = sum(abs(row - column) for row, column in zip(rows, columns, strict=True))
    return {
        "kappa": 1 - apart / len(there) if there else NAN,
        "epsilon": 1 - uneven / sum(rows) if there else NAN,
    }


def asymmetry_of(one: int, two: int) -> float:
    """A pair's asymmetry over its constants: the shares' squares above those of the most even split."""
    acts = one + two
    even = acts // 2
    return (one**2 + two**2 - even**2 - (acts - even) ** 2) / acts**2


def counts(known: list[tuple[float, float]]) -> dict[str, float]:
    """PHIr, and its moments over all splits of every pair's acts."""
    active = [(int(one), int(two)) for one, two in known if one + two]
    most = sum(asymmetry_of(one + two, 0) for one, two in active)
    names = ("phir", "phir_expected", "phir_se")
    if not most:
        return dict.fromkeys(names, NAN)
    expected = variance = 0.0
    for one, two in active:
        acts = one + two
        chance = [math.comb(acts, given) / 2**acts for given in range(acts + 1)]
        value = [asymmetry_of(given, acts - given) for given in range(acts + 1)]
        mean = sum(p * v for p, v in zip(chance, value, strict=True))
        expected += mean
        variance += sum(p * (v - mean) ** 2 for p, v in zip(chance, value, strict=True))
    seen = sum(asymmetry_of(*pair) for pair in active)
    return dict(zip(names, (seen / most, expected / most, math.sqrt(variance) / most), strict=True))


def drawn(picture: str) -> frozenset[tuple[str, str]]:
    """Arcs of a triad as its formula draws it: "A->B<-C, A<->C"."""
    arcs: set[tuple[str, str]] = set()
    for part in picture.split(", "):
        for tie in ("<->", "->", "<-"):
            part = part.replace(tie, f" {tie.replace('<->', '=')} ")  # noqa: PLW2901
        words = part.replace("=", "<->").split()
        for one, tie, two in zip(words[::2], words[1::2], words[2::2], strict=False):
            arcs |= {((one, two)[first], (one, two)[second]) for first, second in ARROWS[tie]}
    return frozenset(arcs)


def triad_twin(matrix: Matrix, pictures: dict[str, str]) -> dict[str, int]:
    """Triads of each kind, by laying every three people on every picture in every order."""
    out = dict.fromkeys(pictures, 0)
    shapes = {name: drawn(picture) for name, picture in pictures.items()}
    for three in combinations(range(len(matrix)), 3):
        orders = []
        for order in permutations(three):
            named = dict(zip(order, "ABC", strict=True))
            ties = {(named[i], named[j]) for i, j in permutations(order, 2) if (matrix[i][j] or 0) > 0}
            orders.append(frozenset(ties))
        found = [name for name, shape in shapes.items() if shape in orders]
        if len(found) != 1:
            raise ValueError(f"{three} is {found}")
        out[found[0]] += 1
    return out


def returned_ties_twin(matrix: Matrix, rounds: int = 20_000) -> float:
    """Reciprocity where degrees are kept, by repeated substitution; NaN where that does not settle."""
    n = len(matrix)
    ties = [[1 if (cell or 0) > 0 else 0 for cell in row] for row in matrix]
    out, got = [sum(row) for row in ties], [sum(row[j] for row in ties) for j in range(n)]
    x, y = [float(k) for k in out], [float(d) for d in got]
    for _ in range(rounds):
        x = [
            out[i] / sum(y[j] / (1 + x[i] * y[j]) for j in range(n) if j != i) if out[i] else 0.0
            for i in range(n)
        ]
        y = [
            got[j] / sum(x[i] / (1 + x[i] * y[j]) for i in range(n) if i != j) if got[j] else 0.0
            for j in range(n)
        ]
        p = [[x[i] * y[j] / (1 + x[i] * y[j]) if i != j else 0.0 for j in range(n)] for i in range(n)]
        if all(abs(sum(p[i]) - out[i]) < 1e-11 for i in range(n)):
            return sum(p[i][j] * p[j][i] for i, j in permutations(range(n), 2)) / sum(out)
        if max(*x, *y) > 1e6:
            break
    return NAN


def returned_amounts_twin(matrix: Matrix, rounds: int = 400) -> float:
    """Weighted reciprocity where strengths are kept, one multiplier after the other by bisection."""
    n = len(matrix)
    out = [sum(cell or 0 for cell in row) for row in matrix]
    got = [sum(row[j] or 0 for row in matrix) for j in range(n)]
    x, y = [0.5 if s else 0.0 for s in out], [0.5 if t else 0.0 for t in got]

    def solved(total: float, others: list[float]) -> float:
        if not total:
            return 0.0
        low, high = 0.0, 1 / max(others)
        for _ in range(60):
            middle = (low + high) / 2
            enough = sum(middle * other / (1 - middle * other) for other in others) > total
            low, high = (low, middle) if enough else (middle, high)
        return (low + high) / 2

    for _ in range(rounds):
        x = [solved(out[i], [y[j] for j in range(n) if j != i]) for i in range(n)]
        y = [solved(got[j], [x[i] for i in range(n) if i != j]) for j in range(n)]
        p = [[x[i] * y[j] if i != j else 0.0 for j in range(n)] for i in range(n)]
        if all(abs(sum(cell / (1 - cell) for cell in p[i]) - out[i]) < 1e-9 for i in range(n)):
            # the smaller of two is at least k where both are
            least = [p[i][j] * p[j][i] for i, j in permutations(range(n), 2)]
            return sum(sum(both**k for k in range(1, 400)) for both in least) / sum(out)
    return NAN
