"""A hash, for every branch, of all that its report shows: as long as it stays, so does the report, byte for byte.

A report shows the branch's own rows of results, and of the others only what stands for all of them: the quartiles of
its peers and of the whole bank, ranks, how many are ranked. The hash covers just these, and what every report is made
with: model, program, settings, wording.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskkit.analysis.peers import place
from riskkit.report.pack import QuarterPack
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.plan import ROOT

QUARTILES = [0.25, 0.5, 0.75]


def fingerprints(pack: QuarterPack, made_with: str) -> dict[str, str]:
    """The hash of each assessed unit; `made_with` is what every report is made with besides.

    >>> fingerprints(prepare(open_workspace("data_samples/bank"), "2026Q2"), "")["0103"]
    """
    units = pack.assessment.ranking().sort_index().index
    shared = hashlib.sha256(made_with.encode())
    for frame in _of_all(pack):
        shared.update(_hashes(frame).tobytes())
    found = {str(unit): shared.copy() for unit in units}
    for number, frame in enumerate(_of_each(pack)):
        for unit, rows in _by_unit(frame, units):
            found[unit].update(f"{number}:{len(rows)}:".encode())
            found[unit].update(rows.tobytes())
    return {unit: whole.hexdigest() for unit, whole in found.items()}


def _of_all(pack: QuarterPack) -> Iterator[pd.DataFrame]:
    """What every report shows of the whole bank."""
    totals = pack.history[(pack.history["node"] == ROOT) & pack.history["rank"].notna()]
    yield totals.groupby("period")["score"].quantile(np.array(QUARTILES)).reset_index()
    ranked = int(pack.assessment.summary["rank"].notna().sum())
    yield pd.DataFrame({"ranked": [ranked], "no_findings": [pack.findings.rows.empty]})
    yield pack.silent


def _of_each(pack: QuarterPack) -> Iterator[pd.DataFrame]:
    """What a report shows of its own unit: frames with a column `unit`, and a place among others for each of them."""
    for assessment in filter(None, (pack.assessment, pack.before)):
        yield assessment.summary.rename_axis("unit").reset_index()
        yield from (assessment.items, assessment.nodes, assessment.reasons, assessment.events)
    if pack.movement is not None:
        yield pack.movement.units.rename_axis("unit").reset_index()
    if pack.real is not None:
        yield pack.real.reset_index()
    yield from (pack.history, pack.findings.rows, pack.origins)
    yield pack.self_check.units.rename_axis("unit").reset_index()
    yield pack.sure.reset_index()
    groups = pack.sure.groupby("group")["rank"]
    yield pd.DataFrame({"low": groups.transform("min"), "high": groups.transform("max")}).reset_index()
    yield _among_peers(pack.assessment)


def _among_peers(assessment: Assessment) -> pd.DataFrame:
    """Each assessed unit's rank in its peer group, and a hash of the group's quartiles and the bank's means."""
    assessed = assessment.ranking()
    group = assessed["peer_group"].fillna("")
    ranks = assessed["rank"].astype("Float64")
    within = ranks.groupby(group).rank(method="min").where(group != "", ranks.rank(method="min"))
    shown = {}
    for name, units in assessed.groupby(group).groups.items():
        peers = place(assessment, str(units[0]))
        rows = _hashes(peers.nodes[["median", "low", "high", "mean"]])
        shown[name] = f"{peers.size} {hashlib.sha256(rows.tobytes()).hexdigest()}"
    return pd.DataFrame({"rank": within, "peers": group.map(shown)}).rename_axis("unit").reset_index()


def _hashes(frame: pd.DataFrame) -> np.ndarray:
    """A hash of each row."""
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()


def _by_unit(frame: pd.DataFrame, units: pd.Index) -> Iterator[tuple[str, np.ndarray]]:
    """The hashes of the rows of each of the units, in the order of the frame."""
    place_of = units.get_indexer(pd.Index(frame["unit"])) if len(frame) else np.empty(0, dtype="int64")
    order = np.argsort(place_of, kind="stable")
    hashes = _hashes(frame)[order] if len(frame) else np.empty(0, dtype="uint64")
    ends = np.searchsorted(place_of[order], np.arange(len(units) + 1))
    for number, unit in enumerate(units):
        yield str(unit), hashes[ends[number] : ends[number + 1]]
