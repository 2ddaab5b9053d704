"""A source of files whose rows the run reads itself, as those of its input."""

from __future__ import annotations

from dataclasses import replace

from seedbed.engine.sources.input_rows import InputRows
from seedbed.pipeline.topology import Topology
from seedbed.plugins.registry import Registry
from seedbed.store.file_source import FileSource
from seedbed.tasks.passing import Pass


def with_files_as_input(
    topology: Topology, given: InputRows | None, registry: Registry
) -> tuple[Topology, InputRows | None]:
    """Return the graph and its input; if files are its only source, they're the input.

    A step of the source's name passes their rows on: without it, a run would have other steps than those that
    the user wrote. Raises UsageError for files that aren't there.
    """
    source, *others = [node.step for node in topology.nodes if not node.parents]
    if given is not None or others or not isinstance(source, FileSource) or not _only_reads(source):
        return topology, given
    files = source.row_files()
    passing = Pass(name=source.name)
    passing._origin = source._origin
    steps = {node.name: node.step for node in topology.nodes}
    rows = InputRows(files, replace(files.reading, registry=registry), source)
    return topology.with_steps({**steps, source.name: passing}), rows


def _only_reads(source: FileSource) -> bool:
    """Whether its rows are those of its files as they are."""
    changes = source.output_mappings or source.outputs or source.is_admitting
    return not changes and type(source).process is FileSource.process
