"""Which font writes Chinese, when the list of fonts is stale, when the theme asks for another, when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib import font_manager

from riskkit import texts
from riskkit.report.charts import fonts

HAS_NONE = """
import importlib.abc, importlib.util, sys

class NoChinese(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "riskkit.report.charts.fonts":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def blinded(module):
            execute(module)
            module._has_characters = lambda path: False
        spec.loader.exec_module = blinded
        return spec

sys.meta_path.insert(0, NoChinese())
"""
"""What every process of a run begins with, on a machine that is to seem without a Chinese font."""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    fonts.find_family.cache_clear()
    yield
    fonts.find_family.cache_clear()


def writes_chinese(family: str) -> bool:
    return fonts._has_characters(font_manager.findfont(family, fallback_to_default=False))


@pytest.mark.needs("cjk_font")
def test_a_font_installed_after_matplotlib_listed_its_fonts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = font_manager.fontManager.ttflist
    stale = [entry for entry in listed if not fonts._has_characters(entry.fname)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", stale)
    found = fonts.find_family("")
    assert found is not None
    assert writes_chinese(found)


@pytest.mark.needs("cjk_font")
def test_the_font_of_the_theme_comes_first_if_it_writes_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = fonts.find_family("")
    assert usual is not None
    monkeypatch.setattr(fonts, "PREFERRED", ())
    assert fonts.find_family(usual) == usual


@pytest.mark.needs("cjk_font")
@pytest.mark.parametrize("asked", [fonts.LATIN, "No Such Font"])
def test_a_font_of_the_theme_that_cannot_is_passed_over_in_silence(
    asked: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = fonts.find_family(asked)
    assert found not in (None, asked)
    assert writes_chinese(str(found))
    assert caplog.records == []


@pytest.mark.full
@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_a_run_without_a_chinese_font_says_so_once_with_the_remedy(
    small_bank: Path, tmp_path: Path, lang: str
) -> None:
    (tmp_path / "begin").mkdir()
    (tmp_path / "begin" / "sitecustomize.py").write_text(HAS_NONE, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "begin"), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-m", "riskkit", "run", "-w", small_bank, "--html", "--workers", "2"],
        env={**os.environ, "PYTHONPATH": path, "RISKKIT_LANG": lang, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert said.count(texts.say("chart.no_font", lang)) == 1  # type: ignore[arg-type]
    assert "Noto Sans CJK" in said
    assert "Glyph" not in said
    assert "Warning" not in said
