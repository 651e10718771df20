"""Coverage and size of curves of returns and of hazards, on simulated studies with a known truth.

Run from the project's folder:

    python benchmarks/returns_calibration.py --studies 1000 --seed 1

Writes benchmarks/results/returns_calibration.json and docs/returns_calibration.md; with --page the page
alone, from the stored run of this and that of moderated_hazards.py. Everything is judged with arrays alone,
by the functions that `hs.return_curves` and `hs.return_hazard` call.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.inference.hazard_errors import COVARIANCES, hazard_covariance
from honestsignals.inference.hazards import HazardFit, Spells, hazard_fit
from honestsignals.inference.log_rank import by_people, by_shifts, judged, residuals
from honestsignals.inference.return_curves import Pairs, kaplan_meier, pairs_of, restricted_mean, share_ends
from honestsignals.inference.return_estimates import Estimated, difference, estimated, truncated
from honestsignals.inference.wald import coefficient_tests

PROJECT = Path(__file__).resolve().parents[1]
STORED = PROJECT / "benchmarks" / "results" / "returns_calibration.json"
MODERATED = PROJECT / "benchmarks" / "results" / "moderated_hazards.json"
PAGE_AT = PROJECT / "docs" / "returns_calibration.md"
COVER, SIZE = (0.93, 0.97), (0.04, 0.065)
HORIZON, TIMES = 4.0, np.array([0.5, 1.5, 4.0])
DRAWS = 199
KEPT = 5
"""Studies of each design that are stored one by one, for the test to make again."""


@dataclass(frozen=True)
class Waiting:
    """A kind of study of waits.

    Attributes
    ----------
    name : str
    people : int
    share : float
        Of pairs in contact.
    waits : float
        Mean number of an ordered pair.
    asker, answerer, pair : float
        Standard deviations of log speed.
    """

    name: str
    people: int
    share: float
    waits: float
    asker: float
    answerer: float
    pair: float


@dataclass(frozen=True)
class Acting:
    """A kind of study of recurrent acts, whose log hazard has `debt` times signed log1p of the debt.

    Attributes
    ----------
    name : str
    people : int
    share : float
        Of pairs in contact.
    rate : float
        Acts of an ordered pair, were nobody in debt.
    debt : float
        Log hazard ratio.
    ego, alter : float
        Standard deviations of log rates of who acts, and of whom they act to.
    strata : bool
        Whether each ego has a baseline.
    """

    name: str
    people: int
    share: float
    rate: float
    debt: float
    ego: float = 0.0
    alter: float = 0.0
    strata: bool = False

    @property
    def right(self) -> bool:
        """Whether the model is the process, so that the truth is what was put in."""
        return self.alter == 0 and (self.ego == 0 or self.strata)


WAITING = [
    Waiting("60 people who differ", 60, 0.15, 3.0, 0.4, 0.8, 0.5),
    Waiting("40 people who differ", 40, 0.3, 2.0, 0.4, 0.8, 0.5),
    Waiting("60 people, all alike", 60, 0.15, 3.0, 0.0, 0.0, 0.0),
]
ACTING = [
    Acting("60 people, all alike", 60, 0.1, 4.0, 0.3),
    Acting("60 people, egos differ, strata", 60, 0.1, 4.0, 0.3, 0.6, strata=True),
    Acting("60 people, egos differ, strata, no debt", 60, 0.1, 4.0, 0.0, 0.6, strata=True),
    Acting("60 people, both differ, no strata", 60, 0.1, 4.0, 0.3, 0.6, 0.4),
    Acting("60 people, both differ, strata", 60, 0.1, 4.0, 0.3, 0.6, 0.4, strata=True),
]


def stream(seed: int, *key: Any) -> np.random.Generator:
    """Random numbers of one study, the same wherever it is drawn."""
    codes = [code for one in key for code in ([ord(sign) for sign in one] if isinstance(one, str) else [one])]
    return np.random.default_rng([seed, *codes])


# waits


@dataclass(frozen=True)
class Waited:
    ego: np.ndarray
    alter: np.ndarray
    wait: np.ndarray
    ended: np.ndarray
    channel: np.ndarray


def draw_waits(design: Waiting, rng: np.random.Generator) -> Waited:
    """Exponential waits whose speed people and pairs share; a tenth are cut off at some time.

    Channels come in spells, and are chosen by who waits: those who are answered late use the second more.
    """
    asks, answers = rng.normal(size=(2, design.people))
    ego, alter = np.triu_indices(design.people, 1)
    met = rng.random(len(ego)) < design.share
    ego, alter = np.concatenate([ego[met], alter[met]]), np.concatenate([alter[met], ego[met]])
    many = rng.poisson(design.waits, size=len(ego))
    own = rng.normal(size=len(ego))
    speed = np.exp(design.asker * asks[ego] + design.answerer * answers[alter] + design.pair * own)
    ego, alter, speed, pair = (np.repeat(one, many) for one in (ego, alter, speed, np.arange(len(ego))))
    wait = rng.exponential(size=len(ego)) / speed
    cut = np.where(rng.random(len(ego)) < 0.1, rng.random(len(ego)) * 1.5 * HORIZON, np.inf)
    fresh = rng.random(len(ego)) < 1 / (1 + np.exp(2 * asks[ego]))
    stays = (np.append(-1, pair[:-1]) == pair) & (rng.random(len(ego)) < 0.7)
    since = np.maximum.accumulate(np.where(stays, 0, np.arange(len(ego))))
    return Waited(ego, alter, np.minimum(wait, cut), wait <= cut, fresh[since].astype(np.int64))


def of_group(waits: Waited, at: np.ndarray) -> tuple[Estimated, Pairs]:
    pairs = pairs_of(waits.ego[at], waits.alter[at])
    return estimated(waits.wait[at], waits.ended[at], pairs, HORIZON), pairs


def waiting_study(number: int, design: Waiting, seed: int, truth: np.ndarray) -> list[float]:
    """Of one study: which intervals cover, which tests reject, and the restricted mean with its error."""
    rng = stream(seed, design.name, number)
    waits = draw_waits(design, rng)
    whole, pairs = of_group(waits, np.arange(len(waits.wait)))
    low, high = band(whole, pairs, waits)
    covered = [*((low <= truth[:3]) & (truth[:3] <= high))]
    ends = whole.mean_ends(0.95)
    found = [*covered, ends[0] <= truth[3] <= ends[1]]
    label = rng.permutation(np.arange(design.people) % 2)
    wait, ended = truncated(waits.wait, waits.ended, HORIZON)
    left = residuals(wait, ended)
    for who in (waits.ego, waits.alter):
        group = label[who]
        (one, own), (other, others) = (of_group(waits, np.flatnonzero(group == at)) for at in (1, 0))
        apart = difference(one, other, (own, others))
        found += [*(np.abs(apart.value) <= apart.errors.margin())]
        test = judged(wait, ended, group, 2, by_people(who, group, left, DRAWS, rng))
        found += [test.p_value <= 0.05, test.chi_square > 3.841458820694124]
    ordered = waits.ego * design.people + waits.alter
    test = judged(wait, ended, waits.channel, 2, by_shifts(ordered, waits.channel, left, DRAWS, rng))
    found += [test.p_value <= 0.05, test.chi_square > 3.841458820694124]
    return [*(float(one) for one in found), whole.mean, float(whole.errors.std_error[1])]


def band(whole: Estimated, pairs: Pairs, waits: Waited) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the share returned at the three times."""
    from honestsignals.inference.return_curves import by_pair

    wait, ended = truncated(waits.wait, waits.ended, HORIZON)
    influence = by_pair(whole.curve, wait, ended, TIMES, pairs)
    return share_ends(1 - whole.curve.at(TIMES), pairs.spread(influence))


