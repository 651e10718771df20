"""Leaks: labels under any name and acts that came later are refused, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, UnknownNameError
from honestsignals.evaluation_plan import Plan, plan
from honestsignals.inference.label_traces import told_without_error, traces_of_label
from honestsignals.metrics import registry
from tests.folders import write_study
from tests.shared import PROJECT, needs_shared, shared_path

PEOPLE = 22


def settled(table: DyadTable | pd.DataFrame, columns, label: str | None = None, admit=()) -> Plan:
    """What an evaluation would do: the check of leaks is part of it."""
    ladder = [columns] if isinstance(columns, str) else {"step": columns}
    folds = hs.PeopleFolds(divisions=1)
    return plan(table, label, ladder, folds=folds, model=(None, None), admit=admit, seed=0)


def made(seed: int = 0, n: int = PEOPLE) -> pd.DataFrame:
    """Ordered pairs, acts, an ordinal label that hangs on them and on who gives it, and when it was asked."""
    draws = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": [f"p{one:02d}" for one in ego], "alter": [f"p{one:02d}" for one in alter]})
    frame["acts"] = draws.poisson(2.0, len(ego))
    frame["asked"] = 100.0 + draws.integers(0, 5, len(ego))
    generous = draws.normal(size=n)
    latent = 0.4 * frame["acts"] + generous[ego] + draws.normal(size=len(ego))
    frame["trust"] = np.clip(np.floor(latent) + 1, 0, 4)
    frame["friend"] = (frame["trust"] >= 3).astype(int)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made()


@pytest.fixture(scope="module")
def trust() -> DyadTable:
    return hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")


def reverse(frame: pd.DataFrame, label: str = "trust") -> np.ndarray:
    """The label of the same pair from the other side, by a join as anybody would write it."""
    back = frame[["ego", "alter", label]].rename(columns={"ego": "alter", "alter": "ego"})
    return frame[["ego", "alter"]].merge(back, how="left")[label].to_numpy()


def sums(frame: pd.DataFrame, by: str, at: str, label: str = "trust") -> np.ndarray:
    return frame[at].map(frame.groupby(by)[label].sum()).to_numpy()


def rows(frame: pd.DataFrame, by: str, at: str) -> np.ndarray:
    return frame[at].map(frame.groupby(by).size()).to_numpy()


def network(frame: pd.DataFrame, least: int) -> np.ndarray:
    people = sorted(set(frame["ego"]) | set(frame["alter"]))
    wide = frame.assign(tie=frame["trust"] >= least).pivot(index="ego", columns="alter", values="tie")
    return wide.reindex(index=people, columns=people).astype(float).fillna(0.0).to_numpy()


def shared(frame: pd.DataFrame, least: int, *, both: bool) -> np.ndarray:
    """People whom both name (or who are tied to both), from the network of labels."""
    ties = network(frame, least)
    either = np.maximum(ties, ties.T)
    found = ties @ ties.T if both else either @ either
    people = sorted(set(frame["ego"]) | set(frame["alter"]))
    place = {one: number for number, one in enumerate(people)}
    return found[frame["ego"].map(place), frame["alter"].map(place)]


PLANTED = {
    "copy": (lambda f: f["trust"], "the label itself"),
    "other unit": (lambda f: 7 - 2 * f["trust"], "the label itself"),
    "other order": (lambda f: f["trust"].map({0: 3, 1: 0, 2: 4, 3: 1, 4: 2}), "the label itself"),
    "words": (lambda f: f["trust"].map({0: "no", 1: "a", 2: "bit", 3: "more", 4: "all"}), "the label itself"),
    "categories": (lambda f: f["trust"].map(dict(enumerate("vwxyz"))).astype("category"), "the label itself"),
    "reverse": (reverse, "the label seen from the other side"),
    "both added": (lambda f: f["trust"] + reverse(f), "the labels of both, added"),
    "both multiplied": (lambda f: (1 + f["trust"]) * (1 + reverse(f)), None),
    "gap": (lambda f: (f["trust"] - reverse(f)).abs(), "the difference of both labels"),
    "least": (lambda f: np.minimum(f["trust"], reverse(f)), "the lower of both labels"),
    "given": (lambda f: sums(f, "ego", "ego"), "the labels that ego gave"),
    "given by alter": (lambda f: sums(f, "ego", "alter"), "the labels that alter gave"),
    "got": (lambda f: np.log1p(sums(f, "alter", "alter")), "the labels that alter got"),
    "mean": (lambda f: f.groupby("ego")["trust"].transform("mean"), "the labels that ego gave"),
    "given without own": (lambda f: sums(f, "ego", "ego") - f["trust"], "the other labels that ego gave"),
    "mean without own": (
        lambda f: (sums(f, "alter", "alter") - f["trust"]) / (rows(f, "alter", "alter") - 1),
        "the other labels that alter got",
    ),
    "popular": (
        lambda f: sums(f, "ego", "ego") + sums(f, "alter", "alter"),
        "the labels that ego gave and alter got",
    ),
    "deviation": (
        lambda f: (
            f["trust"]
            - f.groupby("ego")["trust"].transform("mean")
            - f.groupby("alter")["trust"].transform("mean")
        ),
        "the label less the means of both",
    ),
    "shared": (lambda f: shared(f, 3, both=False), "people to whom the label ties both"),
    "named by both": (lambda f: shared(f, 4, both=True), "people whom both named"),
}


def degrees(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """How many friends ego has, and alter, whoever named whom."""
    whole = frame.groupby("ego")["friend"].sum() + frame.groupby("alter")["friend"].sum()
    return frame["ego"].map(whole), frame["alter"].map(whole)


def neighbours(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The network of friends, either way, and the places of ego and alter."""
    ties = network(frame, 3)
    place = {one: number for number, one in enumerate(sorted(set(frame["ego"]) | set(frame["alter"])))}
    return np.maximum(ties, ties.T), frame["ego"].map(place).to_numpy(), frame["alter"].map(place).to_numpy()


