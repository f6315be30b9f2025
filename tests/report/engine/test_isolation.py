"""What one notebook does never reaches the next, and what becomes of one touches no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from riskkit.report.engine import ways
from riskkit.report.engine.children import ZygoteFailed
from riskkit.report.engine.client import PRELOAD, Zygote
from riskkit.report.engine.jobs import Executed, Job
from tests.report.engine.probes import Cell, notebook

pytestmark = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")

LEAKS = {
    "pandas options": ("import pandas as pd; pd.options.display.precision = 1", "pd.options.display.precision"),
    "numpy options": ("import numpy as np; np.set_printoptions(precision=1)", "np.get_printoptions()['precision']"),
    "rcParams": ("import matplotlib as mpl; mpl.rcParams['lines.linewidth'] = 9", "mpl.rcParams['lines.linewidth']"),
    "pyplot's mode": ("import matplotlib.pyplot as plt; o = plt.ion()", "plt.isinteractive()"),
    "random state": ("import random; random.seed(1)", "random.random() == random.Random(1).random()"),
    "numpy's random state": ("np.random.seed(1)", "np.random.rand() == np.random.RandomState(1).rand()"),
    "folder": ("import os; os.chdir('/')", "os.getcwd() == '/'"),
    "environment": ("os.environ['LEAK'] = '1'", "os.environ.get('LEAK')"),
    "monkeypatches": ("import textwrap; textwrap.dedent = repr", "textwrap.dedent is repr"),
    "logging": ("import logging; logging.getLogger().setLevel(10)", "logging.getLogger().level"),
    "threads": (
        "import threading; gate = threading.Event(); threading.Thread(target=gate.wait, daemon=True).start()",
        "threading.active_count()",
    ),
    "variables": ("leak = 1", "'leak' in globals()"),
    "modules": ("import sys, types; sys.modules['leak'] = types.ModuleType('leak')", "'leak' in sys.modules"),
    "import path": ("sys.path.insert(0, '/leak')", "'/leak' in sys.path"),
    "warning filters": ("import warnings; warnings.filterwarnings('ignore', 'leak')", "warnings.filters[0][1] is None"),
    "locale of decimals": ("import decimal; decimal.getcontext().prec = 3", "decimal.getcontext().prec"),
    "signal handlers": ("import signal; o = signal.signal(signal.SIGUSR1, print)", "signal.getsignal(signal.SIGUSR1) is print"),
    "recursion limit": ("sys.setrecursionlimit(1234)", "sys.getrecursionlimit()"),
    "exits": ("import atexit; n = atexit.register(print)", "atexit._ncallbacks()"),
    "IPython's settings": ("get_ipython().ast_node_interactivity = 'all'", "get_ipython().ast_node_interactivity"),
}  # fmt: skip
IMPORTS = (
    "import atexit, decimal, json, logging, os, random, signal, sys, textwrap, threading, warnings\n"
    "import matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd"
)
Run = Callable[..., Executed]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """One for all tests of the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)
        with Zygote(preload=("numpy", "pandas", "matplotlib.pyplot")) as started:
            yield started


@pytest.fixture
def run(zygote: Zygote, tmp_path: Path) -> Run:
    """Runs cells: `run("1 / 0", cell_timeout=2)`."""

    def call(*cells: Cell, **settings: Any) -> Executed:
        return zygote.run(written(tmp_path, *cells), **{"cell_timeout": 60, **settings})

    return call


def written(folder: Path, *cells: Cell) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.ipynb"
    nbformat.write(notebook(list(cells)), path)
    return path


def shown(done: Executed, cell: int = -1) -> str:
    """What a cell printed or gave."""
    told = [each.get("text") or each["data"]["text/plain"] for each in done.notebook.cells[cell].outputs]
    return "".join(told).strip()


def states(done: Executed) -> list[str]:
    return [cell.state for cell in done.record.cells]


# --- leaks


def test_nothing_of_one_notebook_reaches_the_next(zygote: Zygote, tmp_path: Path) -> None:
    look = "[" + ", ".join(question for _, question in LEAKS.values()) + "]"
    clean = written(tmp_path, IMPORTS, f"for answer in {look}: print(answer)")
    leaks = (leak for leak, _ in LEAKS.values())
    spoils = written(tmp_path, IMPORTS, *leaks, f"for answer in {look}: print(answer)")
    jobs = [Job(path, cell_timeout=60) for path in (clean, spoils, clean)]
    before, spoilt, after = zygote.run_all(jobs, at_once=1)  # one after the other, by one runner
    assert shown(after) == shown(before)
    changed = [a != b for a, b in zip(shown(before).split("\n"), shown(spoilt).split("\n"), strict=True)]
    assert dict(zip(LEAKS, changed, strict=True)) == dict.fromkeys(LEAKS, True)
    assert len(LEAKS) >= 15


