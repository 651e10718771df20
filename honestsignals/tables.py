"""Tables as text, HTML, LaTeX and Markdown, and files that appear whole or not at all."""

from __future__ import annotations

import gzip
import html
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honestsignals.errors import OutputError, one_of

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {"text": "simple", "html": "html", "latex": "latex_booktabs", "markdown": "pipe"}
ENDINGS = (".csv", ".csv.gz", ".parquet")
_FORMULA = r"(?='*(?:(?:[^\S\t\r\n]|\ufeff)*[=+\-@＝＋－＠]|[\t\r\n]))"
FORMULA = re.compile(rf"(?:^|(?<=[;\t\r\n])){_FORMULA}")
"""Places in a text where a spreadsheet may find a formula: its beginning, and where other settings than a
comma part cells.

Blanks before the sign do not hinder it, nor does its full width. Apostrophes before it belong to it, so that
what was disarmed and what was not are told apart.
"""
DISARMED = re.compile(rf"(?:^|(?<=[;\t\r\n]))'{_FORMULA}")
"""Apostrophes that were put at such places."""
PROBABILITIES = ("p_value", "p_ge", "p_le", "p_beta", "p_adjusted", "wald_p")
"""Columns that are printed as probabilities of a test."""
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": "$<$",
    ">": "$>$",
    "²": "$^2$",
    "−": "$-$",
    "–": "--",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\to$",
    "∞": r"$\infty$",
    "†": r"\dag{}",
    "ρ": r"$\rho$",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "½": r"$\frac{1}{2}$",
    "…": r"\dots{}",
    "Δ": r"$\Delta$",
    "Σ": r"$\Sigma$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "δ": r"$\delta$",
    "ε": r"$\varepsilon$",
    "η": r"$\eta$",
    "θ": r"$\theta$",
    "κ": r"$\kappa$",
    "λ": r"$\lambda$",
    "ν": r"$\nu$",
    "π": r"$\pi$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "φ": r"$\varphi$",
    "χ": r"$\chi$",
    **{one: "\\" + one for one in "&%$#_{}"},
}
"""What TeX takes for a command, and signs of our own that not every engine of TeX knows."""
MINUS = re.compile(r"(?<!\w)-(?=[\d.∞])|(?<=\de)-(?=\d)")
"""A hyphen that stands for a minus, that of an exponent too."""


