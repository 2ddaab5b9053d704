"""A pipeline as the text of a pipeline file, which describes it exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from seedbed.errors import UsageError
from seedbed.pipeline.assembly import INPUT
from seedbed.pipeline.entries import PipelineFile
from seedbed.pipeline.reading.file_text import MAX_BYTES
from seedbed.pipeline.reading.marked import Marked
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.pipeline.topology import Topology
from seedbed.pipeline.variables import escaped
from seedbed.pipeline.writing.entries_of import Writing, after_of, short
from seedbed.pipeline.writing.entry_order import entry_order
from seedbed.pipeline.writing.plain_fields import Verbatim, refuse_object
from seedbed.plugins.registry import Registry
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask

if TYPE_CHECKING:
    from seedbed.pipeline.pipeline import Pipeline

_IN_PYTHON = "keep this pipeline in Python"
_SEPARATORS = frozenset("\x85\u2028\u2029")


def pipeline_text(pipeline: Pipeline, registry: Registry, folder: Path) -> str:
    """Return YAML from which `load_pipeline` makes the same pipeline; raise UsageError if there is none."""
    writing = Writing(registry, folder)
    content: dict[str, Any] = {
        # Always: the name of a file isn't that of a pipeline without a name, and then another run is meant.
        "name": pipeline.name or pipeline.topology().nodes[0].name,
        **_defaults(pipeline.defaults, writing),
        "columns": list(pipeline.columns) if pipeline.columns is not None else None,
        "drop": list(pipeline.drop) or None,
        **_steps(pipeline, writing),
    }
    content = {key: _escaped(value) for key, value in content.items() if value is not None}
    try:
        text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    except yaml.YAMLError as error:
        raise UsageError(f"a file can't hold a value of this pipeline: {error}", _IN_PYTHON) from error
    _check_readable(text)
    return text


def _check_readable(text: str) -> None:
    """Raise UsageError for what a pipeline file may not have, since it may come from a stranger."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise UsageError(
            f"the file of this pipeline would have more than {MAX_BYTES:,} bytes",
            "write its rows to a file, and name that",
        )
    read, problems = Marked.read(text)
    if problems:
        line = text.splitlines()[problems[0].mark.line - 1].strip()
        raise UsageError(
            f"a file can't hold this pipeline, since it {problems[0].fact}", f"at: {line:.60}", _IN_PYTHON
        )
    try:
        PipelineFile(**read.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"a file can't hold this pipeline: {place}: {first['msg']}", _IN_PYTHON) from None


def _defaults(defaults: RunDefaults, writing: Writing) -> dict[str, Any]:
    budget = {"cost": defaults.max_cost, "tokens": defaults.max_tokens, "time": defaults.max_seconds}
    return {
        "n": defaults.n,
        "seed": defaults.seed,
        "input": _input(defaults.input, writing),
        "id": _id(defaults.id),
        "out": [_output(one, writing) for one in defaults.outputs] or None,
        "budget": {name: cap for name, cap in budget.items() if cap is not None} or None,
        "stop_if": defaults.stop_if,
    }


def _input(given: Any, writing: Writing) -> Any:
    if isinstance(given, BaseStep):
        return writing.source(given)
    if isinstance(given, str | PurePath):
        return writing.path(str(given))
    if given is not None and not (isinstance(given, list) and all(isinstance(row, dict) for row in given)):
        raise UsageError(
            f"the input of the pipeline is {type(given).__qualname__!r}, which a file can't hold",
            "write it to a file of rows, and name that",
        )
    refuse_object("input", given, "the pipeline")
    return given


def _id(columns: str | Sequence[str] | None) -> str | list[str] | None:
    if columns is None or isinstance(columns, str):
        return columns
    return columns[0] if len(columns) == 1 else list(columns) or None


def _output(given: Mapping[str, Any], writing: Writing) -> Any:
    paths = {name: writing.path(str(given[name])) for name in ("path", "chat_template") if given.get(name)}
    return paths["path"] if len(given) == 1 else {**given, **paths}


def _steps(pipeline: Pipeline, writing: Writing) -> dict[str, Any]:
    topology = pipeline.topology()
    order = entry_order(topology)
    if implicit := _is_implicit(pipeline, topology):
        order.remove(INPUT)
    llms = {name: writing.llm(topology.node(name).step) for name in order}
    shared = _shared(topology, llms)
    entries = []
    for previous, name in zip([None, *order], order, strict=False):
        node = topology.node(name)
        above = [one.step for one in node.parents if not implicit or one.step != INPUT]
        entries.append(
            writing.step(node, after_of(above, previous), short(llms[name] if llms[name] != shared else None))
        )
    return {"llm": short(shared), "steps": entries}


def _is_implicit(pipeline: Pipeline, topology: Topology) -> bool:
    """Whether the topology has a step for the run's input that the entries don't have to name."""
    if all(node.name != INPUT for node in topology.nodes) or any(one.name == INPUT for one in pipeline.steps):
        return False
    return all(len(topology.node(name).parents) == 1 for name in topology.children(INPUT))


def _shared(topology: Topology, llms: Mapping[str, dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the LLM that most tasks have, for the whole file; None if a task has none, or nobody has one."""
    entries = [entry for name, entry in llms.items() if isinstance(topology.node(name).step, BaseTask)]
    if None in entries:
        # The file's LLM would be that task's too.
        return None
    return max(entries, key=entries.count, default=None)


def _escaped(value: Any) -> Any:
    """Return a value in which no text looks like `${a variable}`."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {name: _escaped(part) for name, part in value.items()}
    return [_escaped(part) for part in value] if isinstance(value, list) else value


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, and nothing as a reference to something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # PyYAML writes these line separators as they are in single quotes, and reads them back as a space.
    style = '"' if not _SEPARATORS.isdisjoint(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _as_text)
