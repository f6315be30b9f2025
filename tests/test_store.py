"""The store is only ever faster: never stale, never trusted when damaged, never needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from riskkit import store
from riskkit.evidence import evidence as reading
from riskkit.workspace import open_workspace
from tests.small_bank import write


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The periods whose files were really read."""
    found: list[str] = []
    real = reading.read_evidence

    def read(folder: Path, *rest: object) -> object:
        found.append(folder.name)
        return real(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("riskkit.workspace.read_evidence", read)
    return found


def score(bank: Path) -> dict[str, float]:
    return dict(open_workspace(bank).assessment("2026Q2").ranking()["score"])


def entries(bank: Path) -> list[Path]:
    return sorted((bank / ".riskkit").iterdir())


HAND = {"0101": 90.0, "0102": 80.0, "0103": 70.0}
"""9, 8 and 7 of 10 passed."""


def test_what_was_read_once_is_not_read_again(small_bank: Path, reads: list[str]) -> None:
    assert score(small_bank) == HAND
    assert sorted(reads) == ["2026Q1", "2026Q2"]
    reads.clear()
    assert score(small_bank) == HAND
    assert reads == []


def test_stored_evidence_is_the_evidence_that_was_read(sample_bank: Path, tmp_path: Path) -> None:
    """Dates, texts, numbers, origins, notes and column letters alike; so are the measures made from them."""
    bank = tmp_path / "bank"
    shutil.copytree(sample_bank, bank, ignore=shutil.ignore_patterns(".riskkit", "2025*", "2026Q1"))
    fresh, stored = open_workspace(bank), open_workspace(bank)
    read, kept = fresh.evidence("2026Q2"), stored.evidence("2026Q2")
    assert set(read.tables) == set(kept.tables)
    for name in read.tables:
        pd.testing.assert_frame_equal(kept.tables[name], read.tables[name])
    assert (kept.letters, kept.files) == (read.letters, read.files)
    assert [note.line("zh") for note in kept.notes] == [note.line("zh") for note in read.notes]
    pd.testing.assert_frame_equal(stored.measures("2026Q2").frame, fresh.measures("2026Q2").frame)
    pd.testing.assert_frame_equal(
        open_workspace(bank).measures("2026Q2").frame, fresh.measures("2026Q2").frame
    )


def one_byte(bank: Path) -> None:
    path = bank / "evidence" / "2026Q2" / "log.csv"
    path.write_bytes(path.read_bytes().replace(b"C0101,9,10", b"C0101,8,10"))


def the_model(bank: Path) -> None:
    path = bank / "model" / "small.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("numerator: passed", "numerator: passed - 1"), encoding="utf-8")


def the_register(bank: Path) -> None:
    path = bank / "register" / "units.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("0101,东街支行", "0101,东门支行"), encoding="utf-8"
    )


def the_name_of_a_file(bank: Path) -> None:
    (bank / "evidence" / "2026Q2" / "log.csv").rename(bank / "evidence" / "2026Q2" / "log_2.csv")


@pytest.mark.parametrize("change", [one_byte, the_model, the_register, the_name_of_a_file])
def test_whatever_changes_the_evidence_is_read_anew(
    small_bank: Path, reads: list[str], change: Callable[[Path], None]
) -> None:
    score(small_bank)
    reads.clear()
    change(small_bank)
    found = score(small_bank)
    assert "2026Q2" in reads
    assert found["0101"] == (80.0 if change in (one_byte, the_model) else 90.0)