def test_no_two_notebooks_draw_the_same_random_numbers(zygote: Zygote, tmp_path: Path) -> None:
    draw = written(
        tmp_path, "import numpy as np, random, uuid\nprint(np.random.rand(), random.random(), uuid.uuid4())"
    )
    drawn = [shown(done).split() for done in zygote.run_all([Job(draw)] * 4, at_once=2)]
    assert all(len({draws[place] for draws in drawn}) == 4 for place in range(3))


def test_a_seed_gives_what_it_gives_everywhere(run: Run) -> None:
    """random.seed(1) is documented by its first number, 0.13436424411240122."""
    assert shown(run("import random; random.seed(1); random.random()")) == "0.13436424411240122"


# --- failures


@pytest.mark.parametrize(
    ("cell", "status", "signal"),
    [
        ("import os; os._exit(3)", 3, ""),
        ("import ctypes; ctypes.string_at(0)", -11, "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "SIGKILL"),
        ("import os; os.abort()", -6, "SIGABRT"),
    ],
)
def test_a_kernel_that_dies_is_told_with_what_it_had_done(
    run: Run, cell: str, status: int, signal: str
) -> None:
    done = run("print('before')", f"print('during')\n{cell}", "print('never')")
    assert states(done) == ["completed", "died", "pending"]
    assert (done.record.status, done.record.ended_by) == (status, signal)
    assert not done.record.completed
    assert [shown(done, place) for place in range(3)] == ["before", "during", ""]


@pytest.mark.parametrize(
    "hang",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import threading; threading.Lock().acquire() and threading.Event().wait()",
    ],
)
def test_a_cell_that_hangs_is_given_up(run: Run, hang: str) -> None:
    done = run("1", f"print('so far')\n{hang}", "3", cell_timeout=1)
    assert states(done) == ["completed", "failed", "pending"]
    assert done.record.failure is not None
    assert (done.record.failure.name, done.record.failure.cell) == ("CellTimeoutError", 1)
    assert done.notebook.cells[1].outputs[0].text == "so far\n"


@pytest.mark.parametrize("want", ["x = bytearray(10**9)", "import numpy as np; x = np.ones(10**8)"])
def test_a_notebook_that_wants_too_much_memory_is_told(run: Run, want: str) -> None:
    done = run("1", want, "3", memory=200 * 2**20)
    assert done.record.out_of_memory
    assert states(done)[-3:] == ["completed", "failed", "pending"]
    assert run("x = bytearray(10**8); len(x)", memory=400 * 2**20).record.completed


@pytest.mark.parametrize(
    "cell", ["1 / 0", "raise KeyboardInterrupt", "import sys; sys.exit(2)", "raise MemoryError"]
)
def test_an_error_stops_its_notebook_there(run: Run, cell: str) -> None:
    done = run("1", cell, "3")
    assert states(done)[-3:] == ["completed", "failed", "pending"]
    assert done.record.failure is not None
    assert (done.record.failure.cell, done.record.status) == (1, None)
    assert done.record.failure.traceback


def test_what_becomes_of_one_touches_no_other(zygote: Zygote, tmp_path: Path) -> None:
    cells = ["import os; os._exit(1)", "print('well')", "while True: pass", "1 / 0", "print('well')"]
    jobs = [Job(written(tmp_path, cell), cell_timeout=2) for cell in cells]
    ended = {each.job.notebook: each for each in zygote.run_all(jobs, at_once=3)}
    done = [ended[job.notebook] for job in jobs]
    assert [each.record.completed for each in done] == [False, True, False, False, True]
    assert [shown(each) for each in done if each.record.completed] == ["well", "well"]


def test_what_a_notebook_started_ends_with_it(run: Run) -> None:
    done = run("import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)")
    deadline = time.monotonic() + 10
    while _runs(int(shown(done))) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(int(shown(done)))


