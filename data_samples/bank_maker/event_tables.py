"""What went wrong and what followed: incidents, complaints, findings, sanctions, red-line events."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache

from bank_maker import people, planted
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.quality import level, points
from bank_maker.quarters import FULL, HISTORY, Date, Quarter, after, on_or_after
from bank_maker.units import Unit, branches

_HOURS = {"minor": 24, "larger": 24, "major": 12, "grave": 2}


def _incident(seed: int, unit: Unit, quarter: Quarter, serial: int) -> Row:
    chance = Chance(seed, "incident", unit.code, quarter, serial)
    weak = (100 - points(seed, unit.code, "C3.2", quarter)) / 100
    kind = chance.weighted((("hazard", 1.0), ("violation", 2.2 * weak), ("leak", 0.5 * weak)))
    severity = chance.weighted((("minor", 8.0), ("larger", 1.0)))
    found_by = "self" if chance.happens(level(seed, unit.code, "B4.4", quarter)) else "inspection"
    occurred = chance.moment(chance.workday(quarter, leave=20))
    found = occurred + dt.timedelta(hours=chance.whole(1, 90))
    limit = _HOURS[severity]
    timely = chance.happens(level(seed, unit.code, "A6.2", quarter))
    reported = found + dt.timedelta(
        hours=chance.whole(1, limit - 2) if timely else limit + chance.whole(5, 60)
    )
    return {
        "case_no": f"SJ{quarter}-{unit.code}-{serial:02d}", "unit": unit.code, "occurred_at": occurred,
        "found_at": found, "reported_at": reported, "kind": kind, "severity": severity,
        "customers": chance.whole(1, 12) if kind == "leak" else 0, "state_secret": False, "secrecy": "internal",
        "found_by": found_by, "confirmed": kind != "hazard", "transferred": False,
        "remedy": chance.pick(("当场纠正", "收回并登记", "约谈教育")),
        "outcome": chance.pick(("批评教育", "通报", "已整改")),
        "closed_at": reported + dt.timedelta(days=chance.whole(3, 9)),
    }  # fmt: skip


@dataclass(frozen=True)
class _RedLine:
    """A confirmed red-line event and the case behind it."""

    unit: str
    red_line: str
    occurred: Date
    confirmed_on: Date
    severity: str
    facts: str
    kind: str = "violation"
    self_reported: bool = False
    appeal: str = "none"
    cured_on: Date | None = None
    customers: int = 0
    transferred: bool = False


_RED_LINES = (
    _RedLine(
        "0311", "RL02", Date(2025, 8, 6), Date(2025, 8, 21), "minor",
        "客户回单装错信封寄出，由客户发现", "leak", customers=1,
    ),
    _RedLine(
        planted.FINDINGS_CURED, "RL10", Date(2025, 9, 30), Date(2025, 10, 20), "larger",
        "信贷管理岗一人未经保密审查即上岗", "", cured_on=Date(2026, 5, 12),
    ),
    _RedLine("0212", "RL13", Date(2026, 2, 9), Date(2026, 2, 27), "larger", "客户资料柜未上锁，销号后再次发现", ""),
    _RedLine(planted.DEDUCTED, "RL05", Date(2026, 4, 16), Date(2026, 4, 28), "larger", "同一U盘在内外网计算机交叉使用"),
    _RedLine(
        planted.OVERTURNED, "RL12", Date(2026, 4, 3), Date(2026, 4, 15), "larger",
        "离岗人员账号疑似在离岗后登录；复核查明为系统自动任务", appeal="overturned",
    ),
    _RedLine(
        planted.SELF_REPORTED, "RL02", Date(2026, 4, 27), Date(2026, 5, 8), "minor",
        "对账单误投一户，网点当日自行发现并上报", "leak", self_reported=True, customers=1,
    ),
    _RedLine(
        planted.CAPPED, "RL06", Date(2026, 5, 11), Date(2026, 5, 20), "larger",
        "网点海报照片拍入客户账户清单并对外发布", "leak", customers=23,
    ),
    _RedLine(
        planted.VETOED, "RL07", Date(2026, 5, 6), Date(2026, 6, 9), "major",
        "一名员工有偿向外提供客户联系方式，已移送", "leak", customers=640, transferred=True,
    ),
)  # fmt: skip


def _case_no(event: _RedLine, quarter: Quarter) -> str:
    return f"SJ{quarter}-{event.unit}-90"


def _quarter_of(day: Date) -> Quarter:
    return Quarter(day.year, (day.month + 2) // 3)


def _case(event: _RedLine, quarter: Quarter) -> Row:
    occurred = dt.datetime(event.occurred.year, event.occurred.month, event.occurred.day, 10, 20, 0)
    found = occurred + dt.timedelta(hours=6)
    return {
        "case_no": _case_no(event, quarter), "unit": event.unit, "occurred_at": occurred, "found_at": found,
        "reported_at": found + dt.timedelta(hours=3), "kind": event.kind, "severity": event.severity,
        "customers": event.customers, "state_secret": False, "secrecy": "internal",
        "found_by": "self" if event.self_reported else "outside" if event.customers else "inspection",
        "confirmed": event.appeal != "overturned", "remedy": "通知客户并收回", "transferred": event.transferred,
        "outcome": "移送司法机关" if event.transferred else "已立案处理",
        "closed_at": None if event.transferred else found + dt.timedelta(days=20),
    }  # fmt: skip


def incidents(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """One row an incident, the cases behind red-line events among them."""
    count = Chance(seed, "incidents", unit.code, quarter).count(0.9 if unit.is_branch else 0.0)
    rows = [_incident(seed, unit, quarter, serial) for serial in range(1, count + 1)]
    rows += [
        _case(event, quarter)
        for event in _RED_LINES
        if event.unit == unit.code and event.kind and _quarter_of(event.occurred) == quarter
    ]
    return rows


def red_line_events(quarter: Quarter) -> list[Row]:
    """Every red-line event confirmed so far, as far as known at the cut-off."""
    rows: list[Row] = []
    for serial, event in enumerate(
        (each for each in _RED_LINES if each.confirmed_on <= quarter.last), start=1
    ):
        cured = event.cured_on if event.cured_on and event.cured_on <= quarter.last else None
        rows.append(
            {
                "event_no": f"HX{serial:03d}", "red_line": event.red_line, "unit": event.unit,
                "case_no": _case_no(event, _quarter_of(event.occurred)) if event.kind else None,
                "facts": event.facts, "severity": event.severity, "self_reported": event.self_reported,
                "confirmed_by": people.INSPECTORS[0], "confirmed_on": event.confirmed_on, "appeal": event.appeal,
                "cured_on": cured,
            }
        )  # fmt: skip
    return rows


def sanctions(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """What followed the confirmed violations and leaks of the quarter, and of the last weeks before it."""
    rows: list[Row] = []
    cases = incidents(seed, unit, quarter) + (
        incidents(seed, unit, quarter.shifted(-1)) if quarter != FULL[0] else []
    )
    for case in cases:
        if not case["confirmed"]:
            continue
        chance = Chance(seed, "sanction", case["case_no"])
        adjudicated = on_or_after(case["reported_at"].date() + dt.timedelta(days=chance.whole(5, 30)))
        timely = chance.happens(level(seed, unit.code, "C5.2", quarter))
        acted = adjudicated + dt.timedelta(days=chance.whole(6, 50) if timely else chance.whole(70, 130))
        if not quarter.first <= acted <= quarter.last and not (adjudicated <= quarter.last < acted):
            continue
        rows.append(
            {
                "case_no": case["case_no"], "unit": unit.code, "adjudicated_on": adjudicated,
                "sanctioned_on": acted if acted <= quarter.last else None,
                "sanction": chance.pick(("扣减绩效", "通报批评", "警告")) if acted <= quarter.last else None,
                "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def complaints(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Customers' complaints; fifteen days is the limit for those about information."""
    rows: list[Row] = []
    count = Chance(seed, "complaints", unit.code, quarter).count(unit.staff / 24) if unit.is_branch else 0
    for serial in range(1, count + 1):
        chance = Chance(seed, "complaint", unit.code, quarter, serial)
        received = chance.workday(quarter, leave=18)
        security = chance.happens(0.4)
        timely = chance.happens(level(seed, unit.code, "A6.4", quarter))
        closed = received + dt.timedelta(days=chance.whole(2, 14) if timely else chance.whole(17, 40))
        founded = chance.happens(0.3)
        rows.append(
            {
                "complaint_no": f"TS{quarter}-{unit.code}-{serial:02d}", "unit": unit.code, "received_on": received,
                "closed_on": closed if closed <= quarter.last else None,
                "category": "信息安全" if security else chance.pick(("服务态度", "业务办理", "收费")),
                "security": security, "founded": founded,
                "staff_no": chance.pick(people.present(seed, unit.code, quarter)).staff_no if founded else None,
            }
        )  # fmt: skip
    return rows