def jaccard(frame: pd.DataFrame) -> np.ndarray:
    ties, ego, alter = neighbours(frame)
    common, count = (ties @ ties)[ego, alter], ties.sum(axis=1)
    return common / np.maximum(count[ego] + count[alter] - common, 1)


def adamic_adar(frame: pd.DataFrame) -> np.ndarray:
    ties, ego, alter = neighbours(frame)
    count = ties.sum(axis=1)
    weight = np.array([1 / np.log(one) if one > 1 else 0.0 for one in count])
    return (ties @ np.diag(weight) @ ties)[ego, alter]


def allocation(frame: pd.DataFrame) -> np.ndarray:
    ties, ego, alter = neighbours(frame)
    return (ties @ np.diag(1 / np.maximum(ties.sum(axis=1), 1)) @ ties)[ego, alter]


MIXED = {
    "lower": lambda f: np.minimum(*degrees(f)),
    "higher": lambda f: np.maximum(*degrees(f)),
    "difference": lambda f: degrees(f)[0] - degrees(f)[1],
    "gap": lambda f: np.abs(degrees(f)[0] - degrees(f)[1]),
    "log of the lower": lambda f: np.log1p(np.minimum(*degrees(f))),
    "logs added": lambda f: np.log1p(degrees(f)[0]) + np.log1p(degrees(f)[1]),
    "multiplied": lambda f: degrees(f)[0] * degrees(f)[1],
    "ratio": lambda f: (1 + degrees(f)[0]) / (2 + degrees(f)[1]),
    "of both, weighed": lambda f: degrees(f)[0] + 3 * degrees(f)[1],
    "root of the sum of squares": lambda f: np.hypot(*degrees(f)),
    "lower of who gave": lambda f: np.minimum(
        sums(f, "ego", "ego", "friend"), sums(f, "ego", "alter", "friend")
    ),
    "jaccard": jaccard,
    "adamic and adar": adamic_adar,
    "allocation": allocation,
}


