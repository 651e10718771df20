"""The command line: report, dyads, simulate, version, and what measures and judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from honestsignals.errors import ArgumentError, HonestSignalsError
from honestsignals.inference_commands import evaluate, fit, permute, srm
from honestsignals.measure_commands import (
    ENDS,
    KeyFile,
    Least,
    hiding,
    is_study,
    metrics,
    network,
    people,
    refuse_output,
    split,
)
from honestsignals.progress import progress

if TYPE_CHECKING:
    from honestsignals.measurable import Measurable

REFUSED = 2
"""Exit code of what was refused."""
HELP = """Does the give and take between people foretell trust and friendship?

Interaction logs in; reciprocity metrics of every dyad, and honest regressions of trust and friendship, out.

Exit codes: 0 done; 2 refused, with the reason on standard error and nothing written; any other: stopped.
"""


class _Refusing(TyperGroup):
    """Says what was refused, and why, in one message without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what the package or the system refuses ends it with exit code 2."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (HonestSignalsError, OSError) as error:
            typer.echo(f"honestsignals: {error}", err=True)
            raise typer.Exit(REFUSED) from None


app = typer.Typer(
    cls=_Refusing,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    # plain help: Rich alone takes a third of the time that help may take
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


app.command()(metrics)
app.command()(network)
app.command()(people)
app.command()(fit)
app.command()(evaluate)
app.command()(permute)
app.command()(srm)


def main() -> None:
    """Run the command line."""
    app(prog_name="honestsignals")


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="Study folder: study.toml, acts, and labels and people.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the report: new, empty, or an earlier report.")
    ],
    label: Annotated[
        str | None, typer.Option(help="Label to explain; the study's first where none is named.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same report, byte by byte.")] = 1,
    draws: Annotated[
        int | None, typer.Option(help="Permutations; by default as many as take no minutes.")
    ] = None,
    permute: Annotated[bool, typer.Option(help="Let people change places.")] = True,
    evaluate: Annotated[bool, typer.Option(help="Foretell people never seen.")] = True,
    names: Annotated[bool, typer.Option("--names", help="Name people; otherwise nobody is named.")] = False,
    least: Annotated[int, typer.Option(help="Hide numbers that rest on fewer rows, pairs or people.")] = 0,
) -> None:
    """Write the report of a study: one HTML page, the same as Markdown, figures, tables as CSV and LaTeX.

    What the study is, what was left out, the base rate, measures of pairs, people and the network, the fits
    of volume, balance and timing with every standard error, permutations, what is foretold of people never
    seen, methods with their sources, a codebook, and what made it. Nobody is named unless asked.
    """
    wanted = {"permutation": permute, "evaluation": evaluate, "names": names}
    with progress() as tell:
        from honestsignals.reporting.report import report as written

        parts = [name for name, there in wanted.items() if there]
        made = written(
            study,
            output,
            label=label,
            seed=seed,
            draws=draws,
            parts=parts,
            least=least,
            progress=tell,
        )
    typer.echo(str(made))


@app.command()
def dyads(
    source: Annotated[
        Path, typer.Argument(metavar="STUDY_OR_LOG", help="Study folder, or acts as CSV or Parquet.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help=f"File of the table; {ENDS}")],
    label: Annotated[
        str | None, typer.Option(help="Only pairs whose label is known, and only acts before it was asked.")
    ] = None,
    with_label: Annotated[
        list[str] | None, typer.Option(help="A label asked earlier, as a covariate; may be repeated.")
    ] = None,
    pairs: Annotated[str | None, typer.Option(help="'all' or 'in contact'.")] = None,
    metrics: Annotated[
        list[str] | None, typer.Option(help="Metrics or families, comma separated; may be repeated.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only acts strictly before this moment count.")] = None,
    conversation_gap: Annotated[
        str, typer.Option(help="Gap within a conversation, and reply window.")
    ] = "1h",
    period: Annotated[str, typer.Option(help="Length of the periods of persistence.")] = "7D",
    span: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=SPAN", help="A further span: reply_horizon=1D, silence=7D; repeat."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=NAME", help="Of a log: which column is sender, receiver, time, …; repeat."),
    ] = None,
    time_unit: Annotated[str | None, typer.Option(help="Of a log: 's', 'ms' or 'iso'.")] = None,
    time_origin: Annotated[str | None, typer.Option(help="Of a log: 'relative', or a date.")] = None,
    bad_rows: Annotated[str, typer.Option(help="Of a log: 'error' or 'leave out'.")] = "error",
    pseudonyms_key_file: KeyFile = None,
    least: Least = 0,
) -> None:
    """Write the dyad table of a study or of a log, with a codebook beside it.

    One row a pair; an ordered pair, seen from ego, where the label is directed.
    """
    from honestsignals.exporting.writing import export

    refuse_output(source, output)
    how = hiding(output, pseudonyms_key_file, least)
    chosen = split(metrics)
    further = _mapping(span, "--span", "silence=7D")
    spans: dict[str, Any] = {"conversation_gap": conversation_gap, "period": period, "spans": further}
    with progress() as tell:
        tell("Reading")
        if is_study(source):
            _only_of_a_log({"--column": column, "--time-unit": time_unit, "--time-origin": time_origin})
            from honestsignals.study_folder import open_study

            study = open_study(source)
            moment = _moment(until, study.log)
            tell("Measuring pairs")
            table = study.dyads(
                label=label, pairs=pairs, metrics=chosen, until=moment, with_labels=with_label or (), **spans
            )
        else:
            if label or with_label:
                raise ArgumentError(f"{source} is a log, not a study folder, so it has no label.")
            from honestsignals.reading import read_log

            log = read_log(
                source,
                columns=_mapping(column),
                time_unit=time_unit,
                time_origin=time_origin,
                bad_rows=bad_rows,
            )
            tell("Measuring pairs")
            moment = _moment(until, log)
            table = log.dyads(pairs=pairs or "in contact", metrics=chosen, until=moment, **spans)
        made = export(table, output, **how, progress=tell)
    typer.echo(f"{table}\n{made}")


