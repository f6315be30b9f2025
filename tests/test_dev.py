"""dev.py, the set-up of a checkout: its decisions. Whole set-ups are tried on fresh clones, not here."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "dev.py"


@pytest.fixture
def dev(tmp_path: Path) -> ModuleType:
    """dev.py as a module, for an empty checkout."""
    spec = importlib.util.spec_from_file_location("dev_of_a_checkout", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path  # type: ignore[attr-defined]
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return module


def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_an_old_python_can_read_it() -> None:
    assert ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6)).body


def test_it_uses_the_standard_library_alone() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("words", [[], ["dmeo"], ["demo", "--full"], ["demo", "2026Q1"]])
def test_a_wrong_command_gets_a_usage_line_and_no_traceback(words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "usage: dev.py" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_gets_a_sentence(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "OLDEST", (9, 0))
    monkeypatch.setattr(dev, "newer_python", lambda: None)
    with pytest.raises(dev.Stop, match=r"needs Python 9\.0 or newer"):
        dev.main(["demo"])


def test_an_old_python_hands_over_to_a_newer_one(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[object]] = []
    monkeypatch.setattr(dev, "OLDEST", (9, 0))
    monkeypatch.setattr(dev, "newer_python", lambda: "python9.1")
    monkeypatch.setattr(dev, "call", lambda command: called.append(command) or 3)
    assert dev.main(["test", "--full", "-k", "frame"]) == 3
    assert called == [["python9.1", SCRIPT, "test", "--full", "-k", "frame"]]


def test_a_python_without_ensurepip_and_pip_gets_the_name_of_the_package(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "quietly", lambda command: False)
    with pytest.raises(dev.Stop, match=r"apt-get install python3\.\d+-venv"):
        dev.install_with_pip("")


def test_the_stamp_changes_with_the_project_the_python_the_place_and_the_extra(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamps = [dev.stamp_text("")]
    stamps.append(dev.stamp_text("[test]"))
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    stamps.append(dev.stamp_text(""))
    monkeypatch.setattr(dev.sys, "version_info", (3, 99, 0))
    stamps.append(dev.stamp_text(""))
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "pyproject.toml").write_bytes((tmp_path / "pyproject.toml").read_bytes())
    dev.ROOT = tmp_path / "moved"  # type: ignore[attr-defined]
    stamps.append(dev.stamp_text(""))
    assert len(set(stamps)) == len(stamps)


def test_what_the_tests_need_serves_the_demo_too(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "quietly", lambda command: True)
    dev.venv("").mkdir()
    assert not dev.is_ready("")
    dev.stamp_file("[test]").write_text(dev.stamp_text("[test]"))
    assert dev.is_ready("")
    assert dev.is_ready("[test]")


def test_what_the_demo_needs_does_not_serve_the_tests(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "quietly", lambda command: True)
    dev.venv("").mkdir()
    dev.stamp_file("").write_text(dev.stamp_text(""))
    assert dev.is_ready("")
    assert not dev.is_ready("[test]")


def test_a_folder_that_is_no_virtual_environment_is_left_alone(dev: ModuleType) -> None:
    dev.venv("").mkdir()
    (dev.venv("") / "thesis.txt").write_text("years of work")
    with pytest.raises(dev.Stop, match="no virtual environment"):
        dev.clear_venv("")
    assert (dev.venv("") / "thesis.txt").is_file()


def test_the_python_of_a_venv_lies_elsewhere_on_windows(dev: ModuleType, tmp_path: Path) -> None:
    assert dev.venv_python("", windows=True) == tmp_path / ".venv" / "Scripts" / "python.exe"
    assert dev.venv_python("[test]", windows=False) == tmp_path / ".venv" / "bin" / "python"


def test_the_benchmarks_have_a_venv_of_their_own(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev, "quietly", lambda command: True)
    dev.venv("[test]").mkdir()
    dev.stamp_file("[test]").write_text(dev.stamp_text("[test]"))
    assert dev.venv("[bench]") == tmp_path / ".venv-bench"
    assert not dev.is_ready("[bench]")
    dev.venv("[bench]").mkdir()
    dev.stamp_file("[bench]").write_text(dev.stamp_text("[bench]"))
    assert dev.is_ready("[bench]")
    dev.stamp_file("[test]").unlink()
    assert not dev.is_ready("")


def test_the_benchmarks_run_in_one_thread_and_words_after_them_reach_pytest(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    called: list[tuple[list[object], dict[str, object]]] = []
    monkeypatch.setattr(dev, "set_up", prepared.append)
    monkeypatch.setattr(dev, "call", lambda command, **options: called.append((command, options)) or 5)
    assert dev.main(["bench", "-k", "score"]) == 5
    assert prepared == ["[bench]"]
    [(command, options)] = called
    assert command[0] == dev.venv_python("[bench]")
    assert command[-3:] == ["tests/bench", "-k", "score"]
    assert options["settings"]["OPENBLAS_NUM_THREADS"] == "1"  # type: ignore[index]


def test_settings_reach_the_command_and_only_it(dev: ModuleType) -> None:
    program = "import os, sys; sys.exit(os.environ.get('OMP_NUM_THREADS') != '1')"
    assert dev.call([sys.executable, "-c", program], settings=dev.ONE_THREAD) == 0
    assert dev.environment().get("OMP_NUM_THREADS") == os.environ.get("OMP_NUM_THREADS")


def test_the_tests_collect_no_benchmark() -> None:
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", "tests/bench"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout
    assert list((ROOT / "tests" / "bench").glob("bench_*.py"))


def test_a_failed_check_fails_the_command_though_the_tests_pass(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "set_up", lambda extra: None)
    monkeypatch.setattr(dev, "call", lambda command, **options: 1 if "mypy" in command else 0)
    assert dev.test(full=False, words=[]) == 1
    assert "Failed before pytest: mypy." in capsys.readouterr().out


def test_words_after_test_reach_pytest(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[object]] = []
    monkeypatch.setattr(dev, "set_up", lambda extra: None)
    monkeypatch.setattr(dev, "call", lambda command, **options: called.append(command) or 0)
    assert dev.main(["test", "--full", "-k", "frame"]) == 0
    assert called[-1][-3:] == ["--full", "-k", "frame"]
