"""What chance gives, from loops over every outcome; and the prior of a table, by trying."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

NAN = math.nan
Pairs = Sequence[tuple[int, int]]


def chance(out: dict[str, float]) -> dict[str, float]:
    """Columns of one row that rest on its own acts and on totals, from the columns of those."""
    mine, theirs = int(out["acts_ego"]), int(out["acts_alter"])
    forth = (out["total_given_ego"] - mine) * (out["total_received_alter"] - mine)
    back = (out["total_given_alter"] - theirs) * (out["total_received_ego"] - theirs)
    share = forth / (forth + back) if forth + back else NAN
    tossed = against(mine, theirs, 0.5, 0.5)
    drawn = against(mine, theirs, share, back / (forth + back) if forth + back else NAN)
    return {
        "activity_product_ego": forth,
        "activity_product_alter": back,
        "give_share_expected": share,
        **tossed,
        **{f"{name}_activity": value for name, value in drawn.items()},
    }


def probabilities(acts: int, chance_ego: float, chance_alter: float) -> list[float]:
    """Of every number of ego's acts."""
    return [
        math.comb(acts, given) * chance_ego**given * chance_alter ** (acts - given)
        for given in range(acts + 1)
    ]


def against(mine: int, theirs: int, chance_ego: float, chance_alter: float) -> dict[str, float]:
    """A pair's acts held against all that the same number of acts could have been."""
    acts = mine + theirs
    names = ("giving_z", "giving_p", "imbalance_expected", "imbalance_excess")
    if not acts or math.isnan(chance_ego):
        return dict.fromkeys(names, NAN)
    of = probabilities(acts, chance_ego, chance_alter)
    expected = math.fsum(
        probability * abs(given - (acts - given)) / acts for given, probability in enumerate(of)
    )
    z = p = NAN
    if chance_ego > 0 and chance_alter > 0:
        z = (mine - acts * chance_ego) / math.sqrt(acts * chance_ego * chance_alter)
        fewer = math.fsum([*of[:mine], of[mine] / 2])
        more = math.fsum([*of[mine + 1 :], of[mine] / 2])
        p = min(1.0, 2 * min(fewer, more))
    found = (z, p, expected, abs(mine - theirs) / acts - expected)
    return dict(zip(names, found, strict=True))


def log_likelihood(pairs: Pairs, alpha: float, beta: float) -> float:
    """Of a beta prior, act by act: each act of one makes the next by the same more likely (Pólya's urn)."""
    terms = []
    for mine, theirs in pairs:
        terms += [math.log(alpha + act) for act in range(mine)]
        terms += [math.log(beta + act) for act in range(theirs)]
        terms += [-math.log(alpha + beta + act) for act in range(mine + theirs)]
    return math.fsum(terms)


def highest(function: Callable[[float], float], low: float, high: float, steps: int) -> float:
    """Where a function is highest: the best of a grid, then of a finer one around it, and so on."""
    while high - low > 1e-9:
        grid = [low + (high - low) * step / steps for step in range(steps + 1)]
        best = max(grid, key=function)
        low, high = max(low, best - (high - low) / steps), min(high, best + (high - low) / steps)
    return (low + high) / 2


def even_prior(pairs: Pairs) -> float:
    """α of Beta(α, α)."""

    def both(log: float) -> float:
        return log_likelihood(pairs, math.exp(log), math.exp(log))

    return math.exp(highest(both, math.log(1e-3), math.log(5e5), 60))


def uneven_prior(pairs: Pairs) -> tuple[float, float]:
    """α and β of Beta(α, β), by going uphill along each in turn till neither moves."""
    alpha = beta = even_prior(pairs)

    def of_alpha(log: float) -> float:
        return log_likelihood(pairs, math.exp(log), beta)

    def of_beta(log: float) -> float:
        return log_likelihood(pairs, alpha, math.exp(log))

    for _ in range(200):
        before = alpha, beta
        alpha = math.exp(highest(of_alpha, math.log(1e-3), math.log(1e6), 40))
        beta = math.exp(highest(of_beta, math.log(1e-3), math.log(1e6), 40))
        if abs(alpha / before[0] - 1) + abs(beta / before[1] - 1) < 1e-8:
            break
    return alpha, beta


def posterior(mine: int, theirs: int, alpha: float, beta: float) -> tuple[float, float, float]:
    """Mean and both ends of the 95 % interval of ego's share, by adding up its density.

    On a grid of log odds, where the density of every beta is smooth.
    """
    a, b = mine + alpha, theirs + beta
    width = 60 / min(a, b, 1.0)
    step = 2 * width / 40_000
    odds = [-width + step * (place + 0.5) for place in range(40_000)]
    logs = [-a * math.log1p(math.exp(-at)) - b * math.log1p(math.exp(at)) for at in odds]
    top = max(logs)
    mass = [math.exp(one - top) for one in logs]
    total = math.fsum(mass)
    mean = math.fsum(one / (1 + math.exp(-at)) for one, at in zip(mass, odds, strict=True)) / total
    ends, running = [], 0.0
    for one, at in zip(mass, odds, strict=True):
        for wanted in (0.025, 0.975):
            if running < wanted * total <= running + one:
                inside = at + step * ((wanted * total - running) / one - 0.5)
                ends.append(1 / (1 + math.exp(-inside)))
        running += one
    return mean, ends[0], ends[1]
