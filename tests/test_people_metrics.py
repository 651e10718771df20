"""People's metrics: what loops over lists say, what must not change, ranges, and what each says of itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from pybtex.database import parse_file
from scipy.spatial.distance import jensenshannon

import honestsignals.metrics
from honestsignals.engines.circles import circle_of as built
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.metrics.acts import DAY, HOUR, Settings
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.columns import plan
from honestsignals.metrics.levels import chosen, measure, planned
from honestsignals.metrics.registry import entries
from tests.corpus import corpus
from tests.twins import Act, World, quotient, twin

assert honestsignals.metrics  # registers what entries() lists

PEOPLE = 7
FAMILIES = ("people", "signature", "answering")
NAMES = [name for name, one in entries("person").items() if one.fact.family in FAMILIES]
ANSWERS = [name for name in NAMES if entries("person")[name].fact.family == "answering"]
COUNTS = ["given", "received", "returned", "exchanged_per_contact"]
"""What grows as the log does."""
RATIOS = [name for name in NAMES if name not in COUNTS]
CITED = set(parse_file("references.bib").entries)
SEEDS = range(8)
NAN = math.nan
Columns = dict[str, np.ndarray]


def random_acts(seed: int, size: int = 60) -> list[Act]:
    """Acts of six people on a coarse clock; every third pair has one giver, and the seventh has no acts."""
    rng = np.random.default_rng(seed)
    span = int(rng.choice([4, 30, 300]))
    acts = []
    for _ in range(int(rng.integers(0, size))):
        sender, receiver = (int(code) for code in rng.choice(PEOPLE - 1, 2, replace=False))
        if (sender + receiver) % 3 == 0:
            sender, receiver = min(sender, receiver), max(sender, receiver)
        time = int(rng.integers(-span, span)) * HOUR // 2
        acts.append(Act(sender, receiver, time, weight=float(rng.integers(0, 9)) / 4))
    return acts


def engine_of(acts: Sequence[Act], people: int = PEOPLE, clock: str = "time") -> LocalEngine:
    times = [act.time for act in acts] or [0]

    def part(name: str, kind: Any) -> np.ndarray:
        return np.array([getattr(act, name) for act in acts], dtype=kind)

    return LocalEngine(
        LogColumns(
            n_people=people,
            sender=part("sender", np.int32),
            receiver=part("receiver", np.int32),
            time=part("time", np.int64) if clock else None,
            count=None,
            weight=part("weight", np.float64),
            kind=None,
            conversation=None,
            clock=clock,
            start=min(times),
            end=max(times),
        )
    )


def circle_of(engine: LocalEngine, of: str = "acts", settings: Settings | None = None) -> Circle:
    """Everybody's pairs in contact, seen from both, with all that person metrics read."""
    able = [one for one in entries("person").values() if one.fact.needs - {"moments"} <= engine.log.has]
    return built(engine, able, "weight" if of == "weight" else "", settings=settings)


def measured(circle: Circle, names: Sequence[str] = NAMES) -> Columns:
    found = measure(planned("person", names), {"circle": circle})
    assert not found.refused
    return {name: found.values[name] for name in names}


def of_acts(
    acts: Sequence[Act], people: int = PEOPLE, of: str = "acts", gap: int = HOUR, horizon: int = DAY
) -> Columns:
    settings = Settings(conversation_gap=gap, reply_horizon=horizon)
    return measured(circle_of(engine_of(acts, people), of, settings))


# what loops say


def mean(values: Sequence[float]) -> float:
    kept = [value for value in values if not math.isnan(value)]
    return quotient(math.fsum(kept), len(kept))


def bits(signature: Sequence[float]) -> float:
    return -math.fsum(share * math.log2(share) for share in signature if share > 0)


def divergence(first: Sequence[float], second: Sequence[float]) -> float:
    """Of two lists of numbers of acts, however ordered."""
    if not sum(first) or not sum(second):
        return NAN
    one = [acts / sum(first) for acts in sorted(first, reverse=True)]
    other = [acts / sum(second) for acts in sorted(second, reverse=True)]
    middle = [(a + b) / 2 for a, b in zip(one, other, strict=True)]
    return bits(middle) - (bits(one) + bits(other)) / 2


