"""What a score of predictions is: one decorated function, its value and what each row moves it by."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from honestsignals.errors import HonestSignalsError
from honestsignals.inference.clusters import Floats

LABEL_TYPES = ("binary", "ordinal", "nominal", "continuous")
"""What a label can be: of two values, of ordered levels, of levels without order, a number."""


class Scored(NamedTuple):
    """A score and what each row moves it by.

    Attributes
    ----------
    value : float
        NaN where the score is undefined: `Score.undefined` says when.
    influence : ndarray, shape (n,)
        Derivative of the score by the weight of each row, where all weights are 1. The sum is 0, and the
        sum of squares the variance of the score if rows were independent. NaN where the value is not finite.
    """

    value: float
    influence: Floats


Function = TypeVar("Function", bound=Callable[..., Scored])


@dataclass(frozen=True)
class Score:
    """What is known of a score: its names, its ends, when it is undefined.

    Attributes
    ----------
    name, title : str
        Name in tables of the package, and in papers.
    types : tuple of str
        Labels that it scores, of ``LABEL_TYPES``.
    higher : bool
        Whether higher is better; without a sense where ``gain`` is False.
    gain : bool
        Whether one step of a ladder can gain in it over another: a slope of calibration can only be right.
    perfect : float
        Value of predictions that are never wrong.
    chance : float
        Value of predictions without information; NaN where it depends on the label.
    undefined : str
        When it is NaN, in words; "" if never.
    meaning : str
        What it says, in a sentence.
    reference : str
        Key of ``references.bib``; "" for plain means.
    function : callable
        ``(y, prediction, base) -> Scored``.
    """

    name: str
    title: str
    types: tuple[str, ...]
    higher: bool
    gain: bool
    perfect: float
    chance: float
    undefined: str
    meaning: str
    reference: str
    function: Callable[[Any, Any, Any], Scored]

    def gained(self, after: float, before: float) -> float:
        """How much better one value is than another: the fall of a score that is better when lower.

        Parameters
        ----------
        after, before : float

        Returns
        -------
        float
            NaN where a gain in this score has no sense.
        """
        if not self.gain:
            return math.nan
        return after - before if self.higher else before - after


REGISTERED: dict[str, Score] = {}
"""Every decorated function, in no order: `honestsignals.inference.scores.SCORES` has one."""


def score(
    *,
    title: str,
    types: tuple[str, ...],
    perfect: float,
    undefined: str,
    reference: str,
    higher: bool = True,
    gain: bool = True,
    chance: float = math.nan,
) -> Callable[[Function], Function]:
    """Register a function of labels, predictions and what training had as a score.

    Parameters
    ----------
    title, types, perfect, undefined, reference, higher, gain, chance
        As `Score` has them. Its name is the function's, its meaning the first line of the docstring.

    Returns
    -------
    callable
        The decorator, which hands the function back as it is.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in REGISTERED or not set(types) <= set(LABEL_TYPES):
            raise HonestSignalsError(f"{name!r} is a score already, or scores labels unknown in {types}.")
        text = inspect.getdoc(function) or ""
        meaning = text.split("\n\n")[0].replace("\n", " ").rstrip(".")
        REGISTERED[name] = Score(
            name=name,
            title=title,
            types=types,
            higher=higher,
            gain=gain,
            perfect=perfect,
            chance=chance,
            undefined=undefined,
            meaning=meaning,
            reference=reference,
            function=function,
        )
        return function

    return register
