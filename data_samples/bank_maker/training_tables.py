"""Training, tests and drills."""

from __future__ import annotations

import datetime as dt

from bank_maker import people
from bank_maker.access_tables import granted
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.people import Person
from bank_maker.quality import failing, level
from bank_maker.quarters import FULL, Quarter, on_or_after
from bank_maker.units import Unit

_PASS = 80.0
_HOURS = {"BM": 0.5, "ZS": 4.0, "GQ": 1.0}
_TITLES = {
    "BM": "保密必修课（{quarter}）",
    "ZS": "涉密岗位专题课（{quarter.year}年度）",
    "GQ": "岗前保密培训",
}


def training(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The learning platform's rows: the quarter's course for all, a special one, and induction for joiners."""
    staff = people.present(seed, unit.code, quarter)
    numbers = [person.staff_no for person in staff]
    absent = failing(seed, unit.code, "B1.2", quarter, numbers, level(seed, unit.code, "B1.2", quarter))
    pass_share = level(seed, unit.code, "B2.1", quarter)
    failed = failing(
        seed, unit.code, "B1.2", quarter, numbers, min(pass_share, 1 - len(absent) / max(1, len(staff)))
    )
    rows: list[Row] = []
    for place, person in enumerate(staff):
        rows.append(
            _course(seed, unit, person, "BM", quarter, done=place not in absent, passed=place not in failed)
        )
        if person.sensitive(quarter) and _first_of_year(person, quarter):
            diligent = _diligent(seed, person, quarter)
            rows.append(_course(seed, unit, person, "ZS", quarter, done=diligent, passed=diligent))
        if person.hired_on >= quarter.first:
            rows.append(_induction(seed, unit, person, quarter))
    return rows


def _diligent(seed: int, person: Person, quarter: Quarter) -> bool:
    return Chance(seed, "diligent", person.staff_no).happens(level(seed, person.unit, "B1.3", quarter))


def _first_of_year(person: Person, quarter: Quarter) -> bool:
    """Whether the yearly course falls into this quarter: the first one of the year the person is here for."""
    return quarter in (FULL[0], FULL[2]) or person.hired_on >= quarter.first


def _row(unit: Unit, person: Person, kind: str, number: str, quarter: Quarter) -> Row:
    return {
        "staff_no": person.staff_no, "name": person.name, "unit": unit.code, "unit_name": unit.name,
        "department": person.department, "course_no": number, "course": _TITLES[kind].format(quarter=quarter),
        "hours": _HOURS[kind], "mandatory": kind != "ZS",
    }  # fmt: skip


def _course(
    seed: int, unit: Unit, person: Person, kind: str, quarter: Quarter, *, done: bool, passed: bool
) -> Row:
    chance = Chance(seed, "course", kind, person.staff_no, quarter)
    row = _row(unit, person, kind, f"{kind}{quarter if kind == 'BM' else quarter.year}", quarter)
    if not done:
        begun = chance.happens(0.5)
        row["status"] = "in_progress" if begun else "not_started"
        if begun:
            row |= {"started_at": chance.moment(chance.workday(quarter)), "minutes": chance.whole(3, 70)}
        return row
    free = max(quarter.first, granted(seed, person) + dt.timedelta(days=7))
    latest = max(free, quarter.last - dt.timedelta(days=16))
    began = chance.moment(on_or_after(chance.day(free, latest)))
    ended = began + dt.timedelta(days=chance.whole(0, 9), minutes=chance.whole(50, 150))
    retakes = 0 if passed and chance.happens(0.9) else chance.whole(1, 2)
    score = chance.whole(80, 100) if passed else chance.whole(42, 78)
    hours = _HOURS[kind]
    return row | {
        "started_at": began, "completed_at": ended, "status": "completed",
        "minutes": int(hours * 45 * (0.85 + 0.4 * chance.share())),
        "exam_score": score, "passed": score >= _PASS, "retakes": retakes,
    }  # fmt: skip


def _induction(seed: int, unit: Unit, person: Person, quarter: Quarter) -> Row:
    chance = Chance(seed, "induction", person.staff_no)
    opened = granted(seed, person)
    timely = chance.happens(level(seed, unit.code, "B1.4", quarter))
    day = person.hired_on + dt.timedelta(days=chance.whole(0, 2))
    if not timely:
        day = min(opened + dt.timedelta(days=chance.whole(1, 6)), quarter.last)
    ended = chance.moment(min(day, opened - dt.timedelta(days=1)) if timely else day)
    return _row(unit, person, "GQ", "GQ0001", quarter) | {
        "started_at": ended - dt.timedelta(minutes=100), "completed_at": ended, "status": "completed",
        "minutes": chance.whole(80, 110), "exam_score": chance.whole(80, 99), "passed": True, "retakes": 0,
    }  # fmt: skip


def training_plan(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The activities planned for the quarter and the hours done."""
    share = level(seed, unit.code, "B1.1", quarter)
    rows: list[Row] = []
    for serial, activity in enumerate(
        ("保密专题学习", "案例警示教育", "客户信息保护宣传", "新员工保密教育"), start=1
    ):
        chance = Chance(seed, "plan", unit.code, quarter, serial)
        planned = chance.pick((2.0, 3.0, 4.0, 6.0))
        done = min(planned, round(2 * planned * (share + chance.normal(0, 0.06))) / 2)
        rows.append(
            {
                "activity_no": f"XJ{quarter}-{serial:02d}", "unit": unit.code, "activity": activity,
                "planned_hours": planned, "done_hours": max(0.0, done),
                "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def knowledge_tests(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Matched pre-tests, post-tests and retests after about ninety days."""
    staff = people.present(seed, unit.code, quarter)
    regular = [person for person in staff if person.employment != "outsourced"]
    chosen = Chance(seed, "tested", unit.code, quarter).some(regular, max(12, int(0.62 * len(regular))))
    gain, kept = level(seed, unit.code, "B2.2", quarter), level(seed, unit.code, "B2.3", quarter)
    numbers = [person.staff_no for person in chosen]
    lost = failing(seed, unit.code, "B2.3", quarter, numbers, kept)
    rows: list[Row] = []
    for place, person in enumerate(chosen):
        chance = Chance(seed, "test", person.staff_no, quarter)
        before = min(90.0, max(25.0, chance.normal(58, 9)))
        after = min(100.0, before + (100 - before) * min(1.0, max(0.0, gain + chance.normal(0, 0.12))))
        later = chance.whole(38, 76) if place in lost else max(_PASS, min(100.0, after - chance.whole(-2, 8)))
        first = on_or_after(quarter.first + dt.timedelta(days=chance.whole(0, 4)))
        for test, score, day in (
            ("pre", before, first),
            ("post", after, first + dt.timedelta(days=1)),
            ("retest", later, on_or_after(quarter.last - dt.timedelta(days=chance.whole(4, 9)))),
        ):
            rows.append(
                {
                    "unit": unit.code, "staff_no": person.staff_no, "test": test, "score": int(score),
                    "taken_on": day, "proctored": chance.happens(0.9),
                }
            )  # fmt: skip
    return rows


def drills(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """One simulated phishing wave a half-year."""
    chance = Chance(seed, "drill", unit.code, quarter)
    delivered = len(
        [each for each in people.present(seed, unit.code, quarter) if each.employment != "outsourced"]
    )
    failed = min(delivered, chance.rounded(delivered * level(seed, unit.code, "B4.2", quarter)))
    return [
        {
            "drill_no": f"DY{quarter}", "unit": unit.code, "template": "工资条查询链接（示例）", "difficulty": 1.0,
            "delivered": delivered, "failed": failed,
        }
    ]  # fmt: skip


def mystery_calls(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Calls by people who ask for what they must not be told."""
    chance = Chance(seed, "calls", unit.code, quarter)
    calls = list(range(chance.whole(10, 14)))
    failed = failing(seed, unit.code, "B4.3", quarter, calls, level(seed, unit.code, "B4.3", quarter))
    return [
        {
            "call_no": f"SM{quarter}-{call + 1:02d}", "unit": unit.code, "called_on": chance.workday(quarter),
            "passed": call not in failed, "confirmed_by": people.inspector(seed, unit.code, quarter),
        }
        for call in calls
    ]  # fmt: skip