def by_loops(acts: Sequence[Act], person: int, world: World, of: str = "count") -> dict[str, float]:
    """Every column of one person, from the list of acts."""
    out = dict.fromkeys(range(PEOPLE), 0.0)
    back = dict(out)
    for act in acts:
        if act.sender == person:
            out[act.receiver] += getattr(act, of)
        if act.receiver == person:
            back[act.sender] += getattr(act, of)
    named = {other for other in out if out[other] > 0}
    naming = {other for other in back if back[other] > 0}
    given, received = sum(out.values()), sum(back.values())
    returned = sum(min(out[other], back[other]) for other in out)
    shares = [out[other] / (out[other] + back[other]) for other in named | naming]
    entropy = -math.fsum(
        (out[other] + back[other])
        / (given + received)
        * math.log((out[other] + back[other]) / (given + received))
        for other in named | naming
    )
    balance = mean(shares)
    found = {
        "given": given,
        "received": received,
        "returned": returned,
        "net_giver": quotient(given - received, given + received),
        "reciprocity_weighted": quotient(returned, given),
        "reciprocity_weighted_in": quotient(returned, received),
        "contacts": len(named | naming),
        "contacts_out": len(named),
        "contacts_in": len(naming),
        "contacts_mutual": len(named & naming),
        "exchanged_per_contact": quotient(given + received, len(named | naming)),
        "reciprocity_out": quotient(len(named & naming), len(named)),
        "reciprocity_in": quotient(len(named & naming), len(naming)),
        "reciprocity_both": quotient(2 * len(named & naming), len(named) + len(naming)),
        "give_share_mean": balance,
        "give_share_sd": math.sqrt(mean([(share - balance) ** 2 for share in shares])) if shares else NAN,
        "contact_entropy": entropy if shares else NAN,
        "contact_evenness": entropy / math.log(len(shares)) if len(shares) > 1 else NAN,
    }
    for side in ("in", "out"):
        # everybody who acts could have
        found[f"contacts_{side}_asked"] = found[f"contacts_{side}"]
    for side in ("in", "out", "both"):
        found[f"reciprocity_{side}_asked"] = found[f"reciprocity_{side}"]
    return (
        found | answers_by_loops(acts, person, world) | {"signature_distance": signature(acts, person, world)}
    )


def signature(acts: Sequence[Act], person: int, world: World) -> float:
    halves = ([0] * PEOPLE, [0] * PEOPLE)
    middle = (world.start + world.end) / 2
    for act in acts:
        if act.sender == person:
            halves[act.time >= middle][act.receiver] += 1
    return divergence(*halves)


@cache
def of_pair(acts: tuple[Act, ...], low: int, high: int, world: World) -> dict[str, float]:
    return twin(acts, low, high, None, world)


def answers_by_loops(acts: Sequence[Act], person: int, world: World) -> dict[str, float]:
    others = {act.sender for act in acts if act.receiver == person}
    others |= {act.receiver for act in acts if act.sender == person}
    seen = []
    for other in sorted(others):
        pair = of_pair(tuple(acts), min(person, other), max(person, other), world)
        mine, theirs = ("ego", "alter") if person < other else ("alter", "ego")
        share = quotient(pair[f"opened_{mine}"], pair["opened_ego"] + pair["opened_alter"])
        seen.append(
            {
                "conversations": pair["conversations"],
                "opened": pair[f"opened_{mine}"],
                "opened_by_others": pair[f"opened_{theirs}"],
                "openings_to": pair[f"openings_to_{mine}"],
                "answered": pair[f"answered_{mine}"],
                "opening_share_mean": share,
                "response_rate_mean": pair[f"reply_rate_{mine}"],
                "response_hours_mean": pair[f"reply_hours_{mine}"],
            }
        )
    means = ("opening_share_mean", "response_rate_mean", "response_hours_mean")
    counts = ("conversations", "opened", "opened_by_others", "openings_to", "answered")
    found = {name: mean([one[name] for one in seen]) for name in means}
    found |= {name: sum(one[name] for one in seen) for name in counts}
    found["opening_share"] = quotient(found["opened"], found["opened"] + found["opened_by_others"])
    found["response_rate"] = quotient(found["answered"], found["openings_to"])
    return found


