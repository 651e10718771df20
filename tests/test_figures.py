"""Figures: what is drawn is what the table says, it can be read, and it is the same every time."""

from __future__ import annotations

import html
import inspect
import re
import sys
from itertools import combinations
from types import SimpleNamespace

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from sklearn import metrics as sklearn_metrics

import honestsignals as hs
from honestsignals import figures
from honestsignals.figures.registry import said_of
from honestsignals.figures.style import DARK, look, wrapped
from honestsignals.figures.svg import svg
from honestsignals.inference import curves
from tests.shared import PROJECT

WIDE, NARROW = 7.2, 3.75
LADDER = ("base rate", "volume", "+ balance", "+ timing")
LONG = tuple(f"+ known(returned_share__information):log1p(conversations_{place})" for place in range(20))


# what is drawn


def predictions(steps: tuple[str, ...] = LADDER, seed: int = 0, folds: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for fold in range(folds):
        y = np.append([0.0, 1.0], rng.random(58) < 0.3)
        part = pd.DataFrame({"division": fold // 2, "fold": fold % 2, "row": rng.permutation(90)[:60]})
        part = part.assign(ego="Zaphod", alter="Trillian", label=y)
        for place, step in enumerate(steps):
            heard = 0.0 if step == "base rate" else place**0.5 * y + rng.normal(size=60)
            part[step] = 1 / (1 + np.exp(1 - heard))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def tidied(steps: tuple[str, ...] = LADDER) -> pd.DataFrame:
    place = np.arange(len(steps))
    value = 0.5 + 0.05 * np.sqrt(place)
    gain = np.append(np.nan, np.diff(value))
    frame = pd.DataFrame({"step": steps, "terms": "", "auc": value, "auc_low": value - 0.05})
    return frame.assign(
        auc_high=value + 0.04, auc_gain=gain, auc_gain_low=gain - 0.02, auc_gain_high=gain + 0.03, wald_p=0.5
    )


def studies(count: int = 4) -> pd.DataFrame:
    value = np.linspace(-0.02, 0.05, count)
    names = [*(f"study {place}" for place in range(count - 1)), "a study whose name takes more than a line"]
    frame = pd.DataFrame({"study": names, "estimate": value, "low": value - 0.03, "high": value + 0.02})
    return frame.assign(weight=np.arange(count) + 1.0)


def coefficients(terms: tuple[str, ...]) -> pd.DataFrame:
    value = np.linspace(-1, 1, len(terms))
    return pd.DataFrame({"term": terms, "estimate": value, "low": value - 0.5, "high": value + 0.5})


def learned() -> pd.DataFrame:
    people = np.array([10, 20, 40])
    parts = [
        pd.DataFrame({"step": step, "people": people, "auc": 0.6 + place / 20 + people / 1000})
        for place, step in enumerate(("volume", "+ balance"))
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(auc_low=frame["auc"] - 0.05, auc_high=frame["auc"] + 0.05)


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.simulate(people=14, days=21, seed=5).study()


@pytest.fixture(scope="module")
def drawn_nulls(study) -> pd.DataFrame:
    return hs.null_draws(study, "returned_share", draws=39, seed=1)


@pytest.fixture(scope="module")
def trust(study) -> hs.DyadTable:
    return study.dyads(label="trust", metrics=["acts", "acts_ego", "acts_alter", "returned_share"])


@pytest.fixture(scope="module")
def bent() -> hs.DisclosureBend:
    return hs.disclosure_bend(hs.simulate_disclosure(seed=4, people=20, days=200).log, outcome="next_depth")


@pytest.fixture(scope="module")
def bent_spline() -> hs.DisclosureBend:
    log = hs.simulate_disclosure(seed=5, people=12, days=90).log
    return hs.disclosure_bend(log, outcome="return_hours", spline=True)


@pytest.fixture(scope="module")
def fitted(trust) -> hs.Result:
    return hs.fit("trust ~ log1p(acts_ego) + log1p(acts_alter) + known(returned_share)", trust)


@pytest.fixture(scope="module")
def permuted(trust) -> hs.Permutation:
    formula = "trust ~ log1p(acts_ego) + known(returned_share)"
    return hs.permute(formula, trust, family="gaussian", draws=99, seed=1)


@pytest.fixture(scope="module")
def moderated(trust) -> hs.ModeratedSlopes:
    return hs.moderation("trust ~ returned_share", trust, by="acts", family="gaussian")


@pytest.fixture(scope="module")
def fails() -> hs.ReciprocityFails:
    return hs.reciprocity_fails(hs.simulate_disclosure(seed=1, people=30, days=240).log)


@pytest.fixture(scope="module")
def stifled(fails) -> hs.Stifling:
    return fails.stifling(permutations=0)


@pytest.fixture(scope="module")
def matched() -> hs.Matching:
    return hs.matching(hs.simulate_disclosure(seed=4, people=20, days=200).log)


CASES = {
    "matching": lambda get: (get("matched"), {}),
    "matching of few": lambda get: (get("matched"), {"bins": 4}),
    "bend": lambda get: (get("bent"), {}),
    "bend of few": lambda get: (get("bent_spline"), {"bins": 5}),
    "give_take": lambda get: (get("study").dyads(label="friendship"), {}),
    "give_take of levels": lambda get: (get("trust"), {}),
    "network": lambda get: (get("study").log, {}),
    "network of pairs": lambda get: (get("trust"), {}),
    "exchange": lambda get: (get("study").log, {}),
    "event_study": lambda get: (get("stifled").event_study(), {}),
    "event_study of depth": lambda get: (get("stifled").event_study(2), {"of": "depth", "by": "opener"}),
    "sensitivity": lambda get: (get("stifled").sensitivity(["12h", "1D", "2D"]), {}),
    "sensitivity of fails": lambda get: (get("fails").sensitivity(), {}),
    "return_curve": lambda get: (hs.return_curves(get("study"), horizon="2D"), {}),
    "return_curve of kinds": lambda get: (hs.return_curves(get("study"), by="kind"), {"log_time": True}),
    "reciprocity_null": lambda get: (get("drawn_nulls"), {}),
    "reciprocity_null as z": lambda get: (
        hs.standardise(get("study"), "returned_share", draws=19, seed=1),
        {},
    ),
    "reciprocity_null of a network": lambda get: (
        hs.null_draws(get("study"), "reciprocity_weighted", level="network", null="degree", draws=19, seed=1),
        {"metric": "reciprocity_weighted"},
    ),
    "coefficients": lambda get: (get("fitted"), {}),
    "coefficients of twenty": lambda _: (coefficients(LONG), {}),
    "moderation": lambda get: (get("moderated"), {}),
    "moderation of levels": lambda get: (
        hs.moderation("trust ~ returned_share", get("trust"), by="same_office"),
        {"scale": "label", "outcome": "3"},
    ),
    "permutation_null": lambda get: (get("permuted"), {}),
    "permutation_null of one": lambda get: (get("permuted"), {"term": "log1p(acts_ego)"}),
    "forest": lambda _: (studies(), {"pooled": (0.01, -0.01, 0.03), "prediction": (-0.04, 0.06)}),
    "ladder": lambda _: (tidied(), {}),
    "ladder of twenty": lambda _: (tidied(("base rate", *LONG)), {}),
    "roc": lambda _: (predictions(), {}),
    "roc of eight": lambda _: (predictions(("base rate", *LONG[:8])), {}),
    "precision_recall": lambda _: (predictions(), {}),
    "reliability": lambda _: (predictions(), {}),
    "learning_curve": lambda _: (learned(), {}),
}


@pytest.fixture(scope="module", params=list(CASES))
def case(request):
    table, options = CASES[request.param](request.getfixturevalue)
    return request.param.split(" ")[0], table, options


def test_every_figure_is_listed_exported_and_tried() -> None:
    assert {one.split(" ")[0] for one in CASES} == set(figures.FIGURES)
    for name, one in figures.FIGURES.items():
        assert getattr(figures, name) is one.function
        assert name in figures.__all__
        parameters = list(inspect.signature(one.function).parameters.values())
        assert [parameter.name for parameter in parameters[:2]] == ["table", "axes"]
        assert all(parameter.default is not parameter.empty for parameter in parameters[2:])
        assert one.title
        assert one.needs
    assert hs.figures is figures


def overlaps(one, other, slack: float = 1.0) -> bool:
    return (
        min(one.x1, other.x1) - max(one.x0, other.x0) > slack
        and min(one.y1, other.y1) - max(one.y0, other.y0) > slack
    )


def written(made: Figure) -> list[Text]:
    """Every word that is seen: names of axes, numbers along them, legends, and what stands inside."""
    found: list[Text] = []
    for axes in made.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            found += [one.label1 for one in axis.get_major_ticks() if low <= one.get_loc() <= high]
            found += [one.label2 for one in axis.get_major_ticks() if low <= one.get_loc() <= high]
            found.append(axis.label)
        found += axes.texts
    for legend in made.findobj(Legend):
        found += [*legend.get_texts(), legend.get_title()]
    return [one for one in dict.fromkeys(found) if one.get_visible() and one.get_text().strip()]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_can_be_read_at_either_width(case, width: float) -> None:
    """No word on another, nothing beyond the edge, no legend on what is drawn, no title."""
    name, table, options = case
    before = dict(mpl.rcParams)
    made = figures.draw(name, table, width=width, options=options)
    canvas = FigureCanvasAgg(made)
    made.draw_without_rendering()
    assert dict(mpl.rcParams) == before
    assert made.get_size_inches()[0] == width
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in written(made)]
    assert len(boxes) >= 3
    edge = made.bbox
    for text, box in boxes:
        assert box.x0 >= edge.x0 - 1, text
        assert box.x1 <= edge.x1 + 1, text
        assert box.y0 >= edge.y0 - 1, text
        assert box.y1 <= edge.y1 + 1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not overlaps(first, second), (one, other)
    for axes in made.axes:
        assert axes.get_title() == ""
        for legend in axes.findobj(Legend):
            assert not overlaps(legend.get_window_extent(), axes.get_window_extent())


def test_the_same_table_gives_the_same_bytes_in_colours_that_pages_can_change(case, study) -> None:
    name, table, options = case
    plt = sys.modules.get("matplotlib.pyplot")
    known = plt.get_fignums() if plt else []
    made = figures.draw(name, table, options=options)
    words = figures.alt_text(made)
    text = svg(made, "A figure", words)
    assert text == svg(figures.draw(name, table, options=options), "A figure", words)
    assert {one.lower() for one in re.findall(r"#[0-9a-fA-F]{6}\b", text)} <= set(figures.COLOURS)
    assert "<text" in text
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(ids) == set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    # words have numbers, and nobody is named
    assert re.search(r"\d", words)
    assert words.endswith(".")
    assert words == figures.alt_text(made.axes[0])
    for one in (*study.log.people, "Zaphod", "Trillian"):
        assert str(one) not in text
    plt = sys.modules.get("matplotlib.pyplot")
    assert (plt.get_fignums() if plt else []) == known


def test_two_figures_of_one_page_share_no_id() -> None:
    made = figures.draw("roc", predictions())
    one, other = (set(re.findall(r' id="([^"]*)"', svg(made, title, ""))) for title in ("One", "Other"))
    assert one
    assert not one & other


def test_a_user_s_own_axes_are_drawn_on_and_returned(case) -> None:
    name, table, options = case
    with mpl.rc_context({"axes.facecolor": "black", "lines.linewidth": 9.0, "axes.grid": True}):
        before = dict(mpl.rcParams)
        axes = Figure(figsize=(9, 6)).subplots()
        assert getattr(figures, name)(table, axes, **options) is axes
        assert dict(mpl.rcParams) == before
    assert all(line.get_linewidth() < 9 for line in axes.lines if line.get_linestyle() != "None")


def test_a_user_s_settings_do_not_change_a_figure_of_our_own() -> None:
    plain = svg(figures.draw("roc", predictions()), "ROC", "words")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9.0, "axes.grid": True, "figure.dpi": 300}):
        assert svg(figures.draw("roc", predictions()), "ROC", "words") == plain


# colours


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_colours_can_be_told_on_light_and_on_dark_paper_and_from_one_another() -> None:
    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    assert set(DARK) == set(figures.COLOURS)
    for place in range(6):
        colour = look(place).colour
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(DARK[colour], "#14181d") >= 3
    assert len({look(place) for place in range(42)}) == 42
    # in grey, neighbours differ by line and by marker
    for place in range(41):
        assert look(place).line != look(place + 1).line
        assert look(place).marker != look(place + 1).marker


# predictions


def test_roc_is_the_mean_of_the_curves_of_folds() -> None:
    frame = predictions()
    axes = figures.roc(frame, Figure().subplots())
    grid = np.linspace(0, 1, 201)
    drawn = axes.lines[1:]
    assert len(drawn) == 3
    for line, step in zip(drawn, LADDER[1:], strict=True):
        heights, scores = [], []
        for _, part in frame.groupby(["division", "fold"]):
            x, y, _ = sklearn_metrics.roc_curve(part["label"], part[step], drop_intermediate=False)
            # the highest point where the curve rises straight up
            heights.append([max(y[x <= at + 1e-12][-1], np.interp(at, x, y)) for at in grid])
            scores.append(sklearn_metrics.roc_auc_score(part["label"], part[step]))
        np.testing.assert_allclose(line.get_xdata()[1:], grid)
        np.testing.assert_allclose(line.get_ydata()[1:], np.mean(heights, axis=0), atol=1e-10)
        assert f"{step} {np.mean(scores):.3f}" in figures.alt_text(axes)
    (legend,) = axes.findobj(Legend)
    names = [text.get_text() for text in legend.get_texts()]
    assert len(names) == 5
    assert names[0].startswith("volume (.")
    assert names[-1] == "chance (AUC .500)"


def test_precision_is_averaged_at_the_same_recall_and_the_base_rate_is_a_line() -> None:
    frame = predictions()
    axes = figures.precision_recall(frame, Figure().subplots())
    base = np.mean([part["label"].mean() for _, part in frame.groupby(["division", "fold"])])
    assert axes.lines[0].get_ydata() == pytest.approx([base, base])
    for line, step in zip(axes.lines[1:], LADDER[1:], strict=True):
        heights, scores = [], []
        for _, part in frame.groupby(["division", "fold"]):
            precision, recall, _ = sklearn_metrics.precision_recall_curve(part["label"], part[step])
            # by falling recall: the last that reaches it is the highest threshold that does
            heights.append([precision[:-1][recall[:-1] >= at - 1e-9][-1] for at in line.get_xdata()])
            scores.append(sklearn_metrics.average_precision_score(part["label"], part[step]))
        np.testing.assert_allclose(line.get_ydata(), np.mean(heights, axis=0), atol=1e-10)
        assert f"{step} {np.mean(scores):.3f}" in figures.alt_text(axes)
    assert f"base rate is {base:.3f}" in figures.alt_text(axes)


@pytest.mark.parametrize("seed", range(5))
def test_curves_are_those_of_another_library_with_ties_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = (rng.random(40) < 0.4).astype(float), rng.integers(0, 9, 40) / 10
    y[:2] = 0, 1
    x, height = curves.roc_curve(y, p)
    there, found, _ = sklearn_metrics.roc_curve(y, p, drop_intermediate=False)
    np.testing.assert_allclose(x, there)
    np.testing.assert_allclose(height, found)
    assert np.trapezoid(height, x) == pytest.approx(sklearn_metrics.roc_auc_score(y, p))
    recall, precision = curves.precision_recall_curve(y, p)
    found, there, _ = sklearn_metrics.precision_recall_curve(y, p)
    np.testing.assert_allclose(recall, there[:-1][::-1])
    np.testing.assert_allclose(precision, found[:-1][::-1])


def test_calibration_bins_are_those_made_by_hand() -> None:
    rng = np.random.default_rng(3)
    y, p = (rng.random(100) < 0.3).astype(float), rng.permutation(100) / 100
    predicted, observed, rows = curves.calibration_bins(y, p, 5)
    order = np.argsort(p)
    for place, part in enumerate(np.array_split(order, 5)):
        assert predicted[place] == pytest.approx(p[part].mean())
        assert observed[place] == pytest.approx(y[part].mean())
        assert rows[place] == 20
    # equal predictions stay together
    predicted, _, rows = curves.calibration_bins(y, np.where(p < 0.9, 0.2, p), 5)
    assert predicted[0] == pytest.approx(0.2)
    assert rows[0] == 90
    assert rows.sum() == 100
    with pytest.raises(hs.ArgumentError, match="bins is 0"):
        curves.calibration_bins(y, p, 0)


def test_reliability_has_a_point_a_bin_and_a_bar_a_prediction() -> None:
    frame = predictions()
    axes = figures.reliability(frame, Figure().subplots(), bins=8)
    above, below = axes.child_axes
    for line, step in zip(above.lines[1:], LADDER[1:], strict=True):
        predicted, observed, _ = curves.calibration_bins(frame["label"], frame[step], 8)
        np.testing.assert_allclose(line.get_xydata(), np.stack([predicted, observed], axis=1))
    assert sum(bar.get_height() for bar in below.patches) == len(frame)
    assert above.get_xlim() == below.get_xlim()
    words = figures.alt_text(axes)
    assert "360 predictions" in words
    assert f"{frame['row'].nunique()} rows tested in 6 folds of 3 divisions" in words


def test_reliability_draws_means_and_tells_what_is_missing() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=50)
    frame = pd.DataFrame({"label": y, "volume": y + rng.normal(size=50)})
    frame.loc[3, "volume"] = np.nan
    axes = figures.reliability(frame, Figure().subplots())
    assert "mean of the label" in axes.child_axes[0].get_ylabel()
    assert "1 prediction missing" in figures.alt_text(axes)
    with pytest.raises(hs.DesignError, match="binary label"):
        figures.roc(frame, Figure().subplots())


