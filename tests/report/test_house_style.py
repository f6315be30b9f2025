"""An institution's own theme, wording and logo: what is refused and where, and how far they reach."""

from __future__ import annotations

import io
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from riskkit import texts
from riskkit.errors import EvidenceRefused
from riskkit.report import charts, png
from riskkit.report.house_style import house_style, keep, themed
from riskkit.report.legibility import complaints
from riskkit.report.pack import prepare
from riskkit.report.page import page
from riskkit.report.run import Order, inputs, run_id
from riskkit.report.theme import LOGO, THEME, theme
from riskkit.report.workbook_branch import write_branch_workbook
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.workspace import open_workspace

UNIT = "0101"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture(width: int = 30, height: int = 10, *between: bytes, rows: int | None = None) -> bytes:
    """A PNG of one colour, with more chunks before its pixels if given."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x20\x40\x60" * width) * (height if rows is None else rows))
    parts = [chunk(b"IHDR", header), *between, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return png.SIGNATURE + b"".join(parts)


def refused(bank: Path, lang: texts.Language = "en") -> list[str]:
    with pytest.raises(EvidenceRefused) as told:
        house_style(open_workspace(bank))
    return [problem.line(lang) for problem in told.value.problems]


# --- the theme


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("font: SimSun\ncolors: {ink: '000000'}\n", "line 2: unknown key 'colors'"),
        ("colours:\n  ink: '000000'\n  inc: '111111'\n", "line 3: unknown key 'inc'"),
        ("colours:\n  ink: black\n", "line 2: 'black' is not allowed (six places are expected"),
        ("colours:\n  ink: 112233\n", "line 2: '112233' is not allowed (a text is expected)"),
        ("colours: blue\n", "line 1: 'blue' is not allowed (keys and values are expected)"),
        ("sizes: {body: 90}\n", "line 1: '90' is not allowed (it should be at most 40.0)"),
        ("page:\n  paper: A5\n", "line 2: 'A5' is not allowed (expected: 'A4' or 'A3')"),
        ("font: \"Arial'; }\"\n", "line 1: 'Arial'; }' is not allowed (the name of one font is expected)"),
        ("formats: {share: '[Foo]0'}\n", "line 1: '[Foo]0' is not allowed (a plain number format is expected"),
        ("grades:\n- {solid: '111111', tint: '222222'}\n- {solid: '111111', tint: '222222', text: '333333'}\n",
         "line 2: 'text' is missing"),
        ("scale:\n- {share: 0.5, colour: 'AA0000'}\n- {share: 0.5, colour: 'BB0000'}\n",
         "line 3: '0.5' is not allowed (it should be above 0.5)"),
        ("font: SimSun\nfont: SimHei\n", "line 2: key 'font' stands twice"),
        ("font: [\n", "not valid YAML"),
        ("- a\n", "keys and values are expected"),
    ],
)  # fmt: skip
def test_a_fault_in_the_theme_is_told_with_its_line(small_bank: Path, content: str, told: str) -> None:
    (small_bank / "theme.yaml").write_text(content, encoding="utf-8")
    (line,) = refused(small_bank)
    assert line.startswith("theme.yaml")
    assert told in line


def test_all_faults_are_told_together_in_both_languages(small_bank: Path) -> None:
    (small_bank / "theme.yaml").write_text("colours:\n  ink: black\n  inc: '111111'\n", encoding="utf-8")
    (small_bank / "texts.yaml").write_text("chart: {totl: {zh: 合计}}\n", encoding="utf-8")
    assert len(refused(small_bank)) == 3
    assert "未知的键“inc”" in "\n".join(refused(small_bank, "zh"))


def test_a_theme_changes_only_what_it_says(small_bank: Path) -> None:
    (small_bank / "theme.yaml").write_text(
        "colours: {rule: 7a1e2c}\nsizes:\npage: {paper: A3}\n", encoding="utf-8"
    )
    own = house_style(open_workspace(small_bank)).theme
    usual = theme()
    assert own.colour("rule") == "7A1E2C"
    assert own.page.paper == "A3"
    assert own == usual.model_copy(
        update={
            "colours": usual.colours.model_copy(update={"rule": "7A1E2C"}),
            "page": usual.page.model_copy(update={"paper": "A3"}),
        }
    )


# --- wording


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("chart:\n  totl: {en: Sum}\n", "line 2: there is no text 'chart.totl'; near it: chart.total"),
        ("chart:\n  total: {en: Sum, fr: Somme}\n", "line 2: unknown key 'fr'"),
        ("chart:\n  total: {en: 7}\n", "line 2: '7' is not allowed (a text is expected)"),
        ("chart:\n  total: {en: ' '}\n", "is not allowed (a text is expected)"),
        ("chart:\n  total: Sum\n", "line 2: 'Sum' is not allowed (keys and values are expected)"),
        ("chart:\n  total:\n    en: 'Sum {n}'\n", "line 3: the text should have the places none; it has {n}"),
        ("sheet:\n  footer:\n    cutoff: {en: Until}\n", "should have the places {date}; it has none"),
        ("sheet:\n  footer:\n    cutoff: {en: '{date.__class__}'}\n", "it has {date.__class__}"),
        ("sheet:\n  footer:\n    cutoff: {en: '{date'}\n", "it has not readable"),
        ("chart:\n  points: {en: 'Marks, 0 to {maximum:>900}'}\n", "should have the places {maximum:g}"),
        ("cli:\n  already: {en: 'x'}\n", "line 2: 'cli.already' is a message of the program"),
        ("form:\n  required: {en: 'x'}\n", "line 2: 'form.required' is a message of the program"),
    ],
)  # fmt: skip
def test_a_fault_in_the_wording_is_told_with_its_line(small_bank: Path, content: str, told: str) -> None:
    (small_bank / "texts.yaml").write_text(content, encoding="utf-8")
    (line,) = refused(small_bank)
    assert line.startswith("texts.yaml")
    assert told in line


def test_a_text_may_be_reworded_in_one_language_its_places_in_any_order(small_bank: Path) -> None:
    reworded = "sheet: {footer: {model: {en: '{hash} = {id} {version}'}}}\n"
    (small_bank / "texts.yaml").write_text(reworded, encoding="utf-8")
    values = {"id": "m", "version": "1", "hash": "ab"}
    usual = texts.both("sheet.footer.model", **values)
    with themed(open_workspace(small_bank)):
        assert texts.both("sheet.footer.model", **values) == {"en": "ab = m 1", "zh": usual["zh"]}
    assert texts.both("sheet.footer.model", **values) == usual


def test_the_words_of_a_plural_are_free(small_bank: Path) -> None:
    keys = [key for key, entry in texts.entries().items() if key.startswith("sheet.") and "|" in entry["en"]]
    key = next(key for key in keys if texts.entries()[key]["en"].count("{") == 1)
    own = texts.entries()[key]["en"].partition("{")[2].partition(":")[0]
    section, *path = key.split(".")
    nested: object = {"en": f"in all {{{own}:bank|banks}}"}
    for name in reversed(path):
        nested = {name: nested}
    (small_bank / "texts.yaml").write_text(yaml.safe_dump({section: nested}), encoding="utf-8")
    with themed(open_workspace(small_bank)):
        assert texts.say(key, "en", **{own: 2}) == "in all 2 banks"


# --- the logo


def with_logo(bank: Path, content: bytes, name: str = "logo.png", named: str = "") -> Path:
    (bank / name).write_bytes(content)
    (bank / "theme.yaml").write_text(f"font: SimSun\nlogo: {named or name}\n", encoding="utf-8")
    return bank


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"GIF89a", "is no sound PNG picture"),
        (picture()[:-5], "is no sound PNG picture"),
        (picture().replace(b"IDAT", b"IDAX"), "is no sound PNG picture"),
        (picture(rows=3), "is no sound PNG picture"),
        (picture(rows=300), "is no sound PNG picture"),
        (picture(2001, 1), "is no sound PNG picture, or wider or higher than 2000 pixels"),
        (picture(30, 10, chunk(b"tEXt", bytes(300_000))), "has more than 256 KB"),
    ],
)
def test_what_is_no_fit_picture_is_refused(small_bank: Path, content: bytes, told: str) -> None:
    (line,) = refused(with_logo(small_bank, content))
    assert line.startswith("theme.yaml, line 2: 'logo.png'")
    assert told in line


def test_a_logo_lies_in_the_workspace_itself(small_bank: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(picture())
    for named in ("../outside.png", str(tmp_path / "outside.png"), "linked.png"):
        if named == "linked.png":
            (small_bank / named).symlink_to(tmp_path / "outside.png")
        (line,) = refused(with_logo(small_bank, picture(), named=named))
        assert "is not inside the workspace" in line
    (line,) = refused(with_logo(small_bank, picture(), named="lgo.png"))
    assert "there is no file 'lgo.png'" in line


def test_only_the_picture_is_kept_of_a_picture() -> None:
    """A PNG may tell who drew it and with what; neither is passed on."""
    told = picture(30, 10, chunk(b"tEXt", b"Author\0Zhang San"), chunk(b"tIME", bytes(7)))
    assert png.bare(told + b"trailing") == (picture(), 30, 10)
    assert png.bare(picture()) == (picture(), 30, 10)


@given(st.binary(max_size=200), st.integers(0, 300), st.booleans())
def test_no_bytes_escape_as_anything_but_a_picture_or_a_refusal(noise: bytes, at: int, whole: bool) -> None:
    made = picture()
    given_bytes = made[:at] + noise + (made[at + len(noise) :] if whole else b"")
    try:
        kept, width, height = png.bare(given_bytes)
    except png.NoPng:
        return
    assert png.bare(kept) == (kept, width, height)


def test_the_example_of_the_page_on_themes_is_taken_and_can_be_read_by_everybody(small_bank: Path) -> None:
    shown = (Path(__file__).parents[2] / "docs" / "theme.en.md").read_text(encoding="utf-8")
    for name, content in zip(
        ("theme.yaml", "texts.yaml"), re.findall(r"```yaml\n(.*?)```", shown, re.DOTALL), strict=True
    ):
        (small_bank / name).write_text(content, encoding="utf-8")
    (small_bank / "logo.png").write_bytes(picture())
    style = house_style(open_workspace(small_bank))
    assert list(style.files) == ["theme.yaml", "logo.png", "texts.yaml"]
    assert complaints(style.theme) == []


# --- how far a style reaches


@pytest.fixture
def styled(small_bank: Path) -> Path:
    with_logo(small_bank, picture(30, 10, chunk(b"tEXt", b"Author\0Zhang San")))
    with (small_bank / "theme.yaml").open("a", encoding="utf-8") as more:
        more.write('colours: {rule: "7A1E2C", series: "7A1E2C"}\npage: {paper: A3, left: 0.7}\n')
    reworded = "sheet:\n  header:\n    title: {zh: '保密处 {title}', en: 'Office: {title}'}\nchart: {total: {en: Overall}}\n"
    (small_bank / "texts.yaml").write_text(reworded, encoding="utf-8")
    return small_bank


@pytest.mark.parametrize("kind", ["quarter", "branch"])
def test_a_workbook_is_in_the_style_of_its_workspace(styled: Path, tmp_path: Path, kind: str) -> None:
    pack = prepare(open_workspace(styled), None, "en")
    path = tmp_path / "made.xlsx"

    def write() -> bytes:
        write_quarter_workbook(pack, path) if kind == "quarter" else write_branch_workbook(pack, UNIT, path)
        return path.read_bytes()

    made = write()
    sheet = load_workbook(io.BytesIO(made)).worksheets[0]
    assert sheet["A1"].fill.fgColor.rgb == "007A1E2C"
    assert sheet["A1"].font.name == "SimSun"
    assert sheet["A1"].alignment.indent > 3
    assert sheet.page_setup.paperSize == 8
    assert sheet.page_margins.left == 0.7
    assert "Office: " in sheet.oddHeader.right.text
    parts = zipfile.ZipFile(io.BytesIO(made))
    assert parts.read("xl/media/image1.png") == picture()
    drawing = parts.read("xl/drawings/drawing1.xml").decode()
    assert f'descr="{pack.institution}"' in drawing
    assert [name for name in parts.namelist() if "media" in name] == ["xl/media/image1.png"]
    assert write() == made
    assert theme() == THEME.get() != house_style(pack.workspace).theme


def test_a_page_bears_the_logo_at_its_head(styled: Path) -> None:
    words = {"title": "0101", "marking": "Internal", "lang": "en"}
    with themed(open_workspace(styled)):
        made = page("<p>x</p>", **words)  # type: ignore[arg-type]
    head = made.index('<img class="rk-logo" alt="')
    assert head < made.index("<main>")
    assert 'src="data:image/png;base64,' in made
    assert "font: 15px/1.55 'SimSun','Microsoft YaHei'" in made
    assert "size: A3" in made
    assert "#7A1E2C" in made
    plain = page("<p>x</p>", **words)  # type: ignore[arg-type]
    assert "<img" not in plain


def test_charts_have_the_colours_and_words_of_the_workspace(styled: Path) -> None:
    workspace = open_workspace(styled)
    assessment = workspace.assessment()
    with themed(workspace):
        own = charts.dimension_profile(assessment, UNIT, lang="en")
    usual = charts.dimension_profile(assessment, UNIT, lang="en")
    assert own.get_yticklabels()[0].get_text() == "Overall"
    assert usual.get_yticklabels()[0].get_text() == "Total"
    assert (
        plt.matplotlib.colors.to_hex(own.title.get_color()) != "#7a1e2c"
    )  # the title at the left is another text
    assert own._left_title.get_color() == "#7A1E2C"
    assert usual._left_title.get_color() == "#1F3A5F"
    plt.close("all")


def test_two_workspaces_in_one_process_never_mix(styled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(styled, other)
    (other / "theme.yaml").write_text('colours: {rule: "0B5D1E"}\n', encoding="utf-8")
    shutil.rmtree(other / ".riskkit", ignore_errors=True)
    packs = {
        colour: prepare(open_workspace(bank)) for colour, bank in (("7A1E2C", styled), ("0B5D1E", other))
    }

    def write(colour: str, number: int) -> bytes:
        path = tmp_path / f"{colour}-{number}.xlsx"
        write_branch_workbook(packs[colour], UNIT, path)
        assert load_workbook(path).worksheets[0]["A1"].fill.fgColor.rgb == f"00{colour}"
        return path.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        waiting = [(colour, pool.submit(write, colour, n)) for n in range(3) for colour in packs]
        made = {(colour, job.result()) for colour, job in waiting}
    assert len(made) == 2


def test_a_style_kept_holds_for_the_session(styled: Path, forget: None) -> None:
    keep(open_workspace(styled))
    assert theme().colour("rule") == "7A1E2C"
    assert texts.say("chart.total", "en") == "Overall"
    assert LOGO.get() is not None


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    for scoped in (THEME, LOGO, texts.WORDING):
        monkeypatch.setattr(scoped, "_session", None)


def test_theme_wording_and_logo_are_inputs_of_a_run(styled: Path) -> None:
    def made_from() -> tuple[str, dict[str, str]]:
        workspace = open_workspace(styled)
        order = Order(workspace.path, str(workspace.period()), "en", (UNIT,))
        return run_id(workspace, order), inputs(workspace, workspace.period())

    changes: dict[str, Callable[[Path], object]] = {
        "theme.yaml": lambda path: path.write_text(path.read_text() + "sizes: {body: 10}\n"),
        "texts.yaml": lambda path: path.write_text(path.read_text().replace("Office", "Bureau")),
        "logo.png": lambda path: path.write_bytes(picture(31, 10)),
    }
    known = {made_from()[0]}
    for name, change in changes.items():
        before = made_from()[1]
        change(styled / name)
        run, after = made_from()
        assert before.keys() == after.keys() >= changes.keys()
        assert [file for file in after if after[file] != before[file]] == [name]
        known.add(run)
    assert len(known) == 4


def test_the_command_says_what_is_own_and_what_cannot_be_read(
    styled: Path, riskkit: Callable[..., object]
) -> None:
    told = riskkit(styled, "theme")
    assert (told.code, told.err) == (0, "")  # type: ignore[attr-defined]
    assert told.out.startswith("Theme: theme.yaml, logo.png, texts.yaml; 2 texts worded otherwise\n")  # type: ignore[attr-defined]
    (styled / "theme.yaml").write_text('colours: {grey: "B0B0B0"}\n', encoding="utf-8")
    told = riskkit(styled, "theme")
    assert "! text grey on white: contrast 2.2, which should be at least 4.5" in told.out  # type: ignore[attr-defined]
    (styled / "theme.yaml").write_text("colour: {}\n", encoding="utf-8")
    told = riskkit(styled, "theme", lang="zh")
    assert told.code == 1  # type: ignore[attr-defined]
    assert "未知的键“colour”" in told.err  # type: ignore[attr-defined]
