"""riskkit: assess branches on an indicator model, and report what was found.

import riskkit as rk

bank = rk.open_workspace("data_samples/bank")
now = bank.assessment("2026Q2")
now.ranking().head(10)
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "open_workspace": "riskkit.workspace",
    "Workspace": "riskkit.workspace",
    "load_model": "riskkit.model",
    "IndicatorModel": "riskkit.model",
    "Period": "riskkit.periods",
    "Evidence": "riskkit.evidence.evidence",
    "Measures": "riskkit.evidence.measures",
    "measure": "riskkit.evidence.measures",
    "reason_text": "riskkit.evidence.measures",
    "Assessment": "riskkit.scoring.assessment",
    "score": "riskkit.scoring.assessment",
    "ahp": "riskkit.scoring.ahp",
    "combine_experts": "riskkit.scoring.ahp",
    "priorities": "riskkit.scoring.ahp_priorities",
    "weigh_model": "riskkit.scoring.group_weights",
    "entropy_weights": "riskkit.scoring.objective_weights",
    "critic_weights": "riskkit.scoring.objective_weights",
    "standard_deviation_weights": "riskkit.scoring.objective_weights",
    "combine_linear": "riskkit.scoring.objective_weights",
    "combine_product": "riskkit.scoring.objective_weights",
    "effective_weights": "riskkit.analysis.effective_weights",
    "compare": "riskkit.analysis.movement",
    "attribute": "riskkit.analysis.attribution",
    "grade_change": "riskkit.analysis.grade_change",
    "place": "riskkit.analysis.peers",
    "real_change": "riskkit.analysis.real_change",
    "control_chart": "riskkit.analysis.control_chart",
    "trend_test": "riskkit.analysis.trend_test",
    "uncertainty": "riskkit.analysis.uncertainty",
    "variance_shares": "riskkit.analysis.variance_shares",
    "rank_intervals": "riskkit.analysis.rank_intervals",
    "leave_one_out": "riskkit.analysis.leave_one_out",
    "weight_stability": "riskkit.analysis.weight_stability",
    "smallest_reversal": "riskkit.analysis.weight_change",
    "smallest_grade_change": "riskkit.analysis.weight_change",
    "what_if": "riskkit.analysis.what_if",
    "parameters": "riskkit.analysis.what_if",
    "grade_gap": "riskkit.analysis.grade_gap",
    "next_grade": "riskkit.analysis.next_grade",
    "compare_self_check": "riskkit.analysis.self_check",
    "compare_methods": "riskkit.analysis.methods",
    "fuzzy_evaluation": "riskkit.analysis.fuzzy_evaluation",
    "topsis": "riskkit.scoring.topsis",
    "findings": "riskkit.rectification",
    "targets": "riskkit.analysis.targets",
    "risk_matrix": "riskkit.analysis.risk_matrix",
    "masked": "riskkit.discretion",
    "RiskkitError": "riskkit.errors",
    "DataRefused": "riskkit.errors",
    "EvidenceRefused": "riskkit.errors",
    "ModelRefused": "riskkit.errors",
    "Misuse": "riskkit.errors",
}
_ROOMS = {"charts": "riskkit.report.charts", "notebook": "riskkit.report.pages"}

__all__ = ["__version__", *_HOMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(_ROOMS[name])
    raise AttributeError(f"module 'riskkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
