"""Commands of the inference: fit a label, foretell it, permute people, split a network into its parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from honestsignals.errors import ArgumentError, InputError, listed, nearest, one_of, unknown
from honestsignals.measure_commands import is_study, refuse_written, split
from honestsignals.progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.dyads import DyadTable
    from honestsignals.printed import Printed

Rows = Annotated[
    Path, typer.Argument(metavar="STUDY_OR_TABLE", help="Study folder, or a dyad table as CSV or Parquet.")
]
Formula = Annotated[
    str, typer.Argument(help="'label ~ terms', such as 'friendship ~ log1p(acts) + in_contact'.")
]
Label = Annotated[
    str | None, typer.Option(help="Of a study: the label of the table; the formula's where not given.")
]
WithLabel = Annotated[
    list[str] | None, typer.Option(help="Of a study: a label asked earlier, as a covariate; repeat.")
]
Family = Annotated[str | None, typer.Option(help="gaussian, logit, probit, poisson, ordered_logit, …")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File of the table: .csv, .html, .tex or .md."),
]
WRITERS = {".csv": "to_csv", ".html": "to_html", ".tex": "to_latex", ".md": "to_markdown"}


def fit(
    source: Rows,
    formula: Formula,
    label: Label = None,
    with_label: WithLabel = None,
    family: Family = None,
    covariance: Annotated[
        str, typer.Option(help="jackknife, dyadic, two_way, pair, hc1, classical or frank_snijders.")
    ] = "jackknife",
    exact: Annotated[bool, typer.Option("--exact", help="Jackknife by refits without each person.")] = False,
    fixed_effects: Annotated[
        str | None, typer.Option(help="'sender and receiver', sender, receiver or person.")
    ] = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Standard errors of every kind side by side.")
    ] = False,
    margins: Annotated[
        bool, typer.Option("--margins", help="Average marginal effects, in the label's own units.")
    ] = False,
    test: Annotated[
        list[str] | None, typer.Option(help="Terms tested together, comma separated: all are 0; repeat.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Column of weights of rows.")] = None,
    output: Output = None,
) -> None:
    """Fit a label of pairs to their give and take, with errors that know that pairs share people."""
    if ladder and margins:
        raise ArgumentError("Choose one of --ladder and --margins.")
    _refuse_paths(source, output)
    with progress() as tell:
        tell("Reading")
        rows = _rows(source, formula, label, with_label)
        tell("Fitting")
        from honestsignals.fitting import fit as fitted

        beside = split([fixed_effects]) if fixed_effects and "," in fixed_effects else fixed_effects
        found = fitted(
            formula,
            rows,
            family=family,
            covariance=covariance,
            exact=exact,
            weights=weights,
            fixed_effects=beside,
        )
        shown: Printed = found
        if ladder or margins:
            shown = found.ladder(exact=exact) if ladder else found.marginal_effects()
        tests = [f"{', '.join(terms)}: {found.wald(terms)}" for terms in map(_terms, test or [])]
    typer.echo("\n".join([str(shown), *tests]))
    _write(shown, output)


def evaluate(
    source: Rows,
    label: Annotated[
        str | None,
        typer.Option(help="Label to foretell, or a comparison, 'trust >= 4'; a study's first if none."),
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(
            help="volume, balance, timing (the default), another step, a column or '~ terms'; repeat."
        ),
    ] = None,
    folds: Annotated[
        str, typer.Option(help="people, across, time, 'people and time', blocks or transductive.")
    ] = "people",
    model: Annotated[
        str | None, typer.Option(help="boosting, or a family of regressions; by default as the label asks.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same folds.")] = 0,
    output: Output = None,
) -> None:
    """Score a ladder of models on pairs that they were not trained on: what does give and take add?"""
    _refuse_paths(source, output)
    with progress() as tell:
        tell("Reading")
        rows, asked = _foretold(source, label)
        from honestsignals.evaluating import evaluate as evaluated

        found = evaluated(rows, label=asked, ladder=step or None, folds=folds, model=model, seed=seed)
    typer.echo(str(found))
    _write(found, output)


def permute(
    source: Rows,
    formula: Formula,
    label: Label = None,
    with_label: WithLabel = None,
    family: Family = None,
    block: Annotated[
        str | None,
        typer.Option(help="People change places within it: an attribute of people, or a column of rows."),
    ] = None,
    method: Annotated[str, typer.Option(help="dsp, y or freedman_lane.")] = "dsp",
    draws: Annotated[int, typer.Option(help="Permutations of the people.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same draws.")] = 1,
    output: Output = None,
) -> None:
    """Fit a label of pairs, and hold each coefficient against permutations of the people (MRQAP)."""
    _refuse_paths(source, output)
    with progress() as tell:
        tell("Reading")
        rows = _rows(source, formula, label, with_label)
        tell("Permuting")
        from honestsignals.permuting import permute as permuted

        found = permuted(
            formula, rows, family=family, method=method, draws=draws, seed=seed, block=block, progress=tell
        )
    typer.echo(str(found))
    _write(found, output)


def srm(
    source: Annotated[
        Path,
        typer.Argument(metavar="STUDY_OR_LOG_OR_TABLE", help="Study folder, acts, or a dyad table."),
    ],
    column: Annotated[
        str | None, typer.Argument(help="Label of a study, kind of giving of a log, or column of a table.")
    ] = None,
    second: Annotated[str | None, typer.Option(help="A second variable of the same source.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of rows or people that divides them.")] = None,
    errors: Annotated[str | None, typer.Option(help="jackknife, between or normal.")] = None,
    output: Output = None,
) -> None:
    """Split what people give one another into giver, receiver, and what is between the two."""
    _refuse_paths(source, output)
    with progress() as tell:
        tell("Reading")
        found_source: Any
        if is_study(source):
            from honestsignals.study_folder import open_study

            found_source = open_study(source)
        else:
            found_source = _table_or_log(source)
        tell("Fitting")
        from honestsignals.social_relations import srm as fitted

        found = fitted(found_source, column, second=second, group=group, errors=errors)
    typer.echo(str(found))
    _write(found, output)


def _rows(
    source: Path, formula: str, label: str | None, with_label: list[str] | None
) -> DyadTable | pd.DataFrame:
    """The dyad table of a study's label, or a table that was written."""
    if not is_study(source):
        if label or with_label:
            raise ArgumentError(f"{source} is a table, whose labels are columns; leave out --label.")
        return _table(source)
    from honestsignals.study_folder import open_study

    study = open_study(source)
    left = formula.split("~", maxsplit=1)[0]
    chosen = label or next(
        (name for name in sorted(study.labels, key=len, reverse=True) if name in left), None
    )
    if not study.labels:
        raise ArgumentError(f"{source} has no label: its study.toml needs a table [labels.NAME].")
    if chosen is None:
        raise ArgumentError(
            f"The formula's left side {left.strip()!r} names no label of {source}; labels are "
            f"{listed(study.labels)}."
        )
    return study.dyads(label=chosen, with_labels=with_label or ())


