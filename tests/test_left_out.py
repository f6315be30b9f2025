"""The skip mechanism of conftest.py, tried on a made-up suite in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")

SUITE = """
import pytest

@pytest.mark.needs("pdftoppm")
def test_needs_a_program(program):
    assert program("pdftoppm")

@pytest.mark.full
def test_is_slow():
    pass

def test_is_plain():
    pass

@pytest.mark.xfail(reason="known")
def test_is_known_to_fail():
    assert False
"""

CONFIG = "[pytest]\nmarkers =\n    full: slow\n    needs(program): outside Python\n"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_made_up.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    return tmp_path


def run(suite: Path, *options: str, **settings: str) -> tuple[int, str]:
    without = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "RISKKIT"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=suite,
        env=without | {"PATH": str(suite / "bin")} | settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def test_a_quick_run_names_the_missing_program_and_passes(suite: Path) -> None:
    code, output = run(suite)
    assert code == 0, output
    assert "1 test for want of Poppler (pdftoppm)" in output
    assert "1 test runs in the full set only" in output
    assert "1 passed, 2 skipped, 1 xfailed" in output


def test_the_names_arrive_from_parallel_workers(suite: Path) -> None:
    code, output = run(suite, "-n", "1")
    assert code == 0, output
    assert "1 test for want of Poppler (pdftoppm)" in output


@pytest.mark.parametrize(
    ("options", "settings"),
    [(["--full"], {}), (["--full", "-n", "1"], {}), ([], {"RISKKIT_FULL": "1"})],
)
def test_in_a_full_run_a_missing_program_is_a_failure(
    suite: Path, options: list[str], settings: dict[str, str]
) -> None:
    code, output = run(suite, *options, **settings)
    assert code == 1, output
    assert "\n1 test for want of Poppler (pdftoppm)" in output
    assert "2 passed, 1 xfailed, 1 error" in output


def test_in_a_full_run_a_whole_file_that_skips_itself_is_an_error(suite: Path) -> None:
    (suite / "test_absent.py").write_text(
        "import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8"
    )
    assert run(suite, "test_absent.py")[0] == 5  # nothing ran, nothing failed
    code, output = run(suite, "test_absent.py", "--full")
    assert code not in (0, 5), output


def test_an_unknown_program_is_refused(suite: Path) -> None:
    (suite / "test_typo.py").write_text(
        "import pytest\n@pytest.mark.needs('sofice')\ndef test_it(): pass\n", encoding="utf-8"
    )
    code, output = run(suite, "test_typo.py")
    assert code == 1
    assert "not sofice" in output
