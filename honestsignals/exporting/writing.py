"""Write a table for other programs, with a codebook and its provenance beside it: all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honestsignals.errors import OutputError
from honestsignals.exporting.cells import check_least, without_small_cells
from honestsignals.exporting.codebooks import codebook_path, provenance_path
from honestsignals.exporting.content import Content, check_text, content_of
from honestsignals.exporting.fitting_in import Fitted, fitted
from honestsignals.exporting.forms import form_of, refuse_size
from honestsignals.exporting.packages import write_spss, write_stata
from honestsignals.exporting.pages import page
from honestsignals.exporting.provenance import provenance as provenance_of
from honestsignals.exporting.pseudonyms import check_key, id_columns, pseudonymous, with_plain_ids
from honestsignals.exporting.spreadsheets import write_workbook
from honestsignals.progress import progress as on_terminal
from honestsignals.tables import all_or_none, refuse_place, write_draft

if TYPE_CHECKING:
    import pandas as pd

STYLES = {".tex": "latex", ".html": "html", ".md": "markdown"}


@dataclass(frozen=True)
class Export:
    """What was written, and what of the table is not as it was.

    Attributes
    ----------
    paths : tuple of Path
        The table, its codebook, and its provenance where asked for.
    rows, columns : int
        Size of the table.
    said : tuple of str
        What was done on the way: pseudonyms, blank cells, other names, what the form cannot hold.
    """

    paths: tuple[Path, ...]
    rows: int
    columns: int
    said: tuple[str, ...] = ()

    def __str__(self) -> str:
        table, *beside = map(str, self.paths)
        written = f"Written: {table} ({self.rows:,} rows, {self.columns:,} columns)"
        return "\n".join([", ".join([written, *beside]), *self.said])

    __repr__ = __str__

    def __fspath__(self) -> str:
        return str(self.paths[0])


def export(
    table: Any,
    path: str | os.PathLike[str],
    *,
    pseudonyms: str | bytes | None = None,
    ids: Sequence[str] | None = None,
    least: int = 0,
    provenance: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Export:
    """A table as a file for another program, with what each column is and where it comes from beside it.

    Files appear together or not at all. Text that a spreadsheet or a page would run is disarmed in each
    form, and comes back unharmed by :func:`~honestsignals.read_export`. The same table gives the same bytes.

    Parameters
    ----------
    table : DyadTable, MetricTable, result with ``tidy()``, or pandas.DataFrame
        What to write: of measured tables every column, of results the printed table.
    path : str or path
        Its ending says the form: .csv, .csv.gz, .parquet, .xlsx, .dta (Stata 14 and later), .sav (SPSS);
        .tex, .html and .md are for people to read, with rounded numbers. Beside it go ``x.codebook.csv``
        and ``x.provenance.json``.
    pseudonyms : str or bytes, optional
        A key of at least 16 characters, 4 of them different: people get new names, the same in every table
        under the same key (HMAC-SHA256, 64 bits), and rows an order that tells nothing of the old ones. The
        key is written nowhere.
    ids : sequence of str, optional
        Further columns that name people. Of a plain frame ego, alter, person, sender and receiver do.
    least : int
        Cells under it are blank: categories of an attribute that fewer people of the table have, each
        attribute by itself; in a table of counts, rows that rest on fewer, and in one of a network, what
        is computed from smaller counts. What can be found by subtraction is not looked for.
    provenance : bool
        False leaves out ``x.provenance.json``, and takes an older one away; ``read_export`` then knows less
        of the columns.
    progress : callable, optional
        Told what is being done; on a terminal it shows after two seconds where none is given.

    Returns
    -------
    Export
        Which files, how many rows, and what is not as it was; prints itself.

    Raises
    ------
    OutputError
        For a form that does not exist, a place that cannot be written, or what the form cannot hold.
    DesignError
        Where pseudonyms would not hide who is who.

    Examples
    --------
    >>> import tempfile, pandas as pd, honestsignals as hs
    >>> rows = pd.DataFrame({"ego": ["Ann", "Bob"], "alter": ["Bob", "Ann"], "acts": [3, 5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = hs.export(rows, f"{folder}/acts.xlsx", pseudonyms="sixteen letters or more")
    ...     print([one.name for one in made.paths])
    ...     back = hs.read_export(made)
    ['acts.xlsx', 'acts.xlsx.codebook.csv', 'acts.xlsx.provenance.json']
    >>> back["ego"].str.len().tolist(), sorted(back["acts"])
    ([17, 17], [3, 5])
    """
    form, smallest = form_of(path), check_least(least)
    files = [Path(path), codebook_path(path), *([provenance_path(path)] if provenance else [])]
    for one in files:
        refuse_place(one)
    key = None if pseudonyms is None else check_key(pseudonyms)
    with on_terminal() if progress is None else nullcontext(progress) as tell:
        tell("Preparing the table")
        content, people = _prepared(content_of(table), key, ids, smallest)
        refuse_size(form, len(content.frame), len(content.frame.columns))
        check_text(content.frame)
        made = fitted(content.frame, form)
        content = replace(content, said=(*content.said, *made.said))
        asked = {"pseudonyms of": people, "least": smallest}
        _write(files, content, made, asked, tell)
        if not provenance:
            # an older one would tell of another table
            provenance_path(path).unlink(missing_ok=True)
    return Export(tuple(files), len(content.frame), len(content.frame.columns), content.said)


def _prepared(
    content: Content, key: bytes | None, ids: Sequence[str] | None, least: int
) -> tuple[Content, list[str]]:
    """A table without small cells and under pseudonyms, and which columns these are in."""
    people = id_columns(content, ids)
    if least > 1:
        content = without_small_cells(content, least, people)
    if key is None:
        return content, []
    return pseudonymous(content, key, ids), people


def _write(
    files: Sequence[Path],
    content: Content,
    made: Fitted,
    asked: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Write the table and what goes beside it, all or none."""
    book = content.codebook(made.stored)
    with all_or_none(files) as drafts:
        tell(f"Writing {files[0].name}")
        _write_table(drafts[0], content, made, book, tell)
        write_draft(drafts[1], files[1].name, book)
        if len(drafts) > 2:
            written = {file.name: draft for file, draft in zip(files[:2], drafts[:2], strict=True)}
            text = provenance_of(content, made.columns, made.form, written, asked)
            drafts[2].write_text(text, encoding="utf-8")


def _write_table(
    draft: Path,
    content: Content,
    made: Fitted,
    book: pd.DataFrame,
    tell: Callable[[str], None],
) -> None:
    """Write the table in its form."""
    import pandas as pd

    form = made.form

    if form.ending in STYLES:
        shown = with_plain_ids(content)
        draft.write_text(
            page(STYLES[form.ending], content.title, content.facts, shown, book), encoding="utf-8"
        )
    elif form.labelled:
        labels = {name: _label(content, name) for name in content.frame.columns}
        writer = write_stata if form.ending == ".dta" else write_spss
        writer(draft, made, labels, content.title)
    elif form.ending == ".xlsx":
        facts = pd.DataFrame({"facts": [f"{content.title}.", *content.facts, *content.said]})
        write_workbook(draft, {"table": made.frame, "codebook": book, "facts": facts}, tell)
    elif form.ending == ".parquet":
        _write_parquet(draft, content, made.frame, book)
    else:
        write_draft(draft, f"table{form.ending}", made.frame)


def _label(content: Content, name: str) -> str:
    """What a column is, in one line, with its unit."""
    fact = content.fact(name)
    unit = f" ({fact.unit})" if fact.unit and fact.unit != "id" else ""
    return f"{fact.meaning}{unit}"


def _write_parquet(draft: Path, content: Content, frame: pd.DataFrame, book: pd.DataFrame) -> None:
    """Write Parquet with title, facts and codebook among its metadata."""
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise OutputError(f"Parquet cannot hold this table: {error}") from error
    said = {
        b"honestsignals.title": content.title.encode("utf-8"),
        b"honestsignals.facts": json.dumps([*content.facts, *content.said], ensure_ascii=False).encode(
            "utf-8"
        ),
        b"honestsignals.codebook": book.to_json(orient="records", force_ascii=False).encode("utf-8"),
    }
    pq.write_table(rows.replace_schema_metadata({**(rows.schema.metadata or {}), **said}), draft)