@pytest.mark.parametrize("seed", range(20))
def test_every_column_is_what_loops_say(seed: int) -> None:
    acts = random_acts(seed)
    gap = HOUR if seed % 2 else HOUR // 2
    times = [act.time for act in acts] or [0]
    world = World(min(times), max(times), gap, 1)
    for of, amount in (("acts", "count"), ("weight", "weight")):
        found = of_acts(acts, of=of, gap=gap)
        for person in range(PEOPLE):
            expected = by_loops(acts, person, world, amount)
            # the pooled curve has loops of its own, in test_response_hours
            assert set(NAMES) - {"response_hours"} == set(expected)
            for name, values in ((name, found[name]) for name in expected):
                said = f"{name} of {person}, of {of}"
                np.testing.assert_allclose(
                    values[person], expected[name], rtol=1e-12, atol=1e-12, err_msg=said
                )


@pytest.mark.parametrize("clock", ["time", "wave"])
@pytest.mark.parametrize("seed", SEEDS)
def test_acts_of_the_first_half_are_what_loops_say(seed: int, clock: str) -> None:
    acts = random_acts(seed)
    engine = engine_of(acts, clock=clock)
    ego, alter = np.array([(one, two) for one in range(6) for two in range(6) if one != two]).T
    rows = Rows(ego.astype(np.int32), alter.astype(np.int32), np.full(len(ego), 3 * HOUR + seed % 2))
    names = ["early_acts_ego", "early_acts_alter", "acts_ego"]
    found = engine.columns(rows, plan(names, (), engine.log.has), Settings())
    world = World(engine.log.start, engine.log.end, HOUR, 1)
    for row, (one, two) in enumerate(zip(ego.tolist(), alter.tolist(), strict=True)):
        expected = twin(acts, one, two, 3 * HOUR + seed % 2, world)
        assert [found[name][row] for name in names] == [expected[name] for name in names]
    assert (found["early_acts_ego"] <= found["acts_ego"]).all()


# who could have answered


def survey(seed: int) -> tuple[np.ndarray, np.ndarray, Circle]:
    """Who named whom, who answered, and the circle of it: who did not answer named nobody."""
    rng = np.random.default_rng(seed)
    asked = rng.random(PEOPLE) < 0.6
    named = (rng.random((PEOPLE, PEOPLE)) < 0.4) & asked[:, None]
    np.fill_diagonal(named, val=False)
    ego, alter = np.nonzero(named | named.T)
    columns = {"given_ego": named[ego, alter] * 1, "given_alter": named[alter, ego] * 1}
    return named, asked, Circle(PEOPLE, ego, alter, columns, asked[alter])


@pytest.mark.parametrize("seed", SEEDS)
def test_only_those_count_who_could_have_answered(seed: int) -> None:
    named, asked, circle = survey(seed)
    names = [name for name in NAMES if name.startswith(("reciprocity", "contacts"))]
    found = measured(circle, names)
    for person in range(PEOPLE):
        out = {other for other in range(PEOPLE) if named[person, other]}
        back = {other for other in range(PEOPLE) if named[other, person]}
        able = {other for other in out if asked[other]}
        to_me = back if asked[person] else set()
        both = len(out & back)
        expected = {
            "contacts_out_asked": len(able),
            "contacts_in_asked": len(to_me),
            "reciprocity_out": quotient(both, len(out)),
            "reciprocity_in": quotient(both, len(back)),
            "reciprocity_out_asked": quotient(both, len(able)),
            "reciprocity_in_asked": quotient(both, len(to_me)),
            "reciprocity_both_asked": quotient(2 * both, len(able) + len(to_me)),
        }
        for name, value in expected.items():
            np.testing.assert_equal(found[name][person], value, err_msg=f"{name} of {person}")


