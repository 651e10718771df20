"""Tables for Stata and SPSS: labels of columns and of levels inside."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honestsignals.errors import OutputError
from honestsignals.exporting.fitting_in import Fitted
from honestsignals.exporting.forms import cut_bytes

if TYPE_CHECKING:
    import pandas as pd

UNDATED = datetime(1960, 1, 1)
"""When a file for Stata says it was made, Stata's time 0: the clock has no place in it."""
SAV_TIME = (92, b"01 Jan 60" + b"00:00:00")
"""Where a file for SPSS says when it was made, and what it says here."""
MEASURES = {"class": "nominal", "truth": "nominal", "text": "nominal"}


def write_stata(draft: Path, made: Fitted, labels: dict[str, str], title: str) -> None:
    """Write a table for Stata 14 and later (form 118, UTF-8).

    Parameters
    ----------
    draft : Path
        Where to.
    made : Fitted
        The rows and what each column is.
    labels : dict
        Column to what it is, cut at 80 characters.
    title : str
        What it is a table of.
    """
    frame = _filled(made)
    frame.to_stata(
        draft,
        write_index=False,
        version=118,
        time_stamp=UNDATED,
        data_label=_cut(title, made.form.column_label),
        variable_labels={
            made.stored[name]: _cut(label, made.form.column_label) for name, label in labels.items() if label
        },
        value_labels={made.stored[name]: {**words} for name, words in made.labels.items() if words},
    )


def write_spss(draft: Path, made: Fitted, labels: dict[str, str], title: str) -> None:
    """Write a table for SPSS.

    Parameters
    ----------
    draft : Path
        Where to.
    made : Fitted
        The rows and what each column is.
    labels : dict
        Column to what it is, cut at 256 bytes.
    title : str
        What it is a table of.
    """
    import pyreadstat

    frame = _filled(made)
    # other units are taken for what they are not
    coarse = {name: frame[name].dt.as_unit("us") for name in frame.columns if frame[name].dtype.kind == "M"}
    frame = frame.assign(**coarse)
    pyreadstat.write_sav(
        frame,
        str(draft),
        file_label=cut_bytes(title, 64),
        column_labels=[cut_bytes(labels.get(one.name, ""), made.form.column_label) for one in made.columns],
        variable_value_labels={
            made.stored[name]: dict(words) for name, words in made.labels.items() if words
        },
        variable_measure={
            one.stored: "ordinal" if one.ordered else MEASURES.get(one.kind, "scale") for one in made.columns
        },
    )
    _undated(draft)


def _filled(made: Fitted) -> pd.DataFrame:
    """The rows under the names of the file, with text of no characters for missing text."""
    frame = made.frame
    text = {one.name for one in made.columns if frame[one.name].dtype.kind not in "iufbM"}
    columns: dict[str, Any] = {
        made.stored[name]: frame[name].fillna("").astype(object) if name in text else frame[name]
        for name in frame.columns
    }
    import pandas as pd

    return pd.DataFrame(columns, index=frame.index, copy=False)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _undated(draft: Path) -> None:
    """Take the clock out of the header of a file for SPSS: same rows, same bytes."""
    place, instead = SAV_TIME
    with draft.open("r+b") as file:
        head = file.read(place + len(instead))
        if (
            head[:4] != b"$FL2"
            or head[place + 2 : place + 3] != b" "
            or head[place + 11 : place + 12] != b":"
        ):
            raise OutputError("The file for SPSS has no header of the known form.")
        file.seek(place)
        file.write(instead)
