"""The workbooks of a bank with more units than one workbook shows: page one, the ranking, and details branch by branch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from riskkit import store
from riskkit.report import book, workbook_quarter
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.part import first_level
from riskkit.report.sheet_xml import settle
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.workspace import open_workspace
from tests.report import ooxml, recalculation, workbooks

MOST, LISTED = 20, 6


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "en")


@pytest.fixture(scope="module")
def written(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The workbook of the bank, then those of its four first-level branches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook_quarter, "MOST", MOST)
        patch.setattr(workbook_quarter, "LISTED", LISTED)
        folder = tmp_path_factory.mktemp("large")
        write_quarter_workbook(pack, folder / "quarter.xlsx")

    return [folder / "quarter.xlsx", *sorted((folder / "details").glob("*.xlsx"))]


def own_units(pack: QuarterPack, top: str) -> set[str]:
    units = pack.assessment.measures.units
    return {top} | set(units.index[units["parent"] == top])


def test_every_first_level_branch_has_a_workbook_of_its_own(pack: QuarterPack, written: list[Path]) -> None:
    units = pack.assessment.measures.units
    assert [path.stem for path in written[1:]] == sorted(units.index[units["level"] == "first_level"])


def test_the_whole_ranking_stands_on_one_sheet_and_page_one_is_one_page(
    pack: QuarterPack, written: list[Path]
) -> None:
    rows = workbooks.sheets(written[0])["Ranking"]
    listed = [row[2] for row in rows if row[2] in pack.assessment.summary.index]
    assert listed == list(pack.assessment.ranking().index)
    book = load_workbook(written[0])
    assert book.sheetnames[:2] == ["Dashboard", "Ranking"]
    assert (book["Dashboard"].page_setup.fitToWidth, book["Dashboard"].page_setup.fitToHeight) == (1, 1)


def test_no_frame_of_all_units_and_items_is_made(sample_bank: Path, tmp_path: Path) -> None:
    """Of 16,000 branches such a frame is a million rows: the workbook asks for the columns and rows it shows."""
    pack = prepare(open_workspace(sample_bank), "2026Q2", "en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook_quarter, "MOST", MOST)
        patch.setattr(workbook_quarter, "LISTED", LISTED)
        write_quarter_workbook(pack, tmp_path / "quarter.xlsx")
    assert pack.before is not None
    for made in (pack.assessment, pack.before, pack.movement):
        assert not {"items", "nodes"} & vars(made).keys()
    assert "history" not in vars(pack)


def test_rows_settled_while_a_sheet_is_written_give_the_same_bytes(
    pack: QuarterPack, written: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_quarter, "MOST", MOST)
    monkeypatch.setattr(workbook_quarter, "LISTED", LISTED)
    monkeypatch.setattr(workbook_quarter, "first_level", lambda _: {})
    monkeypatch.setattr(book, "SETTLED", 3)
    settled: list[float] = []
    monkeypatch.setattr(book, "settle", lambda sheet, *stop: settled.extend(stop) or settle(sheet, *stop))
    write_quarter_workbook(pack, tmp_path / "quarter.xlsx")
    assert len(settled) > len(pack.ranking)  # of three sheets, each third row
    assert (tmp_path / "quarter.xlsx").read_bytes() == written[0].read_bytes()


@pytest.mark.usefixtures("pack")  # fills the store
def test_no_table_of_evidence_is_read_whole_but_short_registers(
    sample_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of 16,000 branches may take a tenth of a gigabyte; most of its columns are not shown."""
    pack = prepare(open_workspace(sample_bank), "2026Q2", "en")
    assert isinstance(pack.assessment.measures.evidence[pack.period].tables, store.LazyTables)
    whole: set[str] = set()
    read = store._read

    def told(path: Path, columns: Collection[str] = ()) -> pd.DataFrame:
        if path.parent.name.startswith("evidence") and not columns:
            whole.add(path.stem)
        return read(path, columns)

    monkeypatch.setattr(workbook_quarter, "MOST", MOST)
    monkeypatch.setattr(store, "_read", told)
    write_quarter_workbook(pack, tmp_path / "quarter.xlsx")
    assert whole <= {"submissions", "rulings", "corrections", "red_line_events"}


def test_lists_are_cut_and_say_so(pack: QuarterPack, written: list[Path]) -> None:
    sheets = workbooks.sheets(written[0])
    codes = [row[1] for row in sheets["Points lost"] if row[1] in pack.assessment.summary.index]
    assert len(codes) == LISTED
    for name in ("Points lost", "Data quality", "Red lines", "Open findings", "Changes"):
        told = [str(cell) for row in sheets[name] for cell in row if f"{LISTED} of " in str(cell)]
        assert told, name


def test_details_hold_their_own_units_and_nobody_else(pack: QuarterPack, written: list[Path]) -> None:
    units = pack.assessment.measures.units
    for path in written[1:]:
        own, words = own_units(pack, path.stem), " ".join(workbooks.words(path))
        sheets = workbooks.sheets(path)
        first = next(iter(sheets.values()))
        assessed = own & set(pack.assessment.ranking().index)
        assert {row[0] for row in first if row[0] in units.index} == assessed
        cells = {cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str)}
        assert not cells & (set(units.index) - own - {"0000"})
        others = units["name"][~units.index.isin(own) & (units["level"] != "head_office")]
        assert not [name for name in others if name in words and name not in set(units["name"][list(own)])]


def test_ranks_in_details_are_those_of_the_bank_and_marked_so(pack: QuarterPack, written: list[Path]) -> None:
    rank = pack.assessment.summary["rank"]
    for path in written[1:]:
        rows = workbooks.sheets(path)["Points"]
        head = next(row for row in rows if "Rank in the bank (published)" in row)
        column = head.index("Rank in the bank (published)")
        shown = {
            row[0]: row[column] for row in rows if row[0] in rank.index and not rank[[row[0]]].isna().any()
        }
        assert shown == {unit: rank[unit] for unit in shown}
        assert len(shown) == len(own_units(pack, path.stem) & set(pack.graded.index))


def test_links_and_formulas_stay_within_their_file(written: list[Path]) -> None:
    for path in written:
        assert ooxml.faults(path) == []
        assert not [text for text in recalculation.texts_that_compute(path) if "[" in text or "://" in text]


def test_a_second_writing_gives_the_same_bytes(
    written: list[Path], pack: QuarterPack, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook_quarter, "MOST", MOST)
        patch.setattr(workbook_quarter, "LISTED", LISTED)
        write_quarter_workbook(pack, tmp_path / "quarter.xlsx")
    again = [tmp_path / "quarter.xlsx", *sorted((tmp_path / "details").glob("*.xlsx"))]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


@pytest.mark.needs("soffice")
def test_recalculated_they_say_what_was_published(
    written: list[Path], program: Callable[[str], str], tmp_path: Path
) -> None:
    soffice = program("soffice")
    again = recalculation.recalculated(soffice, tmp_path, *written)
    for first, second in zip(written, again, strict=True):
        assert recalculation.formulas(first)
        assert recalculation.differences(first, second) == {}


def test_what_stands_below_no_first_level_branch_goes_with_the_institution(pack: QuarterPack) -> None:
    found = first_level(pack.assessment)
    register = pack.assessment.measures.units
    placed = [register.index[place] for places in found.values() for place in places]
    assert len(placed) == len(set(placed))
    assert set(pack.assessment.ranking().index) <= set(placed)
