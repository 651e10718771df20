"""Hazards moderated by columns of acts, people and pairs: columns, slopes, what may change them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from statsmodels.duration.hazard_regression import PHReg

import honestsignals as hs
from honestsignals.figures import alt_text
from honestsignals.figures.moderated import moderation
from honestsignals.inference.hazard_errors import hazard_covariance
from honestsignals.inference.hazards import hazard_fit
from honestsignals.labels import KnownPairs
from honestsignals.study import PairColumn
from tests.shared import PROJECT

PEOPLE = 9


def acts_of(seed: int, n: int = 420) -> pd.DataFrame:
    """Acts in few instants, several at one, with what a moderator may be of."""
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, PEOPLE, n)
    frame = pd.DataFrame({"sender": sender, "receiver": (sender + rng.integers(1, PEOPLE, n)) % PEOPLE})
    frame["time"] = rng.integers(0, 400, n) * 3600
    frame["kind"] = rng.choice(["help", "news"], n)
    frame["channel"] = rng.choice(["mail", "talk", ""], n, p=[0.5, 0.4, 0.1])
    frame["depth"] = np.where(rng.random(n) < 0.6, rng.integers(1, 5, n), np.nan)
    return frame


def log_of(frame: pd.DataFrame) -> hs.InteractionLog:
    columns = {name: name for name in frame.columns}
    return hs.read_log(frame, columns=columns, time_unit="s")


def people_of(frame: pd.DataFrame) -> pd.DataFrame:
    ids = sorted(set(frame["sender"]))
    return pd.DataFrame({"id": ids, "culture": list("abcabcabc")[: len(ids)], "age": np.arange(len(ids)) % 4})


def pairs_of(frame: pd.DataFrame) -> pd.DataFrame:
    """A column that stands both ways for most, one way for some, for a few not at all."""
    rng = np.random.default_rng(9)
    rows = [(i, j, rng.normal()) for i in range(PEOPLE) for j in range(PEOPLE) if i < j or (i > j > 3)]
    return pd.DataFrame(rows, columns=["ego", "alter", "near"]).iloc[2:]


# columns


def received(frame: pd.DataFrame, ego: int, alter: int, start: float) -> pd.DataFrame:
    """Brute force: the acts that ego last received of alter, up to a moment."""
    got = frame[(frame["sender"] == alter) & (frame["receiver"] == ego) & (frame["time"] <= start)]
    return got[got["time"] == got["time"].max()]


@pytest.mark.parametrize("word", ["kind", "channel", "depth"])
def test_columns_of_acts_are_of_what_ego_last_received(word) -> None:
    frame = acts_of(1)
    found = hs.return_hazard(log_of(frame), ["debt_log", f"received_{word}"])
    spells, left = found.fit.spells, 0
    rows = zip(*found.codes, spells.start, spells.X[:, 1], strict=True)
    for ego, alter, start, value in rows:
        last = received(frame, int(ego), int(alter), start / 1e6)
        if word == "depth":
            assert value == last["depth"].max()
        else:
            (only,) = set(last[word])
            assert value == (only == {"kind": "news", "channel": "talk"}[word])
    every = hs.return_hazard(log_of(frame), ["debt_log"])
    for ego, alter, start in zip(*every.codes, every.fit.spells.start, strict=True):
        last = received(frame, int(ego), int(alter), start / 1e6)
        told = set(last[word].dropna()) - {""}
        left += word == "depth" and not told
        left += word != "depth" and (len(set(last[word])) != 1 or not told)
    assert found.left_out == {f"received_{word} is not known, or nothing was received yet": left}
    assert left + len(spells.X) == len(every.fit.spells.X)
    assert f"received_{word}: {word} of the act that ego last received." in str(found)


def test_columns_of_people_and_pairs_are_theirs() -> None:
    frame = acts_of(2)
    people, near = people_of(frame), pairs_of(frame)
    terms = ["debt", "ego_culture", "alter_age", "gap_age", "same_culture", near]
    found = hs.return_hazard(log_of(frame), terms, people=people)
    names = ("debt", "ego_culture[T.b]", "ego_culture[T.c]", "alter_age", "gap_age", "same_culture", "near")
    assert found.names == names
    culture, age = (dict(zip(people["id"], people[one], strict=True)) for one in ("culture", "age"))
    known = {(one.ego, one.alter): one.near for one in near.itertuples()}
    for ego, alter, x in zip(*found.codes, found.fit.spells.X, strict=True):
        either = known.get((ego, alter), known.get((alter, ego)))
        assert x[1:].tolist() == [
            culture[ego] == "b",
            culture[ego] == "c",
            age[alter],
            abs(age[ego] - age[alter]),
            culture[ego] == culture[alter],
            either,
        ]
    assert "near is not known" in str(found)


@pytest.mark.parametrize("directed", [True, False])
def test_columns_of_a_study_s_pairs_are_found_by_name(directed) -> None:
    study = hs.open_study(PROJECT / "data" / "confidants")
    people = len(study.log.people)
    ego, alter = np.triu_indices(people, 1)
    keep = np.arange(len(ego)) % 7 > 0
    value = np.sin(np.arange(len(ego)) * 1.7)
    known = KnownPairs(ego[keep], alter[keep], value[keep], None, len(ego), {})
    study = replace(study, pair_columns=(PairColumn("seats", directed, known),))
    found = hs.return_hazard(study, ["debt_log*seats"])
    assert found.names == ("debt_log", "seats", "debt_log:seats")
    there = dict(zip(zip(ego[keep], alter[keep], strict=True), value[keep], strict=True))
    for one, other, x in zip(*found.codes, found.fit.spells.X, strict=True):
        assert x[1] == (there[one, other] if directed else there[min(one, other), max(one, other)])
    if directed:
        assert (found.codes[0] < found.codes[1]).all()


# products and slopes


def test_a_product_is_the_product_and_its_fit_that_of_statsmodels() -> None:
    frame = acts_of(3)
    people = people_of(frame)
    terms = ["debt_log*received_channel", "debt_log:ego_culture"]
    found = hs.return_hazard(log_of(frame), terms, people=people, strata="ego")
    assert found.names == (
        "debt_log",
        "received_channel[T.talk]",
        "debt_log:received_channel[T.talk]",
        "debt_log:ego_culture[T.b]",
        "debt_log:ego_culture[T.c]",
    )
    spells = found.fit.spells
    debt, talk = spells.X[:, 0], spells.X[:, 1]
    culture = people["culture"].to_numpy()[found.codes[0]]
    X = np.column_stack([debt, talk, debt * talk, debt * (culture == "b"), debt * (culture == "c")])
    np.testing.assert_array_equal(spells.X, X)
    other = PHReg(
        (spells.stop - spells.start.min()) / 1e6,
        X,
        spells.event.astype(int),
        entry=(spells.start - spells.start.min()) / 1e6 + 1e-3,
        strata=spells.stratum,
        ties="efron",
    ).fit(method="newton", maxiter=200, disp=0)
    np.testing.assert_allclose(found.fit.beta, other.params, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("covariance", ["jackknife", "dyadic", "classical"])
def test_a_slope_is_the_coefficient_where_its_value_is_the_base(covariance) -> None:
    """Coded anew, with that level, or that number, as 0."""
    frame = acts_of(4)
    near = pairs_of(frame)
    log, people = log_of(frame), people_of(frame)
    for terms, by, values in (
        (["debt_log*same_culture"], "same_culture", None),
        (["debt_log*near", near], "near", [-1.0, 0.3]),
        (["debt_log*ego_culture"], "ego_culture", None),
    ):
        found = hs.return_hazard(log, terms, people=people, covariance=covariance)
        slopes = found.moderation("debt_log", by, values).tidy()
        spells = found.fit.spells
        debt = spells.X[:, 0]
        k = (spells.X.shape[1] - 1) // 2
        for place, row in enumerate(slopes.itertuples()):
            Z = spells.X[:, 1 : 1 + k]
            if by == "ego_culture":
                codes = Z @ [1, 2]
                Z = np.column_stack([codes == one for one in range(3) if one != place]).astype(float)
            else:
                Z = Z - float(row.value)
            X = np.column_stack([debt, Z, debt[:, None] * Z])
            again = hazard_fit(spells._replace(X=X), [str(one) for one in range(X.shape[1])])
            assert row.estimate == pytest.approx(again.beta[0], rel=1e-6, abs=1e-8)
            errors = hazard_covariance(
                again, *found.codes, [str(one) for one in range(X.shape[1])], covariance
            )
            assert row.std_error == pytest.approx(errors.std_error[0], rel=1e-5)
            assert row.df == pytest.approx(errors.df[0], rel=1e-5)
        assert slopes["hazard_ratio"].to_numpy() == pytest.approx(np.exp(slopes["estimate"]))
        whole = found.moderation("debt_log", by, values)
        apart = whole.differences()
        assert apart["estimate"].to_numpy() == pytest.approx(
            (slopes["estimate"] - slopes["estimate"].iloc[0]).iloc[1:]
        )
        product = [name for name in found.names if ":" in name]
        assert str(whole.test) == str(found.wald(product))
        assert str(whole.test) in str(whole)


def test_values_of_a_number_are_its_mean_and_a_deviation_to_either_side() -> None:
    frame = acts_of(5)
    found = hs.return_hazard(log_of(frame), ["debt_log*received_depth"])
    z = found.fit.spells.X[:, 1]
    slopes = found.moderation("debt_log", "received_depth")
    at = [float(one) for one in slopes.tidy()["value"]]
    assert at == pytest.approx([z.mean() - z.std(), z.mean(), z.mean() + z.std()], rel=1e-3)
    assert "standard deviation" in str(slopes)
    two = found.moderation("debt_log", "received_depth", [1, 4])
    assert len(two.differences()) == 1
    # the product is one thing, whichever is asked about
    turned = found.moderation("received_depth", "debt_log", 0.0)
    assert turned.tidy()["estimate"].iloc[0] == pytest.approx(found.fit.beta[1])
    assert (
        found.moderation("debt_log", "received_depth", level=0.5).tidy()["low"] > slopes.tidy()["low"]
    ).all()


def test_slopes_hold_other_moderators_at_their_means() -> None:
    frame = acts_of(6)
    terms = ["debt_log*received_depth", "debt_log*same_culture"]
    found = hs.return_hazard(log_of(frame), terms, people=people_of(frame))
    slopes = found.moderation("debt_log", "same_culture")
    depth = found.fit.spells.X[:, found.names.index("received_depth")].mean()
    beta = dict(zip(found.names, found.fit.beta, strict=True))
    first = beta["debt_log"] + depth * beta["debt_log:received_depth"]
    expected = [first, first + beta["debt_log:same_culture"]]
    assert slopes.tidy()["estimate"].tolist() == pytest.approx(expected)
    assert "received_depth, which moderates debt_log too, is held at its mean" in str(slopes)


def test_classes_of_time_since_are_moderated_class_by_class() -> None:
    frame = acts_of(7)
    spans = {"since": ("1D", "4D")}
    terms = ["received_since*same_culture"]
    found = hs.return_hazard(log_of(frame), terms, people=people_of(frame), spans=spans)
    slopes = found.moderation("received_since", "same_culture")
    assert slopes.tidy()["contrast"].tolist() == ["received_within_1D", "received_within_4D"] * 2
    assert len(slopes.differences()) == 2
    turned = found.moderation("same_culture", "received_since").tidy()
    assert turned["value"].tolist() == ["longer ago, or never", "within 1D", "within 4D"]


def test_the_figure_of_moderation_draws_them() -> None:
    frame = acts_of(7)
    found = hs.return_hazard(log_of(frame), ["debt_log*same_culture"], people=people_of(frame))
    axes = moderation(found.moderation("debt_log", "same_culture"), Figure().subplots())
    assert axes.get_ylabel().replace("\n", " ") == "slope of debt_log on the log hazard of the next act"
    assert "Interaction: F(1" in alt_text(axes)


def test_names_of_people_and_order_of_rows_do_not_matter() -> None:
    frame = acts_of(8)
    people, near = people_of(frame), pairs_of(frame)
    terms = ["debt_log*received_channel", "debt_log*same_culture", "debt_log*near"]
    first = hs.return_hazard(log_of(frame), [*terms, near], people=people).tidy()
    new = {one: (4 * one + 1) % PEOPLE for one in range(PEOPLE)}
    other = frame.assign(sender=frame["sender"].map(new), receiver=frame["receiver"].map(new))
    turned = near.assign(ego=near["ego"].map(new), alter=near["alter"].map(new)).sample(
        frac=1, random_state=1
    )
    again = hs.return_hazard(
        log_of(other.sample(frac=1, random_state=2)),
        [*terms, turned],
        people=people.assign(id=people["id"].map(new)),
    ).tidy()
    pd.testing.assert_frame_equal(first, again, rtol=1e-6)


def test_what_cannot_moderate_is_refused() -> None:
    frame = acts_of(1)
    log, people = log_of(frame), people_of(frame)
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'received_channel'"):
        hs.return_hazard(log, ["debt*received_chanel"])
    with pytest.raises(hs.DesignError, match="have no topic, so 'received_topic' is not known"):
        hs.return_hazard(log, ["received_topic"])
    with pytest.raises(hs.ArgumentError, match="a product is of two: 'debt_log"):
        hs.return_hazard(log, ["debt*given_log*received_log"])
    with pytest.raises(hs.ArgumentError, match="a product is of two that differ"):
        hs.return_hazard(log, ["debt*debt"])
    with pytest.raises(hs.ArgumentError, match="covariates has 3"):
        hs.return_hazard(log, ["debt", 3])
    one = people.assign(culture="a")
    with pytest.raises(hs.DesignError, match="'ego_culture' is a wherever it is known"):
        hs.return_hazard(log, ["debt*ego_culture"], people=one)
    nobody = people.assign(culture=None)
    with pytest.raises(hs.DesignError, match="'ego_culture' is known of no row"):
        hs.return_hazard(log, ["debt*ego_culture"], people=nobody)
    with pytest.raises(hs.FitError, match="nothing tells"):
        hs.return_hazard(log, ["debt*ego_culture"], people=people, strata="ego")
    found = hs.return_hazard(log, ["debt:ego_culture", "given_log"], people=people)
    with pytest.raises(hs.ArgumentError, match="stands in a product alone"):
        found.moderation("debt", "ego_culture")
    with pytest.raises(hs.ArgumentError, match=r"no product of 'given_log' and 'debt'; .* 'given_log\*debt'"):
        found.moderation("given_log", "debt")
    with pytest.raises(hs.UnknownNameError, match="covariate"):
        found.moderation("given", "debt")
    both = hs.return_hazard(log, ["debt*ego_culture"], people=people)
    with pytest.raises(hs.UnknownNameError, match="level of ego_culture"):
        both.moderation("debt", "ego_culture", "z")
    with pytest.raises(hs.ArgumentError, match="'debt' is a number"):
        both.moderation("ego_culture", "debt", "much")
    twice = pairs_of(frame)
    with pytest.raises(hs.ArgumentError, match="a pair twice"):
        hs.return_hazard(log, ["debt", pd.concat([twice, twice])])


# ends of ties


@pytest.fixture(scope="module")
def ties() -> tuple[hs.Study, hs.TieSurvival]:
    much = hs.Disclosure(weekly=3.0, contact=0.5)
    culture = hs.Moderation(column="culture")
    made = hs.simulate_disclosure(seed=7, people=18, days=150, disclosure=much, moderation=culture)
    study = made.study()
    return study, hs.tie_survival(study, ["gradual*same_culture", "volume"], silence="10D", early="20D")


def test_ends_are_moderated_as_cox_has_it(ties) -> None:
    study, found = ties
    assert found.names == ("gradual", "same_culture", "volume", "gradual:same_culture")
    culture = study.people["culture"].to_numpy()
    every = found.ties
    same = (culture[every.low] == culture[every.high]).astype(float)
    gradual = every.paths["gradual"]
    X = np.column_stack([gradual, same, every.paths["volume"], gradual * same])
    keep = ~np.isnan(X).any(axis=1)
    other = PHReg(every.days[keep], X[keep], every.ended[keep].astype(int), ties="efron").fit()
    np.testing.assert_allclose(found.fit.beta, other.params, rtol=1e-6, atol=1e-8)
    slopes = found.moderation("gradual", "same_culture").tidy()
    expected = found.fit.beta[0] + found.fit.beta[3] * np.arange(2)
    assert slopes["estimate"].tolist() == pytest.approx(expected.tolist())
    total = len(found.codes[0]) + sum(found.left_out.values())
    assert total == study.log.dyads_in_contact


def test_ends_are_moderated_by_pairs_and_first_acts(ties) -> None:
    study, _ = ties
    log = study.log
    people = [str(one) for one in log.people]
    rng = np.random.default_rng(1)
    rows = [(one, other, rng.normal()) for place, one in enumerate(people) for other in people[:place]]
    near = pd.DataFrame(rows, columns=["ego", "alter", "near"])
    spans = {"silence": "10D", "early": "20D"}
    found = hs.tie_survival(log, ["gradual*near", near], **spans)
    turned = near.rename(columns={"ego": "alter", "alter": "ego"})
    again = hs.tie_survival(log, ["gradual*near", turned], **spans)
    np.testing.assert_allclose(found.fit.beta, again.fit.beta, rtol=1e-9)
    both = pd.concat([near, turned.assign(near=turned["near"] + 1)])
    with pytest.raises(hs.ArgumentError, match="'near' differs by direction"):
        hs.tie_survival(log, ["gradual*near", both], **spans)
    side = both.assign(side=np.where(both["near"] > 0, "x", "y")).drop(columns="near")
    with pytest.raises(hs.ArgumentError, match="'side' differs by direction"):
        hs.tie_survival(log, ["gradual"], by=side, **spans)
    with pytest.raises(hs.ArgumentError, match="a tie has no order: say same_ or gap_"):
        hs.tie_survival(study, ["gradual*ego_culture"], **spans)
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'same_culture'"):
        hs.tie_survival(study, ["gradual*same_cultur"], **spans)
    named = hs.tie_survival(study, ["gradual*same_culture"], by="same_culture", **spans)
    assert set(named.curves()["group"]) == {"other culture", "same culture"}