def test_whoever_was_not_asked_is_no_failure_to_answer() -> None:
    # 0 names 1 and 2; 1 names 0; 2 was never asked
    ego, alter = np.array([0, 0, 1, 2]), np.array([1, 2, 0, 0])
    columns = {"given_ego": np.array([1, 1, 1, 0]), "given_alter": np.array([1, 0, 1, 1])}
    found = measured(
        Circle(3, ego, alter, columns, np.array([True, False, True, True])),
        ["reciprocity_out", "reciprocity_out_asked", "reciprocity_in", "reciprocity_in_asked"],
    )
    assert found["reciprocity_out"].tolist()[:2] == [0.5, 1.0]
    assert found["reciprocity_out_asked"].tolist()[:2] == [1.0, 1.0]
    assert found["reciprocity_in"][2] == 0
    assert math.isnan(found["reciprocity_in_asked"][2])


def test_whoever_answered_could_whatever_else_is_said() -> None:
    # both named one another, and neither is listed among those who answered
    columns = {"given_ego": np.ones(2, dtype=int), "given_alter": np.ones(2, dtype=int)}
    circle = Circle(2, np.array([0, 1]), np.array([1, 0]), columns, np.zeros(2, dtype=bool))
    for name, values in measured(circle, [name for name in NAMES if name.endswith("_asked")]).items():
        assert values.tolist() == [1, 1], name


def test_rows_seen_from_the_other_side() -> None:
    circle = circle_of(engine_of(random_acts(3, 200)))
    np.testing.assert_array_equal(circle.back(circle["given_ego"]), circle["given_alter"])
    np.testing.assert_array_equal(circle.back(circle.ego), circle.alter)


# what must not change


def assert_same(
    found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], names: Sequence[str]
) -> None:
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_renaming_people_changes_nothing(seed: int) -> None:
    acts = random_acts(seed)
    new = np.random.default_rng(seed).permutation(PEOPLE)
    renamed = [replace(act, sender=int(new[act.sender]), receiver=int(new[act.receiver])) for act in acts]
    found = {name: values[new] for name, values in of_acts(renamed).items()}
    assert_same(found, of_acts(acts), NAMES)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_not_a_bit(seed: int) -> None:
    acts = random_acts(seed)
    shuffled = [acts[place] for place in np.random.default_rng(seed).permutation(len(acts))]
    for name, values in of_acts(shuffled).items():
        assert values.tobytes() == of_acts(acts)[name].tobytes(), name


TURNED = {
    "given": "received",
    "reciprocity_weighted": "reciprocity_weighted_in",
    "contacts_out": "contacts_in",
    "contacts_out_asked": "contacts_in_asked",
    "reciprocity_out": "reciprocity_in",
    "reciprocity_out_asked": "reciprocity_in_asked",
    "opened": "opened_by_others",
}
KEPT = [
    "returned",
    "contacts",
    "contacts_mutual",
    "reciprocity_both",
    "reciprocity_both_asked",
    "give_share_sd",
]
KEPT += ["exchanged_per_contact", "contact_entropy", "contact_evenness", "conversations"]
COMPLEMENTS = ["give_share_mean", "opening_share", "opening_share_mean"]
OF_ONE_WAY = ["signature_distance", "openings_to", "answered", "response_rate", "response_rate_mean"]
OF_ONE_WAY += ["response_hours", "response_hours_mean"]


@pytest.mark.parametrize("seed", SEEDS)
def test_turning_every_act_round_exchanges_in_and_out(seed: int) -> None:
    acts = random_acts(seed)
    turned = of_acts([replace(act, sender=act.receiver, receiver=act.sender) for act in acts])
    found = of_acts(acts)
    for name, other in TURNED.items():
        assert_same(
            {name: turned[name], other: turned[other]}, {name: found[other], other: found[name]}, [name]
        )
    assert_same(turned, found, KEPT)
    assert_same(turned, {"net_giver": -found["net_giver"]}, ["net_giver"])
    assert_same(turned, {name: 1 - found[name] for name in COMPLEMENTS}, COMPLEMENTS)
    covered = [*TURNED, *TURNED.values(), *KEPT, "net_giver", *COMPLEMENTS, *OF_ONE_WAY]
    assert sorted(covered) == sorted(NAMES)


