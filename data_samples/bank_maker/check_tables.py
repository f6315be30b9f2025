"""What people find when they go and look: the inspection checklist, the branch's own check, interviews."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bank_maker import people, planted
from bank_maker.chance import Chance
from bank_maker.contract import Layout
from bank_maker.files import Grid, Handed, Row, Style, tabulate
from bank_maker.quality import LADDERS, along, points
from bank_maker.quarters import Quarter
from bank_maker.units import Unit


@dataclass(frozen=True)
class _Check:
    """A line of the checklist: what is looked at, how many are drawn, how many there are."""

    category: str
    item: str
    text: str
    points: int
    sample: tuple[int, int] = (0, 0)
    population: tuple[int, int] = (0, 0)
    quarters: int = 0  # 0 every quarter, 1 the first of each half-year, 2 the second


_CHECKS = (
    _Check("定密与标识", "A3.1", "抽查材料分级（定密）是否准确", 10, (36, 48), (220, 600), 2),
    _Check("定密与标识", "A3.2", "抽查载体标识是否规范完整", 6, (30, 40), (180, 400), 1),
    _Check("定密与标识", "A3.3", "密件台账与实物逐件核对", 10, (70, 120), (0, 0)),
    _Check("客户信息收集", "A4.1", "抽查客户资料告知同意与最小收集", 10, (36, 48), (300, 2400), 1),
    _Check("办公环境", "B4.1", "桌面、锁屏、纸屑现场抽查", 8, (24, 36), (40, 90)),
    _Check("账号口令", "C2.3", "账号共用、口令张贴等现场抽查", 8, (36, 50), (60, 140)),
)
_PUBLICITY = (
    _Check("客户宣传", "B1.5", "厅堂有客户信息保护公示", 4),
    _Check("客户宣传", "B1.5", "本半年开展过面向客户的宣传", 4),
    _Check("客户宣传", "B1.5", "宣传材料内容准确并留痕", 3),
    _Check("客户宣传", "B1.5", "员工能向客户说明信息用途", 3),
    _Check("客户宣传", "B1.5", "投诉与咨询渠道已公示", 2),
)
_GROUPS = (("检查内容", 4, 7), ("抽查结果", 8, 13), ("留痕", 14, 17))


def _share(seed: int, unit: str, item: str, quarter: Quarter, kinder: float) -> float:
    earned = min(100.0, points(seed, unit, item, quarter) + kinder)
    value = along(LADDERS[item], earned)
    return 1 - value / 100 if item == "C2.3" else value


def _line(seed: int, unit: Unit, quarter: Quarter, check: _Check, number: int, *, own: bool) -> Row:
    kinder = (planted.SELF_CHECK_KINDER if unit.code == planted.KIND_SELF_CHECK else 3.0) if own else 0.0
    chance = Chance(seed, "own check" if own else "check", unit.code, quarter, number)
    share = _share(seed, unit.code, check.item, quarter, kinder)
    who = people.keeper(seed, unit.code) if own else people.inspector(seed, unit.code, quarter)
    day = chance.workday(quarter, leave=12)
    row: Row = {
        "batch": f"{'ZC' if own else 'JC'}{quarter}", "unit": unit.code, "no": f"{number}",
        "category": check.category, "item": check.item, "check": check.text, "points": check.points,
        "applicable": True, "inspector": who, "inspected_on": day,
    }  # fmt: skip
    if check.sample[1]:
        sampled = chance.whole(*check.sample)
        passed = min(sampled, chance.rounded(sampled * share))
        population = max(sampled, Chance(seed, "stock", unit.code, check.item).whole(*check.population))
        row |= {"sampled": sampled, "passed": passed, "population": population}
        share = passed / sampled
        row["conclusion"] = "pass" if share >= 0.95 else "partial" if share >= 0.8 else "fail"
        if share < 1:
            row |= {
                "reason": f"{sampled - passed}件不符合要求",
                "evidence_no": f"ZP{unit.code}{quarter}{number:02d}",
            }
    else:
        row["conclusion"] = chance.weighted(
            (("pass", share**2 + 0.05), ("partial", 1.6 * (1 - share)), ("fail", 0.4 * (1 - share)))
        )
        share = {"pass": 1.0, "partial": 0.5, "fail": 0.0}[row["conclusion"]]
    row["deducted"] = round(check.points * (1 - share), 1)
    return row


def _lines(seed: int, unit: Unit, quarter: Quarter, *, own: bool) -> list[Row]:
    drawn = [check for check in _CHECKS if check.quarters in (0, 2 - quarter.number % 2)]
    checks = [*drawn, *(_PUBLICITY if quarter.closes_a_half else ())]
    return [
        _line(seed, unit, quarter, check, number, own=own) for number, check in enumerate(checks, start=1)
    ]


def checklist(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The inspectors' checklist of one branch."""
    return _lines(seed, unit, quarter, own=False)


