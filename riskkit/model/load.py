"""Reading a model from YAML; every fault is told with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from riskkit import resources
from riskkit.errors import ModelRefused, Problem, unknown
from riskkit.model import checks
from riskkit.model.indicator_model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.model.shape import shape_faults

Place = checks.Place
Lines = dict[Place, tuple[str, int]]

BESIDE = ("tables", "reference")
"""Keys that may hold the name of a file beside the model instead of their content."""
MAX_DEPTH = 60
MAX_VALUES = 200_000
"""Values a file may hold once its references are followed; a longer file, as many as it has characters."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the C loader where PyYAML has it
    """YAML 1.2's booleans: only true and false, so that `on` and `no` stay words."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def packaged_models() -> list[str]:
    """The models that come with riskkit."""
    return sorted(
        path.stem for path in (resources.templates() / "models").glob("*.yaml") if "." not in path.stem
    )


def load_model(source: str | Path) -> IndicatorModel:
    """Read a model from a file, or one of the packaged ones by name.

    Every fault is collected and told with file and line. Raises `ModelRefused` for a model with faults, `Misuse` for
    one that does not exist.

        >>> load_model("confidentiality").items["B2.1"].name.zh
    """
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        path = resources.templates() / "models" / f"{source}.yaml"
    if not path.is_file():
        raise unknown("unknown_model", source, packaged_models())
    return _read(path)


def _read(path: Path) -> IndicatorModel:
    lines: Lines = {}
    problems: list[Problem] = []
    content = yaml_content(path, (), lines, problems)
    if isinstance(content, dict):
        for key in BESIDE:
            if isinstance(content.get(key), str):
                content[key] = _beside(path, key, content[key], lines, problems)
    if problems:
        raise ModelRefused("model_refused", problems, model=path.name)
    spec, found = validate(content)
    if found or spec is None:
        raise ModelRefused("model_refused", [problem_at(fault, lines) for fault in found], model=path.name)
    return IndicatorModel(spec)


def _beside(path: Path, key: str, name: str, lines: Lines, problems: list[Problem]) -> Any:
    """The content of a file beside the model. A reference may still have to be made, which takes the model itself."""
    beside = path.parent / Path(name).name
    if beside.is_file():
        return yaml_content(beside, (key,), lines, problems)
    if key != "reference":
        problems.append(problem_at(checks.Fault((key,), f"{key}_file", {"found": name}), lines))
    return None


def validate(content: Any) -> tuple[ModelSpec | None, list[checks.Fault]]:
    """The model that plain values describe and everything wrong with it; none if its very shape is wrong."""
    try:
        spec = ModelSpec.model_validate(content)
    except ValidationError as refused:
        return None, shape_faults(refused)
    return spec, checks.faults(spec)


def yaml_content(path: Path, place: Place, lines: Lines, problems: list[Problem]) -> Any:
    """A YAML file's plain values, with the line of every place in `lines` and what cannot be read in `problems`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        _look_for_depth(text)
        tree = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        problems.append(yaml_problem(path.name, fault))
        return None
    try:
        limit = max(MAX_VALUES, len(text))
        return _Converter(path.name, lines, problems, limit).value(tree, place, ())
    except _TooLarge:
        problems.append(Problem("model.too_large", path.name))
        return None


def _look_for_depth(text: str) -> None:
    """Refuses deep nesting before the composer, which recurses in C, is let loose on it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(None, None, f"nested more than {MAX_DEPTH} deep", mark)


def yaml_problem(file: str, fault: Exception, line: int | None = None) -> Problem:
    """What a YAML reader raised, with its line."""
    mark = getattr(fault, "problem_mark", None)
    number = mark.line + 1 if mark else line
    found = getattr(fault, "problem", None) or str(fault).splitlines()[0]
    return Problem("model.yaml", file, "", f"line {number}" if number else "", {"found": found})


class _TooLarge(Exception):
    pass


class _Converter:
    """YAML nodes to plain values, noting lines, and refusing repeated keys, loops and references that explode."""

    def __init__(self, file: str, lines: Lines, problems: list[Problem], limit: int) -> None:
        self.file = file
        self.lines = lines
        self.problems = problems
        self.limit = limit
        self.constructor = _Loader("")
        self.count = 0

    def value(self, node: Any, place: Place, above: tuple[int, ...]) -> Any:
        if node is None:
            return None
        self.count += 1
        if self.count > self.limit:
            raise _TooLarge
        line = node.start_mark.line + 1
        self.lines.setdefault(place, (self.file, line))
        if id(node) in above:
            self.problems.append(
                Problem("model.cycle", self.file, "", f"line {line}", {"found": ".".join(map(str, place))})
            )
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, i), (*above, id(node))) for i, child in enumerate(node.value)]
        return self.scalar(node)

    def scalar(self, node: Any) -> Any:
        try:
            value = self.constructor.construct_object(node)
            hash(value)
            return value
        except (yaml.YAMLError, ValueError, TypeError, OverflowError) as fault:
            self.problems.append(yaml_problem(self.file, fault, node.start_mark.line + 1))
            return None

    def mapping(self, node: Any, place: Place, above: tuple[int, ...]) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.scalar(key_node)
            line = key_node.start_mark.line + 1
            if key in result:
                self.problems.append(
                    Problem("model.duplicate_key", self.file, "", f"line {line}", {"found": str(key)})
                )
            self.lines[(*place, key)] = (self.file, line)
            result[key] = self.value(value_node, (*place, key), above)
        return result


def problem_at(fault: checks.Fault, lines: Lines) -> Problem:
    """A fault as it is told, with the file and line of its place."""
    file, line = _line_of(fault.place, lines)
    return Problem(f"model.{fault.code}", file, "", f"line {line}", fault.values)


def _line_of(place: Place, lines: Lines) -> tuple[str, int]:
    """The line of the deepest known part of a place, skipping the tags pydantic adds for unions."""
    known: Place = ()
    for part in place:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known, ("", 1))