@pytest.mark.parametrize("planted", MIXED)
def test_columns_of_two_peoples_labels_are_refused(frame: pd.DataFrame, planted: str) -> None:
    table = frame.assign(column=MIXED[planted](frame))
    for label in ("friend", "trust >= 3"):
        with pytest.raises(DesignError, match=r"'column' cannot foretell .*: it ranks pairs just as"):
            settled(table.drop(columns="friend") if label != "friend" else table, ["acts", "column"], label)
    order = np.random.default_rng(4).permutation(len(table))
    with pytest.raises(DesignError, match="it ranks pairs just as"):
        settled(table.iloc[order], ["column"], "friend")


def test_some_function_of_numbers_of_labels_is_seen_and_groups_are_not() -> None:
    """Being of one village is a function of how many friends both have, where friends are in the village."""
    draws = np.random.default_rng(1)
    ego, alter = np.nonzero(np.triu(np.ones((60, 60)), 1))
    village = np.repeat([0, 1, 2], [8, 18, 34])
    y = ((village[ego] == village[alter]) & (draws.random(ego.size) < 0.8)).astype(float)
    count = np.bincount(ego, y, 60) + np.bincount(alter, y, 60)
    groups = {"same": 1.0 * (village[ego] == village[alter]), "of ego": 1.0 * village[ego]}
    odd = np.sin(count[ego]) * np.sin(count[alter])
    found = traces_of_label({**groups, "odd": odd}, y, ego, alter)
    assert found == {"odd": "a function of how many labels each of the two has"}
    blurred = odd + 1e-3 * draws.normal(size=len(y))
    assert traces_of_label({"odd": blurred, "dealt": draws.permutation(odd)}, y, ego, alter) == {}


def test_a_column_that_tells_the_label_by_itself_is_said_beside_the_headline(frame: pd.DataFrame) -> None:
    draws = np.random.default_rng(2)
    table = frame.assign(
        mixed=frame["friend"] + 0.3 * draws.normal(size=len(frame)),
        there=np.where(frame["friend"] == 1, draws.normal(size=len(frame)), np.nan),
    )
    folds = hs.PeopleFolds(divisions=1)
    ladder = {"acts": ["acts"], "mixed": ["mixed"], "there": ["there"]}
    found = hs.evaluate(table, label="friend", ladder=ladder, folds=folds)
    first, second, third = found.facts()[:3]
    assert first == found.headline
    assert second.startswith("Mind: mixed ranks rows by friend almost without an error, all by itself")
    assert third.startswith("Mind: whether there is known ranks rows by friend almost without an error")
    assert second in found.note()
    assert settled(table, ["acts"], "friend").beside == ()
    # of a handful of events a column tells them by accident
    few = np.zeros(len(frame))
    few[7] = 1
    assert settled(table.assign(friend=few, acts=np.arange(len(few)) == 7), ["acts"], "friend").beside == ()


@pytest.mark.parametrize("planted", PLANTED)
def test_a_column_made_of_the_label_is_refused_and_named(frame: pd.DataFrame, planted: str) -> None:
    column, said = PLANTED[planted]
    table = frame.assign(column=column(frame))
    if said is None:
        # a product of levels that begin at 1 is none of what is tried, as the docstring says
        settled(table, ["column"], "trust")
        return
    with pytest.raises(DesignError, match=rf"'column' cannot foretell trust: it ranks pairs just as {said}"):
        settled(table, ["acts", "column"], "trust")
    let_in = settled(table, ["acts", "column"], "trust", admit=["column"])
    assert any("column was let in on request" in note for note in let_in.notes)


@pytest.mark.parametrize(
    "planted", ["copy", "other order", "words", "reverse", "given", "deviation", "shared"]
)
def test_a_comparison_hides_nothing(frame: pd.DataFrame, planted: str) -> None:
    """What is made of the levels, of their truth too, is refused where the label is a comparison of them."""
    column, _ = PLANTED[planted]
    with pytest.raises(DesignError, match="it ranks pairs just as"):
        settled(frame.assign(column=column(frame)), ["column"], "trust >= 3")
    truth = frame.assign(trust=frame["friend"])
    if planted not in ("other order", "words", "shared"):
        with pytest.raises(DesignError, match="it ranks pairs just as"):
            settled(frame.assign(column=column(truth)), ["column"], "trust >= 3")


