"""The registers a branch keeps: loans, copies, destructions, archives, partners, publications, meetings, plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bank_maker import people
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.quality import failing, level
from bank_maker.quarters import Date, Quarter, on_or_after
from bank_maker.units import Unit

_REASONS = ("贷后检查", "司法协助查询", "客户申请调阅", "内部审计调阅", "档案补正")
_TITLES = ("对公信贷档案", "个人贷款档案", "开户资料", "重要空白凭证登记簿", "机要文件汇编", "客户尽职调查表")
_LEVELS = (("internal", 6.0), ("low", 3.0), ("high", 1.0))
_DEPARTMENTS = ("综合部", "公司业务部", "个人业务部", "运营部")


def _bad(seed: int, unit: Unit, item: str, quarter: Quarter, things: Sequence[object]) -> set[int]:
    return failing(seed, unit.code, item, quarter, things, level(seed, unit.code, item, quarter))


def _borrowers(seed: int, unit: Unit, quarter: Quarter) -> list[str]:
    posts = ("信贷管理岗", "客户经理", "信贷档案助理", "运营主管", "理财经理")
    return [each.staff_no for each in people.present(seed, unit.code, quarter) if each.post in posts]


def loans(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Customer files and papers lent out; three days is the limit."""
    chance = Chance(seed, "loans", unit.code, quarter)
    count = list(range(chance.whole(18, 30)))
    late_share = level(seed, unit.code, "A4.3", quarter)
    late = failing(seed, unit.code, "A4.3", quarter, count, 1 - late_share)
    incomplete = _bad(seed, unit, "A4.2", quarter, count)
    rows: list[Row] = []
    for place in count:
        lent = chance.workday(quarter, leave=9)
        days = chance.whole(5, 14) if place in late else chance.whole(0, 3)
        back = lent + dt.timedelta(days=days)
        returned = None if place in late and chance.happens(0.2) else back
        row: Row = {
            "loan_no": f"JY{quarter}-{place + 1:03d}", "unit": unit.code, "title": chance.pick(_TITLES),
            "secrecy": chance.weighted(_LEVELS), "copies": chance.whole(1, 3),
            "borrower_no": chance.pick(_borrowers(seed, unit, quarter)), "department": chance.pick(_DEPARTMENTS),
            "reason": chance.pick(_REASONS), "approver": people.chief(seed, unit.code).staff_no,
            "lent_on": lent, "due_on": lent + dt.timedelta(days=3), "returned_on": returned,
            "written_off": returned is not None,
        }  # fmt: skip
        if place in incomplete:
            row[chance.pick(("reason", "approver", "approver"))] = None
        rows.append(row)
    return sorted(rows, key=lambda row: (row["lent_on"], row["loan_no"]))


