"""Every number printed in docs/methods.*.md: the arithmetic holds, and the program says the same."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import riskkit as rk
from riskkit.rectification import findings

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("en", "zh")


# --- the pages


def page(lang: str) -> str:
    return (ROOT / "docs" / f"methods.{lang}.md").read_text(encoding="utf-8")


def section(lang: str, number: str) -> str:
    """A numbered section on one line, so that an equation may run over the end of a line."""
    found = re.search(rf"^### {re.escape(number)} .*?\n(.*?)(?=^##|\Z)", page(lang), re.DOTALL | re.MULTILINE)
    found = found or re.search(
        rf"^## {re.escape(number)} .*?\n(.*?)(?=^##|\Z)", page(lang), re.DOTALL | re.MULTILINE
    )
    assert found, f"methods.{lang}.md has no section {number}"
    return " ".join(found[1].split())


BOUND = r"(?:max|min)\(\d+, (?:min\(\d+, ⌈[\d.]+⌉\)|\d+)\)"
SUM = rf"(?:{BOUND}|ln|[\d(])(?:{BOUND}|ln|[\d\s.()÷×+^/−])*"
CHAIN = re.compile(rf"(?<![A-Za-z\d.,])[+−]?{SUM}(?:= [+−]?{SUM})+")
OPERATOR = re.compile(r"[÷×+⌈^]|\d −")


def worth(printed: str) -> float:
    """The value of a printed sum such as `47 ÷ 50` or `max(5, min(15, ⌈3.2⌉))`."""
    python = printed
    for sign, typed in (("÷", "/"), ("×", "*"), ("−", "-"), ("^", "**"), ("⌈", "ceil("), ("⌉", ")")):
        python = python.replace(sign, typed)
    assert set(re.findall(r"[a-z]+", python)) <= {"max", "min", "ln", "ceil"}, python
    names = {"__builtins__": {}, "max": max, "min": min, "ln": math.log, "ceil": math.ceil}
    return float(eval(python, names))


def number(printed: str) -> tuple[float, float]:
    """A printed number and half a unit of its last place."""
    plain = printed.replace("−", "-").removesuffix("%").strip()
    places = len(plain.partition(".")[2])
    scale = 100 if printed.endswith("%") else 1
    return float(plain) / scale, 0.5 * 10**-places / scale


def sums(text: str) -> list[tuple[str, str]]:
    """Each printed sum with the number it is said to be, chains such as `a = b = 0.78` taken apart."""
    text = re.sub(r"\. ", " ; ", " ".join(text.split()) + " ")
    found = []
    for chain in CHAIN.findall(text):
        *lefts, right = [part.strip() for part in chain.split("=")]
        wanted = re.match(r"[+−]?[\d.]+", right)
        assert wanted is not None, chain
        if OPERATOR.search(right[wanted.end() :]):
            lefts, wanted = [*lefts, right], None
        found += [
            (left, wanted[0] if wanted else str(worth(lefts[-1]))) for left in lefts if OPERATOR.search(left)
        ]
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sum_on_the_page_adds_up(lang: str) -> None:
    printed = sums(page(lang))
    assert len(printed) > 35
    wrong = []
    for left, right in printed:
        value, half = number(right)
        # What is multiplied out from rounded parts may be off by a little more than half a unit.
        if not math.isclose(worth(left), value, rel_tol=1e-4, abs_tol=1.5 * half):
            wrong.append(f"{left} = {right}, but it is {worth(left):.6g}")
    assert wrong == []


def test_a_wrong_sum_would_be_noticed() -> None:
    assert worth("max(5, min(15, ⌈9.6⌉))") == 10
    assert worth("60 − (0.125 − 0.05) ÷ 0.15 × 60") == pytest.approx(30)
    assert sums("so 47 ÷ 50 = 0.95. 3 × 2 = 6.\n") == [("47 ÷ 50", "0.95"), ("3 × 2", "6")]
    assert sums("max(5, min(15, ⌈9.6⌉)) = 10 and\n") == [("max(5, min(15, ⌈9.6⌉))", "10")]


def test_both_languages_print_the_same_sums() -> None:
    assert sums(page("en")) == sums(page("zh"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_cited_stands_in_the_one_list_of_sources_and_the_list_has_nothing_else(lang: str) -> None:
    book, listed = re.split(r"^## (?:Sources|出处)\n", page(lang), flags=re.MULTILINE)
    entries = {
        entry: set(re.findall(r"\((\d{4})\)", entry)) for entry in re.findall(r"^- (.*)", listed, re.M)
    }
    cited = set(re.findall(r"[(（](?:[^()（）]*?\s)?(\d{4})[)）]", book))
    assert len(cited) > 15
    assert cited <= set().union(*entries.values())
    assert [
        entry for entry, years in entries.items() if years and not any(year in book for year in years)
    ] == []


# --- the program


class Example:
    """The three branches and the Human Development Index, assessed."""

    def __init__(self, folder: Path) -> None:
        samples = ROOT / "data_samples"
        for name in ("worked_example", "hdi"):
            shutil.copytree(samples / name, folder / name, ignore=shutil.ignore_patterns(".riskkit"))
        self.bank = rk.open_workspace(folder / "worked_example")
        self.now = self.bank.assessment("2026Q2")
        self.hdi = rk.open_workspace(folder / "hdi").assessment("2021")

    def value(self, unit: str, item: str) -> float:
        return float(self.now.measures.row(unit, item)["value"])

    def points(self, unit: str, item: str) -> float:
        rows = self.now.items
        return float(rows[(rows["unit"] == unit) & (rows["item"] == item)]["points"].iloc[0])

    def node(self, unit: str, node: str) -> float:
        rows = self.now.nodes
        return float(rows[(rows["unit"] == unit) & (rows["node"] == node)]["score"].iloc[0])

    def of(self, unit: str, column: str) -> float:
        return float(self.now.summary.loc[unit, column])

    def lost(self, unit: str, item: str) -> float:
        return float(self.now.losses(unit).set_index("id").loc[item, "lost"])

    def gap(self, unit: str) -> float:
        return float(rk.compare_self_check(self.now.measures).units.loc[unit, "gap"])

    def china(self, node: str) -> float:
        rows = self.hdi.nodes
        return float(rows[(rows["unit"] == "CHN") & (rows["node"] == node)]["score"].iloc[0])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("worked"))


Read = Callable[[Example], float]
SHOWN: list[tuple[str, str, Read]] = [
    ("1.1", "47 ÷ 50 = 0.94", lambda e: e.value("N", "P1")),
    ("1.1", "1 ÷ 8 = 0.125", lambda e: e.value("N", "P2")),
    ("1.2", "1 ÷ max(40, 100) × 100 = 1.00", lambda e: e.value("N", "P3")),
    ("1.2", "3 ÷ 120 × 100 = 2.50", lambda e: e.value("W", "P3")),
    ("1.3", "(1 + 1 + 3) = 6.0", lambda e: e.value("N", "P4")),
    ("1.3", "(10 × 30 + 1 × 5) ÷ 11 = 27.73", lambda e: e.value("W", "P4")),
    ("1.4", "5.0", lambda e: e.value("N", "P4R")),
    ("1.5", "3.875 ÷ 5 = 0.775", lambda e: e.value("N", "Q2")),
    ("1.7", "1.2 ÷ 3 = 0.40", lambda e: e.value("N", "Q1")),
    ("1.8", "0.7 × 0.9 + 0.3 × 1 = 0.93", lambda e: e.value("N", "Q4")),
    ("1.8", "1 × 0.625 = 0.625", lambda e: e.value("N", "Q3")),
    ("1.8", "1 × (0.5 + 0.5 × 1) = 1.00", lambda e: e.value("S", "Q3")),
    ("3.1", "60 + (0.94 − 0.9) ÷ 0.1 × 40 = 76.00", lambda e: e.points("N", "P1")),
    ("3.1", "60 − (0.125 − 0.05) ÷ 0.15 × 60 = 30.00", lambda e: e.points("N", "P2")),
    ("3.2", "5.1650 ÷ 6.6201 = 0.780", lambda e: e.china("income")),
    ("4.1", "P = 0.4 × 76 + 0.2 × 30 + 0.2 × 80 + 0.2 × 84 = 69.20", lambda e: e.node("N", "P")),
    ("4.1", "0.2 × 90.67 = 73.88", lambda e: e.node("N", "Q")),
    ("4.1", "0.6 × 69.20 + 0.4 × 73.88 = 71.07", lambda e: e.of("N", "base")),
    ("4.1", "P = (0.4 × 60 + 0.2 × 100) ÷ 0.6 = 73.33", lambda e: e.node("S", "P")),
    ("4.1", "0.6 × 73.33 + 0.4 × 78.75 = 75.50", lambda e: e.of("S", "base")),
    ("4.2", "0.768", lambda e: float(e.hdi.summary.loc["CHN", "score"])),
    ("4.3", "51.51", lambda e: e.of("W", "base")),
    ("4.3", "60.49", lambda e: e.of("W", "observed")),
    ("4.3", "77.3 %", lambda e: e.of("W", "coverage")),
    ("4.4", "51.51 − 8 = 43.51", lambda e: e.of("W", "score")),
    ("5.1", "73.33", lambda e: e.node("S", "P")),
    ("5.2", "77.3 %", lambda e: e.of("W", "coverage")),
    ("5.3", "75.50", lambda e: e.of("S", "score")),
    ("5.3", "71.07", lambda e: e.of("N", "score")),
    ("5.4", "88.0 %", lambda e: e.of("N", "high_class")),
    ("5.4", "64.7 %", lambda e: e.of("W", "high_class")),
    ("6", "(40 × 76 + 60 × 60 + 120 × 100) ÷ 220 = 84.73", lambda e: e.points("HQ", "P1")),
    ("6", "(40 × 30 + 120 × 0) ÷ 160 = 7.50", lambda e: e.points("HQ", "P2")),
    ("6", "62.38", lambda e: e.of("HQ", "base")),
    ("6", "120 × 8 ÷ 220 = 4.36", lambda e: e.of("HQ", "deducted")),
    ("6", "58.02", lambda e: e.of("HQ", "score")),
    ("10.1", "0.12 × 70 = 8.40", lambda e: e.lost("N", "P2")),
    ("10.1", "0.24 × 24 = 5.76", lambda e: e.lost("N", "P1")),
    ("10.1", "Q3 4.10", lambda e: e.lost("N", "Q3")),
    ("10.1", "Q1 3.60", lambda e: e.lost("N", "Q1")),
    ("10.1", "P3 2.40", lambda e: e.lost("N", "P3")),
    ("10.1", "Q2 2.00", lambda e: e.lost("N", "Q2")),
    ("10.1", "P4 1.92", lambda e: e.lost("N", "P4")),
    ("10.1", "Q4 0.75", lambda e: e.lost("N", "Q4")),
    ("10.1", "28.93", lambda e: float(e.now.losses("N")["lost"].sum())),
    ("10.2", "57.90", lambda e: float(e.now.national_form("S").loc["", "earned"])),
    ("10.2", "76.18 %", lambda e: float(e.now.national_form("S").loc["", "percent"])),
    ("10.3", "49 ÷ 50 − 47 ÷ 50 = +0.04", lambda e: e.gap("N")),
    ("10.3", "10 ÷ 10 − 9 ÷ 10 = +0.10", lambda e: e.gap("S")),
]  # fmt: skip


@pytest.mark.parametrize(("where", "printed", "read"), SHOWN, ids=[f"{w} {p}" for w, p, _ in SHOWN])
def test_the_program_gives_what_is_printed(example: Example, where: str, printed: str, read: Read) -> None:
    for lang in LANGUAGES:
        assert printed in section(lang, where)
    last = re.search(r"[+−]?\d[\d.]*(?: %)?$", printed)
    assert last is not None
    value, half = number(last[0])
    assert read(example) == pytest.approx(value, abs=half + 1e-9)


def test_answer_sheets_are_valid_or_not_for_the_reasons_told(example: Example) -> None:
    sheets = example.bank.evidence("2026Q1").tables["sheets"].set_index("sheet_no")
    refused = sheets[~sheets["valid"].astype(bool)]
    assert refused["reason"].to_dict() == {"6": "longstring", "12": "rushed", "13": "trap"}
    answers = example.bank.evidence("2026Q1").tables["answers"]
    likert = answers[(answers["role"] == "likert") & (answers["unit"] == "N")]
    means = likert.groupby(likert["sheet_no"].astype(int))["score"].mean()
    assert means.tolist() == [0.875, 0.8125, 0.75, 0.5, 0.9375]
    assert '"needed": 10' in example.bank.measures("2026Q1").row("W", "Q2")["reason"]


@pytest.mark.parametrize(
    ("unit", "item", "state", "evidence_class"),
    [
        ("N", "Q2", "carried_over", "C"),
        ("S", "P2", "not_applicable", "B"),
        ("W", "P2", "not_assessed", "B"),
        ("W", "Q2", "not_applicable", "C"),
        ("W", "Q3", "postponed", "B"),
        ("W", "P1", "measured", "C"),  # 12 of 300, fewer than 20
        ("S", "P1", "measured", "B"),  # 10 of 10
    ],
)
def test_states_and_classes_are_those_told(
    example: Example, unit: str, item: str, state: str, evidence_class: str
) -> None:
    row = example.now.measures.row(unit, item)
    assert (row["state"], row["confidence"]) == (state, evidence_class)


def test_grades_ranks_and_reasons_are_those_told(example: Example) -> None:
    summary = example.now.summary
    assert summary["grade"].fillna("-").to_dict() == {"N": "C", "S": "B", "W": "-", "HQ": "C"}
    assert summary["rank"].fillna(0).to_dict() == {"N": 2, "S": 1, "W": 0, "HQ": 0}
    assert summary["provisional"].to_dict() == {"N": False, "S": False, "W": True, "HQ": False}
    reasons = example.now.reasons.set_index("unit")["key"]
    assert (reasons["S"], reasons["N"]) == ("node_min", "cap")
    assert example.now.losses("N")["lost"].sum() == pytest.approx(100 - 71.07)


def test_findings_age_as_told(example: Example) -> None:
    rows = findings(example.now.measures).rows.set_index("finding_no")
    assert rows["stage"].to_dict() == {
        "F1": "closed",
        "F2": "closed",
        "F3": "open",
        "F4": "open",
        "F5": "unverified",
    }
    assert rows["overdue_days"].tolist() == [0, 0, 10, 30, 5]
    assert findings(example.now.measures).ageing().loc["major", 1] == 1
