"""What the docs say is what happens: README's example, its commands, the catalogue page, links."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import honestsignals as hs
from honestsignals.cli import app
from tests.shared import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]


def test_the_example_of_readme_prints_what_it_says(tmp_path, monkeypatch) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.S)
    printed = re.search(r"```text\n(.*?)```", README, re.S)
    assert code is not None
    assert printed is not None
    (tmp_path / "data").symlink_to(PROJECT / "data")
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code.group(1), {})
    assert out.getvalue() == printed.group(1)
    assert len(code.group(1).splitlines()) <= 12
    assert Path("friendship.tex").is_file()


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("inference.md", "fit"),
        ("evaluation.md", "found"),
        ("returns.md", "found"),
        ("reciprocity_fails.md", "found"),
        ("moderators.md", "found"),
        ("depth.md", "reliability"),
        ("reading.md", "january"),
    ],
)
def test_the_examples_of_a_page_run_in_order(page: str, made: str, tmp_path, monkeypatch) -> None:
    (tmp_path / "data").symlink_to(PROJECT / "data")
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / page).read_text(encoding="utf-8"), re.S)
    names: dict[str, object] = {}
    for block in code:
        exec(block, names)
    assert len(code) > 3
    assert made in names


def test_what_readme_says_of_people_never_seen_is_so(tmp_path, monkeypatch) -> None:
    dyads = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")
    quoted = re.findall(r"^> (.*)$", README, re.M)
    said = " ".join(quoted).split(" […]")[0]
    assert hs.evaluate(dyads).headline.startswith(said)


def test_ci_runs_the_two_commands_of_readme() -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.S)
    assert len(commands) == 2
    assert all(len(command.strip().splitlines()) == 1 for command in commands)
    assert "honestsignals report data/helpdesk" in commands[0]
    assert "pytest" in commands[1]
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_command 1" in script
    assert "readme_command 2" in script


def test_the_catalogue_page_is_the_registry() -> None:
    """`honestsignals metrics --page` writes docs/metrics.md."""
    page = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    result = CliRunner().invoke(app, ["metrics", "--page"])
    assert result.exit_code == 0
    assert page == result.stdout, "run honestsignals metrics --page > docs/metrics.md"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target
