"""Running the report notebooks and turning them into pages. Beside engine/, the only room that
imports papermill and its kin."""

from __future__ import annotations

import contextlib
import copy
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import papermill  # type: ignore[import-untyped]
from nbconvert.filters import markdown2html
from nbconvert.preprocessors.sanitize import SanitizeHTML
from papermill.engines import papermill_engines  # type: ignore[import-untyped]
from papermill.exceptions import PapermillExecutionError  # type: ignore[import-untyped]

from riskkit import resources, texts
from riskkit.errors import Misuse, ReportFailed, RiskkitError, unknown
from riskkit.publish import scratch_file
from riskkit.report import markup
from riskkit.report.engine import ENGINE, client, surroundings, ways
from riskkit.report.engine.client import Zygote
from riskkit.report.engine.entry import Engine
from riskkit.report.engine.execution import observing
from riskkit.report.page import page
from riskkit.report.pages.parameters import INJECTED

CELL_SECONDS = 600
papermill_engines.register(ENGINE, Engine)


def run_notebook(name: str, target: Path, *, parameters: Mapping[str, object]) -> None:
    """Run the packaged notebook `name` and save it at `target`; the same inputs give the same bytes.

    The saved notebook holds no time, path, machine or random id. Raises `Misuse` for a notebook or parameter that does
    not exist or a value of the wrong type, and `ReportFailed`, naming the cell, if it did not run to its end; nothing
    is saved then.

        >>> run_notebook("branch_report", Path("0103.ipynb"), parameters={"branch": "0103", "quarter": "2026Q2"})
    """
    source = _stored(name)
    _check_parameters(source, parameters)
    with tempfile.TemporaryDirectory(prefix="riskkit-") as scratch:
        done = _executed(name, source, dict(parameters), Path(scratch))
    _strip(done, _metadata(source, source.stat().st_mtime_ns))
    with scratch_file(target) as half:
        half.write_text(_written(done), encoding="utf-8")


