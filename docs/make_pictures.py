"""Make the pictures of the README from the sample bank: `python docs/make_pictures.py [--to FOLDER]`.

Each picture is the first page of something a run delivers: the quarter's workbook, turned into a PDF by LibreOffice,
and a branch's report, printed by Chromium. Needs both of them and Poppler's pdftoppm; nothing is drawn by hand.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from riskkit.report import notebooks
from riskkit.report.pack import prepare
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[1]
QUARTER = "2026Q2"
BRANCH = "0105"
WIDTH = 1200
COLOURS = 256


def program(*names: str) -> str:
    """The path of the first of these programs that is there."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        sys.exit(f"needs {' or '.join(names)}")
    return found


def quarter_pdf(bank: Path, lang: Language, folder: Path) -> Path:
    """The quarter's workbook as a PDF."""
    workbook = folder / f"quarter_{lang}.xlsx"
    write_quarter_workbook(prepare(open_workspace(bank, lang=lang), QUARTER, lang), workbook)
    profile = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    convert = [program("soffice", "libreoffice"), profile, "--headless", "--convert-to", "pdf"]
    subprocess.run([*convert, "--outdir", folder, workbook], check=True, capture_output=True)
    return workbook.with_suffix(".pdf")


def branch_pdf(bank: Path, lang: Language, folder: Path) -> Path:
    """A branch's report as a PDF."""
    workspace = open_workspace(bank, lang=lang)
    notebook = folder / f"branch_{lang}.ipynb"
    parameters = {"branch": BRANCH, "quarter": QUARTER, "workspace": str(bank), "lang": lang}
    notebooks.run_notebook("branch_report", notebook, parameters=parameters)
    page = notebook.with_suffix(".html")
    notebooks.to_html(notebook, page, title=f"{BRANCH} {QUARTER}", marking=workspace.marking, lang=lang)
    printed = notebook.with_suffix(".pdf")
    browser = [program("chromium", "chromium-browser", "google-chrome"), "--headless", "--no-sandbox"]
    quiet = ["--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder / 'browser'}"]
    print_to = f"--print-to-pdf={printed}"
    subprocess.run([*browser, *quiet, print_to, page.as_uri()], check=True, capture_output=True)
    return printed


def picture(pdf: Path, target: Path) -> None:
    """The first page of a PDF as a small PNG."""
    stem = target.parent / f".{target.stem}"
    first = ["-png", "-f", "1", "-l", "1", "-singlefile", "-scale-to-x", str(2 * WIDTH), "-scale-to-y", "-1"]
    subprocess.run([program("pdftoppm"), *first, pdf, stem], check=True)
    large = Path(f"{stem}.png")
    with Image.open(large) as image:
        size = (WIDTH, round(image.height * WIDTH / image.width))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            target, optimize=True
        )
    large.unlink()


def main() -> None:
    """Make every picture in both languages."""
    parser = argparse.ArgumentParser(description="Make the pictures of the README from the sample bank.")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures", metavar="FOLDER")
    target = parser.parse_args().to
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bank = shutil.copytree(ROOT / "data_samples" / "bank", folder / "bank")
        for lang in LANGUAGES:
            picture(quarter_pdf(bank, lang, folder), target / f"quarter.{lang}.png")
            picture(branch_pdf(bank, lang, folder), target / f"branch.{lang}.png")


if __name__ == "__main__":
    main()
