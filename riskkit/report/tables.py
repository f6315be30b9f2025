"""Words and tables for a terminal or a page, from values."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from riskkit import texts
from riskkit.discretion import SMALLEST_GROUP, masked
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.measures import leaves, reason_text
from riskkit.evidence.states import CARRIED
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.model.checks import SOURCE_OF
from riskkit.periods import Period
from riskkit.report.formulas import scale_in_words
from riskkit.scoring.assessment import Assessment

SILENT_NAMED = 3
"""Items named of those the evidence is silent about."""
_FORMS = {
    "ratio": "{:.1%}",
    "days": "{:.1f}",
    "per_100": "{:.2f}",
    "points": "{:.2f}",
    "times": "{:.2f}",
    "years": "{:.2f}",
    "money": "{:,.0f}",
    "number": "{:,.2f}",
}


def silent_sentences(silent: pd.DataFrame, model: IndicatorModel, lang: texts.Language) -> list[str]:
    """What the evidence cannot say of how sure results are, why, and what it would take; a sentence a reason.

    `silent` as in `Uncertainty.silent`.
    """
    sentences = []
    for key, rows in silent.groupby("key", sort=False):
        named = texts.listed(
            f"{item} {model.items[item].name[lang]}" for item in rows["item"][:SILENT_NAMED]
        )[lang]
        named += " …" if len(rows) > SILENT_NAMED else ""
        sentences.append(
            texts.say(f"silent.{key}", lang, items=len(rows), named=named, units=rows["units"].max())
        )
    return sentences


def value_text(value: float, item: s.Item) -> str:
    """A measured value as people write it; a dash for none."""
    if math.isnan(value):
        return "–"
    text = _FORMS[item.unit].format(value)
    return text.rstrip("0").rstrip(".") if item.unit == "number" else text  # a count without decimals


def value_words(value: float, item: s.Item, lang: texts.Language) -> str:
    """The same in a sentence, with its unit; what has none of its own is only counted."""
    text = value_text(value, item)
    return text if math.isnan(value) else texts.say(f"sheet.in_unit.{item.unit}", lang, value=text)


def why_texts(assessment: Assessment, unit: str, lang: texts.Language) -> list[str]:
    """Why a unit's grade is no better, in words, one a reason."""
    reasons = assessment.reasons
    rows: list[dict[str, Any]] = reasons[reasons["unit"] == unit].to_dict("records")  # type: ignore[assignment]  # columns are named by text
    return reason_texts(rows, assessment.model, lang)


def reason_texts(reasons: list[dict[str, Any]], model: IndicatorModel, lang: texts.Language) -> list[str]:
    """Reasons why a grade is no better, rows of `Assessment.reasons`, in words."""
    found = []
    for reason in reasons:
        where = str(reason["where"])
        node, line = model.nodes.get(where), model.red_lines.get(where)
        named = node or line
        values = {"needed": reason["needed"], "found": reason["found"], "classes": reason["classes"]}
        values |= {"grade": reason["grade"], "where": f"{where} {named.name[lang]}" if named else ""}
        found.append(texts.say(f"why.{reason['key']}", lang, **values))
    return found


def formula(measure: s.Measure, lang: texts.Language, indent: str = "") -> list[str]:
    """A measure's definition, a line a part."""
    if isinstance(measure, s.Composite):
        lines = [f"{indent}{measure.kind} ({measure.combine})"]
        for part in measure.parts:
            lines.append(f"{indent}  {part.weight:g} × ({part.offset:g} + {part.slope:g} · v)")
            lines += formula(part.measure, lang, indent + "    ")
        return lines
    keys = "numerator denominator n population exposure floor value weight subscale q before after where window factor"
    given = {key: getattr(measure, key, None) for key in keys.split()}
    shown = {key: value for key, value in given.items() if value is not None and value != _UNSAID.get(key)}
    return [
        f"{indent}{measure.kind} @ {measure.table}",
        *(f"{indent}  {key}: {text}" for key, text in shown.items()),
        *(f"{indent}  {_join_text(join)}" for join in measure.join),
    ]


_UNSAID = {"denominator": "1", "weight": "1", "window": 1, "factor": 1.0, "floor": 0.0}
"""What need not be said: the value a key has when a model does not give it."""


def _join_text(join: s.Join) -> str:
    taken = ", ".join(f"{name} = {text}" for name, text in join.take.items())
    on = ", ".join(left if left == right else f"{left} = {right}" for left, right in join.keys.items())
    where = f" where {join.where}" if join.where else ""
    window = f" window {join.window}" if join.window > 1 else ""
    return f"join @ {join.table} ({on}){window}{where}: {taken}"


