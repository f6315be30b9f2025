"""Reports made on a dask cluster: the same bytes as here, whatever is killed; what does not fit is refused.

A scheduler and workers run on this machine (`tests/clusters.py`); the report writers are stand-ins, but for one run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from riskkit.errors import ReportFailed
from riskkit.publish import damaged
from riskkit.report import versions
from riskkit.report.cluster import dispatch, likeness, station
from riskkit.report.cluster.dispatch import Cluster
from riskkit.report.cluster.notes import Answer, Errand, Notes, note
from riskkit.report.cluster.station import Left, Station
from riskkit.report.engine.children import Outcome
from riskkit.report.making import Order
from riskkit.report.workplace import WORK
from tests import small_bank as small
from tests.batches import (
    ROOT,
    Command,
    command,
    contents,
    in_a_process,
    runs,
    wait_for,
    with_stand_ins,
    workers_of,
)
from tests.clusters import LocalCluster, cluster

DISTRIBUTED = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="for want of distributed (riskkit[cluster])"
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
ROUNDS = 6
"""Branches' reports done before a worker is killed, and again before a process that forks is."""


def here(bank: Path, out: Path) -> Path:
    """The run as this machine makes it."""
    done = in_a_process(bank, "run", "--out", str(out))
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


def on(machines: LocalCluster, bank: Path) -> subprocess.CompletedProcess[str]:
    return in_a_process(bank, "run", "--dask", machines.address)


