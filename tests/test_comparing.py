"""Fits side by side: what is in the cells, what the note owns up to, and that no name breaks a format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.papers.journals import JOURNALS
from tests.shared import PROJECT, needs_shared, shared_path

NASTY = ("=cmd|' /C calc'!A0", "<script>alert(1)</script>", r"\input{x} & 50% of $y_1^2$ #{~}", "a|b *c* `d`")


def frame_of(n: int = 14, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    acts = rng.poisson(1.0, len(ego))
    share = np.where(acts > 0, rng.random(len(ego)), np.nan)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": acts, "share": share})
    frame["trust"] = acts + np.nan_to_num(share) + rng.normal(size=len(ego))
    frame["friend"] = (frame["trust"] > 1).astype(int)
    return frame


@pytest.fixture(scope="module")
def fits() -> tuple:
    frame = frame_of()
    small = hs.fit("friend ~ acts", frame, family="logit", covariance="dyadic")
    large = hs.fit("friend ~ acts + known(share)", frame, family="logit", covariance="dyadic")
    return small, large


@dataclass
class Told:
    """Something that is no regression and tells of itself."""

    table: pd.DataFrame
    one: pd.DataFrame | None = None
    says: str = "5,000 draws, seed 1."

    def __post_init__(self) -> None:
        if self.one is not None:
            self.glance = lambda: self.one

    def tidy(self) -> pd.DataFrame:
        return self.table

    def note(self) -> str:
        return self.says


# cells


def test_every_number_of_the_fits_is_in_its_cell(fits) -> None:
    table = hs.compare(*fits, names=["volume", "balance"]).frame.set_index("term")
    rows = iter(hs.compare(*fits, names=["volume", "balance"]).frame.itertuples(index=False))
    for term in ("Intercept", "acts", "known(share)"):
        estimates, errors = next(rows), next(rows)
        assert estimates[0] == term
        assert errors[0] == ""
        for place, fit in enumerate(fits, 1):
            tidy = fit.tidy().set_index("term")
            if term not in tidy.index:
                assert (estimates[place], errors[place]) == ("", "")
                continue
            assert estimates[place] == f"{tidy['estimate'][term]:.3f}"
            assert errors[place] == f"({tidy['std_error'][term]:.3f})"
    glance = fits[1].glance().iloc[0]
    assert table["balance"]["Rows"] == "182"
    assert table["balance"]["People"] == "14"
    assert table["balance"]["Base rate"] == f"{glance['base_rate']:.2%}"
    assert table["balance"]["Rows with label 1"] == f"{glance['events']:.0f}"
    assert table["balance"]["R²"] == f"{glance['r_squared']:.3f}"
    assert table["balance"]["Log likelihood"] == f"{glance['log_likelihood']:.3f}"
    assert table["balance"][["Label", "Family", "Standard errors"]].tolist() == ["friend", "logit", "dyadic"]


def test_every_digit_goes_along(fits, tmp_path) -> None:
    made = hs.compare(*fits, names=["a", "b"])
    made.to_csv(tmp_path / "fits.of.CSV")
    numbers = pd.read_csv(tmp_path / "fits.of.CSV")
    for name, fit in zip("ab", fits, strict=True):
        mine = numbers[numbers["model"] == name].drop(columns="model").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, fit.tidy(), rtol=1e-14)
    told = pd.read_csv(tmp_path / "fits.of.fits.CSV")
    assert told["log_likelihood"].tolist() == [fit.glance()["log_likelihood"][0] for fit in fits]
    made.to_csv(tmp_path / "fits.csv.gz")
    assert len(pd.read_csv(tmp_path / "fits.fits.csv.gz")) == 2
    assert made.tidy() is not made.coefficients


def test_beside_holds_the_same_cells_as_below(fits) -> None:
    show = ("std_error", "interval", "p_value", "statistic")
    below = hs.compare(*fits, show=show, statistics=())
    beside = hs.compare(*fits, show=show, statistics=(), place="beside")
    assert beside.frame.shape == (3, 1 + 2 * 5)
    stacked = below.frame.iloc[:, 1:].to_numpy().reshape(3, 5, 2).transpose(0, 2, 1).reshape(3, 10)
    bare = np.vectorize(lambda cell: re.sub(r"^[pt] (= )?", "", cell))(stacked)
    np.testing.assert_array_equal(bare, beside.frame.iloc[:, 1:].to_numpy())
    assert beside.frame.columns[1:3].tolist() == ["(1) estimate", "(1) standard error"]


def test_intervals_and_p_values_are_those_of_the_fit(fits) -> None:
    cells = hs.compare(fits[0], show=("interval", "p_value"), style="apa", digits=2).frame["(1)"].tolist()
    row = fits[0].tidy().set_index("term").loc["acts"]
    assert cells[3:6] == [f"{row['estimate']:.2f}", f"[{row['low']:.2f}, {row['high']:.2f}]", "p < .001"]


@pytest.mark.parametrize(
    ("terms", "order"),
    [
        (["known(share)"], ["known(share)", "Intercept", "acts"]),
        ({"acts": "Acts given", "known(share)": "Returned"}, ["Acts given", "Returned", "Intercept"]),
        ({"Intercept": None}, ["acts", "known(share)"]),
        (None, ["Intercept", "acts", "known(share)"]),
    ],
)
def test_terms_are_put_in_order_renamed_and_left_out(fits, terms, order) -> None:
    made = hs.compare(*fits, terms=terms, show=())
    assert made.frame["term"].tolist()[: len(order)] == order
    assert ("Not shown: Intercept." in made.note()) == (terms == {"Intercept": None})


def test_terms_renamed_alike_share_a_row() -> None:
    frame = frame_of().assign(given=lambda one: one["acts"])
    first = hs.fit("trust ~ acts", frame, family="gaussian")
    second = hs.fit("trust ~ given", frame, family="gaussian")
    rows = hs.compare(first, second, terms={"acts": "Volume", "given": "Volume"}, show=(), statistics=())
    assert rows.frame["term"].tolist() == ["Volume", "Intercept"]
    assert rows.frame.loc[0, "(1)"] == rows.frame.loc[0, "(2)"]
    both = hs.fit("trust ~ acts + share", frame, family="gaussian")
    with pytest.raises(hs.ArgumentError, match=r"terms calls acts, share 'x', and \(1\) has more than one"):
        hs.compare(both, terms={"acts": "x", "share": "x"})


def test_what_would_read_as_nothing_keeps_its_digits() -> None:
    frame = frame_of().assign(acts=lambda one: one["acts"] * 1e6)
    cells = hs.compare(hs.fit("trust ~ acts", frame, family="gaussian")).frame["(1)"]
    assert re.fullmatch(r"\d\.?\d?e-0[67]", cells[2])
    assert re.fullmatch(r"\(\d\.?\d?e-0[678]\)", cells[3])


def test_a_label_that_is_no_0_or_1_has_a_mean() -> None:
    frame = frame_of()
    made = hs.compare(
        hs.fit("friend ~ acts", frame, family="logit"), hs.fit("trust ~ acts", frame, family="gaussian")
    )
    table = made.frame.set_index("term")
    assert table.loc["Base rate", "(2)"] == ""
    assert table.loc["Mean of the label"].tolist() == ["", f"{frame['trust'].mean():.3f}"]
    assert "Units differ ((1) Log odds; (2) Coefficients)" in made.note()
    assert "Labels differ ((1) friend; (2) trust)" in made.note()
    assert "R² of logit is McFadden's" in made.note()


# the note


def test_the_note_says_which_errors_and_that_they_know_of_shared_people(fits) -> None:
    note = hs.compare(*fits).note()
    assert note.startswith("Log odds of friend.")
    assert "dyadic-robust" in note
    assert "allow for pairs that share people" in note
    mixed = hs.compare(fits[0], fits[1].with_covariance("classical")).note()
    assert "Standard errors differ ((1) dyadic-robust" in mixed
    assert "(2) classical, as if no two rows shared a person" in mixed
    alone = hs.compare(fits[0].with_covariance("hc1")).note()
    assert "allow for pairs that share people" not in alone


def test_the_note_says_where_rows_differ() -> None:
    frame = frame_of()
    whole = hs.fit("trust ~ acts", frame, family="gaussian")
    part = hs.fit("trust ~ acts + share", frame, family="gaussian")
    note = hs.compare(whole, part).note()
    undefined = int(frame["share"].isna().sum())
    assert f"different rows ((1) 182, (2) {182 - undefined})" in note
    assert f"(2): {undefined} rows where share is undefined left out." in note
    others = hs.fit("trust ~ acts", frame.iloc[:100], family="gaussian")
    as_many = hs.fit("trust ~ acts", frame.iloc[-100:], family="gaussian")
    assert "as many rows, but not on the same pairs" in hs.compare(others, as_many).note()
    shuffled = hs.fit("trust ~ acts", frame.sample(frac=1.0, random_state=1), family="gaussian")
    assert "rows" not in hs.compare(whole, shuffled).note().replace("rows that share", "")
    as_text = frame.assign(ego=frame["ego"].astype(str), alter=frame["alter"].astype(str))
    same = hs.fit("trust ~ acts", as_text, family="gaussian")
    assert "not on the same pairs" not in hs.compare(whole, same).note()


def test_the_warnings_of_the_fits_go_along() -> None:
    few = hs.fit("trust ~ acts", frame_of(7), family="gaussian")
    note = hs.compare(few, few, names=["a", "b"]).note()
    assert "a, b: 7 people: errors that rest on fewer than 10 people" in note
    assert note.count("fewer than 10") == 1


def test_the_note_says_that_log_odds_move_with_the_terms(fits) -> None:
    assert "need not be confounding (Mood 2010)" in hs.compare(*fits).note()
    assert "Mood" not in hs.compare(fits[0], fits[0].with_covariance("pair")).note()
    frame = frame_of()
    linear = [
        hs.fit(f"trust ~ {right}", frame, family="gaussian") for right in ("acts", "acts + known(share)")
    ]
    assert "Mood" not in hs.compare(*linear).note()


def test_a_coefficient_without_an_error_is_said() -> None:
    table = pd.DataFrame({"term": ["a", "b"], "estimate": [1.0, 2.0], "std_error": [0.5, np.nan]})
    table["low"], table["high"], table["p_value"] = [0.0, np.nan], [2.0, np.nan], [0.04, np.nan]
    made = hs.compare(Told(table), show=("std_error", "interval", "p_value"), stars=True)
    assert made.frame["(1)"].tolist() == [
        *("1.000*", "(0.500)", "[0.000, 2.000]", "p = 0.0400"),
        *("2.000", "(–)", "[–]", "p = –"),
    ]
    assert "there is no standard error: (1), b." in made.note()


# what else can be compared


def test_anything_that_tells_of_itself_can_be_compared(fits) -> None:
    draws = pd.DataFrame({"term": ["acts"], "estimate": [0.3], "p_value": [0.004]})
    made = hs.compare(fits[0], Told(draws), show=("std_error", "p_value"), statistics=["rows"])
    rows = made.frame.set_index("term")["(2)"].tolist()
    assert rows == ["", "", "", "0.300", "", "p = 0.0040", ""]
    assert "(2): 5,000 draws, seed 1." in made.note()
    parts = pd.DataFrame({"component": ["actor", "partner"], "estimate": [1.2, 0.6]})
    made = hs.compare(Told(parts, pd.DataFrame({"groups": [3], "people": [30]})))
    assert made.frame["term"].tolist() == ["actor", "partner", "People"]
    assert "standard errors" not in made.note()
    assert hs.compare(Told(parts, pd.DataFrame({"groups": [3]})), statistics={"groups": "Teams"}).frame[
        "term"
    ].tolist() == ["actor", "partner", "Teams"]


def test_equations_that_share_terms_are_told_apart() -> None:
    table = pd.DataFrame(
        {"outcome": ["mutual", "mutual", "one-sided", "one-sided"], "term": ["Intercept", "acts"] * 2}
    )
    table["estimate"] = [1.0, 2.0, 3.0, 4.0]
    assert hs.compare(Told(table), statistics=()).frame["term"].tolist() == [
        *("mutual: Intercept", "mutual: acts", "one-sided: Intercept", "one-sided: acts"),
    ]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ([], "at least one fit"),
        ([3], r"number 1 is a int without tidy\(\), note\(\)"),
        ([[1, 2]], r"a list without .* Give fits one by one: compare\(\*fits\)"),
        ([Told(pd.DataFrame({"x": [1.0]}))], "columns x; 'term' and 'estimate' are needed"),
        ([Told(pd.DataFrame({"term": ["a", "a"], "estimate": [1.0, 2.0]}))], "the term 'a' twice"),
        (
            [Told(pd.DataFrame({"term": ["a"], "estimate": [1.0]}), pd.DataFrame({"rows": [1, 2]}))],
            r"glance\(\) of number 1 has 2 rows",
        ),
    ],
)
def test_what_is_no_fit_is_refused(what, message) -> None:
    with pytest.raises(hs.ArgumentError, match=message):
        hs.compare(*what)


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ({"style": "ajs"}, hs.ArgumentError, "style is 'ajs'"),
        ({"style": "aer", "stars": True}, hs.ArgumentError, "American Economic Review .* prints none"),
        ({"style": "sociological_science", "place": "beside"}, hs.ArgumentError, "wants errors below"),
        ({"style": "sociological_science", "digits": 4}, hs.ArgumentError, "from 0 to 3"),
        ({"digits": -1}, hs.ArgumentError, "digits is -1; it must be a whole number from 0 to 10"),
        ({"show": ["std_err"]}, hs.ArgumentError, "show is 'std_err'.*Did you mean 'std_error'"),
        ({"show": ["p_value", "p_value"]}, hs.ArgumentError, "each can stand there once"),
        ({"place": "under"}, hs.ArgumentError, "place is 'under'"),
        ({"names": ["a"]}, hs.ArgumentError, "1 names for 2 fits"),
        ({"names": ["a", "a"]}, hs.ArgumentError, "'a' twice"),
        ({"names": "ab"}, hs.ArgumentError, "one name a fit"),
        ({"terms": ["act"]}, hs.UnknownNameError, "Unknown term 'act'. Did you mean 'acts'"),
        ({"terms": "acts"}, hs.ArgumentError, "must be a sequence of terms"),
        ({"statistics": ["row"]}, hs.UnknownNameError, "Unknown statistic 'row'. Did you mean 'rows'"),
        ({"statistics": "rows"}, hs.ArgumentError, "must be a sequence of columns"),
    ],
)
def test_forms_that_cannot_be(fits, how, kind, message) -> None:
    with pytest.raises(kind, match=message):
        hs.compare(*fits, **how)


def test_what_no_fit_has_cannot_be_shown() -> None:
    bare = Told(pd.DataFrame({"term": ["a"], "estimate": [1.0]}))
    assert hs.compare(bare).frame["(1)"].tolist() == ["1.000"]
    with pytest.raises(hs.ArgumentError, match="no fit has the column 'low'"):
        hs.compare(bare, show="interval")
    with pytest.raises(hs.ArgumentError, match="no fit has p values"):
        hs.compare(bare, stars=True)


# journals


def test_stars_are_off_unless_asked_for_and_their_levels_are_said(fits) -> None:
    plain = hs.compare(*fits)
    assert "*" not in str(plain)
    for style, journal in JOURNALS.items():
        if not journal.stars:
            continue
        made = hs.compare(*fits, style=style, stars=True)
        marks = "".join(sorted({mark for _, mark in journal.stars}))
        for place, fit in enumerate(fits, 1):
            for term, p in fit.tidy().set_index("term")["p_value"].items():
                cell = made.frame.set_index("term")[f"({place})"][term]
                assert cell.lstrip("-.,0123456789") == journal.marks(p)
        assert all(f"{mark} p < " in made.note() for _, mark in journal.stars), marks
        assert "not adjusted for the number of tests" in made.note()


def test_apa_drops_zeros_and_slants_symbols(fits) -> None:
    made = hs.compare(*fits, style="apa", show=("std_error", "p_value"), stars=True)
    assert made.frame.columns[0] == "term"
    assert str(made).startswith("Variable")
    assert made.note().startswith("Note. ")
    r_squared = made.frame.set_index("term")["(1)"]["R²"]
    assert re.fullmatch(r"\.\d{3}", r_squared)
    assert "<i>Note.</i>" in made.to_html()
    assert "<i>p</i> &lt; .001" in made.to_html()
    assert r"\emph{p} $<$ .001" in made.to_latex()
    assert r"*p* \< .001" in made.to_markdown()


def test_the_aer_says_where_a_table_is_too_wide(fits) -> None:
    assert (
        "at most 9"
        in hs.compare(*fits * 2, place="beside", show=("std_error", "p_value"), style="aer").note()
    )
    assert "at most 9" not in hs.compare(*fits * 4, style="aer").note()
    assert "at most 9" in hs.compare(*fits * 4, fits[0], style="aer").note()


def test_sociological_science_marks_with_one_sign_and_two_digits(fits) -> None:
    made = hs.compare(*fits, style="sociological_science", stars=True, show=("std_error", "p_value"))
    assert "**" not in str(made)
    assert "< 0.01" in str(made)
    assert "0.001" not in str(made)


# formats


class Cells(HTMLParser):
    """Rows of a table of HTML, and whatever could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.classes: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.classes += [name for name, _ in attrs if name in ("class", "id") or name.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data) -> None:
        if self.inside:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def nasty(fits):
    return hs.compare(
        *fits, names=NASTY[:2], terms={"acts": NASTY[2], "known(share)": NASTY[3], "Intercept": NASTY[0]}
    )


