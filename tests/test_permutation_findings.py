"""What readers found wrong in permutation tests, kept from coming back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError
from honestsignals.permutation import REJECTED
from tests.shared import PROJECT
from tests.test_inference_calibration import loaded


def pairs_of(n: int = 9, seed: int = 4) -> pd.DataFrame:
    """One row a pair, each with the lower name first."""
    rng = np.random.default_rng(seed)
    ego, alter = np.triu_indices(n, 1)
    rows = pd.DataFrame({"ego": [f"p{one}" for one in ego], "alter": [f"p{one}" for one in alter]})
    rows["x"] = rng.normal(size=n)[ego] + rng.normal(size=ego.size)
    rows["y"] = 0.4 * rows["x"] + rng.normal(size=ego.size)
    return rows


def turned(rows: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """Some pairs with the other person named first."""
    turn = np.random.default_rng(seed).random(len(rows)) < 0.5
    ego, alter = rows["ego"].to_numpy(), rows["alter"].to_numpy()
    return rows.assign(ego=np.where(turn, alter, ego), alter=np.where(turn, ego, alter))


# who is named first


@pytest.mark.parametrize("ask", ["formula", "fit", "qap"])
def test_one_row_a_pair_does_not_hang_on_who_is_named_first(ask: str) -> None:
    def test(rows: pd.DataFrame) -> hs.Permutation:
        if ask == "qap":
            return hs.qap("x", "y", rows, draws=199, seed=1)
        fit = hs.fit("y ~ x", rows, family="gaussian")
        more: dict[str, Any] = {"draws": 199, "seed": 1}
        return (
            hs.permute(fit, **more) if ask == "fit" else hs.permute("y ~ x", rows, family="gaussian", **more)
        )

    one, other = test(pairs_of()), test(turned(pairs_of()))
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), rtol=1e-9)
    assert not one.people.directed
    assert one.people.missing == 0
    assert "rows are taken for pairs without direction" in str(one)
    assert "taken as they stand" not in str(one)


def test_rows_both_ways_and_two_kinds_of_people_stay_ordered() -> None:
    rows = pairs_of()
    back = rows.rename(columns={"ego": "alter", "alter": "ego"}).iloc[:1]
    both = hs.permute("y ~ x", pd.concat([rows, back]), family="gaussian", draws=9, seed=1)
    assert both.people.directed
    assert "without direction" not in str(both)
    asked = pairs_of(12)
    asked = asked[asked["ego"].isin(["p0", "p1", "p2", "p3"]) & ~asked["alter"].isin(["p1", "p2", "p3"])]
    assert hs.permute("y ~ x", asked, family="gaussian", draws=9, seed=1).people.directed


def test_half_a_matrix_is_a_symmetric_one() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 6, 6))
    x, y = x + x.T, y + y.T
    low = np.tril_indices(6)
    half_x, half_y = x.copy(), y.copy()
    half_x[low] = half_y[low] = np.nan
    whole, half = hs.qap(x, y), hs.qap(half_x, half_y)
    np.testing.assert_allclose(half.tidy()[["estimate", "p_value"]], whole.tidy()[["estimate", "p_value"]])
    assert "symmetric ones of which one half is there" in str(half)


# blocks


@pytest.mark.parametrize("lost", [np.nan, None, pd.NA, pd.NaT, np.float32("nan")])
def test_a_person_without_a_block_is_refused(lost: Any) -> None:
    block = {f"p{one}": "north" for one in range(9)} | {"p3": lost}
    with pytest.raises(ArgumentError, match="The block of 'p3' is not known"):
        hs.permute("y ~ x", pairs_of(), family="gaussian", draws=9, seed=1, block=block)


def test_equal_numbers_are_one_block_and_a_text_is_none() -> None:
    def test(values: list[Any]) -> hs.Permutation:
        block = {f"p{one}": values[one % len(values)] for one in range(9)}
        return hs.permute("y ~ x", pairs_of(), family="gaussian", draws=99, seed=1, block=block)

    base = test([1, 2, 1]).tidy()
    pd.testing.assert_frame_equal(test([1, 2.0, 1.0]).tidy(), base)
    pd.testing.assert_frame_equal(test([np.int8(1), 2, np.float64(1)]).tidy(), base)
    with pytest.raises(ArgumentError, match="a text and a number that look alike"):
        test([1, 2, "1"])


# what is no argument


@pytest.mark.parametrize("progress", [True, False, "yes"])
def test_progress_is_something_to_tell(progress: Any) -> None:
    with pytest.raises(ArgumentError, match=f"progress is {progress!r}; it must be a function"):
        hs.permute("y ~ x", pairs_of(), family="gaussian", draws=9, seed=1, progress=progress)
    with pytest.raises(ArgumentError, match="progress is"):
        hs.qap("x", "y", pairs_of(), draws=9, seed=1, progress=progress)


@pytest.mark.parametrize("frames", [True, False])
def test_an_infinite_cell_is_named(frames: bool) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 5, 5))
    y[3, 1] = -np.inf
    x[2, 2] = np.inf  # nobody looks at the diagonal
    names = list("abcde")
    if frames:
        x, y = (pd.DataFrame(one, names, names) for one in (x, y))
    where = "row 'd', column 'b'" if frames else "row 3, column 1"
    with pytest.raises(ArgumentError, match=f"y is -inf in {where}"):
        hs.qap(x, y, draws=9, seed=1)


# what is quoted


def test_the_page_is_that_of_the_stored_studies() -> None:
    script = loaded("permutation_size")
    path = PROJECT / "benchmarks" / "results" / "permutation_size.json"
    stored = json.loads(path.read_text("utf-8"))
    page = (PROJECT / "docs" / "permutation_size.md").read_text("utf-8")
    assert script.markdown(stored["cells"], stored["command"]) == page
    assert len(script.put_together(path, [])) == len(script.cells())
    assert {one["studies"] for one in stored["cells"]} == {1000}
    assert all({"dsp", "y"} < set(one["rejected"]) for one in stored["cells"] if one["what"] != "transpose")
    assert "| 50 % of 60 people's | .057 | .056 | **.116** | **.105** |" in page


def test_rates_that_are_quoted_are_those_stored() -> None:
    stored = json.loads((PROJECT / "benchmarks" / "results" / "permutation_size.json").read_text("utf-8"))

    def span(shares: list[float]) -> str:
        low, high = (f"{end:.2f}".removeprefix("0") for end in (min(shares), max(shares)))
        return low if low == high else f"{low} to {high}"

    for what, quoted in REJECTED.items():
        cells = [cell["rejected"] for cell in stored["cells"] if cell["what"] == what]
        if what == "transpose":
            two, one = (span([cell["qap"][side] for cell in cells]) for side in (0, 1))
            assert quoted == f"{one} one-sided and {two} two-sided"
        else:
            assert quoted == span([cell["dsp"][-1] for cell in cells])
    text = str(hs.permute("y ~ x", pairs_of(), family="gaussian", draws=9, seed=1))
    assert REJECTED["variance"] in text
    assert REJECTED["confounded"] in text


def test_who_was_not_asked_stays_apart_within_a_block() -> None:
    """Half of each class answered; the others are alter alone."""
    ids = [f"p{number:02d}" for number in range(24)]
    asked = [one for number, one in enumerate(ids) if number % 2 == 0]
    rows = pd.DataFrame(
        [(one, other) for one in asked for other in ids if one != other], columns=["ego", "alter"]
    )
    rng = np.random.default_rng(5)
    rows["x"], rows["y"] = rng.normal(size=(2, len(rows)))
    classes = {one: "a" if number < 12 else "b" for number, one in enumerate(ids)}
    found = hs.permute("y ~ x", rows, family="gaussian", draws=50, seed=1, block=classes)
    groups = dict(zip(sorted(ids), found.people.block.tolist(), strict=True))
    assert len(set(groups.values())) == 4
    assert all(
        len({(classes[one], one in asked) for one in ids if groups[one] == group}) == 1
        for group in set(groups.values())
    )
    assert "within them those that no row joins" in str(found)
    assert found.found.rows_used == 1.0


def test_what_a_permutation_cannot_say_goes_into_every_file() -> None:
    rng = np.random.default_rng(6)
    ego, alter = np.nonzero(~np.eye(9, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=72), "y": rng.normal(size=72)})
    frame.loc[:2, "x"] = np.nan
    found = hs.permute("y ~ x", frame, family="gaussian", draws=50, seed=1)
    for text in (found.to_html(), found.to_latex(), found.to_markdown()):
        assert "Tested is whether people are exchangeable" in text
        assert "3 rows where x is undefined" in text
