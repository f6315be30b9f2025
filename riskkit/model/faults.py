"""`Fault`: one thing wrong with a model, by its place there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]
"""Where in the model: keys and positions from the top, such as ("nodes", 0, "children", 2, "weight")."""


@dataclass(frozen=True)
class Fault:
    """One fault: where in the model, which wording, and what fills it."""

    place: Place
    code: str
    values: dict[str, Any] = field(default_factory=dict)
