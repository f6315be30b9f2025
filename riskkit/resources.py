"""Where the templates and notebooks lie: inside an installed wheel, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def templates() -> Path:
    """Models, texts and themes."""
    return _folder("templates")


def notebooks() -> Path:
    """The notebooks that papermill runs."""
    return _folder("notebooks")


def sample_bank() -> Path | None:
    """The invented bank of a checkout; none in an installed wheel."""
    bank = _PACKAGE.parent / "data_samples" / "bank"
    return bank if (bank / "riskkit.yaml").is_file() else None
