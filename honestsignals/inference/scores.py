"""Scores of predictions: what suits which label, and the one that speaks first."""

from __future__ import annotations

from types import MappingProxyType

from honestsignals.errors import one_of
from honestsignals.inference.scores_calibration import calibration_intercept, calibration_slope
from honestsignals.inference.scores_classes import accuracy, auc_ovo, weighted_kappa
from honestsignals.inference.scores_means import mae, r2, rmse
from honestsignals.inference.scores_probability import brier, log_score, rps
from honestsignals.inference.scores_ranking import (
    auc,
    average_precision,
    ppv_at_base,
    recall_at_base,
    somers_d,
)
from honestsignals.inference.scores_registry import LABEL_TYPES, REGISTERED, Score, Scored, score

__all__ = [
    "LABEL_TYPES",
    "SCORES",
    "Score",
    "Scored",
    "accuracy",
    "auc",
    "auc_ovo",
    "average_precision",
    "brier",
    "calibration_intercept",
    "calibration_slope",
    "headline",
    "log_score",
    "mae",
    "ppv_at_base",
    "r2",
    "recall_at_base",
    "rmse",
    "rps",
    "score",
    "scores_of",
    "somers_d",
    "weighted_kappa",
]

_ORDER = (
    *("auc", "average_precision", "ppv_at_base", "recall_at_base", "somers_d", "weighted_kappa"),
    *("auc_ovo", "accuracy", "rps", "r2", "rmse", "mae", "brier", "log_score"),
    *("calibration_slope", "calibration_intercept"),
)
SCORES = MappingProxyType({name: REGISTERED[name] for name in _ORDER})
"""Every score by name, in the order of a table's columns."""

_HEADLINES = {"binary": "auc", "ordinal": "somers_d", "nominal": "log_score", "continuous": "r2"}


def scores_of(label_type: str) -> tuple[Score, ...]:
    """The scores of a label, in the order of a table's columns.

    Parameters
    ----------
    label_type : {"binary", "ordinal", "nominal", "continuous"}

    Returns
    -------
    tuple of Score

    Examples
    --------
    >>> scores_of("binary")[0].name
    'auc'
    >>> scores_of("count")
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: label_type is 'count'; it must be one of 'binary', ... 'continuous'...
    """
    one_of("label_type", label_type, LABEL_TYPES)
    return tuple(one for one in SCORES.values() if label_type in one.types)


def headline(label_type: str) -> str:
    """Name of the score that speaks first of a label.

    Parameters
    ----------
    label_type : {"binary", "ordinal", "nominal", "continuous"}

    Returns
    -------
    str

    Examples
    --------
    >>> [headline(one) for one in LABEL_TYPES]
    ['auc', 'somers_d', 'log_score', 'r2']
    """
    one_of("label_type", label_type, LABEL_TYPES)
    return _HEADLINES[label_type]
