"""Opening an institution's folder: what is found, what is refused, and that everything wrong is told at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from riskkit.errors import EvidenceRefused, Misuse, ModelRefused
from riskkit.periods import Period
from riskkit.workspace import open_workspace
from tests.small_bank import BRANCHES, write

REGISTER = "unit name parent level staff"


def problems(bank: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(bank)
    return [(problem.code, problem.file, problem.cell) for problem in refused.value.problems]


def register(bank: Path, *rows: tuple[object, ...], header: str = REGISTER) -> Path:
    write(bank / "register" / "units.csv", header, *rows)
    return bank


# --- finding it


def test_a_workspace_is_found_from_a_folder_inside_it(
    small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RISKKIT_WORKSPACE", raising=False)
    monkeypatch.chdir(small_bank / "evidence" / "2026Q1")
    assert open_workspace().path == small_bank


def test_the_environment_names_a_workspace_and_an_argument_overrides_it(
    small_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKKIT_WORKSPACE", str(small_bank))
    assert open_workspace().path == small_bank
    with pytest.raises(Misuse):
        open_workspace(tmp_path)


# --- its settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format: 1\nname: {zh: a", [("model.yaml", "line 2")]),
        ("- a\n- b\n", [("model.value", "")]),
        ("", [("model.value", "")]),
        (
            "format: 2\nname: {zh: a, en: b}\nlang: fr\nmodle: small\n",
            [
                ("model.missing_key", "marking"),
                ("model.missing_key", "model"),
                ("model.unknown_key", "modle"),
                ("model.value", "format"),
                ("model.value", "lang"),
            ],
        ),
    ],
    ids=["broken", "a list", "empty", "five faults"],
)
def test_broken_settings_are_told_with_their_place(
    small_bank: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    (small_bank / "riskkit.yaml").write_text(text, encoding="utf-8")
    found = problems(small_bank)
    assert {file for _, file, _ in found} == {"riskkit.yaml"}
    assert sorted((code, cell) for code, _, cell in found) == expected


def test_settings_may_begin_with_a_byte_order_mark(small_bank: Path) -> None:
    text = (small_bank / "riskkit.yaml").read_text(encoding="utf-8")
    (small_bank / "riskkit.yaml").write_text(text, encoding="utf-8-sig")
    assert open_workspace(small_bank).name == "小行"


def test_a_broken_model_is_refused_with_every_fault(small_bank: Path) -> None:
    path = small_bank / "model" / "small.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("numerator: passed", "numerator: pased", 1).replace("weight: 1.0", "weight: 0.9")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelRefused) as refused:
        open_workspace(small_bank)
    assert len(refused.value.problems) >= 2
    assert all(problem.cell.startswith("line ") for problem in refused.value.problems)


def test_a_model_that_does_not_exist_is_a_misuse(small_bank: Path) -> None:
    text = (small_bank / "riskkit.yaml").read_text(encoding="utf-8")
    (small_bank / "riskkit.yaml").write_text(text.replace("model: small", "model: smal"), encoding="utf-8")
    with pytest.raises(Misuse):
        open_workspace(small_bank)


# --- its register


def test_every_fault_of_the_register_is_told_at_once_with_its_cell(small_bank: Path) -> None:
    """Columns A unit, B name, C parent, D level, E staff; the header is row 1, so the faults are in rows 3 to 8."""
    rows = [
        ("0000", "head", "", "head_office", 5),
        ("01/02", "slash", "0000", "branch", 1),
        ("0103", "twice", "0000", "branch", 1),
        ("0103", "twice", "0000", "branch", 1),
        ("0104", "orphan", "0999", "branch", 1),
        ("0105", "level", "0000", "brunch", 1),
        ("0106", "own parent", "0106", "branch", 1),
    ]
    assert problems(register(small_bank, *rows)) == [
        ("workspace.code", "register/units.csv", "A3"),
        ("workspace.twice", "register/units.csv", "A5"),
        ("workspace.level", "register/units.csv", "D7"),
        ("workspace.parent", "register/units.csv", "C6"),
        ("workspace.circle", "register/units.csv", "C8"),
    ]


def test_a_circle_is_told_of_its_members_and_not_of_who_hangs_below(small_bank: Path) -> None:
    rows = [("a", "a", "b", "branch", 1), ("b", "b", "a", "branch", 1), ("c", "c", "a", "branch", 1)]
    expected = [("workspace.circle", "register/units.csv", cell) for cell in ("C2", "C3")]
    assert problems(register(small_bank, *rows)) == expected


def test_cells_of_the_register_are_checked_like_any_evidence(small_bank: Path) -> None:
    rows = [("0000", "", "", "head_office", "many"), ("0101", "x", "0000", "branch", -1)]
    assert problems(register(small_bank, *rows)) == [
        ("evidence.required", "register/units.csv", "B2"),
        ("evidence.number", "register/units.csv", "E2"),
        ("evidence.range", "register/units.csv", "E3"),
    ]


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (lambda path: path.unlink(), ["workspace.missing"]),
        (lambda path: path.write_text("", encoding="utf-8"), ["workspace.header"]),
        (lambda path: write(path, REGISTER), ["workspace.no_units"]),
        (
            lambda path: write(path, "unit name unit parent", ("a", "b", "c", "")),
            ["evidence.header_twice", "workspace.header"],
        ),
        (lambda path: path.write_bytes(b"unit,name\n\xff\xff\xff\n"), ["evidence.encoding"]),
    ],
    ids=["missing", "empty", "no unit", "wrong header", "no text"],
)
def test_a_register_that_cannot_be_used_says_why(
    small_bank: Path, damage: Callable[[Path], object], codes: list[str]
) -> None:
    damage(small_bank / "register" / "units.csv")
    assert [code for code, _, _ in problems(small_bank)] == codes


def test_two_codes_that_would_share_a_folder_are_one_too_many(small_bank: Path) -> None:
    rows = [("ab1", "x", "", "branch", 1), ("AB1", "y", "", "branch", 1)]
    assert [code for code, _, _ in problems(register(small_bank, *rows))] == ["workspace.twice"]


def test_blank_rows_chinese_headers_and_other_columns_do_no_harm(small_bank: Path) -> None:
    rows = [("a", "甲", "", "branch", "x"), ("", "", "", "", ""), (" ", "", "", "", "")]
    register(small_bank, *rows, header="机构编号 机构名称 上级机构 层级 备注")
    units = open_workspace(small_bank).units
    assert units.index.tolist() == ["a"]
    assert pd.isna(units.loc["a", "staff"])


def test_faults_of_the_calendar_come_with_those_of_the_register(small_bank: Path) -> None:
    write(
        small_bank / "register" / "holidays.csv",
        "date working",
        ("2026-13-01", "否"),
        ("2026-05-01", "maybe"),
    )
    register(small_bank, ("a", "", "", "branch", 1))
    assert problems(small_bank) == [
        ("evidence.required", "register/units.csv", "B2"),
        ("evidence.date", "register/holidays.csv", "A2"),
        ("evidence.yes_no", "register/holidays.csv", "B3"),
    ]


def test_a_day_cannot_be_both_off_and_worked(small_bank: Path) -> None:
    days = [("2026-05-01", "否"), ("2026-05-01", "是")]
    write(small_bank / "register" / "holidays.csv", "date working", *days)
    assert problems(small_bank) == [("workspace.twice", "register/holidays.csv", "A3")]


# --- its units and periods


@pytest.mark.parametrize("given", ["0102", "西街支行", " 西街支行 ", "102", 102])
def test_a_unit_is_known_by_code_by_name_and_without_its_zeros(small_bank: Path, given: object) -> None:
    assert open_workspace(small_bank).unit(given) == "0102"


@pytest.mark.parametrize("given", ["0199", "", "²", "东街"])
def test_an_unknown_unit_is_a_misuse(small_bank: Path, given: str) -> None:
    with pytest.raises(Misuse):
        open_workspace(small_bank).unit(given)


def test_a_name_that_two_units_bear_stands_for_neither(small_bank: Path) -> None:
    rows = [("a", "东街支行", "", "branch", 1), ("b", "东街支行", "", "branch", 1)]
    bank = open_workspace(register(small_bank, *rows))
    with pytest.raises(Misuse):
        bank.unit("东街支行")
    write(
        small_bank / "evidence" / "2026Q2" / "log.csv", "unit case_no passed sampled", ("东街支行", "1", 1, 1)
    )
    with pytest.raises(EvidenceRefused) as refused:
        bank.evidence("2026Q2")
    assert ("evidence.unit", "log.csv", "A2") in {(p.code, p.file, p.cell) for p in refused.value.problems}


def test_periods_are_the_folders_named_like_one(small_bank: Path) -> None:
    for name in ("2026Q5", "2026q3", "2025", "notes", ".2026Q4"):
        (small_bank / "evidence" / name).mkdir()
    (small_bank / "evidence" / "2026Q4").write_text("a file", encoding="utf-8")
    assert [str(period) for period in open_workspace(small_bank).periods] == ["2026Q1", "2026Q2"]


@pytest.mark.parametrize("given", ["2027Q1", "2026", "2026Q5", "0000Q1", "x"])
def test_a_period_without_evidence_is_a_misuse(small_bank: Path, given: str) -> None:
    with pytest.raises(Misuse):
        open_workspace(small_bank).period(given)


def test_a_workspace_without_evidence_says_so(small_bank: Path) -> None:
    shutil.rmtree(small_bank / "evidence")
    with pytest.raises(Misuse) as refused:
        open_workspace(small_bank).assessment()
    assert "evidence/2026Q2/" in refused.value.message("en")


# --- the line of values


def test_scores_are_as_worked_by_hand(small_bank: Path) -> None:
    """9, 8 and 7 of 10 passed: 90, 80 and 70 points; the roll-up is their mean, all branches being of one size."""
    assessment = open_workspace(small_bank).assessment("2026Q2")
    assert assessment.ranking()["score"].to_dict() == dict(zip(BRANCHES, (90.0, 80.0, 70.0), strict=True))
    assert assessment.rollups()["score"].to_dict() == {"0000": 80.0}


def test_a_history_until_a_period_looks_no_further(small_bank: Path) -> None:
    """A later quarter still being collected, and unreadable, spoils no report on an earlier one."""
    (small_bank / "evidence" / "2026Q3").mkdir()
    (small_bank / "evidence" / "2026Q3" / "log.csv").write_text("unit\n", encoding="utf-8")
    bank = open_workspace(small_bank)
    assert set(bank.history("2026Q2")["period"]) == {"2026Q1", "2026Q2"}
    totals = bank.history("2026Q2").query("node == ''")
    pd.testing.assert_frame_equal(bank.totals("2026Q2"), totals.reset_index(drop=True))
    with pytest.raises(EvidenceRefused):
        bank.history()


def test_a_window_reaches_as_far_back_as_the_model_says(small_bank: Path) -> None:
    """Twelve quarters of one case each, and a window of twelve: 12 cases. Eight would be a silent mistake."""
    path = small_bank / "model" / "small.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("window: 1", "window: 12"), encoding="utf-8")
    for back in range(12):
        period = Period(2026, 2).shift(-back)
        place = small_bank / "evidence" / str(period)
        write(place / "log.csv", "unit case_no passed sampled", ("0101", f"C{back}", 1, 1))
    row = open_workspace(small_bank).measures("2026Q2").row("0101", "R")
    assert row["denominator"] == 12


# --- what an office worker writes


def test_a_level_may_be_given_by_its_name(small_bank: Path) -> None:
    level = open_workspace(small_bank).model.spec.levels[0]
    path = small_bank / "register" / "units.csv"
    text = path.read_text(encoding="utf-8").replace(f",{level.id},", f",{level.name.zh},")
    path.write_text(text, encoding="utf-8")
    assert level.id in set(open_workspace(small_bank).units["level"])


def test_a_letter_that_bears_a_tables_name_is_refused_and_another_only_mentioned(small_bank: Path) -> None:
    bank = open_workspace(small_bank)
    folder = small_bank / "evidence" / str(bank.periods[-1])
    (folder / "来函.pdf").write_bytes(b"%PDF")
    notes = [note.code for note in open_workspace(small_bank).evidence().notes]
    assert "evidence.not_read" in notes
    name = next(iter(bank.model.tables.values())).files[0]
    (folder / f"{name}_0102.docx").write_bytes(b"PK")
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(small_bank).evidence()
    assert [(problem.code, problem.file) for problem in refused.value.problems] == [
        ("evidence.old_format", f"{name}_0102.docx")
    ]


def test_every_period_there_is_is_told_in_order(small_bank: Path) -> None:
    bank = open_workspace(small_bank)
    with pytest.raises(Misuse) as refused:
        bank.period("2031Q1")
    assert ", ".join(map(str, bank.periods)) in refused.value.message("en")


# --- how uncertainty is simulated


def test_the_draws_and_the_seed_of_the_settings_are_those_of_the_reports(small_bank: Path) -> None:
    settings = small_bank / "riskkit.yaml"
    text = settings.read_text(encoding="utf-8")
    assert open_workspace(small_bank).settings.simulation.model_dump() == {"draws": 1000, "seed": 1}
    settings.write_text(f"{text}simulation: {{draws: 200, seed: 0}}\n", encoding="utf-8")
    told = open_workspace(small_bank).uncertainty("2026Q2")
    from riskkit.analysis.uncertainty import uncertainty

    again = uncertainty(open_workspace(small_bank).assessment("2026Q2"), draws=200, seed=0).units
    pd.testing.assert_frame_equal(told, again, check_index_type=False)


@pytest.mark.parametrize("wrong", ["draws: 10", "draws: many", "seed: -1", "seed: 1.5", "runs: 3"])
def test_settings_no_simulation_could_follow_are_refused(small_bank: Path, wrong: str) -> None:
    settings = small_bank / "riskkit.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f"{text}simulation: {{{wrong}}}\n", encoding="utf-8")
    ((_, file, place),) = problems(small_bank)
    assert file == "riskkit.yaml"
    assert place.startswith("simulation.")
