"""What bandicoot, networkx and a weighted reciprocity of others say of the same logs and networks.

Every key of bandicoot's values is equal here, different on purpose, or not measured here: each with a reason.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.engines.passes import Rows
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, Settings
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.columns import plan
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.registry import entries
from tests.shared import REFERENCE, needs_shared, shared_path
from tests.test_people_metrics import circle_of

TOLERANCE = 1e-8
NAN = math.nan
Row = dict[str, Any]
KINDS = ("call", "text")
MONTH = Settings(conversation_gap=30 * DAY)
TIMING = ("span_days", "active_days", "burstiness", "burstiness_finite", "memory")


# our side


def by_person(log: InteractionLog, settings: Settings | None = None) -> pd.DataFrame:
    """Person metrics, one row a person."""
    engine, has = log.engine, log.has
    names = [
        name
        for name, one in entries("person").items()
        if one.fact.family in ("people", "signature", "answering")
    ]
    names = [name for name in names if entries("person")[name].fact.needs <= has]
    found = measure(planned("person", names), {"circle": circle_of(engine, settings=settings)})
    assert not found.refused
    return pd.DataFrame(found.values, index=log.people)


def by_pair(log: InteractionLog, settings: Settings | None = None) -> pd.DataFrame:
    """Dyad columns, one row an ordered pair in contact, ego first."""
    engine = log.engine
    low, high = engine.pairs()
    ego, alter = np.concatenate([low, high]), np.concatenate([high, low])
    names = ["acts", "acts_ego", "acts_alter", "give_share", "opening_share", "reply_rate_ego", *TIMING]
    found = engine.columns(Rows(ego, alter), plan(names, (), engine.log.has), settings or Settings())
    index = pd.MultiIndex.from_arrays([log.people[ego], log.people[alter]])
    return pd.DataFrame({name: found[name] for name in names}, index=index)


def threaded(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts with bandicoot's conversations: less than an hour after the record before; a call ends one."""
    out, named = [], 0
    for _, acts in frame.groupby(frame[["sender", "receiver"]].apply(frozenset, axis=1), sort=False):
        last, open_now = None, False
        for act in acts.sort_values("time").itertuples():
            late = last is not None and (act.time - last).total_seconds() >= 3600
            if act.kind == "text":
                named += late or not open_now
                out.append((act.sender, act.receiver, act.time, named))
            open_now = act.kind == "text"
            last = act.time
    return pd.DataFrame(out, columns=["sender", "receiver", "time", "conversation"])


@dataclass(frozen=True)
class Ours:
    """All that is measured here of one call log."""

    frame: pd.DataFrame
    merged: dict[tuple[str, str], pd.Series | None] = field(default_factory=dict)

    @cached_property
    def logs(self) -> dict[str, InteractionLog]:
        whole = hs.read_log(self.frame)
        return {"callandtext": whole, **{kind: whole.only(kind) for kind in whole.kinds}}

    @cached_property
    def people(self) -> dict[str, pd.DataFrame]:
        found = {kind: by_person(log) for kind, log in self.logs.items()}
        return {kind: found.get(kind, pd.DataFrame()) for kind in (*KINDS, "callandtext")}

    @cached_property
    def pairs(self) -> dict[str, pd.DataFrame]:
        return {kind: by_pair(log) for kind, log in self.logs.items()}

    @cached_property
    def weeks(self) -> list[Ours]:
        weeks = self.frame["time"].dt.isocalendar()
        return [Ours(part) for _, part in self.frame.groupby([weeks["year"], weeks["week"]])]

    def records(self, person: str, kind: str) -> pd.DataFrame:
        """Records of a kind in which a person takes part."""
        mine = self.frame[(self.frame[["sender", "receiver"]] == person).any(axis=1)]
        return mine if kind == "callandtext" else mine[mine["kind"] == kind]

    @cached_property
    def texts(self) -> InteractionLog:
        """Texts in bandicoot's conversations, in a log that was watched long after the last of them."""
        return hs.read_log(threaded(self.frame)).window(end="2024-12-31")

    @cached_property
    def answers(self) -> pd.DataFrame:
        return by_person(self.texts, MONTH)

    @cached_property
    def pair_answers(self) -> pd.DataFrame:
        return by_pair(self.texts, MONTH)

    def against_all(self, person: str, kind: str) -> pd.Series | None:
        """A person against everybody else as one: what bandicoot measures of all records of a user."""
        if (person, kind) not in self.merged:
            mine = self.records(person, kind)
            sides = mine[["sender", "receiver"]].where(mine[["sender", "receiver"]] == person, "others")
            log = hs.read_log(sides.assign(time=mine["time"])) if len(mine) else None
            self.merged[person, kind] = None if log is None else by_pair(log).loc[(person, "others")]
        return self.merged[person, kind]


