"""Cells of the newest quarter that are wrong on purpose, and the ledger that settles each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from bank_maker import people
from bank_maker.files import Handed, Row
from bank_maker.quarters import Date


@dataclass(frozen=True)
class _Mistake:
    """One wrong cell: the file, a row below the header from which to look, the column, and what is typed there."""

    path: str
    after: int
    heading: str
    wrong: str
    action: str
    reason: str
    value: str | None = None  # None: what had stood there


_MISTAKES = (
    _Mistake("检查表/检查表_0103.xlsx", 0, "抽查数", "4S", "replace", "原始检查单为手写数字，经检查人核对"),
    _Mistake("检查表/检查表_0307.xlsx", 2, "合格数", "+6", "replace", "合格数多录，按检查底稿更正"),
    _Mistake("人员花名册.xlsx", 700, "审查日期", "2026-02-30", "replace", "不存在的日期，按审查表原件更正"),
    _Mistake("借阅登记.csv", 210, "密级", "内部（绝密）", "replace", "密级填写不规范，按登记簿原件更正"),
    _Mistake("查询抽样.csv", 905, "核查结论", "待核", "drop_row", "截止日尚未核查完毕，不计入本季抽样"),
    _Mistake("访谈记录.csv", 41, "评分0-4", "5", "replace", "超出评分范围，评分人确认为满分", "4"),
    _Mistake("系统权限.csv", 1300, "机构编号", "0213", "replace", "登记册无此机构，系已撤并网点旧编号"),
    _Mistake("钓鱼演练.xlsx", 17, "投递数", "#REF!", "replace", "公式引用失效，按演练平台数据补录"),
    _Mistake(
        "合作方清单.xlsx", 66, "最近检查日期", "2026年13月5日", "blank", "原件日期无法辨认，按未检查处理"
    ),
)
_TWICE = ("培训记录.xlsx", 1500)


def _title_column(handed: Handed, heading: str) -> int:
    for row in handed.grid[: handed.header_rows]:
        if heading in row:
            return row.index(heading)
    raise KeyError(f"{handed.path} has no column {heading}")


def _text(value: object) -> str:
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    return "" if value is None else str(value)


def _entry(handed: Handed, row: int, column: int, found: str, mistake: _Mistake, value: str) -> Row:
    return {
        "file": handed.path, "sheet": handed.sheet or None, "cell": f"{get_column_letter(column + 1)}{row + 1}",
        "found": found, "action": mistake.action, "value": value or None, "reason": mistake.reason,
        "confirmed_by": people.INSPECTORS[0], "confirmed_on": Date(2026, 7, 8),
    }  # fmt: skip


def _spoil(handed: Handed, mistake: _Mistake) -> Row:
    column = _title_column(handed, mistake.heading)
    place = handed.header_rows + mistake.after
    while handed.grid[place][column] in (None, ""):
        place += 1
    before = handed.grid[place][column]
    wrong: object = mistake.wrong
    if mistake.wrong.startswith("+"):
        wrong = before + int(mistake.wrong)
    handed.grid[place][column] = wrong
    value = "" if mistake.action != "replace" else _text(before) if mistake.value is None else mistake.value
    return _entry(handed, place, column, _text(wrong), mistake, value)


def _twice(handed: Handed, after: int) -> Row:
    place = handed.header_rows + after
    handed.grid.insert(place + 1, list(handed.grid[place]))
    mistake = _Mistake(handed.path, after, "工号", "", "drop_row", "学习平台重复导出同一记录")
    return _entry(handed, place + 1, 0, _text(handed.grid[place][0]), mistake, "")


def make(find: Callable[[str], Handed]) -> list[Row]:
    """Put the mistakes into the files; the rows of the ledger."""
    ledger = [_spoil(find(mistake.path), mistake) for mistake in _MISTAKES]
    return [*ledger, _twice(find(_TWICE[0]), _TWICE[1])]
