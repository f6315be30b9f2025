"""A batch of reports loses nothing: one that breaks costs one, a run broken off goes on, two at once are refused.

The report writers are stand-ins (`tests/stand_ins`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from riskkit import lock, publish
from riskkit.errors import PublishFailed
from riskkit.report import run as running
from riskkit.report import workers
from riskkit.report.journal import Entry, Journal, last_entries
from riskkit.report.making import Order
from riskkit.report.versions import versions
from riskkit.report.workplace import WORK, Workplace, clear_superseded
from riskkit.workspace import open_workspace
from tests.batches import (
    Command,
    command,
    contents,
    in_a_process,
    runs,
    wait_for,
    with_stand_ins,
    workers_of,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
OF_0102 = ["branches/0102/0102_2026Q2.ipynb", "branches/0102/0102_2026Q2.xlsx"]


@pytest.fixture
def run(riskkit: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return with_stand_ins(riskkit, small_bank, monkeypatch)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives, each time it is called, the names of the files that the stand-ins have written since."""
    log = tmp_path / "written.log"
    monkeypatch.setenv("RISKKIT_STAND_IN_LOG", str(log))

    def since() -> list[str]:
        names = log.read_text(encoding="utf-8").split() if log.is_file() else []
        log.unlink(missing_ok=True)
        return sorted(names)

    return since


def manifest(made: Path) -> dict[str, Any]:
    return dict(json.loads((made / "manifest.json").read_text(encoding="utf-8")))


def without_manifest(made: Path) -> dict[str, bytes]:
    return {name: held for name, held in contents(made).items() if name != "manifest.json"}


# --- one broken report


def test_one_broken_report_costs_one_report(run: Command, small_bank: Path, tmp_path: Path) -> None:
    run("run", "--out", tmp_path / "whole")
    done = run("run", stand_in="fail:0102")
    assert (done.code, "0102: ValueError: no report for 0102 today" in done.err) == (1, True)
    assert ("1 report could not be made, the others are published" in done.err, "0101" in done.err) == (
        True,
        False,
    )
    (made,) = runs(small_bank)
    (whole,) = (tmp_path / "whole").iterdir()
    expected = {name: held for name, held in without_manifest(whole).items() if name not in OF_0102}
    found = without_manifest(made)
    told = json.loads(found.pop("failures.json"))
    assert found == expected
    assert told == {
        "branches/0102": {
            "error": "ValueError",
            "why": dict.fromkeys(("en", "zh"), "ValueError: no report for 0102 today"),
        }
    }
    assert (manifest(made)["complete"], manifest(whole)["complete"]) == (False, True)
    assert publish.damaged(made) == []


@pytest.mark.parametrize("broken", ["0102", "quarter"])
def test_what_is_missing_is_added_by_the_next_run_and_nothing_else_is_made(
    run: Command, small_bank: Path, tmp_path: Path, written: Any, broken: str
) -> None:
    run("run", "--out", tmp_path / "whole")
    run("run", stand_in=f"fail:{broken}")
    written()
    assert run("run").code == 0
    assert {name.partition("_")[0] for name in written()} == {broken}
    (made,), (whole,) = runs(small_bank), (tmp_path / "whole").iterdir()
    assert contents(made) == contents(whole)


def test_a_report_that_breaks_again_leaves_the_run_as_it_was(run: Command, small_bank: Path) -> None:
    run("run", stand_in="fail:0102")
    (made,) = runs(small_bank)
    before = contents(made)
    assert run("run", stand_in="fail:0102").code == 1
    assert runs(small_bank) == [made]
    assert contents(made) == before


