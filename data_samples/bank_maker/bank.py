"""The whole workspace: register, settings, and the files of every quarter."""

from __future__ import annotations

from pathlib import Path

from bank_maker import (
    access_tables,
    check_tables,
    event_tables,
    filing,
    history,
    mistakes,
    people,
    planted,
    survey,
)
from bank_maker.chance import Chance
from bank_maker.contract import Layout, layouts
from bank_maker.files import Handed, Row, Style, tabulate, write
from bank_maker.quarters import FULL, HISTORY, NEWEST, Quarter, exceptions
from bank_maker.units import BANK, Unit, units

_SETTINGS = f"""format: 1
name: {{zh: {BANK["zh"]}, en: {BANK["en"]}}}
lang: zh
marking: {{zh: 内部资料 注意保存, en: Internal}}
model: confidentiality
"""
_UNIT_COLUMNS = [
    "unit",
    "name",
    "parent",
    "level",
    "region",
    "staff",
    "sensitive_posts",
    "peer_group",
    "opened_on",
]
_TYPED = {"problem_list": "列出件数", "loans": "份数", "knowledge_tests": "成绩"}


def make(folder: Path, seed: int) -> None:
    """Write the sample bank below a folder."""
    _register(folder, seed)
    (folder / "riskkit.yaml").write_bytes(_SETTINGS.encode())
    tables = layouts()
    for quarter in HISTORY:
        rows = history.item_values(seed, quarter)
        handed = _plain(tables["item_values"], rows, Style(encoding="utf-8-sig"))
        write(folder / "evidence" / str(quarter), handed)
    for quarter in FULL:
        for handed in quarter_files(seed, quarter, tables):
            write(folder / "evidence" / str(quarter), handed)


def _register(folder: Path, seed: int) -> None:
    body = [
        [
            unit.code, unit.name, unit.parent, unit.level, unit.region, len(people.present(seed, unit.code, NEWEST)),
            sum(each.sensitive(NEWEST) for each in people.present(seed, unit.code, NEWEST)),
            unit.peer_group, unit.opened_on,
        ]
        for unit in units(seed)
    ]  # fmt: skip
    write(folder, Handed("register/units.csv", Style(), [list(_UNIT_COLUMNS), *body]))
    days = [[f"{day:%Y-%m-%d}", "yes" if works else "no"] for day, works in exceptions().items()]
    write(folder, Handed("register/holidays.csv", Style(), [["date", "working"], *days]))


def quarter_files(seed: int, quarter: Quarter, tables: dict[str, Layout]) -> list[Handed]:
    """Everything handed in for one quarter, with the newest quarter's mistakes and their ledger."""
    files: list[Handed] = []
    for call in filing.CALLS:
        if call.due(quarter):
            files += _called(seed, call, quarter, tables[call.table])
    files += _collected(seed, quarter, tables)
    if quarter == NEWEST:
        by_path = {handed.path: handed for handed in files}
        ledger = mistakes.make(by_path.__getitem__)
        files.append(_plain(tables["corrections"], ledger, Style(encoding="utf-8-sig")))
    return files


def _collected(seed: int, quarter: Quarter, tables: dict[str, Layout]) -> list[Handed]:
    """The tables kept by head office for the whole bank."""
    findings = Style(kind="xlsx", native_dates=True, sheet="问题台账")
    files = [
        _plain(tables["role_matrix"], access_tables.role_matrix(), Style(encoding="gb18030")),
        _plain(tables["findings"], event_tables.findings(seed, quarter), findings),
        _plain(tables["red_line_events"], event_tables.red_line_events(quarter), Style(encoding="utf-8-sig")),
        _plain(tables["submissions"], filing.submissions(seed, quarter), Style()),
    ]
    if ruled := filing.rulings(quarter):
        files.append(_plain(tables["rulings"], ruled, Style()))
    if quarter.closes_a_half:
        absent = frozenset({planted.THIN}) if quarter >= Quarter(2026, 1) else frozenset()
        grid = survey.export(seed, quarter, absent)
        files.append(Handed("问卷结果.csv", Style(encoding="gb18030"), grid))
        files.append(_plain(tables["question_map"], survey.question_map(), Style()))
    return files


def _plain(layout: Layout, rows: list[Row], style: Style) -> Handed:
    ending = "xlsx" if style.kind == "xlsx" else "csv"
    return Handed(f"{layout.file}.{ending}", style, tabulate(layout, rows, style))


def _called(seed: int, call: filing.Call, quarter: Quarter, layout: Layout) -> list[Handed]:
    found = filing.rows(seed, call, quarter)
    if call.table == "checklist":
        return _checklists(call, found, quarter, layout)
    handed = _plain(layout, [row for _, rows in found for row in rows], call.style)
    if call.style.by_name:
        _by_name(seed, call.table, [unit for unit, rows in found for _ in rows], handed, layout)
    if call.table == "drills":
        _lose_zeros(handed, layout)
    if call.table in _TYPED:
        _widen(seed, handed, _TYPED[call.table], quarter)
    return [handed]


def _checklists(
    call: filing.Call, found: list[tuple[Unit, list[Row]]], quarter: Quarter, layout: Layout
) -> list[Handed]:
    """One workbook a branch in the newest quarter, one csv before."""
    if quarter != NEWEST:
        rows = [row for _, mine in found for row in check_tables.with_subtotals(mine)]
        handed = check_tables.two_headed(layout, rows, f"{layout.file}.csv", call.style)
        _group_thousands(handed)
        return [handed]
    book = Style(kind="xlsx", native_dates=True, sheet="检查表")
    return [
        check_tables.two_headed(
            layout, check_tables.with_subtotals(mine), f"{layout.file}/{layout.file}_{unit.code}.xlsx", book
        )
        for unit, mine in found
    ]


# ---------------------------------------------------------------- the small untidinesses that need no ledger


def _full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in text)


def _by_name(seed: int, table: str, owners: list[Unit], handed: Handed, layout: Layout) -> None:
    """Name the units instead of giving their codes, some with a space or with full-width signs."""
    column = layout.index("unit")
    for place, (row, unit) in enumerate(zip(handed.grid[1:], owners, strict=True)):
        chance = Chance(seed, "named", table, handed.path, place)
        way = chance.share()
        name = (
            unit.name
            if way < 0.9
            else f"{unit.name[:2]} {unit.name[2:]}"
            if way < 0.95
            else f" {unit.name}　"
        )
        row[column] = _full_width(name) if chance.happens(0.2) else name


def _lose_zeros(handed: Handed, layout: Layout) -> None:
    """Unit codes stored as numbers, as happens to codes nobody formatted as text."""
    column = layout.index("unit")
    for row in handed.grid[1:]:
        row[column] = int(row[column])


def _widen(seed: int, handed: Handed, heading: str, quarter: Quarter) -> None:
    """Some figures typed in full width."""
    column = handed.grid[0].index(heading)
    for place, row in enumerate(handed.grid[1:]):
        if Chance(seed, "wide", handed.path, quarter, place).happens(0.015) and row[column] is not None:
            row[column] = _full_width(str(row[column]))


def _group_thousands(handed: Handed) -> None:
    column = handed.grid[1].index("总体数")
    for row in handed.grid[handed.header_rows :]:
        if isinstance(row[column], int) and row[column] >= 1000:
            row[column] = f"{row[column]:,}"
