"""Figures: mistakes that a fresh reader found once, and that must not come back."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.special import expit
from sklearn import metrics

import honestsignals as hs
from honestsignals import figures
from honestsignals.figures.rows import fixed, nameless, signed
from honestsignals.figures.svg import svg
from honestsignals.inference import scores


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.simulate(people=14, days=21, seed=5).study()


def rows(axes: Axes) -> list[str]:
    return [one.get_text() for one in axes.get_yticklabels()]


# words


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        ("C(ego)[T.P02]", "C(ego)[a person]"),
        ("ego[T.P02]:log1p(acts_ego)", "ego[a person]:log1p(acts_ego)"),
        ("C(alter, contr.treatment(base='P01'))[T.P02]", "C(alter)[a person]"),
        ("C(ego)[T.P02]:C(alter)[T.P03]", "C(ego)[a person]:C(alter)[a person]"),
        ("C(ego)[T.a]b]", "C(ego)[a person]"),
        ("I(ego == 'P02')", "I(ego == 'a person')"),
        ("C(ego_office)[T.North]", "C(ego_office)[T.North]"),
        ("log1p(acts_ego)", "log1p(acts_ego)"),
    ],
)
def test_a_coefficient_of_a_person_names_nobody(term: str, shown: str) -> None:
    assert nameless(term) == shown
    frame = pd.DataFrame({"term": [term, "acts"], "estimate": [0.5, 1], "low": [0.1, 0], "high": [0.9, 2]})
    hidden = figures.draw("coefficients", frame)
    named = figures.draw("coefficients", frame, options={"names": True})
    joined = "".join(rows(hidden.axes[0])[0].split())
    assert joined == "".join(shown.split())
    assert "".join(rows(named.axes[0])[0].split()) == "".join(term.split())
    assert figures.alt_text(named) == figures.alt_text(hidden)
    assert f" {shown} 0.500 (0.100 to 0.900)" in figures.alt_text(hidden)


def test_a_fit_with_a_term_a_person_names_nobody(study) -> None:
    table = study.dyads(label="trust")
    found = hs.fit("trust ~ acts_ego + C(ego)", table, family="gaussian")
    made = figures.draw("coefficients", found)
    people = [str(one) for one in study.log.people]
    whole = figures.alt_text(made) + svg(made, "title", figures.alt_text(made))
    assert not [one for one in people if one in whole]
    assert any(
        people[1] in one for one in rows(figures.draw("coefficients", found, options={"names": True}).axes[0])
    )


def test_what_rounds_to_nothing_is_not_said_to_be_nothing() -> None:
    assert fixed(-2e-5) == "−2e−05"
    assert fixed(0.0004) == "0.0004"
    assert fixed(0.0005001) == "0.001"
    assert fixed(0.0) == fixed(-0.0).removeprefix("−") == fixed(1e-17) == "0.000"
    assert fixed(-np.inf) == "−∞"
    assert signed(2e-5) == "+2e−05"
    assert signed(-2e-5) == "−2e−05"
    assert signed(0.0) == signed(-1e-17) == "+0.000"
    assert signed(np.nan) == "–"
    tiny = pd.DataFrame({"study": ["a"], "estimate": [-2e-5], "low": [-3e-5], "high": [1e-5]})
    made = figures.draw("forest", tiny)
    assert "a −2e−05 (−3e−05 to 1e−05)." in figures.alt_text(made)
    (right,) = made.axes[0].child_axes
    assert rows(right) == ["−2e−05 (−3e−05 to 1e−05)"]


@pytest.mark.parametrize(("level", "said"), [(0.95, "95%"), (0.995, "99.5%"), (0.999, "99.9%"), (0.9, "90%")])
def test_a_level_is_told_as_it_is(study, level: float, said: str) -> None:
    found = hs.fit("trust ~ acts_ego", study.dyads(label="trust"), family="gaussian")
    made = figures.draw("coefficients", found, options={"level": level, "covariances": "pair"})
    assert f"with {said} intervals" in figures.alt_text(made)


def test_one_name_is_one_name(study) -> None:
    found = hs.fit("trust ~ log1p(acts_ego) + acts_alter", study.dyads(label="trust"), family="gaussian")
    one = figures.draw("coefficients", found, options={"terms": "log1p(acts_ego)"})
    assert rows(one.axes[0]) == ["log1p(acts_ego)"]
    tested = pd.DataFrame({"label": [0, 1, 0, 1], "volume": [0.1, 0.8, 0.9, 0.7], "b": [0.2, 0.8, 0.3, 0.7]})
    for name in ("roc", "precision_recall", "reliability"):
        assert "b" not in figures.alt_text(figures.draw(name, tested, options={"steps": "volume"})).split()


def test_an_option_that_there_is_not_is_refused() -> None:
    frame = pd.DataFrame({"term": ["acts"], "estimate": [0.5], "low": [0.1], "high": [0.9]})
    with pytest.raises(
        hs.UnknownNameError, match=r"Unknown option of coefficients 'trms'\. Did you mean 'terms'"
    ):
        figures.draw("coefficients", frame, options={"trms": ["acts"]})
    with pytest.raises(hs.UnknownNameError, match="Unknown option of coefficients 'axes'"):
        figures.draw("coefficients", frame, options={"axes": 1})
    with pytest.raises(hs.UnknownNameError, match="give_take has none"):
        figures.draw("give_take", frame, options={"names": True})
    with pytest.raises(hs.ArgumentError, match="options must be a mapping"):
        figures.draw("coefficients", frame, options=["terms"])


@pytest.mark.parametrize("name", ["a$b$", "$\\frac{", "a\\$b", "a\ufffeb", "a\x07b"])
def test_words_of_users_are_drawn_as_they_are(name: str, tmp_path) -> None:
    """No formula begins in a name, and every SVG is XML."""
    study = pd.DataFrame(
        {"study": [name, "two"], "estimate": [0.1, 0.2], "low": [0, 0.1], "high": [0.2, 0.3]}
    )
    tested = pd.DataFrame({"label": [0, 1, 0, 1, 1, 0], name: [0.1, 0.4, 0.35, 0.8, 0.6, 0.2]})
    learned = pd.DataFrame({"people": [1, 2], name: [0.1, 0.2], f"{name}_low": 0.1, f"{name}_high": 0.3})
    cases = [
        ("network", nx.DiGraph([(name, "bob"), ("bob", name)]), {"names": True}),
        ("forest", study, {"of": name}),
        ("coefficients", study.rename(columns={"study": "model"}).assign(term=name), {}),
        ("learning_curve", learned, {}),
        ("roc", tested, {}),
        ("reliability", tested, {}),
    ]
    if name != "a\x07b":  # which no log may hold
        time = pd.date_range("2024-01-01", periods=2, freq="20min").astype(str)
        acts = pd.DataFrame({"sender": [name, "bob"], "receiver": ["bob", name], "time": time})
        cases.append(("exchange", hs.read_log(acts), {"names": True}))
    for place, (figure, table, options) in enumerate(cases):
        figures.save(figures.draw(figure, table, options=options), tmp_path / f"{place}.svg")
        root = ElementTree.parse(tmp_path / f"{place}.svg").getroot()
        drawn = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
        shown = name.replace("\ufffe", "\ufffd").replace("\x07", "\ufffd")
        assert any(shown in one for one in drawn), (figure, drawn)


# what is drawn


def test_the_pair_with_most_acts_is_counted_in_acts() -> None:
    """A row may stand for several."""
    acts = pd.DataFrame({"sender": list("abac"), "receiver": list("babd"), "n": [1, 1, 1, 50]})
    acts["time"] = pd.date_range("2024-01-01", periods=4, freq="20min").astype(str)
    roles = {"sender": "sender", "receiver": "receiver", "time": "time", "count": "n"}
    log = hs.read_log(acts, columns=roles)
    made = figures.draw("exchange", log, options={"names": True})
    assert rows(made.axes[0]) == ["c gives", "d gives"]
    assert figures.alt_text(made).startswith("50 acts between two people")


def test_a_null_of_what_depends_on_names_is_refused(study) -> None:
    drawn = hs.null_draws(study, "net_giving", draws=19, seed=1)
    with pytest.raises(
        hs.DesignError, match=r"'net_giving' depends on who is called ego.*opposite sign.*Use imb"
    ):
        figures.draw("reciprocity_null", drawn)
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        figures.draw("reciprocity_null", hs.standardise(study, "net_giving", draws=19, seed=1))
    table = study.dyads(pairs="in contact", metrics=["net_giving"])
    values = table.frame["net_giving"].to_numpy()
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        figures.draw("reciprocity_null", table, options={"null": np.array([values]), "metric": "net_giving"})
    ordered = study.dyads(label="trust", metrics=["net_giving"])
    assert ordered.directed
    values = ordered.frame["net_giving"].to_numpy()
    options = {"null": np.array([values, -values]), "metric": "net_giving"}
    assert "net_giving of" in figures.alt_text(figures.draw("reciprocity_null", ordered, options=options))
    own = pd.DataFrame({"draw": [0, 0, 1, 1], "value": [0.1, 0.2, 0.3, 0.4], "metric": "my_own"})
    assert "my_own of 2 pairs" in figures.alt_text(figures.draw("reciprocity_null", own))


def test_rings_and_discs_of_one_count_are_one_size(study) -> None:
    axes = figures.draw("give_take", study.dyads(label="friendship")).axes[0]
    points = [one for one in axes.lines if one.get_marker() == "o"]
    outer = {one.get_markeredgewidth(): set() for one in points}
    for one in points:
        outer[one.get_markeredgewidth()].add(round(one.get_markersize() + one.get_markeredgewidth(), 9))
    assert len(outer) == 2
    first, second = outer.values()
    assert first == second


@pytest.mark.parametrize("weight", [(1.0, 10.0, 100.0), (1.0, 1.5, 2.0), (1.0, 50.0, 1e6)])
def test_areas_of_squares_are_weights(weight: tuple[float, ...]) -> None:
    frame = pd.DataFrame({"study": list("abc"), "estimate": [0, 1, 2], "low": [-1, 0, 1], "high": [1, 2, 3]})
    axes = figures.draw("forest", frame.assign(weight=weight)).axes[0]
    area = next(one.get_sizes() for one in axes.collections if len(one.get_offsets()) == 3)
    np.testing.assert_allclose(area / area[0], np.array(weight) / weight[0])
    assert area.max() <= 256
    assert area.min() >= 2 or weight[2] > 100


# scores


def test_scores_refuse_what_is_no_number() -> None:
    with pytest.raises(hs.ArgumentError, match="y holds what is no number"):
        scores.auc(["a", "b"], [0.1, 0.2])
    with pytest.raises(hs.ArgumentError, match="prediction holds what is no number"):
        scores.auc([0, 1], ["a", "b"])
    for score in (scores.ppv_at_base, scores.recall_at_base):
        with pytest.raises(hs.ArgumentError, match="base is None"):
            score([0, 1], [0.1, 0.2], None)


@pytest.mark.parametrize("centre", [-30.0, -10.0, 0.0, 10.0, 30.0])
def test_scores_of_order_do_not_depend_on_which_label_is_one(centre: float) -> None:
    """Near 1 as near 0, and as another library has them."""
    rng = np.random.default_rng(0)
    y = (rng.random(200) < 0.5).astype(float)
    p = expit(centre + rng.normal(size=200))
    one, other = scores.auc(y, p).value, scores.auc(1 - y, 1 - p).value
    assert other == pytest.approx(metrics.roc_auc_score(1 - y, 1 - p), abs=1e-12)
    assert one == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-12)
    if centre >= 0:  # there 1 - p is exact
        assert one == pytest.approx(other, abs=1e-12)
    precision = scores.average_precision(y, p).value
    assert precision == pytest.approx(metrics.average_precision_score(y, p), abs=1e-12)


def test_rounding_puts_no_rows_in_order() -> None:
    p = np.repeat([0.2, 0.7], 10)
    moved = p * (1 + np.tile([-1, 1], 10) * 2e-16)
    y = np.tile([0, 1], 10)
    assert scores.auc(y, moved).value == scores.auc(y, p).value == 0.5
    assert scores.auc(1 - y, 1 - moved).value == 0.5


@pytest.mark.parametrize("width", [3.4, 3.75])
@pytest.mark.parametrize(
    "ends", [(-0.0086, 0.0141), (-0.001, 0.0023), (-0.02, 0.04), (-0.3, 0.2), (0.0, 1e-4)]
)
def test_numbers_along_the_ladder_stand_apart(width: float, ends: tuple[float, float]) -> None:
    steps = pd.DataFrame({"step": ["base rate", "volume", "+ balance", "+ timing"], "brier": 0.1})
    gain = np.array([np.nan, 0.087, *ends])
    half = ends[1] * 0.9
    frame = steps.assign(brier_low=0.071, brier_high=0.234, brier_gain=gain, brier_gain_low=gain - half)
    made = figures.draw("ladder", frame.assign(brier_gain_high=gain + half), width=width)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.draw_without_rendering()
    renderer = FigureCanvasAgg(made).get_renderer()
    for panel in made.axes[0].child_axes:
        low, high = sorted(panel.xaxis.get_view_interval())
        ticks = [one for one in panel.xaxis.get_major_ticks() if low <= one.get_loc() <= high]
        boxes = [one.label1.get_window_extent(renderer) for one in ticks]
        assert boxes
        assert all(one.x1 + 4 <= other.x0 for one, other in pairwise(boxes))


def test_a_figure_too_narrow_for_its_legend_is_refused() -> None:
    with pytest.raises(hs.ArgumentError, match=r"from 3\.4 to 20\.0 inches"):
        figures.draw("ladder", pd.DataFrame(), width=2.4)


def test_a_coefficient_without_an_error_has_no_mark_where_another_error_has_one() -> None:
    from matplotlib.figure import Figure

    rows = {"term": ["acts", "acts"], "model": ["dyadic", "jackknife"], "estimate": [0.5, 0.5]}
    found = pd.DataFrame(rows | {"low": [np.nan, 0.1], "high": [np.nan, 0.9]})
    axes = hs.figures.coefficients(found, Figure().subplots())
    marks = [line.get_xdata() for line in axes.get_lines() if line.get_marker() not in ("None", "", None)]
    assert [bool(np.isnan(np.asarray(one, dtype=float)).all()) for one in marks[:2]] == [True, False]


def test_give_against_take_shows_classes_without_order(study: hs.Study) -> None:
    classed = hs.friendship_class(study, "trust", at_least=3).dyads(label="trust_class")
    assert classed.design.label_type == "nominal"
    made = figures.draw("give_take", classed)
    legend = [one.get_text() for one in made.axes[0].get_figure().findobj(match=mpl.text.Text)]
    there = set(classed.frame["trust_class"].dropna().astype(str))
    assert there <= set(legend)
    drawn = sum(len(line.get_xdata()) for line in made.axes[0].lines if line.get_marker() == "o")
    met = classed.frame[classed.frame["acts"] > 0]
    low, high = (met[["acts_ego", "acts_alter"]].agg(how, axis=1) for how in ("min", "max"))
    assert drawn == len(set(zip(low, high, met["trust_class"], strict=True)))


@pytest.mark.parametrize("size", ["width", "height"])
@pytest.mark.parametrize("value", [-1, 0, np.nan, np.inf, True, "a"])
def test_sizes_are_inches_that_can_be_drawn(size: str, value: object) -> None:
    studies = pd.DataFrame({"study": ["one"], "estimate": [0.1], "low": [0.0], "high": [0.2]})
    with pytest.raises(hs.ArgumentError, match=rf"{size} is .*; it must be from [\d.]+ to [\d.]+ inches"):
        figures.draw("forest", studies, **{size: value})


@pytest.mark.parametrize("name", figures.FIGURES)
def test_what_is_no_axes_is_not_drawn_on(name: str) -> None:
    for axes, kind in ((None, "NoneType"), (mpl.figure.Figure(), "Figure")):
        with pytest.raises(hs.ArgumentError, match=f"axes is {kind}; it must be one Axes"):
            getattr(figures, name)(pd.DataFrame(), axes)


def test_what_is_no_figure_is_not_saved(tmp_path) -> None:
    with pytest.raises(hs.ArgumentError, match="The figure is int; it must be a matplotlib Figure or Axes"):
        figures.save(5, tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def test_a_learning_curve_is_no_ladder() -> None:
    found = pd.DataFrame({"step": ["volume", "volume"], "people": [10, 20], "auc": [0.6, 0.7]})
    found = found.assign(auc_low=0.5, auc_high=0.8, auc_gain=0.1, auc_gain_low=0.0, auc_gain_high=0.2)
    for rows in (found, found[:1]):
        with pytest.raises(hs.ArgumentError, match="'learning_curve' draws it"):
            figures.draw("ladder", rows)
    with pytest.raises(hs.ArgumentError, match="Two rows are of the step 'volume'"):
        figures.draw("ladder", found.drop(columns="people"))
    figures.draw("ladder", found[:1].drop(columns="people"))
