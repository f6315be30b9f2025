"""HTML of the few kinds that pages are made of; what is of them is safe as it stands."""

from __future__ import annotations

import re

TAGS = ("a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "li", "ol", "p", "pre", "span", "strong", "ul")
TABLE_TAGS = ("table", "tbody", "td", "th", "thead", "tr")
STYLES = (
    "background-color", "border-bottom", "border-collapse", "border-spacing", "border-top", "color", "font-size",
    "font-weight", "margin", "max-width", "min-width", "padding", "padding-bottom", "text-align", "vertical-align",
    "white-space",
)  # fmt: skip
ATTRIBUTES = {
    "*": ["class", "style", "id"],
    "a": ["href"],
    **{tag: ["role"] for tag in TABLE_TAGS},
    "td": ["role", "data-label"],
    "th": ["role", "scope"],
}

_STYLE = rf"(?:{'|'.join(STYLES)}):[\w#.,% +-]*"
_PLAIN = '[^"<>&]*'
_ESCAPED = r"""(?:[^"<>&]|&(?:amp|lt|gt|quot|\#x27);)*"""
_VALUES = {"style": f"(?:{_STYLE}(?:;{_STYLE})*;?)?", "href": f"#{_PLAIN}", "data-label": _ESCAPED}
"""What an attribute may say; another, anything that needs no escaping."""


def _attributes(tag: str) -> str:
    names = [*ATTRIBUTES["*"], *ATTRIBUTES.get(tag, ())]
    said = (f'{name}="{_VALUES.get(name, _PLAIN)}"' for name in names)
    return f"(?: (?:{'|'.join(said)}))*"


_PIECE = re.compile(
    r"[^<>&]+|&(?:amp|lt|gt|quot|\#x27);|</(?P<end>[a-z]+[0-9]?)>|<(?:"
    + "|".join(f"{tag}{_attributes(tag)}" for tag in sorted((*TAGS, *TABLE_TAGS), key=len, reverse=True))
    + ")>"
)
_NAME = re.compile(r"<([a-z]+[0-9]?)")


def proper(html: str) -> bool:
    """Whether HTML holds nothing but tags, attributes and styles from the lists above, every tag closed in its turn,
    every other sign escaped: then there is nothing to take out of it.

    >>> proper('<p style="color:#333333">a &lt; b</p>'), proper("<p onclick=''>a</p>"), proper("<p>a")
    (True, False, False)
    """
    at, still_open = 0, list[str]()
    while at < len(html):
        found = _PIECE.match(html, at)
        if found is None:
            return False
        if (end := found["end"]) is not None:
            if not still_open or still_open.pop() != end:
                return False
        elif html[at] == "<" and (name := _NAME.match(html, at)) and name[1] != "br":
            still_open.append(name[1])
        at = found.end()
    return not still_open