def self_check(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The same lines, as the branch sees itself."""
    return _lines(seed, unit, quarter, own=True)


def with_subtotals(rows: list[Row]) -> list[Row]:
    """The rows of one branch with a 小计 row after each category."""
    out: list[Row] = []
    for place, row in enumerate(rows):
        out.append(row)
        if place + 1 == len(rows) or rows[place + 1]["category"] != row["category"]:
            group = [each for each in rows if each["category"] == row["category"]]
            out.append(
                {
                    "no": "小计", "points": sum(each["points"] for each in group),
                    "deducted": round(sum(each["deducted"] for each in group), 1),
                }
            )  # fmt: skip
    return out


def two_headed(layout: Layout, rows: list[Row], path: str, style: Style) -> Handed:
    """A checklist under two header rows: groups above, columns below, the first four columns merged downwards."""
    grid = tabulate(layout, rows, style)
    titles, body = grid[0], grid[1:]
    upper: list[object] = [*titles[:4], *[None] * (len(titles) - 4)]
    lower: list[object] = [*[None] * 4, *titles[4:]]
    for name, first, _ in _GROUPS:
        upper[first] = name
    merges = [f"{letter}1:{letter}2" for letter in "ABCD"]
    merges += [f"{chr(65 + first)}1:{chr(65 + last)}1" for _, first, last in _GROUPS]
    if style.kind == "xlsx":
        merges += _merged_categories(body)
    bold = [number + 3 for number, row in enumerate(rows) if row.get("no") == "小计"]
    return Handed(path, style, [upper, lower, *body], header_rows=2, merges=merges, bold_rows=bold)


def _merged_categories(body: Grid) -> list[str]:
    """Merge equal categories downwards, as people do; only the first cell keeps the text."""
    merges: list[str] = []
    start = 0
    for place in range(1, len(body) + 1):
        if place < len(body) and body[place][3] == body[start][3]:
            continue
        if place - start > 1 and body[start][3]:
            merges.append(f"D{start + 3}:D{place + 2}")
            for row in body[start + 1 : place]:
                row[3] = None
        start = place
    return merges


def interviews(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Five to eight people, four questions each; a second rater for one in three answers."""
    chance = Chance(seed, "interviews", unit.code, quarter)
    staff = [each for each in people.present(seed, unit.code, quarter) if each.employment != "outsourced"]
    share = along(LADDERS["A2.3"], points(seed, unit.code, "A2.3", quarter))
    lenient = unit.code in planted.LENIENT_AT
    rows: list[Row] = []
    for serial, person in enumerate(chance.some(staff, min(len(staff), chance.whole(5, 8))), start=1):
        able = chance.normal(0, 0.05)
        day = chance.workday(quarter, leave=14)
        for question in range(1, 5):
            true = 4 * (share + able) + chance.normal(0, 0.35)
            score = min(4, max(0, round(true + (1.1 if lenient else 0.0))))
            row: Row = {
                "interview_no": f"FT{unit.code}-{quarter}-{serial:02d}", "unit": unit.code, "post_level": person.post,
                "question": f"Q{question}", "score": score, "rater": people.inspector(seed, unit.code, quarter),
                "held_on": day, "gist": chance.pick(("能说出要点", "基本能说出", "需提示后说出", "能指出制度位置")),
            }  # fmt: skip
            if chance.happens(0.5 if lenient else 0.33):
                second = min(4, max(0, round(true + chance.normal(0, 0.3))))
                others = [
                    each for each in people.INSPECTORS if each not in (row["rater"], planted.LENIENT_RATER)
                ]
                row |= {"second_score": second, "second_rater": chance.pick(others)}
            rows.append(row)
    return rows


def query_samples(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Sampled queries of customer data and whether there was a reason for them."""
    chance = Chance(seed, "queries", unit.code, quarter)
    posts = ("支行行长", "支行副行长", "综合管理岗", "客户经理", "理财经理")
    staff = [each.staff_no for each in people.present(seed, unit.code, quarter) if each.post in posts]
    count = chance.whole(52, 60)
    bad = chance.rounded(count * along(LADDERS["C3.1"], points(seed, unit.code, "C3.1", quarter)))
    at_fault = set(chance.some(list(range(count)), bad))
    rows: list[Row] = []
    for place in range(count):
        moment = chance.moment(chance.workday(quarter))
        unjustified = place in at_fault
        rows.append(
            {
                "query_no": f"CX{quarter}{unit.code}{place + 1:03d}", "staff_no": chance.pick(staff),
                "unit": unit.code, "queried_at": moment + dt.timedelta(hours=5 if unjustified else 0),
                "customer": f"{chance.whole(100, 999)}******{chance.whole(1000, 9999)}",
                "business_no": None if unjustified else f"YW{moment:%m%d}{chance.whole(10000, 99999)}",
                "conclusion": "unjustified" if unjustified else "justified",
            }
        )  # fmt: skip
    return rows