def waiting_truth(design: Waiting, seed: int, studies: int) -> np.ndarray:
    """Shares returned at the three times and the restricted mean, over all waits of studies of its own."""
    drawn = [draw_waits(design, stream(seed, "truth", design.name, one)) for one in range(studies)]
    wait, ended = (np.concatenate([getattr(one, name) for one in drawn]) for name in ("wait", "ended"))
    curve = kaplan_meier(*truncated(wait, ended, HORIZON))
    return np.append(1 - curve.at(TIMES), restricted_mean(curve, HORIZON))


def waiting_run(design: Waiting, asked: argparse.Namespace) -> dict[str, Any]:
    truth = waiting_truth(design, asked.seed, asked.known)
    every = [waiting_study(one, design, asked.seed, truth) for one in range(asked.studies)]
    found = np.array(every)
    names = [*(f"share at {one:g}" for one in TIMES), "mean"]
    for who in ("asker", "answerer"):
        names += [f"{who}: share", f"{who}: mean", f"{who}: permuted", f"{who}: chi-square"]
    names += ["channel: permuted", "channel: chi-square"]
    shares = {name: round(float(found[:, place].mean()), 4) for place, name in enumerate(names)}
    mean, error = found[:, -2], found[:, -1]
    return {
        **asdict(design),
        "truth": truth.tolist(),
        "bias": float(mean.mean() - truth[3]),
        "sd": float(mean.std(ddof=1)),
        "error_over_sd": float(np.sqrt((error**2).mean()) / mean.std(ddof=1)),
        "shares": shares,
        "first": every[:KEPT],
    }


