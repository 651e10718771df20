"""What every metric owes: its range, its symmetry, its undefined case, an example, a source."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from pybtex.database import parse_file

import honestsignals.metrics
from honestsignals.engines.passes import Rows
from honestsignals.errors import DesignError, HonestSignalsError, UnknownNameError
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import all_names, choose, column, describe, plan
from honestsignals.metrics.registry import entries, metric
from tests.corpus import disclosed

KINDS = ("help", "information")
HAS = ("time", "periods", "weight", "depth", "topic", "moments")
SIDES = [
    (side, one.fact)
    for name, one in entries().items()
    for side in {name, name.replace("_ego", "_alter") if name.endswith("_ego") else name}
    if not one.fact.kinds
]
NAMES = [
    *all_names(KINDS, directed=False),
    # only asked for by name, as few pairs have it
    *("stifle_ratio_ego", "stifle_ratio_alter"),
    *sorted(f"{name}__weight" for name, fact in SIDES if fact.by_weight),
    *sorted(
        f"{name}__help" for name, fact in SIDES if fact.by_kind and name not in ("acts_ego", "acts_alter")
    ),
]


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every column over all ordered pairs of all logs of the corpus, and with ego and alter swapped."""
    forth: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    back: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    for log in disclosed():
        wanted = [name for name in NAMES if set(name.split("__")[1:]) <= {*log.kinds, "weight"}]
        planned = plan(wanted, log.kinds, HAS)
        low, high = np.triu_indices(len(log.people), 1)
        # the second half of the rows is asked before the log begins: nothing was observed
        low, high = np.tile(low, 2), np.tile(high, 2)
        before = np.repeat([2**62, int(log.acts.time.min())], len(low) // 2)
        for out, rows in ((forth, Rows(low, high, before)), (back, Rows(high, low, before))):
            columns = log.engine.columns(rows, planned, Settings())
            for name in wanted:
                out[name].append(columns[name].astype(float))
    return (
        {name: np.concatenate(parts) for name, parts in forth.items()},
        {name: np.concatenate(parts) for name, parts in back.items()},
    )


@pytest.mark.parametrize("name", NAMES)
def test_range_is_kept(name, measured) -> None:
    fact, values = describe(column(name, KINDS)), measured[0][name]
    values = values[~np.isnan(values)]
    assert len(values)
    low, high = fact.range
    assert (values > low).all() if fact.open_ends in ("low", "both") else (values >= low).all()
    assert (values < high).all() if fact.open_ends in ("high", "both") else (values <= high).all()


@pytest.mark.parametrize("name", [name for name in NAMES if "__" not in name and not column(name).form])
def test_closed_finite_ends_are_attained(name, measured) -> None:
    fact = describe(column(name, KINDS))
    values = np.concatenate([measured[0][name], measured[1][name]])
    low, high = fact.range
    if math.isfinite(low) and fact.open_ends not in ("low", "both"):
        assert np.nanmin(values) == pytest.approx(low, abs=1e-12)
    if math.isfinite(high) and fact.open_ends not in ("high", "both"):
        assert np.nanmax(values) == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_swapping_ego_and_alter_does_as_declared(name, measured) -> None:
    found = column(name, KINDS)
    swap = describe(found).swap
    forth, back = measured[0][name], measured[1][name]
    if swap == "kinds":
        stem, one, other = name.split("__")
        np.testing.assert_array_equal(forth, measured[1][f"{stem}__{other}__{one}"])
        return
    if swap == "swap":
        stem, _, kind = name.partition("__")
        other = {"ego": "alter", "alter": "ego"}[found.side]
        partner = stem.removesuffix("_" + found.side) + "_" + other + (f"__{kind}" if kind else "")
        np.testing.assert_array_equal(forth, measured[1][partner])
        return
    other_end = {"low": "high", "high": "low"}.get(swap)
    if other_end is not None:
        back, swap = measured[1][name.replace(f"_{swap}", f"_{other_end}")], "complement"
    turned = {
        "same": lambda values: values,
        "negate": lambda values: -values,
        "complement": lambda values: 1 - values,
        "relabel": lambda values: np.array([0, 2, 1, 3])[values.astype(int)],
    }[swap]
    np.testing.assert_allclose(forth, turned(back), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_undefined_is_nan_where_it_says_so_and_nowhere_else(name, measured) -> None:
    found = column(name, KINDS)
    undefined = np.isnan(np.concatenate([measured[0][name], measured[1][name]]))
    assert undefined.any() == bool(found.entry.fact.undefined)
    if found.entry.fact.undefined and not found.kind:
        neither = measured[0]["acts"] == 0
        if "neither acted" in found.entry.fact.undefined:
            assert np.isnan(measured[0][name][neither]).all()
            if found.entry.inputs == ("given_ego", "given_alter"):
                assert not np.isnan(measured[0][name][~neither]).any()


@pytest.mark.parametrize("name", list(entries()))
def test_every_metric_says_what_it_is(name) -> None:
    entry = entries()[name]
    text = inspect.getdoc(entry.function) or ""
    assert len(entry.fact.meaning) > 10
    if entry.inputs:
        assert ">>>" in text, f"{name} has no example"
    assert entry.fact.undefined or not math.isnan(entry.fact.empty)
    if entry.fact.swap == "swap":
        assert name.endswith("_ego")


def test_references_exist() -> None:
    keys = set(parse_file("references.bib").entries)
    for name, entry in entries().items():
        assert not entry.fact.reference or entry.fact.reference in keys, name


def test_names_are_identifiers_and_aliases_are_no_second_columns() -> None:
    assert all(name.isidentifier() for name in NAMES)
    for entry in entries().values():
        for alias in entry.fact.aliases:
            with pytest.raises(UnknownNameError, match=f"another name of '{entry.fact.name}'"):
                column(alias)


def test_a_misspelt_metric_is_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'returned_share'"):
        column("retuned_share")
    with pytest.raises(UnknownNameError, match="Did you mean 'help'"):
        column("acts_ego__hlep", KINDS)


def test_what_needs_counts_refuses_weight_and_timing_has_no_kinds() -> None:
    with pytest.raises(DesignError, match="cannot be bound to weight, as it needs counts"):
        column("log_odds_giving__weight", KINDS)
    with pytest.raises(DesignError, match="not measured by kind"):
        column("reply_rate__help", KINDS)


def test_a_log_without_time_is_told_so() -> None:
    with pytest.raises(DesignError, match="'reply_rate' needs a time column"):
        plan(["reply_rate"], (), ())
    assert "reply_rate" not in choose(None, (), (), directed=True)


def test_an_unknown_parameter_fails_on_registration() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'acts_ego'"):

        @metric(range=(0, 1), swap="same", undefined="", reference="")
        def wrong(act_ego):
            """A metric of a column that there is not."""

    with pytest.raises(HonestSignalsError, match="does not fit its name"):

        @metric(range=(0, 1), swap="swap", undefined="", reference="")
        def one_sided(acts_ego):
            """A swapped metric whose name does not end in _ego."""


def test_the_catalogue_lists_every_metric_once() -> None:
    names = honestsignals.metrics.table()["name"].tolist()
    assert names == list(entries())
    assert len(set(names)) == len(names)


def test_forms_of_one_balance_agree() -> None:
    """What the docstrings derive, on counts up to large ones."""
    rng = np.random.default_rng(0)
    given_ego, given_alter = rng.integers(0, 10 ** rng.integers(1, 9, 500), (2, 500))
    value = {
        name: one.function(given_ego, given_alter)
        for name, one in entries().items()
        if one.inputs == ("given_ego", "given_alter")
    }
    d = value["imbalance"]
    np.testing.assert_allclose(value["returned_share"], 1 - d, atol=1e-15)
    np.testing.assert_allclose(value["lopsidedness"], (1 + d) / 2, rtol=1e-14)
    np.testing.assert_allclose(value["min_max_ratio"], (1 - d) / (1 + d), atol=1e-15)
    np.testing.assert_allclose(value["coherence"], np.sqrt(1 - d**2), atol=1e-8)
    np.testing.assert_allclose(value["net_giving"], 2 * value["give_share"] - 1, atol=1e-15)
    p = np.clip(value["give_share"], 1e-300, 1)
    q = np.clip(1 - value["give_share"], 1e-300, 1)
    np.testing.assert_allclose(value["balance_entropy"], -p * np.log2(p) - q * np.log2(q), atol=1e-12)
