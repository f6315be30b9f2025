"""Nothing of any other branch stands anywhere in a branch's files: every part of the workbook, notebook, page, PDF."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import riskkit as rk
from riskkit.analysis.peers import place
from riskkit.report.notebooks import run_notebook, to_html
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.pages.branch import BranchReport
from riskkit.report.pdf import write_pdf
from riskkit.report.workbook_branch import write_branch_workbook

UNIT = "0103"
IMAGE = re.compile(r'"image/png": "[^"]*"|base64,[^"]*')


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(rk.open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def folder(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook, notebook and page of one branch."""
    place = tmp_path_factory.mktemp("discretion")
    write_branch_workbook(pack, UNIT, place / "b.xlsx")
    parameters = {"branch": UNIT, "quarter": "2026Q2", "workspace": str(pack.workspace.path), "lang": "zh"}
    run_notebook("branch_report", place / "b.ipynb", parameters=parameters)
    to_html(place / "b.ipynb", place / "b.html", title=UNIT, marking="-", lang="zh")
    return place


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, str]:
    """The text of everything, pictures left out, each part of the workbook by itself."""
    with zipfile.ZipFile(folder / "b.xlsx") as archive:
        found = {name: unescape(archive.read(name).decode()) for name in archive.namelist()}
    held = json.dumps(json.loads((folder / "b.ipynb").read_text(encoding="utf-8")), ensure_ascii=False)
    found["notebook"] = IMAGE.sub("", held)
    found["page"] = IMAGE.sub("", unescape((folder / "b.html").read_text(encoding="utf-8")))
    return found


def told_of_others(text: str, pack: QuarterPack) -> list[str]:
    """The names, the codes and the published scores of other branches in a text; a score that is a median of the peers,
    or a number of the branch's own, is none."""
    branches = pack.assessment.ranking()
    others = branches.drop(UNIT)
    peers = place(pack.assessment, UNIT).nodes
    shown = {f"{value:.2f}" for value in peers[["score", "median"]].to_numpy().ravel()}
    history = pack.history[pack.history["unit"] == UNIT]
    shown |= {f"{value:.2f}" for value in history[["score", "score_low", "score_high"]].to_numpy().ravel()}
    scores = {f"{value:.2f}" for value in others["score"]} - shown
    words = [*others.index, *scores]
    found = [word for word in words if re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)]
    return [*found, *(name for name in others["name"] if name in text)]


def test_the_search_finds_what_it_looks_for(pack: QuarterPack) -> None:
    other = pack.assessment.ranking().drop(UNIT).iloc[0]
    text = f"<v>{other.name}</v> {other['name']} {other['score']:.2f}，"
    assert len(told_of_others(text, pack)) == 3


def test_no_file_of_a_branch_tells_of_another(files: dict[str, str], pack: QuarterPack) -> None:
    assert {"xl/worksheets/sheet6.xml", "xl/workbook.xml", "xl/charts/chart1.xml", "notebook", "page"} <= set(
        files
    )
    assert {name: found for name, text in files.items() if (found := told_of_others(text, pack))} == {}


def test_no_number_in_the_workbook_is_anothers_own(files: dict[str, str], pack: QuarterPack) -> None:
    """To the last digit, for whoever unhides, unprotects or reads the XML; medians of the peers excepted."""
    nodes = pack.assessment.nodes
    mine, median = nodes["unit"] == UNIT, place(pack.assessment, UNIT).nodes["median"]
    own = {*nodes.loc[mine, "score"].dropna(), *median.dropna()}
    theirs = {score for score in nodes.loc[~mine, "score"].dropna() if round(score, 2) != score} - own
    numbers = re.findall(r"<(?:c:)?v>(-?[\d.]+(?:E-?\d+)?)</", "".join(files.values()))
    held = {float(number) for number in numbers}
    assert len(held) > 300
    assert len(theirs) > 500
    assert held & theirs == set()


@pytest.mark.needs("chromium", "pdftoppm")
def test_the_pdf_tells_no_more(folder: Path, pack: QuarterPack, program: Callable[[str], str]) -> None:
    write_pdf(folder / "b.html", folder / "b.xlsx", folder / "b.pdf")
    command = [str(Path(program("pdftoppm")).with_name("pdftotext")), "-layout", str(folder / "b.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert pack.assessment.summary.loc[UNIT, "name"] in text
    assert told_of_others(text, pack) == []
    assert b"19800101000000" in (folder / "b.pdf").read_bytes()


def test_peers_are_shown_as_medians_of_five_or_more_alone(small_bank: Path, pack: QuarterPack) -> None:
    """Three branches have no median; the sample branch's stands for sixteen."""
    small = BranchReport(prepare(rk.open_workspace(small_bank)), "0101")
    for line in small.dimensions().plain.splitlines()[1:]:
        assert line.split(" | ")[-2:] == ["–", "–"]
    large = BranchReport(pack, UNIT)
    assert large.peers.size >= 5
    shown = [line.split(" | ")[-2] for line in large.dimensions().plain.splitlines()[1:]]
    medians = large.peers.nodes["median"]
    assert shown == [f"{medians[name]:.2f}" for name in ("", "A", "B", "C")]
    assert np.isfinite(medians[""])
