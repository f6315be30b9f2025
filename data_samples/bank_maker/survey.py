"""The staff questionnaire as the survey platform exports it, and the map that says what each question measures."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache

from bank_maker import people, planted
from bank_maker.chance import Chance
from bank_maker.files import Grid, Row
from bank_maker.quality import level
from bank_maker.quarters import Quarter
from bank_maker.units import Unit, branches


@dataclass(frozen=True)
class Question:
    """One question: its wording, what it is for, and how it is scored."""

    text: str
    role: str
    subscale: str = ""
    reversed: bool = False
    key: str = ""
    options: tuple[str, ...] = ()


_ATTITUDE = (
    "保护客户信息是我的本职工作", "保密规定对业务开展是必要的", "保密要求过于繁琐，可以灵活处理",
    "泄露一条客户信息也是严重的事", "我愿意为保密多花一点时间", "只要没有恶意，转发客户资料问题不大",
)  # fmt: skip
_BEHAVIOUR = (
    "离开座位时我会锁屏", "我会把含客户信息的纸张碎掉", "我曾把工作资料发到个人微信或邮箱",
    "查询客户信息前我会确认有业务依据", "我会核实来电人身份后再答复", "我与同事共用过系统账号",
)  # fmt: skip
_CULTURE = (
    "发现隐患时我知道向谁报告", "主动报告问题的人不会吃亏", "领导会过问保密工作的落实", "同事之间会互相提醒保密",
    "报告问题会给自己惹麻烦", "出了问题大家更关心原因而不是追责",
)  # fmt: skip
_REVERSED = (*_ATTITUDE[2::3], *_BEHAVIOUR[2::3], _CULTURE[4])
_CASES = (
    (
        "客户经理请你把一份客户名单发到他的个人邮箱，你会",
        ("A.直接发送", "B.拒绝并提醒走审批流程", "C.发送后删除记录", "D.发给他部分名单"),
    ),
    (
        "你发现打印机上有一份无人认领的客户流水，你会",
        ("A.放在一边", "B.带回座位", "C.交保密专员登记处理", "D.扔进垃圾桶"),
    ),
    (
        "自称监管人员的来电索要客户手机号，你会",
        ("A.立即提供", "B.挂断不理", "C.请对方留言", "D.按规定核验身份并报告"),
    ),
)  # fmt: skip
_KEYS = ("B.拒绝并提醒走审批流程", "C.交保密专员登记处理", "D.按规定核验身份并报告")
_MEDIA = ("现场培训", "线上课程", "案例通报", "宣传折页", "知识竞赛")
_LEVELS = ("管理岗", "业务骨干", "一般员工")


def _scale(texts: tuple[str, ...], subscale: str) -> list[Question]:
    return [Question(text, "likert", subscale, text in _REVERSED) for text in texts]


@cache
def questions() -> tuple[Question, ...]:
    """All questions in the order of the export."""
    trap = Question("为确认您在认真作答，本题请选择“4”", "trap", key="4")
    other = Question("本题不作评价，请直接选择“2”", "trap", key="2")
    boast = Question("我完整阅读过本行《保密操作手册》第九十九分册", "overclaim")
    brag = Question("我从未在任何场合提到过任何工作内容", "overclaim")
    cases = [
        Question(text, "vignette", "culture", key=key, options=options)
        for (text, options), key in zip(_CASES, _KEYS, strict=True)
    ]
    return (
        Question("您所在的机构名称", "unit"), Question("您的岗位层级", "stratum"),
        *_scale(_ATTITUDE, "attitude"), trap, *_scale(_BEHAVIOUR, "behaviour"), boast,
        *_scale(_CULTURE, "culture"), other, brag, *cases,
        Question("您参加过哪些形式的保密教育【多选题】", "", options=_MEDIA),
    )  # fmt: skip


def question_map() -> list[Row]:
    """One row a scored question; the multiple choice at the end is not scored and not listed."""
    rows: list[Row] = []
    for number, question in enumerate(questions(), start=1):
        if not question.role:
            continue
        row: Row = {"question": str(number), "role": question.role, "subscale": question.subscale or None}
        if question.role in ("likert", "overclaim"):
            row |= {"scale_min": 1, "scale_max": 5, "reversed": question.reversed}
        rows.append(row | {"key": question.key or None})
    return rows


@dataclass(frozen=True)
class _Sheet:
    unit: Unit
    moment: dt.datetime
    seconds: int
    ip: str
    answers: tuple[str, ...]


def _normal(chance: Chance, person: dict[str, float], question: Question) -> str:
    if question.role == "likert":
        leaning = person[question.subscale] + chance.normal(0, 0.17)
        grade = min(5, max(1, round(1 + 4 * leaning)))
        return str(6 - grade if question.reversed else grade)
    if question.role == "trap":
        return question.key if chance.happens(0.985) else str(chance.whole(1, 5))
    if question.role == "overclaim":
        return str(chance.whole(4, 5) if chance.happens(person["boast"]) else chance.whole(1, 2))
    if question.role == "vignette":
        return question.key if chance.happens(person["vignette"]) else chance.pick(question.options)
    return "┋".join(chance.some(question.options, chance.whole(1, 3)))


def _typed_name(unit: Unit, chance: Chance) -> str:
    """The branch's name as people type it."""
    name = unit.name
    if chance.happens(0.06):
        name = name[:2] + " " + name[2:]
    elif chance.happens(0.5):
        name = "".join(
            chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in name
        )
    return name


