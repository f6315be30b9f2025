"""What Excel asks of a workbook's parts before it opens one without offering to repair it.

Order of elements: ECMA-376 part 1, chapters 18 (SpreadsheetML), 20.5 and 21.2 (drawings, charts). Limits: Microsoft, *Excel
specifications and limits*.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from openpyxl.formula import Tokenizer
from openpyxl.utils import coordinate_to_tuple, range_boundaries

_LABEL = "numFmt spPr txPr dLblPos showLegendKey showVal showCatName showSerName showPercent showBubbleSize separator"
_AXIS = (
    "axId scaling delete axPos majorGridlines minorGridlines title numFmt majorTickMark minorTickMark tickLblPos spPr txPr "
    "crossAx crosses crossesAt"
)
ORDER = {
    name: words.split()
    for name, words in {
        "worksheet": "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges "
        "scenarios autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting "
        "dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties "
        "cellWatches ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF picture oleObjects controls "
        "webPublishItems tableParts extLst",
        "workbook": "fileVersion fileSharing workbookPr workbookProtection bookViews sheets functionGroups "
        "externalReferences definedNames calcPr oleSize customWorkbookViews pivotCaches smartTagPr smartTagTypes "
        "webPublishing fileRecoveryPr webPublishObjects extLst",
        "styleSheet": "numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors extLst",
        "dxf": "font numFmt fill alignment border protection extLst",
        "xf": "alignment protection extLst",
        "c": "f v is extLst",
        "cfRule": "formula colorScale dataBar iconSet extLst",
        "dataValidation": "formula1 formula2",
        "sheetPr": "tabColor outlinePr pageSetUpPr",
        "headerFooter": "oddHeader oddFooter evenHeader evenFooter firstHeader firstFooter",
        "chartSpace": "date1904 lang roundedCorners style clrMapOvr pivotSource protection chart spPr txPr externalData "
        "printSettings userShapes extLst",
        "chart": "title autoTitleDeleted pivotFmts view3D floor sideWall backWall plotArea legend plotVisOnly dispBlanksAs "
        "showDLblsOverMax extLst",
        "plotArea": "layout areaChart lineChart radarChart scatterChart pieChart barChart valAx catAx dateAx serAx dTable "
        "spPr extLst",
        "barChart": "barDir grouping varyColors ser dLbls gapWidth overlap serLines axId extLst",
        "lineChart": "grouping varyColors ser dLbls dropLines hiLowLines upDownBars marker smooth axId extLst",
        "areaChart": "grouping varyColors ser dLbls dropLines axId extLst",
        "radarChart": "radarStyle varyColors ser dLbls axId extLst",
        "scatterChart": "scatterStyle varyColors ser dLbls axId extLst",
        "ser": "idx order tx spPr invertIfNegative pictureOptions marker dPt dLbls trendline errBars xVal yVal cat val smooth "
        "shape bubbleSize extLst",
        "dPt": "idx invertIfNegative marker bubble3D explosion spPr pictureOptions extLst",
        "dLbls": f"dLbl delete {_LABEL} showLeaderLines leaderLines extLst",
        "dLbl": f"idx delete layout tx {_LABEL} extLst",
        "catAx": f"{_AXIS} auto lblAlgn lblOffset tickLblSkip tickMarkSkip noMultiLvlLbl extLst",
        "valAx": f"{_AXIS} crossBetween majorUnit minorUnit dispUnits extLst",
        "scaling": "logBase orientation max min extLst",
        "title": "tx layout overlay spPr txPr extLst",
        "legend": "legendPos legendEntry layout overlay spPr txPr extLst",
        "marker": "symbol size spPr extLst",
        "numRef": "f numCache extLst",
        "strRef": "f strCache extLst",
        "numCache": "formatCode ptCount pt extLst",
        "strCache": "ptCount pt extLst",
        "errBars": "errDir errBarType errValType noEndCap plus minus val spPr extLst",
        "twoCellAnchor": "from to sp grpSp graphicFrame cxnSp pic clientData",
        "oneCellAnchor": "from ext sp grpSp graphicFrame cxnSp pic clientData",
    }.items()
}
UNORDERED = {"plotArea": (1, 7, 11)}
"""Within a plot area the charts come in any order, and so do the axes: children are compared by these bounds."""
_KNOWN = (
    "ABS AND AVERAGE AVERAGEIF CHAR COLUMN COUNT COUNTA COUNTIF COUNTIFS EXACT EXP FIXED IF IFERROR INDEX INT ISERROR "
    "ISNUMBER ISTEXT LARGE LEFT LEN LN LOG LOOKUP MATCH MAX MEDIAN MID MIN MOD N NOT OR POWER PRODUCT QUARTILE RANK RIGHT "
    "ROUND ROUNDDOWN ROUNDUP ROW ROWS SEARCH SIGN SMALL SQRT STDEV SUBSTITUTE SUM SUMIF SUMIFS SUMPRODUCT TEXT TRUE FALSE "
    "VALUE VLOOKUP HYPERLINK NA T TRIM UPPER"
)
FUNCTIONS = frozenset(_KNOWN.split())
"""What Excel 2007, WPS and LibreOffice all know, none of it volatile."""
PLACES = {
    "barChart": {"clustered": {"ctr", "inEnd", "inBase", "outEnd"}, "": {"ctr", "inEnd", "inBase"}},
    "lineChart": {"": {"t", "b", "l", "r", "ctr"}},
    "scatterChart": {"": {"t", "b", "l", "r", "ctr"}},
    "radarChart": {"": {"outEnd"}},
    "areaChart": {"": set()},
}
"""Where labels may stand; elsewhere Excel calls the chart damaged."""
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def tag(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def faults(path: Path) -> list[str]:
    """Everything about a workbook that Excel would object to, or that leaves the file."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        doubled = [f"{name}: twice in the archive" for name, count in Counter(names).items() if count > 1]
        return [*doubled, *Package({name: archive.read(name) for name in names}).faults()]