@pytest.mark.parametrize("seed", SEEDS)
def test_doubling_the_log_keeps_ratios(seed: int) -> None:
    acts = random_acts(seed)
    once, twice = of_acts(acts), of_acts([*acts, *acts])
    assert_same(twice, once, RATIOS)
    assert_same(twice, {name: 2 * once[name] for name in COUNTS}, COUNTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_an_act_keeps_amounts_and_answers(seed: int) -> None:
    acts = random_acts(seed, size=200)
    halved = [replace(act, weight=act.weight / 2) for act in acts[::2]]
    split = [*acts[1::2], *halved, *halved]
    of_weight = [name for name in NAMES if entries("person")[name].fact.by_weight]
    assert_same(of_acts(split, of="weight"), of_acts(acts, of="weight"), of_weight)
    found, expected = of_acts(split), of_acts(acts)
    same = [
        name for name in of_weight if name.startswith(("contacts", "reciprocity")) and "weighted" not in name
    ]
    assert_same(found, expected, [*ANSWERS, *same])
    if len(acts) > 50:
        for name in ("given", "give_share_mean", "contact_entropy", "signature_distance"):
            assert not np.allclose(found[name], expected[name], equal_nan=True), f"{name} is known to change"


@pytest.mark.parametrize("seed", SEEDS)
def test_rescaling_time_and_spans_changes_nothing(seed: int) -> None:
    acts = random_acts(seed)
    slow = of_acts([replace(act, time=act.time * 3) for act in acts], gap=3 * HOUR, horizon=3 * DAY)
    found = of_acts(acts)
    # hours are three times as many
    for name in ("response_hours", "response_hours_mean"):
        found[name] = found[name] * 3
    assert_same(slow, found, NAMES)


@pytest.mark.parametrize("seed", SEEDS)
def test_people_without_acts_change_nobody_else(seed: int) -> None:
    acts = random_acts(seed)
    more, found = of_acts(acts, people=PEOPLE + 3), of_acts(acts)
    for name, values in more.items():
        np.testing.assert_array_equal(values[:PEOPLE], found[name], err_msg=name)
        alone = values[PEOPLE - 1 :]
        if entries("person")[name].fact.undefined:
            assert np.isnan(alone).all(), name
        else:
            assert (alone == 0).all(), name
        assert not entries("person")[name].fact.isolates


# what one number says


def test_pooled_and_mean_are_two_numbers() -> None:
    # 0 answers one of one by 1, and none of three by 2, long before the end
    acts = [Act(1, 0, 0), Act(0, 1, HOUR // 2)]
    acts += [Act(2, 0, 24 * day * HOUR) for day in range(1, 4)] + [Act(3, 4, 2400 * HOUR)]
    found = of_acts(acts)
    assert found["response_rate"][0] == 0.25
    assert found["response_rate_mean"][0] == 0.5
    acts += [Act(0, 2, 24 * day * HOUR) for day in range(10, 14)]
    found = of_acts(acts)
    assert found["opening_share"][0] == 0.5
    assert found["opening_share_mean"][0] == pytest.approx((0 + 4 / 7) / 2)


def signature_of(first: Sequence[int], second: Sequence[int]) -> float:
    """Of numbers of acts to each alter in the two halves of a log that runs from 0 to 10."""
    halves = [(1, first), (9, second)]
    acts = [
        Act(0, alter + 1, moment)
        for moment, given in halves
        for alter, many in enumerate(given)
        for _ in range(many)
    ]
    return float(of_acts([*acts, Act(5, 6, 0), Act(5, 6, 10)])["signature_distance"][0])


def test_a_signature_is_a_shape_and_not_who_is_in_it() -> None:
    assert signature_of([3, 2, 1, 0], [0, 1, 2, 3]) == 0
    assert signature_of([3, 1, 0, 0], [0, 0, 6, 2]) == 0
    # H(3/4, 1/4) − (H(1) + H(1/2, 1/2)) / 2
    assert signature_of([4, 0], [1, 1]) == pytest.approx(0.75 * math.log2(4 / 3) + 0.25 * 2 - 0.5, abs=1e-14)
    assert math.isnan(signature_of([1, 2], [0, 0]))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distance_of_signatures_is_the_square_of_a_jensen_shannon_distance(seed: int) -> None:
    first, second = np.random.default_rng(seed).integers(1, 9, (2, 4))
    expected = jensenshannon(np.sort(first), np.sort(second), base=2) ** 2
    assert signature_of(first.tolist(), second.tolist()) == pytest.approx(expected, abs=1e-12)


def test_an_act_at_the_middle_is_of_the_second_half() -> None:
    acts = [Act(0, 1, 0), Act(0, 1, 4), Act(0, 2, 5), Act(0, 2, 10)]
    circle = circle_of(engine_of(acts))
    assert circle["early_acts_ego"].tolist() == [2, 0, 0, 0]
    assert measured(circle)["signature_distance"][0] == 0


# what each owes


@pytest.fixture(scope="module")
def values() -> Columns:
    """Every column over all people of many logs."""
    engines = [engine_of(random_acts(seed)) for seed in range(20)] + [log.engine for log in corpus()]
    names = list(entries("person"))
    seen = [{"circle": circle_of(one), "ties": one.ties()} for one in engines]
    found = [measure(planned("person", names), one).values for one in seen]
    return {
        name: np.concatenate([np.atleast_1d(np.asarray(one[name], dtype=float)) for one in found])
        for name in names
    }


@pytest.mark.parametrize("name", list(entries("person")))
def test_range_is_kept(name: str, values: Columns) -> None:
    fact, found = entries("person")[name].fact, values[name]
    found = found[~np.isnan(found)]
    low, high = fact.range
    assert (found > low).all() if fact.open_ends in ("low", "both") else (found >= low).all()
    assert (found < high).all() if fact.open_ends in ("high", "both") else (found <= high).all()


@pytest.mark.parametrize("name", NAMES)
def test_closed_finite_ends_are_attained_and_undefined_is_nan(name: str, values: Columns) -> None:
    fact, found = entries("person")[name].fact, values[name]
    low, high = fact.range
    if fact.open_ends not in ("low", "both"):
        assert np.nanmin(found) == pytest.approx(low, abs=1e-12)
    if math.isfinite(high) and fact.open_ends not in ("high", "both"):
        assert np.nanmax(found) == pytest.approx(high, abs=1e-12)
    assert np.isnan(found).any() == bool(fact.undefined)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_says_what_it_is(name: str) -> None:
    entry = entries("person")[name]
    text = inspect.getdoc(entry.function) or ""
    assert name.isidentifier()
    assert len(entry.fact.meaning) > 10
    assert entry.fact.title
    assert not entry.inputs or (">>>" in text and entry.fact.formula and entry.fact.undefined)
    assert not entry.fact.reference or entry.fact.reference in CITED
    if name.startswith(("reciprocity", "response_rate")):
        assert entry.fact.higher == "yes"


def test_what_the_newcomer_searches_for_stands_first() -> None:
    meaning = entries("person")["reciprocity_out"].fact.meaning
    assert meaning == "Share of those I name (give to) who name me back"


def test_what_rests_on_time_needs_a_log_with_time() -> None:
    untimed = chosen("person", list(FAMILIES), ())
    assert not {*ANSWERS, "signature_distance"} & set(untimed)
    assert set(NAMES) - {*ANSWERS, "signature_distance"} == set(untimed)
    waves = set(chosen("person", list(FAMILIES), ("periods",))) - set(untimed)
    assert waves == {"signature_distance"}
    circle = circle_of(engine_of(random_acts(3), clock=""))
    assert set(measured(circle, untimed)) == set(untimed)
