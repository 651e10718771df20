"""How a report's numbers were made, in words that can go into a paper, and on what they rest."""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

from honestsignals.dyads import DyadTable
from honestsignals.inference.words import counted
from honestsignals.labels import Labels
from honestsignals.metrics.acts import SECOND
from honestsignals.references import REFERENCES, Reference, cited
from honestsignals.reporting.ladder import Ladder
from honestsignals.study import Study
from honestsignals.study_file import read_study_file

OF_MODELS = (
    "aronow2015",
    "efron1981",
    "fafchamps2007",
    "satterthwaite1946",
    "seabold2010",
    "tabordmeehan2019",
)
PACKAGES = ("honestsignals", "duckdb", "formulaic", "numpy", "pandas", "scipy", "statsmodels")
"""What computed the numbers; the others only carry them to the page."""


def methods(table: DyadTable, made: Ladder | None) -> list[str]:
    """Paragraphs on how the numbers were made.

    Parameters
    ----------
    table : DyadTable
        The pairs.
    made : Ladder or None
        The models, where there is a label.

    Returns
    -------
    list of str
    """
    unit = "ordered pair, seen from ego" if table.directed else "pair of people"
    first = (
        f"Each row is one {unit}. Every measure is computed from the acts between the two alone; a share or "
        "a rate of nothing is undefined, not zero."
    )
    if timed(table):
        span = f"{table.settings.conversation_gap / (3600 * SECOND):g} h"
        first += (
            f" A conversation ends when nobody acts for more than {span}, and an opening counts as answered "
            f"where the other acts within {span}."
        )
    return [first] if made is None else [first, *_models(table, made)]


def timed(table: DyadTable) -> bool:
    """Whether the acts have times: some column of the table needs them.

    Parameters
    ----------
    table : DyadTable
        The pairs.

    Returns
    -------
    bool
    """
    return any("time" in fact.needs for fact in table.about)


NAMED = {"logit": "logistic", "gaussian": "linear", "ordered_logit": "ordered logistic"}
"""Regressions of the ladder as a paper calls them."""


def _models(table: DyadTable, made: Ladder) -> list[str]:
    """Paragraphs on the models, their errors and their tests."""
    if not made.fits:
        return ["No model of the label has an estimate, so there are no errors and no tests."]
    family = NAMED[made.family.name] if made.family else "linear"
    several = "regressions, each holding the one before it," if len(made.fits) > 1 else "regression"
    terms = "; ".join(f"{step.name}: {', '.join(step.adds)}" for step in made.steps if step.name in made.fits)
    models = (
        f"The label {made.label} was explained by {family} {several} estimated with statsmodels "
        f"({_short('seabold2010')}). Terms by step: {terms}. log1p(x) is the logarithm of 1 + x; known(x) is "
        "x, or 0 where x is undefined."
    )
    errors = (
        "Pairs that share a person are not independent of one another. Standard errors are therefore those "
        "of a jackknife over people, net of the jackknife over pairs and never below it "
        f"({_short('efron1981')}; in the manner of the dyadic-robust errors of {_short('fafchamps2007')} and "
        f"{_short('aronow2015')}). Tests use t and F with degrees of freedom that say on how many people a "
        f"coefficient rests in effect ({_short('satterthwaite1946')}). A step's test is the Wald test that "
        "the coefficients of the terms it adds are all 0. Where one person carries most of a coefficient, or "
        f"people or labels of 1 are few, a note says so ({_short('tabordmeehan2019')})."
    )
    return [models, errors]


def _short(key: str) -> str:
    return REFERENCES[key].short


def sources(table: DyadTable, made: Ladder | None) -> list[Reference]:
    """What the methods and the measures cite.

    Parameters
    ----------
    table : DyadTable
        Whose columns have references.
    made : Ladder or None
        The models.

    Returns
    -------
    list of Reference
    """
    keys = {fact.reference for fact in table.about}
    if made is not None and made.fits:
        keys |= set(OF_MODELS)
    if made is not None and any("separated" in step.reason for step in made.steps):
        keys.add("albert1984")
    return cited(keys)


def cautions(answers: Labels) -> list[str]:
    """What must be known of a label before any number is believed.

    Parameters
    ----------
    answers : Labels
        The label.

    Returns
    -------
    list of str
        Empty where it has a date, or a wave.
    """
    if answers.asked is not None or answers.moment is not None:
        return []
    return [
        f"{answers.when} So nothing here says which came first: the give and take may have followed "
        f"{answers.name} as well as foretold it."
    ]


def versions() -> list[tuple[str, str]]:
    """Python and the packages that computed the numbers, with their versions.

    >>> dict(versions())["numpy"] == version("numpy")
    True
    """
    python = ".".join(str(part) for part in sys.version_info[:3])
    return [("Python", python), *((name, version(name)) for name in PACKAGES)]


def inputs(study: Study) -> list[tuple[str, str, str]]:
    """Files of a study, their size and SHA-256; none where the study is not in files any more.

    Parameters
    ----------
    study : Study
        Opened from a folder.

    Returns
    -------
    list of tuple of str
        Name in the folder, size in bytes, SHA-256.
    """
    if study.folder is None or not (study.folder / "study.toml").is_file():
        return []
    file = read_study_file(study.folder)
    tables = (file.acts, file.people, file.pairs, *file.labels.values())
    names = dict.fromkeys(["study.toml", *(str(table["file"]) for table in tables if "file" in table)])
    found = []
    for name in names:
        path = study.folder / name
        if path.is_file():
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            # a file elsewhere is named without the way to it, which is nobody's business
            found.append((Path(name).name, counted(path.stat().st_size, "byte"), digest))
    return found