def test_a_change_of_the_program_is_a_change(
    small_bank: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    score(small_bank)
    reads.clear()
    monkeypatch.setattr(store, "source_hash", lambda: "another program")
    assert score(small_bank) == HAND
    assert sorted(reads) == ["2026Q1", "2026Q2"]


def test_outdated_entries_are_cleared_away(small_bank: Path) -> None:
    score(small_bank)
    before = entries(small_bank)
    one_byte(small_bank)
    score(small_bank)
    after = entries(small_bank)
    assert len(after) == len(before)
    assert {path.name for path in after} != {path.name for path in before}


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [emptied, cut, one_bit, Path.unlink])
@pytest.mark.parametrize("name", ["*/log.parquet", "*/frame.parquet", "*/meta.json", "*/manifest.json"])
def test_a_damaged_entry_is_made_again(small_bank: Path, name: str, damage: Callable[[Path], None]) -> None:
    expected = open_workspace(small_bank).assessment("2026Q2").items
    for path in (small_bank / ".riskkit").glob(name):
        damage(path)
    pd.testing.assert_frame_equal(open_workspace(small_bank).assessment("2026Q2").items, expected)
    assert all(not store.damaged(entry) for entry in entries(small_bank))


def test_large_tables_are_read_anew_and_some_columns_alone(
    small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(small_bank)
    evidence = open_workspace(small_bank).evidence("2026Q2")
    assert list(evidence.some("log", ["passed", "no such column"])) == ["passed"]
    assert evidence.tables["log"] is evidence.tables["log"]
    monkeypatch.setattr(store, "LARGEST", 0)
    evidence = open_workspace(small_bank).evidence("2026Q2")
    assert evidence.tables["log"] is not evidence.tables["log"]
    whole = evidence.tables["log"]
    pd.testing.assert_frame_equal(evidence.some("log", set(whole)), whole)


def test_an_entry_that_vanishes_while_it_is_in_use_is_read_again(small_bank: Path, reads: list[str]) -> None:
    score(small_bank)
    evidence = open_workspace(small_bank).evidence("2026Q2")
    reads.clear()
    shutil.rmtree(small_bank / ".riskkit")
    assert evidence.tables["log"]["passed"].tolist() == [9.0, 8.0, 7.0]
    assert reads == ["2026Q2"]


@pytest.fixture
def read_only(small_bank: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace that cannot be written to; also for root, whom permissions do not stop."""

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    small_bank.chmod(0o500)
    yield small_bank
    small_bank.chmod(0o700)


def test_a_workspace_that_cannot_be_written_to_works_without_a_store(read_only: Path) -> None:
    assert score(read_only) == HAND
    assert not list(read_only.rglob("*.parquet"))


def test_a_full_disk_costs_the_store_and_nothing_else(
    small_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    assert score(small_bank) == HAND
    assert entries(small_bank) == []


def test_two_processes_may_store_the_same_entry(small_bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the entry already there when it renames its own; both have their evidence."""
    first, second = open_workspace(small_bank), open_workspace(small_bank)
    monkeypatch.setattr(store, "damaged", lambda entry: ["looked before the other was done"])
    assert len(first.evidence("2026Q2").tables["log"]) == len(second.evidence("2026Q2").tables["log"]) == 3


def test_the_store_is_for_its_owner_alone(small_bank: Path) -> None:
    score(small_bank)
    if os.name == "posix":
        modes = {path.stat().st_mode & 0o077 for path in [small_bank / ".riskkit", *entries(small_bank)]}
        assert modes == {0}


def test_evidence_of_another_register_is_never_mixed_up(small_bank: Path) -> None:
    """A unit renumbered in register and evidence keeps its score under its new number."""
    score(small_bank)
    for path in (small_bank / "register" / "units.csv", *small_bank.glob("evidence/*/*.csv")):
        path.write_text(path.read_text(encoding="utf-8").replace("0101,", "0201,"), encoding="utf-8")
    assert score(small_bank)["0201"] == 90.0


def test_a_stray_file_in_the_evidence_counts_as_a_change(small_bank: Path, reads: list[str]) -> None:
    score(small_bank)
    reads.clear()
    write(
        small_bank / "evidence" / "2026Q2" / "log_more.csv",
        "unit case_no passed sampled",
        ("0101", "D", 10, 10),
    )
    assert score(small_bank)["0101"] == 95.0