def test_a_report_that_names_a_cell_is_told_with_it(
    run: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskkit.errors import ReportFailed

    def stopped(name: str, target: Path, *, parameters: dict[str, Any]) -> None:
        if parameters.get("branch") == "0102":
            raise ReportFailed(
                "notebook_failed", notebook=name, cell=7, error="KeyError", why="KeyError: 'x'", last=["x"]
            )
        target.write_text("a notebook", encoding="utf-8")

    monkeypatch.setattr(sys.modules["riskkit.report.notebooks"], "run_notebook", stopped)
    done = run("run")
    assert (done.code, "0102: branch_report, cell 7: KeyError: 'x'" in done.err) == (1, True)
    told = json.loads((runs(small_bank)[0] / "failures.json").read_text(encoding="utf-8"))["branches/0102"]
    assert (told["notebook"], told["cell"], told["error"], "last" in told) == (
        "branch_report",
        7,
        "KeyError",
        False,
    )


# --- going on


def test_a_full_disk_stops_the_run_and_loses_nothing(
    run: Command, small_bank: Path, tmp_path: Path, written: Any
) -> None:
    run("run", "--out", tmp_path / "whole")
    run("report", "0101")
    earlier = {made: contents(made) for made in runs(small_bank)}
    written()
    done = run("run", "--workers", "1", stand_in="full:0103")
    assert (done.code, "No space left on device" in done.err) == (1, True)
    assert {made: contents(made) for made in runs(small_bank) if made.name[0] != "."} == earlier
    assert len(written()) == 4 + 2 + 1  # all but 0103's second file
    assert run("run").code == 0
    assert {name.partition("_")[0] for name in written()} == {"0103"}
    (whole,) = (tmp_path / "whole").iterdir()
    assert contents(whole) == contents(next(made for made in runs(small_bank) if made not in earlier))
    assert [made for made in runs(small_bank) if made.name[0] == "."] == []


def test_a_file_spoilt_in_a_run_broken_off_is_made_again(
    run: Command, small_bank: Path, written: Any
) -> None:
    run("run", "--workers", "1", stand_in="full:0103")
    (work,) = runs(small_bank)
    spoilt = work / "run" / "branches" / "0101" / "0101_2026Q2.xlsx"
    spoilt.write_text("spoilt", encoding="utf-8")
    written()
    assert run("run").code == 0
    assert {name.partition("_")[0] for name in written()} == {"0101", "0103"}


def change(bank: Path, file: str, old: str, new: str) -> None:
    path = bank / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_resuming_makes_only_the_reports_that_show_what_changed(
    run: Command, small_bank: Path, tmp_path: Path, written: Any
) -> None:
    """The name of 0102 stands in its own report alone; the whole bank's summary is always made anew."""
    run("run")
    change(small_bank, "register/units.csv", "西街", "西门")
    run("run", "--out", tmp_path / "whole")
    written()
    assert run("run", "--resume").code == 0
    assert {name.partition("_")[0] for name in written()} == {"quarter", "0102"}
    (whole,) = (tmp_path / "whole").iterdir()
    assert contents(whole) == contents(small_bank / "runs" / whole.name)


def test_without_resume_a_changed_run_is_made_from_nothing(
    run: Command, small_bank: Path, written: Any
) -> None:
    run("run")
    change(small_bank, "register/units.csv", "西街", "西门")
    written()
    assert run("run").code == 0
    assert len(written()) == 8


@pytest.mark.parametrize(
    "changed",
    [("evidence/2026Q2/log.csv", "C0101,9", "C0101,6"), ("riskkit.yaml", "内部", "秘密")],
    ids=["ranks and quartiles", "settings"],
)
def test_resuming_makes_every_report_anew_where_all_are_touched(
    run: Command, small_bank: Path, written: Any, changed: tuple[str, str, str]
) -> None:
    run("run")
    change(small_bank, *changed)
    written()
    assert run("run", "--resume").code == 0
    assert len(written()) == 8


def test_resuming_takes_no_damaged_report(run: Command, small_bank: Path, written: Any) -> None:
    run("run")
    (made,) = runs(small_bank)
    (made / "branches" / "0101" / "0101_2026Q2.xlsx").write_text("spoilt", encoding="utf-8")
    change(small_bank, "register/units.csv", "西街", "西门")
    written()
    assert run("run", "--resume").code == 0
    assert {name.partition("_")[0] for name in written()} == {"quarter", "0101", "0102"}


def test_a_broken_off_run_whose_inputs_changed_is_resumed_and_cleared_away(
    run: Command, small_bank: Path, written: Any
) -> None:
    run("run", "--workers", "1", stand_in="full:0103")
    change(small_bank, "register/units.csv", "西街", "西门")
    written()
    assert run("run", "--resume").code == 0
    assert {name.partition("_")[0] for name in written()} == {"quarter", "0102", "0103"}
    assert [made.name[0] for made in runs(small_bank)] == ["2"]


def test_another_choice_of_branches_leaves_a_broken_off_run_alone(run: Command, small_bank: Path) -> None:
    run("run", "--workers", "1", stand_in="full:0103")
    (work,) = runs(small_bank)
    assert run("report", "0101").code == 0
    assert work.is_dir()


def test_report_without_branches_is_the_run_of_all(run: Command, small_bank: Path) -> None:
    run("run")
    assert "already published" in run("report").out


# --- the journal


def test_the_journal_tells_what_became_of_each_report(run: Command, small_bank: Path) -> None:
    run("run", "--workers", "1", stand_in="full:0103")
    (work,) = runs(small_bank)
    entries = last_entries(work / "journal.jsonl")
    assert {name: entry.state for name, entry in entries.items()} == dict.fromkeys(
        ("results", "summary", "branches/0101", "branches/0102"), "done"
    )
    files = entries["branches/0102"].files
    assert files == {name: publish.digest(work / "run" / name) for name in OF_0102}


@pytest.mark.parametrize("torn", [b'{"report": "branches/01', b"\0\0\0\n", b"half\n"])
def test_a_torn_last_line_is_no_line_and_is_written_over(tmp_path: Path, torn: bytes) -> None:
    path, of = tmp_path / "journal.jsonl", {"run": "a"}
    first, second = (
        Entry("branches/1", "done", "k", {"a": "b"}),
        Entry("branches/2", "failed", "k", {}, {"why": "x"}),
    )
    journal = Journal(path, of)
    journal.write(first)
    journal.close()
    with path.open("ab") as stream:
        stream.write(torn)
    assert last_entries(path) == {"branches/1": first}
    journal = Journal(path, of)
    journal.write(second)
    journal.close()
    assert last_entries(path) == {"branches/1": first, "branches/2": second}


def test_a_journal_of_another_run_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, {"run": "a"})
    journal.write(Entry("branches/1", "done", "k"))
    journal.close()
    Journal(path, {"run": "b"}).close()
    assert last_entries(path) == {}


