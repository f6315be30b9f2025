"""The notebooks are stored clean, run from anywhere, say the same every time, and refuse what they do not know."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

import riskkit as rk
from riskkit import resources, texts
from riskkit.errors import ReportFailed
from riskkit.report.notebooks import run_notebook, to_html
from riskkit.report.pages import Stopped, open_branch, parts
from riskkit.report.theme import luminance

ROOT = Path(__file__).resolve().parents[2]
STORED = sorted((ROOT / "notebooks").glob("*.ipynb"))
BRANCH = {"branch": "0103", "quarter": "2026Q2", "lang": "zh"}


# ---------------------------------------------------------------- as stored


def cells(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in STORED] == ["branch_report", "explore", "quarterly_summary"]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_anything_a_run_leaves(path: Path) -> None:
    for cell in cells(path):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert set(cell["metadata"]) <= {"tags"}
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_cells_have_names_of_their_own(path: Path) -> None:
    names = [cell["id"] for cell in cells(path)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_cell_is_short_and_defines_nothing(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] == "code":
            assert len([line for line in source(cell).splitlines() if line.strip()]) <= 6, cell["id"]
            tree = ast.walk(ast.parse(source(cell)))
            assert not [
                node for node in tree if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)
            ]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_no_notebook_holds_a_place_on_some_machine(path: Path) -> None:
    assert not re.search(r"/(?:home|Users|tmp)/|[A-Z]:\\\\", path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- as run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def opened(sample_bank: Path) -> rk.Workspace:
    """The bank, its store filled once for every run below."""
    bank = rk.open_workspace(sample_bank)
    bank.history()
    return bank


@pytest.fixture(scope="module")
def branch(opened: rk.Workspace, folder: Path) -> Path:
    target = folder / "0103.ipynb"
    run_notebook("branch_report", target, parameters={**BRANCH, "workspace": str(opened.path)})
    return target


@pytest.fixture(scope="module")
def summary(opened: rk.Workspace, folder: Path) -> Path:
    target = folder / "summary.ipynb"
    run_notebook("quarterly_summary", target, parameters={"workspace": str(opened.path), "lang": "en"})
    return target


def papermill(
    notebook: str, target: Path, *options: str, workspace: Path, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """papermill as a user types it, in some other folder."""
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(ROOT / "notebooks" / f"{notebook}.ipynb"),
        str(target),
        *options,
    ]
    variables = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    variables |= {"RISKKIT_WORKSPACE": str(workspace), "RISKKIT_LANG": "en", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


def outputs(path: Path) -> list[Any]:
    """What a notebook shows, cell by cell."""
    return [
        (output["output_type"], output.get("data", output.get("text")))
        for cell in cells(path)
        for output in cell.get("outputs", [])
        if output.get("name") != "stderr"
    ]


def plain(path: Path) -> str:
    said = [
        output.get("data", {}).get("text/html", [])
        for cell in cells(path)
        for output in cell.get("outputs", [])
    ]
    return "".join("".join(lines) for lines in said)


def pictures(path: Path) -> int:
    return sum(
        "image/png" in output.get("data", {}) for cell in cells(path) for output in cell.get("outputs", [])
    )


def test_the_branch_report_runs_to_its_end_and_shows_its_charts(branch: Path) -> None:
    code = [cell for cell in cells(branch) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert pictures(branch) == 5
    assert "甲州白塔支行" in plain(branch)


def test_the_summary_runs_to_its_end_and_shows_its_charts(summary: Path) -> None:
    assert pictures(summary) == 6
    assert "Units that ask for a decision" in plain(summary)


def test_run_again_it_is_the_same_to_the_byte(branch: Path, opened: rk.Workspace, tmp_path: Path) -> None:
    again = tmp_path / "again.ipynb"
    run_notebook("branch_report", again, parameters={**BRANCH, "workspace": str(opened.path)})
    assert again.read_bytes() == branch.read_bytes()


def test_a_saved_notebook_tells_no_time_place_or_machine(branch: Path, opened: rk.Workspace) -> None:
    text = branch.read_text(encoding="utf-8")
    assert str(opened.path) not in text
    assert str(ROOT) not in text
    assert "papermill" not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    nbformat.validate(json.loads(text))


def test_plain_papermill_makes_the_same_report_from_any_folder(
    branch: Path, opened: rk.Workspace, tmp_path: Path
) -> None:
    """`-p branch 0103` reaches the notebook as the number 103."""
    target = tmp_path / "out.ipynb"
    options = ("-p", "branch", "0103", "-p", "quarter", "2026Q2", "-p", "lang", "zh")
    done = papermill("branch_report", target, *options, workspace=opened.path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "branch = 103" in target.read_text(encoding="utf-8")
    assert outputs(target) == outputs(branch)


def test_the_analysts_notebook_runs(opened: rk.Workspace, tmp_path: Path) -> None:
    target = tmp_path / "explore.ipynb"
    done = papermill("explore", target, workspace=opened.path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert pictures(target) == 15
    assert not re.search(r"\b009\d{5}\b", plain(target)), "staff numbers are masked"
    assert "测试员" not in plain(target), "names are taken out"


@pytest.mark.full
def test_a_model_of_another_kind_has_both_reports(tmp_path: Path) -> None:
    """One period, no findings, no red lines, losses that do not add up."""
    copy = tmp_path / "hdi"
    shutil.copytree(ROOT / "data_samples" / "hdi", copy, ignore=shutil.ignore_patterns(".riskkit"))
    run_notebook(
        "branch_report", tmp_path / "china.ipynb", parameters={"branch": "CHN", "workspace": str(copy)}
    )
    run_notebook("quarterly_summary", tmp_path / "all.ipynb", parameters={"workspace": str(copy)})
    assert "China" in plain(tmp_path / "china.ipynb")
    assert pictures(tmp_path / "all.ipynb") >= 3


# ---------------------------------------------------------------- discretion


def test_a_branch_report_names_no_other_branch(branch: Path, opened: rk.Workspace) -> None:
    said = plain(branch)
    others = opened.units[(opened.units["level"] == "sub_branch") & (opened.units.index != "0103")]
    assert [name for name in others["name"] if name in said] == []
    assert [code for code in others.index if re.search(rf"[^\d-]{code}[^\d]", said)] == []


def test_a_branch_report_masks_staff_numbers(branch: Path) -> None:
    assert re.search(r"\*{5}\d{3}", plain(branch))
    assert not re.search(r"\b009\d{5}\b", plain(branch))


# ---------------------------------------------------------------- refusals


def scope(sample_bank: Path, injected: str = "", **given: object) -> dict[str, object]:
    """A notebook's variables after its parameters cell and, perhaps, a cell that papermill put in."""
    defaults = {"branch": "0103", "quarter": "", "workspace": str(sample_bank), "lang": "en"}
    return {**defaults, **given, "In": ["", "branch: str = ...", injected]}