def test_folds_without_both_answers_are_left_out_and_counted() -> None:
    frame = predictions()
    frame.loc[(frame["division"] == 0) & (frame["fold"] == 0), "label"] = 0.0
    for name in ("roc", "precision_recall"):
        axes = getattr(figures, name)(frame, Figure().subplots())
        (legend,) = axes.findobj(Legend)
        assert "5 of 6 folds" in legend.get_title().get_text()
        assert "1 of the folds have no curve" in figures.alt_text(axes)
        axes = getattr(figures, name)(frame.assign(label=0.0), Figure().subplots())
        assert "No fold has pairs both with and without" in figures.alt_text(axes)
        assert "No fold has" in axes.texts[0].get_text()


def test_rows_may_come_in_any_order() -> None:
    frame = predictions()
    mixed = frame.sample(frac=1, random_state=4)
    for name in ("roc", "precision_recall", "reliability"):
        one, other = (getattr(figures, name)(part, Figure().subplots()) for part in (frame, mixed))
        lines = [
            [*axes.lines, *(line for panel in axes.child_axes for line in panel.lines)]
            for axes in (one, other)
        ]
        assert len(lines[0]) == 4
        for first, second in zip(*lines, strict=True):
            np.testing.assert_allclose(first.get_xydata(), second.get_xydata(), atol=1e-12)


