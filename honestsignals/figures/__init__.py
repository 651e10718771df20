"""Figures: each function takes a table and an Axes, draws on it, and returns it."""

from __future__ import annotations

# in the order of a paper, which is the order of FIGURES
# isort: off
from honestsignals.figures.giving import give_take
from honestsignals.figures.graphs import network
from honestsignals.figures.timelines import exchange
from honestsignals.figures.returns import return_curve
from honestsignals.figures.fails import event_study, sensitivity
from honestsignals.figures.matched import matching
from honestsignals.figures.bends import bend
from honestsignals.figures.chance import reciprocity_null
from honestsignals.figures.coefficients import coefficients
from honestsignals.figures.moderated import moderation
from honestsignals.figures.permuted import permutation_null
from honestsignals.figures.forests import forest, ladder
from honestsignals.figures.curves import precision_recall, roc
from honestsignals.figures.calibration import reliability
from honestsignals.figures.learning import learning_curve

# isort: on
from honestsignals.figures.registry import FIGURES, alt_text, draw
from honestsignals.figures.saving import save
from honestsignals.figures.style import COLOURS, DARK

__all__ = [
    "COLOURS",
    "DARK",
    "FIGURES",
    "alt_text",
    "bend",
    "coefficients",
    "draw",
    "event_study",
    "exchange",
    "forest",
    "give_take",
    "ladder",
    "learning_curve",
    "matching",
    "moderation",
    "network",
    "permutation_null",
    "precision_recall",
    "reciprocity_null",
    "reliability",
    "return_curve",
    "roc",
    "save",
    "sensitivity",
]
