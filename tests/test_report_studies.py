"""The report of real studies: what it says of each, whatever the study lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

import honestsignals as hs
from tests.reports import Page, assert_tells_of
from tests.shared import needs_shared, shared_path

STUDIES = (
    "bitcoin_alpha",
    "ckm_physicians",
    "classroom",
    "collegemsg",
    "colombia_foodsharing",
    "colombia_rich",
    "highschool2013",
    "kapferer",
    "krackhardt",
    "lazega",
    "nicaragua_arangdak",
    "wiring",
)
LARGE = ("bitcoin_alpha", "collegemsg", "highschool2013")
SECOND_LABEL = {"kapferer": "friendship_t2"}


@needs_shared
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow if one in LARGE else ()) for one in STUDIES]
)
def test_real_study_opens_and_reports(name: str, tmp_path: Path) -> None:
    study = hs.open_study(shared_path("datasets", name))
    label = SECOND_LABEL.get(name)
    # those of the others, with permutations and evaluations, are opened in a browser
    made = hs.report(study, tmp_path / "report", label=label, parts=())
    found = Page(made.page.read_text(encoding="utf-8"))
    assert found.open == []
    assert made.label == (label or next(iter(study.labels), None))
    assert_tells_of(found.text, study, made)
