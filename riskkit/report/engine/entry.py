"""What papermill finds as `--engine riskkit`. It is loaded whenever papermill is, maybe before papermill is whole, and
so imports nothing before it is used."""

from __future__ import annotations

from typing import Any


class Engine:
    """Forks where it can: see `riskkit.report.engine.execution`."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, *args: Any, **kwargs: Any) -> Any:
        """Run a notebook's cells, as papermill asks for it."""
        from riskkit.report.engine.execution import ForkEngine

        return ForkEngine.execute_notebook(nb, kernel_name, *args, **kwargs)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> Any:
        """The kernel a notebook names."""
        from papermill.utils import nb_kernel_name  # type: ignore[import-untyped]

        return nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> Any:
        """The language a notebook names."""
        from papermill.utils import nb_language

        return nb_language(nb, language)
