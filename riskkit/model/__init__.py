"""Indicator models: their shape, their checks, reading them."""

from riskkit.model.indicator_model import IndicatorModel
from riskkit.model.load import load_model, packaged_models

__all__ = ["IndicatorModel", "load_model", "packaged_models"]
