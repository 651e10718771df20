"""Folds of pairs that cannot leak who people are, nor what came later, in scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from honestsignals.errors import ArgumentError
from honestsignals.fold_arguments import (
    check_embargo,
    check_fold_seed,
    check_people,
    check_whole,
    checked_cuts,
    cuts_of,
    embargo_of,
    groups_of,
)
from honestsignals.fold_columns import blocks_of_rows, column_of, moments_of, people_of_rows
from honestsignals.folding import Planned, Splitter
from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.folds import (
    code_masks,
    crossed,
    pair_masks,
    people_masks,
    time_cuts,
    time_masks,
)


@dataclass(frozen=True)
class PeopleFolds(Splitter):
    """Folds by people: tested on pairs of people never seen in training.

    Each division deals the people at random into groups. For each group in turn, training has the rows whose
    two people are both outside it, and the test has the rows whose two people are both inside ("inside") or
    of whom exactly one is ("across"). Rows that are neither are left out of that fold. So a score
    averaged over folds estimates how well models trained on that many people (fewer than there are) predict
    pairs of people they never saw ("inside"), or of one known person with a newcomer ("across"). It speaks of
    the procedure, not of one fitted model.

    Parameters
    ----------
    groups : int or None
        Groups of nearly equal size, of two people or more. None: 3, or 2 below 40 people.
    divisions : int
        Random divisions; 20 of 3 groups are 60 folds.
    pairs : {"inside", "across"}
        Which pairs are tested. Both kinds come from the same divisions.
    seed : int
        People are dealt in the order of their ids, so that the order of rows does not matter; other names
        for the same people may deal them otherwise. Division k of a seed is the same however many there are.

    Raises
    ------
    ArgumentError
        For groups of fewer than two people, and where no fold has rows to train on and rows to test.

    References
    ----------
    park2012, neville2012, bates2024

    Examples
    --------
    >>> import itertools, pandas as pd
    >>> rows = pd.DataFrame(itertools.combinations("abcdef", 2), columns=["ego", "alter"])
    >>> folds = PeopleFolds(groups=2, divisions=1)
    >>> for train, test in folds.split(rows):
    ...     print(*("".join(sorted(set(rows.loc[one].stack()))) for one in (train, test)))
    bde acf
    acf bde
    """

    groups: int | None = None
    divisions: int = 20
    pairs: str = "inside"
    seed: int = 0

    def __post_init__(self) -> None:
        check_people(self.groups, self.divisions, self.pairs, self.seed)

    @property
    def estimand(self) -> str:
        """What a score of these folds is of, in words."""
        return _tested_people(self.pairs)

    def _planned(self, X: Any, groups: Any) -> Planned:
        ego, alter, ids = people_of_rows(X, groups)
        several = groups_of(self.groups, len(ids))
        masks = people_masks(
            ego, alter, groups=several, divisions=self.divisions, pairs=self.pairs, seed=self.seed
        )
        return masks, _no_people_fold(len(ego), len(ids), several, self.divisions, self.pairs)


@dataclass(frozen=True)
class TimeFolds(Splitter):
    """Folds by time: tested on rows asked after everything that trained the model.

    For each cut, training has the rows asked strictly before the cut less the embargo, and the test those
    asked from the cut on and before the next (after the last: all the rest). So every label in training was
    known when the tested rows were asked. A score estimates how well a model of the past predicts what is
    asked next, mostly among people, and even pairs, that it has seen: for newcomers take ``PeopleTimeFolds``.

    Parameters
    ----------
    cuts : int or sequence of numbers or dates
        How many cuts, so that rows fall into cuts + 1 stretches of about as many; or the moments themselves,
        each later than the one before. Rows of one moment are never apart; cuts that fall together are one.
    embargo : float or str or timedelta
        Left out before each cut: a number in the unit of the column, or a span such as "7D" where it holds
        dates.
    column : str
        When each row was asked, in numbers or dates. Dates count to the microsecond, those without a zone
        as UTC.

    Raises
    ------
    ArgumentError
        For a missing moment, and where no cut has rows before it and rows after it.

    References
    ----------
    roberts2017, kaufman2012

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ego": list("aabb"), "alter": list("bccd"), "asked": [1, 2, 2, 3]})
    >>> for train, test in TimeFolds(cuts=[2, 3]).split(rows):
    ...     print(train.tolist(), test.tolist())
    [0] [1, 2]
    [0, 1, 2] [3]
    """

    cuts: int | Sequence[Any] = 5
    embargo: Any = 0
    column: str = "asked"

    def __post_init__(self) -> None:
        object.__setattr__(self, "cuts", checked_cuts(self.cuts))
        check_embargo(self.embargo)

    @property
    def estimand(self) -> str:
        """What a score of these folds is of, in words."""
        return "rows asked after those in training; their people may be known"

    def _planned(self, X: Any, groups: Any) -> Planned:
        return _times(self, X, groups)


@dataclass(frozen=True)
class PeopleTimeFolds(Splitter):
    """Folds by people and time together: people never seen, asked after everything that trained the model.

    A row trains where both ``PeopleFolds`` and ``TimeFolds`` would train on it, and is tested where both
    would test it; the rest is left out of that fold. A score estimates how well models of the past, trained
    on that many people, predict what is asked next of people they never saw.

    Parameters
    ----------
    groups : int or None
        Groups of people. None: 3, or 2 below 40 people.
    divisions : int
        Random divisions of people.
    cuts : int or sequence of numbers or dates
        One cut by default, at the median row: each cut multiplies the folds, and takes pairs from each.
    embargo : float or str or timedelta
        Left out before each cut.
    column : str
        When each row was asked.
    pairs : {"inside", "across"}
        Tested pairs: both people never seen, or exactly one.
    seed : int
        Deals people as ``PeopleFolds`` with this seed does.

    Raises
    ------
    ArgumentError
        As the two splitters do.

    References
    ----------
    park2012, roberts2017, bates2024

    Examples
    --------
    >>> import itertools, pandas as pd
    >>> rows = pd.DataFrame(list(itertools.combinations("abcdef", 2)) * 2, columns=["ego", "alter"])
    >>> rows["asked"] = [1] * 15 + [2] * 15
    >>> folds = PeopleTimeFolds(groups=2, divisions=1)
    >>> [(len(train), rows.loc[test, "asked"].unique().tolist()) for train, test in folds.split(rows)]
    [(3, [2]), (3, [2])]
    """

    groups: int | None = None
    divisions: int = 20
    cuts: int | Sequence[Any] = 1
    embargo: Any = 0
    _: KW_ONLY
    column: str = "asked"
    pairs: str = "inside"
    seed: int = 0

    def __post_init__(self) -> None:
        check_people(self.groups, self.divisions, self.pairs, self.seed)
        object.__setattr__(self, "cuts", checked_cuts(self.cuts))
        check_embargo(self.embargo)

    @property
    def estimand(self) -> str:
        """What a score of these folds is of, in words."""
        return f"{_tested_people(self.pairs)}, asked after those in training"

    def _planned(self, X: Any, groups: Any) -> Planned:
        people = PeopleFolds(self.groups, self.divisions, self.pairs, self.seed)
        persons, no_people = people._planned(X, groups)
        times, no_times = _times(self, X, groups)
        return crossed(persons, times), f"{no_people[:-1]} once time cuts them too. {no_times}"


@dataclass(frozen=True)
class BlockFolds(Splitter):
    """Folds by block: each class, town or village is left out once, with all its people.

    A score estimates how well models of the other blocks predict pairs of a block never seen, whatever else
    blocks differ in. The spread over folds is the spread over blocks.

    Parameters
    ----------
    column : str
        The block of each row. Both people of a row are in it, and nobody is in two.

    Raises
    ------
    ArgumentError
        Where somebody is in two blocks, a block is missing, or there is one block only.

    References
    ----------
    roberts2017

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ego": list("abde"), "alter": list("bcef"), "block": [1, 1, 2, 2]})
    >>> [test.tolist() for _, test in BlockFolds().split(rows)]
    [[0, 1], [2, 3]]
    """

    column: str = "block"

    @property
    def estimand(self) -> str:
        """What a score of these folds is of, in words."""
        return f"pairs of a {self.column} never seen in training"

    def _planned(self, X: Any, groups: Any) -> Planned:
        return code_masks(blocks_of_rows(X, groups, self.column)), "There is one block."


@dataclass(frozen=True)
class PairFolds(Splitter):
    """Folds of random pairs, which are transductive: the people of a tested pair are known from other pairs.

    All rows of a pair are in one fold. A score estimates how well missing pairs are filled in among people
    already seen. It rewards a model for knowing who people are, and says nothing of people never seen: for
    those take ``PeopleFolds``.

    Parameters
    ----------
    folds : int
        Folds of nearly as many pairs each.
    divisions : int
        Random divisions of the pairs.
    seed : int
        Pairs are dealt in the order of their ids, so that the order of rows does not matter.

    Raises
    ------
    ArgumentError
        For more folds than pairs.

    References
    ----------
    park2012

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ego": list("abac"), "alter": list("baca")})
    >>> sorted(test.tolist() for _, test in PairFolds(2).split(rows))
    [[0, 1], [2, 3]]
    """

    folds: int = 5
    divisions: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole("folds", self.folds, 2)
        check_whole("divisions", self.divisions, 1)
        check_fold_seed(self.seed)

    @property
    def estimand(self) -> str:
        """What a score of these folds is of, in words."""
        return "transductive: random pairs of people known in training"

    def _planned(self, X: Any, groups: Any) -> Planned:
        ego, alter, _ = people_of_rows(X, groups)
        pairs = pair_codes(ego, alter)
        count = int(pairs.max()) + 1
        if count < self.folds:
            raise ArgumentError(f"folds is {self.folds}; {_counted(count, 'pair')} cannot fill them.")
        masks = pair_masks(pairs, folds=self.folds, divisions=self.divisions, seed=self.seed)
        return masks, "No fold of pairs has rows."


def _times(splitter: TimeFolds | PeopleTimeFolds, X: Any, groups: Any) -> Planned:
    """Folds by time of a splitter that has cuts, an embargo and a column."""
    name = splitter.column
    column = column_of(X, groups, name)
    moments, dated = moments_of(column, name)
    embargo = embargo_of(splitter.embargo, name, dated)
    given = splitter.cuts
    cuts = time_cuts(moments, given) if isinstance(given, int) else cuts_of(given, name, dated)
    none = (
        f"No cut has rows before it and rows after it: {_counted(len(column), 'row')} from {column.min()} to "
        f"{column.max()} in {name!r}, embargo {splitter.embargo!r}."
    )
    return time_masks(moments, cuts, embargo), none


def _tested_people(pairs: str) -> str:
    if pairs == "inside":
        return "pairs of people never seen in training"
    return "pairs of one known person and one never seen in training"


def _no_people_fold(n_rows: int, n_people: int, groups: int, divisions: int, pairs: str) -> str:
    return (
        f"No fold has rows to train on and rows to test: {_counted(n_rows, 'row')} of {n_people:,} people in "
        f"{groups} groups, {_counted(divisions, 'division')}, pairs {pairs!r}."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