@pytest.mark.parametrize("ladder", ["~ trust", "~ acts + log1p(trust)", "~ I(trust * 2)", "~ C(trust)"])
def test_the_label_of_a_comparison_is_no_column_of_the_ladder(frame: pd.DataFrame, ladder: str) -> None:
    for admit in ((), ["trust"]):
        with pytest.raises(DesignError, match=r"'trust' cannot foretell 'trust >= 3', which is made of it\."):
            settled(frame, ladder, "trust >= 3", admit)
    with pytest.raises(DesignError, match="'trust' cannot foretell 'trust >= 3'"):
        settled(frame, ["acts", "trust"], "trust >= 3")
    with pytest.raises(DesignError, match=r"'acts' cannot foretell 'trust - acts'"):
        settled(frame, ["acts"], "trust - acts")


FORMULAS = [
    "~ trust",
    "~ I(trust*1)",
    "~ C(trust)",
    "~ `trust`",
    "~ acts + {trust}",
    "~ acts:trust",
    "~ bs(trust, df=3)",
    "~ decompose(trust)",
    "~ decompose(log1p(trust), effects)",
    "~ Q('trust')",
    "~ known(log1p(trust))",
    "~ acts * trust",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_spelling_hides_the_label_in_a_formula(frame: pd.DataFrame, formula: str) -> None:
    with pytest.raises(ArgumentError, match="'trust' stands on both sides of the formula"):
        settled(frame, formula, "trust")
    with pytest.raises(DesignError, match="it ranks pairs just as the label seen from the other side"):
        settled(frame.assign(back=reverse(frame)), formula.replace("trust", "back"), "trust")


def test_a_name_put_together_is_no_name(frame: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="name of a column between quotation marks"):
        settled(frame, "~ acts + Q('tru' + 'st')", "trust")


def test_a_formula_of_another_label_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="explains 'friend'; the label is 'trust'"):
        settled(frame, "friend ~ trust", "trust")


@pytest.mark.parametrize("column", ["trust", "word", "back"])
def test_what_foretells_without_error_is_said(frame: pd.DataFrame, column: str) -> None:
    """A label that is a step of a column may be made of it: that is not refused, and not passed over."""
    table = frame.assign(word=frame["trust"].map(dict(enumerate("vwxyz"))), back=reverse(frame))
    side = "the label seen from the other side" if column == "back" else "the label itself"
    notes = settled(table, [column], "friend").beside
    assert any(
        note.startswith(f"{column} and {side} (friend) tell each other without an error") for note in notes
    )
    assert settled(table, ["acts"], "friend").beside == ()


# dyad tables


def test_a_table_knows_which_of_its_columns_are_labels(trust: DyadTable) -> None:
    apart = hs.decompose(trust, "trust")
    for part in ("trust_actor", "trust_partner", "trust_dyad"):
        with pytest.raises(DesignError, match=rf"'{part}' cannot foretell trust: it is made of labels"):
            settled(apart, [part])
    assert settled(hs.decompose(trust, "acts_ego"), ["acts_ego_actor", "acts_ego_dyad"]).notes == ()


@needs_shared
def test_labels_among_the_covariates_are_let_in_on_request_only() -> None:
    study = hs.open_study(shared_path("datasets", "eies"))
    table = study.dyads(label="friendship_t2", with_labels=["friendship_t1"])
    for formula in (
        "~ friendship_t1",
        "~ known(friendship_t1_alter)",
        "~ C(friendship_t1)",
        "~ `friendship_t1`",
    ):
        with pytest.raises(
            DesignError, match=r"friendship_t1\w*' cannot foretell friendship_t2: it is made of labels"
        ):
            settled(table, f"{formula} + acts")
    notes = settled(table, ["acts", "friendship_t1"], admit=["friendship_t1"]).notes
    assert [
        note for note in notes if note.startswith("friendship_t1 was let in on request: it is made of labels")
    ]