@pytest.mark.parametrize(
    ("given", "injected", "told"),
    [
        ({}, '# Parameters\nbrunch = "0103"\n', "there is no parameter 'brunch'; did you mean: branch"),
        ({"branch": "01O3"}, "", "there is no unit '01O3'; did you mean: 0103"),
        ({"branch": ["0103"]}, "", "parameter branch cannot be ['0103']"),
        (
            {"quarter": "2026Q3"},
            "",
            "there is no evidence for '2026Q3'; there is: 2025Q1, 2025Q2, 2025Q3, 2025Q4, 2026Q1, 2026Q2",
        ),
        ({"quarter": "26Q2"}, "", "'26Q2' is not a period"),
        ({"lang": "eng"}, "", "there is no language 'eng'; available: en"),
        ({"workspace": 5}, "", "parameter workspace cannot be 5"),
    ],
)
def test_a_notebook_refuses_in_one_line_what_it_does_not_know(
    given: dict[str, object], injected: str, told: str, opened: rk.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKKIT_LANG", "en")
    with pytest.raises(Stopped) as refused:
        open_branch(scope(opened.path, injected, **given))
    assert told in str(refused.value)
    assert refused.value._render_traceback_() == [str(refused.value)]


def test_a_number_that_lost_its_zeros_is_still_the_branch(opened: rk.Workspace) -> None:
    assert open_branch(scope(opened.path, "# Parameters\nbranch = 103\n", branch=103)).unit == "0103"


def test_a_refusal_is_told_in_the_notebooks_language(opened: rk.Workspace) -> None:
    with pytest.raises(Stopped, match="没有机构"):
        open_branch(scope(opened.path, branch="9999", lang="zh"))


@pytest.mark.full
def test_plain_papermill_stops_at_a_misspelt_parameter(opened: rk.Workspace, tmp_path: Path) -> None:
    done = papermill(
        "branch_report", tmp_path / "x.ipynb", "-p", "quartal", "2026Q1", workspace=opened.path, cwd=tmp_path
    )
    assert done.returncode != 0
    assert "there is no parameter 'quartal'; did you mean: quarter" in done.stderr


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("branch_raport", {}, "there is no notebook 'branch_raport'; did you mean: branch_report"),
        ("branch_report", {"brunch": "0103"}, "there is no parameter 'brunch'; did you mean: branch"),
        ("branch_report", {"branch": 103}, "parameter branch cannot be 103"),
    ],
)
def test_what_cannot_be_run_is_refused_before_it_is_started(
    name: str, parameters: dict[str, object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(rk.Misuse) as refused:
        run_notebook(name, tmp_path / "x.ipynb", parameters=parameters)
    assert told in refused.value.message("en")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- failures


def a_notebook(folder: Path, *code: str) -> None:
    """A folder with one notebook, `small`."""
    tagged = nbformat.v4.new_code_cell('lang: str = "en"', metadata={"tags": ["parameters"]})
    made = nbformat.v4.new_notebook(cells=[tagged, *map(nbformat.v4.new_code_cell, code)])
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(made, folder / "small.ipynb")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "small, cell 2: ZeroDivisionError: division by zero"),
        ("import os; os._exit(1)", "small, cell 2, did not run to its end: DeadKernelError"),
    ],
)
def test_a_notebook_that_fails_is_told_and_not_saved(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    a_notebook(tmp_path, code)
    monkeypatch.setattr(resources, "notebooks", lambda: tmp_path)
    with pytest.raises(ReportFailed) as failed:
        run_notebook("small", tmp_path / "out" / "small.ipynb", parameters={})
    assert told in failed.value.message("en")
    assert not (tmp_path / "out").exists()
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- pages


@pytest.fixture(scope="module")
def page(branch: Path, folder: Path) -> str:
    to_html(
        branch, folder / "0103.html", title="甲州白塔支行 2026Q2", marking="内部资料 <注意保存>", lang="zh"
    )
    return (folder / "0103.html").read_text(encoding="utf-8")


def test_a_page_fetches_nothing_and_runs_nothing(page: str) -> None:
    assert not re.search(r"https?://", page)
    assert "<script" not in page
    assert set(re.findall(r'src="(.{5})', page)) == {"data:"}
    assert "default-src 'none'" in page


def test_a_page_has_its_language_marking_and_charts_but_no_code(page: str) -> None:
    assert '<html lang="zh-CN">' in page
    assert "内部资料 &lt;注意保存&gt;" in page
    assert page.count('class="rk-chart" alt="') == 5
    assert 'alt=""' not in page
    assert "open_branch" not in page
    assert "改好下一格的参数" not in page


class Read(HTMLParser):
    """What a screen reader goes by: headings, names, links, tables, and every colour of text with what is behind it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.names: list[str] = []
        self.links: set[str] = set()
        self.heads: list[str | None] = []
        self.tables: list[str | None] = []
        self.colours: set[tuple[str, str]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.headings += [int(tag[1])] if re.fullmatch(r"h\d", tag) else []
        self.names += [given["id"]] if "id" in given else []
        self.links |= {given["href"]} if tag == "a" else set()
        self.heads += [given.get("scope")] if tag == "th" else []
        self.tables += [given.get("role")] if tag == "table" else []
        style = dict(
            part.split(":", 1) for part in given.get("style", "").replace(" ", "").split(";") if part
        )
        if "color" in style:
            self.colours.add((style["color"], style.get("background-color", "#F4F6F8")))


def test_a_page_can_be_read_without_seeing_it(page: str) -> None:
    """WCAG 2.2: headings in order (1.3.1), header cells that say of what (1.3.1), links that lead somewhere (2.4.4),
    contrast of at least 4.5 (1.4.3), here against the darkest paper there is."""
    read = Read(page)
    assert read.headings[0] == 1
    assert max(after - before for before, after in itertools.pairwise(read.headings)) <= 1
    assert {"col", "row"} == set(read.heads)
    assert set(read.tables) == {"table", "presentation"}
    assert len(read.names) == len(set(read.names)) > 100
    assert read.links <= {f"#{name}" for name in read.names}
    assert {"#item-B1.4", "#evidence-B1.4"} <= read.links
    for text, paper in read.colours:
        light, dark = sorted((luminance(each[1:].upper()) for each in (text, paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, paper)


def test_the_same_notebook_gives_the_same_page(page: str, branch: Path, tmp_path: Path) -> None:
    title = {"title": "甲州白塔支行 2026Q2", "marking": "内部资料 <注意保存>"}
    to_html(branch, tmp_path / "again.html", **title, lang="zh")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


HOSTILE = '<script>alert(1)</script><img src="http://x.example/a.png" onerror="alert(2)">=1+1'


def test_text_from_evidence_is_shown_as_text() -> None:
    shown = parts.table([parts.Column(HOSTILE)], [[HOSTILE]])
    assert "<script" not in shown.html
    assert "<img" not in shown.html
    assert shown.html.count("&lt;script&gt;") == 2


def test_a_page_cleans_what_a_notebook_shows(tmp_path: Path) -> None:
    """A notebook's HTML may be anything: whoever edits one must not be able to put a script in the page."""
    made = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("")
    cell.outputs = [
        nbformat.v4.new_output(
            "display_data",
            {
                "text/html": HOSTILE
                + '<p style="color:red;position:fixed;background:url(//x.example/b.png)">x</p>'
            },
        ),
        nbformat.v4.new_output(
            "display_data", {"application/javascript": "alert(3)", "text/plain": "<b>plain</b>"}
        ),
        nbformat.v4.new_output("stream", name="stdout", text="<script>alert(4)</script>"),
    ]
    made.cells = [cell, nbformat.v4.new_markdown_cell("[x](javascript:alert(5)) <script>alert(6)</script>")]
    nbformat.write(made, tmp_path / "hostile.ipynb")
    to_html(tmp_path / "hostile.ipynb", tmp_path / "page.html", title=HOSTILE, marking="", lang="en")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<img|javascript:|position:\s*fixed|url\(", page)
    assert "&lt;b&gt;plain&lt;/b&gt;" in page
    assert re.search(r"color:\s*red", page)


# ---------------------------------------------------------------- what they say


def test_every_text_of_the_notebooks_and_charts_can_be_said_in_both_languages() -> None:
    for key in texts.entries():
        if key.startswith(("notebook.", "chart.")):
            assert all(texts.entries()[key][lang].strip() for lang in texts.LANGUAGES), key


def test_opening_the_notebooks_room_loads_nothing_heavy() -> None:
    """The kernel imports `rk.notebook` first: what it needs it loads when a report is opened."""
    program = "import sys, riskkit as rk; rk.notebook; print(*[m for m in ('papermill', 'matplotlib', 'pandas') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