@pytest.mark.parametrize("word", [False, True])
def test_html_holds_the_cells_and_nothing_that_runs(nasty, word) -> None:
    cells = Cells()
    text = nasty.to_html(word=word)
    cells.feed(text)
    assert "script" not in cells.tags
    assert "link" not in cells.tags
    assert "style" not in cells.tags, "a word processor passes over sheets of styles"
    assert cells.classes == []
    read = [[cell.replace("−", "-") for cell in row] for row in cells.rows[1:]]
    assert read == nasty.frame.to_numpy().tolist()
    assert cells.rows[0][1:] == list(NASTY[:2])
    assert text.startswith("<!DOCTYPE html>" if word else "<table")
    assert nasty._repr_html_() == nasty.to_html()


def test_latex_has_no_command_of_a_name(nasty) -> None:
    text = nasty.to_latex()
    assert r"\input" not in text
    assert r"50\% of \$y\_1\textasciicircum{}2\$ \#\{\textasciitilde{}\}" in text
    body = text.split("\\midrule\n")[1]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 for row in rows)
    assert text.count("\\toprule") == text.count("\\bottomrule") == 1
    starred = hs.compare(Told(pd.DataFrame({"term": ["[a]", "*b"], "estimate": [1.0, 2.0]}))).to_latex()
    assert "\n{}[a] &" in starred
    assert "\n{}*b &" in starred