def rhythm(row: pd.Series | None, stat: str) -> float:
    """Mean, or standard deviation with n below, of the gaps between acts, from span and burstiness."""
    if row is None or row["acts"] < 2:
        return NAN
    mean = row["span_days"] * 86_400 / (row["acts"] - 1)
    if stat == "mean":
        return float(mean)
    if row["acts"] == 2:
        # of one gap bandicoot has 0; ours is undefined
        assert math.isnan(row["burstiness"])
        return 0.0
    return float(mean * (1 + row["burstiness"]) / (1 - row["burstiness"]))


@dataclass(frozen=True)
class Key:
    """One number of bandicoot's: of whom, under which name, of which kind of record, and which statistic."""

    place: str
    name: str
    kind: str = ""
    stat: str = ""
    who: tuple[str, ...] = ()

    def person(self, ours: Ours, column: str) -> float:
        table = ours.people[self.kind]
        return float(table.loc[self.who[0], column]) if self.who[0] in table.index else NAN

    def pair(self, ours: Ours, column: str) -> float:
        table = ours.pairs[self.kind]
        return float(table.loc[self.who, column]) if self.who in table.index else NAN

    def rhythm(self, ours: Ours) -> float:
        if len(self.who) == 1:
            return rhythm(ours.against_all(self.who[0], self.kind), self.stat)
        table = ours.pairs[self.kind]
        return rhythm(table.loc[self.who] if self.who in table.index else None, self.stat)

    def answers(self, ours: Ours, column: str) -> float:
        table = ours.answers if len(self.who) == 1 else ours.pair_answers
        who = self.who[0] if len(self.who) == 1 else self.who
        return float(table.loc[who, column]) if who in table.index else NAN


# every key: equal


def count(column: str) -> Callable[[Key, Ours], float]:
    def found(key: Key, ours: Ours) -> float:
        value = key.person(ours, column) if len(key.who) == 1 else key.pair(ours, column)
        # bandicoot has nothing at all of whoever has no record of the kind; here that is no contact, and 0
        return NAN if value == 0 and nothing(key, ours) else value

    return found


def nothing(key: Key, ours: Ours) -> bool:
    if len(key.who) == 1:
        return key.person(ours, "contacts") == 0
    return key.who not in ours.pairs[key.kind].index


def person(**columns: str) -> Callable[[Key, Ours], float]:
    return lambda key, ours: key.person(ours, columns[key.stat or "mean"])


def spread_of_acts(key: Key, ours: Ours) -> float:
    if key.stat == "mean":
        return key.person(ours, "exchanged_per_contact")
    table = ours.pairs[key.kind]
    mine = table[table.index.get_level_values(0) == key.who[0]]["acts"]
    return float(np.std(mine)) if len(mine) else NAN


def evenness(key: Key, ours: Ours) -> float:
    value = key.person(ours, "contact_evenness")
    if key.person(ours, "contacts") == 1:
        # 0/0: undefined here, 0 there
        assert math.isnan(value)
        return 0.0
    return value


def active_days(key: Key, ours: Ours) -> float:
    row = ours.against_all(key.who[0], key.kind)
    return NAN if row is None else float(row["active_days"])


def opened(key: Key, ours: Ours) -> float:
    value = key.answers(ours, "opening_share")
    # no conversation at all: undefined here, 0 there
    return 0.0 if math.isnan(value) else value