def explanation(assessment: Assessment, unit: str, item_id: str, lang: texts.Language, limit: int) -> str:
    """A number, its formula, its inputs, and the file, sheet and row each came from."""
    row = assessment.measures.row(unit, item_id)
    item = assessment.model.items[item_id]
    scored = assessment.items[(assessment.items["unit"] == unit) & (assessment.items["item"] == item_id)]
    few = _asks_few(assessment, unit, item, row)

    def line(key: str, text: object) -> str:
        return f"{texts.say(f'explain.{key}', lang)}: {text}".rstrip()

    reason = reason_text(row["reason"], lang, assessment.model)
    state = reason if row["state"] == CARRIED else f"{texts.say('state.' + row['state'], lang)}  {reason}"
    head = [
        f"{unit} {assessment.measures.units['name'][unit]}  {assessment.period}  {item_id} {item.name[lang]}",
        line("value", texts.say("explain.few", lang) if few else value_text(row["value"], item)),
        line("state", state),
    ]
    if not few and pd.notna(row["numerator"]):
        parts = f"{number_text(row['numerator'])} / {number_text(row['denominator'])}"
        head.append(line("inputs", f"{parts}  n = {number_text(row['n'])}"))
    if pd.notna(row["value"]):
        head.append(line("class", row["confidence"]))
    if len(scored) and not few:
        head += _points_lines(scored.iloc[0], assessment.model.spec.score.decimals, lang)
    head += [
        line("scale", scale_in_words(item, lang)),
        line("formula", ""),
        *formula(item.measure, lang, "  "),
    ]
    return "\n".join([*head, *(_row_lines(assessment, unit, item_id, row, lang, limit) if not few else [])])


def number_text(number: float) -> str:
    """A number in full, without needless zeros; a dash for none."""
    return "–" if pd.isna(number) else f"{number:,.6f}".rstrip("0").rstrip(".")


def _asks_few(assessment: Assessment, unit: str, item: s.Item, row: pd.Series) -> bool:
    """Whether a value rests on the answers of so few people that nothing may be shown of them."""
    if not any(leaf.table in SOURCE_OF for leaf in leaves(item.measure)):
        return False
    period = Period.parse(measured_in(row, assessment.period))
    sheets = assessment.measures.evidence[period].tables.get("sheets")
    if sheets is None:  # totals only: their n is all there is to go by
        return bool(row["n"] < SMALLEST_GROUP)
    return int((sheets["valid"].astype(bool) & (sheets["unit"] == unit)).sum()) < SMALLEST_GROUP


def _points_lines(scored: pd.Series, decimals: int, lang: texts.Language) -> list[str]:
    if pd.isna(scored["points"]):
        return []
    key = "rolled_up" if scored["state"] == "rolled_up" else "points"
    sums = f"{scored['points']:.{decimals}f}  × {scored['weight']:.4f} = {scored['contribution']:.4f}"
    return [f"{texts.say(f'explain.{key}', lang)}: {sums}"]


def _row_lines(
    assessment: Assessment, unit: str, item_id: str, row: pd.Series, lang: texts.Language, limit: int
) -> list[str]:
    rows = assessment.measures.evidence_rows(unit, item_id)
    if rows.empty:
        return [texts.say("explain.no_rows", lang)]
    derived = rows["table"].isin(list(SOURCE_OF))
    once = rows[derived].drop_duplicates(["table", *ORIGIN])  # a sheet once, however many answers it holds
    rows = pd.concat([once[["table", *ORIGIN, "_period"]], rows[~derived]]) if len(once) else rows
    lines = [texts.say("explain.rows", lang, n=len(rows))]
    for table, part in rows.groupby("table", sort=False):
        spec = assessment.model.tables.get(str(table))
        shown = masked(part, spec) if spec else part
        keys = [column for column in (spec.key if spec else ()) if column in shown and column != "unit"]
        entries: list[dict[str, Any]] = shown.head(limit).to_dict("records")  # type: ignore[assignment]  # columns are named by text
        for entry in entries:
            place = " ".join(str(entry[name]) for name in ORIGIN[:2] if entry[name])
            values = [
                f"{name[1:]}={number_text(entry[name])}"
                for name in entry
                if name.startswith("=") and pd.notna(entry[name])
            ]
            named = [f"{name}={entry[name]}" for name in keys if pd.notna(entry[name])]
            period = entry.get("_period", str(assessment.period))
            told = [f"{period} {place} {entry['_row']}", " ".join(named), " ".join(values)]
            lines.append("  " + "  ".join(words for words in told if words))
        if len(part) > limit:
            lines.append(texts.say("explain.more", lang, n=len(part) - limit))
    return lines


def measured_in(row: pd.Series, period: Period) -> str:
    """The period a value was measured in."""
    return row["measured_in"] if isinstance(row["measured_in"], str) else str(period)
