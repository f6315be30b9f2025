"""What is taken as it stands is what a sanitiser that reads like a browser would leave as it is."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.report.markup import proper
from riskkit.report.notebooks import SanitizeHTML, _sanitiser

PIECES = (
    "<div>", "</div>", "<span>", "</span>", '<span style="color:#333333;padding:.3em 0">', "<br>", "<b>", "</b>", "a ",
    "&lt;", "&amp;", "<", ">", "&", "&copy", "<script>", "</script>", "<b onclick=x>", '<span id="A1.2 甲">', "<!--",
    '<span style="background-color:url(x)">', '<span style="position:fixed">', "<span class='x'>", "<b", '"', "'",
)  # fmt: skip


class _Events(HTMLParser):
    """A document as what a reader of it meets, whichever way quotes and styles are written."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.met: list[object] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        styles = [(name, "".join((value or "").split()).rstrip(";")) for name, value in attrs]
        self.met.append((tag, styles))

    def handle_endtag(self, tag: str) -> None:
        self.met.append(tag)

    def handle_data(self, data: str) -> None:
        if self.met and isinstance(self.met[-1], list):
            self.met[-1][0] += data
        else:
            self.met.append([data])


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_what_is_proper_means_the_same_when_sanitised(html: str) -> None:
    if proper(html):
        sanitised = SanitizeHTML.sanitize_html_tags(_sanitiser(), html)
        assert _Events(sanitised).met == _Events(html).met


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick=''>a</p>",
        '<p onclick="a">a</p>',
        '<a href="javascript:alert(1)">a</a>',
        '<a href="https://example.org">a</a>',
        '<p style="background-color:url(//example.org)">a</p>',
        '<p style="color:red;position:fixed">a</p>',
        "<img src=x>",
        "<p>a",
        "a</p>",
        "<b><p></b></p>",
        "a < b",
        "a & b",
        "&copy;",
        "<!-- a -->",
    ],
)
def test_all_else_is_left_to_the_sanitiser(html: str) -> None:
    assert not proper(html)


def test_long_styles_are_judged_at_once() -> None:
    """A pattern that tried every way to divide a text would take longer than the world has stood."""
    assert not proper(f'<p style="{"background-color:" * 200}(">a</p>')
