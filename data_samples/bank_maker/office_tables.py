"""What head office and the first-level branches answer for: duties, policies, emergency plans, traces in systems."""

from __future__ import annotations

import datetime as dt

from bank_maker import people
from bank_maker.access_tables import SYSTEMS
from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.quality import failing, level
from bank_maker.quarters import Date, Quarter
from bank_maker.units import Unit

_PARTIES = (
    "领导小组", "保密办公室", "业务部门", "信息技术部门", "风险合规部门", "人力资源部门", "内控审计部门", "全体员工",
)  # fmt: skip
_POLICIES = (
    ("保密工作责任制", "组织", 3), ("客户信息保护管理办法", "客户信息", 3), ("定密与分级管理办法", "定密", 2),
    ("机要文件传阅制度", "载体", 2), ("档案保密管理制度", "档案", 2), ("涉密人员管理办法", "人员", 3),
    ("账号与权限管理办法", "权限", 2), ("第三方合作保密管理办法", "第三方", 2), ("信息发布审查制度", "发布", 1),
    ("泄密事件应急预案", "应急", 2), ("移动存储介质管理规定", "载体", 1), ("保密宣传教育制度", "宣教", 1),
    ("保密检查与整改办法", "检查", 2), ("奖惩与责任追究办法", "奖惩", 1),
)  # fmt: skip


def duties(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Eight parties, each written, done and evidenced."""
    wanted = level(seed, unit.code, "A1.3", quarter)
    rows: list[Row] = []
    for party in _PARTIES:
        for aspect, ease in (("written", 0.08), ("done", 0.0), ("evidenced", -0.06)):
            chance = Chance(seed, "duty", unit.code, quarter, party, aspect)
            cell = min(2, max(0, chance.rounded(2 * min(1.0, wanted + ease)))) / 2
            rows.append(
                {
                    "unit": unit.code, "party": party, "aspect": aspect, "weight": 2 if aspect == "done" else 1,
                    "applicable": True, "cell": cell, "confirmed_by": people.inspector(seed, unit.code, quarter),
                }
            )  # fmt: skip
    return rows


def documents(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The policies that ought to exist, missing ones included."""
    stale = failing(seed, unit.code, "A2.2", quarter, _POLICIES, level(seed, unit.code, "A2.2", quarter))
    content = level(seed, unit.code, "A2.1", quarter)
    rows: list[Row] = []
    for place, (title, category, weight) in enumerate(_POLICIES):
        chance = Chance(seed, "policy", unit.code, title)
        points = chance.whole(6, 12)
        present = content > 0.75 or not Chance(seed, "missing", unit.code, title).happens(0.1)
        row: Row = {
            "unit": unit.code, "doc_no": f"ZD{place + 1:03d}", "title": title, "category": category, "weight": weight,
            "present": present, "key_points": points, "hits": 0,
        }  # fmt: skip
        if present:
            issued = chance.day(Date(2016, 1, 1), Date(2023, 12, 31))
            seen = chance.day(Date(2024, 10, 8), Date(2025, 6, 20))
            if place in stale:
                seen = chance.day(Date(2022, 1, 1), Date(2024, 3, 1))
            row |= {
                "issued_on": issued, "reviewed_on": max(seen, issued + dt.timedelta(days=30)),
                "hits": min(points, chance.rounded(points * (content + chance.normal(0, 0.03)))),
                "approver": people.chief(seed, unit.code).staff_no, "evidence_no": f"ZJ{unit.code}{place + 1:03d}",
            }  # fmt: skip
        rows.append(row)
    return rows


def emergency(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """The emergency plan and the year's drills."""
    chance = Chance(seed, "emergency", unit.code, quarter)
    wanted = level(seed, unit.code, "A6.1", quarter)
    return [
        {
            "plan_no": f"YA{unit.code}", "unit": unit.code, "key_points": 12,
            "hits": min(12, chance.rounded(12 * min(1.0, wanted + 0.05))), "drills_planned": 2,
            "drills_done": 2 if wanted > 0.6 else 1, "review_quality": min(1.0, round(wanted + 0.04, 2)),
            "confirmed_by": people.inspector(seed, unit.code, quarter),
        }
    ]  # fmt: skip


def trace_reviews(seed: int, unit: Unit, quarter: Quarter) -> list[Row]:
    """Which systems trace queries to a person, and how many log reviews were done."""
    wanted = level(seed, unit.code, "C2.4", quarter)
    rows: list[Row] = []
    for system in SYSTEMS:
        chance = Chance(seed, "trace", unit.code, quarter, system)
        rows.append(
            {
                "unit": unit.code, "system": system,
                "person_trace": Chance(seed, "traced", system, unit.code).happens(wanted + 0.1),
                "hard_control": Chance(seed, "hard", system).happens(0.5), "reviews_due": 13,
                "reviews_done": min(13, chance.rounded(13 * wanted)),
                "confirmed_by": people.inspector(seed, unit.code, quarter),
            }
        )  # fmt: skip
    return rows
