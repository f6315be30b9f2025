"""Running a notebook by either engine, and what of it can be compared."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
import papermill as pm
from papermill.engines import papermill_engines

from riskkit.report.engine import ENGINE
from riskkit.report.engine.entry import Engine

papermill_engines.register(ENGINE, Engine)

VARIES = [
    (r"/tmp/ipykernel_\d+/\d+\.py", "CELL.py"),
    (r"0x[0-9a-f]{6,}", "0xADDRESS"),
    (r"Task-\d+", "Task-N"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?", "TIME"),
    (r"kernel-[\w-]+\.json", "kernel.json"),
]
TIMES = ("start_time", "end_time", "duration")


def run(notebook: Any, folder: Path, engine: str | None, **settings: Any) -> tuple[Any, str]:
    """The notebook as it was saved, and what was raised."""
    source, target = folder / "in.ipynb", folder / "out.ipynb"
    nbformat.write(notebook, source)
    raised = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zmq's and nbformat's
        try:
            pm.execute_notebook(
                str(source), str(target), engine_name=engine, progress_bar=False, cwd=str(folder), **settings
            )
        except Exception as stopped:
            raised = f"{type(stopped).__name__}: {stopped}"
    return json.loads(target.read_text(encoding="utf-8")), plain(raised)


def plain(text: str) -> str:
    """Text without what differs from run to run."""
    for varies, stands in VARIES:
        text = re.sub(varies, stands, text)
    return text


def comparable(saved: Any, *, stopped_short: bool = False) -> Any:
    """A saved notebook without times, addresses and identities; timings are there or not there.

    Of one that `stopped_short`, its kernel dead or a cell given up, papermill calls every cell completed: what became of
    each is left out.
    """
    held = json.loads(plain(json.dumps(saved, ensure_ascii=False)))
    for kept in (held["metadata"], *(cell["metadata"] for cell in held["cells"])):
        papermill = kept.get("papermill", {})
        papermill.update(dict.fromkeys(set(papermill) & set(TIMES)))
        if stopped_short:
            kept["papermill"] = sorted(papermill.keys() - {"exception", "status"})
        if "execution" in kept:
            kept["execution"] = sorted(kept["execution"])
    for cell in held["cells"]:
        if not cell["id"].startswith("cell-"):
            cell["id"] = "random"
        if "outputs" in cell:
            cell["outputs"] = joined(cell["outputs"])
    return held


def joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs with neighbouring pieces of one stream in one: a kernel's thread sends them as time has it."""
    whole: list[dict[str, Any]] = []
    for output in outputs:
        before = whole[-1] if whole else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] = "".join([*before["text"], *output["text"]]).splitlines(keepends=True)
        else:
            whole.append(output)
    return whole