def test_an_evaluation_tells_its_label_and_a_step_can_be_chosen() -> None:
    made = SimpleNamespace(predictions=predictions(), label="friendship")
    axes = figures.roc(made, Figure().subplots(), steps=["volume"])
    assert " ".join(axes.get_xlabel().split()) == "share of pairs without friendship that are flagged"
    assert len(axes.lines) == 2
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'volume'"):
        figures.roc(made, Figure().subplots(), steps=["volumes"])


@pytest.mark.parametrize("name", ["roc", "precision_recall", "reliability"])
def test_what_has_no_predictions_is_refused(name: str) -> None:
    draw = getattr(figures, name)
    with pytest.raises(hs.ArgumentError, match="needs predictions"):
        draw(pd.DataFrame({"volume": [0.1]}), Figure().subplots())
    with pytest.raises(hs.ArgumentError, match="got int"):
        draw(3, Figure().subplots())
    with pytest.raises(hs.DesignError, match="no step beyond the base rate"):
        draw(predictions(("base rate",)), Figure().subplots())
    levels = pd.DataFrame({"label": [1, 2], "volume[1]": [0.5, 0.5], "volume[2]": [0.5, 0.5]})
    with pytest.raises(hs.DesignError, match="several levels"):
        draw(levels, Figure().subplots())
    with pytest.raises(hs.DesignError, match="The label is no number in 1 row of 2"):
        draw(pd.DataFrame({"label": [1, None], "volume": [0.5, 0.5]}), Figure().subplots())