def _opened(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _written(notebook: Any) -> str:
    return f"{nbformat.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def _stored(name: str) -> Path:
    known = {path.stem: path for path in sorted(resources.notebooks().glob("*.ipynb"))}
    if name not in known:
        raise unknown("unknown_notebook", name, list(known))
    return known[name]


@cache
def _declared(source: Path, changed: int) -> Any:
    """The parameters of a notebook, last changed then."""
    return papermill.inspect_notebook(str(source))


@cache
def _metadata(source: Path, changed: int) -> Any:
    """The metadata of a notebook, last changed then."""
    return _opened(source).metadata


def _check_parameters(source: Path, given: Mapping[str, object]) -> None:
    declared = _declared(source, source.stat().st_mtime_ns)
    for name, value in given.items():
        if name not in declared:
            raise unknown("unknown_parameter", name, list(declared))
        if type(value).__name__ != declared[name]["inferred_type_name"]:
            raise Misuse("parameter_type", name=name, found=repr(value))


# ---------------------------------------------------------------- running


def _executed(name: str, source: Path, parameters: dict[str, object], scratch: Path) -> Any:
    log = scratch / "kernel.log"
    environment = surroundings.for_reports(scratch)
    if lang := str(parameters.get("lang", "")):
        environment["RISKKIT_LANG"] = lang
    try:
        with (
            _own_noise_off(),
            observing() as seen,
            _zygote(environment),
            log.open("wb") as kernel_log,
        ):
            return papermill.execute_notebook(
                str(source),
                None,
                parameters=parameters,
                engine_name=ENGINE,
                progress_bar=False,
                start_timeout=120,
                execution_timeout=CELL_SECONDS,
                cwd=str(scratch),
                environment=environment,
                any_kernel=True,
                kernel_log=kernel_log,
            )
    except PapermillExecutionError as stopped:
        why = stopped.evalue if stopped.ename == "Stopped" else f"{stopped.ename}: {stopped.evalue}"
        lines = _plain("\n".join(stopped.traceback)).splitlines()
        cell = {"notebook": name, "cell": stopped.exec_count, "error": stopped.ename, "last": lines}
        raise ReportFailed("notebook_failed", why=_plain(why), **cell) from None
    except RiskkitError:
        raise
    except (
        Exception
    ) as died:  # a dead kernel, a cell that hangs, one that never starts: each has its own class
        last = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
        told = [f"{type(died).__name__}: {died}".strip().splitlines()[0], seen.ended, *last.splitlines()[-1:]]
        found = {
            "error": type(died).__name__,
            "killed": (seen.status or 0) < 0,
            "cell": _reached(seen.notebook),
        }
        key = "notebook_died_in" if found["cell"] else "notebook_died"
        raise ReportFailed(key, notebook=name, why=_plain("; ".join(filter(None, told))), **found) from died


def _reached(notebook: Any) -> int | None:
    """The number of the last cell of code that was started."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"] if notebook is not None else []
    started = [cell.metadata.get("papermill", {}).get("start_time") is not None for cell in code]
    return max((number for number, begun in enumerate(started, 1) if begun), default=None)


@contextlib.contextmanager
def _zygote(environment: Mapping[str, str]) -> Iterator[None]:
    """The zygote that this process was forked from; if there is none, one for a single notebook, which imports for
    itself what it needs."""
    if client.mine() is not None or not ways.can_fork():
        yield
        return
    with Zygote(preload=(), environment=environment, jobs=False, quiet=True) as made, client.kept(made):
        yield


@contextlib.contextmanager
def _own_noise_off() -> Iterator[None]:
    """papermill and zmq warn of things that are no concern of the reader's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _plain(text: str) -> str:
    """Without the codes that colour a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# ---------------------------------------------------------------- what is kept


def _strip(notebook: Any, metadata: Any) -> None:
    """Leave what the notebook says; take out what only says when, where and on which machine."""
    notebook.metadata = copy.deepcopy(metadata)
    for place, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
            cell.source = _without_paths(cell.source)
        cell.id = cell.get("id", f"cell-{place}")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def _without_paths(source: str) -> str:
    """The workspace is found again where the notebook is opened."""
    lines = [re.sub(r"^workspace = .*", 'workspace = ""', line) for line in source.splitlines()]
    return "\n".join([INJECTED, *(line for line in lines if line and line != INJECTED)])


# ---------------------------------------------------------------- pages

_STYLE_BLOCK = re.compile(r"<style.*?</style>", re.DOTALL | re.IGNORECASE)


def to_html(notebook: Path, target: Path, *, title: str, marking: str, lang: texts.Language) -> None:
    """A run notebook as one page: no code, no script, nothing fetched from anywhere; prints on A4.

    >>> to_html(Path("0103.ipynb"), Path("0103.html"), title="0103 2026Q2", marking="Internal", lang="en")
    """
    held = _opened(notebook)
    for output in (
        each for cell in held.cells for each in cell.get("outputs", []) if "text/html" in each.get("data", {})
    ):
        output.data["text/html"] = _STYLE_BLOCK.sub(
            "", output.data["text/html"]
        )  # pandas puts one before every table
    cleaned, _ = _sanitiser().preprocess(held, {})  # type: ignore[no-untyped-call]
    body = "\n".join(part for cell in cleaned.cells for part in _cell(cell))
    with scratch_file(target) as half:
        half.write_text(page(body, title=title, marking=marking, lang=lang), encoding="utf-8")


class _Sanitiser(SanitizeHTML):
    """nbconvert's, which reads HTML as a browser would; what is proper on sight is spared the trouble."""

    def sanitize_html_tags(self, html_str: str) -> str:
        return html_str if markup.proper(html_str) else str(super().sanitize_html_tags(html_str))  # type: ignore[no-untyped-call]


@cache
def _sanitiser() -> SanitizeHTML:
    settings: dict[str, Any] = {
        "tags": [*markup.TAGS, *markup.TABLE_TAGS],
        "attributes": markup.ATTRIBUTES,
        "styles": list(markup.STYLES),
    }
    return _Sanitiser(enabled=True, **settings)  # type: ignore[no-untyped-call]


def _cell(cell: Any) -> Iterator[str]:
    if "about" in cell.metadata.get("tags", []):
        return
    if cell.cell_type == "markdown":
        yield _sanitiser().sanitize_html_tags(markdown2html(cell.source))  # type: ignore[no-untyped-call]
    elif cell.cell_type == "code":
        said = [_output(output, cell.outputs) for output in cell.outputs]
        if any(said):
            yield f'<section class="rk-cell">{"".join(said)}</section>'


def _output(output: Any, beside: list[Any]) -> str:
    if output.output_type == "stream":
        return f"<pre>{escape(output.text)}</pre>"
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        picture = data["image/png"].replace("\n", "")
        return (
            f'<img class="rk-chart" alt="{escape(_caption(beside))}" src="data:image/png;base64,{picture}">'
        )
    return f"<pre>{escape(data['text/plain'])}</pre>" if data.get("text/plain") else ""


def _caption(outputs: list[Any]) -> str:
    """What a picture shows, for readers who cannot see it: the heading above it."""
    spoken = [output.data["text/plain"] for output in outputs if "text/html" in output.get("data", {})]
    return spoken[0].lstrip("# ") if spoken else ""
