"""What pydantic finds wrong with a model's shape, in the terms of its author."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from riskkit import texts
from riskkit.model.faults import Fault


def shape_faults(refused: ValidationError) -> list[Fault]:
    """What pydantic found, in the terms of a model's author."""
    codes = {"extra_forbidden": "unknown_key", "missing": "missing_key"}
    errors = refused.errors()
    above = {tuple(error["loc"])[:length] for error in errors for length in range(len(error["loc"]))}
    return [
        Fault(
            tuple(error["loc"]),
            codes.get(error["type"], "value"),
            {
                "found": str(error["loc"][-1] if error["type"] in codes else error["input"])[:80],
                "expected": _expected(error),
            },
        )
        for error in errors
        if tuple(error["loc"]) not in above
    ]


def _expected(error: Mapping[str, Any]) -> Any:
    """What a value should have been, in both languages where there are words for it."""
    key = f"expected.{error['type']}"
    return texts.both(key, **error.get("ctx", {})) if texts.has(key) else error["msg"]
