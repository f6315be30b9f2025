"""Tables about people: roster, hand-over of leavers, letters of responsibility, appraisals."""

from __future__ import annotations

import datetime as dt
from functools import cache

from bank_maker import people, planted
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.people import Person
from bank_maker.quality import failing, level
from bank_maker.quarters import NEWEST, Date, Quarter
from bank_maker.units import Unit

_REVETTED_EVERY = 2  # years
_CURE = Date(2026, 5, 12)


def roster(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """One row a person at the cut-off, and those who left in the quarter."""
    staff = people.at(seed, unit.code, quarter)
    ordinary = [person.staff_no for person in staff if not person.sensitive(quarter)]
    share = 1 - (1 - level(seed, unit.code, "C1.3", quarter)) * len(staff) / max(1, len(ordinary))
    places = failing(seed, unit.code, "C1.3", quarter, ordinary, share)
    unsigned = {ordinary[place] for place in places}
    return [_roster_row(seed, person, quarter, signed=person.staff_no not in unsigned) for person in staff]


def _roster_row(seed: int, person: Person, quarter: Quarter, *, signed: bool) -> Row:
    left = person.left_on if person.left_on and person.left_on <= quarter.last else None
    moved = person.moved_on if person.moved_on and person.moved_on <= quarter.last else None
    row: Row = {
        "staff_no": person.staff_no, "name": person.name, "unit": person.unit, "department": person.department,
        "post": person.post, "employment": person.employment, "hired_on": person.hired_on, "left_on": left,
        "moved_on": moved, "sensitive": person.sensitive(quarter),
        "commitment_on": _commitment(seed, person, quarter, signed=signed),
    }  # fmt: skip
    if person.sensitive(quarter):
        row |= _sensitive(seed, person, quarter)
    if person.employment != "regular" and person.sensitive(quarter):
        row["supervisor_no"] = _supervisor(seed, person, quarter)
    if gone := person.goes(quarter):
        row |= _farewell(seed, person, quarter, gone)
    return row


def _commitment(seed: int, person: Person, quarter: Quarter, *, signed: bool) -> Date | None:
    """Signed anew every January, on the first day by those who join."""
    chance = Chance(seed, "commitment", person.staff_no)
    if not signed:
        return None
    return max(person.hired_on, Date(quarter.year, 1, 5 + chance.whole(0, 20)))


@cache
def unvetted(seed: int, unit: str, quarter: Quarter) -> frozenset[str]:
    """Staff numbers on sensitive posts that were not vetted before they began."""
    staff = [each.staff_no for each in people.at(seed, unit, quarter) if each.sensitivity]
    places = failing(seed, unit, "C1.2", NEWEST, staff, level(seed, unit, "C1.2", NEWEST))
    if unit == planted.FINDINGS_CURED:
        places = {2}
    return frozenset(staff[place] for place in places)


def _sensitive(seed: int, person: Person, quarter: Quarter) -> Row:
    chance = Chance(seed, "vetting", person.staff_no)
    vetted: Date | None = people.days_before(person.hired_on, chance.whole(6, 45))
    if person.staff_no in unvetted(seed, person.unit, quarter):
        late = person.hired_on + dt.timedelta(days=chance.whole(20, 300))
        if person.unit == planted.FINDINGS_CURED:
            late = _CURE
        vetted = late if late <= quarter.last else None
    due, done = _revetting(seed, person, quarter)
    bare = chance.share() > level(seed, person.unit, "C1.1", quarter)
    return {
        "sensitivity": None if bare else person.sensitivity,
        "vetted_on": vetted, "revet_due": due, "revetted_on": done,
    }  # fmt: skip


def _anniversary(day: Date, years: int) -> Date:
    return Date(day.year + years, day.month, min(day.day, 28))


def _revetting(seed: int, person: Person, quarter: Quarter) -> tuple[Date, Date | None]:
    """The latest date due by the cut-off (or the first one ever), and the day it was done, as far as known by then."""
    due = _anniversary(person.hired_on, _REVETTED_EVERY)
    while _anniversary(due, _REVETTED_EVERY) <= quarter.last:
        due = _anniversary(due, _REVETTED_EVERY)
    chance = Chance(seed, "revetting", person.staff_no, due)
    timely = chance.happens(level(seed, person.unit, "C1.4", NEWEST))
    done = due + dt.timedelta(days=-chance.whole(1, 25) if timely else chance.whole(12, 120))
    return due, done if done <= quarter.last else None


def _supervisor(seed: int, person: Person, quarter: Quarter) -> str | None:
    chance = Chance(seed, "supervised", person.staff_no)
    held = chance.happens(level(seed, person.unit, "C3.3", quarter))
    return people.chief(seed, person.unit).staff_no if held else None


def _farewell(seed: int, person: Person, quarter: Quarter, gone: Date) -> Row:
    chance = Chance(seed, "farewell", person.staff_no)
    kept = chance.happens(level(seed, person.unit, "C4.3", quarter) ** 0.5)
    if not kept:
        return {}
    row: Row = {"exit_interview_on": gone - dt.timedelta(days=chance.whole(0, 3))}
    if person.sensitivity:
        years = {"core": 3, "important": 2, "general": 1}[person.sensitivity]
        row |= {"declass_from": gone, "declass_to": _anniversary(gone, years)}
    return row


def leavers(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """One row a person who left, or who moved off a sensitive post, in the quarter."""
    rows: list[Row] = []
    for person in people.at(seed, unit.code, quarter):
        if (gone := person.goes(quarter)) is None:
            continue
        chance = Chance(seed, "leaver", person.staff_no)
        cleared = level(seed, unit.code, "C4.2", quarter) ** 0.5
        pledged = chance.happens(level(seed, unit.code, "C4.3", quarter) ** 0.5)
        rows.append(
            {
                "staff_no": person.staff_no, "unit": unit.code, "left_on": gone,
                "handed_over": chance.happens(cleared), "carriers_returned": chance.happens(cleared),
                "exit_commitment_on": gone if pledged else None,
                "confirmed_by": people.keeper(seed, unit.code),
            }
        )  # fmt: skip
    return rows


def responsibility_letters(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The leaders, departments and sensitive posts that must sign for the year."""
    parties = [("支行行长", "leader"), ("分管副行长", "leader")]
    parties += [(name, "department") for name in ("综合部", "公司业务部", "个人业务部", "运营部")]
    parties += [
        (post, "post")
        for post in ("运营主管", "综合管理岗", "信贷管理岗", "信贷档案助理", "客户经理", "柜员")
    ]
    missing = failing(seed, unit.code, "A1.1", quarter, parties, level(seed, unit.code, "A1.1", quarter))
    rows: list[Row] = []
    for place, (party, kind) in enumerate(parties):
        chance = Chance(seed, "letter", unit.code, party)
        signed = chance.day(Date(quarter.year, 10, 8), Date(quarter.year, 11, 28))
        row: Row = {
            "unit": unit.code,
            "party": party,
            "kind": kind,
            "confirmed_by": people.keeper(seed, unit.code),
        }
        if place not in missing:
            row |= {"signed_on": signed, "valid_until": Date(signed.year + 1, 12, 31)}
        elif chance.happens(0.5):
            row |= {"signed_on": Date(quarter.year - 1, 1, 20), "valid_until": Date(quarter.year - 1, 12, 31)}
        rows.append(row)
    return rows


def appraisals(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Whether each post's yearly appraisal includes confidentiality."""
    out = failing(seed, unit.code, "C5.1", quarter, people.POSTS, level(seed, unit.code, "C5.1", quarter))
    return [
        {
            "unit": unit.code, "post": post, "included": place not in out,
            "confirmed_by": people.keeper(seed, unit.code),
        }
        for place, post in enumerate(people.POSTS)
    ]  # fmt: skip
