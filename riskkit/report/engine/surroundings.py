"""The environment of processes that make reports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FORK_SAFE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""Without these, importing numpy or pyarrow starts threads, and a debugger that nobody asked for complains."""
REPRODUCIBLE = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",  # sets come out in the same order every time
    "JUPYTER_PLATFORM_DIRS": "1",
}


def for_reports(scratch: Path) -> dict[str, str]:
    """The environment in which riskkit's own reports are made: the same for everyone, IPython's files in `scratch`."""
    return with_checkout({**os.environ, **FORK_SAFE, **REPRODUCIBLE, "IPYTHONDIR": str(scratch / "ipython")})


def with_checkout(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which this riskkit is found, also when it is run from a checkout that is not installed."""
    checkout = Path(__file__).resolve().parents[3]
    if not (checkout / "pyproject.toml").is_file():
        return dict(environment)
    path = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    if str(checkout) not in path:
        path.insert(0, str(checkout))
    return {**environment, "PYTHONPATH": os.pathsep.join(path)}