def test_columns_of_unknown_origin_are_refused(trust: DyadTable) -> None:
    """A sum over labels, acts of a later log, an innocent number: nothing says which it is."""
    later = hs.open_study(PROJECT / "data" / "helpdesk").dyads(metrics=["acts"]).frame
    wide = trust.frame.merge(
        later[["ego", "alter", "acts"]].rename(columns={"acts": "acts_later"}), how="left"
    )
    wide["loud"] = np.arange(len(wide)) % 7
    table = replace(trust, frame=wide)
    for column in ("acts_later", "loud"):
        with pytest.raises(DesignError, match="was added to the frame after the table was made"):
            settled(table, f"~ acts_ego + known({column})")
    notes = settled(table, ["loud"], admit=["loud"]).notes
    assert [note for note in notes if note.startswith("loud was let in on request: it was added")]


def test_a_metric_that_was_written_over_is_seen_through(trust: DyadTable) -> None:
    planted = {"acts_ego": trust.frame["trust"] * 3, "active_days": sums(trust.frame, "alter", "alter")}
    for column, values in planted.items():
        table = replace(trust, frame=trust.frame.assign(**{column: values}))
        with pytest.raises(DesignError, match=rf"'{column}' cannot foretell trust: it ranks pairs just as"):
            settled(table, ["volume"][0])


def test_an_attribute_made_of_labels_is_seen_through(tmp_path) -> None:
    draws = np.random.default_rng(3)
    people = [f"p{one:02d}" for one in range(20)]
    acts = pd.DataFrame([(*draws.choice(people, 2, replace=False), one) for one in range(400)])
    acts.columns = ["sender", "receiver", "time"]
    pairs = [(one, two) for one in people for two in people if one != two]
    labels = pd.DataFrame(pairs, columns=["source", "target"])
    labels["friendship"] = (draws.random(len(labels)) < 0.4).astype(int)
    popular = labels.groupby("target")["friendship"].sum()
    nodes = pd.DataFrame({"id": people, "popular": [popular[one] for one in people]})
    nodes["tall"] = draws.integers(150, 200, len(people))
    toml = """
        [study]
        name = "planted"
        [acts]
        file = "acts.csv"
        sender = "sender"
        receiver = "receiver"
        time = "time"
        time_unit = "s"
        [people]
        file = "people.csv"
        id = "id"
        attributes = ["popular", "tall"]
        [labels.friendship]
        file = "labels.csv"
        source = "source"
        target = "target"
        value = "friendship"
        type = "binary"
        directed = true
        absent = "unknown"
        """
    written = {"acts": acts, "labels": labels, "people": nodes}
    write_study(tmp_path, toml=toml, **{name: one.to_csv(index=False) for name, one in written.items()})
    table = hs.open_study(tmp_path).dyads(label="friendship")
    assert settled(table, ["alter_tall"]).notes == ()
    with pytest.raises(DesignError, match=r"'alter_popular' cannot foretell friendship: .* that alter got"):
        settled(table, ["acts", "alter_popular"])


def test_no_metric_reads_labels() -> None:
    """A metric is a function of columns that acts make; the names of labels are none of them."""
    with pytest.raises(UnknownNameError, match="column in the parameters of liking 'friendship'"):

        @registry.metric(range=(0, 1), undefined="", reference="")
        def liking(acts_ego, friendship):
            """What a label would say."""
            return acts_ego * friendship

    assert "liking" not in registry.entries()


def test_a_metric_that_remembers_labels_is_seen_through(trust: DyadTable, monkeypatch) -> None:
    """One that holds them in a closure has their values, if not their name."""
    known = {level: dict(found) for level, found in registry._entries.items()}
    monkeypatch.setattr(registry, "_entries", known)
    monkeypatch.setattr(registry, "_ordered", {})
    labels = trust.frame["trust"].to_numpy()

    def remembered(acts_ego):
        """What acts are said to be."""
        return labels + 0 * acts_ego

    remembered.__module__ = "honestsignals.metrics.volume"
    registry.metric(range=(0, 9), undefined="", reference="")(remembered)
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(
        label="trust", metrics=["acts_ego", "remembered"]
    )
    with pytest.raises(
        DesignError, match="'remembered' cannot foretell trust: it ranks pairs just as the label"
    ):
        settled(table, ["acts_ego", "remembered"])