def begun(machines: LocalCluster, bank: Path) -> subprocess.Popen[str]:
    call, environment = command(bank, "run", "--dask", machines.address)
    return subprocess.Popen(
        call,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def reports(made: Path) -> dict[str, bytes]:
    """All but the manifest, which names the program."""
    return {name: held for name, held in contents(made).items() if name != "manifest.json"}


def done_branches(bank: Path) -> int:
    return len(list((bank / "runs").glob(f"{WORK}*/run/branches/*")))


def zygotes(machines: LocalCluster, worker: int) -> list[int]:
    """Processes that fork, of one worker: what it started has its own files there."""
    place = str(machines.folder / f"worker-{worker}")
    children = Path(f"/proc/{machines.workers[worker].pid}/task").glob("*/children")
    pids = [int(pid) for each in children for pid in each.read_text().split()]
    return [pid for pid in pids if place.encode() in Path(f"/proc/{pid}/environ").read_bytes()]


def nothing_is_left(machines: LocalCluster) -> bool:
    """Neither processes of a run nor files of them, where workers still live."""
    living = [number for number, worker in enumerate(machines.workers) if worker.poll() is None]
    files = [path for number in living for path in (machines.folder / f"worker-{number}").rglob("riskkit-*")]
    return not workers_of(machines.folder) and not files


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[LocalCluster]:
    """One slow worker."""
    log = {"RISKKIT_STAND_IN": "slow", "RISKKIT_STAND_IN_LOG": str(tmp_path / "written.log")}
    with cluster(tmp_path / "cluster", workers=1, **log) as started:
        yield started


# --- the same as here


@LINUX
@DISTRIBUTED
def test_the_commands_of_the_operating_page_make_the_run_that_is_made_here(
    small_bank: Path, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "operating.en.md").read_text(encoding="utf-8")
    lines = [
        shlex.split(line) for line in page.splitlines() if line.startswith("dask ") or " --dask " in line
    ]
    (_, *scheduler), (_, *worker), (_, *run) = lines
    assert (scheduler, worker[:2]) == (["scheduler", "--port", "8786"], ["worker", "tcp://head:8786"])
    expected = here(small_bank, tmp_path / "here")
    with cluster(tmp_path / "cluster", workers=0) as machines:
        machines.add(*worker[2:])
        here_instead = {
            "data_samples/bank": str(small_bank),
            "runs": str(small_bank / "runs"),
            "tcp://head:8786": machines.address,
        }
        done = in_a_process(small_bank, *(here_instead.get(word, word) for word in run))
        assert (done.returncode, done.stderr) == (0, "")
        (made,) = runs(small_bank)
        assert (made.name, contents(made)) == (expected.name, contents(expected))
        assert wait_for(lambda: nothing_is_left(machines)), workers_of(machines.folder)
        said = machines.log("scheduler") + machines.log("worker-0")
        assert not re.search(r"010[123]|支行|WARNING|ERROR|Traceback", said), said


@LINUX
@DISTRIBUTED
@pytest.mark.full
def test_workers_come_and_are_killed_and_nothing_is_lost_or_made_again(
    riskkit: Command, tmp_path: Path, machines: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker comes late; the first is killed, then the process that forks of the other. At each kill a report is
    under way: no more than these are begun a second time."""
    bank = small.make(tmp_path / "bank", branches=100)
    run = begun(machines, bank)
    assert wait_for(lambda: done_branches(bank) >= ROUNDS, run), run.communicate()
    machines.add("--nthreads", "1", "--no-nanny")
    assert wait_for(lambda: bool(zygotes(machines, 1)), run), run.communicate()
    (orphans, done) = zygotes(machines, 0), done_branches(bank)
    machines.workers[0].kill()
    machines.workers[0].wait()
    assert len(orphans) == 1
    assert wait_for(lambda: not Path(f"/proc/{orphans[0]}").exists(), seconds=20)
    assert wait_for(lambda: done_branches(bank) >= done + ROUNDS, run)
    (forking,) = zygotes(machines, 1)
    os.kill(forking, signal.SIGKILL)
    _, errors = run.communicate(timeout=120)
    assert (run.returncode, errors) == (0, "")
    with_stand_ins(riskkit, bank, monkeypatch)("run", "--out", tmp_path / "here")
    (made,), (expected,) = runs(bank), (tmp_path / "here").iterdir()
    assert damaged(made) == []
    assert reports(made) == reports(expected)
    written = Counter((tmp_path / "written.log").read_text(encoding="utf-8").split())
    again = {name.partition("_")[0] for name, times in written.items() if times > 1}
    assert len(again) <= 2, written
    assert wait_for(lambda: nothing_is_left(machines))


@LINUX
@DISTRIBUTED
@pytest.mark.full
def test_a_report_whose_process_is_killed_costs_one_report(small_bank: Path, tmp_path: Path) -> None:
    log = tmp_path / "written.log"
    kill = {"RISKKIT_STAND_IN": "kill:0103", "RISKKIT_STAND_IN_LOG": str(log)}
    with cluster(tmp_path / "cluster", workers=1, **kill) as machines:
        done = on(machines, small_bank)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert "0103: the process making it ended of a sudden" in done.stderr
        (made,) = runs(small_bank)
        assert (damaged(made), sorted(path.name for path in made.glob("branches/*"))) == (
            [],
            ["0101", "0102"],
        )
        assert json.loads((made / "failures.json").read_text(encoding="utf-8")).keys() == {"branches/0103"}
        assert log.read_text(encoding="utf-8").split().count("0103_2026Q2.xlsx") == 3


# --- breaking off


@LINUX
@DISTRIBUTED
@pytest.mark.full
def test_control_c_and_a_killed_run_leave_nothing_at_work_and_what_is_done_is_kept(
    tmp_path: Path, machines: LocalCluster
) -> None:
    bank = small.make(tmp_path / "bank", branches=40)
    run = begun(machines, bank)
    assert wait_for(lambda: done_branches(bank) >= ROUNDS, run), run.communicate()
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=30)
    assert (run.returncode, "Traceback" in errors) == (1, False), errors
    assert re.search(r"interrupted: \d+ of 40 branch reports done and kept", errors), errors
    assert wait_for(lambda: nothing_is_left(machines), seconds=15), workers_of(machines.folder)
    kept = done_branches(bank)
    assert kept >= ROUNDS
    run = begun(machines, bank)
    assert wait_for(lambda: done_branches(bank) >= kept + ROUNDS, run), run.communicate()
    machines.scheduler.kill()
    _, errors = run.communicate(timeout=60)
    assert (run.returncode, "Traceback" in errors) == (1, False), errors
    assert f"the scheduler at {machines.address} is lost; what is done is kept" in errors
    assert done_branches(bank) >= kept + ROUNDS


# --- what lies in the shared folder


def test_what_a_lost_worker_wrote_down_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    notes.leave_errand(Errand(Order(tmp_path, "2026Q2", "en"), "run", {}))
    notes.leave_work(7, "math:sqrt", [(1.0,), (4.0,), (9.0,)])
    lost = notes.attempt(7)
    with lost.open("wb") as stream:
        note(stream, 0, Answer((1.0,), Outcome(value=1.0)))
        note(stream, 1, Answer((4.0,), Outcome(value=2.0)))
    whole = lost.read_bytes()
    lost.write_bytes(whole[:-3])
    assert {index: answer.outcome.value for index, answer in notes.answers(7).items()} == {0: 1.0}
    assert notes.answers(1) == {}
    second = notes.attempt(7)
    second.write_bytes(whole)
    notes.settle(7, second)
    assert {index: answer.outcome.value for index, answer in notes.answers(7).items()} == {0: 1.0, 1: 2.0}


def test_what_a_lost_worker_has_done_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(tmp_path / "notes")
    notes.leave_errand(Errand(Order(tmp_path, "2026Q2", "en"), "run", {}))
    notes.leave_work(7, "math:sqrt", [(1.0,), (4.0,), (9.0,)])
    with notes.attempt(7).open("wb") as stream:
        note(stream, 1, Answer((4.0,), Outcome(value=2.0)))
    made: list[tuple[float]] = []

    def call(_: Station, function: str, given: tuple[float]) -> Answer:
        made.append(given)
        return Answer(given, Outcome(value=given[0] ** 0.5))

    monkeypatch.setattr(Station, "_call", call)
    at_work = Station(notes.place, tmp_path)
    at_work.perform(7)
    at_work.leave()
    assert made == [(1.0,), (9.0,)]
    assert [notes.answers(7)[index].outcome.value for index in range(3)] == [1.0, 2.0, 3.0]


def test_a_worker_leaves_a_run_that_gives_no_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station, "SILENCE", 0.5)
    notes = Notes(tmp_path / "notes")
    notes.leave_errand(Errand(Order(tmp_path, "2026Q2", "en"), "run", {}))
    at_work = Station(notes.place, tmp_path)

    def lives() -> bool:
        notes.give_sign_of_life()
        return at_work.ended

    assert not wait_for(lives, seconds=2)
    assert wait_for(lambda: at_work.ended)
    with pytest.raises(Left):
        at_work.open()


@DISTRIBUTED
def test_where_workers_die_again_and_again_the_call_they_died_at_counts_as_killed(tmp_path: Path) -> None:
    from distributed import KilledWorker

    machines = Cluster("tcp://head:8786", Order(tmp_path, "2026Q2", "en"), "run", tmp_path)
    machines._notes.leave_errand(Errand(machines._order, "run", {}))
    machines._notes.leave_work(1, "math:sqrt", [(1.0,), (4.0,), (9.0,)])
    with machines._notes.attempt(1).open("wb") as stream:
        note(stream, 0, Answer((1.0,), Outcome(value=1.0)))
    future = SimpleNamespace(status="error", exception=lambda: KilledWorker("task", None, 3))
    answers = machines._answers(future, 1)
    assert {index: (answer.outcome.value, answer.outcome.status) for index, answer in answers.items()} == {
        0: (1.0, None),
        1: (None, -9),
    }


# --- refused


@DISTRIBUTED
def test_what_the_page_says_of_certificates_is_what_dask_reads() -> None:
    import dask
    import distributed

    page = (ROOT / "docs" / "operating.en.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    files = {"ca_file": "/etc/dask/ca.pem", "cert": "/etc/dask/cert.pem", "key": "/etc/dask/key.pem"}
    with dask.config.set(dask.config.merge(dask.config.config, yaml.safe_load(block))):
        security = distributed.Security()
        assert security.require_encryption is True
        for role in ("scheduler", "worker", "client"):
            assert files.items() <= security.get_tls_config_for_role(role).items()


def refusal(place: Path) -> str:
    with pytest.raises(ReportFailed) as refused:
        likeness.compare(place)
    assert refused.value.message("zh") != refused.value.message("en")
    return refused.value.message("en")


def test_a_machine_that_does_not_see_the_folder_or_sees_another_workspace_is_refused(
    small_bank: Path, tmp_path: Path
) -> None:
    place = tmp_path / "runs" / f"{WORK}x" / "tmp" / "notes"
    assert f"does not see the folder {tmp_path / 'runs'};" in refusal(place)
    order = Order(small_bank, "2026Q2", "en")
    Notes(place).leave_errand(Errand(order, "2026Q2-en-00000000", likeness.likeness(order)))
    assert "as it is here: its files are not the same" in refusal(place)
    shutil.rmtree(small_bank)
    assert f"does not see the workspace {small_bank} as it is here:" in refusal(place)


def test_every_difference_of_versions_is_named(small_bank: Path) -> None:
    one = likeness.likeness(Order(small_bank, "2026Q2", "en"))
    assert {"riskkit", "Python", "processor", "font", "pandas", "numpy", "matplotlib", "pillow"} <= one.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[><=]", line)[0].replace("_", "-") for line in project["dependencies"]}
    assert needed - {"click", "jupyterlab", "tqdm"} == set(versions.LIBRARIES)
    likeness.refuse_unlike(one, dict(one), "host-2")
    other = {**one, "pandas": "0.1", "left-pad": "1"}
    with pytest.raises(ReportFailed) as refused:
        likeness.refuse_unlike(one, other, "host-2")
    told = refused.value.message("en").splitlines()
    assert "host-2" in told[0]
    assert told[1:] == [f"  pandas: {one['pandas']} here, 0.1 there", "  left-pad: - here, 1 there"]


@DISTRIBUTED
def test_an_address_no_host_can_have_is_refused(riskkit: Command, small_bank: Path) -> None:
    done = riskkit(small_bank, "run", "--dask", "tcp://a..b:8786")
    assert (done.code, "tcp://a..b:8786" in done.err) == (2, True)


def bare(tmp_path: Path) -> Cluster:
    """A cluster of two threads that nothing is connected to."""
    order = Order(tmp_path, "2026Q2", "en")
    made = Cluster("tcp://127.0.0.1:1", order, "2026Q2-en-00000000", tmp_path)
    made._notes.leave_errand(Errand(order, made._run, {}))
    made._client = SimpleNamespace(status="running", nthreads=lambda: {"a": 2}, cancel=lambda *_, **__: None)
    return made


class Hashable(SimpleNamespace):
    __hash__ = object.__hash__


def test_workers_that_end_again_and_again_with_nothing_done_are_given_up(tmp_path: Path) -> None:
    machines = bare(tmp_path)
    count = 0

    def submit(*_: object, **__: object) -> Hashable:
        nonlocal count
        count += 1
        future = Hashable(status="finished")
        future.add_done_callback = lambda tell: tell(future)
        return future

    machines._client.submit = submit
    with pytest.raises(ReportFailed) as refused:
        list(machines.each("math:sqrt", [(1.0,), (2.0,)], at_once=2))
    assert refused.value.key == "cluster_silent"
    assert dispatch.SILENT * 2 < count <= dispatch.SILENT * 2 + 2


def test_one_sign_of_life_that_fails_is_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station, "SILENCE", 0.06)
    machines, signs = bare(tmp_path), []

    def sign(_: Notes) -> None:
        signs.append(1)
        if len(signs) == 3:
            machines._over.set()
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(Notes, "give_sign_of_life", sign)
    machines._live()
    assert len(signs) == 3


def test_without_dask_the_remedy_is_named(
    riskkit: Command, small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = riskkit(small_bank, "run", "--dask", "tcp://127.0.0.1:8786")
    assert (done.code, 'pip install "riskkit[cluster]"' in done.err) == (2, True)
    assert runs(small_bank) == []


def test_dask_is_imported_for_a_cluster_only() -> None:
    modules = "riskkit.cli, riskkit.report.run, riskkit.report.workers, riskkit.report.making"
    code = f"import sys, {modules}\nprint({{'dask', 'distributed'}} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


@LINUX
@DISTRIBUTED
@pytest.mark.full
@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("tcp://127.0.0.1:1", 1, "no dask scheduler answered at tcp://127.0.0.1:1 within 5 seconds"),
        ("tcp://127.0.0.1", 2, "'tcp://127.0.0.1' is no address of a scheduler"),
        ("tls://127.0.0.1:1", 2, "'tls://127.0.0.1:1' takes certificates"),
    ],
)
def test_an_address_where_no_scheduler_is_is_refused_within_seconds(
    small_bank: Path, address: str, code: int, said: str
) -> None:
    done = in_a_process(small_bank, "run", "--dask", address)
    assert (done.returncode, said in done.stderr, done.stderr.count("\n")) == (code, True, 1), done.stderr
    assert runs(small_bank) == []


def refused(machines: LocalCluster, order: Order, place: Path) -> str:
    with pytest.raises(ReportFailed) as found, Cluster(machines.address, order, "run", place):
        pass
    return found.value.message("en")


@LINUX
@DISTRIBUTED
@pytest.mark.full
def test_a_cluster_without_workers_or_without_riskkit_is_refused(
    small_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "PATIENCE", 1)
    order, without = Order(small_bank, "2026Q2", "en"), tmp_path / "without"
    (without / "riskkit").mkdir(parents=True)
    (without / "riskkit" / "__init__.py").write_text("raise ImportError", encoding="utf-8")
    with cluster(tmp_path / "cluster", workers=0, PYTHONPATH=str(without)) as machines:
        assert "had no worker for 1 second" in refused(machines, order, tmp_path / "1")
        monkeypatch.setattr(dispatch, "PATIENCE", 60)
        machines.add("--nthreads", "1", "--no-nanny")
        assert f"not installed at {machines.address}" in refused(machines, order, tmp_path / "2")


@LINUX
@DISTRIBUTED
@pytest.mark.full
def test_a_worker_with_another_version_is_refused_before_it_opens_anything(
    small_bank: Path, tmp_path: Path
) -> None:
    """What is installed is read from the first folder of the path that names it."""
    other = tmp_path / "other" / "pandas-0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pandas\nVersion: 0.1\n", encoding="utf-8")
    order, path = Order(small_bank, "2026Q2", "en"), os.pathsep.join([str(other.parent), str(ROOT)])
    with cluster(tmp_path / "cluster", workers=1, PYTHONPATH=path) as machines:
        told = refused(machines, order, tmp_path / "1")
        assert f"versions at host {platform.node()} are not those here" in told
        assert re.search(r"^  pandas: 3\.\S+ here, 0\.1 there$", told, re.MULTILINE), told
        assert nothing_is_left(machines)
