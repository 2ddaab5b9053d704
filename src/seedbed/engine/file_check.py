"""All mistakes of a pipeline file that show before a run: nothing is called, loaded, written or fetched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from seedbed.engine.segments.segments import counted_leaf
from seedbed.engine.sources.input_rows import input_rows
from seedbed.engine.sources.source_steps import source_step, with_source
from seedbed.errors import SeedbedError, UsageError
from seedbed.pipeline.columns import column_problems
from seedbed.pipeline.file import read_pipeline
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.reading.problems import Problems
from seedbed.plugins.registry import Registry
from seedbed.store.output import Output, outputs_of
from seedbed.store.read_options import Reading
from seedbed.store.writing import check_output
from seedbed.tasks.files import Files
from seedbed.tasks.remote_files import is_remote
from seedbed.tasks.steps import BaseStep, GeneratorStep

_IN_PROMPTS = ("template", "system_prompt")


class CheckedFile(NamedTuple):
    """A file that was checked: its pipeline, if the file has steps, and the outputs that it names."""

    pipeline: Pipeline | None
    outputs: tuple[Output, ...]


def check_file(problems: Problems, registry: Registry, **options: Any) -> CheckedFile:
    """Give `problems` every mistake of a pipeline file; `options` are those of `read_pipeline`.

    They come from the same checks as the first one, which `run` raises. Local files that the pipeline names
    are looked at; places that are reached over a network aren't.
    """
    pipeline = read_pipeline(problems, registry, **options)
    if pipeline is None:
        return CheckedFile(None, ())
    _check_files(pipeline, problems)
    outputs = _check_outputs(pipeline, registry, problems)
    if not problems.has("steps") or not _has_graph_problem(pipeline):
        _check_rows(pipeline, registry, problems, outputs)
    return CheckedFile(pipeline, outputs)


def _has_graph_problem(pipeline: Pipeline) -> bool:
    try:
        pipeline.topology()
    except UsageError:
        return True
    return False


def _check_rows(
    pipeline: Pipeline, registry: Registry, problems: Problems, outputs: Sequence[Output]
) -> None:
    """Check where rows come from, which columns the steps find in them, and whose rows go to the outputs."""
    numbers = {step.name: number for number, step in enumerate(pipeline.steps)}
    columns: Collection[str] | None = None
    given = pipeline.defaults.input
    if given is not None and not problems.has("input"):
        with problems.at("input"):
            pipeline, columns = _with_input(pipeline, given, registry)
    if _has_graph_problem(pipeline):
        return
    topology = pipeline.topology()
    is_linked = all(one.path[2:3] != ("after",) for one in problems.found)
    for error in column_problems(topology, columns) if is_linked else ():
        number = numbers.get(error.step or "")
        problems.add(error, *(() if number is None else _place_of(error, number, pipeline, problems)))
    for at, output in enumerate(outputs):
        if output.leaf is not None:
            place = ("out", at) if isinstance(problems.marked.content.get("out"), list) else ("out",)
            with problems.at(*place, "leaf"):
                counted_leaf(topology, output.leaf)


def _with_input(
    pipeline: Pipeline, given: Any, registry: Registry
) -> tuple[Pipeline, Collection[str] | None]:
    columns, drop = pipeline.columns, pipeline.drop
    if source := source_step(given, registry, only=columns, without=drop):
        _check_found(source)
        return with_source(pipeline, source), None
    if isinstance(given, str) and is_remote(given):
        return pipeline, None
    if all(isinstance(node.step, GeneratorStep) for node in pipeline.topology().nodes if not node.parents):
        first = pipeline.topology().nodes[0].name
        raise UsageError(f"'{first}' makes its rows without input", "leave out the input")
    if isinstance(given, str) and _is_stream(Path(given)):
        # Reading a pipe takes away what the run would read.
        return pipeline, None
    return pipeline, input_rows(given, Reading(None, columns, drop, registry=registry)).columns()


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _place_of(
    error: SeedbedError, number: int, pipeline: Pipeline, problems: Problems
) -> tuple[str | int, ...]:
    """Return the keys that lead to the part of a step that reads a column."""
    place: tuple[str | int, ...] = ("steps", number)
    entry = problems.marked.content["steps"][number]
    if error.fact.startswith("the condition") and "when" in entry:
        return (*place, "when")
    fields = entry.get("with") or {}
    named = [name for name, value in fields.items() if name in _IN_PROMPTS and isinstance(value, str)]
    return (*place, "with", named[0]) if named else (*place, "use")


def _check_outputs(pipeline: Pipeline, registry: Registry, problems: Problems) -> tuple[Output, ...]:
    several = isinstance(problems.marked.content.get("out"), list)
    made: list[Output] = []
    for number, fields in enumerate(pipeline.defaults.outputs):
        with problems.at("out", *((number,) if several else ())):
            output = Output(**fields)
            check_output(output, registry)
            made.append(output)
    with problems.at("out"):
        return outputs_of(made)
    return ()


def _check_files(pipeline: Pipeline, problems: Problems) -> None:
    """Check that the files which steps read are there."""
    steps: list[tuple[tuple[str | int, ...], Any]] = [(("input",), pipeline.defaults.input)]
    steps += [(("steps", number), step) for number, step in enumerate(pipeline.steps)]
    for place, step in steps:
        if isinstance(step, BaseStep):
            for name, files in _files_of(step):
                with problems.at(*place, "with", name):
                    _require(files)


def _check_found(source: BaseStep) -> None:
    for _, files in _files_of(source):
        _require(files)


def _files_of(step: BaseModel) -> Iterator[tuple[str, Files]]:
    for name in step.model_fields_set:
        value = getattr(step, name, None)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Files):
                yield name, one


def _require(files: Files) -> None:
    # What is reached over a network isn't looked up.
    if not is_remote(files):
        files.require()