def number(value: Any, digits: int = 4) -> str:
    """One cell as people read it; an undefined number is a dash.

    >>> number(0.000012), number(1234567), number(float("nan")), number(2.5), number(True)
    ('1.2e-05', '1,234,567', '–', '2.5000', 'True')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return str(value)
    exact = float(value)
    if math.isnan(exact):
        return "–"
    if math.isinf(exact):
        return "∞" if exact > 0 else "-∞"
    if exact == int(exact) and abs(exact) < 1e15:
        return f"{int(exact):,}"
    if abs(exact) < 1e-3 or abs(exact) >= 1e5:
        return f"{exact:.{digits}g}"
    return f"{exact:,.{digits}f}"


def probability(value: float) -> str:
    """A p value as papers print it.

    >>> probability(0.0321), probability(1e-9)
    ('0.0321', '< 0.0001')
    """
    if value is None or math.isnan(value):
        return "–"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def render(frame: pd.DataFrame, style: str = "text", digits: int = 4) -> str:
    """Any frame as text, HTML, LaTeX or Markdown; what stands in cells is escaped.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows and columns; the index is left out.
    style : {"text", "html", "latex", "markdown"}
        Where the table goes.
    digits : int
        Digits after the point.

    Examples
    --------
    >>> import pandas as pd
    >>> print(render(pd.DataFrame({"term": ["acts"], "p_value": [0.04]})))
    term      p_value
    ------  ---------
    acts       0.0400
    """
    from tabulate import tabulate

    one_of("style", style, tuple(FORMATS))
    shown = {
        str(name): [
            probability(value) if name in PROBABILITIES else number(value, digits) for value in frame[name]
        ]
        for name in frame.columns
    }
    align = ["right" if _numeric(frame[name]) else "left" for name in frame.columns]
    rows = list(zip(*shown.values(), strict=True))
    heads = list(shown)
    if style in IN_CELLS:
        rows = [tuple(map(IN_CELLS[style], row)) for row in rows]
        heads = [IN_CELLS[style](name) for name in heads]
    text: str = tabulate(
        rows,
        headers=heads,
        tablefmt=FORMATS[style],
        colalign=align if rows else None,
        disable_numparse=True,
    )
    return _beyond_tabulate(text) if style == "latex" else text


def _signed(text: str) -> str:
    """A cell of LaTeX on one line, with minus for the hyphens that stand for it."""
    return MINUS.sub("−", " ".join(text.split()))


def _in_markdown(text: str) -> str:
    """A cell of Markdown, on one line."""
    return markdown_text(re.sub(r"[\r\n]+", " ", text))


IN_CELLS = {"latex": _signed, "markdown": _in_markdown}
"""What a cell goes through before tabulate has it."""


def _beyond_tabulate(table: str) -> str:
    """A table of LaTeX with what tabulate does not escape: signs, and brackets where a row begins."""
    signs = {one: tex for one, tex in LATEX.items() if one == "|" or not one.isascii()}
    text = "".join(signs.get(one, one) for one in table)
    # after the end of a row TeX takes a bracket or an asterisk for part of that end
    return re.sub(r"^ *(?=[\[*])", " {}", text, flags=re.MULTILINE)


def with_note(table: str, note: str, style: str) -> str:
    """A table with a line below it, in its own language.

    >>> print(with_note("| a |", "10 rows, 20 % missing.", "markdown"))
    | a |
    <BLANKLINE>
    10 rows, 20 % missing.
    """
    if style == "html":
        return f"{table}\n<p>{html.escape(note)}</p>"
    if style == "latex":
        return f"{table}\n\n{{\\footnotesize {latex_text(note)}}}"
    return f"{table}\n\n{markdown_text(note) if style == 'markdown' else note}"


def latex_text(text: str) -> str:
    r"""Text as TeX prints it.

    >>> print(latex_text("known_share: 20 % & R² < 1, -0.5"))
    known\_share: 20 \% \& R$^2$ $<$ 1, $-$0.5
    """
    return "".join(LATEX.get(one, one) for one in MINUS.sub("−", text))


def markdown_text(text: str) -> str:
    r"""Text as Markdown prints it.

    >>> print(markdown_text("returned_share * <b> &lt; [x](y)"))
    returned_share \* \<b> \&lt; \[x](y)
    """
    return re.sub(
        r"([\\`*<|\[~$])|&(?=#?\w+;)|(?<!\w)(_)|(_)(?!\w)", lambda found: "\\" + found.group(0), text
    )


def _numeric(column: pd.Series) -> bool:
    return column.dtype.kind in "iufb"


def disarmed(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose text no spreadsheet takes for a formula: an apostrophe stands before what could be one.

    Names of columns too. :func:`rearmed` takes the apostrophe away again.
    """
    out = frame.copy(deep=False)
    for name in out.columns:
        if out[name].dtype.kind in "iufbMm":
            continue
        text = out[name].astype(object)
        armed = [isinstance(value, str) and FORMULA.search(value) is not None for value in text]
        if any(armed):
            out[name] = [
                FORMULA.sub("'", value) if arm else value for value, arm in zip(text, armed, strict=True)
            ]
    out.columns = out.columns.map(lambda name: FORMULA.sub("'", name) if isinstance(name, str) else name)
    return out


def rearmed(text: str) -> str:
    """Text as it was before :func:`disarmed`.

    >>> rearmed("'=1+1"), rearmed("''=1+1"), rearmed("'tis"), rearmed("a;'=1+1")
    ('=1+1', "'=1+1", "'tis", 'a;=1+1')
    """
    return DISARMED.sub("", text)


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to that becomes ``path`` when all went well, and nothing otherwise."""
    with all_or_none([path]) as (draft,):
        yield draft


@contextmanager
def all_or_none(paths: Sequence[str | os.PathLike[str]]) -> Iterator[list[Path]]:
    """Paths to write to that become ``paths`` when all went well, and none of them otherwise.

    Should a file not get its name, those that had theirs already lose it, and what stood there before
    stands there again.
    """
    targets = [Path(path) for path in paths]
    for target in targets:
        refuse_place(target)
    drafts: list[Path] = []
    try:
        for target in targets:
            drafts.append(_beside(target))
        yield drafts
        _publish(drafts, targets)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """A new, empty file beside another."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
    os.close(handle)
    return Path(name)


