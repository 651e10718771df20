"""The family of a label: as asked, or as its type has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, listed, one_of
from honestsignals.formula_words import words_of
from honestsignals.formulas import Model
from honestsignals.inference.families import FAMILIES

if TYPE_CHECKING:
    import pandas as pd

OF_TYPE = {
    "binary": "logit",
    "ordinal": "ordered_logit",
    "continuous": "gaussian",
    "nominal": "multinomial",
}
"""Family of a label of each type."""

PLAIN = "a plain frame: ego and alter are taken as they stand"
ORDINAL = "the levels of the ordinal label are treated as numbers"


def family_of(
    model: Model, dyads: DyadTable | pd.DataFrame, family: str | None
) -> tuple[str, tuple[str, ...]]:
    """Family of the model: as asked, or as the label's type has it.

    Parameters
    ----------
    model : Model
    dyads : DyadTable or pandas.DataFrame
        The table that it is of.
    family : str or None
        As asked.

    Returns
    -------
    family : str
    notes : tuple of str
        What is to be said of it.

    Raises
    ------
    ArgumentError
        For a label whose family is not known, or that its family does not take.
    """
    own = dyads.design.label_type if isinstance(dyads, DyadTable) and model.label == dyads.label else ""
    frame = dyads.frame if isinstance(dyads, DyadTable) else dyads
    ordered = bool(model.levels) and bool(getattr(frame[model.label].dtype, "ordered", False))
    if family is not None:
        one_of("family", family, tuple(FAMILIES))
    elif model.truth:
        family = "logit"
    elif own:
        family = OF_TYPE[own]
    elif model.levels:
        family = "ordered_logit" if ordered else "multinomial"
    else:
        raise ArgumentError(
            f"The family of {model.label!r} is not known; say family='gaussian', 'logit' or another of "
            f"{listed(tuple(FAMILIES)[2:])}."
        )
    if model.levels and not FAMILIES[family].levels:
        raise ArgumentError(
            f"{model.label!r} has the categories {', '.join(model.levels)}; a {FAMILIES[family].title} model "
            "takes numbers. Fit it as 'multinomial' or, where they have an order, as 'ordered_logit'."
        )
    if model.levels and FAMILIES[family].cuts and not ordered:
        raise ArgumentError(
            f"The categories of {model.label!r} have no order: {', '.join(model.levels)}, as they are "
            f"sorted. An {FAMILIES[family].title} model needs one: "
            "pandas.Categorical(values, levels, ordered=True)."
        )
    return family, ((ORDINAL,) if family == "gaussian" and _has_ordinal(model, dyads) else ())


def _has_ordinal(model: Model, dyads: DyadTable | pd.DataFrame) -> bool:
    """Whether the left side is the table's ordinal label, or reckons with it: "trust_t2 - trust_t1"."""
    if not isinstance(dyads, DyadTable) or dyads.design.label_type != "ordinal" or model.truth:
        return False
    if model.label in dyads.frame.columns:
        return model.label == dyads.label
    return dyads.label in words_of(model.label).names
