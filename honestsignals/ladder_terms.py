"""The steps of a ladder of models: volume, then balance, then timing, and what may follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from honestsignals.dyads import DyadTable
from honestsignals.errors import one_of

if TYPE_CHECKING:
    import pandas as pd

STEPS = ("volume", "balance", "timing")
"""The steps that are taken unless others are asked for."""
FURTHER = ("persistence", "embeddedness", "attributes")
"""Steps that may follow by name."""
RECIPROCITY = ("balance", "timing", "persistence")
"""Steps that are give and take, beyond how much."""

_TERMS = {
    "balance": ("known(returned_share)",),
    "timing": ("known(reply_rate)", "known(alternation)", "known(burstiness)"),
    "persistence": ("known(persistence)",),
    "embeddedness": ("log1p(shared_contacts)", "known(overlap)"),
}


def candidates(table: DyadTable | pd.DataFrame, steps: Sequence[str] = STEPS) -> dict[str, list[str]]:
    """Terms of each step, as far as the table has their columns.

    Volume is log1p(acts), where rows have a direction the acts of each, log1p(active_days) and in_contact;
    balance is known(returned_share), where rows have a direction also known(net_giving); timing is
    known(reply_rate), known(alternation) and known(burstiness). Persistence is known(persistence);
    embeddedness log1p(shared_contacts) and known(overlap); attributes are what is known of the two people
    and of the pair, as far as it does not hang on who is called ego. Whether a rate can be told says how
    many acts there were, so these have no indicator of it but ``in_contact``; attributes have their own.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
        The rows; those of a plain frame are ordered.
    steps : sequence of str
        Of ``STEPS`` and ``FURTHER``.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    UnknownNameError
        For a step that has no terms of its own.

    Examples
    --------
    >>> import pandas as pd
    >>> acts = {"acts_ego": [1], "acts_alter": [0], "overlap": [0.5]}
    >>> frame = pd.DataFrame({"ego": ["a"], "alter": ["b"], **acts})
    >>> candidates(frame, ("volume", "embeddedness"))
    {'volume': ['log1p(acts_ego)', 'log1p(acts_alter)'], 'embeddedness': ['known(overlap)']}
    """
    for step in steps:
        one_of("step", step, (*STEPS, *FURTHER))
    whole = table if isinstance(table, DyadTable) else None
    directed = whole is None or whole.directed
    frame = table.frame if isinstance(table, DyadTable) else table
    volume = ["log1p(acts_ego)", "log1p(acts_alter)"] if directed else ["log1p(acts)"]
    wanted = {
        "volume": [*volume, "log1p(active_days)", "in_contact"],
        **{name: list(terms) for name, terms in _TERMS.items()},
        "attributes": [] if whole is None else _attributes(whole),
    }
    if directed:
        wanted["balance"].append("known(net_giving)")
    there = {str(name) for name in frame.columns}
    return {name: [term for term in wanted[name] if column_of(term) in there] for name in steps}


def _attributes(table: DyadTable) -> list[str]:
    """Columns of people and pairs that a model can take, and that do not name somebody ego."""
    found = []
    for fact in table.about:
        if fact.family not in ("attribute", "pair") or fact.swap not in ("same", "swap"):
            continue
        numeric = table.frame[fact.name].dtype.kind in "iufb"
        if (fact.swap == "same" or table.directed) and numeric:
            found += terms_of(table.frame, fact.name)
    return found


def terms_of(frame: pd.DataFrame, name: str) -> list[str]:
    """The terms by which a column enters: where it is undefined somewhere, as 0 and an indicator.

    Rows stay as they are, so that every step has the same; and 0 is no value among others.

    Parameters
    ----------
    frame : pandas.DataFrame
    name : str
        One of its columns.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import pandas as pd
    >>> terms_of(pd.DataFrame({"share": [0.5, None]}), "share")
    ['known(share)', 'undefined(share)']
    >>> terms_of(pd.DataFrame({"my share": [0.5, 1.0]}), "my share")
    ['`my share`']
    """
    column = name if name.isidentifier() else f"`{name}`"
    if frame[name].dtype.kind in "iuf" and bool(frame[name].isna().any()):
        return [f"known({column})", f"undefined({column})"]
    return [column]


def column_of(term: str) -> str:
    """The column of a term.

    >>> column_of("log1p(acts)"), column_of("in_contact")
    ('acts', 'in_contact')
    """
    found = re.fullmatch(r"\w+\((\w+)\)", term)
    return found.group(1) if found else term
