"""A report as PDF: its page printed by Chromium, or else its workbook by LibreOffice."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

from riskkit.errors import Misuse, ReportFailed
from riskkit.publish import scratch_file
from riskkit.report.engine.system import ending_with_parent

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "libreoffice": ("soffice", "libreoffice"),
}
"""What each program may be called, the better printer first."""
SECONDS = 180
LONG_AGO = b"19800101000000"
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) ?\(D:)\d{14}")
_SUM = re.compile(rb"(/ID \[ <|^<|/DocChecksum /)[0-9A-F]{32}", re.M)
_TAGGED = {"UseTaggedPDF": {"type": "boolean", "value": "true"}}


class Printer(NamedTuple):
    """A program that makes PDFs."""

    name: Literal["chromium", "libreoffice"]
    path: str


def installed(name: str) -> str | None:
    """Where a program is installed, if it is."""
    return next((path for each in PROGRAMS[name] if (path := shutil.which(each))), None)


def printer() -> Printer:
    """The program that prints here. Raises `Misuse`, naming the remedies, where neither is installed."""
    for name in ("chromium", "libreoffice"):
        if path := installed(name):
            return Printer(name, path)
    raise Misuse("no_printer")


def write_pdf(page: Path, workbook: Path, target: Path) -> None:
    """Print a report to exactly this path: the page by Chromium, or the workbook where only LibreOffice is installed.

    Without network, in a profile that is thrown away. Times and ids are taken out, so that the same report gives the
    same bytes from the same version of the program with the same fonts. Raises `Misuse` without a program and
    `ReportFailed` where it failed or took more than three minutes.

        >>> write_pdf(Path("0103.html"), Path("0103.xlsx"), Path("0103.pdf"))
    """
    chosen = printer()
    with tempfile.TemporaryDirectory(prefix="riskkit-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        if chosen.name == "chromium":
            made = scratch / "page.pdf"
            _run(chosen, _by_chromium(chosen, page, made, scratch), scratch)
        else:
            made = scratch / workbook.with_suffix(".pdf").name
            _run(chosen, _by_libreoffice(chosen, workbook, scratch), scratch)
        if not made.is_file():
            raise ReportFailed("pdf_failed", program=chosen.name, why=_last_line(scratch))
        with scratch_file(target) as half:
            half.write_bytes(timeless(made.read_bytes()))


def timeless(pdf: bytes) -> bytes:
    """A PDF without the times and random ids that its program put in, every byte else where it was."""
    blank = _SUM.sub(rb"\g<1>" + b"0" * 32, _DATE.sub(rb"\g<1>" + LONG_AGO, pdf))
    return _SUM.sub(rb"\g<1>" + hashlib.sha256(blank).hexdigest()[:32].upper().encode(), blank)


def _by_chromium(chosen: Printer, page: Path, made: Path, scratch: Path) -> list[str]:
    quiet = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--disable-default-apps",
        "--host-resolver-rules=MAP * ~NOTFOUND",  # no name leads anywhere, whatever a page might ask for
        f"--user-data-dir={scratch / 'profile'}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet.append(
            "--no-sandbox"
        )  # Chromium refuses to run as root with it; the page has no script and no origin
    return [
        chosen.path,
        "--headless",
        *quiet,
        "--no-pdf-header-footer",
        f"--print-to-pdf={made}",
        page.resolve().as_uri(),
    ]


def _by_libreoffice(chosen: Printer, workbook: Path, scratch: Path) -> list[str]:
    return [
        chosen.path,
        f"-env:UserInstallation={(scratch / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        f"pdf:calc_pdf_Export:{json.dumps(_TAGGED)}",
        "--outdir",
        str(scratch),
        str(workbook.resolve()),
    ]


def _run(chosen: Printer, command: list[str], scratch: Path) -> None:
    """Run a program to its end, together with every process it starts."""
    places = {"XDG_CONFIG_HOME": str(scratch / "config"), "XDG_CACHE_HOME": str(scratch / "cache")}
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **places},
            start_new_session=True,
            preexec_fn=ending_with_parent(),
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise ReportFailed("pdf_failed", program=chosen.name, why=f"> {SECONDS} s") from None
        finally:
            _end(process)
    if code:
        raise ReportFailed("pdf_failed", program=chosen.name, why=_last_line(scratch))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running; a program that ended well has left nothing."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_line(scratch: Path) -> str:
    lines = (scratch / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "–"