def test_latex_spans_the_columns_of_a_fit(fits) -> None:
    text = hs.compare(*fits, place="beside", show=("std_error", "interval")).to_latex()
    assert r" & \multicolumn{3}{c}{(1)} & \multicolumn{3}{c}{(2)} \\" in text
    assert r"\cmidrule(lr){2-4} \cmidrule(lr){5-7}" in text
    assert text.startswith(r"\begin{tabular}{lcccccc}")


def test_markdown_keeps_its_columns(nasty) -> None:
    text = nasty.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert r"\<script>" in text
    assert "a\\|b \\*c\\* \\`d\\`" in text


def test_a_spreadsheet_is_handed_no_formula(nasty, tmp_path) -> None:
    nasty.to_csv(tmp_path / "fits.csv")
    assert pd.read_csv(tmp_path / "fits.csv")["model"][0] == "'" + NASTY[0]
    assert not any(
        line.startswith(("=", "+", "@")) for line in (tmp_path / "fits.csv").read_text().splitlines()
    )


def test_digits_stand_below_one_another(fits) -> None:
    lines = str(hs.compare(*fits, stars=True)).splitlines()
    first, second = lines[2], lines[3]
    assert first.rindex(".") == second.rindex(".")
    assert lines[1].replace("-", "").strip() == ""