def _foretold(source: Path, label: str | None) -> tuple[DyadTable | pd.DataFrame, str | None]:
    """The rows of a label that is foretold, and the label as it was asked for."""
    if not is_study(source):
        return _table(source), label
    from honestsignals.study_folder import open_study

    study = open_study(source)
    if not study.labels:
        raise ArgumentError(f"{source} has no label: its study.toml needs a table [labels.NAME].")
    asked = next(iter(study.labels)) if label is None else label
    # the longest name that it has: friendship_level before friendship
    name = next((one for one in sorted(study.labels, key=len, reverse=True) if one in asked), None)
    if name is None:
        raise unknown("label", asked, list(study.labels))
    return study.dyads(label=name), asked


def _table(source: Path) -> pd.DataFrame:
    """A dyad table as it was written; ids are read as text."""
    import pandas as pd

    try:
        if source.name.lower().endswith(".parquet"):
            return pd.read_parquet(source)
        return pd.read_csv(source, dtype={"ego": str, "alter": str})
    except ValueError as error:
        # whatever pandas and Arrow say of a file that holds no table
        raise InputError(f"{source} is not read as a table: {str(error).strip()}") from error


def _table_or_log(source: Path) -> Any:
    """A table with ego and alter, or else a log."""
    if not source.name.lower().endswith(".parquet"):
        rows = _table(source)
        if {"ego", "alter"} <= set(rows.columns):
            return rows
    from honestsignals.reading import read_log

    return read_log(source)


def _terms(text: str) -> list[str]:
    """Terms of one test."""
    return split([text]) or [text]


def _refuse_paths(source: Path, output: Path | None) -> None:
    """Refuse what is not there, and what cannot be written: before the work, not after it."""
    if not is_study(source) and not source.exists():
        folder = source.parent
        near = nearest(source.name, [one.name for one in folder.iterdir()] if folder.is_dir() else [])
        hint = f" Did you mean {str(folder / near)!r}?" if near else ""
        raise InputError(f"There is no file or folder {str(source)!r}.{hint}")
    if output is not None:
        one_of("the ending of --output", output.suffix.lower(), tuple(WRITERS))
        refuse_written(source, output)


def _write(table: Printed, output: Path | None) -> None:
    """Write a table in the form that the name ends in."""
    if output is None:
        return
    getattr(table, WRITERS[output.suffix.lower()])(os.fspath(output))
    typer.echo(f"Written: {output}")
