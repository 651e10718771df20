"""What splitters of pairs have in common: scikit-learn's interface, without scikit-learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from honestsignals.fold_columns import check_lengths
from honestsignals.inference.folds import Fold, Masks, folds_of

Array = np.ndarray[Any, np.dtype[Any]]
Planned = tuple[Iterable[Masks], str]
"""Folds as masks, and what to say where none has rows."""


class Splitter(ABC):
    """What every splitter of pairs does: scikit-learn's ``split`` and ``get_n_splits``, and folds by name."""

    @abstractmethod
    def _planned(self, X: Any, groups: Any) -> Planned:
        """Folds of rows as masks, and what to say where none has rows."""

    def numbered(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Fold]:
        """Folds with the number of their division; those without rows to train on or to test are passed over.

        Parameters
        ----------
        X : DataFrame, or array where groups says who is in the rows
        y : array, shape (n,), or None
            Not looked at.
        groups : ndarray, shape (n, 2), DataFrame or None
            Ids of ego and alter of each row, or a frame with all the columns that are needed.

        Yields
        ------
        Fold
            ``division``, ``fold``, ``train`` and ``test``.

        Raises
        ------
        ArgumentError
            Where columns are missing or no fold has rows.
        """
        check_lengths(X, y, groups)
        return folds_of(*self._planned(X, groups))

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[tuple[Array, Array]]:
        """Places of rows to train on and of rows to test, fold by fold; the same ones at every call.

        Parameters
        ----------
        X : DataFrame, or array where groups says who is in the rows
        y : array, shape (n,), or None
            Not looked at.
        groups : ndarray, shape (n, 2), DataFrame or None
            Ids of ego and alter of each row, or a frame with all the columns that are needed.

        Yields
        ------
        train, test : ndarray of int
        """
        return ((fold.train, fold.test) for fold in self.numbered(X, y, groups))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there are: those that have rows to train on and rows to test.

        Parameters
        ----------
        X, y, groups
            As for ``split``: the count depends on who is in the rows.

        Returns
        -------
        int
        """
        return sum(1 for _ in self.numbered(X, y, groups))

    def get_metadata_routing(self) -> Any:
        """What scikit-learn hands on where metadata are routed: groups, to ``split``.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=type(self).__name__)
        request.split.add_request(param="groups", alias=True)
        return request
