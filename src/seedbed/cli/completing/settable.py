"""What can be set by --set, for the shell: fields of the task, the steps and the LLM that a line names.

Unlike all other offers, these import plugins, but no file: what is in the current folder doesn't run on Tab.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from seedbed.cli.annotations import choices_of
from seedbed.cli.plugins.description import describe
from seedbed.cli.policy import registry_of
from seedbed.cli.run.planning import step_class_of
from seedbed.cli.terminal.output import kept_stdout
from seedbed.llm.llm import llm_class
from seedbed.pipeline.file_names import is_pipeline_file
from seedbed.plugins.names import is_file_reference
from seedbed.plugins.registry import Registry

_LLM = "llm."


class Line(NamedTuple):
    """What a line names: a task, a step or a pipeline file, and an LLM."""

    what: str | None
    llm: str | None


def offered_settings(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the settings that begin with what was typed, or the values that the field knows by name."""
    registry, line = registry_of(ctx), _line(ctx)
    # Plugins may print when they're imported.
    with kept_stdout():
        name, equals, _ = incomplete.partition("=")
        made = list(_values(line, name, registry) if equals else _fields(line, incomplete, registry))
    return [item for item in made if item.value.startswith(incomplete)]


def _line(ctx: click.Context) -> Line:
    """Return what the line names; for a run that's retried, what it was started with."""
    # Click gives up on an option without its value, which is being typed, and leaves the arguments to us.
    what = ctx.params.get("what") or next(iter(ctx.args), None)
    llm = ctx.params.get("llm")
    if ctx.info_name != "retry" or what is None:
        return Line(what, llm)
    from seedbed.cli.runs.kept_runs import kept_run
    from seedbed.store import RunReader

    with RunReader.open(kept_run(ctx.params.get("name") or what)) as reader:
        session = reader.last_working_session()
    order = (session.manifest.get("order") if session else None) or {}
    return Line(order.get("what"), llm or order.get("llm"))


def _fields(line: Line, typed: str, registry: Registry) -> Iterator[CompletionItem]:
    if typed.startswith(_LLM):
        yield from _parameters(_llm_class(line, registry), _LLM)
        return
    for prefix, cls in _classes(line, registry):
        step, dot, rest = typed.partition(".")
        if not prefix or f"{step}{dot}" == prefix:
            yield from _parameters(cls, prefix)
            if prefix and rest.startswith("llm"):
                yield from _parameters(_llm_class(line, registry), f"{prefix}{_LLM}")
        else:
            yield CompletionItem(prefix)
    yield CompletionItem(_LLM)


def _values(line: Line, name: str, registry: Registry) -> Iterator[CompletionItem]:
    classes = [*_classes(line, registry), (_LLM, _llm_class(line, registry))]
    for prefix, cls in classes:
        field = cls.model_fields.get(name.removeprefix(prefix)) if cls and name.startswith(prefix) else None
        if field is not None:
            yield from (CompletionItem(f"{name}={value}") for value in choices_of(field.annotation))


def _parameters(cls: Any, prefix: str) -> Iterator[CompletionItem]:
    for one in describe(cls).parameters if cls else ():
        # In a line of its own, next to the name: only the first sentence has room.
        yield CompletionItem(f"{prefix}{one.name}=", help=one.description.partition(". ")[0] or None)


def _classes(line: Line, registry: Registry) -> Iterator[tuple[str, Any]]:
    """Yield what is before the names of fields, such as `judge.`, and the class that has the fields."""
    if line.what is None or is_file_reference(line.what):
        return
    if not is_pipeline_file(line.what):
        yield "", step_class_of(line.what, registry)
        return
    for entry in _entries(_content(line.what).get("steps")):
        if not is_file_reference(entry["use"]):
            yield f"{entry.get('name') or entry['use']}.", step_class_of(entry["use"], registry)


def _llm_class(line: Line, registry: Registry) -> Any:
    llm = line.llm
    if llm is None and line.what is not None and is_pipeline_file(line.what):
        own = _content(line.what).get("llm")
        llm = own.get("use") if isinstance(own, dict) else own
    return llm_class(llm, registry=registry)[0] if llm and not is_file_reference(llm) else None


def _content(file: str) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _entries(steps: Any) -> Iterator[dict[str, Any]]:
    """Yield the steps of a file, those of its branches too."""
    if isinstance(steps, dict) and isinstance(steps.get("use"), str):
        yield steps
    elif isinstance(steps, (list, dict)):
        for part in steps.values() if isinstance(steps, dict) else steps:
            yield from _entries(part)