def _runs(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def test_files_left_open_are_written_and_exits_are_done(run: Run, tmp_path: Path) -> None:
    held, gone = tmp_path / "held.txt", tmp_path / "gone.txt"
    run(
        f"held = open({str(held)!r}, 'w'); n = held.write('kept')\nimport atexit, pathlib\nn = atexit.register(pathlib.Path({str(gone)!r}).write_text, 'done')"
    )
    assert (held.read_text(encoding="utf-8"), gone.read_text(encoding="utf-8")) == ("kept", "done")


def test_a_notebook_that_is_not_there_is_told(zygote: Zygote, tmp_path: Path) -> None:
    done = zygote.run(tmp_path / "none.ipynb")
    assert done.record.failure is not None
    assert done.record.failure.name == "FileNotFoundError"
    assert done.record.cells == ()


# --- the process that forks


def test_children_work_at_once_and_errors_come_back(zygote: Zygote) -> None:
    outcomes = dict(zygote.each("math:sqrt", [(4.0,), (-1.0,), (9.0,)], at_once=2))
    assert (outcomes[(4.0,)].value, outcomes[(9.0,)].value) == (2.0, 3.0)
    assert isinstance(outcomes[(-1.0,)].error, ValueError)
    ((_, died),) = zygote.each("os:_exit", [(5,)], at_once=1)
    assert (died.died, died.status) == (True, 5)


def test_a_child_takes_so_many_turns_and_one_that_is_gone_is_replaced(zygote: Zygote) -> None:
    def served(*calls: str, turns: int) -> list[object]:
        found = zygote.each(
            "builtins:eval", [("__import__('os')." + call,) for call in calls], at_once=1, turns=turns
        )
        return [outcome.status if outcome.died else outcome.value for _, outcome in found]

    first, second, third = served(*["getpid()"] * 3, turns=2)
    assert first == second != third
    before, died, after = served("getpid()", "_exit(7)", "getpid()", turns=3)
    assert died == 7
    assert before != after
    grown = "getpid(), globals().update(kept=b'x' * (300 << 20))"
    (before, _), after, again = served(grown, "getpid()", "getpid()", turns=3)
    assert before != after == again
    before, _, after = served("getpid()", "getpid(1)", "getpid()", turns=3)
    assert before != after


def test_a_child_that_is_needed_no_more_ends(tmp_path: Path) -> None:
    """Whether its work was done, or nobody waited for it."""
    with Zygote(preload=("numpy",)) as started:
        assert started._process is not None
        own = started._process.pid
        children = Path(f"/proc/{own}/task/{own}/children")
        assert shown(started.run(written(tmp_path, "print('well')"))) == "well"
        calls = started.each("time:sleep", [(0.0,), (0.2,)], at_once=2, turns=2)
        next(calls)
        assert children.read_text(encoding="ascii")
        calls.close()
        deadline = time.monotonic() + 20
        while children.read_text(encoding="ascii") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert children.read_text(encoding="ascii") == ""


def test_a_process_with_threads_does_not_fork(tmp_path: Path) -> None:
    """The hook starts a thread; the zygote must notice before it forks."""
    with Zygote(preload=(), jobs=False, prepare=("_thread:start_new_thread", (time.sleep, (60,)))) as started:
        ((_, outcome),) = started.each("math:sqrt", [(4.0,)], at_once=1)
    assert isinstance(outcome.error, ZygoteFailed)
    assert outcome.error.message("en").startswith("the process that prepares the reports has 2 threads")


def test_what_is_prepared_once_every_child_has(zygote: Zygote, tmp_path: Path) -> None:
    assert set(PRELOAD) >= {"numpy", "pandas", "matplotlib", "openpyxl", "pyarrow"}
    with Zygote(preload=("json",), jobs=True, prepare=("os:putenv", ("PREPARED", "once"))) as started:
        done = started.run(written(tmp_path, "import sys, os\n'json' in sys.modules, os.getppid() > 1"))
    assert shown(done) == "(True, True)"


def test_a_preload_that_fails_is_told_at_the_start() -> None:
    with pytest.raises(ZygoteFailed) as failed, Zygote(preload=("no_such_module",), jobs=False):
        pass
    assert "no_such_module" in failed.value.message("en")


def test_children_end_with_the_process_that_asked(tmp_path: Path) -> None:
    started = Zygote(preload=(), jobs=False)
    started.open()
    child = started.start("time:sleep", 60)
    while child.process is None:
        started.notices(None)
    process = child.process
    started.close()
    deadline = time.monotonic() + 10
    while _runs(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(process)