def own(name: str) -> Callable[[Key, Ours], float]:
    def found(key: Key, ours: Ours) -> float:
        one = len(key.who) == 1
        row = ours.against_all(key.who[0], "callandtext") if one else ours.pairs["callandtext"].loc[key.who]
        assert row is not None
        if name in ("mean", "std"):
            return rhythm(row, name)
        if name == "burstiness" and row["acts"] == 2:
            # of one gap there is no spread: undefined here, −1 there
            assert math.isnan(row[name])
            return -1.0
        return float(row["acts"] - 1 if name == "n" else row[name])

    return found


def week_by_week(key: Key, ours: Ours) -> float:
    """Mean or standard deviation over the weeks of a user of what is measured of each week by itself."""
    inner, over = key.stat.rpartition(".")[::2]
    one = Key(USER, key.name, key.kind, inner, key.who)
    weeks = [week for week in ours.weeks if len(week.records(key.who[0], key.kind))]
    values = [EQUAL[USER, key.name](one, week) for week in weeks]
    kept = [value for value in values if not math.isnan(value)]
    return NAN if not kept else float(np.mean(kept) if over == "mean" else np.std(kept))


USER, PAIR, OWN = "users.whole_period", "dyads", "own_interevent_and_burstiness"
BY_WEEK = ("active_days", "number_of_contacts", "balance_of_contacts_unweighted", "response_rate_text")
BY_WEEK += ("percent_initiated_conversations", "entropy_of_contacts", "interevent_time")
EQUAL: dict[tuple[str, str], Callable[[Key, Ours], float]] = {
    ("", "n_events"): lambda key, ours: ours.people["callandtext"]["given"].sum(),
    ("users", "n_records"): lambda key, ours: (
        ours.people["callandtext"].loc[key.who[0], ["given", "received"]].sum()
    ),
    (USER, "active_days"): active_days,
    (USER, "number_of_contacts"): count("contacts"),
    (USER, "number_of_contacts_out"): count("contacts_out"),
    (USER, "number_of_interactions_out"): count("given"),
    (USER, "number_of_interactions_in"): count("received"),
    (USER, "number_of_interactions"): lambda key, ours: (
        count("given")(key, ours) + count("received")(key, ours)
    ),
    (USER, "interactions_per_contact"): spread_of_acts,
    (USER, "balance_of_contacts_unweighted"): person(mean="give_share_mean", std="give_share_sd"),
    (USER, "percent_initiated_interactions"): lambda key, ours: (1 + key.person(ours, "net_giver")) / 2,
    (USER, "percent_initiated_conversations"): opened,
    (USER, "response_rate_text"): lambda key, ours: key.answers(ours, "response_rate"),
    (USER, "entropy_of_contacts"): person(mean="contact_entropy"),
    (USER, "entropy_of_contacts_normalized"): evenness,
    (USER, "interevent_time"): Key.rhythm,
    **{("users.by_week", name): week_by_week for name in BY_WEEK},
    (PAIR, "number_of_interactions"): count("acts"),
    (PAIR, "number_of_interactions_out"): count("acts_ego"),
    (PAIR, "number_of_interactions_in"): count("acts_alter"),
    # of one contact: the mean is its share, and nothing is spread
    (PAIR, "balance_of_contacts_unweighted"): lambda key, ours: (
        key.pair(ours, "give_share") * (1 if key.stat == "mean" else 0)
    ),
    (PAIR, "percent_initiated_interactions"): lambda key, ours: key.pair(ours, "give_share"),
    (PAIR, "percent_initiated_conversations"): opened,
    (PAIR, "response_rate_text"): lambda key, ours: key.answers(ours, "reply_rate_ego"),
    (PAIR, "interevent_time"): Key.rhythm,
    (OWN, "n"): own("n"),
    (OWN, "mean"): own("mean"),
    (OWN, "sd_population"): own("std"),
    (OWN, "burstiness_goh_barabasi_population_sd"): own("burstiness"),
    (OWN, "memory_coefficient"): own("memory"),
}
MATRICES = ("labels", "directed_unweighted", "undirected_unweighted")
"""Of the network of one user: equal, and looked at as matrices below."""

