"""The page of a report in a browser, in light, in dark and on a narrow screen; and its colours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import honestsignals as hs
from honestsignals.figures.style import COLOURS
from honestsignals.figures.svg import svg
from honestsignals.reporting.page import inlined
from tests.reports import Page, assert_tells_of
from tests.shared import PROJECT, needs_shared, shared_path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here to open the page in")
WIDTHS = (360, 768, 1280)
PROBE = """
<!doctype html><meta charset="utf-8"><body style="margin:0"><pre id="found"></pre><script>
const widths = {widths}, found = {{}};
const page = {page};
async function measure(width) {{
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${{width}}px;height:800px;border:0`;
  document.body.append(frame);
  await new Promise(done => {{ frame.onload = done; frame.srcdoc = page; }});
  const inner = frame.contentWindow, root = inner.document.documentElement;
  const far = [...inner.document.querySelectorAll("body *")].filter(
    one => !one.closest(".scroll") && !one.closest(".skip") && one.getBoundingClientRect().right > width + 1);
  const small = [...inner.document.querySelectorAll("svg")].filter(
    one => one.getBoundingClientRect().height < 80);
  found[width] = {{
    page: root.scrollWidth, shown: root.clientWidth, far: far.map(one => one.outerHTML.slice(0, 120)),
    small: small.length, requests: inner.performance.getEntriesByType("resource").map(one => one.name),
    paper: inner.getComputedStyle(inner.document.body).backgroundColor,
  }};
  frame.remove();
}}
(async () => {{
  for (const width of widths) await measure(width);
  document.getElementById("found").textContent = JSON.stringify(found);
}})();
</script>
"""


def opened(path: Path, home: Path, dark: bool = False) -> tuple[dict[int, dict], str]:
    """What a browser finds of a page at each width, and what it says of it on standard error."""
    text = path.read_text(encoding="utf-8")
    # a slash closes a script early
    page = json.dumps(text).replace("</", "<\\/")
    probe = home / "probe.html"
    probe.write_text(PROBE.format(widths=json.dumps(WIDTHS), page=page), encoding="utf-8")
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        f"--user-data-dir={home / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        probe.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found is not None, done.stderr[-2000:]
    assert found.group(1), done.stderr[-2000:]
    return {int(width): one for width, one in json.loads(found.group(1)).items()}, done.stderr


def assert_well_shown(path: Path, home: Path) -> None:
    """No console message, no request, nothing beyond the edge, at any width."""
    papers = set()
    for dark in (False, True):
        found, said = opened(path, home, dark)
        assert "CONSOLE" not in said, said
        for width in WIDTHS:
            one = found[width]
            assert one["requests"] == []
            assert one["page"] <= one["shown"] <= width, (width, one)
            assert one["far"] == [], (width, one["far"])
            assert one["small"] == 0
            papers.add(one["paper"])
    assert len(papers) == 2, papers


def assert_says_what_figures_show(path: Path) -> None:
    page = Page(path.read_text(encoding="utf-8"))
    drawn = page.all("svg")
    assert len(drawn) == len(page.all("figcaption")) == len(list(path.parent.glob("figures/*.svg")))
    for attrs in drawn:
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 60


@needs_browser
def test_a_page_is_well_shown_by_light_by_dark_and_on_a_phone(tmp_path: Path) -> None:
    study = hs.simulate(people=24, days=56, seed=3).study()
    made = hs.report(study, tmp_path / "report", draws=99)
    assert_well_shown(made.page, tmp_path)


@needs_browser
def test_the_probe_sees_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(
        '<!doctype html><meta name="viewport" content="width=device-width"><p style="width:900px">wide</p>'
        '<img src="http://127.0.0.1:9/none.png"><script>console.error("wrong")</script>',
        encoding="utf-8",
    )
    found, said = opened(page, tmp_path)
    assert "CONSOLE" in said
    assert found[360]["page"] > 360
    assert found[360]["far"]
    assert found[360]["requests"] == ["http://127.0.0.1:9/none.png"]


@pytest.mark.slow
@needs_browser
@needs_shared
@pytest.mark.parametrize("name", ["bitcoin_otc", "eies"])
def test_a_real_study_is_well_shown(name: str, tmp_path: Path) -> None:
    study = hs.open_study(shared_path("datasets", name))
    made = hs.report(study, tmp_path / "report", draws=99)
    assert_tells_of(Page(made.page.read_text(encoding="utf-8")).text, study, made)
    assert_well_shown(made.page, tmp_path)
    assert_says_what_figures_show(made.page)


@pytest.mark.slow
@needs_browser
@needs_shared
def test_copenhagen_takes_less_than_90_seconds_and_two_gigabytes_and_is_well_shown(tmp_path: Path) -> None:
    code = (
        "import sys, time, resource, honestsignals as hs\n"
        "hs.report(sys.argv[1], sys.argv[2], label='friendship')\n"
        "print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    study, target = str(shared_path("datasets", "copenhagen")), tmp_path / "report"
    done = subprocess.run(
        [sys.executable, "-c", code, study, str(target)],
        capture_output=True,
        text=True,
        check=True,
        # two threads that wait for one another would be counted twice
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    seconds, memory = (float(part) for part in done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert seconds < 90
    assert memory * unit < 2e9
    assert_well_shown(target / "report.html", tmp_path)
    assert_says_what_figures_show(target / "report.html")


# colours


@pytest.fixture(scope="module")
def palettes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Colours of the page by light, by dark and in print."""
    study = hs.simulate(people=8, days=14, seed=1).study()
    made = hs.report(study, tmp_path_factory.mktemp("colours") / "report", parts=())
    css = re.search(r"<style>(.*?)</style>", made.page.read_text(encoding="utf-8"), re.S)
    assert css is not None
    blocks = re.findall(r":root \{(.*?)\}", css.group(1), re.S)
    assert len(blocks) == 3
    assert not re.findall(r"#[0-9a-f]{3,6}", re.sub(r":root \{.*?\}", "", css.group(1), flags=re.S))
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shade", [0, 1, 2], ids=["light", "dark", "print"])
def test_colours_can_be_told_from_the_paper(palettes: list[dict[str, str]], shade: int) -> None:
    colours = palettes[shade]
    assert set(colours) == {*COLOURS.values(), "paper", "raised", "link", "warn", "warn-paper"}
    # WCAG 2.2, AA: 4.5 for text, 3 for what a figure is understood by
    for paper in ("paper", "raised"):
        for text in ("ink", "soft", "link"):
            assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
    for word in set(COLOURS.values()) - {"line"}:
        assert contrast(colours[word], colours["paper"]) >= 3, word
    for text in ("ink", "warn"):
        assert contrast(colours[text], colours["warn-paper"]) >= 4.5, text


def test_a_figure_within_a_page_has_its_own_ids_and_no_colour_of_its_own() -> None:
    made = Figure()
    axes = made.subplots()
    axes.plot([0, 1], [0, 1], color="#0072b2")
    axes.set_title('id="x" #0072b2')
    drawn = inlined(svg(made, "A title", "Words."), "roc")
    assert "var(--no)" in drawn
    assert drawn.count("#0072b2") == 1
    ids = re.findall(r'<[^>]*\sid="([^"]*)"', drawn)
    assert ids
    assert all(one.startswith("roc-") for one in ids)
    used = re.findall(r'(?:url\(|href=")#([^")]+)', drawn)
    assert set(used) <= set(ids)


def test_svg_escapes_its_title() -> None:
    text = svg(Figure(), '<script>"x"', "a & b")
    assert "<title>&lt;script&gt;&quot;x&quot;</title>" in text
    assert "<script>" not in text


def test_the_style_has_every_colour_from_one_place() -> None:
    css = (PROJECT / "honestsignals" / "reporting" / "report.css").read_text(encoding="utf-8")
    assert not set(re.findall(r"#[0-9a-f]{6}", css)) & set(COLOURS)
