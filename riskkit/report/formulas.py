"""A measure and its scale on one line, in the words of the tables they read."""

from __future__ import annotations

import re
from typing import Any

from riskkit import texts
from riskkit.model import IndicatorModel
from riskkit.model import schema as s

_TOKEN = re.compile(r"'[^']*'|[A-Za-z_]\w*|[<>=!]=|[^\sA-Za-z_']+|\s+")
_SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "*": "×", "/": "÷", "-": "−"}


def in_words(measure: s.Measure, model: IndicatorModel, lang: texts.Language) -> str:
    """How a measure is computed.

    >>> in_words(model.items["A1.1"].measure, model, "en")
    """
    return _Words(model, lang).measure(measure)


def rows_in_words(rows: s.Rows, model: IndicatorModel, lang: texts.Language) -> str:
    """Which rows of which table, with the columns' own names."""
    words = _Words(model, lang)
    return words.say("of", table=words.table(rows.table), core=words.expression(rows.where or "", rows))


def scale_in_words(item: s.Item, lang: texts.Language) -> str:
    """Which values give how many points.

    >>> scale_in_words(model.items["A1.1"], "en")
    '60% → 0, 90% → 60, 100% → 100'
    """
    scale, values = item.scale, _scale_values(item)
    if isinstance(scale, s.PiecewiseLinear):
        pairs = [f"{_value(value, item)} → {points:g}" for value, points in scale.points]
    elif isinstance(scale, s.Steps):
        pairs = _steps(item, scale, lang)
    else:
        return texts.say(f"sheet.formula.{_scale_key(scale)}", lang, **values)
    return texts.say("sheet.list", lang).join(pairs)


def _scale_key(scale: s.Scale) -> str:
    if isinstance(scale, s.Goalposts) and scale.log:
        return "goalposts_log"
    both = isinstance(scale, s.DistanceToTarget) and scale.both_sides
    return "distance_both_sides" if both else scale.type


def _scale_values(item: s.Item) -> dict[str, str]:
    """The numbers of a scale that its wording names."""
    scale = item.scale
    if isinstance(scale, s.Goalposts):
        ends = [_value(scale.low, item), _value(scale.high, item)]
        worst, best = ends if item.direction == "higher_better" else reversed(ends)
        return {"worst": worst, "best": best}
    if isinstance(scale, s.DistanceToTarget):
        reach = abs(scale.target - scale.zero_at)
        values = {"target": scale.target, "zero_at": scale.zero_at}
        values |= {"low": scale.target - reach, "high": scale.target + reach}
        return {name: _value(value, item) for name, value in values.items()}
    if isinstance(scale, s.ZScore):
        return {"at_mean": f"{scale.at_mean:g}", "per_sd": f"{scale.per_sd:g}"}
    return {}


def _steps(item: s.Item, scale: s.Steps, lang: texts.Language) -> list[str]:
    """The best step first."""
    rising = item.direction == "higher_better"
    key = "sheet.formula.at_least" if rising else "sheet.formula.at_most"
    told = [
        texts.say(key, lang, value=_value(value, item), points=f"{points:g}")
        for value, points in (reversed(scale.points) if rising else scale.points)
    ]
    return [*told, texts.say("sheet.formula.otherwise", lang, points=f"{scale.otherwise:g}")]


def aggregate_in_words(node: s.Node | s.ModelSpec, lang: texts.Language) -> str:
    """How the children of a node, or the dimensions of a model, make their parent.

    >>> aggregate_in_words(model.spec, "en")
    'weighted arithmetic mean'
    """
    exponent = "" if node.exponent is None else f"{node.exponent:g}"
    return texts.say(f"sheet.aggregate.{node.aggregate}", lang, exponent=exponent)


def _value(value: float, item: s.Item) -> str:
    """A value with all its digits, but not those that binary adds to it."""
    return f"{value * 100:.12g}%" if item.unit == "ratio" else f"{value:,.12g}"