# different on purpose: the reason, and the column here that comes next to it
OTHER_CONVERSATIONS = "the mean of observed delays drops silence, and bandicoot drops zero seconds too"
DIFFERENT: dict[tuple[str, str], tuple[str, Callable[[Key, Ours], float] | None]] = {
    (USER, "balance_of_contacts_weighted"): (
        "divided by the user's total: a share of it, and no weighted mean",
        person(mean="give_share_mean", std="give_share_sd"),
    ),
    (USER, "response_delay_text"): (OTHER_CONVERSATIONS, None),
    (PAIR, "response_delay_text"): (OTHER_CONVERSATIONS, None),
    (OWN, "sd_sample"): ("n below, as in the formula of Goh and Barabási", own("std")),
    (OWN, "burstiness_goh_barabasi_sample_sd"): ("n below, so that −1 is reached", own("burstiness")),
    (OWN, "burstiness_kim_jo_N_events"): (
        "the finite-size form is of gaps and not of events",
        own("burstiness_finite"),
    ),
}
HALF_HOURS = ("directed_weighted_callandtext", "undirected_weighted")
"""Half-hours with a record, and not records; the second only of ties in both directions."""

NOT_HERE: dict[tuple[str, str], str] = {
    ("", "case"): "a name",
    ("", "input"): "a name",
    ("", "n_users"): "how the log was made: one of calllog_b has no record",
    ("", "seed"): "how the log was made",
    ("", "call"): "how the values were made",
    ("", "definitions"): "words, which the tests of this module follow",
    ("", "software"): "who made the values",
    (USER, "percent_nocturnal"): "the time of day is no give and take",
    (USER, "percent_pareto_interactions"): "concentration, divided by records and not by contacts",
    (USER, "percent_pareto_durations"): "of durations, divided by records and not by contacts",
    (USER, "call_duration"): "durations are no acts; a log's weight column would sum them",
    ("network_of_u00", "clustering_unweighted"): "of triangles, not of give and take of two",
    ("network_of_u00", "clustering_weighted"): "of triangles, not of give and take of two",
}


# their side


def reference(case: str) -> Row:
    return dict(json.loads((REFERENCE / "G_bandicoot" / f"{case}.json").read_text(encoding="utf-8")))


def ours_of(case: str) -> Ours:
    frame = pd.read_csv(REFERENCE / "inputs" / f"{case}.csv")
    frame = frame.rename(columns={"datetime": "time", "interaction": "kind"})
    frame["time"] = pd.to_datetime(frame["time"])
    return Ours(frame[["sender", "receiver", "time", "kind"]])


CASES = {case: (reference(case), ours_of(case)) for case in ("calllog_a", "calllog_b")}
TWO_NUMBERS = ("interactions_per_contact", "interevent_time", "response_delay_text", "call_duration")


def leaves(values: Row, place: str, who: tuple[str, ...]) -> Iterator[tuple[Key, Any]]:
    """Every number of one person or pair; all that a missing dictionary would hold where there is none."""
    for name, value in values.items():
        two = name in TWO_NUMBERS or name.startswith("balance")
        empty = dict.fromkeys(("mean", "std")) if two or place == "users.by_week" else {"": None}
        for kind, one in value["allweek"]["allday"].items():
            stats = empty if one is None else one if isinstance(one, dict) else {"": one}
            for stat, number in stats.items():
                if place == "users.by_week" and two:
                    weeks = number or empty
                    yield from ((Key(place, name, kind, f"{stat}.{o}", who), x) for o, x in weeks.items())
                else:
                    yield Key(place, name, kind, stat, who), number


def all_keys(case: str) -> Iterator[tuple[Key, Any]]:
    """Every key of a file of values, and its number."""
    values = CASES[case][0]
    for name, value in values.items():
        if name not in ("users", "dyads", "network_of_u00"):
            yield Key("", name), value
    for user, found in values["users"].items():
        for part, value in found.items():
            if part == OWN:
                yield from ((Key(OWN, name, who=(user,)), one) for name, one in (value or {}).items())
            elif isinstance(value, dict):
                yield from leaves(value, f"users.{part}", (user,))
            else:
                yield Key("users", part, who=(user,)), value
    for pair, found in values["dyads"].items():
        two = pair.split("|")
        for part, value in found.items():
            if part == OWN:
                yield from ((Key(OWN, name, who=tuple(two)), one) for name, one in (value or {}).items())
            else:
                ego = part.removeprefix("ego_")
                yield from leaves(value, PAIR, (ego, next(one for one in two if one != ego)))
    yield from ((Key("network_of_u00", name), one) for name, one in values["network_of_u00"].items())


