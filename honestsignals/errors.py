"""Errors that say the value, the rule and the nearest right word."""

from __future__ import annotations

import difflib
import errno
import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_SHOWN = 10
"""Problems of an input that one message lists; the rest are counted."""


class HonestSignalsError(Exception):
    """Whatever this package refuses to do, and why."""


class InputError(HonestSignalsError):
    """Something in a file or a table breaks a rule.

    Attributes
    ----------
    problems : tuple of Problem
        The first ten, each with where it stands.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class UnknownNameError(HonestSignalsError):
    """A name (a metric, a column, a label, a key) that does not exist here."""


class ArgumentError(HonestSignalsError):
    """An argument that breaks its rule."""


class DesignError(HonestSignalsError):
    """A question that these data, or this design, cannot answer."""


class FitError(HonestSignalsError):
    """A model that has no estimate here: separated, collinear, too few people."""


class OutputError(HonestSignalsError):
    """A file that could not be written, or must not be overwritten."""


def disk_error(error: OSError, folder: object) -> Exception:
    """What to raise where a folder cannot be written: the disk is full, or the error as it is.

    >>> disk_error(OSError(errno.ENOSPC, "No space left on device"), "dyads.parquet.work")
    OutputError('dyads.parquet.work: the disk is full. Make room, or name a folder elsewhere.')
    """
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    return OutputError(f"{folder}: the disk is full. Make room, or name a folder elsewhere.")


def check_seed(seed: object) -> None:
    """Refuse what no generator of random numbers begins with; None is a seed of its own choice.

    >>> check_seed(-1)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: seed is -1; it must be a whole number from 0 on.
    """
    whole = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
    if seed is not None and not (whole and seed >= 0):  # type: ignore[operator]
        raise ArgumentError(f"seed is {seed!r}; it must be a whole number from 0 on.")


def check_level(level: object) -> None:
    """Refuse what is no coverage of an interval.

    >>> check_level(95)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: level is 95; it must lie between 0 and 1.
    """
    number = isinstance(level, numbers.Real) and not isinstance(level, bool)
    if not (number and 0 < level < 1):  # type: ignore[operator]
        rule = "lie between 0 and 1" if number else "be a number between 0 and 1"
        raise ArgumentError(f"level is {level!r}; it must {rule}.")


@dataclass(frozen=True)
class Problem:
    """One value that breaks a rule, and where it stands.

    Attributes
    ----------
    source : str
        File or table, as the user named it.
    line : int or None
        Line of the file (the header is line 1), or row of a table counted from 0.
    column : str or None
        The column, as the file names it.
    value : object
        What stands there.
    rule : str
        What it breaks, as the end of a sentence: "is not a date".
    unit : str
        What ``line`` counts: "line" of a file or "row" of a table.
    """

    source: str
    line: int | None
    column: str | None
    value: object
    rule: str
    unit: str = "line"

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}, {self.unit} {self.line}"
        what = " ".join(part for part in (self.column, quoted(self.value)) if part)
        return f"{place}: {what} {self.rule}".replace(":  ", ": ")


def quoted(value: object, longest: int = 60) -> str:
    """A value as a message shows it: in quotes, shortened, line ends visible.

    >>> quoted("a" * 70, longest=5)
    "'aaaa…'"
    >>> quoted(None)
    ''
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return repr(value if len(value) <= longest else value[: longest - 1] + "…")


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant, or None where none is near.

    >>> nearest("reciprocty", ["acts", "reciprocity"])
    'reciprocity'
    """
    candidates = [str(candidate) for candidate in words]
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    found = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def unknown(what: str, word: str, words: Iterable[str], hint: str = "") -> UnknownNameError:
    """The error for a name that does not exist, with the nearest one that does.

    >>> str(unknown("metric", "acs", ["acts"]))
    "Unknown metric 'acs'. Did you mean 'acts'?"
    """
    known = list(words)
    guess = nearest(str(word), known)
    if guess is not None:
        tail = f" Did you mean {guess!r}?"
    elif known:
        tail = f" There {'is' if len(known) == 1 else 'are'}: {listed(known)}."
    else:
        tail = " There are none."
    return UnknownNameError(f"Unknown {what} {str(word)!r}.{tail}{' ' + hint if hint else ''}")


def one_of(what: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse a value that is not one of the allowed words.

    >>> one_of("pairs", "al", ["all", "in contact"])
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: pairs is 'al'; it must be one of 'all', 'in contact'. Did ... 'all'?
    """
    if value in allowed:
        return
    guess = nearest(str(value), allowed)
    tail = f" Did you mean {guess!r}?" if guess else ""
    shown = ", ".join(repr(word) for word in allowed)
    raise ArgumentError(f"{what} is {value!r}; it must be one of {shown}.{tail}")


def listed(words: Iterable[object], most: int = 12) -> str:
    """Words as a list in a sentence, cut after ``most``.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    items = [str(word) for word in words]
    if len(items) <= most:
        return ", ".join(items)
    return ", ".join(items[:most]) + f" and {len(items) - most} more"


def bad_input(problems: Sequence[Problem], total: int | None = None, hint: str = "") -> InputError:
    """The error for values that break a rule: up to ten of them, the rest counted.

    >>> print(bad_input([Problem("acts.csv", 812, "time", "2024-13-01", "is not a date.")]))
    acts.csv, line 812: time '2024-13-01' is not a date.
    """
    count = len(problems) if total is None else total
    lines = [str(problem) for problem in problems[:MOST_SHOWN]]
    if count > len(lines):
        lines.append(f"… and {count - len(lines):,} more.")
    if hint:
        lines.append(hint)
    return InputError("\n".join(lines), problems[:MOST_SHOWN])