def destructions(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Files and carriers destroyed in the half-year."""
    chance = Chance(seed, "destroyed", unit.code, quarter)
    count = list(range(chance.whole(5, 9)))
    bad = _bad(seed, unit, "A4.5", quarter, count)
    rows: list[Row] = []
    for place in count:
        row: Row = {
            "entry_no": f"XH{quarter}-{place + 1:02d}", "unit": unit.code, "title": chance.pick(_TITLES),
            "secrecy": chance.weighted(_LEVELS), "copies": chance.whole(1, 60),
            "method": chance.pick(("碎纸", "化浆", "消磁", "物理粉碎")),
            "approver": people.chief(seed, unit.code).staff_no, "witness": people.keeper(seed, unit.code),
            "destroyed_on": chance.workday(quarter),
        }  # fmt: skip
        if place in bad:
            row[chance.pick(("witness", "approver"))] = None
        rows.append(row)
    return rows


def carrier_events(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Copies, extracts, carry-outs and hand-overs of carriers."""
    chance = Chance(seed, "carriers", unit.code, quarter)
    count = list(range(chance.whole(9, 18)))
    bad = _bad(seed, unit, "A4.4", quarter, count)
    return [
        {
            "event_no": f"ZT{quarter}-{place + 1:02d}", "unit": unit.code,
            "kind": chance.pick(("copy", "copy", "extract", "carry_out", "transfer")),
            "happened_on": chance.workday(quarter),
            "approver": None if place in bad else people.chief(seed, unit.code).staff_no,
            "confirmed_by": people.keeper(seed, unit.code),
        }
        for place in count
    ]  # fmt: skip


def archive_checks(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The half-yearly checks of the archive rooms."""
    chance = Chance(seed, "archive", unit.code, quarter)
    share = level(seed, unit.code, "A4.6", quarter) ** 0.5
    rows: list[Row] = []
    for place, room in enumerate(("01", "02", "03", "04")):
        due = quarter.months()[place % 3] + dt.timedelta(days=24)
        timely = chance.happens(share)
        done = (
            due - dt.timedelta(days=chance.whole(0, 9))
            if timely
            else due + dt.timedelta(days=chance.whole(3, 20))
        )
        found = chance.whole(1, 6)
        rows.append(
            {
                "check_no": f"DA{quarter}-{room}", "unit": unit.code, "due_on": due,
                "done_on": done if done <= quarter.last else None, "defects_found": found,
                "defects_closed": min(found, chance.rounded(found * (2 * share - 1))),
                "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def meetings(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Leadership meetings of the half-year on confidentiality."""
    chance = Chance(seed, "meetings", unit.code, quarter)
    yearly = 2.1 if quarter.closes_a_year else 0.8  # most of the year's meetings are held before it closes
    proper = chance.rounded(yearly * level(seed, unit.code, "A1.2", quarter))
    return [
        {
            "meeting_no": f"HY{quarter}-{place + 1}", "unit": unit.code, "held_on": chance.workday(quarter),
            "minuted": True, "decided": place < proper, "confirmed_by": people.keeper(seed, unit.code),
        }
        for place in range(max(1, proper))
    ]  # fmt: skip


def third_parties(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Partners that handle customer data; the same ones all year."""
    chance = Chance(seed, "partners", unit.code)
    partners = list(range(chance.whole(6, 10)))
    lapsed, unseen = _bad(seed, unit, "A5.1", quarter, partners), _bad(seed, unit, "A5.3", quarter, partners)
    rows: list[Row] = []
    for place in partners:
        start = chance.day(Date(2024, 1, 1), Date(2025, 5, 30))
        seen = quarter.last - dt.timedelta(days=chance.whole(20, 300))
        data = chance.pick(("c1", "c2", "c2", "c3", "none"))
        rows.append(
            {
                "partner_no": f"HZ{unit.code}{place + 1:02d}", "name": f"示例合作方{unit.code}-{place + 1:02d}",
                "unit": unit.code, "data_level": data, "contract_from": start,
                "contract_to": Date(start.year + 3, start.month, 1), "clause": place not in lapsed,
                "assessed_on": start - dt.timedelta(days=chance.whole(5, 30)), "consent": chance.happens(0.9),
                "inspected_on": seen - dt.timedelta(days=400) if place in unseen else seen,
                "result": "符合" if place not in unseen else "",
            }
        )  # fmt: skip
    return rows


def provisions(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Customer data given to third parties."""
    chance = Chance(seed, "provided", unit.code, quarter)
    count = list(range(chance.whole(5, 12)))
    bad = _bad(seed, unit, "A5.2", quarter, count)
    rows: list[Row] = []
    for place in count:
        weak = chance.happens(0.5)
        rows.append(
            {
                "provision_no": f"TG{quarter}-{place + 1:02d}", "unit": unit.code,
                "recipient": f"示例合作方{unit.code}-{chance.whole(1, 6):02d}", "provided_on": chance.workday(quarter),
                "assessed": not (place in bad and weak), "legal_basis": not (place in bad and not weak),
                "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def publications(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """What the branch published, and whether it was looked over first."""
    chance = Chance(seed, "published", unit.code, quarter)
    count = list(range(chance.whole(6, 13)))
    bad = _bad(seed, unit, "A5.4", quarter, count)
    rows: list[Row] = []
    for place in count:
        day = chance.workday(quarter)
        seen = None if place in bad else day - dt.timedelta(days=chance.whole(0, 3))
        rows.append(
            {
                "publication_no": f"FB{quarter}-{place + 1:02d}", "unit": unit.code,
                "channel": chance.pick(("网点海报", "公众号", "行内简报", "新闻稿")), "published_on": day,
                "reviewed_on": seen, "reviewer": None if seen is None else people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def inspection_plan(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The inspections, self-checks and monthly assessments planned for the quarter."""
    first, second, third = (month + dt.timedelta(days=19) for month in quarter.months())
    planned = [("monthly", first), ("monthly", second), ("monthly", third)]
    planned += [("self_check", first), ("self_check", second), ("inspection", first), ("inspection", second)]
    if quarter.closes_a_half:
        planned += [("inspection", third - dt.timedelta(days=4)), ("self_check", third)]
    chance = Chance(seed, "planned", unit.code, quarter)
    share = level(seed, unit.code, "A7.1", quarter)
    rows: list[Row] = []
    for serial, (kind, day) in enumerate(planned, start=1):
        due = on_or_after(day)
        timely = chance.happens(share)
        done = (
            due - dt.timedelta(days=chance.whole(0, 3))
            if timely
            else due + dt.timedelta(days=chance.whole(12, 30))
        )
        rows.append(
            {
                "plan_no": f"JH{quarter}-{serial:02d}", "unit": unit.code, "kind": kind, "planned_on": due,
                "done_on": done if done <= quarter.last else None, "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def problem_list(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Problem items listed, and those cleared within three working days."""
    chance = Chance(seed, "listed", unit.code, quarter)
    listed = chance.whole(4, 40)
    return [
        {
            "unit": unit.code, "listed": listed,
            "cleared": min(listed, chance.rounded(listed * level(seed, unit.code, "A7.5", quarter))),
        }
    ]  # fmt: skip


GOALS = {
    "A1.2": ((1, 1, 1.5, 2), 0.25),
    "A6.3": ((0.5, 0.5, 1, 1), -0.1),
    "C3.1": ((0.01, 0.02, 0.02, 0.03), -0.004),
}
"""What a target of an item is when it is no share that should be high, and what is a step better."""


def targets(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Targets of departments and posts: a short one for each post, longer ones for some."""
    scope = [
        ("综合部", "支行行长", "short", "A7.2"), ("综合部", "支行副行长", "short", "A1.2"),
        ("综合部", "综合管理岗", "short", "A4.2"), ("综合部", "综合管理岗", "middle", "A4.6"),
        ("运营部", "运营主管", "short", "C2.2"), ("运营部", "柜员", "short", "B4.1"),
        ("公司业务部", "信贷管理岗", "short", "A3.3"), ("公司业务部", "客户经理", "short", "A4.1"),
        ("公司业务部", "客户经理", "middle", "A5.2"), ("个人业务部", "理财经理", "short", "C3.1"),
        ("个人业务部", "大堂经理", "short", "B1.2"), ("综合部", "支行行长", "long", "A6.3"),
    ]  # fmt: skip
    bare = _bad(seed, unit, "A1.4", quarter, scope)
    chance = Chance(seed, "targets", unit.code, quarter)
    attained = level(seed, unit.code, "A1.R1", quarter)
    rows: list[Row] = []
    for place, (department, post, horizon, item) in enumerate(scope):
        row: Row = {"unit": unit.code, "department": department, "post": post, "horizon": horizon}
        if place not in bare:
            due = (
                quarter.last
                if horizon == "short"
                else Date(quarter.year + (1 if horizon == "middle" else 3), 12, 31)
            )
            met = chance.happens(attained)
            goals, step = GOALS.get(item, ((0.9, 0.92, 0.95, 0.98), 0.01))
            goal = chance.pick(goals)
            steps = chance.whole(0, 2) if met else -chance.whole(1, 12)
            share = place % 3 == 0 and goal < 1
            row |= {
                "item": item, "target": f"{goal:.0%}" if share else goal,
                "actual": max(0.0, round(goal + steps * step, 4)),
                "attained": met if due <= quarter.last else None,
                "owner": people.chief(seed, unit.code).staff_no, "due_on": due,
            }  # fmt: skip
        rows.append(row)
    return rows