def _only_of_a_log(options: dict[str, object]) -> None:
    """Refuse what a study folder says in its study.toml."""
    given = [name for name, value in options.items() if value]
    if given:
        raise ArgumentError(f"{given[0]} is for a log; a study folder says it in its study.toml.")


def _mapping(
    pairs: Sequence[str] | None, option: str = "--column", example: str = "sender=from"
) -> dict[str, str] | None:
    """Columns or spans from KEY=NAME."""
    for pair in pairs or ():
        if "=" not in pair:
            raise ArgumentError(f"{option} is {pair!r}; it must read KEY=NAME, such as {example}.")
    return dict(pair.split("=", 1) for pair in pairs) if pairs else None


def _moment(until: str | None, log: Measurable) -> str | float | None:
    """A moment as the log counts it: a date, or seconds or a wave as a number."""
    if until is None or log.dated:
        return until
    try:
        return float(until)
    except ValueError:
        return until


@app.command()
def store(
    source: Annotated[
        str, typer.Argument(metavar="LOG", help="Acts: a file, a folder or pattern of files, a database.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the table: parts in Parquet.")],
    memory: Annotated[str, typer.Option(help="How much may be taken, such as 2GB.")] = "2GB",
    threads: Annotated[int | None, typer.Option(help="Buckets worked on at once; one a core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    metrics: Annotated[
        list[str] | None, typer.Option(help="Metrics or families, comma separated; may be repeated.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only acts strictly before this moment count.")] = None,
    conversation_gap: Annotated[
        str, typer.Option(help="Gap within a conversation, and reply window.")
    ] = "1h",
    period: Annotated[str, typer.Option(help="Length of the periods of persistence.")] = "7D",
    span: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=SPAN", help="A further span: reply_horizon=1D, silence=7D; repeat."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=NAME", help="Which column is sender, receiver, time, …; repeat."),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Of a database: the table, or a query.")] = None,
    time_unit: Annotated[str | None, typer.Option(help="'s', 'ms' or 'iso'.")] = None,
    time_origin: Annotated[str | None, typer.Option(help="'relative', or a date.")] = None,
    bad_rows: Annotated[str, typer.Option(help="'error' or 'leave out'.")] = "error",
) -> None:
    """Write the dyad table of a log of any size, in as much memory as it is given.

    Pairs in contact; the same columns as dyads writes, to the bit. honestsignals.open_table opens it.
    """
    from honestsignals.storing import store_log

    with progress():
        log = store_log(
            source,
            memory=memory,
            threads=threads,
            columns=_mapping(column),
            table=table,
            time_unit=time_unit,
            time_origin=time_origin,
            bad_rows=bad_rows,
        )
        found = log.dyads(
            output,
            metrics=split(metrics),
            until=_moment(until, log),
            conversation_gap=conversation_gap,
            period=period,
            spans=_mapping(span, "--span", "silence=7D"),
            resume=resume,
        )
    typer.echo(f"{log}\n{found}")


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="New folder of the study.")],
    people: Annotated[int, typer.Option(help="People.")] = 30,
    days: Annotated[int, typer.Option(help="Days of acts.")] = 84,
    base_rate: Annotated[float, typer.Option(help="Mean probability of friendship.")] = 0.25,
    directed: Annotated[
        bool, typer.Option("--directed", help="Each of the two says who is a friend.")
    ] = False,
    disclosure: Annotated[
        bool, typer.Option("--disclosure", help="Acts have depth and topic; there are no labels.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same study.")] = 1,
) -> None:
    """Write a study whose true effects are known: people, acts over time, friendship and trust; or depth."""
    if disclosure and (directed or base_rate != 0.25):
        raise ArgumentError(
            "--disclosure makes a study without labels; leave out --directed and --base-rate."
        )
    with progress() as tell:
        tell("Simulating")
        from honestsignals.simulating_disclosure import simulate_disclosure
        from honestsignals.simulation import simulate as simulated

        made = (
            simulate_disclosure(people=people, days=days, seed=seed)
            if disclosure
            else simulated(people=people, days=days, base_rate=base_rate, directed=directed, seed=seed)
        )
        made.write(folder)
    typer.echo(f"{made}\nWritten: {folder}")


@app.command()
def version() -> None:
    """Print the version."""
    from honestsignals import __version__

    typer.echo(__version__)
