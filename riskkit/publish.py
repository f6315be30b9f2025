"""Writing that loses nothing: a scratch place in the same file system, fsync, then one rename."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskkit.errors import PublishFailed

if sys.platform != "win32":
    import fcntl

SCRATCH = ".riskkit-scratch-"
MANIFEST = "manifest.json"
YOUNG = 60
"""Seconds for which a scratch folder is left alone whatever its lock says."""


@contextlib.contextmanager
def scratch_file(target: Path) -> Iterator[Path]:
    """A path to write to that becomes `target` when the block ends well, and vanishes when it does not.

    An `OSError` inside the block, such as a full disk, is told as `PublishFailed`; `target` is then as it was.
    """
    with told(target):
        handle, name = tempfile.mkstemp(prefix=SCRATCH, suffix=target.suffix, dir=_made(target.parent))
        os.close(handle)
        scratch = Path(name)
        try:
            yield scratch
            sync(scratch)
            scratch.replace(target)
            sync(target.parent)
        finally:
            scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that becomes `target` whole when the block ends well; `target` must not exist then.

    What a killed process left behind beside it is cleared away. An `OSError` inside the block is told as
    `PublishFailed`.
    """
    with told(target):
        _clear_abandoned(_made(target.parent))
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=target.parent))
        try:
            with _locked(scratch):
                yield scratch
                for path in sorted(scratch.rglob("*")):
                    sync(path)
                sync(scratch)
                scratch.rename(target)
                sync(target.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder while its process lives; gives whether it could be had. Windows has no such locks."""
    if sys.platform == "win32":
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:
            held = False
        yield held
    finally:
        os.close(handle)


def _clear_abandoned(folder: Path) -> None:
    """Remove scratch folders whose process is gone: they may hold half a run."""
    for scratch in folder.glob(f"{SCRATCH}*"):
        with contextlib.suppress(OSError):
            if scratch.is_dir() and time.time() - scratch.stat().st_mtime > YOUNG:
                with _locked(scratch) as abandoned:
                    if abandoned:
                        shutil.rmtree(scratch, ignore_errors=True)


def put_aside(target: Path) -> Path:
    """Rename a damaged run out of the way; nothing of it is lost. Gives its new place."""
    number = 1
    while (aside := target.with_name(f"{target.name}.damaged-{number}")).exists():
        number += 1
    with told(target):
        target.rename(aside)
    return aside


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def told(target: Path) -> Iterator[None]:
    """Tell an `OSError` of the block as `PublishFailed`: what could not be written, and why."""
    try:
        yield
    except OSError as fault:
        key = "publish_refused" if isinstance(fault, PermissionError) else "publish_failed"
        reason = fault.strerror or str(fault)
        raise PublishFailed(key, target=str(_open_in_excel(target)), reason=reason) from fault


def _open_in_excel(target: Path) -> Path:
    """The workbook of a folder that a spreadsheet program holds open, by the owner file it keeps beside it."""
    owner = next(target.rglob("~$*.xlsx"), None) if target.is_dir() else None
    return owner.with_name(owner.name[2:]) if owner else target


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before going on."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(
    folder: Path, content: Mapping[str, Any], outputs: Mapping[str, str] | None = None
) -> None:
    """Write what a run was made from and the hash of every file in it, reckoned now unless `outputs` gives them.
    Holds no time, user or machine."""
    if outputs is None:
        outputs = {
            path.relative_to(folder).as_posix(): digest(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    text = json.dumps({**content, "outputs": outputs}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a run was made from and what it holds; empty where there is no manifest, or it says nothing of outputs."""
    try:
        content = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        return {**content, "outputs": dict(content["outputs"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def damaged(folder: Path) -> list[str]:
    """Files of a published run that are missing or differ from its manifest; the manifest itself if unreadable."""
    content = read_manifest(folder)
    if not content:
        return [MANIFEST]
    return [name for name, known in content["outputs"].items() if not intact(folder / name, known)]


def intact(path: Path, known: str) -> bool:
    """Whether a file is there and has the hash it should have."""
    return path.is_file() and digest(path) == known
