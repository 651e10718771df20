"""A figure shows itself in a notebook, with its words, and is no other figure for it."""

from __future__ import annotations

import base64
import html
import re

import pandas as pd

from honestsignals import figures


def studies(name: str = "a < b & \"c\" 'd'") -> pd.DataFrame:
    return pd.DataFrame(
        {"study": [name, "two"], "estimate": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}
    )


def test_a_notebook_gets_an_image_and_its_words() -> None:
    made = figures.draw("forest", studies())
    page = made._repr_html_()
    shown = re.fullmatch(
        r'<img alt="([^"<>]*)" src="data:image/svg\+xml;base64,([^"<>]*)" style="[^"<>]*">', page
    )
    assert shown is not None
    assert html.unescape(shown[1]) == figures.alt_text(made)
    drawing = base64.b64decode(shown[2]).decode("utf-8")
    assert drawing.startswith("<svg ")
    assert "&lt; b &amp;" in drawing


def test_showing_a_figure_changes_nothing() -> None:
    made = figures.draw("forest", studies())
    first, size = made._repr_html_(), tuple(made.get_size_inches())
    assert made._repr_html_() == first == figures.draw("forest", studies())._repr_html_()
    assert tuple(made.get_size_inches()) == size