# what came later


def test_acts_that_came_when_the_label_was_asked_or_later_are_refused(frame: pd.DataFrame) -> None:
    fine = frame.assign(last_act=frame["asked"] - 1.0)
    assert settled(fine, ["acts"], "trust").notes == ()
    for late, count in ((0.0, 1), (5.0, 1)):
        table = fine.copy()
        table.loc[7, "last_act"] = table.loc[7, "asked"] + late
        with pytest.raises(DesignError, match=rf"Row 7: last_act is .* In {count} row acts were counted"):
            settled(table, ["acts"], "trust")
    kinds = fine.rename(columns={"last_act": "first_act__help"})
    kinds.loc[3, "first_act__help"] += 10
    with pytest.raises(DesignError, match="Row 3: first_act__help is"):
        settled(kinds, ["acts"], "trust")


def test_dates_are_held_against_dates(frame: pd.DataFrame) -> None:
    asked = pd.Timestamp("2024-05-01") + pd.to_timedelta(frame["asked"], unit="D")
    fine = frame.assign(asked=asked.dt.tz_localize("UTC"), last_act=asked - pd.Timedelta(minutes=1))
    assert settled(fine, ["acts"], "trust").notes == ()
    late = fine.assign(last_act=fine["last_act"] + pd.Timedelta(minutes=1))
    with pytest.raises(DesignError, match=r"In 462 rows acts were counted that came then or later"):
        settled(late, ["acts"], "trust")
    mixed = fine.assign(asked=frame["asked"])
    (note,) = settled(mixed, ["acts"], "trust").notes
    assert note.startswith("last_act and asked are not told in one way")


def test_rows_without_a_label_or_an_act_may_be_late(frame: pd.DataFrame) -> None:
    table = frame.assign(last_act=frame["asked"] - 1.0)
    table.loc[:4, "last_act"] = 1e6
    table.loc[:4, "trust"] = np.nan
    table.loc[9, "last_act"] = np.nan
    assert settled(table, ["acts"], "trust").notes == ()


# nothing else


def test_columns_that_only_foretell_pass(frame: pd.DataFrame) -> None:
    """Random columns, acts that go with the label closely, what is known of people: not one is refused."""
    draws = np.random.default_rng(8)
    more: dict[str, object] = {}
    for place in range(12):
        more[f"even{place}"] = draws.random(len(frame))
        more[f"coin{place}"] = draws.integers(0, 2, len(frame))
        people = dict(zip(sorted(set(frame["ego"])), draws.integers(0, 3, PEOPLE), strict=True))
        more[f"place{place}"] = frame["ego"].map(people)
    table = pd.concat([frame, pd.DataFrame(more)], axis=1)
    table["near"] = table["trust"] + draws.normal(scale=0.05, size=len(table))
    flipped = table["friend"].to_numpy().copy()
    flipped[5] = 1 - flipped[5]
    table["nearly"] = flipped
    table["dealt"] = draws.permutation(table["trust"].to_numpy())
    columns = [name for name in table.columns if name not in ("ego", "alter", "trust", "friend", "asked")]
    found = settled(table, columns, "friend")
    # near goes up with the levels without an overlap, and friend is a step of the levels; all but one row
    # of nearly is the label
    assert found.notes == ()
    assert [note.split(" ")[0] for note in found.beside] == ["near", "nearly"]
    assert "nearly ranks rows by friend almost without an error, all by itself (Somers' D" in found.beside[1]


def test_few_people_are_alike_by_accident() -> None:
    """In a small group, what some people are may fall together with who gave labels: that says nothing."""
    few = made(4, 8)
    few["trust"] = (few["ego"] == "p03").astype(float)
    few["chief"] = (few["ego"] == "p03") * 1.0
    few.loc[[0, 8, 20], "trust"] = 1.0 - few.loc[[0, 8, 20], "trust"]
    few["odd"] = few["ego"].isin(few.loc[few["trust"] > 0, "ego"]).astype(float)
    settled(few, ["chief", "odd"], "trust")


