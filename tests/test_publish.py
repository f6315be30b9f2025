"""A run is published whole or not at all, and nothing that was published before is ever harmed.

The report writers are stand-ins here (`tests/stand_ins`); the last tests use the real ones.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from riskkit import publish
from riskkit.errors import PublishFailed
from tests.batches import ROOT, Command, contents, in_a_process, runs, with_stand_ins

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def run(riskkit: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`riskkit` on the small bank, with stand-ins for the report writers and for the pool of processes."""
    return with_stand_ins(riskkit, small_bank, monkeypatch)


# --- writing


def full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    target.write_text("before", encoding="utf-8")
    with contextlib.suppress(ZeroDivisionError), publish.scratch_file(target) as scratch:
        scratch.write_text(f"half{1 // 0}", encoding="utf-8")
    assert contents(tmp_path) == {"result.csv": b"before"}
    with publish.scratch_file(target) as scratch:
        scratch.write_text("after", encoding="utf-8")
    assert contents(tmp_path) == {"result.csv": b"after"}


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.replace", "tempfile.mkstemp"])
def test_a_full_disk_leaves_a_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    target = tmp_path / "result.csv"
    target.write_text("before", encoding="utf-8")
    monkeypatch.setattr(where, full_disk)
    with pytest.raises(PublishFailed) as told, publish.scratch_file(target) as scratch:
        scratch.write_text("after", encoding="utf-8")
    assert "No space left on device" in told.value.message("en")
    monkeypatch.undo()
    assert contents(tmp_path) == {"result.csv": b"before"}


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.rename", "tempfile.mkdtemp"])
def test_a_full_disk_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(where, full_disk)
    with pytest.raises(PublishFailed), publish.scratch_folder(tmp_path / "run") as scratch:
        (scratch / "file").write_text("half", encoding="utf-8")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_while_writing_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(PublishFailed) as told, publish.scratch_folder(tmp_path / "run"):
        full_disk()
    assert str(tmp_path / "run") in told.value.message("zh")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kept").write_text("kept", encoding="utf-8")
    with pytest.raises(PublishFailed), publish.scratch_folder(tmp_path / "run") as scratch:
        (scratch / "new").write_text("new", encoding="utf-8")
    assert contents(tmp_path) == {"run/kept": b"kept"}


@POSIX
def test_what_a_killed_process_left_is_cleared_away_and_what_a_living_one_holds_is_not(
    tmp_path: Path,
) -> None:
    long_ago = time.time() - 2 * publish.YOUNG
    left = tmp_path / f"{publish.SCRATCH}left"
    left.mkdir()
    with publish.scratch_folder(tmp_path / "first") as held:
        for folder in (left, held):
            os.utime(folder, (long_ago, long_ago))
        with publish.scratch_folder(tmp_path / "second"):
            assert not left.exists()
            assert held.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_a_manifest_that_is_no_manifest_counts_as_damage(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"outputs": 3}', '{"outputs": ["x"]}', "{"):
        (tmp_path / publish.MANIFEST).write_text(text, encoding="utf-8")
        assert publish.damaged(tmp_path) == [publish.MANIFEST]


# --- a run


def test_a_run_holds_every_report_and_a_manifest_of_all_it_was_made_from(
    run: Command, small_bank: Path
) -> None:
    assert run("run", "--html").code == 0
    (made,) = runs(small_bank)
    assert made.name.startswith("2026Q2-zh-")
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) == set(contents(made)) - {"manifest.json"}
    stems = [f"branches/{unit}/{unit}_2026Q2" for unit in ("0101", "0102", "0103")] + ["quarter_2026Q2"]
    frames = ("history", "items", "nodes", "real_change", "reasons", "silent", "summary", "uncertainty")
    results = [f"results/{name}.parquet" for name in frames]
    reports = [f"{stem}.{suffix}" for stem in stems for suffix in ("html", "ipynb", "xlsx")]
    assert sorted(manifest["outputs"]) == sorted([*reports, *results, "results/ranking.csv"])
    evidence = [f"evidence/{path.parent.name}/{path.name}" for path in small_bank.glob("evidence/*/*.csv")]
    assert sorted(manifest["inputs"]) == sorted([*evidence, "register/units.csv", "riskkit.yaml"])
    assert set(manifest["model"]) == {"id", "version", "sha256"}


