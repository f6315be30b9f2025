"""Who hands in what and when: the calendar of tables, what is left out, and the register of returns and rulings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bank_maker import (
    access_tables,
    check_tables,
    event_tables,
    log_tables,
    office_tables,
    people,
    planted,
    staff_tables,
    training_tables,
)
from bank_maker.chance import Chance
from bank_maker.files import Row, Style
from bank_maker.quarters import FULL, Date, Quarter
from bank_maker.units import COMMUNITY, Unit, branches, offices, units

Maker = Callable[[int, Unit, Quarter], list[Row]]

EVERY, HALF, YEAR = "quarter", "half-year", "year"

_TOPICS = ("custodian", "key_sites", "customer_rights", "media_commitments", "physical_security")
_OFFICE_TOPICS = (
    "encryption", "classified_systems", "graded_protection", "media_publicity", "network", "reward_scheme",
)  # fmt: skip


def attestations(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """What departments state in writing and nobody tests."""
    rows: list[Row] = []
    for serial, topic in enumerate(_TOPICS if unit.is_branch else _OFFICE_TOPICS, start=1):
        chance = Chance(seed, "attested", unit.code, topic)
        rows.append(
            {
                "unit": unit.code, "topic": topic, "stated": chance.happens(0.93),
                "evidence_no": f"SM{unit.code}{serial:02d}", "confirmed_by": people.chief(seed, unit.code).staff_no,
                "stated_on": chance.workday(quarter),
            }
        )  # fmt: skip
    return rows


@dataclass(frozen=True)
class Call:
    """One table asked for: how often, of whom, how its file looks, and how often small branches have nothing."""

    table: str
    make: Maker
    style: Style
    every: str = EVERY
    whose: str = "branches"
    nothing: float = 0.0
    by_unit: bool = True  # whether the table covers single units, so that a missing one is noticed

    def due(self, quarter: Quarter) -> bool:
        return self.every == EVERY or (quarter.closes_a_half if self.every == HALF else quarter.closes_a_year)

    def asked(self, seed: int) -> tuple[Unit, ...]:
        chosen = {"branches": branches(seed), "offices": offices(seed), "all": units(seed)}
        return chosen[self.whose]


_UTF8 = Style()
_BOM = Style(encoding="utf-8-sig")
_GB = Style(encoding="gb18030", dates="slash")
_CHINESE = Style(dates="chinese")


def _book(sheet: str, *, native: bool = True) -> Style:
    return Style(kind="xlsx", native_dates=native, sheet=sheet)


CALLS = (
    Call("roster", staff_tables.roster, _book("花名册"), whose="all", by_unit=False),
    Call("training", training_tables.training, _book("学习记录", native=False), whose="all", by_unit=False),
    Call("access", access_tables.access, _BOM, whose="all", by_unit=False),
    Call("loans", log_tables.loans, Style(encoding="gb18030", dates="slash", by_name=True), nothing=0.08),
    Call("destructions", log_tables.destructions, _UTF8, HALF, nothing=0.25),
    Call("carrier_events", log_tables.carrier_events, _GB, nothing=0.15),
    Call("archive_checks", log_tables.archive_checks, _CHINESE, HALF),
    Call("responsibility_letters", staff_tables.responsibility_letters, _book("责任书"), YEAR),
    Call("meetings", log_tables.meetings, _UTF8, HALF),
    Call("duties", office_tables.duties, _book("八方职责"), HALF, "offices"),
    Call("targets", log_tables.targets, _book("目标"), HALF),
    Call("third_parties", log_tables.third_parties, _book("合作方"), HALF, nothing=0.1),
    Call("provisions", log_tables.provisions, _UTF8, nothing=0.3),
    Call("publications", log_tables.publications, Style(encoding="utf-8-sig", dates="slash"), nothing=0.1),
    Call("documents", office_tables.documents, _book("制度清单"), HALF, "offices"),
    Call("emergency", office_tables.emergency, _UTF8, YEAR, "offices"),
    Call("incidents", event_tables.incidents, _book("事件"), by_unit=False),
    Call("complaints", event_tables.complaints, Style(encoding="gb18030", by_name=True), by_unit=False),
    Call("inspection_plan", log_tables.inspection_plan, _UTF8),
    Call("problem_list", log_tables.problem_list, _UTF8, nothing=0.2),
    Call("training_plan", training_tables.training_plan, _GB),
    Call("knowledge_tests", training_tables.knowledge_tests, _UTF8, HALF),
    Call("drills", training_tables.drills, _book("演练"), HALF),
    Call("mystery_calls", training_tables.mystery_calls, _UTF8, HALF),
    Call("query_samples", check_tables.query_samples, _BOM),
    Call("trace_reviews", office_tables.trace_reviews, _UTF8, whose="offices"),
    Call("leavers", staff_tables.leavers, _book("离岗"), by_unit=False),
    Call("appraisals", staff_tables.appraisals, _UTF8, YEAR),
    Call("sanctions", event_tables.sanctions, _UTF8, by_unit=False),
    Call("interviews", check_tables.interviews, Style(dates="slash"), HALF),
    Call("checklist", check_tables.checklist, _UTF8),
    Call("self_check", check_tables.self_check, Style(encoding="gb18030", dates="slash")),
    Call("attestations", attestations, _UTF8, YEAR, "all"),
)  # fmt: skip

# Approved exceptions of the newest quarter; the branch hands in nothing for them.
_RULINGS: tuple[tuple[str, str, str, str, str], ...] = (
    ("0112", "B4.2", "drills", "not_applicable", "网点无行内邮箱终端，演练邮件无法投递"),
    ("0401", "B4.3", "mystery_calls", "postponed", "网点装修停业三周，神秘客核验顺延至下季"),
    ("0208", "A4.6", "archive_checks", "postponed", "档案库房搬迁，半年检查经批准顺延"),
)
_REFUSED = ((planted.REFUSED, "third_parties"),)


def silent(call: Call, unit: str, quarter: Quarter) -> bool:
    """Whether a branch leaves the call unanswered: the thin branch does so from the end of 2025 on."""
    if unit != planted.THIN or not call.by_unit:
        return False
    return quarter >= Quarter(2026, 1) or (quarter == Quarter(2025, 4) and call.every == YEAR)


def excused(table: str, unit: str, quarter: Quarter) -> bool:
    """Whether a ruling or a refusal takes the place of the rows."""
    if quarter != FULL[-1]:
        return False
    return (unit, table) in _REFUSED or any(unit == each[0] and table == each[2] for each in _RULINGS)


def has_nothing(seed: int, call: Call, unit: Unit, quarter: Quarter) -> bool:
    """Whether nothing of the kind happened, so that the branch returns a zero."""
    share = call.nothing if unit.peer_group == COMMUNITY else call.nothing / 6
    return Chance(seed, "nothing", call.table, unit.code, quarter).happens(share)


def rows(seed: int, call: Call, quarter: Quarter) -> list[tuple[Unit, list[Row]]]:
    """The rows of a table by unit, in the order of the register; units that hand nothing in are left out."""
    return [
        (unit, call.make(seed, unit, quarter))
        for unit in call.asked(seed)
        if not silent(call, unit.code, quarter)
        and not excused(call.table, unit.code, quarter)
        and not has_nothing(seed, call, unit, quarter)
    ]


def _returns(seed: int, quarter: Quarter) -> Iterator[tuple[str, str, str]]:
    for call in CALLS:
        if not call.by_unit or not call.due(quarter):
            continue
        for unit in call.asked(seed):
            if silent(call, unit.code, quarter) or excused(call.table, unit.code, quarter):
                continue
            if has_nothing(seed, call, unit, quarter):
                yield unit.code, call.table, "zero"
    if quarter == FULL[-1]:
        for unit_code, table in _REFUSED:
            yield unit_code, table, "refused"


def submissions(seed: int, quarter: Quarter) -> list[Row]:
    """Zero returns, and refusals."""
    return [
        {"unit": unit, "table": table, "answer": answer, "confirmed_by": people.chief(seed, unit).staff_no}
        for unit, table, answer in sorted(_returns(seed, quarter))
    ]


def rulings(quarter: Quarter) -> list[Row]:
    """Items approved as not applicable or put off."""
    if quarter != FULL[-1]:
        return []
    return [
        {
            "unit": unit, "item": item, "state": state, "reason": reason, "approver": people.INSPECTORS[0],
            "approved_on": Date(2026, 6, 18),
        }
        for unit, item, _, state, reason in _RULINGS
    ]  # fmt: skip
