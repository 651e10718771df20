"""The ladder of a report: nested models, what each step adds, and what it says."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.dyads import Design, DyadTable
from honestsignals.inference.wald import WaldTest
from honestsignals.metrics.registry import Fact
from honestsignals.reporting.ladder import Ladder, Step, ladder


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.simulate(people=30, days=84, seed=3).study()


@pytest.fixture(scope="module")
def made(study: hs.Study) -> Ladder:
    return ladder(study.dyads(label="friendship"))


def table_of(columns: dict[str, object], label_type: str = "continuous", people: int = 12) -> DyadTable:
    ego, alter = np.triu_indices(people, 1)
    frame = pd.DataFrame({"ego": ego, "alter": alter, **columns}).astype(float)
    about = tuple(Fact(name, name, "", "") for name in frame.columns)
    return DyadTable(frame, Design("closeness", label_type, possible=len(frame)), about)


def test_steps_are_nested_and_tested_as_fits_are(made: Ladder, study: hs.Study) -> None:
    table = study.dyads(label="friendship")
    terms: list[str] = []
    for step in made.steps:
        terms += step.adds
        alone = hs.fit(f"friendship ~ {' + '.join(terms)}", table)
        np.testing.assert_allclose(step.result.estimate.beta, alone.estimate.beta, rtol=1e-12)
        test = alone.wald(step.adds)
        assert step.test.p_value == pytest.approx(test.p_value, rel=1e-10)
        assert f"{test.statistic:.2f}" in step.sentence()
    assert terms == [
        "log1p(acts)",
        "log1p(active_days)",
        "in_contact",
        "known(returned_share)",
        "known(reply_rate)",
        "known(alternation)",
        "known(burstiness)",
    ]


def test_directed_labels_have_the_acts_of_each(study: hs.Study) -> None:
    made = ladder(study.dyads(label="trust"))
    assert made.steps[0].adds[:2] == ("log1p(acts_ego)", "log1p(acts_alter)")
    assert made.steps[1].adds == ("known(returned_share)", "known(net_giving)")
    assert made.family is not None
    assert made.family.name == "ordered_logit"


def test_terms_that_say_nothing_new_are_left_out_and_said() -> None:
    rng = np.random.default_rng(2)
    acts = rng.integers(0, 3, 66)
    made = ladder(
        table_of(
            {
                "acts_ego": np.minimum(acts, 1),
                "acts_alter": np.maximum(acts - 1, 0),
                "acts": acts,
                "in_contact": acts > 0,
                "returned_share": np.where(acts > 0, acts == 2, np.nan),
                "active_days": np.ones(66),
                "closeness": rng.normal(size=66),
            }
        )
    )
    volume, balance, _ = made.steps
    assert volume.adds == ("log1p(acts)", "in_contact")
    assert volume.without() == ["Left out of volume: log1p(active_days) is the same in every row."]
    assert balance.sentence() == (
        "Balance is not judged: known(returned_share) is a combination of log1p(acts) and in_contact. Where "
        "each of two people acted at most once, how much passed between them and whether it was returned are "
        "one fact."
    )


def test_a_step_says_which_way_it_points() -> None:
    rng = np.random.default_rng(0)
    acts = rng.integers(0, 6, 66)
    share = np.where(acts > 0, rng.random(66), np.nan)
    columns = {"acts": acts, "in_contact": acts > 0, "returned_share": share}
    for sign, shown in ((4, "more"), (-4, "less")):
        closeness = acts + sign * np.nan_to_num(share) + rng.normal(size=66)
        balance = ladder(table_of({**columns, "closeness": closeness})).steps[1]
        assert balance.sentence().endswith(
            f" The others held, more known(returned_share) goes with {shown} closeness."
        )


def test_too_few_rows_are_said_and_a_table_without_label_refused() -> None:
    acts = np.array([0, 1, 2])
    columns = {"acts": acts, "in_contact": acts > 0, "returned_share": acts / 4, "closeness": [1, 2, 4]}
    made = ladder(table_of(columns, people=3))
    assert "too few" in made.sentences()[0]
    unlabelled = dataclasses.replace(table_of(columns, people=3), design=Design())
    with pytest.raises(hs.DesignError, match="no label"):
        ladder(unlabelled)


@pytest.mark.parametrize(
    ("p", "beyond", "verdict"),
    [
        (0.049, ("volume",), "adds to volume: F(2, 30.0) = 4.00, p = 0.0490."),
        (
            0.05,
            ("volume",),
            "adds nothing that these data can show beyond volume: F(2, 30.0) = 4.00, p = 0.0500.",
        ),
        (0.5, (), "tells nothing of trust that these data can show: F(2, 30.0) = 4.00, p = 0.5000."),
        (0.00001, (), "tells of trust: F(2, 30.0) = 4.00, p < 0.0001."),
    ],
)
def test_the_test_decides_the_wording_and_stands_beside_it(p: float, beyond: tuple, verdict: str) -> None:
    step = Step("balance", "trust", beyond, ("x",), test=WaldTest(4.0, 2, 30.0, p, 8.0, ""))
    assert step.sentence() == f"Balance {verdict}"


def test_a_step_whose_test_has_no_number_says_why() -> None:
    test = WaldTest(math.nan, 2, 1.0, math.nan, math.nan, "no joint test: a variance is missing")
    assert Step("timing", "trust", ("volume",), ("x",), test=test).sentence() == (
        "Timing has estimates, but no joint test: a variance is missing."
    )


def test_ladder_prints_facts_first(made: Ladder) -> None:
    lines = str(made).splitlines()
    assert lines[0] == "Ladder of friendship"
    assert "+ balance" in str(made)
    assert "<table>" in made._repr_html_()
