"""The content of a pipeline file: its text is read, its variables are filled in, its entries are checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

from seedbed.errors import ParameterError, UsageError
from seedbed.pipeline.entries import PipelineFile
from seedbed.pipeline.reading.file_text import file_text
from seedbed.pipeline.reading.marked import Marked
from seedbed.pipeline.reading.problems import Problems
from seedbed.pipeline.variables import filled
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.field_problems import FieldPath
from seedbed.tasks.templates.render_bounds import MAX_SIZE, text_size

# Each round leaves out what doesn't fit, so that the next one sees the rest.
_ROUNDS = 5
_STAND_IN = "pass"


def described(
    problems: Problems, given: Mapping[str, Any], leave_out: Collection[str]
) -> PipelineFile | None:
    """Return what a pipeline file describes, without what doesn't fit; None if nothing is left.

    `given` are the values of variables that the user sets.
    """
    content = _content(problems)
    if content is None:
        return None
    content = filled(content, given, problems)
    content = {name: value for name, value in content.items() if name not in leave_out}
    if text_size(content) > MAX_SIZE:
        fact = f"'{problems.file}' has more than {MAX_SIZE:,} characters once its variables are filled in"
        problems.add(UsageError(fact), named=True)
        return None
    return _entries(content, problems)


def _content(problems: Problems) -> dict[str, Any] | None:
    with problems.at(named=True):
        problems.marked, invalid = Marked.read(file_text(problems.file))
        problems.add_text(invalid)
        if invalid:
            return None
        content = problems.marked.content
        if not isinstance(content, dict):
            raise UsageError(
                f"'{problems.file}' is not a pipeline file",
                "write `steps:` with a list of `use: NAME`; see `seedbed schema`",
            )
        for key in content:
            if not isinstance(key, str):
                raise UsageError(
                    f"'{problems.file}' has the key {key!r}, which is not text", "see `seedbed schema`"
                )
        return content
    return None


def _entries(content: dict[str, Any], problems: Problems) -> PipelineFile | None:
    for _ in range(_ROUNDS):
        try:
            return build(PipelineFile, content, f"the pipeline file '{problems.file}'")
        except ParameterError as error:
            problems.add(error, named=True)
            content = deepcopy(content)
            for one in error.problems:
                _leave_out(content, one.path, problems)
    return None


def _leave_out(content: dict[str, Any], path: FieldPath, problems: Problems) -> None:
    if path[:1] == ("steps",) and len(path) > 1 and (len(path) == 2 or path[2:] == ("use",)):
        _replace_step(content["steps"], path[1], problems)
        return
    *above, last = path or ("steps",)
    inner: Any = content
    for part in above:
        inner = inner.get(part) if isinstance(inner, dict) else _nth(inner, part)
    if isinstance(inner, dict) and last in inner:
        del inner[last]
    elif above:
        # An item of a list has its number in other messages, and a field that is missing can't be left out.
        _leave_out(content, tuple(above), problems)


def _nth(items: Any, number: str | int) -> Any:
    return (
        items[number] if isinstance(items, list) and isinstance(number, int) and number < len(items) else None
    )


def _replace_step(steps: list[Any], number: str | int, problems: Problems) -> None:
    """Put a step in the place of one that can't be read, so that the others keep their numbers."""
    assert isinstance(number, int)
    entry = steps[number] if isinstance(steps[number], dict) else {}
    given = entry.get("name")
    name = given if isinstance(given, str) else f"steps[{number}]"
    problems.unmade_steps.add(name)
    kept = {key: entry[key] for key in ("after",) if key in entry}
    steps[number] = {"use": _STAND_IN, "name": name, **kept}
