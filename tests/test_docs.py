"""What the README and the pages of docs/ promise: commands exist and run, links lead somewhere, both languages agree."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from riskkit import texts
from riskkit.cli import riskkit
from riskkit.publish import write_manifest
from tests.batches import with_stand_ins

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.en.md"))]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
CHEAP = ("check", "score", "explain", "theme")
"""Commands that only read; `run` and `report` are made by tests of their own, `init` and `model` below."""


def chinese(page: Path) -> Path:
    return page.with_name(page.name.replace(".en.md", ".zh.md").replace("README.md", "README.zh.md"))


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fences(page: Path, language: str | None = None) -> list[str]:
    """The fenced blocks of a page; of one language if given."""
    found = re.findall(
        r"^ *```(\w*)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [block for tag, block in found if language is None or tag == language]


def shown(program: str) -> Iterator[tuple[Path, str, bool]]:
    """Every shown command line of a program: its page, the line, and whether it stands in a block of its own."""
    for page in PAGES:
        lines = [line.strip() for block in fences(page) for line in block.splitlines()]
        spans = re.findall(
            r"`([^`\n]+)`", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        )
        yield from ((page, line, True) for line in lines if line.startswith(program + " "))
        yield from ((page, line, False) for line in spans if line.startswith(program + " "))


# --- both languages


def headings(page: Path) -> list[tuple[int, str]]:
    """Depth and number of every heading; words differ between languages."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"^(#+) (\d[\d.]*(?= ))?", text, re.MULTILINE)
    return [(len(marks), number) for marks, number in found]


@pytest.mark.parametrize("page", ENGLISH, ids=named)
def test_both_languages_have_the_same_headings(page: Path) -> None:
    assert headings(page) == headings(chinese(page))


def test_every_page_has_its_other_language() -> None:
    assert {named(chinese(page)) for page in ENGLISH} == {
        named(page) for page in PAGES if page not in ENGLISH
    }


@pytest.mark.parametrize("page", ENGLISH, ids=named)
def test_both_languages_show_the_same_commands_and_the_same_python(page: Path) -> None:
    assert fences(page) == fences(chinese(page))


@pytest.mark.parametrize("page", ENGLISH, ids=named)
def test_tables_have_as_many_rows_in_both_languages(page: Path) -> None:
    rows = [
        sum(line.startswith("|") for line in p.read_text(encoding="utf-8").splitlines())
        for p in (page, chinese(page))
    ]
    assert rows[0] == rows[1]


# --- links


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", ROOT / "ARCHITECTURE.md"], ids=named)
def test_every_link_leads_to_a_file_of_the_repository(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).is_file()] == []


def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, as they are made of them: lower case, no punctuation, hyphens for spaces."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_to_a_chapter_leads_to_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    wrong = [
        f"{target}#{anchor}"
        for target, anchor in links
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", [ROOT / "docs" / f"methods.{lang}.md" for lang in ("en", "zh")], ids=named)
def test_the_methods_list_all_their_chapters_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    chapters = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert re.findall(r"^- \[([^]]+)\]\(#", text, re.MULTILINE) == chapters
    numbers = [chapter.split()[0] for chapter in chapters[:-1]]
    assert numbers == [str(number) for number in range(1, len(chapters))]


# --- pictures


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.zh.md"], ids=named)
def test_the_readme_shows_small_pictures_and_says_what_is_on_them(page: Path) -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert len(pictures) == 2
    for words, target in pictures:
        assert len(words) > 10
        assert target.endswith(".zh.png" if page.name == "README.zh.md" else ".en.png")
        assert (page.parent / target).stat().st_size < 300_000


@pytest.mark.full
@pytest.mark.needs("soffice", "chromium", "pdftoppm", "cjk_font")
def test_the_pictures_can_be_made_again(tmp_path: Path) -> None:
    maker = [sys.executable, ROOT / "docs" / "make_pictures.py", "--to", tmp_path]
    done = subprocess.run(maker, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in tmp_path.iterdir() if path.stat().st_size > 30_000}
    assert made == {path.name for path in (ROOT / "docs" / "pictures").iterdir()}


# --- commands


def parsed(words: list[str], *, whole: bool) -> list[str]:
    """Parse a command line without running it; gives the names of the commands on it."""
    command: click.Command = riskkit
    context = click.Context(riskkit, info_name="riskkit")
    names: list[str] = []
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        names.append(str(name))
        command = found
        context = click.Context(command, info_name=name, parent=context)
    command.make_context(names[-1], words, parent=context.parent, resilient_parsing=not whole)
    return names


