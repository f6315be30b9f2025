"""The command line: what it prints, how it ends, and that every mistake ends in words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pandas as pd
import pytest

from riskkit import cli
from tests.conftest import Told
from tests.small_bank import write

ROOT = Path(__file__).resolve().parents[1]
Command = Callable[..., Told]
CHINESE = re.compile(r"[一-鿿]")


def spoil(bank: Path) -> None:
    """Three faults in two files: C3, B4 and A5 of the log, a person twice."""
    rows = [("0101", "X", 1, 1), ("0102", "Y", "one", 1), ("0103", "", 1, 1), ("0109", "Z", 1, 1)]
    write(bank / "evidence" / "2026Q2" / "log.csv", "unit case_no passed sampled", *rows)
    people = [("p1", "甲", "0101", "是"), ("p1", "甲", "0101", "是")]
    write(bank / "evidence" / "2026Q2" / "roster.csv", "staff_no name unit letter", *people)


# --- check


def test_check_says_that_a_quarter_is_usable(riskkit: Command, small_bank: Path) -> None:
    """Three rows in the log, four in the roster."""
    assert riskkit(small_bank, "check") == (
        0,
        "evidence 2026Q2 is usable: 2 files, 7 rows\n0 remarks, 0 cells settled by the corrections ledger\n",
        "",
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_check_lists_every_problem_in_one_table(riskkit: Command, small_bank: Path, lang: str) -> None:
    spoil(small_bank)
    done = riskkit(small_bank, "check", lang=lang)
    head, header, rule, *rows = done.err.splitlines()
    assert (done.code, done.out, "4" in head) == (1, "", True)
    assert set(rule) == {"─", " "}
    assert [re.split(r"\s{2,}", row)[:2] for row in rows] == [
        ["log.csv", "C3"],
        ["log.csv", "B4"],
        ["log.csv", "A5"],
        ["roster.csv", "A3"],
    ]
    assert bool(CHINESE.search(header)) is (lang == "zh")
    assert all(bool(CHINESE.search(row)) is (lang == "zh") for row in rows)


def test_check_writes_the_list_as_csv_too(riskkit: Command, small_bank: Path, tmp_path: Path) -> None:
    spoil(small_bank)
    assert riskkit(small_bank, "check", "--csv", tmp_path / "problems.csv").code == 1
    listed = pd.read_csv(tmp_path / "problems.csv")
    assert listed["Cell"].tolist() == ["C3", "B4", "A5", "A3"]
    assert listed["What to do"].notna().all()


def test_what_people_typed_cannot_act_as_a_formula_in_the_list(
    riskkit: Command, small_bank: Path, tmp_path: Path
) -> None:
    place = small_bank / "evidence" / "2026Q2"
    (place / "log.csv").rename(place / "log=cmd.csv")
    write(place / "=HYPERLINK.csv", "a", ("1",))
    riskkit(small_bank, "check", "--csv", tmp_path / "problems.csv")
    assert "'=HYPERLINK.csv" in (tmp_path / "problems.csv").read_text(encoding="utf-8-sig")


def test_remarks_are_listed_when_asked_for(riskkit: Command, small_bank: Path) -> None:
    write(
        small_bank / "evidence" / "2026Q2" / "log.csv",
        "unit case_no passed sampled extra",
        ("０１０１", "X", 1, 1, ""),
    )
    quiet, told = riskkit(small_bank, "check"), riskkit(small_bank, "check", "--notes")
    assert "2 remarks" in quiet.out
    assert ("'０１０１' was read as '0101'" in told.out, "'extra' was not read" in told.out) == (True, True)
    assert "was read as" not in quiet.out


# --- score and explain


def test_score_prints_the_ranking_and_the_roll_ups(riskkit: Command, small_bank: Path) -> None:
    lines = riskkit(small_bank, "score", "2026Q2").out.splitlines()
    assert [line.split()[:2] + line.split()[3:4] for line in lines[3:6]] == [
        ["1", "0101", "90.00"],
        ["2", "0102", "80.00"],
        ["3", "0103", "70.00"],
    ]
    assert lines[6] == "Roll-up 0000 总行: 80.00"


def test_score_writes_the_result_as_csv(riskkit: Command, small_bank: Path, tmp_path: Path) -> None:
    riskkit(small_bank, "score", "--csv", tmp_path / "new" / "score.csv")
    written = pd.read_csv(tmp_path / "new" / "score.csv", dtype={"unit": "str"})
    assert written[["unit", "score"]].to_numpy().tolist() == [["0101", 90.0], ["0102", 80.0], ["0103", 70.0]]


@pytest.mark.parametrize("words", [("score", "--csv"), ("check", "--csv")])
def test_a_list_that_cannot_be_written_is_told(
    riskkit: Command, small_bank: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = riskkit(small_bank, *words, tmp_path)
    assert (done.code, f"cannot write {tmp_path}" in done.err) == (1, True)


@pytest.mark.parametrize("unit", ["0101", "东街支行", "101"])
def test_explain_takes_a_branch_however_it_is_given(riskkit: Command, small_bank: Path, unit: str) -> None:
    done = riskkit(small_bank, "explain", "2026Q2", unit, "R")
    assert (done.code, "log.csv 2" in done.out) == (0, True)


def test_explain_speaks_the_language_of_the_screen_or_the_one_asked_for(
    riskkit: Command, small_bank: Path
) -> None:
    words = ("explain", "2026Q2", "0101", "R")
    assert "Value: 90.0%" in riskkit(small_bank, *words).out
    assert "指标值: 90.0%" in riskkit(small_bank, *words, lang="zh").out
    assert "指标值: 90.0%" in riskkit(small_bank, *words, "--lang", "zh").out


# --- misuse


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("score", "2026Q5"), "'2026Q5' is not a period; write it like 2026Q2"),
        (("score", "2027Q1"), "there is no evidence for '2027Q1'; there is: 2026Q1"),
        (("explain", "2026Q2", "0109", "R"), "there is no unit '0109'; did you mean: 010"),
        (("explain", "2026Q2", "0101", "SLO"), "there is no item 'SLO'; did you mean: SLOW"),
        (("explain", "2026Q2", "0101", "HEAD"), "item HEAD is not for the level of unit 0101"),
        (("report", "0109"), "there is no unit '0109'"),
        (("model", "show", "smal"), "there is no model 'smal'; available: "),
        (("scoer",), "No such command 'scoer'"),
        (("score", "--langs", "zh"), "No such option"),
        (("explain", "2026Q2"), "Missing argument"),
        (("run", "--workers", "0"), "0 is not in the range"),
        (("model", "check", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_a_misuse_ends_with_code_2_and_a_sentence(
    riskkit: Command, small_bank: Path, words: tuple[str, ...], said: str
) -> None:
    done = riskkit(small_bank, *words)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False), done.err


def test_a_folder_that_is_no_workspace_is_a_misuse(riskkit: Command, tmp_path: Path) -> None:
    done = riskkit(None, "score", "--workspace", tmp_path)
    assert (done.code, "run riskkit init first" in done.err) == (2, True)


@pytest.mark.parametrize(
    "command", [("score",), ("run",), ("report", "0101"), ("explain", "2026Q2", "0101", "R")]
)
def test_bad_data_ends_every_command_with_code_1_and_the_same_table(
    riskkit: Command, small_bank: Path, command: tuple[str, ...]
) -> None:
    spoil(small_bank)
    done = riskkit(small_bank, *command)
    assert (done.code, done.err) == (1, riskkit(small_bank, "check").err)
    assert not (small_bank / "runs").exists()


def test_bad_settings_and_a_bad_model_end_with_code_1(riskkit: Command, small_bank: Path) -> None:
    path = small_bank / "model" / "small.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("id: small", "id: small\nidd: x"), encoding="utf-8"
    )
    done = riskkit(small_bank, "score")
    assert (done.code, "unknown key 'idd'" in done.err, "small.yaml" in done.err) == (1, True, True)
    (small_bank / "riskkit.yaml").write_text("format: [", encoding="utf-8")
    done = riskkit(small_bank, "score")
    assert (done.code, "riskkit.yaml" in done.err, "not valid YAML" in done.err) == (1, True, True)


def test_a_file_that_cannot_be_read_is_told(
    riskkit: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an unreadable file does to everybody but root."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    done = riskkit(small_bank, "check", lang="zh")
    assert (done.code, "读不了" in done.err, "units.csv" in done.err) == (1, True, True)


# --- models, doctor, help


def test_model_show_prints_the_tree_with_its_weights(riskkit: Command) -> None:
    lines = riskkit(None, "model", "show", "hdi").out.splitlines()
    assert lines[0].split()[-2] == "sha256"
    assert any(line.startswith("    ") for line in lines)


def test_model_show_says_how_points_and_totals_come_about(riskkit: Command) -> None:
    lines = riskkit(None, "model", "show", "hdi", lang="en").out.splitlines()
    assert lines[1] == "weighted geometric mean"
    assert "  education  Education  0.333333  weighted arithmetic mean" in lines
    assert any(line.endswith("  20 → 0, 85 → full marks, in proportion between") for line in lines)


def test_model_check_accepts_a_good_model(riskkit: Command, small_bank: Path) -> None:
    done = riskkit(None, "model", "check", small_bank / "model" / "small.yaml")
    assert (done.code, "items=5" in done.out) == (0, True)


def test_doctor_ends_well_with_a_workspace_and_badly_with_a_broken_one(
    riskkit: Command, small_bank: Path
) -> None:
    good = riskkit(None, "doctor", "-w", small_bank)
    assert (good.code, "Python 3" in good.out) == (0, True)
    (small_bank / "riskkit.yaml").write_text("format: 9", encoding="utf-8")
    bad = riskkit(None, "doctor", "-w", small_bank)
    assert (bad.code, "! workspace" in bad.out) == (1, True)


def commands(group: click.Group = cli.riskkit, *above: str) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*above, name), command))
        if isinstance(command, click.Group):
            found += commands(command, *above, name)
    return found


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_and_option_has_a_help_text(words: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []


# --- as people start it


def started(*words: str, lang: str = "en", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RISKKIT_LANG": lang, "PYTHONUTF8": "1", **more}
    call = [sys.executable, "-m", "riskkit", *words]
    return subprocess.run(call, env=environment, capture_output=True, encoding="utf-8", check=False)


def test_help_is_in_the_language_of_the_screen() -> None:
    chinese, english = started("--help", lang="zh"), started("--help", lang="en")
    assert "按指标模型评估" in chinese.stdout
    assert not CHINESE.search(english.stdout)
    names = [words[0] for words, _ in commands() if len(words) == 1]
    assert all(f"\n  {name} " in english.stdout for name in names)


def test_a_terminal_that_cannot_show_chinese_gets_marks_and_no_traceback(small_bank: Path) -> None:
    done = started("score", "-w", str(small_bank), PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, "Traceback" in done.stderr, "0101" in done.stdout) == (0, False, True)


# --- discretion

PERSONAL = re.compile(r"(?<![*\d])009\d{5}(?!\d)|测试员|192\.0\.2\.\d|198\.51\.100\.\d|203\.0\.113\.\d")


def test_nothing_on_the_screen_names_anybody(riskkit: Command, small_bank: Path) -> None:
    told = [riskkit(small_bank, "explain", "2026Q2", unit, "BOTH").out for unit in ("0101", "0102")]
    told += [riskkit(small_bank, *words).out for words in (("score",), ("check", "--notes"))]
    assert all(told)
    assert not PERSONAL.findall("\n".join(told))


@pytest.mark.full
def test_nothing_on_the_screen_names_anybody_of_the_sample_bank(riskkit: Command, sample_bank: Path) -> None:
    items = ("B2.1", "B3.1", "C2.2", "C1.1", "A4.2", "A1.4")
    told = [riskkit(sample_bank, "explain", "2026Q2", "0103", item, "--rows", 500) for item in items]
    told += [riskkit(sample_bank, *words) for words in (("score",), ("check", "--notes"))]
    assert [done.code for done in told] == [0] * len(told)
    assert not PERSONAL.findall("\n".join(done.out for done in told))


@pytest.mark.full
def test_problems_with_a_person_name_the_cell_and_not_the_person(
    riskkit: Command, sample_bank: Path, tmp_path: Path
) -> None:
    bank = tmp_path / "bank"
    shutil.copytree(sample_bank, bank, ignore=shutil.ignore_patterns(".riskkit", "runs", "2025*", "2026Q1"))
    path = bank / "evidence" / "2026Q2" / "知识测试.csv"
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))
    done = riskkit(bank, "check")
    assert (done.code, "知识测试.csv" in done.err) == (1, True)
    assert not PERSONAL.findall(done.err)