# acts


def draw_acts(design: Acting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Spells]:
    """Pairs act from time 0 to 1, all at once: a step is the next act of every pair that has one."""
    gives, gets = rng.normal(size=(2, design.people))
    low, high = np.triu_indices(design.people, 1)
    met = rng.random(len(low)) < design.share
    low, high = low[met], high[met]
    base = [
        np.log(design.rate) + design.ego * gives[one] + design.alter * gets[two]
        for one, two in ((low, high), (high, low))
    ]
    given, clock, live = np.zeros((2, len(low))), np.zeros(len(low)), np.arange(len(low))
    parts = []
    while len(live):
        owed = given[1, live] - given[0, live]
        debt = np.sign(owed) * np.log1p(np.abs(owed))
        forth, back = (
            np.exp(base[side][live] + sign * design.debt * debt) for side, sign in ((0, 1), (1, -1))
        )
        until = clock[live] + rng.exponential(size=len(live)) / (forth + back)
        by_high = rng.random(len(live)) >= forth / (forth + back)
        over = until >= 1.0
        stop = np.minimum(until, 1.0)
        for side, ego, alter in ((0, low, high), (1, high, low)):
            acted = ~over & (by_high == bool(side))
            columns = (ego[live], alter[live], clock[live], stop, acted, debt if side == 0 else -debt)
            parts.append(np.column_stack(columns))
        given[by_high[~over].astype(int), live[~over]] += 1
        clock[live] = stop
        live = live[~over]
    rows = np.concatenate(parts)
    ego = rows[:, 0].astype(np.int64)
    strata = ego if design.strata else np.zeros(len(ego), dtype=np.int64)
    spells = Spells(rows[:, 2], rows[:, 3], rows[:, 4] > 0, rows[:, 5:], strata)
    return ego, rows[:, 1].astype(np.int64), spells


def fitted(design: Acting, rng: np.random.Generator) -> tuple[HazardFit, np.ndarray, np.ndarray]:
    ego, alter, spells = draw_acts(design, rng)
    return hazard_fit(spells, ["debt"]), ego, alter


def acting_study(number: int, design: Acting, seed: int) -> list[float]:
    """The log hazard ratio, and ends of its interval under each covariance."""
    fit, ego, alter = fitted(design, stream(seed, design.name, number))
    found = [float(fit.beta[0])]
    for name in COVARIANCES:
        one = hazard_covariance(fit, ego, alter, ["debt"], name)
        tests = coefficient_tests(fit.beta, one)
        found += [float(tests.low[0]), float(tests.high[0]), float(one.std_error[0])]
    return found


def acting_truth(design: Acting, seed: int, studies: int) -> tuple[float, float]:
    """What was put in; where the model is not the process, the mean of further studies, with its error."""
    if design.right:
        return design.debt, 0.0
    found = [fitted(design, stream(seed, "truth", design.name, one))[0].beta[0] for one in range(studies)]
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(studies))