def test_files_are_written_whole(fits, tmp_path) -> None:
    made = hs.compare(*fits)
    for name in ("to_html", "to_latex", "to_markdown"):
        text = getattr(made, name)(tmp_path / name)
        assert (tmp_path / name).read_text() == text + "\n"
    made.to_word(tmp_path / "fits.doc")
    assert (tmp_path / "fits.doc").read_text() == made.to_html(word=True) + "\n"
    with pytest.raises(hs.OutputError, match=r"'fits.docx' ends in none of .html, .htm, .doc"):
        made.to_word(tmp_path / "fits.docx")
    with pytest.raises(hs.OutputError, match=r"ends in none of .csv, .csv.gz"):
        made.to_csv(tmp_path / "fits.xlsx")


def test_names_of_people_and_order_of_rows_change_nothing() -> None:
    frame = frame_of()
    renamed = frame.assign(ego=frame["ego"].map(lambda one: f"p{(one * 5) % 14}"))
    renamed["alter"] = frame["alter"].map(lambda one: f"p{(one * 5) % 14}")
    made = [
        hs.compare(hs.fit("friend ~ acts", one, family="logit"), show=("std_error", "p_value"))
        for one in (frame, renamed.sample(frac=1.0, random_state=3))
    ]
    pd.testing.assert_frame_equal(made[0].frame, made[1].frame)
    assert str(made[0]) == str(made[1])


