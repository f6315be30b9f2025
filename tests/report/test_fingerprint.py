"""A report changes only if its fingerprint does, and a fingerprint only with what its report shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from riskkit.publish import read_manifest
from riskkit.report.fingerprint import fingerprints
from riskkit.report.making import Order
from riskkit.report.pack import prepare
from riskkit.report.run import run
from riskkit.workspace import open_workspace

UNITS = ("0101", "0103", "0203")
Change = Callable[[Path], None]


def replaced(file: str, old: str, new: str) -> Change:
    def change(bank: Path) -> None:
        path = bank / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def renamed(bank: Path) -> None:
    path = bank / "evidence" / "2026Q2" / "神秘客核验.csv"
    path.rename(path.with_name("神秘客核验_6月.csv"))


FACT = replaced("evidence/2026Q2/红线事件.csv", "信贷管理岗一人未经", "信贷管理岗某人未经")
"""The facts of an event of 0203."""
CALL = replaced(
    "evidence/2026Q2/神秘客核验.csv", "SM2026Q2-01,0101,2026-04-27,是", "SM2026Q2-01,0101,2026-04-27,否"
)
"""0101 fails one of the calls it had passed."""


def changed(bank: Path, tmp_path: Path, change: Change) -> Path:
    copy = shutil.copytree(bank, tmp_path / "changed", ignore=shutil.ignore_patterns("runs"))
    change(copy)
    return copy


def prints(bank: Path) -> dict[str, str]:
    return fingerprints(prepare(open_workspace(bank), "2026Q2", "zh"), "")


def test_every_assessed_unit_has_a_fingerprint_of_its_own(sample_bank: Path) -> None:
    found = prints(sample_bank)
    assert len(found) == len(set(found.values())) == 48
    assert found == prints(sample_bank)
    assert found != fingerprints(prepare(open_workspace(sample_bank), "2026Q2", "zh"), "another program")


def test_the_facts_of_an_event_change_the_report_of_its_unit_alone(sample_bank: Path, tmp_path: Path) -> None:
    before, after = prints(sample_bank), prints(changed(sample_bank, tmp_path, FACT))
    assert [unit for unit in before if before[unit] != after[unit]] == ["0203"]


def test_a_file_of_another_name_changes_the_reports_that_point_at_it(
    sample_bank: Path, tmp_path: Path
) -> None:
    before, after = prints(sample_bank), prints(changed(sample_bank, tmp_path, renamed))
    calls = (sample_bank / "evidence" / "2026Q2" / "神秘客核验.csv").read_text(encoding="utf-8").splitlines()
    called = {line.split(",")[1] for line in calls[1:]}
    assert {unit for unit in before if before[unit] != after[unit]} == called & set(before)


@pytest.mark.full
@pytest.mark.parametrize(("change", "those"), [(FACT, {"0203"}), (CALL, {"0101"})], ids=["fact", "call"])
def test_no_report_changes_without_its_fingerprint(
    sample_bank: Path, tmp_path: Path, change: Change, those: set[str]
) -> None:
    made = []
    for bank in (sample_bank, changed(sample_bank, tmp_path, change)):
        order = Order(bank, "2026Q2", "zh", UNITS)
        made.append(run(order, tmp_path / f"out{len(made)}", at_once=2, advance=lambda _: None).folder)
    told = [read_manifest(folder) for folder in made]
    differing = {
        name.split("/")[1]
        for name, known in told[0]["outputs"].items()
        if name.startswith("branches/") and told[1]["outputs"][name] != known
    }
    keys = {
        name.removeprefix("branches/")
        for name, known in told[0]["reports"].items()
        if told[1]["reports"][name] != known
    }
    assert those <= differing <= keys
