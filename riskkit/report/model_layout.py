"""Which sheets a model's workbook has, and which columns each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from riskkit import texts
from riskkit.model import schema as s

Kind = Literal[
    "text",
    "code",
    "number",
    "whole",
    "flag",
    "choice",
    "codes",
    "names",
    "joined",
    "taken",
    "setting",
    "info",
]
POINTS = 6
"""Pairs of value and score there is room for, at least."""
_POINT = re.compile(r"(value|score)(\d+)")


@dataclass(frozen=True)
class Field:
    """A column of a sheet: the key it stands for, how its cells are read, and what they may hold.

    `options` are the closed choices; `source` names the sheet and column that lists the open ones.
    """

    key: str
    kind: Kind = "text"
    width: float = 12
    options: tuple[str, ...] = ()
    source: tuple[str, str] | None = None
    wording: str = ""

    def label(self, lang: texts.Language) -> str:
        """The heading in one language."""
        pair = _POINT.fullmatch(self.key)
        if pair:
            return texts.say(f"form.column.point_{pair[1]}", lang, number=pair[2])
        return texts.say(f"form.column.{self.wording or self.key.replace('.', '_')}", lang)


@dataclass(frozen=True)
class Layout:
    """A sheet: its name in the texts and its columns; `settings` sheets list key and value downwards."""

    name: str
    fields: tuple[Field, ...]
    downwards: bool = False

    def title(self, lang: texts.Language) -> str:
        """The sheet's name."""
        return texts.say(f"form.sheet.{self.name}", lang)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the columns that are read."""
        return tuple(field.key for field in self.fields if field.kind != "info")


def options(owner: type[s.Spec], name: str) -> tuple[str, ...]:
    """The closed choices of a key of the model."""
    found = get_args(owner.model_fields[name].annotation)
    inner = get_args(found[0]) if found and not isinstance(found[0], str) else ()
    return tuple(str(entry) for entry in (inner or found) if isinstance(entry, str | int))


def is_point(key: str) -> bool:
    """Whether a key is half of a pair of the scale."""
    return _POINT.fullmatch(key) is not None


def point_fields(count: int) -> tuple[Field, ...]:
    """The columns of so many pairs of the scale."""
    return tuple(
        Field(f"{half}{number}", "number", 8) for number in range(1, count + 1) for half in ("value", "score")
    )


def kinds(union: Any, tag: str) -> tuple[str, ...]:
    """The kinds of thing a key of the model may hold, by the tag that tells them apart."""
    return tuple(options(each, tag)[0] for each in get_args(get_args(union)[0]))


def scale_fields() -> tuple[Field, ...]:
    """A column for every number and flag that any scale has; pairs stand in columns of their own."""
    found: dict[str, Field] = {}
    for scale in get_args(get_args(s.Scale)[0]):
        for name, info in scale.model_fields.items():
            kind: Kind = "flag" if info.annotation is bool else "number"
            if name not in ("type", "points"):
                found[name] = Field(f"scale.{name}", kind, 8)
    return tuple(found.values())


BOTH = (Field("name.zh", width=30), Field("name.en", width=34))

SETTINGS = Layout(
    "model",
    (
        Field("id", "code"),
        Field("version"),
        *BOTH,
        Field("frequency", "choice", options=options(s.ModelSpec, "frequency")),
        Field("score.maximum", "number"),
        Field("score.decimals", "whole"),
        Field("aggregate", "choice", options=options(s.ModelSpec, "aggregate")),
        Field("exponent", "number"),
        Field("missing", "choice", options=options(s.ModelSpec, "missing")),
        Field("reference.period"),
        Field("provisional.coverage", "number"),
        Field("staff.table", "code", source=("tables", "id")),
        Field("staff.where"),
        *(
            Field(f"questionnaire.{name}", "whole" if name in ("respondents", "never_below") else "number")
            for name in s.Questionnaire.model_fields
        ),
    ),
    downwards=True,
)
TREE_HEAD = (
    Field("id", "code", 9),
    Field("parent", "code", 9),
    *BOTH,
    Field("weight", "number", 8),
    Field("siblings", "info", 9),
    Field("aggregate", "choice", 12, options(s.Node, "aggregate")),
    Field("exponent", "number", 9),
    Field("core", "flag", 7),
    Field("cadence", "code", 13, source=("cadences", "name")),
    Field("direction", "choice", 15, options(s.Item, "direction")),
    Field("unit", "choice", 10, options(s.Item, "unit")),
    Field("methods", "codes", 24),
    Field("applies_to", "codes", 20),
    Field("min_n", "whole", 8),
    Field("scale.type", "choice", 17, kinds(s.Scale, "type")),
)
TREE_TAIL = (
    *scale_fields(),
    Field("mechanisms", "names", 20),
    Field("tags", "codes", 24),
    Field("note.zh", width=40),
    Field("note.en", width=40),
)
ROWS = (
    Field("table", "code", 20, source=("tables", "id")),
    Field("where", width=46),
    Field("window", "whole", 8),
)
MEASURE_SHEET = Layout(
    "measures",
    (
        Field("item", "code", 9),
        Field("part", "code", 6),
        Field("about", "info", 26, wording="name_here"),
        Field("kind", "choice", 10, kinds(s.Measure, "kind")),
        *ROWS,
        Field("numerator", width=46),
        Field("denominator", width=24),
        Field("n", width=12),
        Field("population", width=12),
        Field("min_denominator", "number", 10),
        Field("exposure", "choice", 10, options(s.Rate, "exposure")),
        Field("floor", "number", 8),
        Field("factor", "number", 8),
        Field("person", "code", 11),
        Field("value", width=36, wording="value_expression"),
        Field("weight", width=26, wording="weight_expression"),
        Field("q", "number", 7),
        Field("subscale", "code", 11),
        Field("phase", "code", 9),
        Field("before", width=9),
        Field("after", width=9),
        Field("score", "code", 9, wording="score_column"),
        Field("ceiling", "number", 8),
        Field("combine", "choice", 10, options(s.Composite, "combine")),
        Field("part.weight", "number", 8),
        Field("part.slope", "number", 8),
        Field("part.offset", "number", 8),
        Field("part.cap", "number", 8),
        Field("part.if_not_applicable", "number", 10),
    ),
)
FIXED = (
    Layout(
        "joins",
        (
            Field("owner", "code", 9),
            Field("part", "code", 6),
            Field("table", "code", 20, source=("tables", "id")),
            Field("on", "joined", 28),
            Field("window", "whole", 8),
            Field("where", width=52),
            Field("take", "taken", 60),
        ),
    ),
    Layout(
        "red_lines",
        (
            Field("id", "code", 8),
            *BOTH,
            Field("deduct", "number", 8),
            Field("cap", "code", 8, source=("grades", "id")),
            Field("veto", "flag", 8),
            Field("until_cured", "flag", 9),
            Field("lenient.when", width=36),
            Field("lenient.deduct", "number", 9),
            Field("candidate.table", "code", 18, source=("tables", "id")),
            Field("candidate.where", width=50),
            Field("candidate.window", "whole", 8),
            Field("mechanisms", "names", 20),
        ),
    ),
    Layout(
        "grades",
        (
            Field("id", "code", 10),
            *BOTH,
            Field("min", "number", 9),
            Field("national.zh", width=24),
            Field("national.en", width=30),
        ),
    ),
    Layout(
        "conditions",
        (
            Field("grade", "code", 10, source=("grades", "id")),
            Field(
                "kind",
                "choice",
                14,
                kinds(s.Condition, "kind"),
                wording="condition_kind",
            ),
            Field("depth", "whole", 8),
            Field("value", "number", 9),
            Field("classes", "codes", 12),
            Field("share", "number", 9),
            Field("effects", "codes", 24),
        ),
    ),
    Layout("parameters", (Field("name", "code", 26, wording="parameter"), Field("value", "setting", 16))),
    Layout("lookups", (Field("lookup", "code", 22), Field("key", "code", 18), Field("value", "number", 12))),
    Layout("cadences", (Field("name", "code", 18, wording="cadence_name"), Field("periods", "whole", 12))),
    Layout("levels", (Field("id", "code", 18), *BOTH, Field("assessed", "flag", 10))),
    Layout(
        "sources",
        (
            Field("owner", "code", 9),
            Field("about", "info", 26, wording="name_here"),
            Field("ref", width=56),
            Field("status", "choice", 28, options(s.Source, "status")),
        ),
    ),
    Layout(
        "reference",
        (Field("item", "code", 9), Field("value", "number", 14, wording="reference_value")),
    ),
    Layout(
        "risk_likelihood",
        (Field("up_to", "number", 10), *BOTH, Field("ratings", "codes", 40, source=("risk_ratings", "id"))),
    ),
    Layout("risk_impact", (Field("zh", width=30), Field("en", width=34))),
    Layout(
        "risk_ratings",
        (Field("id", "code", 12), *BOTH, Field("decide.zh", width=40), Field("decide.en", width=40)),
    ),
    Layout("risk_data", (Field("id", "code", 14), *BOTH, Field("guarded_by", "codes", 50))),
    Layout(
        "risk_levels",
        (
            Field("data", "code", 14, source=("risk_data", "id")),
            Field("impact", "whole", 8),
            *BOTH,
            Field("table", "code", 20, source=("tables", "id")),
            Field("where", width=40),
            Field("window", "whole", 8),
            Field("at_least", "whole", 9),
        ),
    ),
    Layout(
        "tables",
        (
            Field("id", "code", 22),
            *BOTH,
            Field("about.zh", width=40),
            Field("about.en", width=40),
            Field("files", "names", 34),
            Field("scope", "choice", 11, options(s.Table, "scope")),
            Field("covers", "choice", 9, options(s.Table, "covers")),
            Field("confidence", "choice", 10, get_args(s.EvidenceClass)),
            Field("no_rows", "choice", 15, options(s.Table, "no_rows")),
            Field("required", "flag", 8, wording="table_required"),
            Field("header_rows", "whole", 9),
            Field("key", "codes", 28, wording="table_key"),
            Field("subtotal.column", "code", 12),
            Field("subtotal.words", "names", 24),
            Field("reader", "choice", 14, options(s.Table, "reader")),
            Field("sample.of", "choice", 10, options(s.Sample, "of")),
            Field("sample.case", "names", 16),
            Field("second_rating.first", "code", 12),
            Field("second_rating.second", "code", 12),
        ),
    ),
    Layout(
        "columns",
        (
            Field("table", "code", 22, source=("tables", "id")),
            Field("column", "code", 20),
            Field("zh", width=22),
            Field("en", width=26),
            Field("type", "choice", 11, options(s.Column, "type")),
            Field("required", "flag", 8),
            Field("min", "number", 8, wording="lowest"),
            Field("max", "number", 8, wording="highest"),
            Field("max_column", "code", 14),
            Field("person", "choice", 10, options(s.Column, "person"), wording="person_data"),
            Field("about.zh", width=40),
            Field("about.en", width=40),
        ),
    ),
    Layout(
        "choices",
        (
            Field("table", "code", 22, source=("tables", "id")),
            Field("column", "code", 20),
            Field("code", "code", 18),
            Field("zh", width=22),
            Field("en", width=26),
        ),
    ),
)


def layouts(points: int = POINTS) -> tuple[Layout, ...]:
    """Every sheet in its order, with room for so many pairs of a scale."""
    tree = Layout("tree", (*TREE_HEAD, *point_fields(max(points, POINTS)), *TREE_TAIL))
    return (SETTINGS, tree, MEASURE_SHEET, *FIXED)


def keys_of(name: str) -> tuple[str, ...]:
    """The keys of a sheet's columns."""
    return next(layout.keys for layout in FIXED if layout.name == name)