def test_a_line_the_disk_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, path = os.write, tmp_path / "journal.jsonl"
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:7]))
    journal = Journal(path, {"run": "a"})
    entries = {f"branches/{n}": Entry(f"branches/{n}", "done", "k", {"a": "b"}) for n in range(3)}
    for entry in entries.values():
        journal.write(entry)
    journal.close()
    journal.close()  # a second time does nothing
    assert last_entries(path) == entries


def settled(tmp_path: Path, *reports: str) -> Workplace:
    """A run's folder in which these reports are done."""
    place = Workplace(tmp_path / "2026Q2-zh-00000000", "choice")
    for report in reports:
        made = place.making()
        (made / report).mkdir(parents=True)
        (made / report / "a.txt").write_text("a", encoding="ascii")
        files = {f"{report}/a.txt": publish.digest(made / report / "a.txt")}
        place.done(report, "k", files, made)
    return place


def test_a_run_whose_journal_does_not_tell_of_all_is_not_published(tmp_path: Path) -> None:
    place = settled(tmp_path, "branches/1", "branches/2")
    with pytest.raises(PublishFailed) as refused:
        place.publish({}, dict.fromkeys(("branches/1", "branches/2", "branches/3"), "k"))
    assert refused.value.key == "journal_gaps"
    assert not place.target.exists()
    place.leave()
    assert len(place.standing({"branches/1": "k", "branches/2": "k"})) == 2


def test_what_is_done_stays_where_the_journal_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = settled(tmp_path, "branches/1")
    opened, broken = Path.open, OSError(5, "Input/output error")

    def cannot(path: Path, *how: Any, **named: Any) -> Any:
        if path.name == "journal.jsonl":
            raise broken
        return opened(path, *how, **named)

    with monkeypatch.context() as here:
        here.setattr(Path, "open", cannot)
        with pytest.raises(PublishFailed, match="Input/output error"):
            place.publish({}, {"branches/1": "k"})
        place.leave()
        with pytest.raises(PublishFailed, match="Input/output error"):
            Workplace(place.target, "choice")
    assert place.standing({"branches/1": "k"}) == {"branches/1"}