# estimates


def test_the_ladder_has_scores_gains_and_their_intervals() -> None:
    frame = tidied()
    axes = figures.ladder(frame, Figure().subplots())
    left, right = axes.child_axes
    for panel, stem, upright in ((left, "auc", 0), (right, "auc_gain", 1)):
        points = next(line for line in panel.lines if line.get_marker() in ("o", "D"))
        # the first gain is beyond the scale of the others: a number stands for it
        known = frame.dropna(subset=[stem]).iloc[upright:]
        drawn = points.get_xdata()
        np.testing.assert_allclose(drawn[~np.isnan(drawn)], known[stem])
        (ends,) = panel.collections
        drawn = [segment[:, 0] for segment in ends.get_segments()]
        np.testing.assert_allclose(drawn, known[[f"{stem}_low", f"{stem}_high"]])
        assert len(panel.lines) == 1 + upright
        assert panel.get_ylim() == left.get_ylim()
    assert [label.get_text() for label in left.get_yticklabels()] == list(LADDER)
    assert [text.get_text() for text in right.texts] == ["+0.050 →"]
    assert "gain +0.050 (+0.030 to +0.080)" in figures.alt_text(axes)


def test_gains_that_fit_one_scale_are_all_drawn() -> None:
    frame = tidied().assign(auc_gain=[np.nan, 0.02, 0.021, -0.01])
    frame = frame.assign(auc_gain_low=frame["auc_gain"] - 0.01, auc_gain_high=frame["auc_gain"] + 0.01)
    right = figures.ladder(frame, Figure().subplots()).child_axes[1]
    points = next(line for line in right.lines if line.get_marker() == "D")
    np.testing.assert_allclose(points.get_xdata(), frame["auc_gain"])
    assert not right.texts
    low, high = right.get_xlim()
    assert low < -0.02 < 0.031 < high


def test_a_score_whose_fall_is_better_says_so() -> None:
    frame = tidied().rename(columns=lambda name: name.replace("auc", "brier"))
    axes = figures.ladder(frame, Figure().subplots())
    assert axes.child_axes[0].get_xlabel() == "Brier score, lower is better"
    assert axes.child_axes[1].get_xlabel() == "fall in Brier score over the step\nbefore"
    both = pd.concat([tidied(), frame.drop(columns=["step", "terms", "wald_p"])], axis=1)
    assert (
        figures.ladder(both, Figure().subplots(), score="brier")
        .child_axes[0]
        .get_xlabel()
        .startswith("Brier")
    )
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'brier'"):
        figures.ladder(both, Figure().subplots(), score="briers")
    with pytest.raises(hs.DesignError, match="no score with an interval and a gain"):
        figures.ladder(frame[["step", "brier"]], Figure().subplots())
    with pytest.raises(hs.UnknownNameError, match="Unknown column 'step'"):
        figures.ladder(frame.drop(columns="step"), Figure().subplots())