SMALL = ["classroom", "eies", "kapferer", "krackhardt", "lazega", "wiring"]
LARGE = [
    *("copenhagen", "highschool2013", "bitcoin_alpha", "bitcoin_otc"),
    *("ckm_physicians", "colombia_foodsharing", "colombia_rich"),
]


@needs_shared
@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(one, marks=pytest.mark.slow) for one in LARGE)])
def test_ladders_of_real_studies_pass(name: str) -> None:
    study = hs.open_study(shared_path("datasets", name))
    families = ["volume", "balance", *([] if name in LARGE[:4] else ["embeddedness"])]
    for label in list(study.labels)[:1]:
        table = study.dyads(label=label, metrics=families)
        steps = ["volume", "balance", "embeddedness", "attributes"]
        folds = hs.PeopleFolds(divisions=1)
        found = plan(table, None, steps, folds=folds, model=(None, None), admit=(), seed=0)
        said = [note for note in found.notes if "not judged" not in note and "left out" not in note]
        assert said == [], label
        assert found.beside == (), label


# the arrays


def test_the_order_of_rows_and_the_names_of_people_do_not_matter(frame: pd.DataFrame) -> None:
    draws = np.random.default_rng(2)
    codes = pd.Categorical(frame["ego"]).codes.astype(int), pd.Categorical(frame["alter"]).codes.astype(int)
    y = frame["trust"].to_numpy()
    columns = {
        name: np.asarray(column(frame), dtype=float)
        for name, (column, said) in PLANTED.items()
        if said and name not in ("words", "categories")
    }
    told = traces_of_label(columns, y, *codes)
    assert set(told) == set(columns)
    order, names = draws.permutation(len(y)), draws.permutation(900)[:PEOPLE]
    shuffled = {name: x[order] for name, x in columns.items()}
    assert traces_of_label(shuffled, y[order], *(names[one][order] for one in codes)) == told


def test_rounding_hides_nothing_and_joins_nothing(frame: pd.DataFrame) -> None:
    draws = np.random.default_rng(5)
    codes = pd.Categorical(frame["ego"]).codes.astype(int), pd.Categorical(frame["alter"]).codes.astype(int)
    y = frame["trust"].to_numpy() + draws.normal(size=len(frame)) / 3
    mean = frame.assign(y=y).groupby("ego")["y"].transform("mean").to_numpy()
    for unit in (1.0, 1e-9, 1e9):
        blurred = mean * unit * (1 + 1e-13 * draws.normal(size=len(y)))
        assert traces_of_label({"x": blurred}, y, *codes) == {"x": "the labels that ego gave"}
    assert traces_of_label({"x": mean * (1 + 1e-3 * draws.normal(size=len(y)))}, y, *codes) == {}


def test_missing_values_and_few_rows() -> None:
    ego, alter = np.nonzero(~np.eye(9, dtype=bool))
    y = np.random.default_rng(1).integers(0, 3, len(ego)).astype(float)
    gaps = np.where(np.arange(len(y)) % 2 == 0, y, np.nan)
    assert traces_of_label({"x": gaps, "none": y * np.nan, "same": y * 0}, y, ego, alter) == {
        "x": "the label itself"
    }
    some = slice(0, 19)
    assert traces_of_label({"x": y[some]}, y[some], ego[some], alter[some]) == {}
    assert told_without_error(y[some], y[some], ego[some], alter[some]) == ""
    assert told_without_error(y * 0, y, ego, alter) == ""
    assert told_without_error((y > 1) * 1.0, y, ego, alter) == "the label itself"
    assert told_without_error(-y - 0.1 * ego, y, ego, alter) == "the label itself"


def test_admit_names_columns_of_the_ladder(frame: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match=r"admitted column 'actz'\. Did you mean 'acts'"):
        settled(frame, ["acts"], "trust", admit=["actz"])
    with pytest.raises(ArgumentError, match="admit is 'acts'; it must be a list of columns"):
        settled(frame, ["acts"], "trust", admit="acts")
    with pytest.raises(ArgumentError, match="admit holds 3; columns are named by text"):
        settled(frame, ["acts"], "trust", admit=[3])
    assert settled(frame, ["acts"], "trust", admit=["acts"]).notes == ()


