"""What the engine asks of the system, and that it can be imported where the system has none of it."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from riskkit.report.engine import system, ways
from riskkit.report.engine.children import Child
from riskkit.report.engine.client import Zygote

LINUX = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")
ELSEWHERE = """
import ctypes, signal, sys
sys.modules["resource"] = None
library = ctypes.CDLL
def named_only(name, *given, **also):
    if name is None:
        raise TypeError("the name of a library is wanted")
    return library(name, *given, **also)
ctypes.CDLL = named_only
import riskkit.cli.reports, riskkit.report.run
from riskkit.report.making import died
print(died(-99)["error"])
"""


def test_all_can_be_imported_without_what_only_unix_has() -> None:
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("signal 99\n", "", 0)


def test_signals_are_called_by_their_names() -> None:
    assert [system.signal_name(number) for number in (9, 15, 99)] == ["SIGKILL", "SIGTERM", "signal 99"]


@LINUX
def test_a_process_that_forks_may_have_many_files_open() -> None:
    some, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
    try:
        zygote = Zygote()
        zygote.open()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (some, most))
    with contextlib.closing(zygote):
        ((_, outcome),) = zygote.each("resource:getrlimit", [(resource.RLIMIT_NOFILE,)], at_once=1)
    assert outcome.value[0] >= min(system.HANDLES, most)


@LINUX
def test_a_zygote_that_is_gone_with_something_unread_is_gone_like_any_other() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    zygote = Zygote.at(ours)
    child = zygote._fork(())
    theirs.close()
    assert zygote.wait(child, 5)
    assert child.refused == ("zygote_gone", {})
    zygote.close()


@LINUX
def test_a_program_bound_to_its_parent_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from riskkit.report.engine.system import ending_with_parent\n"
        "p = subprocess.Popen(['sleep', '60'], start_new_session=True, preexec_fn=ending_with_parent())\n"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    printer = int(parent.stdout.readline())
    assert Path(f"/proc/{printer}").exists()
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 10
    while time.monotonic() < until and "sleep" in _command(printer):
        time.sleep(0.05)
    assert "sleep" not in _command(printer)


def _command(process: int) -> str:
    """What a process runs; empty for one that is gone or only waits to be cleared away."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="ascii")
    except OSError:
        return ""


MATPLOTLIBRC = """
import matplotlib, sys
from pathlib import Path
from riskkit.report.making import Order, open_pack
open_pack(Order(Path(sys.argv[1]), "2026Q2", "en"))
print(matplotlib.rcParams["lines.linewidth"], matplotlib.rcParams["figure.facecolor"])
"""


def test_nobodys_matplotlibrc_changes_a_report(small_bank: Path, tmp_path: Path) -> None:
    """Matplotlib's own settings are 1.5 and white."""
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfigure.facecolor: black\n", encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-c", MATPLOTLIBRC, str(small_bank)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.split() == ["1.5", "white"]


def test_a_child_is_heard_until_nothing_more_has_come() -> None:
    ours, theirs = socket.socketpair()
    child = Child(1, ours)
    with ours, theirs:
        assert not child.hear()
        theirs.sendall((5).to_bytes(8, "big") + b"word")
        assert child.hear()
        assert not child.answered
        theirs.sendall(b"s")
        theirs.close()
        assert child.hear()
        assert child.answered
        assert not child.hear()
