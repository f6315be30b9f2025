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
from collections.abc import Iterator
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
    with _told(target):
        handle, name = tempfile.mkstemp(prefix=SCRATCH, suffix=target.suffix, dir=_made(target.parent))
        os.close(handle)
        scratch = Path(name)
        try:
            yield scratch
            _sync(scratch)
            scratch.replace(target)
            _sync_folder(target.parent)
        finally:
            scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that becomes `target` whole when the block ends well; `target` must not exist then.

    What a killed process left behind beside it is cleared away. An `OSError` inside the block is told as
    `PublishFailed`.
    """
    with _told(target):
        _clear_abandoned(_made(target.parent))
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=target.parent))
        try:
            with _locked(scratch):
                yield scratch
                for path in sorted(scratch.rglob("*")):
                    _sync_folder(path) if path.is_dir() else _sync(path)
                _sync_folder(scratch)
                scratch.rename(target)
                _sync_folder(target.parent)
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


def put_aside(target: Path) -> None:
    """Rename a damaged run out of the way; nothing of it is lost."""
    number = 1
    while (aside := target.with_name(f"{target.name}.damaged-{number}")).exists():
        number += 1
    with _told(target):
        target.rename(aside)


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise PublishFailed("publish_failed", target=str(target), reason=reason) from fault


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write what a run was made from and the hash of every file in it. Holds no time, user or machine."""
    outputs = {
        str(path.relative_to(folder).as_posix()): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    text = json.dumps({**content, "outputs": outputs}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def damaged(folder: Path) -> list[str]:
    """Files of a published run that are missing or differ from its manifest; the manifest itself if unreadable."""
    try:
        outputs = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return [MANIFEST]
    return [
        name
        for name, known in outputs.items()
        if not (folder / name).is_file() or digest(folder / name) != known
    ]