def test_the_journals_cite_what_is_in_the_bibliography() -> None:
    from honestsignals.references import REFERENCES

    assert {"mood2010", "mustillo2018"} <= set(REFERENCES)
    assert all(journal.source for journal in JOURNALS.values())


def test_the_helpdesk_in_three_columns(monkeypatch) -> None:
    monkeypatch.chdir(PROJECT)
    dyads = hs.open_study("data/helpdesk").dyads(label="friendship")
    right = "log1p(acts)", "log1p(acts) + known(returned_share)"
    fits = [hs.fit(f"friendship ~ {one}", dyads) for one in right]
    text = str(hs.compare(*fits, names=["Volume", "Balance"]))
    assert "Log odds of friendship." in text
    assert "435" in text


@needs_shared
def test_the_eies_regression_in_a_column() -> None:
    """INFERENCE §1, to the digits printed."""
    dyads = hs.open_study(shared_path("datasets", "eies")).dyads(
        label="acquaintance_t2", with_labels=["acquaintance_t1"]
    )
    formula = "acquaintance_t2 ~ log1p(acts) + known(returned_share) + acquaintance_t1"
    dyadic = hs.fit(formula, dyads, family="gaussian", covariance="dyadic")
    made = hs.compare(dyadic, dyadic.with_covariance("classical"), digits=8, statistics=["rows"])
    assert made.frame["(1)"].tolist() == [
        *("0.44458901", "(0.09136384)", "0.11076321", "(0.03299814)"),
        *("0.30229832", "(0.08479444)", "0.70728265", "(0.06188431)", "992"),
    ]
    assert made.frame["(2)"].tolist()[1:8:2] == [
        "(0.03158695)",
        "(0.01861522)",
        "(0.08787857)",
        "(0.01737571)",
    ]


