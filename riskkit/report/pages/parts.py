"""What a page is put together from: headings, sentences, tables, tiles. Everything is escaped; nothing runs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from riskkit.report.theme import theme

Tone = str
"""A colour by its name in the theme, "grade:0" for the best of the grades, or none."""
Align = Literal["left", "right", "center"]


NARROW = 4
"""A table of no more columns stays one on a narrow screen."""
ONE_LINE = 24
"""A text no longer than this is kept on one line."""


@dataclass(frozen=True)
class Cell:
    """A cell's text, and its tone where it means something; its `name` on the page, and what it leads `to`."""

    text: str
    tone: Tone = ""
    bold: bool = False
    name: str = ""
    to: str = ""


@dataclass(frozen=True)
class Column:
    """A column's heading, which way its cells are set, and whether they may be broken into lines."""

    heading: str
    align: Align = "left"
    wrap: bool = False


@dataclass(frozen=True)
class Part:
    """Something shown as HTML; its plain text is what a reader without HTML sees."""

    html: str
    plain: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.plain


def show(part: Part) -> None:
    """Show a part now, and not only as the last thing of a cell."""
    getattr(builtins, "display", print)(part)  # IPython puts `display` among the builtins


def heading(text: str, level: int = 2) -> Part:
    """A heading that is a sentence."""
    style = {1: "font-size:1.7em;margin:.2em 0", 2: "font-size:1.25em;margin:1.1em 0 .5em"}[level]
    rule = f"border-bottom:1.5px solid {_colour('rule')};padding-bottom:.2em;" if level == 2 else ""
    html = f'<h{level} class="rk-heading" style="color:{_colour("rule")};{rule}{style}">{escape(text)}</h{level}>'
    return Part(html, f"{'#' * level} {text}")


def note(*sentences: str) -> Part:
    """Sentences below or instead of a table, a paragraph each."""
    style = f'class="rk-note" style="color:{_colour("ink")};max-width:60em;margin:.3em 0"'
    html = "".join(f"<p {style}>{escape(sentence)}</p>" for sentence in sentences if sentence)
    return Part(html, "\n".join(sentences))


def together(*shown: Part) -> Part:
    """Several parts as one."""
    return Part("".join(part.html for part in shown), "\n".join(part.plain for part in shown))


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], *, none: str = "") -> Part:
    """A table; a sentence where it has no rows. Roles are spelled out and cells know their heading, because on a narrow
    screen each row of a broad one is shown as a card."""
    if not rows:
        return note(none)
    head = "".join(
        f'<th role="columnheader" scope="col" style="{_head_style(column)}">{escape(column.heading)}</th>'
        for column in columns
    )
    looks = [_Look.of(column, first=not place) for place, column in enumerate(columns)]
    body = "".join(f'<tr role="row">{_row(looks, row)}</tr>' for row in rows)
    kind = "rk-table rk-cards" if len(columns) > NARROW else "rk-table"
    paper = f"background-color:{_colour('white')};color:{_colour('ink')}"
    style = f"border-collapse:collapse;font-size:.92em;margin:.4em 0;{paper}"
    html = (
        f'<table role="table" class="{kind}" style="{style}"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )
    return Part(html, _plain(columns, rows))


def tiles(figures: Sequence[tuple[str, Cell]]) -> Part:
    """A row of figures, each below what it is."""
    look = f"border-top:3px solid {_colour('rule')};background-color:{_colour('paper')}"
    edge = f"{look};padding:.5em 1.2em;text-align:center"
    cells = "".join(
        f'<td style="{edge}"><span style="color:{_colour("grey")};font-size:.85em">{escape(label)}</span><br>'
        f'<b style="font-size:1.5em;color:{_colour(cell.tone or "rule")}">{escape(cell.text)}</b></td>'
        for label, cell in figures
    )
    style = "border-collapse:separate;border-spacing:4px 0;margin:.6em 0"
    plain = " · ".join(f"{label} {cell.text}" for label, cell in figures)
    start = f'<table class="rk-tiles" role="presentation" style="{style}">'
    return Part(f"{start}<tbody><tr>{cells}</tr></tbody></table>", plain)


def signatures(labels: Sequence[str]) -> Part:
    """Lines to sign on, each behind what it is for."""
    line = f"border-bottom:1px solid {_colour('grey')};min-width:7em;padding:1.6em 1em 0 0"
    label = f"color:{_colour('grey')};padding:1.6em .6em 0 0;white-space:nowrap"
    cells = "".join(f'<td style="{label}">{escape(text)}</td><td style="{line}"></td>' for text in labels)
    start = '<table class="rk-signatures" role="presentation" style="margin:1em 0">'
    return Part(f"{start}<tbody><tr>{cells}</tr></tbody></table>", " ____ ".join([*labels, ""]))


def _head_style(column: Column) -> str:
    edge = f"border-bottom:1.5px solid {_colour('rule')}"
    return f"text-align:{column.align};color:{_colour('grey')};font-weight:600;padding:.3em .7em;{edge}"


@dataclass(frozen=True)
class _Look:
    """What the cells of a column have in common: tag, attributes, style, and whether it depends on their text."""

    tag: str
    attributes: str
    style: str
    wrap: bool

    @classmethod
    def of(cls, column: Column, *, first: bool) -> _Look:
        """A column's; the first one names its rows."""
        edge = f"border-bottom:1px solid {_colour('hairline')}"
        style = f"text-align:{column.align};padding:.28em .7em;{edge};vertical-align:top"
        style += ";min-width:8em;max-width:32em" if column.wrap else ""
        if first:
            return cls("th", 'role="rowheader" scope="row"', style, column.wrap)
        long = ' class="rk-long"' if column.wrap else ""
        return cls("td", f'role="cell"{long} data-label="{escape(column.heading)}"', style, column.wrap)


def _row(looks: Sequence[_Look], row: Sequence[Cell | str]) -> str:
    cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
    return "".join(_cell(*each) for each in zip(looks, cells, strict=True))


def _cell(look: _Look, cell: Cell) -> str:
    line = "" if look.wrap or _breadth(cell.text) > ONE_LINE else ";white-space:nowrap"
    weight = ";font-weight:600" if cell.bold else ";font-weight:400"
    name = f' id="{escape(cell.name)}"' if cell.name else ""
    text = escape(cell.text)
    shown = f'<a href="#{escape(cell.to)}">{text}</a>' if cell.to else text
    style = f"{look.style}{line}{_tone_style(cell.tone)}{weight}"
    return f'<{look.tag} {look.attributes}{name} style="{style}">{shown}</{look.tag}>'


def _breadth(text: str) -> int:
    """A text's length, Chinese characters counting double."""
    return len(text) if text.isascii() else sum(1 + (letter > "\u2e7f") for letter in text)


def _tone_style(tone: Tone) -> str:
    if tone.startswith("grade:"):
        place, _, count = tone.removeprefix("grade:").partition("/")
        colours = theme().grade(int(place), int(count))
        return f";background-color:#{colours.tint};color:#{colours.text}"
    return f";color:{_colour(tone)}" if tone else ""


def _colour(name: str) -> str:
    if name.startswith("grade:"):
        place, _, count = name.removeprefix("grade:").partition("/")
        return f"#{theme().grade(int(place), int(count)).text}"
    return f"#{theme().colour(name)}"


def _plain(columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]]) -> str:
    lines: list[list[Any]] = [[column.heading for column in columns]]
    lines += [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
    return "\n".join(" | ".join(line) for line in lines)
