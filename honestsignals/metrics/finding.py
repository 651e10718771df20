"""Finding a metric by what it is asked for, in the words of whoever asks."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from honestsignals.errors import ArgumentError, unknown
from honestsignals.metrics.registry import LEVELS, Fact, entries

COMMON = frozenset(
    re.findall(
        r"\w+",
        """a an and any are as at be been before by can did do does each for from given had has have he
        her his how i if in into is it its me my near no not of on one only or other our out over she
        so some than that the their them there they this to two was we were what when where which who
        whom whose will with you your""",
    )
)
"""Words that tell no metric from another."""
WEIGHTS = {"asks": 6.0, "name": 5.0, "title": 4.0, "aliases": 4.0, "elsewhere": 2.0, "meaning": 2.0}
"""How much a word counts by where it stands."""
ENDINGS = (
    *("ocation", "ocity", "ocal", "ations", "ation", "ings", "ing"),
    *("ness", "ies", "ied", "ed", "es", "s", "y"),
)
"""Endings that say number, tense or kind of word."""


def search(words: str, level: str | None = None, most: int = 10) -> list[Fact]:
    """Metrics by what is asked, the likeliest first.

    Parameters
    ----------
    words : str
        A question, a name in other software, or a few words.
    level : {"dyad", "person", "network"}, optional
        Only metrics of this level.
    most : int
        Metrics to return at most.

    Returns
    -------
    list of Fact

    Examples
    --------
    >>> import honestsignals.metrics
    >>> search("who goes first?")[0].name
    'opening_share'
    """
    if not isinstance(words, str):
        raise ArgumentError(f"What is searched for is words; {words!r} is no text.")
    if most < 1:
        raise ArgumentError(f"most is {most}; it must be 1 or more.")
    if level is not None and level not in LEVELS:
        raise unknown("level of metrics", level, LEVELS)
    levels = [level] if level else list(LEVELS)
    facts = [entry.fact for one in levels for entry in entries(one).values() if not entry.fact.inner]
    texts = [_words(fact) for fact in facts]
    rarity = _rarity(texts)
    wanted = _split(words)
    scores = [sum(text.get(one, 0.0) * rarity.get(one, 0.0) for one in wanted) for text in texts]
    # of equal scores the shorter text says it more to the point; the order of the catalogue settles the rest
    length = [len(text) for text in texts]
    order = sorted(range(len(facts)), key=lambda place: (-scores[place], length[place], place))
    return [facts[place] for place in order if scores[place] > 0][:most]


def _words(fact: Fact) -> dict[str, float]:
    """Words of a metric, each by where it counts most."""
    found: dict[str, float] = {}
    for field, weight in WEIGHTS.items():
        given = getattr(fact, field)
        text = given if isinstance(given, str) else " ".join(given)
        for one in _split(text):
            found[one] = max(found.get(one, 0.0), weight)
    return found


def _split(text: str) -> list[str]:
    """Words that tell something, without their endings."""
    words = re.findall(
        r"[a-zà-ÿφψδκερ]+", text.replace("_", " ").casefold().replace("generalis", "generaliz")
    )
    return list(dict.fromkeys(_stem(word) for word in words if word not in COMMON))


def _stem(word: str) -> str:
    """A word without its endings.

    >>> _stem("reciprocity"), _stem("reciprocal"), _stem("lopsidedness")
    ('recipr', 'recipr', 'lopsid')
    """
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return _stem(word[: -len(ending)])
    return word


def _rarity(texts: Iterable[dict[str, float]]) -> dict[str, float]:
    """How much each word tells: the fewer metrics have it, the more."""
    every = list(texts)
    number = Counter(word for text in every for word in text)
    return {word: math.log(1 + len(every) / count) for word, count in number.items()}
