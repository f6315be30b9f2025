"""A run is published whole or not at all, and nothing that was published before is ever harmed.

The report writers are stand-ins here (`tests/stand_ins`); the last tests use the real ones.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import random
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskkit import publish
from riskkit.errors import PublishFailed
from riskkit.report import run as report_run
from riskkit.report.engine import ways
from tests.conftest import Told

ROOT = Path(__file__).resolve().parents[1]
STAND_INS = ROOT / "tests" / "stand_ins"
POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
Command = Callable[..., Told]


class Inline:
    """A pool of processes that is none: everything is done at once, in this process."""

    def __init__(self, *_: object) -> None:
        report_run._pack.cache_clear()

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: object) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*given))
        return done

    def shutdown(self, **_: object) -> None:
        pass


@pytest.fixture
def run(riskkit: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`riskkit` on the small bank, with stand-ins for the report writers and for the pool of processes."""
    for name in ("workbook_quarter", "workbook_branch", "notebooks"):
        monkeypatch.setitem(sys.modules, f"riskkit.report.{name}", None)
        monkeypatch.delattr(f"riskkit.report.{name}", raising=False)
    runpy.run_path(str(STAND_INS / "sitecustomize.py"))
    monkeypatch.setattr(ways, "can_fork", lambda: False)
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", Inline)
    monkeypatch.setattr(report_run, "program_hash", lambda: "this program")

    def call(*words: object, stand_in: str = "", lang: str = "en") -> Told:
        monkeypatch.setenv("RISKKIT_STAND_IN", stand_in)
        return riskkit(small_bank, *words, lang=lang)

    return call


def command(bank: Path, *words: str, stand_in: str = "") -> tuple[list[str], dict[str, str]]:
    """`riskkit` as a process of its own, its report writers replaced."""
    path = os.pathsep.join([str(STAND_INS), str(ROOT)])
    given = {"RISKKIT_WORKSPACE": str(bank), "RISKKIT_LANG": "en", "RISKKIT_STAND_IN": stand_in}
    return [sys.executable, "-m", "riskkit", *words], {**os.environ, "PYTHONPATH": path, **given}


def in_a_process(bank: Path, *words: str, stand_in: str = "") -> subprocess.CompletedProcess[str]:
    call, environment = command(bank, *words, stand_in=stand_in)
    return subprocess.run(call, env=environment, capture_output=True, encoding="utf-8", check=False)


def runs(bank: Path) -> list[Path]:
    return sorted((bank / "runs").iterdir()) if (bank / "runs").is_dir() else []


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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


def test_a_damaged_run_stays_where_it_is_if_it_cannot_be_made_again(run: Command, small_bank: Path) -> None:
    run("run")
    (made,) = runs(small_bank)
    (made / "quarter_2026Q2.xlsx").unlink()
    before = contents(made)
    assert run("run", stand_in="fail:0102").code == 1
    assert runs(small_bank) == [made]
    assert contents(made) == before


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


def test_a_run_published_by_another_process_meanwhile_is_taken_as_done(
    run: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = report_run.write_manifest

    def overtaken(folder: Path, content: dict[str, Any]) -> None:
        real(folder, content)
        shutil.copytree(folder, small_bank / "runs" / target)

    run("run")
    (made,) = runs(small_bank)
    target = made.name
    shutil.rmtree(made)
    monkeypatch.setattr(report_run, "write_manifest", overtaken)
    done = run("run")
    assert (done.code, "already published" in done.out) == (0, True), done.err
    assert runs(small_bank) == [made]


# --- what goes wrong


@pytest.mark.parametrize(
    ("stand_in", "said"),
    [
        ("fail:0102", ["0102: ValueError: no report for 0102 today"]),
        ("fail:quarter", ["2026Q2: ValueError: no report for quarter today"]),
        ("fail:2026Q2", ["2026Q2: ", "0101: ", "0102: ", "0103: "]),
        ("full", ["No space left on device"]),
        ("touch", ["changed while the reports were made"]),
    ],
)
def test_a_run_that_fails_names_every_report_and_leaves_nothing(
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


# --- processes that end of a sudden


@pytest.mark.full
def test_a_worker_that_dies_fails_the_run_in_words(small_bank: Path) -> None:
    done = in_a_process(small_bank, "run", stand_in="die:0103")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "0103: the process making it ended of a sudden" in done.stderr
    assert runs(small_bank) == []


@POSIX
@pytest.mark.full
def test_a_kill_at_any_moment_leaves_no_run_or_a_whole_one(small_bank: Path) -> None:
    in_a_process(small_bank, "report", "0101")
    (earlier,) = runs(small_bank)
    before = contents(earlier)
    call, environment = command(small_bank, "run", "--workers", "2", stand_in="slow")
    draw = random.Random(7)
    for _ in range(8):
        _kill(call, environment, small_bank, draw.uniform(0, 2.0))
        published = [made for made in runs(small_bank) if not made.name.startswith(".")]
        assert earlier in published
        assert [publish.damaged(made) for made in published] == [[]] * len(published)
    assert contents(earlier) == before
    assert _wait_for(lambda: not _workers_of(small_bank), seconds=20), "workers outlived their run"
    for folder in (small_bank / "runs").glob(f"{publish.SCRATCH}*"):
        os.utime(folder, (1, 1))
    in_a_process(small_bank, "report", "0102")
    assert not list((small_bank / "runs").glob(f"{publish.SCRATCH}*"))


@POSIX
def test_a_killed_run_leaves_neither_a_run_nor_a_worker(small_bank: Path) -> None:
    call, environment = command(small_bank, "run", "--workers", "2", stand_in="slow")
    _kill(call, environment, small_bank, 1.0)
    assert not [made for made in runs(small_bank) if not made.name.startswith(".") and publish.damaged(made)]
    assert _wait_for(lambda: not _workers_of(small_bank), seconds=20), "workers outlived their run"


def _kill(call: list[str], environment: dict[str, str], bank: Path, after: float) -> None:
    process = subprocess.Popen(
        call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    _wait_for(lambda: any((bank / "runs").glob(f"{publish.SCRATCH}*")), process)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _wait_for(
    condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None, seconds: float = 60
) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def _workers_of(bank: Path) -> list[str]:
    """Processes still at work on a workspace, where the system tells."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if environ.parent.name != str(os.getpid()) and str(bank).encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            continue
    return found


@POSIX
@pytest.mark.full
def test_an_interrupted_run_ends_soon_and_leaves_nothing(small_bank: Path) -> None:
    """Control-C in a terminal goes to the workers too."""
    call, environment = command(small_bank, "run", "--workers", "1", stand_in="slow")
    process = subprocess.Popen(
        call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert _wait_for(lambda: any((small_bank / "runs").glob(f"{publish.SCRATCH}*/branches/*")), process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, b"Traceback" in errors) == (130, False), errors.decode()
    assert b"interrupted" in errors
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
