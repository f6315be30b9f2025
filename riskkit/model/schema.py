"""The shape of an indicator model: what keys there are, of which type. Meaning across keys is checked in `checks`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, StringConstraints, Tag

from riskkit.texts import Language

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.\-]{0,31}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Real = Annotated[float, Strict()]
"""A number: never a text that looks like one, never true or false."""
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
EvidenceClass = Literal["A", "B", "C", "D"]


class Spec(BaseModel):
    """Frozen, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bilingual(Spec):
    """The same text in Chinese and English."""

    zh: str
    en: str

    def __getitem__(self, lang: Language) -> str:
        return self.zh if lang == "zh" else self.en


# ---------------------------------------------------------------- evidence tables


class Column(Spec):
    """One column of an evidence table."""

    zh: str
    en: str
    type: Literal[
        "code",
        "text",
        "integer",
        "number",
        "percent",
        "date",
        "datetime",
        "yes_no",
        "choice",
        "unit",
        "item",
        "red_line",
        "table",
    ]
    required: Flag = False
    choices: dict[Identifier, Bilingual] = {}
    min: Real | None = None
    max: Real | None = None
    max_column: Name | None = None
    person: Literal["number", "name", "address"] | None = None
    about: Bilingual | None = None


class Subtotal(Spec):
    """Rows that only add up others: recognised by a word in a column, and left out."""

    column: Name
    words: tuple[str, ...] = Field(min_length=1)


class Sample(Spec):
    """Rows that are a sample: the columns that tell one sampled case from another (each row is one, unless given), and
    what they are a sample of: the unit's staff, or of so many that it need not be known."""

    of: Literal["staff", "many"]
    case: tuple[Name, ...] = ()


class SecondRating(Spec):
    """Columns with the scores of two raters who judged independently."""

    first: Name
    second: Name


class Table(Spec):
    """One evidence table; see the header of the tables file."""

    name: Bilingual
    about: Bilingual
    files: tuple[str, ...] = Field(min_length=1)
    scope: Literal["snapshot", "period"]
    covers: Literal["bank", "unit"]
    confidence: EvidenceClass
    no_rows: Literal["not_applicable", "not_assessed"] = "not_applicable"
    required: Flag = False
    header_rows: Literal[1, 2] = 1
    subtotal: Subtotal | None = None
    key: tuple[Name, ...] = ()
    reader: Literal["plain", "questionnaire"] = "plain"
    sample: Sample | None = None
    second_rating: SecondRating | None = None
    columns: dict[Name, Column] = Field(min_length=1)


# ---------------------------------------------------------------- measures


class Join(Spec):
    """A left join on an aggregate of another table."""

    table: Name
    on: tuple[Name, ...] | dict[Name, Name]
    window: Whole = Field(default=1, ge=1, le=20)
    where: str | None = None
    take: dict[Name, str] = Field(min_length=1)

    @property
    def keys(self) -> dict[str, str]:
        """Left column → right column."""
        return dict(self.on) if isinstance(self.on, dict) else {name: name for name in self.on}


class Rows(Spec):
    """Which rows of which table."""

    table: Name
    where: str | None = None
    window: Whole = Field(default=1, ge=1, le=20)
    join: tuple[Join, ...] = ()


class TableMeasure(Rows):
    """A measure over the rows of one table."""

    factor: Real = 1.0
    person: Name | None = None


class Ratio(TableMeasure):
    """Σ numerator ÷ Σ denominator."""

    kind: Literal["ratio"]
    numerator: str
    denominator: str = "1"
    n: str | None = None
    population: str | None = None
    min_denominator: Real = 0.0


class Rate(TableMeasure):
    """Σ numerator ÷ exposure."""

    kind: Literal["rate"]
    numerator: str
    exposure: Literal["staff", "years"]
    floor: Real = Field(default=0.0, ge=0)


class Mean(TableMeasure):
    """Σ weight·value ÷ Σ weight."""

    kind: Literal["mean"]
    value: str
    weight: str = "1"


class Quantile(TableMeasure):
    """The q-quantile of a value."""

    kind: Literal["quantile"]
    value: str
    q: Share


class Likert(TableMeasure):
    """Mean over respondents of their mean answer on a subscale, 0-1."""

    kind: Literal["likert"]
    subscale: Name


class Gain(TableMeasure):
    """Normalised gain over matched persons (Hake 1998)."""

    kind: Literal["gain"]
    person: Name
    phase: Name
    before: str
    after: str
    score: Name
    ceiling: Real


class Part(Spec):
    """One part of a composite."""

    weight: Real = Field(default=1.0, gt=0)
    measure: Measure
    slope: Real = 1.0
    offset: Real = 0.0
    cap: Real | None = None
    if_not_applicable: Real | None = None


class Composite(Spec):
    """Σ weight·part or Π part."""

    kind: Literal["composite"]
    combine: Literal["sum", "product"]
    parts: tuple[Part, ...] = Field(min_length=2)


