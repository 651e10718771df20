"""Commands of the catalogue: list it, search it, and measure people and networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from honestsignals.errors import ArgumentError, OutputError, unknown
from honestsignals.progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.metric_table import MetricTable

Source = Annotated[
    Path, typer.Argument(metavar="STUDY_OR_LOG", help="Study folder, or acts as CSV or Parquet.")
]
Label = Annotated[str | None, typer.Option(help="Of a study: the network of a directed label, not of acts.")]
Of = Annotated[str, typer.Option(help="What was given: 'acts', 'weight', or a kind.")]
AtLeast = Annotated[float | None, typer.Option(help="Of a label: an answer of at least this is a tie.")]
Metrics = Annotated[list[str] | None, typer.Option(help="Metrics or families, comma separated; repeat.")]
ENDS = "its ending says the form: .csv, .csv.gz, .parquet, .xlsx, .dta, .sav, .tex, .html or .md."
Output = Annotated[Path | None, typer.Option("--output", "-o", help=f"File of the table; {ENDS}")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--pseudonyms-key-file", help="File of a key: people get other names, the same per key."),
]
Least = Annotated[int, typer.Option(help="Cells of fewer than this are blank in the file.")]


def metrics(
    name: Annotated[str | None, typer.Argument(help="One metric: everything that is known of it.")] = None,
    level: Annotated[str | None, typer.Option(help="'dyad' (the default), 'person' or 'network'.")] = None,
    search: Annotated[
        str | None, typer.Option(help="A question, or a name in other software: the likeliest metrics.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, all columns.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, all columns.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table, all columns.")] = False,
    page: Annotated[bool, typer.Option("--page", help="The whole catalogue as a page in Markdown.")] = False,
) -> None:
    """List the metrics: what each is, its range, and where it is undefined."""
    from honestsignals.metrics import table

    if sum([csv, json, markdown, page, search is not None]) > 1:
        raise ArgumentError("Choose one of --csv, --json, --markdown, --page and --search.")
    if name is not None and (page or search is not None):
        raise ArgumentError(f"--page and --search are of all metrics; leave out {name!r}, or them.")
    if page:
        from honestsignals.catalogue import page as whole_page

        typer.echo(whole_page(), nl=False)
        return
    if search is not None:
        typer.echo(_found(search, level))
        return
    frame = table(level or "dyad")
    if name is not None:
        frame = _one_metric(name, level)
    if csv:
        from honestsignals.tables import disarmed

        typer.echo(disarmed(frame).to_csv(index=False, lineterminator="\n"), nl=False)
    elif json:
        typer.echo(frame.to_json(orient="records", indent=2, force_ascii=False))
    elif markdown:
        from honestsignals.tables import render

        typer.echo(render(frame, "markdown"))
    else:
        typer.echo(_listing(frame) if name is None else _card(frame))


def _found(words: str, level: str | None) -> str:
    """Metrics by what is asked, a line each."""
    from honestsignals.metrics import search, table

    if level is not None:
        table(level)
    facts = search(words, level)
    if not facts:
        return f"Nothing is found for {words!r}. All metrics: honestsignals metrics --page"
    longest = max(len(fact.name) for fact in facts)
    return "\n".join(f"{fact.name:<{longest}}  {fact.level:<7}  {fact.meaning}" for fact in facts)


def _one_metric(name: str, level: str | None) -> pd.DataFrame:
    """Rows of one metric, of each level that has it; ego's stands for alter's."""
    import pandas as pd

    from honestsignals.metrics import table
    from honestsignals.metrics.registry import LEVELS, aliases

    frames, names = [], []
    for one in [level] if level else LEVELS:
        frame, also = table(one), aliases(one)
        stem = f"{name.removesuffix('_alter')}_ego" if name.endswith("_alter") else name
        listed = list(frame["name"])
        names += [*listed, *also]
        wanted = name if name in listed else also.get(name, stem)
        frames.append(frame[frame["name"] == wanted])
    found = pd.concat(frames)
    if not len(found):
        raise unknown("metric", name, names)
    return found


def _listing(frame: pd.DataFrame) -> str:
    """Metrics by family, wrapped to the terminal."""
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    longest = max(len(name) for name in frame["name"])
    lines = []
    for family, rows in frame.groupby("family", sort=False):
        lines += [str(family).upper()]
        for _, row in rows.iterrows():
            needs = f" Needs {row['needs']}." if row["needs"] else ""
            text = f"{row['meaning']}. {row['range']}.{needs}"
            indent = " " * (longest + 4)
            wrapped = textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)
            lines.append(f"  {row['name']:<{longest}}  {wrapped.lstrip()}")
        lines.append("")
    lines.append(f"{len(frame)} metrics. One in full: honestsignals metrics NAME")
    return "\n".join(lines)


def _card(frame: pd.DataFrame) -> str:
    """All that is known of one metric."""
    longest = max(len(str(key)) for key in frame.columns)
    cards = (row for _, row in frame.iterrows())
    return "\n\n".join(
        "\n".join(f"{key:<{longest}}  {value}" for key, value in row.items() if value) for row in cards
    )


def network(
    source: Source,
    label: Label = None,
    of: Of = "acts",
    at_least: AtLeast = None,
    metrics: Metrics = None,
    output: Output = None,
    least: Least = 0,
) -> None:
    """Measure a network: census, every definition of reciprocity side by side, symmetry.

    Of the acts, or of a directed label: is friendship itself reciprocal?
    """
    from honestsignals.definitions import compare_definitions

    _refuse_output(source, output)
    how = hiding(output, None, least)
    with progress() as tell:
        tell("Reading")
        found = _network(source, label, of, at_least)
        tell("Measuring the network")
        if metrics:
            from honestsignals.networks import network_table

            table = network_table(found, split(metrics), tell)
        else:
            table = compare_definitions(found, progress=tell)
        _say(table, output, how)


def people(
    source: Source,
    label: Label = None,
    of: Of = "acts",
    at_least: AtLeast = None,
    metrics: Metrics = None,
    output: Output = None,
    pseudonyms_key_file: KeyFile = None,
    least: Least = 0,
) -> None:
    """Measure everybody: how much of what each gives and gets is returned, and who answers whom."""
    _refuse_output(source, output)
    how = hiding(output, pseudonyms_key_file, least)
    with progress() as tell:
        tell("Reading")
        if is_study(source):
            study = _study(source)
            tell("Measuring people")
            _say(study.people_metrics(split(metrics), label=label, of=of, at_least=at_least), output, how)
            return
        _refuse_label(source, label, at_least)
        log = _log(source)
        tell("Measuring people")
        _say(log.people_metrics(split(metrics), of=of), output, how)


def is_study(source: Path) -> bool:
    """Whether a path is a study folder, or its study.toml."""
    return source.is_dir() or source.name == "study.toml"


def _study(source: Path) -> Any:
    from honestsignals.study_folder import open_study

    return open_study(source)


def _log(source: Path) -> Any:
    from honestsignals.reading import read_log

    return read_log(source)


def _network(source: Path, label: str | None, of: str, at_least: float | None) -> Any:
    """The network of a study's acts or label, or of a log."""
    if is_study(source):
        return _study(source).network(label, of=of, at_least=at_least)
    _refuse_label(source, label, at_least)
    return _log(source).network(of=of)