# ---------------------------------------------------------------- findings


@dataclass(frozen=True)
class _Finding:
    number: str
    unit: str
    found_on: Date
    due_on: Date
    severity: str
    item: str
    text: str
    category: str
    done_on: Date
    verified_on: Date
    source: str
    recurs: str = ""


_KINDS = (
    ("A3.2", "标识", "内部资料未加盖密级标识"), ("A3.3", "台账", "密件台账与实物不符"),
    ("A4.1", "客户信息", "客户资料缺少明示同意"), ("A4.2", "借阅", "借阅登记缺少审批"),
    ("A4.6", "档案", "档案库房检查缺陷未闭环"), ("A5.1", "合作方", "合作方保密条款缺失"),
    ("B4.1", "环境", "离座未锁屏、纸屑未碎"), ("C1.3", "人员", "承诺书未签订"),
    ("C2.1", "权限", "权限与岗位不匹配"), ("C2.3", "账号", "账号口令张贴或共用"),
)  # fmt: skip
_FIRST = Quarter(2024, 3)
_DAYS = {"minor": 30, "larger": 45, "major": 30}


def _verified(seed: int, unit: str, due: Date, chance: Chance) -> Date:
    """When a finding is verified: by its date with the branch's own chance, else so many days later."""
    quarter = min(max(_quarter_of(due), HISTORY[0]), FULL[-1])
    if unit == planted.FINDINGS_CURED and planted.CURED_FROM <= due < planted.CURED_ON:
        return on_or_after(planted.CURED_ON + dt.timedelta(days=chance.whole(0, 13)))
    if chance.happens(level(seed, unit, "A7.2", quarter) ** 0.8):
        return due - dt.timedelta(days=chance.whole(0, 12))
    typical = 10 + 2.6 * level(seed, unit, "A7.3", quarter)
    return due + dt.timedelta(days=int(typical * (0.5 + 1.2 * chance.share())))