def test_coefficients_have_the_intervals_of_every_covariance(fitted) -> None:
    axes = figures.coefficients(fitted, Figure().subplots())
    ladder = fitted.ladder()
    terms = [label.get_text().replace("\n", "") for label in axes.get_yticklabels()]
    assert terms == [name for name in fitted.model.names if name != "Intercept"]
    assert not set(terms) & set(fitted.cut_points)
    (legend,) = axes.findobj(Legend)
    assert len(legend.get_texts()) == len(ladder.covariances)
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert len({(line.get_marker(), line.get_color()) for line in points}) == len(points)
    for name, line, ends in zip(ladder.covariances, points, axes.collections, strict=True):
        found = fitted.with_covariance(name).tidy().set_index("term").loc[terms]
        np.testing.assert_allclose(line.get_xdata(), found["estimate"])
        drawn = [segment[:, 0] for segment in ends.get_segments()]
        np.testing.assert_allclose(drawn, found[["low", "high"]])
    words = figures.alt_text(axes)
    last = fitted.with_covariance("jackknife").tidy().iloc[0]
    assert f"{last['term']} {last['estimate']:.3f}".replace("-", "−") in words
    assert "Classical intervals are" in words


def test_coefficients_can_be_chosen_and_come_from_a_frame(fitted) -> None:
    axes = figures.coefficients(
        fitted, Figure().subplots(), terms=["log1p(acts_ego)"], covariances=["dyadic"]
    )
    assert len(axes.collections) == 1
    assert not axes.findobj(Legend)
    with pytest.raises(hs.UnknownNameError, match="Did you mean"):
        figures.coefficients(fitted, Figure().subplots(), terms=["acts_ego)"])
    with pytest.raises(hs.ArgumentError, match="level is 95"):
        figures.coefficients(fitted, Figure().subplots(), level=95)
    two = pd.concat([coefficients(("a", "b")).assign(model="one"), coefficients(("b",)).assign(model="two")])
    axes = figures.coefficients(two, Figure().subplots())
    (legend,) = axes.findobj(Legend)
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    assert [len(ends.get_segments()) for ends in axes.collections] == [2, 1]
    with pytest.raises(hs.UnknownNameError, match="Unknown column 'low'"):
        figures.coefficients(two.drop(columns="low"), Figure().subplots())
    with pytest.raises(hs.ArgumentError, match="of a fit"):
        figures.coefficients(two, Figure().subplots(), covariances=["dyadic"])
    only = coefficients(("Intercept",))
    assert "no coefficient beside" in figures.alt_text(figures.coefficients(only, Figure().subplots()))


def test_the_forest_has_squares_by_weight_and_the_pooled_diamond() -> None:
    frame = studies()
    axes = figures.forest(
        frame, Figure(figsize=(7, 4)).subplots(), pooled=(0.01, -0.01, 0.03), of="gain in AUC"
    )
    squares = next(one for one in axes.collections if len(one.get_offsets()) == 4)
    np.testing.assert_allclose(squares.get_offsets()[:, 0], frame["estimate"])
    area = squares.get_sizes()
    np.testing.assert_allclose(area / area.max(), frame["weight"] / frame["weight"].max())
    (diamond,) = axes.patches
    corners = diamond.get_xy()[:, 0]
    assert (corners.min(), corners.max()) == pytest.approx((-0.01, 0.03))
    words = figures.alt_text(axes)
    assert words.startswith("Gain in AUC of 4 studies with 95 % intervals: study 0 −0.020 (−0.050 to 0.000)")
    assert "Together 0.010 (−0.010 to 0.030)." in words
    (right,) = axes.child_axes
    assert [one.get_text() for one in right.get_yticklabels()][-1] == "0.010 (−0.010 to 0.030)"
    meta = SimpleNamespace(studies=frame, pooled=(0.01, -0.01, 0.03), prediction=None, of="gain in AUC")
    assert figures.alt_text(figures.forest(meta, Figure().subplots())) == words
    assert "no study" in figures.alt_text(figures.forest(frame.head(0), Figure().subplots()))
    with pytest.raises(hs.UnknownNameError, match="Unknown column 'high'"):
        figures.forest(frame.drop(columns="high"), Figure().subplots())


def test_the_learning_curve_has_a_point_a_number_of_people() -> None:
    axes = figures.learning_curve(learned(), Figure().subplots())
    assert [line.get_xdata().tolist() for line in axes.lines] == [[10, 20, 40]] * 2
    assert axes.get_ylabel() == "AUC"
    assert "volume: 10 people 0.610 (0.560 to 0.660)" in figures.alt_text(axes)
    assert len(axes.collections) == 2
    more = pd.concat([learned(), learned().query("step == 'volume'").assign(step="+ timing")])
    upright = figures.learning_curve(more, Figure().subplots()).collections
    assert [len(ends.get_segments()) for ends in upright] == [3, 3, 3]
    base = pd.concat([learned().query("step == 'volume'").assign(step="base rate"), learned()])
    assert figures.alt_text(figures.learning_curve(base, Figure().subplots())) == figures.alt_text(axes)
    with pytest.raises(hs.UnknownNameError, match="Unknown column 'people'"):
        figures.learning_curve(learned().drop(columns="people"), Figure().subplots())
    with pytest.raises(hs.UnknownNameError, match="needs an interval"):
        figures.learning_curve(learned().drop(columns="auc_low"), Figure().subplots())
    with pytest.raises(hs.ArgumentError, match="needs a learning curve"):
        figures.learning_curve([1, 2], Figure().subplots())
    nothing = figures.learning_curve(learned().head(0), Figure().subplots())
    assert "no point" in figures.alt_text(nothing)


# chance


