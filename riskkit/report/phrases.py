"""What results say in words and short labels, in the language of a book."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from riskkit.discretion import SMALLEST_GROUP
from riskkit.evidence.measures import leaves
from riskkit.model import schema as s
from riskkit.report.book import Book
from riskkit.report.figures import row_of
from riskkit.report.tables import reason_texts, why_texts
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment

TIED = 24
"""Groups of ranks named in a sentence."""
QUESTIONNAIRE = ("answers", "responses", "sheets")


def grade_name(book: Book, grade: object) -> str:
    """A grade's letter and name, or its name alone where the id is a word; 暂定 for none."""
    if not isinstance(grade, str):
        return book.say("provisional")
    name = book.model.grades[grade].name[book.lang]
    return f"{grade} {name}" if len(grade) <= 2 else name


def grade_short(book: Book, grade: object) -> str:
    """A grade in the least room: its letter, or its name where the id is a word."""
    if not isinstance(grade, str):
        return book.say("provisional")
    return grade if len(grade) <= 2 else book.model.grades[grade].name[book.lang]


def national_wording(book: Book, grade: object) -> str:
    """The national wording of a grade; empty where the model has none."""
    wording = book.model.grades[grade].national if isinstance(grade, str) else None
    return wording[book.lang] if wording else ""


def has_national_wording(book: Book) -> bool:
    """Whether the model's grades have a national wording."""
    return any(grade.national for grade in book.model.spec.grades)


def node_name(book: Book, node: str) -> str:
    """A node's id and name; the name alone where the id is a word."""
    name = book.model.nodes[node].name[book.lang]
    return f"{node} {name}" if is_code(node) else name


def node_short(book: Book, node: str) -> str:
    """A node in a narrow heading: its id where that is a code, else its name."""
    return node if is_code(node) else book.model.nodes[node].name[book.lang]


def is_code(node: str) -> bool:
    """Whether an id is a code such as A1.2 rather than a word."""
    return len(node) <= 1 or any(sign.isdigit() for sign in node)


def line_name(book: Book, line: str) -> str:
    """A red line's id and name."""
    return f"{line} {book.model.red_lines[line].name[book.lang]}"


def effect(book: Book, event: Any) -> str:
    """What a red-line event does: points deducted, cap, veto."""
    parts = []
    if event.deduct > 0:
        parts.append(book.say("effect.deduct", points=f"{event.deduct:g}"))
    if isinstance(event.cap, str):
        parts.append(book.say("effect.cap", grade=grade_short(book, event.cap)))
    if event.veto:
        parts.append(book.say("effect.veto"))
    return book.say("effect.join").join(parts) or "–"


def effect_together(book: Book, events: pd.DataFrame) -> str:
    """What red-line events do together: points deducted, the lowest cap, a veto."""
    cap = max(events["cap"].dropna(), key=list(book.model.grades).index, default=None)
    return effect(book, SimpleNamespace(deduct=events["deduct"].sum(), cap=cap, veto=events["veto"].any()))


def why_not_better(book: Book, unit: str, assessment: Assessment | None = None) -> str:
    """Why a unit does not have the next better grade, in words; a dash for the best."""
    if assessment is None:
        return why_of(
            book,
            book.pack.standing[unit],
            reason_texts(book.pack.reasons.get(unit, []), book.model, book.lang),
        )
    return why_of(book, row_of(assessment.summary, unit), why_texts(assessment, unit, book.lang))


def why_of(book: Book, row: Any, reasons: list[str]) -> str:
    """The same from a row of a summary and the reasons on record."""
    best = book.model.spec.grades[0]
    if row["provisional"]:
        needed = book.model.spec.provisional.coverage
        return book.say("why.provisional", coverage=f"{row['coverage']:.1%}", needed=f"{needed:.0%}")
    if reasons:
        return book.say("why.join").join(reasons)
    if row["grade"] == best.id:
        return book.say("why.best")
    order = list(book.model.spec.grades)
    better = order[[grade.id for grade in order].index(row["grade"]) - 1]
    gap = better.min - row["score"]
    minimum, short = (book.number(value) for value in (better.min, gap))
    return book.say("why.score", grade=grade_short(book, better.id), minimum=minimum, gap=short)


def how_sure(book: Book, unit: str) -> str:
    """How sure a unit's score, rank and grade are, and whom it cannot be told apart from."""
    sure = book.pack.sure
    if unit not in sure.index:
        return book.say("sure.none")
    row: Any = row_of(sure, unit)
    low, high = (book.number(row[f"score_{end}"]) for end in ("low", "high"))
    words = book.say("sure.score", low=low, high=high)
    words += book.say(
        "sure.rank" if row["rank_low"] < row["rank_high"] else "sure.one_rank", **rank_ends(row)
    )
    words += book.say(
        "sure.grade", grade=grade_short(book, row["grade"]), chance=chance(row["grade_probability"])
    )
    alike = sure.loc[sure["group"] == row["group"], "rank"]
    if len(alike) > 1:
        words += book.say("sure.group", low=int(alike.min()), high=int(alike.max()))
    return words


def rank_ends(row: Any) -> dict[str, int]:
    """The ends of a rank interval, the better first."""
    return {"low": int(row["rank_low"]), "high": int(row["rank_high"])}


def chance(share: float) -> str:
    """A probability in whole per cent, never quite 0 or 1 where it is not."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def tie_groups(book: Book) -> str:
    """Which ranks cannot be told apart, group by group, best first."""
    groups = book.pack.sure.groupby("group")["rank"]
    ranges = [f"{ranks.min()}–{ranks.max()}" for _, ranks in groups if len(ranks) > 1]
    if not ranges:
        return book.say("sure.all_apart")
    told = book.say("sure.join").join(ranges[:TIED]) + (" …" if len(ranges) > TIED else "")
    return book.say("sure.alike", ranges=told)


def in_effect(assessment: Assessment, unit: str | None = None) -> pd.DataFrame:
    """Red-line events in effect, of one unit or of every unit in the assessment."""
    if unit is not None:
        return assessment.in_effect(unit)
    events = (
        assessment.events[assessment.events["status"] == grades.IN_EFFECT]
        if len(assessment.events)
        else assessment.events
    )
    return events[events["unit"].isin(assessment.summary.index)]


def asks_people(item: s.Item) -> bool:
    """Whether an item rests on a questionnaire."""
    return any(leaf.table in QUESTIONNAIRE for leaf in leaves(item.measure))


def withheld(items: pd.DataFrame, model_items: dict[str, s.Item]) -> pd.Series:
    """For each row of items, whether it rests on too few respondents to be shown."""
    few = (items["n"].lt(SMALLEST_GROUP) & items["n"].notna()).to_numpy()
    names = items.index if items.index.name == "item" else items["item"]
    asked = [bool(each) and asks_people(model_items[name]) for each, name in zip(few, names, strict=True)]
    return pd.Series(asked, items.index, dtype=bool)


def few() -> str:
    """What stands for a number of respondents too small to print."""
    return f"<{SMALLEST_GROUP}"
