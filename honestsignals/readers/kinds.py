"""Kinds of acts, and the names of columns that they end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from honestsignals.errors import Problem, bad_input
from honestsignals.readers.faults import Located

RESERVED = {"weight": "amounts", "acts": "acts of any kind"}
MOST_KINDS = 2**15 - 1


def kind_slug(kind: str) -> str:
    """A kind as it ends the name of a column: what is neither letter nor digit becomes one "_".

    >>> kind_slug("e-mail, sent")
    'e_mail_sent'
    """
    # Python folds identifiers in this way, so two kinds that it would fold together have to meet here.
    folded = unicodedata.normalize("NFKC", kind)
    # two of them part kinds in the name of an exchange
    return re.sub("_+", "_", "".join(letter if letter.isalnum() else "_" for letter in folded))


def check_kinds(source: Located, column: str, kinds: Sequence[str]) -> None:
    """Refuse kinds that could not end the name of a column, or would end the same one.

    Parameters
    ----------
    source : Located
        Where they come from.
    column : str
        The column of kinds.
    kinds : sequence of str
        All of them.
    """
    problems = []
    owner: dict[str, str] = {}
    for kind in kinds:
        slug = kind_slug(kind)
        rule = ""
        if slug in RESERVED:
            rule = f"would end column names as '__{slug}', which stands for {RESERVED[slug]}: rename it"
        elif not f"x__{slug}".isidentifier():
            rule = f"would end column names as '__{slug}', which no formula could name: rename it"
        elif slug in owner:
            rule = f"and {owner[slug]!r} would both end column names as '__{slug}': rename one"
        owner.setdefault(slug, kind)
        if rule:
            problems.append(Problem(source.name, None, column, kind, rule))
    if len(kinds) > MOST_KINDS:
        rule = f"has {len(kinds):,} kinds; the most is {MOST_KINDS:,}. Is it a column of kinds?"
        problems.append(Problem(source.name, None, column, None, rule))
    if problems:
        raise bad_input(problems)