def test_null_draws_are_those_that_standardise_sums_up(study) -> None:
    drawn = hs.null_draws(study, ["returned_share", "imbalance"], draws=29, seed=3)
    found = hs.standardise(study, ["returned_share", "imbalance"], draws=29, seed=3).frame
    assert set(drawn["draw"]) == set(range(30))
    for name, part in found.groupby("metric"):
        values = drawn[drawn["metric"] == name].pivot_table(
            index=drawn.groupby(["draw", "metric"]).cumcount(), columns="draw", values="value", dropna=False
        )
        np.testing.assert_array_equal(values[0], part["observed"])
        np.testing.assert_allclose(values.drop(columns=0).mean(axis=1), part["expected"])
        defined = values.drop(columns=0).notna().sum(axis=1)
        np.testing.assert_array_equal(defined, part["defined_draws"])
    with pytest.raises(hs.ArgumentError, match="draws is 5"):
        hs.null_draws(study, "returned_share", draws=5)


def test_the_band_holds_95_percent_of_draws(drawn_nulls) -> None:
    axes = figures.reciprocity_null(drawn_nulls, Figure().subplots())
    observed, band, mean = (patch for patch in axes.patches)
    edges = np.linspace(0, 1, 21)

    def shares(draw: int) -> np.ndarray:
        values = drawn_nulls.loc[drawn_nulls["draw"] == draw, "value"].dropna()
        return np.histogram(values, edges)[0] / len(values)

    np.testing.assert_allclose(observed.get_data().values, shares(0))
    each = np.array([shares(draw) for draw in range(1, 40)])
    low, high = np.quantile(each, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(band.get_data().values, high)
    np.testing.assert_allclose(band.get_data().baseline, low)
    np.testing.assert_allclose(mean.get_data().values, each.mean(axis=0))
    first = drawn_nulls.loc[drawn_nulls["draw"] == 0, "value"]
    assert f"mean {first.mean():.3f} as observed; in 39 draws" in figures.alt_text(axes)


def test_a_table_of_pairs_may_come_with_draws(study, drawn_nulls) -> None:
    table = study.dyads(pairs="in contact", metrics=["returned_share"])
    apart = figures.reciprocity_null(table, Figure().subplots(), null=drawn_nulls)
    assert figures.alt_text(apart) == figures.alt_text(
        figures.reciprocity_null(drawn_nulls, Figure().subplots())
    )
    rows = drawn_nulls[drawn_nulls["draw"] > 0]["value"].to_numpy().reshape(39, -1)
    plain = figures.reciprocity_null(table.frame, Figure().subplots(), null=rows, metric="returned_share")
    assert figures.alt_text(plain) == figures.alt_text(apart)


def test_what_has_no_null_is_refused(study, drawn_nulls) -> None:
    table = study.dyads(pairs="in contact", metrics=["returned_share"])
    axes = Figure().subplots()
    with pytest.raises(hs.ArgumentError, match="A table of pairs has no null"):
        figures.reciprocity_null(table, axes)
    with pytest.raises(hs.UnknownNameError, match="Unknown metric 'imbalance'"):
        figures.reciprocity_null(table, axes, null=drawn_nulls, metric="imbalance")
    with pytest.raises(hs.UnknownNameError, match="Unknown metric 'returned'"):
        figures.reciprocity_null(drawn_nulls, axes, metric="returned")
    with pytest.raises(hs.ArgumentError, match="got int"):
        figures.reciprocity_null(3, axes)
    with pytest.raises(hs.DesignError, match="No draw is 0"):
        figures.reciprocity_null(drawn_nulls[drawn_nulls["draw"] > 0], axes)
    with pytest.raises(hs.DesignError, match="no draw of the null model"):
        figures.reciprocity_null(drawn_nulls[drawn_nulls["draw"] == 0], axes)
    network = hs.standardise(study, "reciprocity_weighted", level="network", null="degree", draws=19, seed=1)
    with pytest.raises(hs.DesignError, match="keeps no draws"):
        figures.reciprocity_null(network, axes)
    nothing = drawn_nulls.assign(value=np.where(drawn_nulls["draw"] == 0, np.nan, drawn_nulls["value"]))
    assert "is defined nowhere" in figures.alt_text(figures.reciprocity_null(nothing, Figure().subplots()))


def test_z_are_counted(study) -> None:
    found = hs.standardise(study, "returned_share", draws=19, seed=1)
    axes = figures.reciprocity_null(found, Figure().subplots())
    z = found.frame["z"].dropna()
    assert sum(bar.get_height() for bar in axes.patches) == len(z)
    assert f"{int((z > 1.96).sum())} above 1.96" in figures.alt_text(axes)
    assert f"{found.frame['z'].isna().sum()} without z" in figures.alt_text(axes)


def test_permutations_of_one_coefficient_are_counted(permuted) -> None:
    axes = figures.permutation_null(permuted, Figure().subplots(), term="log1p(acts_ego)")
    place = permuted.names.index("log1p(acts_ego)")
    assert sum(bar.get_height() for bar in axes.patches) == 99
    at = permuted.found.statistic[place]
    assert [line.get_xdata()[0] for line in axes.lines] == [at, -at]
    words = figures.alt_text(axes)
    assert f"p = {permuted.found.p_value[place]:.4f}" in words
    assert "99 permutations" in words
    with pytest.raises(hs.UnknownNameError, match="Unknown coefficient"):
        figures.permutation_null(permuted, Figure().subplots(), term="balance")
    with pytest.raises(hs.ArgumentError, match="same after every permutation"):
        figures.permutation_null(permuted, Figure().subplots(), term="Intercept")
    with pytest.raises(hs.ArgumentError, match="got DataFrame"):
        figures.permutation_null(permuted.tidy(), Figure().subplots())


def test_permutations_of_all_coefficients_have_a_row_each(permuted) -> None:
    axes = figures.permutation_null(permuted, Figure().subplots())
    (marks,) = (line for line in axes.lines if line.get_marker() == "D")
    np.testing.assert_allclose(marks.get_xdata(), permuted.found.statistic[1:])
    null = permuted.null().iloc[1:]
    thin, thick = axes.collections
    np.testing.assert_allclose([one[:, 0] for one in thin.get_segments()], null[["q025", "q975"]])
    assert thick.get_linewidth()[0] > thin.get_linewidth()[0]


# pairs and people


def test_the_network_marks_ties_that_both_give(study) -> None:
    table = study.dyads(pairs="in contact", metrics=["acts_ego", "acts_alter"])
    axes = figures.network(table, Figure().subplots())
    both = int(((table.frame["acts_ego"] > 0) & (table.frame["acts_alter"] > 0)).sum())
    mutual, single = axes.lines
    assert (mutual.get_color(), single.get_color()) == ("#d55e00", "#59636e")
    assert int(np.isnan(mutual.get_xdata()).sum()) == both
    assert int(np.isnan(single.get_xdata()).sum()) == len(table) - both
    assert mutual.get_linewidth() > 2 * single.get_linewidth()
    assert f"in {both} both give and in {len(table) - both} only one does" in figures.alt_text(axes)
    # a log has those whom no pair has
    of_log = figures.alt_text(figures.network(study.log, Figure().subplots()))
    assert of_log.startswith("14 people, 1 without a tie.")
    assert of_log.partition(". ")[2] == figures.alt_text(axes).partition(". ")[2]
    assert of_log == figures.alt_text(figures.network(study.log.graph(), Figure().subplots()))


def places(axes: Axes) -> np.ndarray:
    discs = max(axes.collections, key=lambda one: one.get_zorder())
    return np.asarray(discs.get_offsets())


def test_the_network_depends_on_the_graph_and_the_seed_alone() -> None:
    graph = nx.gnp_random_graph(12, 0.2, seed=2, directed=True)
    renamed = nx.relabel_nodes(graph, {one: f"person {one}" for one in graph})
    first, second = (places(figures.network(one, Figure().subplots())) for one in (graph, renamed))
    np.testing.assert_array_equal(first, second)
    shuffled = nx.DiGraph()
    shuffled.add_nodes_from(graph.nodes)
    shuffled.add_edges_from(reversed(list(graph.edges)))
    np.testing.assert_array_equal(first, places(figures.network(shuffled, Figure().subplots())))
    assert not np.array_equal(first, places(figures.network(graph, Figure().subplots(), seed=1)))


def test_people_stand_apart_and_parts_do_not_mix() -> None:
    graph = nx.DiGraph([(0, 1), (1, 0), (1, 2), (3, 4), (4, 5)])
    graph.add_nodes_from(range(6, 20))
    at = places(figures.network(graph, Figure().subplots()))
    away = np.linalg.norm(at[:, None] - at[None], axis=2) + np.eye(20) * 9
    assert away.min() > 2 * 0.27 * 0.8
    assert "20 people, 14 without a tie" in figures.alt_text(figures.network(graph, Figure().subplots()))


def test_names_are_written_where_asked_for_only() -> None:
    graph = nx.DiGraph([("<b>ann", "$bob$")])
    axes = figures.network(graph, Figure().subplots())
    assert not axes.texts
    axes = figures.network(graph, Figure().subplots(), names=True)
    assert [text.get_text() for text in axes.texts] == ["<b>ann", r"\$bob\$"]
    text = svg(axes.get_figure(), "Network", figures.alt_text(axes))
    assert "&lt;b&gt;ann" in text
    assert "<b>" not in text
    assert "$bob$" in text
    assert "ann" not in figures.alt_text(axes)


def test_a_network_that_cannot_be_told_apart_is_refused() -> None:
    many = nx.DiGraph([(one, one + 1) for one in range(300)])
    with pytest.raises(hs.DesignError, match=r"301 people cannot be told apart.*most="):
        figures.network(many, Figure().subplots())
    full = nx.complete_graph(95, create_using=nx.DiGraph)
    with pytest.raises(hs.DesignError, match="4,465 ties would cover one another"):
        figures.network(full, Figure().subplots())
    with pytest.raises(hs.ArgumentError, match="no direction"):
        figures.network(nx.Graph([(1, 2)]), Figure().subplots())
    with pytest.raises(hs.ArgumentError, match="got str"):
        figures.network("log", Figure().subplots())
    assert "nobody" in figures.alt_text(figures.network(nx.DiGraph(), Figure().subplots()))


def acts(**columns) -> pd.DataFrame:
    frame = pd.DataFrame({"sender": ["ann", "bob", "ann", "cem"], "receiver": ["bob", "ann", "bob", "ann"]})
    frame["time"] = ["2024-01-01 10:00", "2024-01-01 10:30", "2024-01-04 09:00", "2024-01-05 09:00"]
    return frame.assign(**columns)


def test_an_exchange_has_ego_up_alter_down_and_conversations_shaded() -> None:
    log = hs.read_log(acts())
    axes = figures.exchange(log, Figure().subplots(), "ann", "bob")
    up, down = (
        next(line for line in axes.lines if line.get_marker() == marker and len(line.get_xdata()))
        for marker in ("o", "s")
    )
    np.testing.assert_allclose(up.get_xdata(), [0, 3 - 1 / 24])
    np.testing.assert_allclose(down.get_xdata(), [0.5 / 24])
    assert (up.get_ydata() > 0).all()
    assert (down.get_ydata() < 0).all()
    boxes = next(one for one in axes.collections if not hasattr(one, "get_segments"))
    assert to_hex(boxes.get_facecolor()[0]) == "#d8dee4"
    assert len(boxes.get_paths()) == 1
    assert figures.alt_text(axes).startswith(
        "3 acts between two people in 4.0 days: 2 by ego, 1 by alter; 1 conv"
    )
    named = figures.exchange(log, Figure().subplots(), "ann", "bob", names=True)
    assert [one.get_text() for one in named.get_yticklabels()] == ["ann gives", "bob gives"]
    assert "ann" not in figures.alt_text(named)
    stems = axes.lines[0]
    np.testing.assert_allclose(stems.get_xdata()[:2], [0, 0])
    np.testing.assert_allclose(stems.get_ydata()[:2], [0, 1])
    # the pair with most acts, where nobody is named
    assert figures.alt_text(figures.exchange(log, Figure().subplots())) == figures.alt_text(axes)


def test_of_many_acts_lines_say_enough() -> None:
    rows = pd.DataFrame({"sender": ["ann"] * 450, "receiver": ["bob"] * 450, "time": range(450)})
    axes = figures.exchange(hs.read_log(rows, time_unit="s"), Figure().subplots())
    assert not [line for line in axes.lines if line.get_marker() == "o"]
    assert int(np.isnan(axes.lines[0].get_xdata()).sum()) == 450
    more = pd.DataFrame({"sender": ["ann"] * 5001, "receiver": ["bob"] * 5001, "time": range(5001)})
    with pytest.raises(hs.DesignError, match="5,001 acts cannot be told apart"):
        figures.exchange(hs.read_log(more, time_unit="s"), Figure().subplots())


def test_an_act_is_as_high_as_it_is_deep() -> None:
    log = hs.read_log(acts(depth=[0.5, 1.0, None, 0.2]))
    axes = figures.exchange(log, Figure().subplots(), "ann", "bob")
    closed, opened = (
        next(
            line
            for line in axes.lines
            if line.get_marker() == "o" and (line.get_markerfacecolor() == "none") is empty
        )
        for empty in (False, True)
    )
    assert closed.get_ydata() == pytest.approx([0.12 + 0.88 / 2])
    assert opened.get_ydata() == pytest.approx([0.5])
    assert "depth of each act, which 1 lack" in figures.alt_text(axes)
    even = figures.exchange(log, Figure().subplots(), "ann", "bob", size="none")
    assert "depth" not in figures.alt_text(even)
    with pytest.raises(hs.UnknownNameError, match="Unknown size 'weight'"):
        figures.exchange(log, Figure().subplots(), "ann", "bob", size="weight")


def test_an_exchange_that_is_none_is_refused() -> None:
    log, axes = hs.read_log(acts()), Figure().subplots()
    with pytest.raises(hs.DesignError, match="never acted towards each other"):
        figures.exchange(log, axes, "bob", "cem")
    with pytest.raises(hs.UnknownNameError, match="Unknown person 'dan'"):
        figures.exchange(log, axes, "ann", "dan")
    with pytest.raises(hs.ArgumentError, match="both ego and alter"):
        figures.exchange(log, axes, "ann")
    with pytest.raises(hs.ArgumentError, match="same person"):
        figures.exchange(log, axes, "ann", "ann")
    with pytest.raises(hs.DesignError, match="this log has no times"):
        figures.exchange(hs.read_log(acts().drop(columns="time")), axes)
    with pytest.raises(hs.ArgumentError, match="got DataFrame"):
        figures.exchange(acts(), axes)


# files and words


def test_a_figure_is_written_whole_or_not_at_all_and_the_same_every_time(tmp_path) -> None:
    for ending in ("svg", "pdf", "png"):
        first, second = tmp_path / f"one.{ending}", tmp_path / f"two.{ending}"
        figures.save(figures.draw("forest", studies()), first)
        figures.save(figures.draw("forest", studies()).axes[0], second)
        assert first.read_bytes() == second.read_bytes()
        assert b"2026" not in first.read_bytes()
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "<title>Estimates of studies, and what they say together</title>" in text
    assert "<desc>Estimates of 4 studies" in text
    assert "fill: #ffffff" in text
    figures.save(
        figures.draw("forest", studies()), tmp_path / "bare.svg", title="T", description="D", paper="none"
    )
    assert "#ffffff" not in (tmp_path / "bare.svg").read_text(encoding="utf-8")
    there = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(hs.OutputError, match=r"ends in none of \.svg, \.pdf, \.png"):
        figures.save(figures.draw("forest", studies()), tmp_path / "one.jpg")
    with pytest.raises(hs.OutputError, match="There is no folder"):
        figures.save(figures.draw("forest", studies()), tmp_path / "no" / "one.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == there


def test_words_are_of_what_was_drawn_last_and_of_nothing_else() -> None:
    axes = Figure().subplots()
    with pytest.raises(hs.ArgumentError, match="Nothing was drawn there"):
        figures.alt_text(axes)
    figures.forest(studies(2), axes)
    figures.learning_curve(learned(), axes)
    assert figures.alt_text(axes).startswith("AUC by people")
    made = Figure()
    one, other = made.subplots(1, 2)
    figures.forest(studies(2), one)
    figures.learning_curve(learned(), other)
    assert figures.alt_text(made) == f"{figures.alt_text(one)} {figures.alt_text(other)}"
    assert len(said_of(made)) == 2


def test_what_draw_does_not_know_is_refused() -> None:
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'roc'"):
        figures.draw("rocs", predictions())
    with pytest.raises(hs.ArgumentError, match=r"width is 1; it must be from 3\.4 to 20\.0 inches"):
        figures.draw("roc", predictions(), width=1)


def test_names_are_wrapped_and_never_cut() -> None:
    for width in (8, 17, 26):
        for name in (*LONG, "a b", "x" * 60, "", "known(returned_share) + log1p(acts)"):
            text = wrapped(name, width)
            assert all(len(line) <= width + 2 for line in text.splitlines())
            assert re.sub(r"\s", "", text) == re.sub(r"\s", "", name)


def test_the_gallery_shows_every_figure_with_its_words() -> None:
    """`python docs/gallery.py` writes docs/figures.md."""
    page = (PROJECT / "docs" / "figures.md").read_text(encoding="utf-8")
    shown = re.findall(r"^!\[(.+)\]\(figures/(\w+)\.svg\)$", page, re.M)
    assert [name for _, name in shown] == list(figures.FIGURES)
    for words, name in shown:
        one = figures.FIGURES[name]
        assert f"## {one.title}\n" in page
        assert f"`{name}` needs {one.needs}." in page.replace("\n", " ")
        drawn = (PROJECT / "docs" / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        assert f"<title>{html.escape(one.title)}</title>" in drawn
        assert re.sub(r"\W", "", html.escape(words)) in re.sub(r"\W", "", drawn), "run python docs/gallery.py"