@pytest.fixture
def desk(tmp_path: Path, sample_bank: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out as a checkout, with the sample bank, to try commands in."""
    samples = tmp_path / "data_samples"
    samples.mkdir()
    (samples / "bank").symlink_to(sample_bank, target_is_directory=True)
    shutil.copytree(
        ROOT / "data_samples" / "worked_example",
        samples / "worked_example",
        ignore=shutil.ignore_patterns(".riskkit"),
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_shown_command_exists_with_its_options(desk: Path) -> None:
    for name in ("model.xlsx", "mybank/model/mine.yaml"):
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).touch()
    commands = list(shown("riskkit"))
    assert len(commands) > 20
    wrong = []
    for page, line, in_block in commands:
        try:
            parsed(shlex.split(line)[1:], whole=in_block)
        except click.exceptions.Exit:
            continue
        except click.ClickException as fault:
            wrong.append(f"{named(page)}: {line}: {fault.format_message()}")
    assert wrong == []


def test_a_wrong_command_would_be_noticed() -> None:
    for line in ("rnu 2026Q2", "run --bogus", "explain 2026Q2"):
        with pytest.raises(click.ClickException):
            parsed(line.split(), whole=True)


def test_every_shown_command_that_only_reads_runs(desk: Path) -> None:
    lines = {
        line
        for _, line, in_block in shown("riskkit")
        if in_block and line.split()[1] in CHEAP and "mybank" not in line
    }
    assert len(lines) > 6
    failed = []
    for line in sorted(lines):
        result = CliRunner().invoke(riskkit, shlex.split(line)[1:])
        if result.exit_code != 0 or not result.output.strip():
            failed.append(f"{line}: {result.exit_code} {result.exception!r}")
    assert failed == []
    assert (desk / "ranking.csv").is_file()


def test_a_bank_of_ones_own_is_made_and_its_model_goes_through_a_workbook(desk: Path) -> None:
    lines = [line for page, line, in_block in shown("riskkit") if in_block and page.name == "operating.en.md"]
    steps = [line for line in lines if line.split()[1] in ("init", "model")]
    assert [step.split()[1] for step in steps] == ["init", *["model"] * 4]
    for step in steps:
        result = CliRunner().invoke(riskkit, shlex.split(step)[1:])
        assert result.exit_code == 0, (step, result.output, result.exception)
    assert (desk / "mybank" / "riskkit.yaml").is_file()
    assert (desk / "mybank" / "evidence" / "2026Q3").is_dir()


def test_every_run_of_the_operating_page_is_made(
    desk: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With stand-ins for the report writers; the last of them has nothing left to do."""
    page = ROOT / "docs" / "operating.en.md"
    lines = [line for block in fences(page) for line in block.splitlines()]
    runs = [line for line in lines if line.split()[:2] in (["riskkit", "run"], ["riskkit", "report"])]
    runs = [line for line in runs if "--dask" not in line]  # tests/test_cluster.py
    call = with_stand_ins(request.getfixturevalue("riskkit"), desk / "data_samples" / "bank", monkeypatch)
    done = [call(*shlex.split(line)[1:]) for line in runs]
    assert [each.code for each in done] == [0] * 3, [each.err for each in done]
    assert "already published" in done[-1].out
    assert len(list(desk.glob("runs/*/branches/*"))) == 48
    assert sorted(place.name for place in desk.glob("drafts/*/branches/*")) == ["0103", "0207"]


def test_every_notebook_named_is_there() -> None:
    named_notebooks = {
        word
        for page in PAGES
        for word in re.findall(r"notebooks/\w+\.ipynb", page.read_text(encoding="utf-8"))
    }
    assert [name for name in sorted(named_notebooks) if not (ROOT / name).is_file()] == []


def test_dev_py_is_shown_with_its_three_commands_only() -> None:
    shown_lines = {
        line for program in ("python3 dev.py", "python dev.py", "py dev.py") for _, line, _ in shown(program)
    }
    commands = {"demo", "test", "test --full", "bench"}
    assert shown_lines <= {f"python3 dev.py {command}" for command in commands}


# --- Python


BLOCKS = [(page, number, block) for page in ENGLISH for number, block in enumerate(fences(page, "python"))]


@pytest.mark.parametrize(("page", "number", "block"), BLOCKS, ids=[f"{named(p)} {n}" for p, n, _ in BLOCKS])
def test_python_on_the_pages_runs_and_prints(
    desk: Path, capsys: pytest.CaptureFixture[str], page: Path, number: int, block: str
) -> None:
    run = desk / "runs" / "2026Q2-zh-00000000"
    run.mkdir(parents=True)
    (run / "page.html").write_text("-", encoding="utf-8")
    write_manifest(run, {})
    exec(compile(block, f"{page.name} block {number}", "exec"), {})
    assert capsys.readouterr().out.strip()


# --- messages


def messages() -> set[str]:
    """Every message of the program in both languages, with its places as `…`."""
    entries = texts.entries()
    chosen = [entry for key, entry in entries.items() if key.startswith(("error.", "problem."))]
    return {re.sub(r"\{[^}]*\}", "…", entry[lang]) for entry in chosen for lang in ("zh", "en")}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_message_of_the_troubleshooting_table_is_one_the_program_prints(lang: str) -> None:
    page = (ROOT / "docs" / f"operating.{lang}.md").read_text(encoding="utf-8")
    section = page[page.index("## 16 ") : page.index("## 17 ")]
    told = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert len(told) > 12
    known = messages()
    assert [message for message in told if not any(entry.startswith(message) for entry in known)] == []


@pytest.mark.parametrize("page", [ROOT / "docs" / f"operating.{lang}.md" for lang in ("en", "zh")], ids=named)
def test_every_exit_code_told_is_one_the_program_uses(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = re.findall(r"^\| (\d+) \|", text[text.index("## 15 ") : text.index("## 16 ")], re.MULTILINE)
    program = (ROOT / "riskkit" / "cli" / "__init__.py").read_text(encoding="utf-8") + (
        ROOT / "riskkit" / "errors.py"
    ).read_text(encoding="utf-8")
    assert told == ["0", "1", "2"]
    assert {"1", "2"} == set(re.findall(r"(?:exit_code = |sys\.exit\()(\d+)", program))