def _publish(drafts: Sequence[Path], targets: Sequence[Path]) -> None:
    """Give drafts their names, all or none."""
    # mkstemp makes files that only the owner reads; what is exported gets the usual rights
    umask = os.umask(0)
    os.umask(umask)
    # one alone needs no way back
    earlier = [_kept(target) if len(targets) > 1 else None for target in targets]
    done = 0
    try:
        for draft, target in zip(drafts, targets, strict=True):
            draft.chmod(0o666 & ~umask)
            draft.replace(target)
            done += 1
    except BaseException:
        for target, kept in zip(targets[:done], earlier[:done], strict=True):
            if kept is None:
                target.unlink(missing_ok=True)
            else:
                kept.replace(target)
        raise
    finally:
        for kept in earlier:
            if kept is not None:
                kept.unlink(missing_ok=True)


def _kept(target: Path) -> Path | None:
    """What stands at a path, once more beside it; None where nothing does."""
    if not target.exists() and not target.is_symlink():
        return None
    kept = _beside(target)
    kept.unlink()
    try:
        kept.hardlink_to(target)
    except OSError:
        # not every file system has links
        shutil.copy2(target, kept)
    return kept


def refuse_place(path: str | os.PathLike[str]) -> None:
    """Refuse a name that is a folder's, or in a folder that is not there.

    >>> refuse_place("no such folder/dyads.csv")
    Traceback (most recent call last):
    honestsignals.errors.OutputError: There is no folder no such folder to write dyads.csv into.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target} is a folder; name a file.")
    if not target.parent.is_dir():
        raise OutputError(f"There is no folder {target.parent} to write {target.name} into.")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_frame(path: str | os.PathLike[str], frame: pd.DataFrame) -> None:
    """Write a frame as CSV, gzipped CSV or Parquet, by the ending of the name."""
    write_frames({path: frame})


def write_frames(frames: Mapping[str | os.PathLike[str], pd.DataFrame]) -> None:
    """Write frames as CSV, gzipped CSV or Parquet, by the ending of each name: all of them or none."""
    for path in frames:
        refuse_ending(path)
    with all_or_none(list(frames)) as drafts:
        for draft, (path, frame) in zip(drafts, frames.items(), strict=True):
            write_draft(draft, Path(path).name.lower(), frame)


def write_draft(draft: Path, name: str, frame: pd.DataFrame) -> None:
    """Write a frame to a draft, in the form that its name to be ends in."""
    if name.endswith(".parquet"):
        frame.to_parquet(draft, index=False)
    elif name.endswith(".csv"):
        safe = disarmed(frame)
        safe.to_csv(draft, index=False, lineterminator=_line_end(safe))
    else:
        # neither the draft's name nor the clock goes into the header: same rows, same bytes
        with draft.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            safe = disarmed(frame)
            safe.to_csv(packed, index=False, lineterminator=_line_end(safe))


def _line_end(frame: pd.DataFrame) -> str:
    """How lines of CSV end: text with a carriage return is put in quotes only where lines end so too."""
    text = (frame[name] for name in frame.columns if frame[name].dtype.kind not in "iufbMm")
    held = (isinstance(one, str) and "\r" in one for column in text for one in column.unique())
    return "\r\n" if any("\r" in str(name) for name in frame.columns) or any(held) else "\n"


def refuse_ending(path: str | os.PathLike[str], endings: tuple[str, ...] = ENDINGS) -> None:
    """Refuse a name that says no form of a table.

    >>> refuse_ending("dyads.xlsx")
    Traceback (most recent call last):
    honestsignals.errors.OutputError: 'dyads.xlsx' ends in none of .csv, .csv.gz, .parquet.
    """
    if not isinstance(path, str | os.PathLike):
        raise OutputError(f"The path is {path!r}; it must name a file.")
    if not Path(path).name.lower().endswith(endings):
        raise OutputError(f"{Path(path).name!r} ends in none of {', '.join(endings)}.")
