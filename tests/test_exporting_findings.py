"""Exports: what a fresh reader found, each as a test that failed before."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.exporting.pseudonyms import pseudonym
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import NO_RANGE, Fact
from tests.shared import PROJECT

KEY = "sixteen letters or more"
DATA = (".csv", ".csv.gz", ".parquet", ".xlsx", ".dta", ".sav")


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


# who is who


def test_null_models_of_pairs_and_people_are_under_pseudonyms(study: hs.Study, tmp_path: Path) -> None:
    people = {f"P{place:02}" for place in range(1, 31)}
    for level, metric in (("dyad", "returned_share"), ("person", "people")):
        table = hs.standardise(study, metric, level=level, seed=1, draws=20)
        made = hs.export(table, tmp_path / f"{level}.csv", pseudonyms=KEY)
        written = b"".join(one.read_bytes() for one in made.paths)
        assert not any(one.encode() in written for one in people)


def test_columns_of_people_have_pseudonyms_whatever_is_said_of_them(tmp_path: Path) -> None:
    about = tuple(Fact(name, name, "design", "who", range=NO_RANGE) for name in ("person", "sender"))
    rows = pd.DataFrame({"person": ["Ann", "Bob"], "sender": ["Bob", "Ann"], "n": [1, 2]})
    made = hs.export(MetricTable("People", rows, about), tmp_path / "x.csv", pseudonyms=KEY)
    assert not any(b"Ann" in one.read_bytes() for one in made.paths)


def test_null_models_are_turned_as_each_metric_is(study: hs.Study, tmp_path: Path) -> None:
    names = ["net_giving", "give_share", "returned_share", "acts_ego", "acts_alter"]
    table = hs.standardise(study, names, seed=1, draws=20)
    back = hs.read_export(hs.export(table, tmp_path / "x.parquet", pseudonyms=KEY))
    assert (back["ego"] < back["alter"]).all()
    before = table.frame.assign(
        **{side: [pseudonym(KEY.encode(), one) for one in table.frame[side]] for side in ("ego", "alter")}
    )
    found = {(one.ego, one.alter, one.metric): one for one in back.itertuples()}
    assert len(found) == len(before)
    assert set(back.groupby(["ego", "alter"])["metric"].agg(tuple)) == {tuple(names)}
    partners = {"acts_ego": "acts_alter", "acts_alter": "acts_ego"}
    flips = 0
    for row in before.itertuples():
        if row.ego < row.alter:
            now = found[row.ego, row.alter, row.metric]
            sign, origin = 1.0, 0.0
        else:
            flips += 1
            now = found[row.alter, row.ego, partners.get(row.metric, row.metric)]
            turned = row.metric in ("net_giving", "give_share")
            sign, origin = -1.0 if turned else 1.0, float(row.metric == "give_share")
        assert [now.observed, now.expected] == pytest.approx(
            [origin + sign * row.observed, origin + sign * row.expected], nan_ok=True
        )
        assert now.z == pytest.approx(sign * row.z, nan_ok=True)
        ends = [row.p_low, row.p_high][:: int(sign)]
        assert [now.p_low, now.p_high] == pytest.approx(ends, nan_ok=True)
        assert (now.sd, now.defined_draws) == (pytest.approx(row.sd, nan_ok=True), row.defined_draws)
    assert 0 < flips < len(before)
    with pytest.raises(hs.DesignError, match="add 'acts_alter' to the table"):
        hs.export(hs.standardise(study, "acts_ego", seed=1, draws=20), tmp_path / "y.csv", pseudonyms=KEY)


def test_plain_pairs_are_never_turned(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "ego": ["A", "A", "B", "A", "C"],
            "alter": ["B", "C", "C", "D", "D"],
            "acts_ego": [5, 6, 7, 8, 9],
            "acts_alter": [1, 2, 3, 4, 0],
            "estimate_low": [0.4, 0.5, 0.6, 0.1, 0.2],
            "estimate_high": [0.6, 0.7, 0.8, 0.3, 0.4],
        }
    )
    made = hs.export(rows, tmp_path / "x.csv", pseudonyms=KEY)
    assert "Each pair has its sides as they were" in str(made)
    back = hs.read_export(made)
    now = {side: [pseudonym(KEY.encode(), one) for one in rows[side]] for side in ("ego", "alter")}
    expected = rows.assign(**now).sort_values(["ego", "alter"], ignore_index=True)
    pd.testing.assert_frame_equal(back, expected, check_dtype=False)


def test_the_ends_of_an_interval_are_no_partners(study: hs.Study, tmp_path: Path) -> None:
    class Pairs(MetricTable):
        directed = False

    rows = pd.DataFrame(
        {"ego": list("AAB"), "alter": list("BCC"), "x_low": [0.1, 0.2, 0.3], "x_high": [0.4, 0.5, 0.6]}
    )
    made = hs.export(Pairs("Pairs", rows), tmp_path / "x.csv", pseudonyms=KEY)
    back = hs.read_export(made)
    assert sorted(zip(back["x_low"], back["x_high"], strict=True)) == [(0.1, 0.4), (0.2, 0.5), (0.3, 0.6)]
    assert "Taken as the same whoever is ego: x_low, x_high." in made.said
