"""The columns of sources, with their types, as far as they're known before rows are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from seedbed.engine.sources.input_rows import InputRows
from seedbed.pipeline.topology import Topology
from seedbed.plugins.registry import Registry
from seedbed.store.file_source import FileSource
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import GeneratorStep

SourceTypes: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By the name of a source: the type of each of its columns, None where that isn't certain."""


def sources_of(topology: Topology) -> list[GeneratorStep]:
    """Return the steps that read rows from somewhere, and sample none."""
    steps = [node.step for node in topology.nodes if not node.parents]
    return [one for one in steps if isinstance(one, GeneratorStep) and not isinstance(one, GeneratorTask)]


def source_types(topology: Topology, registry: Registry) -> SourceTypes:
    """Return the columns of all sources that know them; raises the errors of what can't be read."""
    found = {step.name: types_of(step, registry) for step in sources_of(topology)}
    return {name: types for name, types in found.items() if types is not None}


def types_of(source: GeneratorStep, registry: Registry) -> Mapping[str, Any] | None:
    """Return the columns of a source's rows under their final names; None if they aren't known."""
    if isinstance(source, FileSource) and type(source).process is FileSource.process:
        files = source.row_files()
        types = InputRows(files, replace(files.reading, registry=registry)).column_types()
    else:
        types = source.column_types()
    names = source.output_mappings
    return None if types is None else {names.get(name, name): kind for name, kind in types.items()}
