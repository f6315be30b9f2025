"""Accounts in the business systems, and the roles each post may hold."""

from __future__ import annotations

import datetime as dt

from bank_maker import people
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.people import Person
from bank_maker.quality import failing, level
from bank_maker.quarters import FULL, Date, Quarter, after
from bank_maker.units import Unit

CORE, CREDIT, CUSTOMER, IMAGE = "核心业务系统", "信贷管理系统", "客户信息平台", "影像档案系统"
SYSTEMS = (CORE, CREDIT, CUSTOMER, IMAGE)
_PREFIX = {CORE: "HX", CREDIT: "XD", CUSTOMER: "KH", IMAGE: "YX"}
_PRIVILEGED = ("授权", "管理", "审批")

_ROLES: dict[str, tuple[tuple[str, str], ...]] = {
    "支行行长": ((CREDIT, "审批"), (CUSTOMER, "查询")),
    "支行副行长": ((CREDIT, "审批"), (CUSTOMER, "查询")),
    "运营主管": ((CORE, "授权"), (IMAGE, "管理")),
    "综合管理岗": ((IMAGE, "管理"), (CUSTOMER, "查询")),
    "信贷管理岗": ((CREDIT, "录入"), (IMAGE, "查询")),
    "信贷档案助理": ((IMAGE, "查询"),),
    "客户经理": ((CREDIT, "录入"), (CUSTOMER, "查询")),
    "理财经理": ((CUSTOMER, "查询"),),
    "柜员": ((CORE, "操作"),),
    "大堂经理": ((CUSTOMER, "登记"),),
    "部门总经理": ((CUSTOMER, "查询"), (CREDIT, "审批")),
    "机要岗": ((IMAGE, "管理"),),
    "职员": ((CUSTOMER, "查询"),),
    "信息科技岗": ((CORE, "管理"), (CUSTOMER, "管理")),
    "业务管理岗": ((CREDIT, "查询"),),
}
# What a person wrongly holds, by system: a role their post does not allow.
_WRONG = {CORE: "授权", CREDIT: "复核", CUSTOMER: "导出", IMAGE: "删除"}


def role_matrix() -> list[Row]:
    """The roles each post may hold."""
    return [
        {"post": post, "system": system, "role": role, "basis": "岗位权限管理办法（示例）"}
        for post, roles in _ROLES.items()
        for system, role in roles
    ]


def _accounts(seed: int, unit: Unit, quarter: Quarter) -> list[tuple[Person, str, str]]:
    held = [
        (person, system, role)
        for person in people.everyone(seed)
        if person.unit == unit.code and person.hired_on <= quarter.last and _alive(seed, person, quarter)
        for system, role in _ROLES.get(person.post, ())
    ]
    numbers = [f"{person.staff_no}{system}" for person, system, _ in held]
    wrong = failing(seed, unit.code, "C2.1", quarter, numbers, level(seed, unit.code, "C2.1", quarter))
    return [
        (person, system, _WRONG[system] if place in wrong and role != _WRONG[system] else role)
        for place, (person, system, role) in enumerate(held)
    ]


def _revocation(seed: int, person: Person) -> tuple[Date | None, Date | None]:
    """The day a leaver's or mover's rights should have ended, and the day they did."""
    for quarter in FULL:
        if gone := person.goes(quarter):
            chance = Chance(seed, "revoked", person.staff_no)
            timely = chance.happens(level(seed, person.unit, "C4.1", quarter))
            return gone, after(gone, chance.whole(0, 1) if timely else chance.whole(3, 18))
    return None, None


def _alive(seed: int, person: Person, quarter: Quarter) -> bool:
    _, revoked = _revocation(seed, person)
    return revoked is None or revoked >= quarter.first


def granted(seed: int, person: Person) -> Date:
    """The day a person's first account was opened."""
    return after(person.hired_on, Chance(seed, "granted", person.staff_no).whole(4, 9))


def _reviewed(seed: int, person: Person, system: str, quarter: Quarter, opened: Date) -> Date | None:
    """Accounts are reviewed in May and November; the late ones were last looked at a year before."""
    campaign = Date(quarter.year, 5, 11)
    if quarter.number == 1:
        campaign = Date(quarter.year - 1, 11, 10)
    elif quarter.number == 4:
        campaign = Date(quarter.year, 11, 10)
    chance = Chance(seed, "review", person.staff_no, system, campaign)
    day = campaign + dt.timedelta(days=chance.whole(0, 35))
    if not chance.happens(level(seed, person.unit, "C2.2", quarter)):
        day -= dt.timedelta(days=380)
    return day if day > opened else None


def access(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """One row an account and role."""
    rows: list[Row] = []
    for person, system, role in _accounts(seed, unit, quarter):
        chance = Chance(seed, "account", person.staff_no, system)
        opened = max(granted(seed, person), Date(2019, 4, 1) + dt.timedelta(days=chance.whole(0, 400)))
        due, revoked = _revocation(seed, person)
        ended = due is not None and due <= quarter.last
        revoked = revoked if revoked is not None and revoked <= quarter.last else None
        seen = min(quarter.last - dt.timedelta(days=chance.whole(0, 20)), (revoked or quarter.last))
        if ended and due is not None:
            seen = min(seen, due)
        rows.append(
            {
                "staff_no": person.staff_no, "unit": unit.code, "system": system,
                "account": f"{_PREFIX[system]}{person.staff_no}", "role": role,
                "privileged": role in _PRIVILEGED, "granted_on": opened,
                "reviewed_on": _reviewed(seed, person, system, quarter, opened),
                "revoke_due": due if ended else None, "revoked_on": revoked if ended else None, "last_login": seen,
            }
        )  # fmt: skip
    return rows