def test_levels_cut_points_and_undefined_statistics_are_told() -> None:
    frame = frame_of().assign(level=lambda one: np.digitize(one["trust"], [0.5, 1.5]))
    ordered = hs.fit("level ~ acts", frame, family="ordered_logit")
    through_zero = hs.fit("trust ~ acts - 1", frame, family="gaussian")
    made = hs.compare(ordered, through_zero)
    assert "Terms a|b are cut points between levels a and b" in made.note()
    assert "R² of ordered logit is McFadden's." in made.note()
    assert made.frame.set_index("term").loc["R²", "(2)"] == "–", "undefined without an intercept"
    assert "cut points" not in hs.compare(through_zero).note()


def test_the_ladder_of_the_report_has_the_same_cells(monkeypatch) -> None:
    from honestsignals.reporting.ladder import ladder

    monkeypatch.chdir(PROJECT)
    made = ladder(hs.open_study("data/helpdesk").dyads(label="friendship"))
    mine = hs.compare(*made.fits.values(), statistics=()).frame
    assert made.side_by_side().iloc[: len(mine)].to_numpy().tolist() == mine.to_numpy().tolist()


def test_cut_points_stand_last() -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")
    one = hs.fit("trust ~ log1p(acts_ego)", table)
    other = hs.fit("trust ~ log1p(acts_ego) + log1p(acts_alter)", table)
    terms = [term for term in hs.compare(one, other).frame.iloc[:, 0] if term]
    assert terms[:6] == ["log1p(acts_ego)", "log1p(acts_alter)", "1|2", "2|3", "3|4", "4|5"]