def acting_run(design: Acting, asked: argparse.Namespace) -> dict[str, Any]:
    truth, error = acting_truth(design, asked.seed, 4 * asked.known)
    every = [acting_study(one, design, asked.seed) for one in range(asked.studies)]
    found = np.array(every)
    errors = {}
    for place, name in enumerate(COVARIANCES):
        low, high, std_error = found[:, 1 + 3 * place : 4 + 3 * place].T
        errors[name] = {
            "coverage": round(float(((low <= truth) & (truth <= high)).mean()), 4),
            "rejects_nothing": round(float(((low > 0) | (high < 0)).mean()), 4),
            "error_over_sd": float(np.sqrt((std_error**2).mean()) / found[:, 0].std(ddof=1)),
        }
    return {
        **asdict(design),
        "truth": truth,
        "truth_mc_error": error,
        "mean": float(found[:, 0].mean()),
        "sd": float(found[:, 0].std(ddof=1)),
        "errors": errors,
        "first": every[:KEPT],
    }


# the page


def meets(share: float, target: tuple[float, float], studies: int) -> bool:
    """Whether a share ± 2 Monte-Carlo errors meets its target."""
    error = 2 * np.sqrt(0.05 * 0.95 / studies)
    return bool(target[0] - error <= share <= target[1] + error)


def shown(share: float, target: tuple[float, float], studies: int) -> str:
    return f"{share:.3f}" if meets(share, target, studies) else f"**{share:.3f}**"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(
        [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(one)} |" for one in rows)]
    )


def curves_table(made: dict[str, Any]) -> str:
    n = made["studies"]
    names = ["share at 0.5", "share at 1.5", "share at 4", "mean"]
    rows = [
        [
            one["name"],
            *(shown(one["shares"][name], COVER, n) for name in names),
            f"{one['error_over_sd']:.2f}",
        ]
        for one in made["waiting"]
    ]
    return table(["studies of", *names, "error / sd of the mean"], rows)


def groups_table(made: dict[str, Any]) -> str:
    n, rows = made["studies"], []
    for one in made["waiting"]:
        for who in ("asker", "answerer"):
            found = [one["shares"][f"{who}: {what}"] for what in ("share", "mean", "permuted", "chi-square")]
            cells = [shown(value, COVER, n) for value in found[:2]] + [
                shown(found[2], SIZE, n),
                f"{found[3]:.3f}",
            ]
            rows.append([one["name"], who, *cells])
        found = [one["shares"][f"channel: {what}"] for what in ("permuted", "chi-square")]
        rows.append([one["name"], "channel", "", "", shown(found[0], SIZE, n), f"{found[1]:.3f}"])
    return table(["studies of", "groups by", "share", "mean", "rejected by permutation", "by χ²"], rows)


def hazard_table(made: dict[str, Any]) -> str:
    n, rows = made["studies"], []
    for one in made["acting"]:
        covers = [shown(one["errors"][name]["coverage"], COVER, n) for name in COVARIANCES]
        ratio = f"{one['errors']['jackknife']['error_over_sd']:.2f}"
        rows.append(
            [one["name"], f"{one['truth']:+.3f}", f"{one['mean']:+.3f}", f"{one['sd']:.3f}", *covers, ratio]
        )
    return table(["studies of", "truth", "mean", "sd", *COVARIANCES, "error / sd"], rows)


def moderated_table(made: dict[str, Any]) -> str:
    """A row a design: the product's coefficient, what covers it, and what covers both slopes."""
    n, rows = made["studies"], []
    for one in made["cells"]:
        own = one["errors"]["dyadic" if one["of"] == "tie" else "jackknife"]
        covers = [shown(one["errors"][name]["covers"], COVER, n) for name in COVARIANCES]
        slopes = ["", ""]
        if not one["slopes"] and not (one["of"] == "tie" and one["ego"]):
            slopes = [shown(value, COVER, n) for value in own["slopes"]]
        rejects = "" if one["shift"] else shown(own["rejects_nothing"], SIZE, n)
        cells = [f"{one['shift']:+.1f}", f"{one['mean']:+.3f}", f"{one['sd']:.3f}", *covers]
        rows.append([one["name"], *cells, f"{own['error_over_sd']:.2f}", *slopes, rejects])
    head = ["studies of", "truth", "mean", "sd", *COVARIANCES, "error / sd", "slope at 0", "slope at 1"]
    return table([*head, "rejected"], rows)