Measure = Annotated[
    Ratio | Rate | Mean | Quantile | Likert | Gain | Composite,
    Field(discriminator="kind"),
]


# ---------------------------------------------------------------- the tree


Aggregate = Literal["arithmetic", "geometric", "harmonic", "power", "minimum"]
"""How children make their parent: a weighted mean of one kind, or the least of them."""


class PiecewiseLinear(Spec):
    """Points (value, score) joined by straight lines, flat outside."""

    type: Literal["piecewise_linear"]
    points: tuple[tuple[Real, Real], ...] = Field(min_length=2)


class Goalposts(Spec):
    """The share of the way from the worse goalpost to the better one, of logarithms if `log`, clipped to 0-1."""

    type: Literal["goalposts"]
    low: Real
    high: Real
    log: Flag = False


class Steps(Spec):
    """Thresholds (value, score): who reaches one has its score; who reaches none has `otherwise`."""

    type: Literal["steps"]
    points: tuple[tuple[Real, Real], ...] = Field(min_length=1)
    otherwise: Real = 0.0


class DistanceToTarget(Spec):
    """Full points at the target and beyond, falling in proportion to the distance from it, none at `zero_at`."""

    type: Literal["distance_to_target"]
    target: Real
    zero_at: Real
    both_sides: Flag = False


class Relative(Spec):
    """A scale without numbers of its own: it places a value among those of the model's reference."""


class MinMax(Relative):
    """The share of the way from the worst to the best value of the reference, clipped to 0-1."""

    type: Literal["min_max"]


class ZScore(Relative):
    """`at_mean` points at the reference's mean, `per_sd` more for each standard deviation that is better."""

    type: Literal["z_score"]
    at_mean: Real
    per_sd: Real = Field(gt=0)


class Rank(Relative):
    """The rank in the reference: all points for the best, one n-th less for each one that is better."""

    type: Literal["rank"]


class Percentile(Relative):
    """The percentile rank: the share of the reference that is worse, and half of what is equal."""

    type: Literal["percentile"]


class Borda(Relative):
    """The Borda count: the share of the others that is worse, and half of what is equal."""

    type: Literal["borda"]


Scale = Annotated[
    PiecewiseLinear | Goalposts | Steps | DistanceToTarget | MinMax | ZScore | Rank | Percentile | Borda,
    Field(discriminator="type"),
]


class Source(Spec):
    """A rule or publication an item rests on, and how far it was verified."""

    ref: str
    status: Literal["verified_text", "existence_or_summary_only", "unverified", "internal"]


class Item(Spec):
    """A leaf of the tree: one thing measured."""

    id: Identifier
    name: Bilingual
    weight: Real = Field(ge=0, le=1)
    core: Flag = False
    cadence: Name
    direction: Literal["higher_better", "lower_better", "target_better"]
    unit: Literal["ratio", "number", "days", "per_100", "points", "times", "years", "money"]
    methods: tuple[
        Literal[
            "document_review",
            "inspection",
            "interview",
            "questionnaire",
            "training_record",
            "personnel_record",
            "incident_log",
            "attestation",
            "statistics",
        ],
        ...,
    ] = ()
    applies_to: tuple[Name, ...] = ()
    min_n: Whole = Field(default=0, ge=0)
    measure: Measure
    scale: Scale
    sources: tuple[Source, ...] = ()
    mechanisms: tuple[str, ...] = ()
    tags: tuple[Literal["lawful", "minimal", "whole_process", "accountable"], ...] = ()
    note: Bilingual | None = None


class Node(Spec):
    """An inner node: a dimension, an indicator, or any level of grouping."""

    id: Identifier
    name: Bilingual
    weight: Real = Field(ge=0, le=1)
    aggregate: Aggregate = "arithmetic"
    exponent: Real | None = None
    children: tuple[TreeNode, ...] = Field(min_length=1)


def _item_or_node(value: Any) -> str:
    has_measure = "measure" in value if isinstance(value, dict) else isinstance(value, Item)
    return "item" if has_measure else "node"


TreeNode = Annotated[
    Annotated[Item, Tag("item")] | Annotated[Node, Tag("node")], Discriminator(_item_or_node)
]


# ---------------------------------------------------------------- red lines, grades


class Lenient(Spec):
    """A smaller deduction where a condition on the event holds."""

    when: str
    deduct: Real = Field(ge=0)


class RedLine(Spec):
    """What a confirmed event does to score and grade."""

    id: Identifier
    name: Bilingual
    deduct: Real = Field(default=0.0, ge=0)
    lenient: Lenient | None = None
    cap: Identifier | None = None
    veto: Flag = False
    until_cured: Flag = False
    candidate: Rows | None = None
    sources: tuple[Source, ...] = ()
    mechanisms: tuple[str, ...] = ()

    @property
    def effects(self) -> tuple[str, ...]:
        """Which of deduct, cap, veto it has."""
        return tuple(
            name
            for name, present in (
                ("deduct", self.deduct > 0),
                ("cap", self.cap is not None),
                ("veto", self.veto),
            )
            if present
        )


