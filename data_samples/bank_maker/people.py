"""Who works where and when: every person of the bank over the four quarters known in detail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from bank_maker import planted
from bank_maker.chance import Chance
from bank_maker.quarters import FULL, Date, Quarter
from bank_maker.units import HEAD, Unit, units

_STEMS = "甲乙丙丁戊己庚辛壬癸"

# post, department, sensitivity ("" = not a sensitive post), share of the staff beyond the fixed posts
_FIXED = (
    ("支行行长", "综合部", "core"), ("支行副行长", "综合部", "important"),
    ("运营主管", "运营部", "important"), ("综合管理岗", "综合部", "important"),
)  # fmt: skip
_SHARED = (
    ("信贷管理岗", "公司业务部", "general", 0.09), ("信贷档案助理", "公司业务部", "general", 0.05),
    ("客户经理", "公司业务部", "", 0.24), ("理财经理", "个人业务部", "", 0.14),
    ("柜员", "运营部", "", 0.34), ("大堂经理", "个人业务部", "", 0.09), ("安保服务岗", "综合部", "", 0.05),
)  # fmt: skip
_OFFICE = (("部门总经理", "办公室", "core"), ("机要岗", "办公室", "important"))
_OFFICE_SHARED = (
    ("职员", "内控合规部", "", 0.5), ("信息科技岗", "信息科技部", "general", 0.2),
    ("业务管理岗", "运营管理部", "", 0.3),
)  # fmt: skip
_NOT_REGULAR = {"信贷档案助理": "agency", "大堂经理": "agency", "安保服务岗": "outsourced"}

INSPECTORS = tuple(f"0099{serial:04d}" for serial in range(1, 9))
POSTS = tuple(post for post, *_ in (*_FIXED, *_SHARED))


@dataclass(frozen=True)
class Person:
    """One person; `moved_on` is the day they left a sensitive post for an ordinary one in the same branch."""

    staff_no: str
    name: str
    unit: str
    department: str
    post: str
    employment: str
    sensitivity: str
    hired_on: Date
    left_on: Date | None = None
    moved_on: Date | None = None

    def works(self, day: Date) -> bool:
        return self.hired_on <= day and (self.left_on is None or self.left_on > day)

    def sensitive(self, quarter: Quarter) -> bool:
        """Whether the post is sensitive in this quarter; whoever moves off it is still shown so in that quarter."""
        return bool(self.sensitivity) and (self.moved_on is None or self.moved_on >= quarter.first)

    def goes(self, quarter: Quarter) -> Date | None:
        """The day in the quarter on which the person left the bank or the sensitive post."""
        for day in (self.left_on, self.moved_on):
            if day is not None and quarter.first <= day <= quarter.last:
                return day
        return None


def _posts(unit: Unit, count: int, chance: Chance) -> Iterator[tuple[str, str, str]]:
    fixed, shared = (_FIXED, _SHARED) if unit.is_branch else (_OFFICE, _OFFICE_SHARED)
    options = [((post, department, level), share) for post, department, level, share in shared]
    yield from fixed[:count]
    # Every branch has at least one of each, so that every duty has somebody to bear it.
    yield from [option for option, _ in options][: max(0, count - len(fixed))]
    for _ in range(count - len(fixed) - len(options)):
        yield chance.weighted(options)


def _person(unit: Unit, number: int, role: tuple[str, str, str], hired_on: Date, chance: Chance) -> Person:
    post, department, sensitivity = role
    employment = _NOT_REGULAR.get(post) or (
        "agency" if post == "柜员" and chance.happens(0.15) else "regular"
    )
    return Person(f"009{number:05d}", "", unit.code, department, post, employment, sensitivity, hired_on)


def _turnover(
    unit: Unit, people: list[Person], number: int, quarter: Quarter, chance: Chance
) -> list[Person]:
    """One quarter's leavers, movers and joiners; the head count stays what it was."""
    ordinary = [
        place for place, each in enumerate(people) if each.left_on is None and each.post not in ("支行行长",)
    ]
    gone = chance.some(ordinary, min(3, chance.rounded(len(ordinary) * 0.045)))
    joined = []
    for place in gone:
        left_on = chance.workday(quarter, leave=12)
        leaver = people[place]
        people[place] = replace(leaver, left_on=left_on)
        role = (leaver.post, leaver.department, leaver.sensitivity)
        joined.append(_person(unit, number, role, chance.workday(quarter, leave=20), chance))
        number += 1
    movers = [
        place for place, each in enumerate(people)
        if each.sensitivity == "general" and each.left_on is None and each.moved_on is None
    ]  # fmt: skip
    if len(movers) > 2 and chance.happens(0.12):
        place = chance.pick(movers)
        people[place] = replace(people[place], moved_on=chance.workday(quarter, leave=12))
    return joined


def _staff(seed: int, unit: Unit, first: int) -> list[Person]:
    chance = Chance(seed, "people", unit.code)
    people = [
        _person(unit, first + place, role, _hired(chance), chance)
        for place, role in enumerate(_posts(unit, unit.staff, chance))
    ]
    for quarter in FULL:
        people += _turnover(unit, people, first + len(people), quarter, chance)
    return people


def _hired(chance: Chance) -> Date:
    return chance.day(Date(2003, 1, 1), Date(2025, 5, 31))


@cache
def everyone(seed: int) -> tuple[Person, ...]:
    """Everyone who worked at the bank at some time in the four quarters."""
    people: list[Person] = []
    for unit in units(seed):
        people += _staff(seed, unit, len(people) + 1)
    inspectors = iter(INSPECTORS)
    named: list[Person] = []
    for place, person in enumerate(people):
        number = person.staff_no
        if person.unit == HEAD and person.post == "职员" and (kept := next(inspectors, None)):
            number = kept
        named.append(
            replace(person, staff_no=number, name=f"测试员{_STEMS[place // 250]}{place % 250 + 1:03d}")
        )
    return tuple(named)


@cache
def at(seed: int, unit: str, quarter: Quarter) -> tuple[Person, ...]:
    """The people of a unit at the cut-off and those who left in the quarter."""
    return tuple(
        person
        for person in everyone(seed)
        if person.unit == unit
        and person.hired_on <= quarter.last
        and (person.left_on is None or person.left_on >= quarter.first)
    )


@cache
def present(seed: int, unit: str, quarter: Quarter) -> tuple[Person, ...]:
    """The people of a unit at the cut-off."""
    return tuple(person for person in at(seed, unit, quarter) if person.works(quarter.last))


@cache
def chief(seed: int, unit: str) -> Person:
    """The head of a unit, who signs for it."""
    return next(person for person in everyone(seed) if person.unit == unit)


@cache
def keeper(seed: int, unit: str) -> str:
    """The staff number of whoever keeps the unit's confidentiality records."""
    own = [
        person for person in everyone(seed) if person.unit == unit and person.post in ("综合管理岗", "机要岗")
    ]
    return own[0].staff_no


def inspector(seed: int, unit: str, quarter: Quarter) -> str:
    """The head-office inspector sent to a branch; one of them rates leniently at the branches given to them."""
    if unit in planted.LENIENT_AT:
        return planted.LENIENT_RATER
    others = [number for number in INSPECTORS if number != planted.LENIENT_RATER]
    return Chance(seed, "inspector", unit, quarter).pick(others)


def days_before(day: Date, days: int) -> Date:
    return day - dt.timedelta(days=days)
