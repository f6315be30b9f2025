"""Which tests run: the quick set or the full one, and which need a program outside Python.

A test marked `needs("soffice")` is skipped, with the program's name, on a machine without it; a test marked `full` is
left out of the quick set. With `--full` (or RISKKIT_FULL=1) everything runs and any skip is a failure.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

FULL_ONLY = "runs in the full set only"


# --- programs outside Python


def _on_path(*names: str, elsewhere: tuple[str, ...] = ()) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None) or next(
        (place for place in elsewhere if Path(place).is_file()), None
    )


def _soffice() -> str | None:
    return _on_path(
        "soffice",
        "libreoffice",
        elsewhere=(
            "/Applications/LibreOffice.app/Contents/MacOS/soffice",
            r"C:\Program Files\LibreOffice\program\soffice.exe",
        ),
    )


def _chromium() -> str | None:
    return _on_path(
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome",
        elsewhere=(
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        ),
    )


def _pdftoppm() -> str | None:
    return _on_path("pdftoppm")


def _cjk_font() -> str | None:
    """The file of a font that has the character 密."""
    from matplotlib.font_manager import findSystemFonts
    from matplotlib.ft2font import FT2Font

    for place in sorted(findSystemFonts()):
        try:
            if FT2Font(place).get_char_index(ord("密")):
                return place
        except (OSError, RuntimeError):
            continue
    return None


PROGRAMS: dict[str, tuple[str, Callable[[], str | None]]] = {
    "soffice": ("LibreOffice (soffice)", _soffice),
    "chromium": ("Chromium", _chromium),
    "pdftoppm": ("Poppler (pdftoppm)", _pdftoppm),
    "cjk_font": ("a Chinese font", _cjk_font),
}


@cache
def find_program(name: str) -> str | None:
    return PROGRAMS[name][1]()


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Gives the path of a program that the test is marked to need."""

    def path_of(name: str) -> str:
        marked = {word for marker in request.node.iter_markers("needs") for word in marker.args}
        assert name in marked, f"mark the test with @pytest.mark.needs({name!r})"
        found = find_program(name)
        assert found is not None
        return found

    return path_of


# --- the quick set and the full one


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the slow tests too; any skip is a failure")


def is_full(config: pytest.Config) -> bool:
    return bool(config.getoption("full")) or os.environ.get("RISKKIT_FULL", "0") not in ("", "0")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("full") and not is_full(item.config):
        item.user_properties.append(("left_out", FULL_ONLY))
        pytest.skip(FULL_ONLY)
    needed = dict.fromkeys(name for marker in item.iter_markers("needs") for name in marker.args)
    if unknown := [name for name in needed if name not in PROGRAMS]:
        pytest.fail(f"needs() knows {', '.join(PROGRAMS)}; not {', '.join(unknown)}", pytrace=False)
    if missing := [PROGRAMS[name][0] for name in needed if find_program(name) is None]:
        item.user_properties.extend(("left_out", f"for want of {name}") for name in missing)
        pytest.skip(f"for want of {', '.join(missing)}")


def _fail_instead(report: Any) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped, which the full set does not allow: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if is_full(item.config):
        _fail_instead(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if is_full(collector.config):
        _fail_instead(report)
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says at the end what was left out, and for want of what."""
    reports = [
        report for key in ("skipped", "failed", "error") for report in terminalreporter.stats.get(key, [])
    ]
    counts = Counter(
        reason
        for report in reports
        for name, reason in getattr(report, "user_properties", ())
        if name == "left_out"
    )
    if not counts:
        return
    terminalreporter.section("left out")
    for reason, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count} {'test' if count == 1 else 'tests'} {reason}")
    if not is_full(config):
        terminalreporter.write_line("python3 dev.py test --full runs everything and allows no skip.")


# --- the sample bank


@pytest.fixture(scope="session")
def sample_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample bank with a warm store; one for all workers. Tests may read it, never change it."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return _made_once(folder / "sample", _copy_sample) / "bank"


def _copy_sample(target: Path) -> None:
    from riskkit.workspace import open_workspace

    source = Path(__file__).parents[1] / "data_samples" / "bank"
    shutil.copytree(source, target / "bank", ignore=shutil.ignore_patterns("runs"))
    open_workspace(target / "bank").history()


def _made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder that the first of several processes makes while the others wait."""
    try:
        target.with_suffix(".claimed").mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 300
        while not target.is_dir():
            assert time.monotonic() < deadline, f"{target} was never made"
            time.sleep(0.1)
        return target
    unfinished = target.with_suffix(".unfinished")
    make(unfinished)
    return unfinished.rename(target)


@pytest.fixture(scope="session")
def sample_assessment(sample_bank: Path) -> Any:
    """The assessment of the sample bank's newest quarter."""
    from riskkit.workspace import open_workspace

    return open_workspace(sample_bank).assessment("2026Q2")


# --- the command line


class Told(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def riskkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """`riskkit` in this very process: `riskkit(bank, "score", "2026Q2", lang="zh")`."""
    from riskkit import cli

    def call(bank: Path | None, *words: object, lang: str = "en") -> Told:
        monkeypatch.setenv("RISKKIT_WORKSPACE", str(bank or ""))
        monkeypatch.setenv("RISKKIT_LANG", lang)
        monkeypatch.setattr("sys.argv", ["riskkit", *map(str, words)])
        before = os.umask(0o022)
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os.umask(before)
        return Told(code, *capsys.readouterr())

    return call


# --- a small bank


@pytest.fixture
def small_bank(tmp_path: Path) -> Path:
    """A workspace of the test's own: three branches, two quarters, a model of five items (`tests/small_bank.py`)."""
    from tests.small_bank import make

    return make(tmp_path / "bank")
