"""Checks that every step finds the columns it reads, before anything is paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from seedbed.errors import UsageError
from seedbed.pipeline.made_columns import columns_after, columns_of, is_declared, output_types
from seedbed.pipeline.mismatches import mismatches
from seedbed.pipeline.provided_columns import ways_to_provide
from seedbed.pipeline.topology import Node, Topology
from seedbed.pipeline.types import clash
from seedbed.plugins.fields.copies import copied
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.join_steps import Join
from seedbed.tasks.passing import Pass
from seedbed.tasks.steps import GeneratorStep
from seedbed.tasks.task import Task
from seedbed.tasks.templates.called_filters import filter_instead
from seedbed.tasks.templates.expression import Expression


class Columns(NamedTuple):
    """The columns that rows may have, with declared types; `complete` means that rows have no others."""

    types: Mapping[str, Any]
    complete: bool
    source: str
    """The source of the rows, for messages."""


def check_columns(
    topology: Topology,
    input_columns: Collection[str] | None = None,
    sampled: Mapping[str, Sequence[str]] = MappingProxyType({}),
    sources: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Raise UsageError for the first of `column_problems`."""
    for problem in column_problems(topology, input_columns, sampled, sources):
        raise problem


def column_problems(
    topology: Topology,
    input_columns: Collection[str] | None = None,
    sampled: Mapping[str, Sequence[str]] = MappingProxyType({}),
    sources: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[UsageError]:
    """Yield an error for each column that a step reads but can't be there, or can't have the type read.

    `input_columns` are those of the run's input, or None if unknown; a mapping has the type of each, or None
    for one whose type isn't known. After a step that doesn't declare its
    columns, any column may exist, so nothing is checked. `sampled` has the variables of generator tasks that
    don't declare them, by step, and `sources` the columns of sources that know them.
    """
    found: dict[str, Columns] = {}
    given = _given(input_columns)
    for node in topology.nodes:
        makes = _made_from(node, _above(node, found, given))
        makes = _with_sampled(node.step, makes, sampled.get(node.name))
        found[node.name] = _with_known(makes, sources.get(node.name))
        problems = [*_in_mappings(node.step), *_in_conditions(node, found)]
        for columns in _read(node, found, given):
            problems += _in_inputs(node.step, columns)
        if isinstance(node.step, GeneratorStep):
            problems += _missing(f"`unique` of step '{node.name}'", node.step.unique, found[node.name])
        # A column that is missing from several branches is one mistake.
        yield from {str(one): one.of_step(node.name) for one in problems}.values()


def columns_made(
    topology: Topology,
    step: str,
    input_columns: Collection[str] | None = None,
    sources: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Collection[str] | None:
    """Return the columns that rows of a step may have; None if they may have others, too."""
    found: dict[str, Columns] = {}
    given = _given(input_columns)
    for node in topology.nodes:
        makes = _made_from(node, _above(node, found, given))
        found[node.name] = _with_known(makes, sources.get(node.name))
    made = found.get(step)
    return made.types.keys() if made is not None and made.complete else None


def _given(columns: Collection[str] | None) -> Columns:
    types = columns if isinstance(columns, Mapping) else dict.fromkeys(columns or ())
    return Columns(types, columns is not None, "the input")


def _in_mappings(step: BaseStep) -> Iterator[UsageError]:
    made = columns_of(copied(step, output_mappings={}))
    for column in step.output_mappings:
        if isinstance(step, BaseTask) and made.complete and column not in made.columns:
            yield UsageError(
                f"step '{step.name}' makes no column '{column}', but its output_mappings rename it",
                *_advice(column, made.columns),
            )


def _in_conditions(node: Node, found: Mapping[str, Columns]) -> Iterator[UsageError]:
    for parent in node.parents:
        if isinstance(parent.when, Expression):
            where = f"the condition {parent.when.text!r} on the route to '{node.name}'"
            where += _of_file(node.step)
            yield from _missing(where, parent.when.columns, found[parent.step])
            yield from _in_comparisons(where, parent.when.source, found[parent.step])


def _in_inputs(step: BaseStep, columns: Columns) -> Iterator[UsageError]:
    who = f"step '{step.name}'{_of_file(step)}"
    yield from _missing(who, step.inputs, columns, step)
    if isinstance(step, Task):
        for place in ("template", "system_prompt"):
            yield from _in_comparisons(f"the {place} of {who}", getattr(step, place), columns)
    for text in step.row_expressions:
        yield from _in_comparisons(f"the expression {text!r} of {who}", Expression(text).source, columns)
    if not isinstance(step, Task) or step.Input is None:
        return
    for name, field in step.Input.model_fields.items():
        made = columns.types.get(name)
        problem = clash(made, field.annotation) if made is not None else None
        if problem:
            yield UsageError(
                f"{who} reads column '{name}' as {problem[1]}, but {columns.source} has {problem[0]}"
            )


def _missing(
    who: str, wanted: Iterable[str], columns: Columns, step: BaseStep | None = None
) -> Iterator[UsageError]:
    """Yield an error for each column that isn't there; if `step` reads it unasked, with how to provide it."""
    for column in sorted(wanted):
        if columns.complete and column not in columns.types:
            yield UsageError(
                f"{who} reads a column '{column}', but {columns.source} doesn't have it",
                *filter_instead(column),
                *_advice(column, columns.types),
                *(ways_to_provide(step, column) if step is not None and columns.types else ()),
            )


def _in_comparisons(where: str, source: str, columns: Columns) -> Iterator[UsageError]:
    for column, kind, sign, value, line in mismatches(source, columns.types):
        at = f", line {line}," if "\n" in source else ""
        yield UsageError(
            f"{where}{at} compares column '{column}' of {columns.source} with {value} by {sign}, "
            f"but its type is {kind}",
            f"compare it with a value of its type, or convert it first: {column} | {_filter_to(value)}",
        )


def _filter_to(value: str) -> str:
    """Return the filter that makes a column's values comparable with a constant, given as it's shown."""
    return "string" if value.strip("[").startswith(("'", '"')) else "float" if "." in value else "int"


def _with_sampled(step: BaseStep, columns: Columns, sampled: Sequence[str] | None) -> Columns:
    """Return the columns after a generator task, with its sampled variables."""
    if sampled is None or not isinstance(step, BaseTask) or not is_declared(step):
        return columns
    return columns._replace(types={**dict.fromkeys(sampled), **columns.types}, complete=True)


def _with_known(columns: Columns, known: Mapping[str, Any] | None) -> Columns:
    """Return the columns after a source that knows its own."""
    return columns if known is None else columns._replace(types={**columns.types, **known}, complete=True)


def _of_file(step: BaseStep) -> str:
    """Return the pipeline file and line of a step, for a message; empty if it was made in Python."""
    if (origin := step._origin) is None:
        return ""
    return f" of '{origin.file}'" + (f", line {origin.line}," if origin.line else "")


def _advice(column: str, there: Collection[str]) -> tuple[str, ...]:
    return (*did_you_mean(column, there), f"columns there: {', '.join(there) or 'none'}")


def _read(node: Node, found: Mapping[str, Columns], given: Columns) -> list[Columns]:
    """Return the columns of each parent; a step must find its columns in each of them."""
    if node.merge is not None and node.merge.kind == "join":
        return [_joined(node, found)]
    return _branches(node, found) or [given]


def _above(node: Node, found: Mapping[str, Columns], given: Columns) -> Columns:
    if node.merge is not None and node.merge.kind == "join":
        return _joined(node, found)
    if isinstance(node.step, GeneratorStep):
        return Columns({}, True, "nothing")
    branches = _branches(node, found) or [given]
    types = _together(branches)
    if isinstance(node.step, Join):
        types = {**types, **_numbered(node.step, branches)}
    return Columns(types, all(branch.complete for branch in branches), branches[0].source)


def _branches(node: Node, found: Mapping[str, Columns]) -> list[Columns]:
    renames = node.merge.renames if node.merge else {}
    return [
        _renamed(_asked_for(found[parent.step], [parent.when]), renames.get(parent.step, {}))
        for parent in node.parents
    ]


def _asked_for(columns: Columns, conditions: Iterable[object]) -> Columns:
    """Return the columns after conditions, with those that the conditions say some rows have."""
    # A file of a hundred rows without a column may have more rows, with it: whoever asks for it knows that.
    expressions = [one for one in conditions if isinstance(one, Expression)]
    asked = {name for one in expressions for name in one.optional_columns if name not in columns.types}
    return columns._replace(types={**columns.types, **dict.fromkeys(sorted(asked))}) if asked else columns


def _joined(node: Node, found: Mapping[str, Columns]) -> Columns:
    assert node.merge is not None
    branches = _branches(node, found)
    fork = found[node.merge.fork].types
    kept = {name: fork[name] for names in node.merge.renames.values() for name in names if name in fork}
    source = " joined with ".join(branch.source for branch in branches)
    return Columns({**kept, **_together(branches)}, all(branch.complete for branch in branches), source)


def _together(branches: Sequence[Columns]) -> dict[str, Any]:
    """Return the columns of all branches; a column has a type if no branch contradicts it."""
    types: dict[str, Any] = {}
    for branch in branches:
        for column, kind in branch.types.items():
            types[column] = kind if types.get(column, kind) == kind else None
    return types


def _numbered(step: Join, branches: Sequence[Columns]) -> dict[str, Any]:
    """Return the numbered columns of a join, for columns that later inputs share with earlier ones."""
    numbered: dict[str, Any] = {}
    earlier = {*branches[0].types}
    for number, branch in enumerate(branches[1:], 2):
        names = step.later_names((one for one in branch.types if one not in step.on), earlier, number)
        numbered |= {name: branch.types[column] for column, name in names.items() if name != column}
        earlier.update(names.values())
    return numbered


def _made_from(node: Node, above: Columns) -> Columns:
    step = node.step
    if isinstance(step, Pass) and not node.parents:
        return above
    made, types = columns_after(step, above.types), output_types(step)
    above = _asked_for(above, map(Expression, step.row_expressions))
    # A step may change the type of a column that it doesn't declare.
    sure = made.complete and step.keeps
    left = above._replace(types={name: above.types[name] for name in above.types if name not in step.removes})
    kept = left if isinstance(step, BaseTask) else _renamed(left, step.output_mappings)
    columns = {column: kind if sure else None for column, kind in kept.types.items()}
    columns |= {column: types.get(column) for column in made.columns}
    return Columns(columns, above.complete and made.complete, f"what '{step.name}' makes")


def _renamed(columns: Columns, names: Mapping[str, str]) -> Columns:
    return columns._replace(types={names.get(column, column): kind for column, kind in columns.types.items()})
