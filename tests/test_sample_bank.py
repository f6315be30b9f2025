"""The sample bank: made again it is the same, nothing in it is real, and what was planted can be seen."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import riskkit as rk

ROOT = Path(__file__).resolve().parents[1]
BANK = ROOT / "data_samples" / "bank"
MAKER = ROOT / "data_samples" / "make_bank.py"
LIMIT = 12 * 1024 * 1024
NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.")
NEWEST, BEFORE = "2026Q2", "2026Q1"


def files(folder: Path) -> dict[str, Path]:
    """Every file of a bank by its path, without what is kept in hidden folders."""
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {
        name: path
        for name, path in found.items()
        if not any(part.startswith(".") for part in name.split("/"))
    }


def content(path: Path) -> object:
    """A workbook's parts, since compressors differ from one machine to the next; any other file's bytes."""
    if path.suffix != ".xlsx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        return [(part.filename, part.date_time, package.read(part)) for part in package.infolist()]


def make(folder: Path, *options: str) -> Path:
    subprocess.run(
        [sys.executable, str(MAKER), "--to", str(folder), *options], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("again"))


@pytest.fixture(scope="module")
def bank() -> rk.Workspace:
    return rk.open_workspace(BANK)


@pytest.fixture(scope="module")
def now(bank: rk.Workspace) -> rk.Assessment:
    return bank.assessment(NEWEST)


def test_made_again_it_has_the_same_files(again: Path) -> None:
    assert set(files(again)) == set(files(BANK)) - {"README.md"}


def test_made_again_every_file_is_the_same(again: Path) -> None:
    stored = files(BANK)
    assert [name for name, path in files(again).items() if content(path) != content(stored[name])] == []


@pytest.mark.full
def test_made_twice_on_one_machine_the_bytes_are_the_same_and_another_seed_makes_another_bank(
    again: Path, tmp_path: Path
) -> None:
    twice = files(make(tmp_path / "twice"))
    assert [
        name for name, path in files(again).items() if path.read_bytes() != twice[name].read_bytes()
    ] == []
    other = files(make(tmp_path / "other", "--seed", "1"))
    assert content(other["evidence/2026Q2/人员花名册.xlsx"]) != content(
        twice["evidence/2026Q2/人员花名册.xlsx"]
    )


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in files(BANK).values()) < LIMIT


def test_every_person_in_it_is_invented(bank: rk.Workspace) -> None:
    persons = {
        (table, name): column.person
        for table, spec in bank.model.tables.items()
        for name, column in spec.columns.items()
        if column.person
    }
    patterns = {
        "number": r"([A-Z]{2})?009\d{5}",
        "name": r"测试员[甲乙丙丁戊己庚辛壬癸]\d{3}",
        "address": "("
        + "|".join(re.escape(network) for network in NETWORKS)
        + r")\d{1,3}\(云岭-[甲乙丙丁]州\)",
    }
    for period in bank.periods:
        tables = bank.evidence(str(period)).tables
        for (table, name), kind in persons.items():
            if table in tables:
                given = tables[table][name].dropna()
                assert given[~given.str.fullmatch(patterns[kind])].tolist() == [], (period, table, name)


def test_nothing_in_it_looks_like_a_telephone_or_identity_number() -> None:
    for name, path in files(BANK).items():
        if path.suffix == ".csv":
            raw = path.read_bytes()
            text = raw.decode("gb18030" if not _is_utf8(raw) else "utf-8")
            assert not re.search(r"(?<![\dA-Z])1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dX](?!\d)", text), name


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_every_wrong_cell_is_settled_by_the_ledger_and_refuses_the_quarter_without_it(tmp_path: Path) -> None:
    """The ten entries of the ledger are ten problems of the quarter once the ledger is gone."""
    copy = tmp_path / "bank"
    for name, path in files(BANK).items():
        if name.startswith(("register/", "riskkit.yaml", f"evidence/{NEWEST}/")) and "更正台账" not in name:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(path.read_bytes())
    ledger = rk.open_workspace(BANK).evidence(NEWEST).corrections
    with pytest.raises(rk.EvidenceRefused) as refused:
        rk.open_workspace(copy).evidence(NEWEST)
    assert {(problem.file, problem.cell) for problem in refused.value.problems} == {
        (entry.file, entry.cell) for entry in ledger.itertuples()
    }


# ---------------------------------------------------------------- what was planted


def test_all_five_grades_occur_and_most_branches_are_b_or_c(now: rk.Assessment) -> None:
    counts = now.ranking()["grade"].value_counts()
    assert set(counts.index) == set("ABCDE")
    assert counts["B"] + counts["C"] > counts.sum() / 2


def test_0105_lost_the_effect_of_its_training(bank: rk.Workspace, now: rk.Assessment) -> None:
    before = bank.assessment(BEFORE)
    fell = before.scores(1).loc["0105"] - now.scores(1).loc["0105"]
    assert fell["B"] > 20
    assert fell[["A", "C"]].abs().max() < 10
    lost = now.unit_items("0105")["points"] - before.unit_items("0105")["points"]
    assert (lost[["B1.2", "B2.1", "B2.3", "B4.1"]] < -40).all()


def test_0203_cured_its_findings_and_its_red_line(bank: rk.Workspace, now: rk.Assessment) -> None:
    before = bank.assessment(BEFORE)
    assert before.summary.loc["0203", ["grade"]].item() == "C"
    assert before.summary.loc["0203", "score"] >= 80
    assert now.summary.loc["0203", "grade"] == "B"
    gained = now.unit_items("0203")["points"] - before.unit_items("0203")["points"]
    assert (gained[["A7.2", "A7.3"]] > 50).all()


def test_0207_handed_in_twelve_copies_of_one_questionnaire(bank: rk.Workspace) -> None:
    sheets = bank.evidence(NEWEST).tables["sheets"]
    from_one_address = sheets[sheets["ip"].str.startswith("203.0.113.77(") & (sheets["unit"] == "0207")]
    assert len(from_one_address) == 12
    assert from_one_address["submitted_at"].max() - from_one_address["submitted_at"].min() < pd.Timedelta(
        minutes=10
    )


def test_0308_judges_itself_far_more_kindly_than_any_other(bank: rk.Workspace) -> None:
    gaps = rk.compare_self_check(bank.measures(NEWEST)).units["gap"].sort_values()
    assert gaps.index[-1] == "0308"
    assert gaps.iloc[-1] > 0.1 > 3 * gaps.iloc[-2]


def test_red_lines_cap_deduct_and_veto_as_planted(now: rk.Assessment) -> None:
    summary = now.summary
    assert summary.loc["0302", "score"] >= 90
    assert summary.loc["0302", "grade"] == "C"
    assert summary.loc["0110", "deducted"] == 4
    assert summary.loc["0209", "deducted"] == 2
    assert summary.loc["0306", "deducted"] == 0
    assert summary.loc["0404", "grade"] == "E"
    assert summary["rank"].idxmax() == "0404"


def test_0411_is_too_thinly_assessed_to_grade(now: rk.Assessment) -> None:
    assert now.summary.loc["0411", "coverage"] < 0.8
    assert bool(now.summary.loc["0411", "provisional"])
    assert pd.isna(now.summary.loc["0411", "grade"])


def test_0412_has_too_few_questionnaires(now: rk.Assessment) -> None:
    assert set(now.unit_items("0412").loc[["B3.1", "B3.2", "B3.3"], "state"]) == {"not_applicable"}


def test_one_interviewer_is_lenient(bank: rk.Workspace) -> None:
    interviews = bank.evidence(NEWEST).tables["interviews"].dropna(subset=["second_score"])
    kinder = (interviews["score"] - interviews["second_score"]).groupby(interviews["rater"]).mean()
    assert kinder.idxmax() == "00990004"
    assert kinder.max() > 0.6 > 0.3 > kinder.drop("00990004").abs().max()


def test_refusals_and_rulings_show(now: rk.Assessment) -> None:
    assert set(now.unit_items("0310").loc[["A5.1", "A5.3"], "state"]) == {"refused"}
    assert now.unit_items("0112").loc["B4.2", "state"] == "not_applicable"
    assert now.unit_items("0401").loc["B4.3", "state"] == "postponed"
