"""Does the give and take between people foretell trust and friendship?

Interaction logs in, reciprocity metrics of every dyad and honest regressions of trust and friendship out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from honestsignals import figures, metrics
    from honestsignals.act_kinds import kinds_from
    from honestsignals.actor_partner import ActorPartner, apim
    from honestsignals.comparing import Comparison, compare
    from honestsignals.correlating import qap
    from honestsignals.decomposing import decompose
    from honestsignals.definitions import compare_definitions
    from honestsignals.depth_matching import Matching, matching
    from honestsignals.disclosing import Disclosure, Moderation
    from honestsignals.disclosure_bends import DisclosureBend, disclosure_bend
    from honestsignals.drawn_nulls import null_draws
    from honestsignals.dyads import DyadTable
    from honestsignals.errors import (
        ArgumentError,
        DesignError,
        FitError,
        HonestSignalsError,
        InputError,
        OutputError,
        UnknownNameError,
    )
    from honestsignals.evaluating import evaluate
    from honestsignals.evaluation import Evaluation
    from honestsignals.exporting.reading_back import read_export
    from honestsignals.exporting.writing import Export, export
    from honestsignals.feedback_loops import Feedback, feedback
    from honestsignals.fitting import fit
    from honestsignals.fixed_effects import FixedEffectsResult
    from honestsignals.friendship_classes import friendship_class
    from honestsignals.hazards import HazardResult, return_hazard
    from honestsignals.labels import Labels
    from honestsignals.log import InteractionLog
    from honestsignals.matrix_tests import row_reciprocity
    from honestsignals.meta_analyses import MetaAnalysis, meta_analysis
    from honestsignals.moderated_slopes import ModeratedSlopes
    from honestsignals.moderating import moderation
    from honestsignals.mutuality import MutualResult, fit_mutual
    from honestsignals.nulls import Standardised, null_models, standardise
    from honestsignals.panels import CrossLagged, cross_lagged
    from honestsignals.permutation import Permutation
    from honestsignals.permuting import permute
    from honestsignals.processes import Activity
    from honestsignals.rating_error import Attenuation, attenuation
    from honestsignals.reading import from_graph, read_log
    from honestsignals.reporting.report import report
    from honestsignals.result import Result
    from honestsignals.returning import return_curves
    from honestsignals.returns import ReturnCurves
    from honestsignals.simulating_disclosure import DisclosureSimulation, simulate_disclosure
    from honestsignals.simulation import simulate
    from honestsignals.social_components import SocialRelations
    from honestsignals.social_relations import srm
    from honestsignals.spark_logs import SparkLog
    from honestsignals.spark_sessions import local_spark
    from honestsignals.spark_tables import SparkTable
    from honestsignals.splitters import BlockFolds, PairFolds, PeopleFolds, PeopleTimeFolds, TimeFolds
    from honestsignals.stifle_ratios import stifling
    from honestsignals.stifle_results import Stifling
    from honestsignals.stored_logs import StoredLog
    from honestsignals.stored_tables import StoredTable, open_table
    from honestsignals.storing import store_log
    from honestsignals.streamed_results import StreamedResult
    from honestsignals.study import Study
    from honestsignals.study_folder import open_study
    from honestsignals.tie_survivals import TieSurvival, tie_survival
    from honestsignals.truths import Dependence, Effects
    from honestsignals.turn_tables import DisclosureTurns, disclosure_turns
    from honestsignals.unreturned import ReciprocityFails, reciprocity_fails

__version__ = "0.6.0"

_HOMES = {
    "Activity": "processes",
    "ActorPartner": "actor_partner",
    "ArgumentError": "errors",
    "Attenuation": "rating_error",
    "BlockFolds": "splitters",
    "Comparison": "comparing",
    "CrossLagged": "panels",
    "Dependence": "truths",
    "DesignError": "errors",
    "Disclosure": "disclosing",
    "DisclosureBend": "disclosure_bends",
    "DisclosureSimulation": "simulating_disclosure",
    "DisclosureTurns": "turn_tables",
    "DyadTable": "dyads",
    "Effects": "truths",
    "Export": "exporting.writing",
    "Evaluation": "evaluation",
    "Feedback": "feedback_loops",
    "FitError": "errors",
    "FixedEffectsResult": "fixed_effects",
    "HazardResult": "hazards",
    "HonestSignalsError": "errors",
    "InputError": "errors",
    "InteractionLog": "log",
    "Labels": "labels",
    "Matching": "depth_matching",
    "MetaAnalysis": "meta_analyses",
    "ModeratedSlopes": "moderated_slopes",
    "Moderation": "disclosing",
    "MutualResult": "mutuality",
    "OutputError": "errors",
    "PairFolds": "splitters",
    "PeopleFolds": "splitters",
    "PeopleTimeFolds": "splitters",
    "Permutation": "permutation",
    "ReciprocityFails": "unreturned",
    "Result": "result",
    "ReturnCurves": "returns",
    "SocialRelations": "social_components",
    "SparkLog": "spark_logs",
    "SparkTable": "spark_tables",
    "Standardised": "nulls",
    "Stifling": "stifle_results",
    "StoredLog": "stored_logs",
    "StoredTable": "stored_tables",
    "StreamedResult": "streamed_results",
    "Study": "study",
    "TieSurvival": "tie_survivals",
    "TimeFolds": "splitters",
    "UnknownNameError": "errors",
    "apim": "actor_partner",
    "attenuation": "rating_error",
    "compare": "comparing",
    "compare_definitions": "definitions",
    "cross_lagged": "panels",
    "decompose": "decomposing",
    "disclosure_bend": "disclosure_bends",
    "disclosure_turns": "turn_tables",
    "export": "exporting.writing",
    "feedback": "feedback_loops",
    "figures": "figures",
    "evaluate": "evaluating",
    "fit": "fitting",
    "fit_mutual": "mutuality",
    "friendship_class": "friendship_classes",
    "from_graph": "reading",
    "local_spark": "spark_sessions",
    "matching": "depth_matching",
    "kinds_from": "act_kinds",
    "meta_analysis": "meta_analyses",
    "metrics": "metrics",
    "moderation": "moderating",
    "null_draws": "drawn_nulls",
    "null_models": "nulls",
    "open_study": "study_folder",
    "open_table": "stored_tables",
    "permute": "permuting",
    "qap": "correlating",
    "read_export": "exporting.reading_back",
    "read_log": "reading",
    "reciprocity_fails": "unreturned",
    "report": "reporting.report",
    "return_curves": "returning",
    "return_hazard": "hazards",
    "row_reciprocity": "matrix_tests",
    "simulate": "simulation",
    "simulate_disclosure": "simulating_disclosure",
    "srm": "social_relations",
    "standardise": "nulls",
    "stifling": "stifle_ratios",
    "store_log": "storing",
    "tie_survival": "tie_survivals",
}

__all__ = [
    "Activity",
    "ActorPartner",
    "ArgumentError",
    "Attenuation",
    "BlockFolds",
    "Comparison",
    "CrossLagged",
    "Dependence",
    "DesignError",
    "Disclosure",
    "DisclosureBend",
    "DisclosureSimulation",
    "DisclosureTurns",
    "DyadTable",
    "Effects",
    "Evaluation",
    "Export",
    "Feedback",
    "FitError",
    "FixedEffectsResult",
    "HazardResult",
    "HonestSignalsError",
    "InputError",
    "InteractionLog",
    "Labels",
    "Matching",
    "MetaAnalysis",
    "ModeratedSlopes",
    "Moderation",
    "MutualResult",
    "OutputError",
    "PairFolds",
    "PeopleFolds",
    "PeopleTimeFolds",
    "Permutation",
    "ReciprocityFails",
    "Result",
    "ReturnCurves",
    "SocialRelations",
    "SparkLog",
    "SparkTable",
    "Standardised",
    "Stifling",
    "StoredLog",
    "StoredTable",
    "StreamedResult",
    "Study",
    "TieSurvival",
    "TimeFolds",
    "UnknownNameError",
    "apim",
    "attenuation",
    "compare",
    "compare_definitions",
    "cross_lagged",
    "decompose",
    "disclosure_bend",
    "disclosure_turns",
    "evaluate",
    "export",
    "feedback",
    "figures",
    "fit",
    "fit_mutual",
    "friendship_class",
    "from_graph",
    "kinds_from",
    "local_spark",
    "matching",
    "meta_analysis",
    "metrics",
    "moderation",
    "null_draws",
    "null_models",
    "open_study",
    "open_table",
    "permute",
    "qap",
    "read_export",
    "read_log",
    "reciprocity_fails",
    "report",
    "return_curves",
    "return_hazard",
    "row_reciprocity",
    "simulate",
    "simulate_disclosure",
    "srm",
    "standardise",
    "stifling",
    "store_log",
    "tie_survival",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for, and no more (PEP 562)."""
    if name not in _HOMES:
        from honestsignals.errors import nearest

        near = nearest(name, _HOMES)
        hint = f" Did you mean {near!r}?" if near else ""
        raise AttributeError(f"honestsignals has no {name!r}.{hint}")
    module = importlib.import_module(f"honestsignals.{_HOMES[name]}")
    found = module if name in ("figures", "metrics") else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
