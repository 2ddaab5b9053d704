"""All mistakes of a pipeline file that show before a run: nothing is called, loaded, written or fetched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from seedbed.engine.backend_fields import backends_by_field
from seedbed.engine.option_types import id_columns
from seedbed.engine.output_checks import check_columns_of, keep_apart
from seedbed.engine.plan_checks import name_problems
from seedbed.engine.segments.segments import counted_leaf
from seedbed.engine.sources.files_as_input import with_files_as_input
from seedbed.engine.sources.id_checks import check_id_columns
from seedbed.engine.sources.input_rows import input_rows
from seedbed.engine.sources.source_steps import source_step, with_source
from seedbed.engine.sources.source_types import sources_of, types_of
from seedbed.errors import SeedbedError, UsageError
from seedbed.pipeline.column_checks import column_problems, columns_made
from seedbed.pipeline.file import read_pipeline
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.reading.problems import Problems
from seedbed.pipeline.topology import Topology
from seedbed.plugins.needed_packages import check_packages
from seedbed.plugins.registry import Registry
from seedbed.store.dataset_writing import check_output
from seedbed.store.output import Output, outputs_of
from seedbed.store.read_options import Reading
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.files import Files
from seedbed.tasks.remote.remote_systems import check_packages_of, is_remote
from seedbed.tasks.steps import GeneratorStep

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
    _check_packages(pipeline, registry, problems)
    outputs = _check_outputs(pipeline, registry, problems)
    columns: Collection[str] | None = None
    if not problems.has("input"):
        with problems.at("input"):
            columns = _input_columns(pipeline, registry, problems)
    if not _has_graph_problem(pipeline):
        _check_rows(pipeline, registry, columns, problems, outputs)
    return CheckedFile(pipeline, outputs)


def _has_graph_problem(pipeline: Pipeline) -> bool:
    try:
        pipeline.topology()
    except UsageError:
        return True
    return False


def _input_columns(pipeline: Pipeline, registry: Registry, problems: Problems) -> Collection[str] | None:
    """Return the columns of the input, None if they aren't known; raises UsageError if it can't be read.

    A column that is to be the id of its rows and isn't there is one of the problems.
    """
    given, columns, drop = pipeline.defaults.input, pipeline.columns, pipeline.drop
    if given is None:
        return None
    if source := source_step(given, registry, only=columns, without=drop):
        for _, files in _files_of(source):
            _require(files)
        return None
    # Reading a pipe takes away what the run would read.
    if isinstance(given, str) and (is_remote(given) or _is_stream(Path(given))):
        return None
    rows = input_rows(given, Reading(None, columns, drop, registry=registry))
    found = rows.column_types()
    if (named := id_columns(pipeline.defaults.id)) is not None:
        with problems.at("id"):
            check_id_columns(named, rows)
    return found


def _check_rows(
    pipeline: Pipeline,
    registry: Registry,
    columns: Collection[str] | None,
    problems: Problems,
    outputs: Sequence[Output],
) -> None:
    """Check which columns the steps find in their rows, and whose rows go to the outputs."""
    topology = pipeline.topology()
    sources = [node for node in topology.nodes if not node.parents]
    if pipeline.defaults.input is not None and all(isinstance(one.step, GeneratorStep) for one in sources):
        fact = f"'{sources[0].name}' makes its rows without input"
        error = UsageError(fact, "leave out the input").of_step(sources[0].name)
        problems.add(error, "input")
        return
    numbers = {step.name: number for number, step in enumerate(pipeline.steps)}
    if not problems.has("input") and (source := source_step(pipeline.defaults.input, registry)):
        # The steps read what the source declares.
        topology = with_source(pipeline, source).topology()
    topology, columns = _read_from_files(topology, columns, registry, problems, numbers)
    types = dict(_source_types(topology, registry, problems, numbers))
    is_linked = all(one.path[2:3] != ("after",) for one in problems.found)
    for found in name_problems(topology):
        problems.add(found, *(("steps", numbers[found.step]) if found.step in numbers else ()))
    for found in column_problems(topology, columns, sources=types) if is_linked else ():
        number = numbers.get(found.step or "")
        problems.add(found, *(() if number is None else _place_of(found, number, problems)))
    given = pipeline.defaults.input
    for at, output in enumerate(outputs):
        place = ("out", at) if isinstance(problems.marked.content.get("out"), list) else ("out",)
        with problems.at(*place):
            keep_apart(output, [Path(given)] if isinstance(given, str) and not is_remote(given) else [])
        with problems.at(*place, *(("leaf",) if output.leaf is not None else ())):
            named = output.leaf is not None or len(topology.leaves) == 1
            leaf = counted_leaf(topology, output.leaf) if named else ""
            if not problems.found:
                check_columns_of(output, columns_made(topology, leaf, columns, types))


def _read_from_files(
    topology: Topology,
    columns: Collection[str] | None,
    registry: Registry,
    problems: Problems,
    numbers: Mapping[str, int],
) -> tuple[Topology, Collection[str] | None]:
    """Return the graph and the columns of its input, if files here are its only source; else what's given."""
    source = topology.nodes[0].step
    # What is reached over a network isn't looked at; that a file is missing has been said.
    if columns is not None or any(is_remote(files) or not files.paths() for _, files in _files_of(source)):
        return topology, columns
    number = numbers.get(source.name)
    with problems.at(*(("input",) if number is None else ("steps", number))):
        passing, rows = with_files_as_input(topology, None, registry)
        return passing, None if rows is None else rows.column_types()
    return topology, columns


