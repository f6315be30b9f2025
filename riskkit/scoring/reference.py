"""`reference_of`: the values of one period that relative scales compare with from then on."""

from __future__ import annotations

from riskkit.errors import Misuse
from riskkit.evidence.measures import Measures
from riskkit.evidence.states import COUNTED
from riskkit.model.schema import Reference, Relative


def reference_of(measures: Measures) -> Reference:
    """The sorted values of every relatively scaled item over the assessed units of a period, without their names.

    Units whose level is only rolled up are not in it. What a unit has no value for is left out, and so is an item that
    nobody has a value for. Raises `Misuse` where the model has no relative scale.

        >>> reference_of(bank.measures("2025Q4")).items["A1.1"]
        (0.5, 0.75, 1.0)
    """
    model = measures.model
    names = [name for name, item in model.items.items() if isinstance(item.scale, Relative)]
    if not names:
        raise Misuse("nothing_relative", model=model.spec.id)
    assessed = measures.units.index[measures.units["level"].isin(model.assessed_levels)]
    frame = measures.frame
    frame = frame[frame["unit"].isin(assessed) & frame["state"].isin(COUNTED)]
    values = {name: frame.loc[frame["item"] == name, "value"] for name in names}
    return Reference(
        period=str(measures.period),
        items={name: tuple(sorted(map(float, column))) for name, column in values.items() if len(column)},
    )