def _sheet(seed: int, unit: Unit, quarter: Quarter, number: int) -> _Sheet:
    chance = Chance(seed, "sheet", unit.code, quarter, number)
    able = chance.normal(0, 0.09)
    person = {
        "attitude": level(seed, unit.code, "B3.1", quarter) + able,
        "behaviour": level(seed, unit.code, "B3.2", quarter) + 0.03 + able,
        "culture": level(seed, unit.code, "B3.3", quarter) - 0.02 + able,
        "vignette": min(0.97, level(seed, unit.code, "B3.3", quarter) + 0.05), "boast": 0.07,
    }  # fmt: skip
    day = dt.datetime(quarter.year, 3 * quarter.number - 1, 11) + dt.timedelta(days=chance.whole(0, 11))
    moment = day + dt.timedelta(
        hours=chance.whole(8, 20), minutes=chance.whole(0, 59), seconds=chance.whole(0, 59)
    )
    answers = [_typed_name(unit, chance), chance.weighted(tuple(zip(_LEVELS, (1.0, 3.0, 6.0), strict=True)))]
    answers += [_normal(chance, person, question) for question in questions()[2:]]
    sheet = _Sheet(unit, moment, chance.whole(118, 640), _address(unit, chance), tuple(answers))
    careless = chance.share()
    if careless < 0.02:
        return replace(sheet, seconds=chance.whole(16, 44))
    return _one_answer(sheet, chance) if careless < 0.04 else sheet


def _address(unit: Unit, chance: Chance) -> str:
    """Most answer from their phones, some from the branch's own line; all addresses are reserved for documents."""
    network = chance.pick(("192.0.2", "198.51.100", "203.0.113"))
    return f"{network}.{chance.whole(1, 254)}(云岭-{unit.region})"


def _one_answer(sheet: _Sheet, chance: Chance) -> _Sheet:
    """Somebody who ticks the same answer all the way down."""
    same = str(chance.whole(3, 5))
    answers = [
        same if question.role in ("likert", "trap") else answer
        for question, answer in zip(questions(), sheet.answers, strict=True)
    ]
    return replace(sheet, answers=tuple(answers))


def _copies(seed: int, unit: Unit, quarter: Quarter, first: int) -> list[_Sheet]:
    """One person's sheet handed in a dozen times within minutes from one address."""
    original = _sheet(seed, unit, quarter, first)
    chance = Chance(seed, "copies", unit.code, quarter)
    start = dt.datetime(quarter.year, 3 * quarter.number - 1, 19, 16, 41, 7)
    answers = (unit.name, *original.answers[1:])
    return [
        replace(
            original, answers=answers, ip=f"203.0.113.77(云岭-{unit.region})", seconds=chance.whole(58, 96),
            moment=start + dt.timedelta(seconds=37 * copy + chance.whole(0, 14)),
        )
        for copy in range(12)
    ]  # fmt: skip


def _sheets(seed: int, unit: Unit, quarter: Quarter) -> list[_Sheet]:
    chance = Chance(seed, "response", unit.code, quarter)
    staff = len(people.present(seed, unit.code, quarter))
    count = 4 if unit.code == planted.FEW_ANSWERS else int(staff * (0.72 + 0.24 * chance.share()))
    sheets = [_sheet(seed, unit, quarter, number) for number in range(count)]
    if unit.code == planted.COPIED_ANSWERS and quarter == Quarter(2026, 2):
        sheets = sheets[: count - 12] + _copies(seed, unit, quarter, count)
    return sheets


def export(seed: int, quarter: Quarter, absent: frozenset[str]) -> Grid:
    """The platform's export: its own columns, then one column a question, in the order the sheets came in."""
    sheets = [
        sheet for unit in branches(seed) if unit.code not in absent for sheet in _sheets(seed, unit, quarter)
    ]  # fmt: skip
    sheets.sort(key=lambda sheet: (sheet.moment, sheet.unit.code, sheet.answers))
    head = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "总分"]
    head += [f"{number}、{question.text}" for number, question in enumerate(questions(), start=1)]
    body: Grid = [
        [
            str(number), f"{sheet.moment:%Y/%m/%d %H:%M:%S}", f"{sheet.seconds}秒",
            "微信" if number % 5 else "手机提交", "N/A", sheet.ip, "", *sheet.answers,
        ]
        for number, sheet in enumerate(sheets, start=1)
    ]  # fmt: skip
    return [list(head), *body]
