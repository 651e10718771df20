"""What a report tells before any model: the study, what was left out, base rates, measures, people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from honestsignals.dyads import DyadTable, base_rates
from honestsignals.inference.words import counted
from honestsignals.metric_table import MetricTable
from honestsignals.reporting.blocks import Block, Grid, Items, Section, Terms, Text
from honestsignals.reporting.drawings import drawing
from honestsignals.reporting.findings import Findings, Tried
from honestsignals.reporting.grids import grid, measures_grid, minus
from honestsignals.reporting.methods import cautions
from honestsignals.reporting.small_cells import hidden, hidden_counts
from honestsignals.reporting.summary import (
    asymmetries,
    base_rate_table,
    left_out,
    measures,
    network_summary,
    people_summary,
)
from honestsignals.reporting.words import grouped
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("mean", "sd", "q25", "median", "q75", "mean_0", "median_0", "mean_1", "median_1")
"""What a row of a distribution says besides how many it rests on."""
DRAWN = 150
"""People up to whom a network is drawn."""
CENSUS = "triads_"
"""Rows of the network that the page leaves to the file: sixteen of them."""


@dataclass(frozen=True, eq=False)
class Part:
    """A section, and the tables that go into files.

    Attributes
    ----------
    section : Section
    frames : mapping of str to pandas.DataFrame
        By the name of the file, without its ending.
    """

    section: Section
    frames: dict[str, pd.DataFrame]


def study_part(found: Findings) -> Part:
    """What the study is."""
    study, table = found.study, found.table
    unit = "ordered pairs" if table.directed else "pairs"
    pairs = f"{len(table):,} {unit} of {table.design.possible:,} possible, {table.people:,} people."
    dated = [table.design.asked] if table.label and not cautions(study.label(table.label)) else []
    facts = [*study.log.facts(), *(str(one) for one in study.labels.values()), pairs, *dated]
    rights = (("Cite", study.citation or "not stated"), ("Licence", study.licence or "not stated"))
    blocks = (Items(tuple(facts)), Terms(rights))
    return Part(Section("study", "The study", "The study", blocks), {})


def left_out_part(found: Findings) -> Part:
    """What was left out, and why."""
    frame = left_out(found.study, found.table, found.ladder.found)
    blocks: list[Block] = []
    if len(frame):
        blocks.append(grid(frame, "left-out", "What was left out, and why."))
    else:
        blocks.append(Text("Nothing: every row of the files and every pair is in the tables below."))
    blocks += [Text(line) for line in found.remarks]
    return Part(Section("left-out", "What was left out", "Left out", tuple(blocks)), {"left_out": frame})


def base_rate_part(found: Findings) -> Part:
    """How often the label occurs, by who gave at all."""
    table, label = found.table, found.table.label
    unit = "ordered pairs" if table.directed else "pairs"
    frame, lost = _rates(found)
    blocks: list[Block] = [] if label is None else [Text(base_rate_line(found))]
    blocks.append(grid(frame, "base-rate", f"{unit.capitalize()} by who gave at all."))
    title = "Base rate" if label else "Who gave to whom"
    blocks += unshown(lost, found)
    return Part(Section("base-rate", title, title, tuple(blocks)), {"base_rate": frame})


def _rates(found: Findings) -> tuple[pd.DataFrame, int]:
    """The label by who gave, without what rests on few: few who have it, and few who do not."""
    full, rates = base_rate_table(found.table), ("share", "base_rate", "mean", "sd")
    counts = [name for name in full.columns if name not in ("pairs", *rates)]
    frame, lost = hidden(full, counts, rates, found.choices.least)
    if "events" in full.columns and found.choices.least > 1:
        rest = full["rows"] - full["events"]
        few = (rest > 0) & (rest < found.choices.least)
        frame = frame.assign(**{name: frame[name].where(~few) for name in ("events", "base_rate")})
        lost = int((frame["base_rate"].isna() & full["base_rate"].notna()).sum())
    return frame, lost


def base_rate_line(found: Findings) -> str:
    """The base rate in a sentence, where it rests on enough.

    Parameters
    ----------
    found : Findings
        With a label.

    Returns
    -------
    str
    """
    table = found.table
    if _rates(found)[1]:
        return (
            f"Base rate of {table.label}: not in a sentence, as some of it rests on fewer than "
            f"{found.choices.least}."
        )
    return base_rates(table.frame, table.label or "", table.design.label_type)


def measures_part(found: Findings) -> Part:
    """How the measures of give and take are distributed among pairs in contact."""
    frame, lost = hidden(measures(found.table), ("n", "n_0", "n_1"), NUMBERS, found.choices.least)
    blocks: list[Block] = []
    if len(frame):
        blocks.append(Text("What each measure is, and where it is undefined, is in the codebook below."))
        blocks.append(measures_grid(frame, found.table))
        blocks += unshown(lost, found)
    else:
        blocks.append(Text("No pair in the table is in contact, so there is no give and take to measure."))
    frames = {"measures": frame}
    if found.choices.names and len(frame):
        frames["asymmetries"] = asymmetries(found.table)
        caption = "Pairs whose giving is furthest from even, by name: (given − taken) / (given + taken)."
        blocks.append(grid(frames["asymmetries"], "asymmetries", caption))
    title = "The measures of give and take"
    return Part(Section("measures", title, "Measures", tuple(blocks)), frames)


def network_part(found: Findings) -> Part:
    """The metrics of the network of acts, and of the label's beside it."""
    acts, label = found.network.found, found.label_network.found
    title = "The network"
    if acts is None:
        return Part(Section("network", title, "Network", (Text(found.network.reason),)), {})
    acts, *lost = hidden_counts(acts, found.choices.least)
    if label is not None:
        label, *more = hidden_counts(label, found.choices.least)
        lost = [sum(both) for both in zip(lost, more, strict=True)]
    frame = network_summary(acts, label)
    blocks: list[Block] = [
        Text(
            "Of all acts that count as giving, whenever they were: this describes, and no model rests on it. "
            "Each index has its own zero."
        )
    ]
    if label is not None:
        blocks.append(Text(" ".join(["Beside it, the network of the label:", *label.facts()])))
    elif found.label is not None and found.study.label(found.label).directed:
        blocks.append(Text(f"No network of the label: {found.label_network.reason}"))
    blocks.append(_network_grid(frame, found.label))
    blocks.append(Text("The census of triads is in tables/network.csv."))
    blocks += _uncounted(lost[0], lost[1], found)
    blocks += [Text(f"Undefined here: {line}.") for line in _undefined(frame)]
    return Part(Section("network", title, "Network", tuple(blocks)), {"network": frame})