class _Words:
    def __init__(self, model: IndicatorModel, lang: texts.Language) -> None:
        self.model = model
        self.lang = lang

    def say(self, key: str, **values: Any) -> str:
        return texts.say(f"sheet.formula.{key}", self.lang, **values)

    def measure(self, measure: s.Measure) -> str:
        if isinstance(measure, s.Composite):
            parts = [self.part(part, measure.combine) for part in measure.parts]
            return (" + " if measure.combine == "sum" else " × ").join(parts)
        core = getattr(self, measure.kind)(measure)
        if measure.factor != 1:
            core = f"{core} × {measure.factor:g}"
        table = self.table(measure.table)
        return self.say("of", table=table, core=core) + "".join(self.limits(measure))

    def part(self, part: s.Part, combine: str) -> str:
        words = f"[{self.measure(part.measure)}]"
        if part.cap is not None:
            words = self.say("capped", value=words, cap=f"{part.cap:g}")
        if part.slope != 1 or part.offset != 0:
            sign = "+" if part.slope >= 0 else "−"
            words = f"({part.offset:g} {sign} {abs(part.slope):g} × {words})"
        return f"{part.weight:g} × {words}" if combine == "sum" and part.weight != 1 else words

    def limits(self, measure: Any) -> list[str]:
        """What restricts the rows: condition, periods reached back, joined tables."""
        parts = [self.say("window", n=measure.window)] if measure.window > 1 else []
        joined = [self.table(join.table) for join in measure.join]
        parts += (
            [self.say("joined", tables=texts.say("sheet.list", self.lang).join(dict.fromkeys(joined)))]
            if joined
            else []
        )
        parts += [self.say("where", where=self.expression(measure.where, measure))] if measure.where else []
        return parts

    def ratio(self, measure: s.Ratio) -> str:
        low = (
            self.say("rows")
            if measure.denominator == "1"
            else f"∑({self.expression(measure.denominator, measure)})"
        )
        return f"∑({self.expression(measure.numerator, measure)}) ÷ {low}"

    def rate(self, measure: s.Rate) -> str:
        high = (
            self.say("rows")
            if measure.numerator == "1"
            else f"∑({self.expression(measure.numerator, measure)})"
        )
        low = self.say(measure.exposure)
        if measure.floor:
            low = self.say("floored", value=low, floor=f"{measure.floor:g}")
        return f"{high} ÷ {low}"

    def mean(self, measure: s.Mean) -> str:
        return self.say("mean", value=self.expression(measure.value, measure))

    def quantile(self, measure: s.Quantile) -> str:
        return self.say("quantile", q=f"{measure.q:.0%}", value=self.expression(measure.value, measure))

    def likert(self, measure: s.Likert) -> str:
        return self.say("likert", subscale=self.named("subscale", measure.subscale))

    def gain(self, measure: s.Gain) -> str:
        return self.say("gain", ceiling=f"{measure.ceiling:g}")

    def named(self, kind: str, name: str) -> str:
        try:
            return texts.say(f"sheet.{kind}.{name}", self.lang)
        except KeyError:
            return name

    def table(self, name: str) -> str:
        return (
            self.model.tables[name].name[self.lang]
            if name in self.model.tables
            else self.named("derived", name)
        )

    def columns(self, table: str) -> dict[str, s.Column]:
        return self.model.tables[table].columns if table in self.model.tables else {}

    def expression(self, expression: str, rows: s.Rows) -> str:
        """Column names, choices, parameters, connectives and signs of an expression in words; the rest as it stands."""
        columns = self.columns(rows.table)
        choices = {
            code: name[self.lang] for column in columns.values() for code, name in column.choices.items()
        }
        words = {name: getattr(column, self.lang) for name, column in columns.items()}
        words |= {name: self.taken(join, text) for join in rows.join for name, text in join.take.items()}
        for join in rows.join:
            choices |= {
                code: name[self.lang]
                for column in self.columns(join.table).values()
                for code, name in column.choices.items()
            }
        told = "".join(self.token(token, words, choices) for token in _TOKEN.findall(expression))
        return " ".join(told.split())

    def taken(self, join: s.Join, text: str) -> str:
        """What a join takes from its table: a count, or an aggregate of a column."""
        how, _, column = text.partition(" ")
        columns = self.columns(join.table)
        name = getattr(columns[column], self.lang) if column in columns else column
        return self.say(f"take_{how}", table=self.table(join.table), column=name)

    def token(self, token: str, words: dict[str, str], choices: dict[str, str]) -> str:
        if token.startswith("'"):
            code = token.strip("'")
            return self.say("quoted", text=choices.get(code) or self.named("token", code))
        if token in words:
            return words[token]
        if token in self.model.spec.parameters:
            value = self.model.spec.parameters[token]
            return f"{value:g}" if isinstance(value, float) else str(value)
        sign = token.strip()
        return (
            token.replace(sign, _SIGNS[sign])
            if sign in _SIGNS
            else self.named("token", token)
            if token.isidentifier()
            else token
        )
