"""Charts of values. Each takes a value and `ax=None` and returns the Axes; none computes, shows or saves.

    import riskkit as rk

    rk.charts.use("en")
    rk.charts.ranking(bank.assessment("2026Q2"))

Labels are in the language given by `lang`, else by `use`, else that of the screen. `picture` makes a small PNG of any.
"""

from riskkit.report.charts.canvas import use
from riskkit.report.charts.changes import ageing, losses, movement, trend
from riskkit.report.charts.control import control_chart, funnel
from riskkit.report.charts.methods import rank_ranges
from riskkit.report.charts.pictures import Picture, picture
from riskkit.report.charts.risk import risk_matrix
from riskkit.report.charts.sensitivity import leave_one_out, rank_intervals, weight_stability
from riskkit.report.charts.standing import dimension_profile, heatmap, indicator_profile, ranking
from riskkit.report.charts.sureness import real_change, uncertainty, variance_shares
from riskkit.report.charts.why import why

__all__ = [
    "Picture",
    "ageing",
    "control_chart",
    "dimension_profile",
    "funnel",
    "heatmap",
    "indicator_profile",
    "leave_one_out",
    "losses",
    "movement",
    "picture",
    "rank_intervals",
    "rank_ranges",
    "ranking",
    "real_change",
    "risk_matrix",
    "trend",
    "uncertainty",
    "use",
    "variance_shares",
    "weight_stability",
    "why",
]