def _uncounted(counts: int, others: int, found: Findings) -> list[Block]:
    """What is said of a network's counts that are not shown."""
    if not counts:
        return []
    return [
        Text(
            f"A dash, in the file nothing, also stands for {counted(counts, 'count')} under "
            f"{found.choices.least} and {counted(others, 'metric')} computed from them. What other rows add "
            "up to may still tell it."
        )
    ]


def _undefined(frame: pd.DataFrame) -> list[str]:
    """Metrics without a value, by the reason."""
    without = frame[frame["undefined"] != ""]
    reasons = {str(row.metric): str(row.undefined).rstrip(".") for row in without.itertuples()}
    return [line.replace(" is ", ": ", 1).replace(" are ", ": ", 1) for line in grouped(reasons)]


def _network_grid(frame: pd.DataFrame, label: str | None) -> Grid:
    """Metrics that are defined; what 0 says stands beside."""
    shown = frame[~frame["metric"].str.startswith(CENSUS) & (frame["undefined"] == "")]
    values = ["value", *(["label"] if "label" in frame.columns else [])]
    rows = [
        (
            str(row["title"]),
            *(minus(number(float(row[name]))) for name in values),
            minus(str(row["range"])).replace(" ", "\xa0"),
            str(row["zero"]),
        )
        for _, row in shown.iterrows()
    ]
    head = ("Metric", "of the acts", *([f"of {label}"] if len(values) > 1 else []), "range", "0 says")
    right = (False, *(True for _ in values), False, False)
    caption = "The network of all acts, and how reciprocal it is by each published index."
    return Grid("network", caption, head, right, tuple(rows), wide=True)


def people_part(found: Findings) -> Part:
    """How the metrics of people are distributed."""
    made: Tried[MetricTable] = found.people
    title = "People"
    if made.found is None:
        return Part(Section("people", title, "People", (Text(made.reason),)), {})
    frame, lost = hidden(people_summary(made.found), ("n",), NUMBERS, found.choices.least)
    many = counted(len(made.found), "person", "people")
    text = f"How {many} differ in what they give, get and return, over all acts; no row is a person."
    caption = "Metrics of people: how many have one, and how they are distributed."
    blocks: list[Block] = [Text(text), grid(frame, "people", caption)]
    blocks += unshown(lost, found)
    return Part(Section("people", title, "People", tuple(blocks)), {"people": frame})


def unshown(rows: int, found: Findings) -> list[Block]:
    """What is said of cells that are not shown."""
    if not rows:
        return []
    return [
        Text(
            f"A dash also stands for what rests on fewer than {found.choices.least}: "
            f"{counted(rows, 'row')} of this table. What other rows add up to may still tell it."
        )
    ]


def figures_part(found: Findings) -> Part:
    """Give and take in figures: of pairs, of the network, and against chance."""
    title, blocks = "Give and take in figures", list[Block]()
    if found.choices.least > 1:
        blocks.append(
            Text(
                f"Figures with a mark for every pair are left out, as what rests on fewer than "
                f"{found.choices.least} is not to be shown."
            )
        )
    else:
        blocks.append(drawing("give-take", _with_amounts(found.table)))
        blocks += _network_drawing(found)
    blocks += _chance(found)
    return Part(Section("figures", title, "Figures", tuple(blocks)), {})


def _with_amounts(table: DyadTable) -> DyadTable:
    """The pairs with a label that has more and less; classes without an order are no colour of a scale."""
    if table.design.label_type != "nominal":
        return table
    return replace(table, design=replace(table.design, label=None, label_type=""))


def _network_drawing(found: Findings) -> list[Block]:
    """Who gives to whom, where there are few enough to tell apart."""
    people = len(found.study.log.people)
    if people > DRAWN:
        return [Text(f"The network is not drawn: {people:,} people cannot be told apart on a page.")]
    return [drawing("network", found.study.log, {"names": found.choices.names, "seed": found.choices.seed})]


def _chance(found: Findings) -> list[Block]:
    """How much is returned against a null model, in words and as a figure."""
    made = found.null.found
    if made is None:
        return [Text(f"Not held against chance: {found.null.reason}")]
    acts, least = found.network.found, found.choices.least
    if made.level == "network" and acts is not None:
        whole, kept = acts.frame, hidden_counts(acts, least)[0].frame
        here = whole["name"] == made.metric
        if (whole["value"].notna() & kept["value"].isna() & here).any():
            return [Text(f"{made.metric} is not held against chance: it rests on a count under {least}.")]
    figure = drawing("reciprocity-null", made.frame, {"metric": made.metric})
    return [Text(made.sentence()), Text(made.keeps()), figure]