@pytest.mark.parametrize("case", list(CASES))
def test_every_key_is_equal_different_or_not_measured_and_says_which(case: str) -> None:
    tables: list[Any] = [
        EQUAL,
        DIFFERENT,
        NOT_HERE,
        [("network_of_u00", name) for name in (*MATRICES, *HALF_HOURS)],
    ]
    seen = {(key.place, key.name) for key, _ in all_keys(case)}
    for one in seen:
        assert sum(one in table for table in tables) == 1, one
    assert {one for table in tables for one in table} == seen


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("place", list(EQUAL), ids=".".join)
def test_what_is_equal(case: str, place: tuple[str, str]) -> None:
    ours, compared = CASES[case][1], 0
    for key, number in all_keys(case):
        if (key.place, key.name) == place:
            expected = NAN if number is None else number
            found = EQUAL[place](key, ours)
            np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=1e-12, err_msg=str(key))
            compared += number is not None
    assert compared


@pytest.mark.parametrize("place", [one for one in DIFFERENT if DIFFERENT[one][1]], ids=".".join)
def test_what_is_different_on_purpose_differs(place: tuple[str, str]) -> None:
    made = DIFFERENT[place][1]
    assert made is not None
    differs = [
        abs(made(key, ours) - number) > 1e-6
        for case, (_, ours) in CASES.items()
        for key, number in all_keys(case)
        if (key.place, key.name) == place and number is not None
    ]
    assert any(differs)


@pytest.mark.parametrize("case", list(CASES))
def test_the_weighted_balance_of_contacts_is_a_share_of_the_total(case: str) -> None:
    values, ours = CASES[case]
    for user, found in values["users"].items():
        for kind in KINDS:
            theirs = found["whole_period"]["balance_of_contacts_weighted"]["allweek"]["allday"][kind]
            row = ours.people[kind].loc[user] if user in ours.people[kind].index else None
            if theirs is not None and row is not None:
                share = row["given"] / (row["given"] + row["received"])
                assert theirs["mean"] == pytest.approx(share / row["contacts"], rel=TOLERANCE)


def matrix_of(log: InteractionLog, labels: list[str]) -> np.ndarray:
    """Who gave whom how many acts, as the ties of a log have it."""
    ties, place = log.engine.ties(), {name: at for at, name in enumerate(log.people.tolist())}
    whole = np.zeros((len(place), len(place)), dtype=int)
    whole[ties.low, ties.high], whole[ties.high, ties.low] = ties.forth, ties.back
    at = [place[name] for name in labels]
    return whole[np.ix_(at, at)]


@pytest.mark.parametrize("case", list(CASES))
def test_networks_are_equal_and_weighted_ones_count_half_hours(case: str) -> None:
    values, ours = CASES[case]
    theirs = values["network_of_u00"]
    labels = theirs["labels"]
    mine = ours.pairs["callandtext"].loc["u00"].index
    assert labels == ["u00", *sorted(mine)]
    acts = matrix_of(hs.read_log(ours.frame), labels)
    np.testing.assert_array_equal(acts > 0, theirs["directed_unweighted"])
    np.testing.assert_array_equal((acts > 0) & (acts.T > 0), theirs["undirected_unweighted"])
    assert (acts != np.array(theirs["directed_weighted_callandtext"])).any()
    halves = ours.frame.assign(time=ours.frame["time"].dt.floor("30min")).drop(columns="kind")
    thinned = matrix_of(hs.read_log(halves.drop_duplicates()), labels)
    np.testing.assert_array_equal(thinned, theirs["directed_weighted_callandtext"])
    both = np.where((thinned > 0) & (thinned.T > 0), thinned + thinned.T, 0)
    np.testing.assert_array_equal(both, theirs["undirected_weighted"])


