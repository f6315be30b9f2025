"""A value lives exactly as long as its cadence says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskkit.evidence.measures import _carry_over
from tests.scoring import tiny


def test_a_value_is_carried_while_its_cadence_lasts_and_not_a_period_longer() -> None:
    """A cadence of one period carries nothing; one of two carries one period back; one of three carries two."""
    nodes = tiny.spec()["nodes"]
    for node, cadence in zip(
        [*nodes[0]["children"], *nodes[1]["children"]], ("one", "two", "three"), strict=True
    ):
        node["cadence"] = cadence
    model = tiny.model(nodes=nodes, cadences={"one": 1, "two": 2, "three": 3})
    values = {"u": {"a1": 0.5, "a2": 0.5, "b1": 0.5}}
    missing = {"u": dict.fromkeys(values["u"], "not_assessed")}

    def fresh(given: dict[str, dict[str, float | str]]) -> pd.DataFrame:
        return tiny.measures(model, given).frame.drop(columns="age").assign(population=np.nan)

    def carried(back: int) -> list[str]:
        frames = {
            tiny.PERIOD.shift(-step): fresh(values if step == back else missing) for step in range(back + 1)
        }
        frame = _carry_over(model, frames.get, tiny.PERIOD)
        return frame.loc[frame["state"] == "carried_over", "item"].tolist()

    assert [carried(back) for back in (1, 2)] == [["a2", "b1"], ["b1"]]
