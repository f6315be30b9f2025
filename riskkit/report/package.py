"""Finishing a workbook: the same content gives the same bytes, and nothing of who, where or when stays in the file."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from openpyxl.workbook import Workbook

from riskkit.report.cells import clean
from riskkit.report.sheet_xml import parts_of

LONG_AGO = (1980, 1, 1, 0, 0, 0)
FIRST = ("[Content_Types].xml", "_rels/.rels")
CORE = "docProps/core.xml"
APP = "docProps/app.xml"

_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<dc:title>{title}</dc:title><dc:creator>{institution}</dc:creator>"
    "<cp:lastModifiedBy>{institution}</cp:lastModifiedBy><cp:category>{marking}</cp:category></cp:coreProperties>"
)
_APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<Application>Microsoft Excel</Application><Company>{institution}</Company></Properties>"
)
_UNLINKED = re.compile(rb'(<(?:\w+:)?numFmt formatCode="[^"]*")(\s*/>)')
_NAMED_CHART = re.compile(r'<(?:\w+:)?cNvPr\b[^>]*\bname="Chart \d+"[^>]*?(?=/?>)')


def finished(
    workbook: Workbook, *, institution: str, title: str, marking: str, pictures: Sequence[str] = ()
) -> bytes:
    """A workbook's bytes, reproducible: fixed times, fixed properties, parts in a fixed order. It is used up.

    `pictures` are the alternative texts of its charts, sheet by sheet.
    """
    parts = parts_of(workbook)
    words = {
        "institution": escape(clean(institution)),
        "title": escape(clean(title)),
        "marking": escape(clean(marking)),
    }
    parts[CORE] = _CORE.format(**words).encode()
    parts[APP] = _APP.format(**words).encode()
    _describe(parts, list(pictures), clean(institution))
    _complete_charts(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(parts, key=lambda part: (part not in FIRST, part)):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            entry.external_attr = 0
            archive.writestr(entry, parts[name])
    return out.getvalue()


def _complete_charts(parts: dict[str, bytes]) -> None:
    """Let labels keep the format given to them rather than that of their cells, and no title stay no title."""
    for name in parts:
        if name.startswith("xl/charts/"):
            chart = _UNLINKED.sub(rb'\1 sourceLinked="0"\2', parts[name])
            parts[name] = chart.replace(
                b"<chart><plotArea>", b'<chart><autoTitleDeleted val="1" /><plotArea>'
            )


def _describe(parts: dict[str, bytes], pictures: list[str], institution: str) -> None:
    """Give charts their alternative texts, drawing by drawing in the order of the sheets; the logo, whose it is."""
    drawings = [name for name in parts if re.fullmatch(r"xl/drawings/drawing\d+\.xml", name)]
    waiting = iter(pictures)
    for name in sorted(drawings, key=lambda part: int("".join(filter(str.isdigit, part)))):
        text = _NAMED_CHART.sub(
            lambda found: (
                found[0] + (f" descr={quoteattr(clean(words))}" if (words := next(waiting, "")) else "")
            ),
            parts[name].decode().replace(' descr="Picture"', f" descr={quoteattr(institution)}"),
        )
        parts[name] = text.encode()