class NodeMin(Spec):
    """Every node of a depth (1 = dimensions) scores at least `value`."""

    kind: Literal["node_min"]
    depth: Whole = Field(ge=1)
    value: Real


class CoverageMin(Spec):
    """At least this share of the applicable weight is measured."""

    kind: Literal["coverage"]
    value: Share


class ConfidenceMin(Spec):
    """At least `share` of the measured weight rests on evidence of these classes."""

    kind: Literal["confidence"]
    classes: tuple[EvidenceClass, ...] = Field(min_length=1)
    share: Share


class NoRedLine(Spec):
    """No red line with one of these effects is met."""

    kind: Literal["no_red_line"]
    effects: tuple[Literal["deduct", "cap", "veto"], ...] = Field(min_length=1)


Condition = Annotated[NodeMin | CoverageMin | ConfidenceMin | NoRedLine, Field(discriminator="kind")]


class Grade(Spec):
    """A grade: the least score, and what else must hold."""

    id: Identifier
    name: Bilingual
    min: Real
    national: Bilingual | None = None
    conditions: tuple[Condition, ...] = ()


# ---------------------------------------------------------------- risk


class LikelihoodStep(Spec):
    """A class of likelihood: up to which share of points lost, and the rating at each class of impact."""

    up_to: Share
    name: Bilingual
    ratings: tuple[Identifier, ...] = Field(min_length=2)


class Rating(Spec):
    """What a cell of the matrix comes to, and what it asks to decide."""

    id: Identifier
    name: Bilingual
    decide: Bilingual


class DataLevel(Spec):
    """A level of data: its class of impact, and the rows that show a unit handles it (at least so many)."""

    impact: Whole = Field(ge=1)
    name: Bilingual
    table: Name
    where: str
    window: Whole = Field(default=1, ge=1, le=20)
    at_least: Whole = Field(default=1, ge=1)


class DataKind(Spec):
    """A kind of data: the nodes that guard it, and the levels it comes in."""

    id: Identifier
    name: Bilingual
    guarded_by: tuple[Identifier, ...] = Field(min_length=1)
    levels: tuple[DataLevel, ...] = Field(min_length=1)


class Risk(Spec):
    """The risk matrix: classes of likelihood and impact, the least first, and the kinds of data placed on it."""

    likelihood: tuple[LikelihoodStep, ...] = Field(min_length=2)
    impact: tuple[Bilingual, ...] = Field(min_length=2)
    ratings: tuple[Rating, ...] = Field(min_length=2)
    data: tuple[DataKind, ...] = Field(min_length=1)


# ---------------------------------------------------------------- the whole


class Score(Spec):
    """Range and rounding of the published score."""

    maximum: Real = Field(default=100.0, gt=0)
    decimals: Whole = Field(default=2, ge=0, le=6)


class Level(Spec):
    """A level of the register; assessed ones are scored on their own and ranked."""

    id: Name
    name: Bilingual
    assessed: Flag = False


class Questionnaire(Spec):
    """When an answer sheet is valid, and when a unit has enough of them."""

    seconds_per_item: Real = Field(ge=0)
    longstring: Share
    min_sd: Real = Field(ge=0)
    respondents: Whole = Field(ge=1)
    share: Share
    never_below: Whole = Field(ge=1)


class Provisional(Spec):
    """Below this coverage there is no grade and no rank."""

    coverage: Share = 0.0


class Headcount(Spec):
    """Which rows of which table are the people in post at the cut-off."""

    table: Name
    where: str


class Reference(Spec):
    """What relative scales compare with: for each item the sorted values of one period's assessed units, unnamed."""

    period: str
    items: dict[Identifier, Annotated[tuple[Real, ...], Field(min_length=1)]]


class ModelSpec(Spec):
    """A whole model as written down."""

    format: Literal[1]
    id: Identifier
    version: str
    name: Bilingual
    frequency: Literal["quarter", "year"]
    score: Score = Score()
    parameters: dict[Name, Real | Annotated[dt.date, Strict()]] = {}
    lookups: dict[Name, dict[Name, Real]] = {}
    cadences: dict[Name, Annotated[Whole, Field(ge=1)]]
    levels: tuple[Level, ...] = Field(min_length=1)
    staff: Headcount | None = None
    questionnaire: Questionnaire | None = None
    aggregate: Aggregate = "arithmetic"
    exponent: Real | None = None
    missing: Literal["zero", "left_out"] = "zero"
    nodes: tuple[Node, ...] = Field(min_length=1)
    red_lines: tuple[RedLine, ...] = ()
    grades: tuple[Grade, ...] = Field(min_length=1)
    provisional: Provisional = Provisional()
    risk: Risk | None = None
    tables: dict[Name, Table]
    reference: Reference | None = None