def test_a_run_of_some_branches_is_another_run(run: Command, small_bank: Path) -> None:
    run("run")
    run("report", "0102", "南街支行", "102")
    assert sorted(len(list(made.glob("branches/*"))) for made in runs(small_bank)) == [2, 3]


def test_the_same_run_again_is_left_as_it_is(run: Command, small_bank: Path) -> None:
    run("run")
    (made,) = runs(small_bank)
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    again = run("run")
    assert (again.code, "already published" in again.out) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest"])
def test_a_damaged_run_is_put_aside_and_made_again(run: Command, small_bank: Path, damage: str) -> None:
    run("run")
    (made,) = runs(small_bank)
    whole = contents(made)
    victim = made / ("manifest.json" if damage == "no manifest" else "quarter_2026Q2.xlsx")
    if damage == "changed":
        victim.write_text("x", encoding="utf-8")
    else:
        victim.unlink()
    spoilt = contents(made)
    assert run("run").code == 0
    aside = made.with_name(f"{made.name}.damaged-1")
    assert runs(small_bank) == [made, aside]
    assert (contents(made), contents(aside)) == (whole, spoilt)


def test_of_a_damaged_run_only_what_is_damaged_is_made_again(run: Command, small_bank: Path) -> None:
    """The writer breaks for 0102, whose report is whole; only the summary is missing."""
    run("run")
    (made,) = runs(small_bank)
    whole = contents(made)
    (made / "quarter_2026Q2.xlsx").unlink()
    assert run("run", stand_in="fail:0102").code == 0
    assert contents(made) == whole


def test_a_change_of_any_input_is_another_run(run: Command, small_bank: Path) -> None:
    """The marking; an older quarter, which only the history shows; the name of a branch; the program."""
    run("run")
    before = contents(runs(small_bank)[0])
    changes = {"riskkit.yaml": ("内部", "秘密"), "evidence/2026Q1/log.csv": ("C0101,5", "C0101,6")}
    changes["register/units.csv"] = ("东街", "东门")
    for name, (old, new) in changes.items():
        text = (small_bank / name).read_text(encoding="utf-8")
        (small_bank / name).write_text(text.replace(old, new), encoding="utf-8")
        assert run("run").code == 0
    assert len(runs(small_bank)) == 4
    assert before in [contents(made) for made in runs(small_bank)]


# --- what goes wrong


@pytest.mark.parametrize(
    ("stand_in", "said"),
    [
        ("fail:2026Q2", ["2026Q2: ", "0101: ", "0102: ", "0103: ", "nothing was published"]),
        ("touch", ["changed while the reports were made"]),
    ],
)
def test_a_run_that_fails_as_a_whole_leaves_nothing(
    run: Command, small_bank: Path, stand_in: str, said: list[str]
) -> None:
    run("report", "0101")
    earlier = {made: contents(made) for made in runs(small_bank)}
    done = run("run", stand_in=stand_in)
    assert done.code == 1
    assert [words for words in said if words not in done.err] == []
    assert {made: contents(made) for made in runs(small_bank)} == earlier


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_folder_that_cannot_be_written_to_is_told(run: Command, tmp_path: Path, lang: str) -> None:
    """A file stands where the folder should be: so even root cannot write there."""
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    done = run("run", "--out", tmp_path / "out", lang=lang)
    assert (done.code, {"zh": "写不进", "en": "cannot write"}[lang] in done.err) == (1, True)


def test_bad_evidence_publishes_nothing_and_harms_nothing(run: Command, small_bank: Path) -> None:
    run("run")
    earlier = {made: contents(made) for made in runs(small_bank)}
    with (small_bank / "evidence" / "2026Q2" / "log.csv").open("a", encoding="utf-8") as stream:
        stream.write("0101,X,many,1\n")
    done = run("run")
    assert (done.code, "log.csv" in done.err, "C5" in done.err) == (1, True, True)
    assert {made: contents(made) for made in runs(small_bank)} == earlier


