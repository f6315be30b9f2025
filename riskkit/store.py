"""Parsed evidence and computed measures, kept as Parquet inside the workspace so that a report opens in a moment.

An entry's name is a hash of everything it was made from, the program's own source included; it is never changed, and
can be deleted at any time. A workspace that cannot be written to simply has no store.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from riskkit import __version__
from riskkit.errors import Problem, PublishFailed
from riskkit.evidence.evidence import Evidence
from riskkit.model import IndicatorModel
from riskkit.periods import Period
from riskkit.publish import damaged, scratch_folder, write_manifest

KEPT = ("evidence", "model", "scoring", "analysis", "expressions.py", "periods.py")


@cache
def source_hash() -> str:
    """A hash of the source that reading and measuring depend on."""
    package = Path(__file__).parent
    digest = hashlib.sha256(__version__.encode())
    for name in KEPT:
        place = package / name
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key(*parts: object) -> str:
    """A short name for an entry made from `parts`."""
    content = json.dumps([source_hash(), *parts], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:20]


LARGEST = 2**25
"""Bytes of a table that is still kept once it was read."""


class LazyTables(Mapping[str, pd.DataFrame]):
    """Tables read from Parquet when asked for; `again` gives them where the file is gone by then.

    Small ones are kept, large ones read anew every time: together those of a large bank would fill its memory.
    """

    def __init__(self, folder: Path, again: Callable[[], Evidence]) -> None:
        self._paths = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
        self._again = again
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self._read:
            return self._read[name]
        try:
            table = _in_seconds(_read(self._paths[name]))
        except OSError:
            self._read.update(self._again().tables)
            return self._read[name]
        if table.memory_usage(deep=True).sum() <= LARGEST:
            self._read[name] = table
        return table

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def some(self, table: str, names: Collection[str]) -> pd.DataFrame:
        """Those columns of a table that it has."""
        if table not in self._read:
            with contextlib.suppress(OSError):
                return _in_seconds(_read(self._paths[table], names))
        whole = self[table]
        return whole[[name for name in whole if name in names]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _read(path: Path, columns: Collection[str] = ()) -> pd.DataFrame:
    """A stored table, or those of some columns that it has, without the threads that `pandas.read_parquet` starts: a
    process that has them must not fork."""
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    pyarrow.set_memory_pool(
        pyarrow.system_memory_pool()
    )  # Arrow's own keeps what tables of a large bank took
    file = ParquetFile(path, pre_buffer=False)
    wanted = [name for name in file.schema_arrow.names if name in columns] if columns else None
    frame: pd.DataFrame = file.read(wanted, use_threads=False).to_pandas(use_threads=False)
    return frame


def _in_seconds(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as they were read: Parquet knows no whole seconds."""
    return table.astype(dict.fromkeys(table.select_dtypes("datetime"), "datetime64[s]"))


class Store:
    """The store of one workspace."""

    def __init__(self, workspace: Path) -> None:
        self.folder = workspace / ".riskkit"

    def evidence(self, period: Period, made_from: str, read: Callable[[], Evidence]) -> Evidence:
        """The stored evidence, or what `read` gives, stored."""
        entry = self.folder / f"evidence-{period}-{made_from}"
        if not damaged(entry):
            with contextlib.suppress(OSError):  # another process may have just cleared it away
                return _load_evidence(entry, period, read)
        evidence = read()
        self._keep(entry, f"evidence-{period}-", lambda scratch: _save_evidence(evidence, scratch))
        return evidence

    def frame(self, name: str, made_from: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The stored frame of that name, or what `compute` gives, stored."""
        entry = self.folder / f"{name}-{made_from}"
        if not damaged(entry):
            with contextlib.suppress(OSError):  # another process may have just cleared it away
                return _read(entry / "frame.parquet")
        frame = compute()
        self._keep(entry, f"{name}-", lambda scratch: frame.to_parquet(scratch / "frame.parquet"))
        return frame

    def _keep(self, entry: Path, prefix: str, save: Callable[[Path], None]) -> None:
        """Store an entry in place of a damaged one and of those made from something else."""
        with contextlib.suppress(PublishFailed):
            outdated = [path for path in self.folder.glob(f"{prefix}*") if path != entry]
            if not damaged(entry):
                return  # another process has just stored it
            shutil.rmtree(entry, ignore_errors=True)
            with scratch_folder(entry) as scratch:
                save(scratch)
                write_manifest(scratch, {})
            for path in outdated:
                shutil.rmtree(path, ignore_errors=True)


def _save_evidence(evidence: Evidence, folder: Path) -> None:
    for name, table in evidence.tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    meta = {
        "notes": [
            {
                **vars(note),
                "values": {k: v if isinstance(v, dict) else str(v) for k, v in note.values.items()},
            }
            for note in evidence.notes
        ],
        "letters": [[file, sheet, columns] for (file, sheet), columns in evidence.letters.items()],
        "files": evidence.files,
    }
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def _load_evidence(folder: Path, period: Period, again: Callable[[], Evidence]) -> Evidence:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    notes = tuple(Problem(**note) for note in meta["notes"])
    letters = {(file, sheet): columns for file, sheet, columns in meta["letters"]}
    return Evidence(period, LazyTables(folder, again), notes, letters, meta["files"])


def content_key(model: IndicatorModel, hashes: Mapping[str, str]) -> str:
    """The key of what is made from a model and input files."""
    return key(model.hash, dict(hashes))