def chi_words(made: dict[str, Any], groups: tuple[str, ...]) -> str:
    """How often the log-rank statistic as if waits were independent rejects, where people differ."""
    chi = [one["shares"][f"{who}: chi-square"] for one in made["waiting"][:2] for who in groups]
    low, high = (f"{100 * end:.0f}" for end in (min(chi), max(chi)))
    # never all of them: where a few are not, more digits say so
    if high == "100":
        low, high = (f"{100 * end:.1f}" for end in (min(chi), max(chi)))
    return f"{low} to {high} %"


def page(made: dict[str, Any], moderated: dict[str, Any]) -> str:
    """docs/returns_calibration.md."""
    return PAGE.format(
        command=made["command"],
        studies=f"{made['studies']:,}",
        chi=chi_words(made, ("asker", "answerer")),
        chi_channel=chi_words(made, ("channel",)),
        draws=DRAWS,
        moderated=moderated_table(moderated),
        moderated_command=moderated["command"],
        curves=curves_table(made),
        groups=groups_table(made),
        hazards=hazard_table(made),
    )


PAGE = """# Calibration of returns

How often 95 % intervals of `hs.return_curves` and `hs.return_hazard` cover what they are for, and how often
tests of groups that do not differ reject at .05, on simulated studies. Made by

    {command}

{studies} studies a design. **Bold**: the share ± 2 Monte-Carlo errors does not meet 93 to 97 % (intervals),
or 4 to 6.5 % (tests).

## Curves

Waits are exponential; people who differ have a speed of their own as who asks (standard deviation of its
log 0.4) and as who answers (0.8), ordered pairs another (0.5). A tenth of the waits may be cut off. The
truth is the curve of all waits of many further studies. Shares are those returned by three times, the last
of which is the horizon; *mean* is the restricted mean.

{curves}

## Groups that do not differ

People get one of two labels at random; channels come in spells, and who is slowly answered uses the
second more, but the channel itself changes nothing. *share*, *mean*: intervals of the differences that
cover 0. *By χ²*: the log-rank statistic as if waits were independent. Where people differ it rejects true
nulls of groups of people in {chi} of studies, of channels, which go with who asks, in {chi_channel};
where all are alike it keeps its size. Permutations ({draws} of each study) are of people, and of channels
shifts within ordered pairs.

{groups}

## Hazards

Ordered pairs act at a rate of their own, times exp(β · signed log1p of the debt). Where the model is the
process (all alike; egos differ, with a baseline for each) the truth is what was put in. Where both people
of a pair differ and the model does not say so, who acts much has little debt and acts again: the truth is
then what studies find on average, far below what was put in (+0.3), whatever the errors; a baseline for
each ego mends half of it.

{hazards}

*error / sd*: of the jackknife, the default.

## Moderated hazards

The log hazard ratio of the debt, or of a path x of ties, is 0.3 where a moderator is 0, and another where
it is 1: *truth*, *mean* and *sd* are of the difference, the coefficient of the product. The moderator is of
pairs (two of one group), of who acts, or of what ego last received. Egos differ in how much they act, with a
baseline for each; *own slopes*: the debt works on each in a way of their own; ties where *people differ* last
longer or shorter by who the two are, which pulls slopes towards 0 (and they have no column here), but not
what does not differ. Made by

    {moderated_command}

{moderated}

Classical to jackknife: intervals of the difference. *error / sd*, both slopes and *rejected* (a difference
that is not there, at .05) are of the default: the jackknife of acts, the dyadic errors of ties. Those
of ties are cautious: a tenth too large, beside a t of few effective people.
"""


def read(path: Path) -> dict[str, Any]:
    """A stored run."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Run, store, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--known", type=int, default=400, help="studies that the truth is of")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=STORED)
    parser.add_argument("--page", action="store_true", help="only draw the page of the stored runs")
    asked = parser.parse_args()
    if asked.page:
        PAGE_AT.write_text(page(read(STORED), read(MODERATED)), encoding="utf-8")
        return
    made = {
        "command": f"python benchmarks/returns_calibration.py --studies {asked.studies} --seed {asked.seed}",
        "studies": asked.studies,
        "known": asked.known,
        "seed": asked.seed,
        "waiting": [waiting_run(one, asked) for one in WAITING],
        "acting": [acting_run(one, asked) for one in ACTING],
    }
    asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if asked.output == STORED:
        PAGE_AT.write_text(page(made, read(MODERATED)), encoding="utf-8")


if __name__ == "__main__":
    main()