def test_an_evaluation_says_what_was_let_in(frame: pd.DataFrame) -> None:
    table = frame.assign(back=reverse(frame, "friend"))
    folds = hs.PeopleFolds(divisions=1)
    with pytest.raises(DesignError, match="'back' cannot foretell friend"):
        hs.evaluate(table, label="friend", ladder={"acts": ["acts"], "back": ["back"]}, folds=folds)
    found = hs.evaluate(
        table, label="friend", ladder={"acts": ["acts"], "back": ["back"]}, folds=folds, admit=["back"]
    )
    assert "Back was let in on request" in str(found) or "back was let in on request" in str(found)


# what columns come to


def hidden() -> pd.DataFrame:
    """Pairs, a label, and columns that hold it where no column alone ranks as it does."""
    draws = np.random.default_rng(3)
    ego, alter = np.triu_indices(20, 1)
    rows = pd.DataFrame({"ego": ego, "alter": alter, "x": draws.normal(size=len(ego))})
    rows["y"] = (rows["x"] + draws.logistic(size=len(ego)) > 0).astype(int)
    rows["either"] = np.where(rows["y"] == 1, draws.choice([-1, 1], len(ego)), 0)
    rows["odd"] = 2 * draws.integers(0, 50, len(ego)) + rows["y"]
    rows["noise"] = draws.normal(size=len(ego))
    rows["sum"] = rows["noise"] + rows["y"]
    return rows


@pytest.mark.parametrize("term", ["square(either)", "I(odd % 2)", "I(sum - noise)"])
def test_terms_that_tell_the_label_are_said(term: str) -> None:
    said = settled(hidden(), f"~ {term}", "y").beside
    assert len(said) == 1
    assert "and the label itself (y) tell each other without an error" in said[0]
    assert not settled(hidden(), "~ x + square(x) + x:noise + log1p(abs(noise))", "y").beside


def test_a_column_is_told_once_whatever_is_made_of_it() -> None:
    rows = hidden().assign(near=lambda one: one["y"] + 0.2 * one["noise"])
    said = settled(rows, "~ near + square(near)", "y").beside
    assert len(said) == 1
    assert said[0].startswith("near ranks rows by y almost without an error")


def test_columns_that_tell_the_label_together_are_said() -> None:
    folds = hs.PeopleFolds(divisions=1)
    found = hs.evaluate(hidden(), label="y", ladder={"own": ["x"], "two": ["sum", "noise"]}, folds=folds)
    told = [
        line for line in found.facts() if line.startswith("Mind: two foretells y almost without an error")
    ]
    assert len(told) == 1
    assert "what its columns come to together" in told[0]
    honest = hs.evaluate(hidden(), label="y", ladder={"own": ["x"], "two": ["noise"]}, folds=folds)
    assert not [line for line in honest.facts() if "almost without an error" in line]


def test_a_column_in_the_place_of_another_is_of_unknown_origin() -> None:
    """A name vouches for the values that the table was made with, in whatever rows, and for no others."""
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")
    name, said = "returned_share", "'returned_share' cannot foretell friendship: it was overwritten after"
    step = [f"known({name})"]
    for some in (table.frame, table.frame.sample(frac=0.8, random_state=1)):
        kept = replace(table, frame=some.assign(**{name: some[name].astype("Float64").astype(float)}))
        settled(kept, step)
        settled(replace(table, frame=some.reset_index(drop=True)), step)
        other = some.assign(**{name: some["friendship"] + some[name].fillna(0) / 9})
        for one in (other, other.reset_index(drop=True)):
            with pytest.raises(DesignError, match=said):
                settled(replace(table, frame=one), step)
    table.frame.loc[table.frame[name].first_valid_index(), name] = 0.123
    with pytest.raises(DesignError, match=said):
        settled(table, step)
    assert "let in on request: it was overwritten" in settled(table, step, admit=[name]).notes[-1]
    settled(table, ["acts"])