def test_clearing_away_gives_back_a_run_that_had_made_room(tmp_path: Path) -> None:
    """Killed between the two last renames, and then its inputs changed: the run before is nowhere else."""
    place = settled(tmp_path, "branches/1")
    (place.folder / "previous").mkdir()
    (place.folder / "previous" / "kept.txt").write_text("a", encoding="ascii")
    place.leave()
    clear_superseded(tmp_path / "2026Q2-zh-11111111", "2026Q2-zh-", "choice")
    assert (place.target / "kept.txt").is_file()
    assert not place.folder.exists()


@pytest.mark.parametrize("changed", ["font", "matplotlib", "Python", "zlib"])
def test_a_run_made_with_something_else_is_another_run(
    small_bank: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    order, workspace = Order(small_bank, "2026Q2", "zh"), open_workspace(small_bank)
    before, known = running.run_id(workspace, order), versions("Microsoft YaHei", pdf=False)
    assert changed in known
    assert running.run_id(workspace, order) == before
    monkeypatch.setattr(running, "versions", lambda *_, **__: known | {changed: "another"})
    assert running.run_id(workspace, order) != before


# --- the last step


def test_a_run_killed_between_its_two_last_renames_is_put_right(
    run: Command, small_bank: Path, tmp_path: Path
) -> None:
    """The incomplete run has been moved away, the new one not yet put in its place."""
    run("run", "--out", tmp_path / "whole")
    run("run", stand_in="fail:0102")
    (made,) = runs(small_bank)
    work = made.with_name(f"{WORK}{made.name}")
    work.mkdir()
    made.rename(work / "previous")
    assert run("run").code == 0
    (whole,) = (tmp_path / "whole").iterdir()
    assert runs(small_bank) == [made]
    assert contents(made) == contents(whole)


def test_a_run_killed_right_after_its_last_rename_is_done_and_leaves_nothing(
    run: Command, small_bank: Path
) -> None:
    run("run")
    (made,) = runs(small_bank)
    before = contents(made)
    (made.with_name(f"{WORK}{made.name}") / "making").mkdir(parents=True)
    assert "already published" in run("run").out
    assert runs(small_bank) == [made]
    assert contents(made) == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_workbook_held_open_keeps_the_previous_run_and_is_named(
    run: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """As Windows refuses to move a folder of which a file is open; Excel keeps a file ~$… beside an open workbook."""
    run("run", stand_in="fail:0102")
    (made,) = runs(small_bank)
    before = contents(made)
    held = made / "branches" / "0103" / "~$0103_2026Q2.xlsx"
    held.write_bytes(b"owner")
    rename = Path.rename

    def refuse(path: Path, to: Path) -> Path:
        if path == made:
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse)
        done = run("run", lang=lang)
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert str(held.with_name("0103_2026Q2.xlsx")) in done.err
    assert {"zh": "Excel 或 WPS 打开", "en": "open in Excel or WPS"}[lang] in done.err
    held.unlink()
    assert contents(made) == before
    assert run("run").code == 0
    assert manifest(made)["complete"] is True


# --- one at a time


def test_a_second_run_of_the_quarter_is_refused_at_once_and_told_who_has_it(
    run: Command, small_bank: Path
) -> None:
    with lock.held(small_bank / "runs" / ".riskkit-2026Q2.lock"):
        done = run("run")
        assert (done.code, f"in use by process {os.getpid()} (host " in done.err) == (1, True), done.err
        assert re.search(r"since 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", done.err)
        assert f"正由进程 {os.getpid()}（主机 " in run("run", lang="zh").err
        assert run("run", "2026Q1").code == 0
    assert run("run").code == 0
    assert not list((small_bank / "runs").glob(".*"))


def test_a_lock_whose_holder_is_gone_locks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text('{"process": "1", "host": "h", "since": "s"}', encoding="utf-8")
    with lock.held(path), pytest.raises(PublishFailed), lock.held(path):
        pass
    assert not path.exists()


# --- processes


def test_as_many_reports_at_once_as_cores_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for memory, fit in (
        (workers.EACH * 3 + 1, 3),
        (workers.EACH // 2, 1),
        (workers.EACH * 100, 8),
        (None, 8),
    ):
        monkeypatch.setattr(workers, "_memory", lambda memory=memory: memory)
        assert workers.fitting() == fit


@LINUX
@pytest.mark.full
@pytest.mark.parametrize(("stand_in", "times"), [("die:0103", 1), ("kill:0103", 3)])
def test_a_report_whose_process_ends_costs_one_and_is_tried_again_only_if_it_was_killed(
    small_bank: Path, written: Any, stand_in: str, times: int
) -> None:
    done = in_a_process(small_bank, "run", "--workers", "2", stand_in=stand_in)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "0103: the process making it ended of a sudden" in done.stderr
    assert written().count("0103_2026Q2.xlsx") == times
    assert sorted(path.name for path in runs(small_bank)[0].glob("branches/*")) == ["0101", "0102"]


@pytest.mark.full
def test_a_worker_that_dies_without_fork_costs_its_own_report_only(small_bank: Path, tmp_path: Path) -> None:
    """A pool loses every process with one; what was in flight is made again one by one, which finds the culprit."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "sitecustomize.py").write_text(
        "import runpy, riskkit.report.engine.ways as w\nw.can_fork = lambda: False\n"
        f"runpy.run_path({str(Path(__file__).parent / 'stand_ins' / 'sitecustomize.py')!r})\n",
        encoding="utf-8",
    )
    call, environment = command(small_bank, "run", "--workers", "2", stand_in="die:0102")
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "here"), environment["PYTHONPATH"]])
    done = subprocess.run(call, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, "0102: the process making it ended of a sudden" in done.stderr) == (1, True), (
        done.stderr
    )
    assert "0101" not in done.stderr
    assert sorted(path.name for path in runs(small_bank)[0].glob("branches/*")) == ["0101", "0103"]


@POSIX
@pytest.mark.full
def test_control_c_stops_within_seconds_leaves_no_process_and_what_is_done_is_kept(
    small_bank: Path, tmp_path: Path, written: Any
) -> None:
    """Control-C in a terminal goes to every process of the group."""
    whole = in_a_process(small_bank, "run", "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    call, environment = command(small_bank, "run", "--workers", "1", stand_in="slow")
    process = subprocess.Popen(
        call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert wait_for(lambda: any((small_bank / "runs").glob(f"{WORK}*/run/branches/*")), process)
    time.sleep(0.1)
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert (process.returncode, b"Traceback" in errors) == (1, False), errors.decode()
    assert re.search(rb"interrupted: [12] of 3 branch reports done and kept", errors), errors.decode()
    assert wait_for(lambda: not workers_of(small_bank), seconds=10), "processes outlived their run"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    written()
    assert in_a_process(small_bank, "run").returncode == 0
    assert "0101_2026Q2.xlsx" not in written()
    (made,), (expected,) = runs(small_bank), (tmp_path / "whole").iterdir()
    assert contents(made) == contents(expected)


@POSIX
def test_a_killed_run_leaves_no_process_and_goes_on(small_bank: Path, tmp_path: Path) -> None:
    call, environment = command(small_bank, "run", "--workers", "2", stand_in="slow")
    process = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_for(lambda: any((small_bank / "runs").glob(f"{WORK}*/run/*")), process)
    process.kill()
    process.wait()
    assert wait_for(lambda: not workers_of(small_bank), seconds=20), "processes outlived their run"
    assert [made for made in runs(small_bank) if not made.name.startswith(".")] == []
    assert in_a_process(small_bank, "run").returncode == 0
    shutil.copytree(small_bank, tmp_path / "other", ignore=shutil.ignore_patterns("runs", ".riskkit"))
    assert in_a_process(tmp_path / "other", "run").returncode == 0
    assert [contents(made) for made in runs(small_bank)] == [
        contents(made) for made in runs(tmp_path / "other")
    ]