def _source_types(
    topology: Topology, registry: Registry, problems: Problems, numbers: Mapping[str, int]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the columns of each source that knows them, with its name."""
    for source in sources_of(topology):
        number = numbers.get(source.name)
        place = ("input",) if number is None else ("steps", number)
        is_elsewhere = any(is_remote(files) or not files.paths() for _, files in _files_of(source))
        # What is reached over a network isn't looked at; that a file is missing has been said.
        if is_elsewhere or source.read_addresses or problems.has(*place):
            continue
        with problems.at(*place):
            if (types := types_of(source, registry)) is not None:
                yield source.name, types


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _place_of(error: SeedbedError, number: int, problems: Problems) -> tuple[str | int, ...]:
    """Return the keys that lead to the part of a step that reads a column."""
    place: tuple[str | int, ...] = ("steps", number)
    entry = problems.marked.content["steps"][number]
    if error.fact.startswith("the condition") and "when" in entry:
        return (*place, "when")
    fields = entry.get("with") or {}
    for way, text in _texts_in(fields):
        if error.fact.startswith(f"the expression {text!r} "):
            return (*place, "with", *way)
    named = [name for name, value in fields.items() if name in _IN_PROMPTS and isinstance(value, str)]
    return (*place, "with", named[0]) if named else (*place, "use")


def _texts_in(fields: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the texts of fields, each with the keys that lead there."""
    for name, value in fields.items():
        if isinstance(value, str):
            yield (name,), value
        elif isinstance(value, Mapping):
            yield from (((name, *way), text) for way, text in _texts_in(value))


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


def _check_packages(pipeline: Pipeline, registry: Registry, problems: Problems) -> None:
    """Check that the packages are installed which steps and their models need."""
    # Not in a run: its steps say so when they load, on the machine that has to have the packages.
    given = pipeline.defaults.input
    if isinstance(given, str) and is_remote(given):
        with problems.at("input"):
            check_packages_of(given)
    source = None
    if not problems.has("input"):
        with problems.at("input"):
            source = source_step(given, registry, only=pipeline.columns, without=pipeline.drop)
    steps: list[tuple[tuple[str | int, ...], BaseStep | None]] = [(("input",), source)]
    steps += [(("steps", number), step) for number, step in enumerate(pipeline.steps)]
    for place, step in steps:
        if step is None:
            continue
        with problems.at(*place):
            check_packages(f"the step '{step.name}'", step.needed_packages)
        for name, backend in backends_by_field(step):
            with problems.at(*place, *(() if name == "llm" else ("with",)), name):
                for leaf in backend._leaves:
                    check_packages(f"'{leaf.reference}'", leaf.needed_packages)


def _files_of(step: BaseModel) -> Iterator[tuple[str, Files]]:
    for name in step.model_fields_set:
        value = getattr(step, name, None)
        yield from ((name, one) for one in _files_in(value))


def _files_in(value: object) -> Iterator[Files]:
    if isinstance(value, Files):
        yield value
    elif isinstance(value, list | tuple | Mapping):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _files_in(one)


def _require(files: Files) -> None:
    # What is reached over a network isn't looked up.
    if not is_remote(files):
        files.require()
