"""How a report's numbers were made, in words that can go into a paper, and on what they rest."""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

from honestsignals.dyads import DyadTable
from honestsignals.evaluation import Evaluation
from honestsignals.inference.words import counted
from honestsignals.labels import Labels
from honestsignals.metrics.acts import SECOND
from honestsignals.permutation import Permutation
from honestsignals.references import REFERENCES, Reference, cited
from honestsignals.reporting.chance import Chance
from honestsignals.reporting.findings import Findings
from honestsignals.reporting.ladder import Ladder
from honestsignals.standard_errors import ErrorLadder
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
OF_ERRORS = {"hc1": "white1980", "two_way": "cameron2011", "dyadic": "aronow2015"}
"""Errors that stand beside the jackknife, and their sources."""
OF_PERMUTATIONS = ("dekker2007", "hart2022", "phipson2010")
PACKAGES = ("duckdb", "formulaic", "honestsignals", "matplotlib", "numpy", "pandas", "scipy", "statsmodels")
"""What computed or drew the numbers; the others only carry them to the page."""


def methods(found: Findings) -> list[str]:
    """Paragraphs on how the numbers were made: of what was run, and of nothing else.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    list of str
    """
    paragraphs = [_measures(found.table)]
    if found.null.found is not None:
        paragraphs.append(_chance(found.null.found))
    if found.ladder.found is not None:
        paragraphs += _models(found.ladder.found)
    if found.errors.found is not None:
        paragraphs.append(_errors(found.errors.found))
    if found.permutation.found is not None:
        paragraphs.append(_permutation(found.permutation.found))
    if found.evaluation.found is not None:
        paragraphs.append(_evaluation(found.evaluation.found))
    return paragraphs


def _measures(table: DyadTable) -> str:
    """What a row is, and on what its measures rest."""
    unit = "ordered pair, seen from ego" if table.directed else "pair of people"
    said = (
        f"Each row is one {unit}. Every measure is computed from the acts between the two alone; a share or "
        "a rate of nothing is undefined, not zero."
    )
    if timed(table):
        span = f"{table.settings.conversation_gap / (3600 * SECOND):g} h"
        said += (
            f" A conversation ends when nobody acts for more than {span}, and an opening counts as answered "
            f"where the other acts within {span}."
        )
    return said


def _chance(null: Chance) -> str:
    """What was drawn anew, and what every draw keeps."""
    model = null.model
    return (
        f"Against chance, every draw of the null model kept {model.keeps}, and redrew {model.redraws} "
        f"({_short(model.reference)}); {null.draws:,} draws."
    )


def _errors(errors: ErrorLadder) -> str:
    """Which errors stand side by side."""
    cited = [
        f"{name.replace('_', ' ')} ({_short(key)})"
        for name, key in OF_ERRORS.items()
        if name in errors.covariances
    ]
    return (
        "Beside the net jackknife, the last step has classical errors, which take all rows as independent"
        + (f"; {', '.join(cited)}" if cited else "")
        + "."
    )


def _permutation(made: Permutation) -> str:
    """How people changed places."""
    number = f"all {made.found.draws:,}" if made.found.exact else f"{made.found.draws:,} random"
    return (
        "Each column's residual on the other columns was permuted, the rows and columns of its matrix "
        f"together, and the label regressed anew (double semi-partialling; {_short('dekker2007')}), with "
        f"{number} permutations; p values count the data among the draws ({_short('phipson2010')}). Tested "
        f"is whether people are exchangeable, which unequal variances also break ({_short('hart2022')})."
    )


def _evaluation(made: Evaluation) -> str:
    """How it was foretold, and what the scores are of."""
    return (
        f"Models of the steps ({made.plan.learner.words}) were trained and tested in folds: "
        f"{made.folds[:1].lower()}{made.folds[1:]} {made.estimand} Scores were taken within each fold and "
        "averaged; intervals have dyadic errors on placement values (in the manner of "
        f"{_short('delong1988')} and {_short('fafchamps2007')}), never below those of pairs. Folds tell what "
        "such models score on average, not what one fitted model would "
        f"({_short('bates2024')})."
    )


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


def _models(made: Ladder) -> list[str]:
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


def sources(found: Findings) -> list[Reference]:
    """What the methods and the measures cite.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    list of Reference
    """
    keys = {fact.reference for fact in found.table.about}
    for table in (found.network.found, found.people.found):
        keys |= {fact.reference for fact in table.about} if table is not None else set()
    made = found.ladder.found
    if made is not None and made.fits:
        keys |= set(OF_MODELS)
    if made is not None and any("separated" in step.reason for step in made.steps):
        keys.add("albert1984")
    if found.errors.found is not None:
        keys |= {key for name, key in OF_ERRORS.items() if name in found.errors.found.covariances}
    if found.permutation.found is not None:
        keys |= set(OF_PERMUTATIONS)
    if found.evaluation.found is not None:
        keys |= {"bates2024", "delong1988", "fafchamps2007"}
        keys |= {one.reference for one in found.evaluation.found.scores.scores}
    if found.null.found is not None:
        keys.add(found.null.found.model.reference)
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


def versions(found: Findings) -> list[tuple[str, str]]:
    """Python and the packages that computed and drew the numbers, with their versions.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    list of tuple of str
        Name and version.
    """
    python = ".".join(str(part) for part in sys.version_info[:3])
    used = [*PACKAGES, *(["scikit-learn"] if found.evaluation.found is not None else [])]
    return [("Python", python), *((name, version(name)) for name in sorted(used))]


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
