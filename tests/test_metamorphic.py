"""What must not change when names, orders, orientation or scales do, and what is known to change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.metrics.columns import column, describe
from tests.corpus import random_rows

SEEDS = range(6)
PAIR = ["ego", "alter"]
SHARES = ["give_share", "net_giving", "imbalance", "lopsidedness", "min_max_ratio", "coherence"]
SHARES += ["balance_entropy", "returned_share"]
TIMES = ["first_act", "last_act", "span_days", "active_days", "recency_days", "persistence"]
OPENINGS = ["conversations", "opened_ego", "opened_alter", "opening_share", "openings_to_ego", "answered_ego"]
OPENINGS += ["reply_rate_ego", "reply_rate"]


def acts(seed: int, people: int = 7, size: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(random_rows(seed, people, size), columns=["sender", "receiver", "time"])
    frame["kind"] = rng.choice(["help", "information"], len(frame))
    frame["weight"] = rng.integers(1, 9, len(frame)) / 4
    frame["depth"] = np.where(rng.random(len(frame)) < 0.8, rng.integers(0, 9, len(frame)) / 4, np.nan)
    frame["topic"] = rng.choice(["work", "home", "money", None], len(frame))
    return frame


def table(frame: pd.DataFrame, **settings) -> pd.DataFrame:
    return hs.read_log(frame, time_unit="s").dyads(**settings).frame


def seen_from(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The rows of a table under other names, turned where the order of the two has turned."""
    renamed = frame.assign(ego=frame["ego"].map(names), alter=frame["alter"].map(names))
    turn = renamed["ego"] > renamed["alter"]
    out = renamed.copy()
    for name in frame.columns:
        found = None if name in PAIR else column(name, ("help", "information"))
        swap = "swap" if found is None else describe(found).swap
        if swap == "swap":
            partner = name.replace("ego", "alter") if "ego" in name else name.replace("alter", "ego")
            out[name] = renamed[name].where(~turn, renamed[partner])
        elif swap == "kinds":
            stem, one, other = name.split("__")
            out[name] = renamed[name].where(~turn, renamed[f"{stem}__{other}__{one}"])
        elif swap == "relabel":
            mirrored = renamed[name].astype(str).replace({"ego only": "alter only", "alter only": "ego only"})
            out[name] = renamed[name].astype(str).where(~turn, mirrored)
        elif swap in ("low", "high"):
            other_end = name.replace(*(("_low", "_high") if swap == "low" else ("_high", "_low")))
            out[name] = renamed[name].where(~turn, 1 - renamed[other_end])
        elif swap != "same":
            mirrored = -renamed[name] if swap == "negate" else 1 - renamed[name]
            out[name] = renamed[name].where(~turn, mirrored)
    return out.sort_values(PAIR, ignore_index=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_renaming_people_changes_nothing(seed) -> None:
    frame = acts(seed)
    old = sorted(set(frame["sender"]) | set(frame["receiver"]))
    names = dict(
        zip(old, np.random.default_rng(seed).permutation([f"q{i}" for i in range(len(old))]), strict=True)
    )
    renamed = frame.assign(sender=frame["sender"].map(names), receiver=frame["receiver"].map(names))
    expected, found = seen_from(table(frame), names), table(renamed)
    found["dyad_state"] = found["dyad_state"].astype(str)
    expected["dyad_state"] = expected["dyad_state"].astype(str)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12, check_dtype=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_not_a_bit(seed) -> None:
    frame = acts(seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(table(shuffled), table(frame), check_exact=True)


def keeps(name: str) -> bool:
    """Whether a column is the same when every act is turned round: not what is held against totals given."""
    fact = describe(column(name, ("help", "information")))
    return fact.swap == "same" and fact.family not in ("attention",)


@pytest.mark.parametrize("seed", SEEDS)
def test_turning_every_act_round_swaps_ego_and_alter(seed) -> None:
    frame = acts(seed)
    turned = frame.rename(columns={"sender": "receiver", "receiver": "sender"})
    same = [name for name in table(frame).columns if name in PAIR or keeps(name)]
    pd.testing.assert_frame_equal(table(turned)[same], table(frame)[same], rtol=1e-12)
    np.testing.assert_array_equal(table(turned)["acts_ego"], table(frame)["acts_alter"])


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_an_act_keeps_weight_state_and_times(seed) -> None:
    frame = acts(seed)
    halves = pd.concat([frame.assign(weight=frame["weight"] / 2)] * 2)
    kept = [*PAIR, "weight_ego", "weight_alter", "weight", "dyad_state", *TIMES, *OPENINGS]
    kept += [f"{name}__weight" for name in SHARES]
    wanted = [*kept[2:], "acts", "alternation", "longest_unreturned_ego", "burstiness"]
    whole, split = (table(one, metrics=wanted) for one in (frame, halves))
    pd.testing.assert_frame_equal(split[kept], whole[kept], rtol=1e-12)
    for name in ("acts", "alternation", "longest_unreturned_ego", "burstiness"):
        assert not np.allclose(split[name], whole[name], equal_nan=True), f"{name} is known to change"


@pytest.mark.parametrize("seed", SEEDS)
def test_doubling_the_log_keeps_ratios(seed) -> None:
    frame = acts(seed)
    kept = [*PAIR, *SHARES, "in_contact", "dyad_state", *TIMES, *OPENINGS]
    once, twice = table(frame), table(pd.concat([frame, frame]))
    pd.testing.assert_frame_equal(twice[kept], once[kept], rtol=1e-12)
    np.testing.assert_array_equal(twice["acts"], 2 * once["acts"])
    for name in ("log_odds_giving", "alternation", "burstiness"):
        assert not np.allclose(twice[name], once[name], equal_nan=True), f"{name} is known to change"


@pytest.mark.parametrize("seed", SEEDS)
def test_rescaling_time_and_spans_changes_only_what_counts_time(seed) -> None:
    frame = acts(seed)
    further = {"reply_horizon": "3D", "silence": "21D", "disclosure_window": "3D"}
    spans = {"conversation_gap": "3h", "period": "21D", "spans": further}
    slow = table(frame.assign(time=frame["time"] * 3), **spans)
    fast = table(frame, conversation_gap="1h", period="7D")
    facts = {
        name: describe(column(name, ("help", "information"))) for name in fast.columns if name not in PAIR
    }
    scaled = [name for name, fact in facts.items() if fact.unit in ("time", "hours", "days")]
    # days are days: what counts them, or shifts by them, does not scale
    scaled.remove("active_days")
    same = [name for name in fast.columns if name not in (*scaled, "active_days")]
    same = [name for name in same if name in PAIR or facts[name].family != "contingency"]
    pd.testing.assert_frame_equal(slow[same], fast[same], rtol=1e-10)
    np.testing.assert_allclose(slow[scaled], 3 * fast[scaled], rtol=1e-12)


def test_people_without_acts_change_no_pair(tmp_path) -> None:
    from tests.folders import PEOPLE, write_study

    few = hs.open_study(write_study(tmp_path / "few")).dyads(pairs="in contact")
    many = hs.open_study(write_study(tmp_path / "many", people=PEOPLE + "e,north,50\nf,north,60\n"))
    pd.testing.assert_frame_equal(many.dyads(pairs="in contact").frame, few.frame)
    assert many.dyads(pairs="in contact").design.possible == 15


# fits

COVARIANCES = ["classical", "hc1", "pair", "two_way", "dyadic", "jackknife"]
FORMULA = {"logit": "friend ~ volume + share", "gaussian": "trust ~ volume + share"}


def directed(seed: int = 0, n: int = 15) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    person = rng.normal(size=n)
    frame = pd.DataFrame({"ego": ego, "alter": alter})
    frame["volume"] = np.log1p(rng.poisson(np.exp(0.5 * (person[ego] + person[alter]))))
    frame["share"] = rng.random(len(ego))
    frame["trust"] = frame["volume"] + person[ego] + rng.normal(size=len(ego))
    frame["friend"] = (frame["trust"] > 1).astype(int)
    return frame


def numbers(frame: pd.DataFrame, family: str, covariance: str) -> np.ndarray:
    result = hs.fit(FORMULA[family], frame, family=family, covariance=covariance)
    return np.concatenate([result.estimate.beta, result.covariance.std_error, result.covariance.df])


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("family", FORMULA)
def test_fits_do_not_depend_on_names_or_order(family, covariance) -> None:
    frame, rng = directed(), np.random.default_rng(1)
    expected = numbers(frame, family, covariance)
    names = np.array([f"n{i:02}" for i in rng.permutation(15)])
    renamed = frame.assign(ego=names[frame["ego"]], alter=names[frame["alter"]])
    shuffled = renamed.iloc[rng.permutation(len(frame))]
    np.testing.assert_allclose(numbers(shuffled, family, covariance), expected, rtol=1e-9)


@pytest.mark.parametrize("covariance", ["classical", "hc1", "pair", "dyadic", "jackknife"])
@pytest.mark.parametrize("family", FORMULA)
def test_flipping_pairs_changes_no_symmetric_fit(family, covariance) -> None:
    frame = directed(2)
    frame = frame[frame["ego"] < frame["alter"]]
    flip = np.random.default_rng(0).random(len(frame)) < 0.5
    flipped = frame.assign(
        ego=frame["ego"].where(~flip, frame["alter"]), alter=frame["alter"].where(~flip, frame["ego"])
    )
    np.testing.assert_allclose(
        numbers(flipped, family, covariance), numbers(frame, family, covariance), rtol=1e-9
    )


@pytest.mark.parametrize("family", FORMULA)
def test_every_row_twice_is_the_best_test_of_a_covariance(family) -> None:
    frame = directed(3)
    twice = pd.concat([frame, frame])
    fits = [hs.fit(FORMULA[family], one, family=family) for one in (frame, twice)]
    np.testing.assert_allclose(fits[1].estimate.beta, fits[0].estimate.beta, rtol=1e-10)
    for name in ("pair", "dyadic", "jackknife"):
        once, again = (fit.with_covariance(name).covariance.std_error for fit in fits)
        np.testing.assert_allclose(again, once, rtol=1e-10)
    for name in ("classical", "hc1"):
        once, again = (fit.with_covariance(name).covariance.std_error for fit in fits)
        np.testing.assert_allclose(once / again, np.sqrt(2), rtol=0.02)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("family", FORMULA)
def test_another_unit_changes_its_coefficient_alone(family, covariance) -> None:
    frame = directed(4)
    metres = hs.fit(FORMULA[family], frame, family=family, covariance=covariance).tidy()
    feet = hs.fit(
        FORMULA[family], frame.assign(volume=frame["volume"] * 1e6), family=family, covariance=covariance
    )
    scale = np.array([1, 1e6, 1])
    np.testing.assert_allclose(feet.tidy()["estimate"] * scale, metres["estimate"], rtol=1e-9)
    np.testing.assert_allclose(feet.tidy()["std_error"] * scale, metres["std_error"], rtol=1e-9)
    both = ["volume", "share"]
    again = hs.fit(FORMULA[family], frame, family=family, covariance=covariance).wald(both)
    assert feet.wald(both).statistic == pytest.approx(again.statistic, rel=1e-8, nan_ok=True)