def _one(seed: int, unit: str, quarter: Quarter, serial: int) -> _Finding:
    chance = Chance(seed, "finding", unit, quarter, serial)
    item, category, text = chance.pick(_KINDS)
    severity = chance.weighted((("minor", 6.5), ("larger", 3.0), ("major", 0.5)))
    found = chance.workday(quarter)
    due = on_or_after(found + dt.timedelta(days=_DAYS[severity]))
    verified = max(_verified(seed, unit, due, chance), after(found, 3))
    done = max(found + dt.timedelta(days=2), verified - dt.timedelta(days=chance.whole(1, 9)))
    source = chance.pick(("上级检查", "内部审计", "自查", "月度评估"))
    return _Finding(
        f"WT{quarter}-{unit}-{serial:02d}",
        unit,
        found,
        due,
        severity,
        item,
        text,
        category,
        done,
        verified,
        source,
    )


def _recurring(seed: int, new: _Finding, known: list[_Finding], taken: set[str]) -> _Finding:
    """A new finding may be an old one of at most half a year ago, closed by then and come back."""
    quarter = min(max(_quarter_of(new.found_on), HISTORY[0]), FULL[-1])
    old = [
        each
        for each in known
        if each.number not in taken
        and dt.timedelta(days=10) <= new.found_on - each.verified_on <= dt.timedelta(days=170)
    ]
    chance = Chance(seed, "recurs", new.number)
    if not old or not chance.happens(1.1 * level(seed, new.unit, "A7.4", quarter)):
        return new
    origin = chance.pick(old)
    taken.add(origin.number)
    severity = "larger" if origin.severity == "major" else origin.severity
    return replace(
        new, recurs=origin.number, item=origin.item, text=f"{origin.text}（再次发现）", category=origin.category,
        severity=severity,
    )  # fmt: skip


@cache
def _findings(seed: int, unit: str) -> tuple[_Finding, ...]:
    known: list[_Finding] = []
    taken: set[str] = set()
    quarter = _FIRST
    while quarter <= FULL[-1]:
        standing = points(seed, unit, "A7.1", max(quarter, HISTORY[0]))
        count = Chance(seed, "findings", unit, quarter).count(2.2 + (100 - standing) / 22)
        fresh = [_one(seed, unit, quarter, serial) for serial in range(1, max(count, 1) + 1)]
        known += [_recurring(seed, each, known, taken) for each in fresh]
        quarter = quarter.shifted(1)
    return tuple(known)


def _finding_row(seed: int, finding: _Finding, cutoff: Date) -> Row:
    verified = finding.verified_on if finding.verified_on <= cutoff else None
    done = finding.done_on if finding.done_on <= cutoff else None
    chance = Chance(seed, "owner", finding.number)
    return {
        "finding_no": finding.number, "unit": finding.unit, "source": finding.source, "found_on": finding.found_on,
        "description": finding.text, "category": finding.category, "severity": finding.severity, "item": finding.item,
        "root_cause": chance.pick(("人员疏忽", "制度未传达", "缺少复核", "系统未固化")),
        "action": chance.pick(("补办手续并复核", "专题培训", "完善台账", "调整权限")),
        "department": chance.pick(("综合部", "公司业务部", "个人业务部", "运营部")),
        "owner": people.keeper(seed, finding.unit), "due_on": finding.due_on, "done_on": done,
        "verifier": None if verified is None else chance.pick(people.INSPECTORS), "verified_on": verified,
        "evidence_no": None if verified is None else f"ZG{finding.number[2:]}",
        "status": "closed" if verified else "done" if done else "open", "recurs": finding.recurs or None,
    }  # fmt: skip


def findings(seed: int, quarter: Quarter) -> list[Row]:
    """Every finding open at the cut-off and those closed within two years, as known then."""
    cutoff = quarter.last
    since = Date(cutoff.year - 2, cutoff.month, 28)
    rows = [
        _finding_row(seed, finding, cutoff)
        for unit in branches(seed)
        for finding in _findings(seed, unit.code)
        if finding.found_on <= cutoff and finding.verified_on >= since
    ]
    return sorted(rows, key=lambda row: (row["found_on"], row["finding_no"]))