class Package:
    """The parts of a workbook, parsed."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        self.parts = parts
        self.trees: dict[str, ET.Element] = {}
        self.unread: list[str] = []
        for name, content in parts.items():
            if name.endswith((".xml", ".rels")):
                try:
                    self.trees[name] = ET.fromstring(content)
                except ET.ParseError as fault:
                    self.unread.append(f"{name}: {fault}")

    def faults(self) -> list[str]:
        if self.unread:
            return self.unread
        found = [*self._types(), *self._relations()]
        if found:
            return found
        for name, tree in self.trees.items():
            found += [f"{name}: {fault}" for fault in _out_of_order(tree)]
        found += [f"xl/workbook.xml: {fault}" for fault in self._workbook()]
        for title, name in self.sheets.items():
            found += [f"{title}: {fault}" for fault in self._sheet(self.trees[name])]
        for name, tree in self.trees.items():
            check = _chart if name.startswith("xl/charts/") else _drawing if "/drawing" in name else None
            if check and not name.endswith(".rels"):
                found += [f"{name}: {fault}" for fault in check(tree)]
        return found

    # ------------------------------------------------------------ the package

    def _types(self) -> Iterator[str]:
        tree = self.trees["[Content_Types].xml"]
        given = [each.attrib for each in tree]
        endings = {each["Extension"].lower() for each in given if "Extension" in each}
        overrides = Counter(each["PartName"].lstrip("/") for each in given if "PartName" in each)
        yield from (f"content type of {name} given twice" for name, count in overrides.items() if count > 1)
        yield from (
            f"content type of {name}, which is not there" for name in overrides if name not in self.parts
        )
        for name in self.parts:
            typed = name in overrides or name.rpartition(".")[2].lower() in endings
            if name != "[Content_Types].xml" and not typed:
                yield f"{name}: no content type"

    def relations(self, part: str) -> dict[str, str]:
        """A part's relationships: id → target part."""
        folder, _, name = part.rpartition("/")
        tree = self.trees.get(f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels")
        found = {}
        for each in tree if tree is not None else ():
            target = unquote(each.attrib["Target"])
            found[each.attrib["Id"]] = (
                target.lstrip("/")
                if target.startswith("/")
                else posixpath.normpath(posixpath.join(folder, target))
            )
        return found

    def _relations(self) -> Iterator[str]:
        for name, tree in self.trees.items():
            if name.endswith(".rels"):
                ids = Counter(each.attrib["Id"] for each in tree)
                yield from (f"{name}: {key} twice" for key, count in ids.items() if count > 1)
                for each in tree:
                    if each.attrib.get("TargetMode") == "External":
                        yield f"{name}: leads out of the file to {each.attrib['Target']}"
                continue
            known = self.relations(name)
            yield from (
                f"{name}: {key} → {to}, not there" for key, to in known.items() if to not in self.parts
            )
            for element in tree.iter():
                for key, value in element.attrib.items():
                    if key.startswith(RELATION) and value not in known:
                        yield f"{name}: {value} of {tag(element)} is no relationship"

    @cached_property
    def book(self) -> ET.Element:
        return self.trees["xl/workbook.xml"]

    @cached_property
    def sheets(self) -> dict[str, str]:
        """Sheet title → part."""
        known = self.relations("xl/workbook.xml")
        entries = next(each for each in self.book if tag(each) == "sheets")
        return {each.attrib["name"]: known[each.attrib[f"{RELATION}id"]] for each in entries}

    @cached_property
    def names(self) -> list[ET.Element]:
        return [each for each in self.book.iter() if tag(each) == "definedName"]

    @cached_property
    def styles(self) -> dict[str, int]:
        """How many cell formats and differential formats there are."""
        tree = self.trees["xl/styles.xml"]
        return {tag(each): len(each) for each in tree}

    @cached_property
    def strings(self) -> int:
        tree = self.trees.get("xl/sharedStrings.xml")
        return 0 if tree is None else len(tree)

    def _workbook(self) -> Iterator[str]:
        entries = next(each for each in self.book if tag(each) == "sheets")
        titles = Counter(each.attrib["name"].casefold() for each in entries)
        numbers = Counter(each.attrib["sheetId"] for each in entries)
        yield from (f"two sheets {title}" for title, count in titles.items() if count > 1)
        yield from (f"two sheets with id {number}" for number, count in numbers.items() if count > 1)
        for title in self.sheets:
            if (
                not 0 < len(title) <= 31
                or re.search(r"[\[\]:*?/\\]", title)
                or title[0] == "'"
                or title[-1] == "'"
            ):
                yield f"no sheet may be called {title!r}"
        if all(each.attrib.get("state", "visible") != "visible" for each in entries):
            yield "no sheet can be seen"
        yield from self._defined()
        strings = self.trees.get("xl/sharedStrings.xml")
        for place, each in enumerate(strings if strings is not None else ()):
            if len("".join(each.itertext())) > 32_767:
                yield f"text {place} is too long"
        for number in next((each for each in self.trees["xl/styles.xml"] if tag(each) == "numFmts"), ()):
            if not 164 <= int(number.attrib["numFmtId"]) <= 382:
                yield f"number format {number.attrib['numFmtId']} is none of one's own"

    def _defined(self) -> Iterator[str]:
        scoped = Counter(
            (each.attrib["name"].casefold(), each.attrib.get("localSheetId")) for each in self.names
        )
        yield from (f"name {name} defined twice" for (name, _), count in scoped.items() if count > 1)
        for each in self.names:
            name, text = each.attrib["name"], each.text or ""
            if not re.fullmatch(r"[^\W\d][\w.]*", name.removeprefix("_xlnm.")) or len(name) > 255:
                yield f"nothing may be named {name!r}"
            if re.fullmatch(r"[A-Za-z]{1,3}\d+|[RrCc]|[Rr]\d*[Cc]\d*", name):
                yield f"the name {name!r} is a cell's"
            if "#REF!" in text or not text:
                yield f"name {name} stands for {text!r}"
            yield from (f"name {name}: {fault}" for fault in self._refers(text))

    def _refers(self, formula: str) -> Iterator[str]:
        """Sheets a formula names that do not exist, and whatever leaves the file."""
        plainly = re.sub(r'"(?:[^"]|"")*"', "", formula)
        if "[" in plainly:
            yield f"refers to another workbook: {formula}"
        for quoted, plain in re.findall(r"(?:'((?:[^']|'')+)'|([\w.–…]+))!", plainly):
            title = quoted.replace("''", "'") or plain
            if title.startswith("[") or title not in self.sheets:
                yield f"refers to {title}, no sheet of this workbook"

    # ------------------------------------------------------------ a sheet

    def _sheet(self, tree: ET.Element) -> Iterator[str]:
        yield from self._cells(tree)
        parts: dict[str, list[ET.Element]] = {}
        for each in tree:
            parts.setdefault(tag(each), []).append(each)
        yield from _merged(_inside(parts, "mergeCells"))
        yield from self._conditions(parts.get("conditionalFormatting", []))
        yield from self._validations(_inside(parts, "dataValidations"))
        yield from self._links(_inside(parts, "hyperlinks"))
        for each in _inside(parts, "headerFooter"):
            if len(each.text or "") > 255:
                yield f"{tag(each)} is longer than 255 characters"
        last = 0
        for each in _inside(parts, "cols"):
            low, high = int(each.attrib["min"]), int(each.attrib["max"])
            if not last < low <= high <= 16_384 or float(each.attrib.get("width", 8)) > 255:
                yield f"columns {low}-{high} overlap others or are too wide"
            last = high
        breaks = _inside(parts, "rowBreaks")
        if any(not 0 < int(each.attrib["id"]) < 1_048_576 for each in breaks) or len(breaks) > 1026:
            yield "page breaks beyond the sheet, or too many"

    def _cells(self, tree: ET.Element) -> Iterator[str]:
        rows = next(each for each in tree if tag(each) == "sheetData")
        before = 0
        for row in rows:
            number = int(row.attrib["r"])
            if number <= before or float(row.attrib.get("ht", 15)) > 409:
                yield f"row {number} is out of order or too high"
            before, column = number, 0
            for cell in row:
                at, beside = coordinate_to_tuple(cell.attrib["r"])
                if at != number or beside <= column:
                    yield f"cell {cell.attrib['r']} is out of place"
                column = beside
                yield from self._cell(cell)

    def _cell(self, cell: ET.Element) -> Iterator[str]:
        where, kind = cell.attrib["r"], cell.attrib.get("t", "n")
        inside = {tag(each): each.text or "" for each in cell}
        if int(cell.attrib.get("s", 0)) >= self.styles["cellXfs"]:
            yield f"{where}: no such style"
        if kind == "s" and not 0 <= int(inside.get("v", -1)) < self.strings:
            yield f"{where}: no such text"
        if kind not in ("n", "s", "str", "b", "e", "inlineStr"):
            yield f"{where}: no such kind of cell as {kind}"
        if kind == "n" and "v" in inside and not re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", inside["v"]):
            yield f"{where}: {inside['v']!r} is no number"
        if "f" in inside:
            if "v" not in inside:
                yield f"{where}: a formula without its result"
            yield from (f"{where}: {fault}" for fault in self._formula(inside["f"]))

    def _formula(self, formula: str) -> Iterator[str]:
        if len(formula) > 8192 or formula.startswith("="):
            yield "a formula too long, or with its sign"
        yield from self._refers(formula)
        depth = 0
        for token in Tokenizer(f"={formula}").items:
            depth += (token.subtype == "OPEN") - (token.subtype == "CLOSE")
            if token.type == "FUNC" and token.subtype == "OPEN" and token.value[:-1] not in FUNCTIONS:
                yield f"{token.value} is not known everywhere"
            if token.type == "OPERAND" and token.subtype == "ERROR":
                yield f"{token.value} in a formula"
            if depth > 64:
                yield "nested too deep"
        if depth:
            yield "brackets do not match"

    def _conditions(self, given: list[ET.Element]) -> Iterator[str]:
        priorities: list[str] = []
        for block in given:
            yield from _ranges(block.attrib["sqref"])
            for rule in block:
                priorities.append(rule.attrib["priority"])
                if int(rule.attrib.get("dxfId", 0)) >= max(1, self.styles.get("dxfs", 0)):
                    yield f"condition on {block.attrib['sqref']}: no such look"
                for each in rule:
                    if tag(each) == "formula":
                        yield from self._formula(each.text or "")
        yield from (
            f"two conditions of priority {key}" for key, count in Counter(priorities).items() if count > 1
        )

    def _validations(self, given: list[ET.Element]) -> Iterator[str]:
        for each in given:
            yield from _ranges(each.attrib["sqref"])
            for formula in each:
                if len(formula.text or "") > 255:
                    yield f"the list of {each.attrib['sqref']} is longer than 255 characters"
                yield from self._refers(formula.text or "")
            for key, most in (("promptTitle", 32), ("errorTitle", 32), ("prompt", 255), ("error", 255)):
                if len(each.attrib.get(key, "")) > most:
                    yield f"{key} of {each.attrib['sqref']} is longer than {most} characters"

    def _links(self, given: list[ET.Element]) -> Iterator[str]:
        named = {each.attrib["name"] for each in self.names}
        doubled = Counter(each.attrib["ref"] for each in given)
        yield from (f"{cell} has two links" for cell, count in doubled.items() if count > 1)
        for each in given:
            to = each.attrib.get("location", "")
            if f"{RELATION}id" in each.attrib or not to:
                yield f"the link of {each.attrib['ref']} leads out of the file or nowhere"
            elif to not in named:
                yield from self._refers(to)
                if "!" not in to:
                    yield f"the link of {each.attrib['ref']} leads to {to}"


def _inside(parts: dict[str, list[ET.Element]], name: str) -> list[ET.Element]:
    return [child for each in parts.get(name, []) for child in each]


def _out_of_order(tree: ET.Element) -> Iterator[str]:
    for element in tree.iter():
        name = tag(element)
        order = ORDER.get(name)
        children = [tag(child) for child in element]
        if order is None or (name == "title" and not children):
            continue
        if name == "chart" and not children:  # the frame's reference to its chart
            continue
        unknown = [child for child in children if child not in order]
        if unknown:
            yield f"{unknown[0]} in {name}"
            continue
        places = [order.index(child) for child in children]
        bounds = UNORDERED.get(name)
        if bounds:
            places = [sum(place >= bound for bound in bounds) for place in places]
        if places != sorted(places):
            yield f"children of {name} in the order {' '.join(dict.fromkeys(children))}"


def _merged(given: Iterable[ET.Element]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for each in given:
        ref = each.attrib["ref"]
        left, top, right, bottom = range_boundaries(ref)
        if (left, top) == (right, bottom):
            yield f"{ref}: one cell merged with itself"
        for row in range(top or 1, (bottom or 1) + 1):
            for column in range(left or 1, (right or 1) + 1):
                if (row, column) in taken:
                    yield f"{ref} overlaps {taken[row, column]}"
                    return
                taken[row, column] = ref


def _ranges(text: str) -> Iterator[str]:
    for part in text.split():
        if not re.fullmatch(r"\$?[A-Z]{1,3}\$?\d+(:\$?[A-Z]{1,3}\$?\d+)?", part):
            yield f"{part} is no range"


def _chart(tree: ET.Element) -> Iterator[str]:
    axes = {
        each.attrib["val"]
        for element in tree.iter()
        if tag(element).endswith("Ax")
        for each in element
        if tag(each) == "axId"
    }
    for element in tree.iter():
        kind = tag(element)
        if kind == "crossAx" and element.attrib["val"] not in axes:
            yield f"crosses axis {element.attrib['val']}, which is not there"
        if kind in ("numCache", "strCache"):
            yield from _cache(element)
        if kind in PLACES:
            yield from _labels(element, kind)
            own = [each.attrib["val"] for each in element if tag(each) == "axId"]
            if len(own) != 2 or not set(own) <= axes:
                yield f"{kind} without its two axes"
        if kind in ("numRef", "strRef") and len(element) != 2:
            yield "values without their cached points"
    for key in ("idx", "order"):
        numbers = [
            each.attrib["val"] for ser in tree.iter() if tag(ser) == "ser" for each in ser if tag(each) == key
        ]
        if len(set(numbers)) != len(numbers):
            yield f"two series with one {key}"


def _labels(chart: ET.Element, kind: str) -> Iterator[str]:
    grouping = next((each.attrib["val"] for each in chart if tag(each) == "grouping"), "")
    allowed = PLACES[kind].get(grouping, PLACES[kind][""])
    for each in chart.iter():
        if tag(each) == "dLblPos" and each.attrib["val"] not in allowed:
            yield f"labels of a {grouping} {kind} at {each.attrib['val']}"


def _cache(cache: ET.Element) -> Iterator[str]:
    count = next(int(each.attrib["val"]) for each in cache if tag(each) == "ptCount")
    places = [int(each.attrib["idx"]) for each in cache if tag(each) == "pt"]
    if places != sorted(set(places)) or any(place >= count for place in places):
        yield f"cached points {places} of {count}"


def _drawing(tree: ET.Element) -> Iterator[str]:
    known = [each for each in tree.iter() if tag(each) == "cNvPr"]
    ids = Counter(each.attrib["id"] for each in known)
    yield from (f"two drawings with id {key}" for key, count in ids.items() if count > 1)
    for each in known:
        if not each.attrib.get("name") or not each.attrib.get("descr"):
            yield f"drawing {each.attrib['id']} without a name or an alternative text"