def _refuse_label(source: Path, label: str | None, at_least: float | None) -> None:
    if label is not None or at_least is not None:
        raise ArgumentError(f"{source} is a log, not a study folder, so it has no label.")


def _refuse_output(source: Path, output: Path | None) -> None:
    """Refuse a name that says no form of a table, or cannot be written: before the work, not after it."""
    if output is not None:
        refuse_output(source, output)


def refuse_output(source: Path, output: Path) -> None:
    """Refuse a table, or what goes beside it, that cannot be written: before the work, not after it."""
    from honestsignals.exporting.codebooks import codebook_path, provenance_path
    from honestsignals.exporting.forms import form_of

    form_of(output)
    refuse_written(source, output, codebook_path(output), provenance_path(output))


def hiding(output: Path | None, key_file: Path | None, least: int) -> dict[str, Any]:
    """What is to be hidden in a written table: the key from its file, and the smallest cell."""
    if output is None and (key_file or least):
        raise ArgumentError("--pseudonyms-key-file and --least are for a file; name one with --output.")
    from honestsignals.exporting.cells import check_least
    from honestsignals.exporting.pseudonyms import check_key

    check_least(least)
    # an editor ends a file with a line end that nobody means as part of the key
    key = None if key_file is None else check_key(key_file.read_bytes().rstrip(b"\r\n"))
    return {"pseudonyms": key, "least": least}


def refuse_written(source: Path, *outputs: Path) -> None:
    """Refuse files that cannot be written, or that are read.

    Parameters
    ----------
    source : Path
        Study folder, log or table.
    *outputs : Path
        What will be written.

    Raises
    ------
    OutputError
        For a folder that is not there, and for a file of the source.
    """
    from honestsignals.tables import refuse_place

    read = [source]
    if is_study(source):
        from honestsignals.study_file import read_study_file

        file = read_study_file(source)
        tables = (file.acts, file.people, file.pairs, *file.labels.values())
        read = [file.folder / name for name in ("study.toml", *(one["file"] for one in tables if one))]
    taken = {path.resolve() for path in read}
    for written in outputs:
        refuse_place(written)
        if written.resolve() in taken:
            raise OutputError(f"{written} is read from {source}, and would be written over; write elsewhere.")


def split(values: Sequence[str] | None) -> list[str] | None:
    """Names given one by one or with commas between them."""
    names = [name.strip() for value in values or () for name in value.split(",")]
    return [name for name in names if name] or None


def _say(table: MetricTable, output: Path | None, how: dict[str, Any]) -> None:
    """Print a table, and write it where a file is named."""
    if output is None:
        typer.echo(str(table))
        return
    from honestsignals.exporting.writing import export

    made = export(table, output, **how, progress=lambda _: None)
    # who asks for other names does not want the old ones in what a terminal or a log keeps
    typer.echo(str(made) if how["pseudonyms"] else f"{table}\n{made}")