def test_a_roll_up_has_no_branch_report(run: Command, small_bank: Path) -> None:
    done = run("report", "0101", "0000")
    assert (done.code, "0000 总行 is not assessed on its own" in done.err) == (2, True)
    assert runs(small_bank) == []


# --- what a run holds


@POSIX
def test_a_run_is_for_its_owner_alone(run: Command, small_bank: Path) -> None:
    run("run", "--html")
    modes = {path.stat().st_mode & 0o777 for path in (small_bank / "runs").rglob("*")}
    assert modes == {0o600, 0o700}
    assert (small_bank / "runs").stat().st_mode & 0o777 == 0o700


def test_two_runs_are_alike_to_the_byte_wherever_they_are_made(small_bank: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(small_bank, tmp_path / "elsewhere" / "under another name")
    outs = [tmp_path / "one", tmp_path / "two"]
    for bank, out, workers in zip((small_bank, moved), outs, "13", strict=True):
        assert in_a_process(bank, "run", "--out", str(out), "--workers", workers).returncode == 0
    assert contents(outs[0]) == contents(outs[1])


def texts_of(path: Path) -> str:
    """Everything a file says, packed parts and columns included."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv() + path.read_bytes().decode("latin-1")
    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as package:
            return "\n".join(package.read(name).decode("utf-8", "replace") for name in package.namelist())
    return path.read_text(encoding="utf-8")


def traces(run: Path, bank: Path) -> list[tuple[str, str]]:
    """Words of this machine, of its user and of the bank's staff in a run's files."""
    words = {str(bank), str(ROOT), str(Path.home()), "测试员", "192.0.2.", "198.51.100.", "203.0.113."}
    words |= {name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 5}
    numbers = staff_numbers(bank)
    told = {path.name: texts_of(path) for path in run.rglob("*") if path.is_file()}
    found = [(name, word) for name, text in told.items() for word in words if word in text]
    return found + [(name, word) for name, text in told.items() for word in numbers & whole_words(text)]


def whole_words(text: str) -> set[str]:
    """Words that are not the middle of a longer one, as staff numbers may be of a fraction such as 0.0009021714."""
    return {word.strip(".") for word in re.findall(r"[\w.]+", text)}


def staff_numbers(bank: Path) -> set[str]:
    for path in (bank / "evidence" / "2026Q2").glob("roster.csv"):
        return set(pd.read_csv(path, dtype="str")["staff_no"])
    return set(
        pd.read_excel(bank / "evidence" / "2026Q2" / "人员花名册.xlsx", dtype="str", engine="openpyxl")[
            "工号"
        ]
    )


def test_a_run_names_neither_people_nor_machine(run: Command, small_bank: Path) -> None:
    run("run", "--html")
    assert len(staff_numbers(small_bank)) == 4
    assert traces(runs(small_bank)[0], small_bank) == []


@pytest.mark.full
def test_real_reports_are_alike_to_the_byte_and_name_neither_people_nor_machine(
    sample_bank: Path, tmp_path: Path
) -> None:
    """One from a warm store; the other from a copy of the bank elsewhere that never had one."""
    cold = shutil.copytree(sample_bank, tmp_path / "cold", ignore=shutil.ignore_patterns(".riskkit"))
    outs = [tmp_path / "one", tmp_path / "two"]
    for bank, out in zip((sample_bank, cold), outs, strict=True):
        words = [sys.executable, "-m", "riskkit", "report", "0103", "0207", "--html", "--out", str(out)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "RISKKIT_WORKSPACE": str(bank)}
        subprocess.run(words, env=environment, check=True, capture_output=True)
    assert contents(outs[0]) == contents(outs[1])
    assert len(staff_numbers(sample_bank)) > 1000
    assert traces(outs[0], sample_bank) == []
    assert traces(outs[1], cold) == []
