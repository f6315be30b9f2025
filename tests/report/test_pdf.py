"""A report as PDF: by the right program, the same every time, and never silently none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from riskkit.errors import Misuse, ReportFailed
from riskkit.report import pdf
from riskkit.report.doctor import findings

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
PAGE = """<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>试</title></head><body><h1>保密评估</h1>
<img alt="" src="http://127.0.0.1:9/x.png"></body></html>"""


def stand_in(folder: Path, name: str, *lines: str) -> None:
    """A program that is a few lines of Python; `arguments` are its own."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, sys, time\narguments = sys.argv[1:]\n" + "\n".join(lines)
    )
    path.chmod(0o755)


PRINTS = (
    "out = next(a for a in arguments if a.startswith('--print-to-pdf=')).partition('=')[2]",
    "pathlib.Path(out).write_text('by chromium ' + arguments[-1].rpartition('/')[2])",
)
CONVERTS = (
    "out = pathlib.Path(arguments[arguments.index('--outdir') + 1])",
    "book = pathlib.Path(arguments[-1])",
    "(out / book.with_suffix('.pdf').name).write_text('by libreoffice ' + book.name)",
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is installed but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def written(folder: Path) -> str:
    (folder / "b.html").write_text(PAGE, encoding="utf-8")
    (folder / "b.xlsx").touch()
    pdf.write_pdf(folder / "b.html", folder / "b.xlsx", folder / "b.pdf")
    return (folder / "b.pdf").read_text(encoding="utf-8")


# --- which program


@POSIX
def test_chromium_prints_the_page_where_it_is_installed(machine: Path, tmp_path: Path) -> None:
    stand_in(machine, "chromium", *PRINTS)
    stand_in(machine, "soffice", *CONVERTS)
    assert written(tmp_path) == "by chromium b.html"


@POSIX
def test_libreoffice_prints_the_workbook_where_chromium_is_not(machine: Path, tmp_path: Path) -> None:
    stand_in(machine, "soffice", *CONVERTS)
    assert written(tmp_path) == "by libreoffice b.xlsx"


def test_without_either_the_user_is_told_both_remedies(machine: Path, tmp_path: Path) -> None:
    with pytest.raises(Misuse) as refused:
        written(tmp_path)
    for lang in ("zh", "en"):
        told = refused.value.message(lang)  # type: ignore[arg-type]
        assert all(remedy in told for remedy in ("Chromium", "LibreOffice", "--pdf", "HTML"))
    assert not (tmp_path / "b.pdf").exists()
    lines = [line.text for line in findings(None, "en")]
    assert sum("--pdf" in line and line.startswith("no ") for line in lines) == 2


@POSIX
@pytest.mark.parametrize(
    "lines", [("print('no display'); sys.exit(3)",), ("print('no display')",)], ids=["code", "nothing"]
)
def test_a_program_that_fails_is_told_with_what_it_said_last(
    machine: Path, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    stand_in(machine, "chromium", *lines)
    stand_in(machine, "soffice", *CONVERTS)
    with pytest.raises(ReportFailed, match="no display"):
        written(tmp_path)
    assert not (tmp_path / "b.pdf").exists()


@POSIX
def test_a_program_that_hangs_is_ended_with_all_it_started(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid"
    note = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str({child})); time.sleep(600)"
    stand_in(machine, "chromium", "import subprocess", note)
    monkeypatch.setattr(pdf, "SECONDS", 5)
    with pytest.raises(ReportFailed, match="5 s"):
        written(tmp_path)
    left = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not _runs(left):
            return
        time.sleep(0.1)
    raise AssertionError("the child of the program is still running")


def _runs(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    try:
        return (
            stat.read_text().rpartition(")")[2].split()[0] != "Z"
            if stat.parent.parent.is_dir()
            else _alive(process)
        )
    except FileNotFoundError:
        return False


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


# --- the same every time


def test_times_and_ids_are_taken_out_and_nothing_moves() -> None:
    one = b"/CreationDate (D:20260630101112+00'00')\n/ModDate (D:20260630101112+00'00')\nrest 20260630101112"
    other = (
        b"/CreationDate(D:20260630101112Z')\n/ID [ <"
        + b"A" * 32
        + b">\n<"
        + b"B" * 32
        + b"> ]\n/DocChecksum /"
        + b"C" * 32
    )
    assert pdf.timeless(one) == one.replace(b"D:20260630101112", b"D:19800101000000")
    fixed = pdf.timeless(other)
    assert len(fixed) == len(other)
    assert pdf.timeless(other.replace(b"A", b"0").replace(b"2026", b"2027")) == fixed
    assert pdf.timeless(other + b"more") != fixed + b"more"
    assert not any(mark * 8 in fixed for mark in (b"A", b"B", b"C"))


@pytest.mark.needs("chromium", "pdftoppm")
def test_chromium_prints_the_same_bytes_twice_and_fetches_nothing(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    page, prints = tmp_path / "b.html", []
    page.write_text(PAGE, encoding="utf-8")
    for name in ("one.pdf", "two.pdf"):
        pdf.write_pdf(page, tmp_path / "b.xlsx", tmp_path / name)
        prints.append((tmp_path / name).read_bytes())
        time.sleep(1.1)  # another second, so that a time left in it would show
    assert prints[0] == prints[1]
    command = [str(Path(program("pdftoppm")).with_name("pdftotext")), str(tmp_path / "one.pdf"), "-"]
    assert "保密评估" in subprocess.run(command, capture_output=True, check=True).stdout.decode()