@pytest.mark.parametrize("case", list(CASES))
def test_whoever_only_texts_opens_as_many_by_the_usual_conversations(case: str) -> None:
    # no text of these stands exactly an hour after another, where bandicoot's Δ ends one earlier
    values, ours = CASES[case]
    calls = {*ours.frame.loc[ours.frame["kind"] == "call", ["sender", "receiver"]].to_numpy().ravel()}
    for user in set(values["users"]) - calls:
        theirs = values["users"][user]["whole_period"]["percent_initiated_conversations"]
        found = ours.people["text"].loc[user, "opening_share"]
        assert found == pytest.approx(theirs["allweek"]["allday"]["callandtext"], rel=TOLERANCE)


# networks


def case_matrix(name: str) -> np.ndarray:
    own_copy = REFERENCE / "inputs" / f"{name}.csv"
    path = own_copy if own_copy.exists() else shared_path("reference", "inputs", f"{name}.csv")
    with path.open(encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    matrix = np.array([[float(cell) for cell in line[1:]] for line in lines])
    np.fill_diagonal(matrix, 0)
    return matrix


def of_matrix(matrix: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    ego, alter = np.nonzero(matrix + matrix.T)
    columns = {"given_ego": matrix[ego, alter], "given_alter": matrix[alter, ego]}
    circle = Circle(len(matrix), ego, alter, columns, np.ones(len(ego), dtype=bool))
    return measure(planned("person", names), {"circle": circle}).values


TOYS = ["toy_all_mutual4", "toy_complete4", "toy_cycle3", "toy_one_arc3", "toy_valued4", "toy_valued5"]
SIMULATED = ["sim_counts40", "sim_trust40"]
REAL = ["eies_messages", "knecht_friendship_t1", "krackhardt_advice", "krackhardt_friendship"]
REAL += ["krackhardt_reports", "lazega_advice", "lazega_cowork", "lazega_friendship", "rhesus_grooming"]
REAL += ["sampson_like_t3", "wiring_help", "wiring_tradejobs"]


def values_of(folder: str, case: str) -> Row:
    path = REFERENCE / folder / f"{case}.json"
    path = path if path.exists() else shared_path("reference", folder, f"{case}.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("case", [*TOYS, *(pytest.param(case, marks=needs_shared) for case in REAL)])
def test_node_reciprocity_is_that_of_networkx(case: str) -> None:
    theirs = values_of("A_python_peers", case)["networkx"]["node_reciprocity"]
    found = of_matrix(case_matrix(case), ["reciprocity_both"])["reciprocity_both"]
    # networkx has None for people without ties
    np.testing.assert_allclose(found, [NAN if one is None else one for one in theirs], rtol=TOLERANCE)


@needs_shared
def test_no_network_of_the_reference_values_is_left_out() -> None:
    named = {path.stem for path in shared_path("reference", "A_python_peers").glob("*.json")}
    assert named == {*TOYS, *REAL}


@pytest.mark.parametrize(
    "case", [*TOYS, *SIMULATED, *(pytest.param(case, marks=needs_shared) for case in REAL)]
)
def test_weighted_reciprocity_of_people_is_that_of_the_reference(case: str) -> None:
    theirs = {
        name: np.array(values, dtype=float)
        for name, values in values_of("A_network_indices", case)["own_weighted_squartini"]["node"].items()
    }
    names = ["returned", "given", "received", "reciprocity_weighted", "reciprocity_weighted_in"]
    found, both = of_matrix(case_matrix(case), names), theirs["reciprocated_strength"]
    np.testing.assert_allclose(found["returned"], both, rtol=TOLERANCE)
    for end, side, way in (("", "out_only", "given"), ("_in", "in_only", "received")):
        total = theirs[side] + both
        np.testing.assert_allclose(found[way], total, rtol=TOLERANCE)
        share = np.divide(both, total, out=np.full(len(both), NAN), where=total > 0)
        np.testing.assert_allclose(found[f"reciprocity_weighted{end}"], share, rtol=TOLERANCE)
