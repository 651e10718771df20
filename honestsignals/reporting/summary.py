"""What a report tells in tables before any model: base rates, measures, what was left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.metric_table import MetricTable
from honestsignals.metrics import balance
from honestsignals.metrics.registry import FAMILIES, entries
from honestsignals.reporting.ladder import Ladder
from honestsignals.study import Study

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-12
"""A mean this far below the largest value is the rounding of values that cancel."""
NOT_SUMMARISED = ("in_contact", "observed_periods")
"""The same for every pair in contact."""


def columns_for(study: Study, directed: bool) -> list[str]:
    """Metrics of a report: all that the log can have, without kinds and symmetric forms.

    Parameters
    ----------
    study : Study
        Whose log says what metrics it can have.
    directed : bool
        Whether rows are ordered pairs; elsewhere ego's and alter's columns depend on who is called ego.

    Returns
    -------
    list of str
    """
    names = []
    for name, entry in entries().items():
        fact = entry.fact
        # exchanges need their kinds, and totals one moment: a report is of all labels alike
        if not fact.needs <= study.log.has - {"moments"} or fact.unit == "time" or fact.inner or fact.kinds:
            continue
        two_sided = fact.swap == "swap"
        if directed or not two_sided:
            names.append(name)
        if directed and two_sided:
            names.append(name.removesuffix("_ego") + "_alter")
    if directed:
        return names
    return ["acts_ego", "acts_alter", "acts_min", "acts_max", *names]


def base_rate_table(table: DyadTable) -> pd.DataFrame:
    """Pairs by who gave at all, and the base rate (or mean) of the label among them.

    Parameters
    ----------
    table : DyadTable
        With ``dyad_state``.

    Returns
    -------
    pandas.DataFrame
        Columns pairs, rows, share, and with a label known, events (binary), base_rate.
    """
    import pandas as pd

    state = table.frame["dyad_state"].cat.codes.to_numpy()
    null, mutual = balance.STATES.index("null"), balance.STATES.index("mutual")
    groups = [("all pairs in the table", np.ones(len(state), dtype=bool))]
    groups += [("in contact", state != null), ("– both gave", state == mutual)]
    if table.directed:
        for one in ("ego", "alter"):
            groups.append((f"– only {one} gave", state == balance.STATES.index(f"{one} only")))
    else:
        groups.append(("– only one gave", (state != null) & (state != mutual)))
    groups.append(("not in contact", state == null))
    rows: list[dict[str, Any]] = []
    for name, mask in groups:
        # what holds for every row, or for none, says nothing beside the first line
        if rows and (mask.all() or (name == "not in contact" and not mask.any())):
            continue
        share = float(mask.mean()) if len(mask) else math.nan
        rows.append({"pairs": name, "rows": int(mask.sum()), "share": share, **_rate(table, mask)})
    return pd.DataFrame(rows)


def _rate(table: DyadTable, mask: Any) -> dict[str, Any]:
    """The label among some rows."""
    if table.label is None:
        return {}
    if table.design.label_type == "nominal":
        return _shares(table.frame[table.label][mask])
    values = table.frame[table.label].to_numpy(dtype=float, na_value=math.nan)[mask]
    values = values[~np.isnan(values)]
    mean = float(values.mean()) if len(values) else math.nan
    if table.design.label_type == "binary":
        return {"events": int(values.sum()), "base_rate": mean}
    return {"mean": mean, "sd": float(values.std(ddof=1)) if len(values) > 1 else math.nan}


def _shares(values: pd.Series) -> dict[str, Any]:
    """How often each class of a label without an order occurs."""
    counts = values.value_counts().reindex(values.cat.categories)
    return {f"{name}": int(count) for name, count in counts.items()}


def measures(table: DyadTable) -> pd.DataFrame:
    """The metrics among pairs in contact: defined how often, mean, spread, quartiles; by a binary label.

    Parameters
    ----------
    table : DyadTable
        Where rows have no direction, columns that depend on who is called ego are passed over.

    Returns
    -------
    pandas.DataFrame
        Columns metric, n, mean, sd, q25, median, q75; and n, mean, median where the label is 0 and is 1.
    """
    import pandas as pd

    frame = table.frame[table.frame["in_contact"] == 1]
    binary = table.label is not None and table.design.label_type == "binary"
    names = ["metric", "n", "mean", "sd", "q25", "median", "q75"]
    by = [f"{what}_{value}" for value in (0, 1) for what in ("n", "mean", "median")] if binary else []
    rows = []
    for fact in table.about if len(frame) else ():
        if fact.family not in FAMILIES or fact.unit in ("state", "time") or fact.name in NOT_SUMMARISED:
            continue
        if not table.directed and fact.swap != "same":
            continue
        values = frame[fact.name].to_numpy(dtype=float)
        row: dict[str, Any] = {"metric": fact.name, **_spread(values)}
        for value in (0, 1) if binary else ():
            part = _spread(values[frame[table.label].to_numpy(dtype=float) == value])
            row |= {f"{what}_{value}": part[what] for what in ("n", "mean", "median")}
        rows.append(row)
    return pd.DataFrame(rows, columns=[*names, *by])


def _spread(values: Any) -> dict[str, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return {"n": 0, **dict.fromkeys(("mean", "sd", "q25", "median", "q75"), math.nan)}
    q25, median, q75 = (float(one) for one in np.quantile(known, (0.25, 0.5, 0.75)))
    sd = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    mean = float(known.mean())
    if abs(mean) < ROUNDING * float(np.abs(known).max()):
        mean = 0.0
    return {"n": len(known), "mean": mean, "sd": sd, "q25": q25, "median": median, "q75": q75}


def left_out(study: Study, table: DyadTable, made: Ladder | None) -> pd.DataFrame:
    """What was left out on the way from the files to the models, why, and how much.

    Parameters
    ----------
    study : Study
        Rows of its acts and of its label.
    table : DyadTable
        Pairs.
    made : Ladder or None
        Rows of the models.

    Returns
    -------
    pandas.DataFrame
        Columns of, reason, count.
    """
    import pandas as pd

    what = "ordered pairs" if table.directed else "pairs"
    parts: list[tuple[str, Mapping[str, int]]] = [("rows of acts", study.log.left_out)]
    if table.label is not None:
        parts.append((f"rows of {table.label}", study.label(table.label).left_out))
    parts.append((what, table.design.left_out))
    for name, result in made.fits.items() if made is not None else ():
        parts.append((f"rows of the {name} model", result.model.left_out))
    rows = [(of, reason, count) for of, reasons in parts for reason, count in reasons.items() if count]
    return pd.DataFrame(rows, columns=["of", "reason", "count"])


def network_summary(acts: MetricTable, label: MetricTable | None) -> pd.DataFrame:
    """Metrics of the network of acts, and of that of a label beside it.

    Parameters
    ----------
    acts : MetricTable
        As ``study.network_metrics()`` gives it.
    label : MetricTable or None
        The same of who named whom.

    Returns
    -------
    pandas.DataFrame
        Columns metric, title, value, label (where there is one), range, zero, undefined.
    """
    import pandas as pd

    named = dict(zip(label.frame["name"], label.frame["value"], strict=True)) if label is not None else {}
    rows = []
    whole = acts.frame
    for name, value, why in zip(whole["name"], whole["value"], whole["undefined"], strict=True):
        fact = acts.fact(str(name))
        one: dict[str, Any] = {"metric": name, "title": fact.title, "value": float(value)}
        if label is not None:
            one["label"] = float(named.get(name, math.nan))
        rows.append({**one, "range": fact.interval, "zero": fact.zero, "undefined": why})
    return pd.DataFrame(rows)


def people_summary(table: MetricTable) -> pd.DataFrame:
    """How the metrics of people are distributed: no row is a person.

    Parameters
    ----------
    table : MetricTable
        As ``study.people_metrics()`` gives it.

    Returns
    -------
    pandas.DataFrame
        Columns metric, meaning, n, mean, sd, q25, median, q75.
    """
    import pandas as pd

    rows = []
    for fact in table.about:
        if fact.name not in table.frame.columns or fact.unit in ("id", "state", "time"):
            continue
        values = table.frame[fact.name].to_numpy(dtype=float)
        rows.append({"metric": fact.name, "meaning": fact.meaning, **_spread(values)})
    return pd.DataFrame(rows, columns=["metric", "meaning", "n", "mean", "sd", "q25", "median", "q75"])


def asymmetries(table: DyadTable, most: int = 10) -> pd.DataFrame:
    """The pairs whose giving is furthest from even, with the names of the two.

    Parameters
    ----------
    table : DyadTable
        With ``acts_ego`` and ``acts_alter``.
    most : int
        Pairs that are named; of those alike, the ones with more acts.

    Returns
    -------
    pandas.DataFrame
        Columns giver, taker, given, returned, net: (given − returned) / (given + returned).
    """
    import pandas as pd

    frame = table.frame
    given, got = frame["acts_ego"].to_numpy(dtype=float), frame["acts_alter"].to_numpy(dtype=float)
    # of a pair that has two rows, the one seen from who gave more
    seen = (given > got) if table.directed else (given != got)
    turned = got > given
    ego, alter = frame["ego"].astype(str), frame["alter"].astype(str)
    more, less = np.maximum(given, got), np.minimum(given, got)
    named = pd.DataFrame(
        {
            "giver": np.where(turned, alter, ego),
            "taker": np.where(turned, ego, alter),
            "given": more.astype(int),
            "returned": less.astype(int),
            "net": (more - less) / np.maximum(more + less, 1),
        }
    )[seen]
    order = ["net", "given", "giver", "taker"]
    return named.sort_values(order, ascending=[False, False, True, True]).head(most).reset_index(drop=True)
