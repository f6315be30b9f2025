"""Words and tables for a terminal or a page, from values."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit import texts
from riskkit.discretion import SMALLEST_GROUP, masked
from riskkit.evidence.evidence import ORIGIN
from riskkit.evidence.measures import leaves, reason_text
from riskkit.model import schema as s
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment

_FORMS = {
    "ratio": "{:.1%}",
    "days": "{:.1f}",
    "per_100": "{:.2f}",
    "points": "{:.2f}",
    "times": "{:.2f}",
    "years": "{:.2f}",
    "money": "{:,.0f}",
    "number": "{:g}",
}


def value_text(value: float, item: s.Item) -> str:
    """A measured value as people write it; a dash for none."""
    return "–" if pd.isna(value) else _FORMS[item.unit].format(value)


def why_texts(why: str, assessment: Assessment, lang: texts.Language) -> list[str]:
    """Why a unit's grade is no better, in words, one a reason."""
    import json

    found = []
    for entry in json.loads(why) if why else []:
        values = dict(entry)
        if "node" in values:
            values["node"] = f"{values['node']} {assessment.model.nodes[values['node']].name[lang]}"
        if "red_line" in values:
            values["red_line"] = (
                f"{values['red_line']} {assessment.model.red_lines[values['red_line']].name[lang]}"
            )
        found.append(texts.say(f"why.{values.pop('key')}", lang, **values))
    return found


def formula(measure: s.Measure, lang: texts.Language, indent: str = "") -> list[str]:
    """A measure's definition, a line a part."""
    if isinstance(measure, s.Composite):
        lines = [f"{indent}{measure.kind} ({measure.combine})"]
        for part in measure.parts:
            lines.append(f"{indent}  {part.weight:g} × ({part.offset:g} + {part.slope:g} · v)")
            lines += formula(part.measure, lang, indent + "    ")
        return lines
    keys = (
        "numerator",
        "denominator",
        "exposure",
        "value",
        "weight",
        "subscale",
        "q",
        "before",
        "after",
        "where",
        "window",
        "factor",
    )
    given = {
        key: getattr(measure, key) for key in keys if getattr(measure, key, None) not in (None, "1", 1, 1.0)
    }
    return [
        f"{indent}{measure.kind} @ {measure.table}",
        *(f"{indent}  {key}: {text}" for key, text in given.items()),
    ]


def explanation(assessment: Assessment, unit: str, item_id: str, lang: texts.Language, limit: int) -> str:
    """A number, its formula, its inputs, and the file, sheet and row each came from."""
    row = assessment.measures.row(unit, item_id)
    item = assessment.model.items[item_id]
    scored = assessment.items[(assessment.items["unit"] == unit) & (assessment.items["item"] == item_id)]
    few = leaves(item.measure)[0].table == "answers" and row["n"] < SMALLEST_GROUP

    def line(key: str, text: object) -> str:
        return f"{texts.say(f'explain.{key}', lang)}: {text}"

    head = [
        f"{unit} {assessment.measures.units['name'][unit]}  {assessment.period}  {item_id} {item.name[lang]}",
        line("value", texts.say("explain.few", lang) if few else value_text(row["value"], item)),
        line(
            "state",
            " ".join(
                [texts.say(f"state.{row['state']}", lang), reason_text(row["reason"], lang, assessment.model)]
            ).strip(),
        ),
    ]
    if not few and pd.notna(row["numerator"]):
        head.append(line("inputs", f"{row['numerator']:g} / {row['denominator']:g}  n = {row['n']:g}"))
    head += [line("class", row["confidence"])]
    if len(scored):
        points = scored.iloc[0]
        head.append(
            line("points", f"{points['points']:.2f}  × {points['weight']:.4f} = {points['contribution']:.4f}")
        )
    head += [
        line("scale", item.scale.model_dump(exclude={"type"})),
        line("formula", ""),
        *formula(item.measure, lang, "  "),
    ]
    return "\n".join([*head, *(_row_lines(assessment, unit, item_id, row, lang, limit) if not few else [])])


def _row_lines(
    assessment: Assessment, unit: str, item_id: str, row: pd.Series, lang: texts.Language, limit: int
) -> list[str]:
    rows = assessment.measures.evidence_rows(unit, item_id)
    if rows.empty:
        return [texts.say("explain.no_rows", lang)]
    lines = [texts.say("explain.rows", lang, n=len(rows))]
    for table, part in rows.groupby("table", sort=False):
        spec = assessment.model.tables.get(str(table))
        shown = masked(part, spec) if spec else part
        keys = [column for column in (spec.key if spec else ()) if column in shown and column != "unit"]
        entries: list[dict[str, Any]] = shown.head(limit).to_dict("records")  # type: ignore[assignment]  # columns are named by text
        for entry in entries:
            place = " ".join(str(entry[name]) for name in ORIGIN[:2] if entry[name])
            values = [
                f"{name[1:]}={entry[name]:g}"
                for name in entry
                if name.startswith("=") and pd.notna(entry[name])
            ]
            named = [f"{name}={entry[name]}" for name in keys if pd.notna(entry[name])]
            period = entry.get("_period", str(assessment.period))
            lines.append(
                f"  {period} {place} {entry['_row']}  {' '.join(named)}  {' '.join(values)}".rstrip()
            )
        if len(part) > limit:
            lines.append(texts.say("explain.more", lang, n=len(part) - limit))
    return lines


def measured_in(row: pd.Series, period: Period) -> str:
    """The period a value was measured in."""
    return row["measured_in"] if isinstance(row["measured_in"], str) else str(period)
