"""An input that a step reads: a source step given as the input, or files that only a source step can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any

from seedbed.errors import PluginError, UnknownPluginError, UsageError
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.first_party import pip_install
from seedbed.plugins.registry import Registry
from seedbed.store.formats import is_text
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.step_references import get_step
from seedbed.tasks.steps import GeneratorStep
from seedbed.tasks.task_kinds import STEPS

_WILDCARDS = frozenset("*?[")
_READ_BY: Mapping[str, str] = MappingProxyType(
    {
        ".txt": "text",
        ".md": "text",
        ".pdf": "documents",
        ".docx": "documents",
        ".html": "documents",
        ".pptx": "documents",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".json": "json",
        ".csv": "csv",
        ".tsv": "csv",
        ".parquet": "parquet",
        ".arrow": "arrow",
        ".feather": "arrow",
    }
)
"""The steps that read files of these endings."""

_ROWS = frozenset({"jsonl", "json", "csv", "parquet", "arrow"})
_AT_HAND = (*sorted(_ROWS), "rows")


def source_step(given: object, registry: Registry, **options: Any) -> GeneratorStep | None:
    """Return the step that reads an input; None if the run reads it itself.

    A pattern such as `docs/*.md` and a file of text or a document are read by a step. `options` that aren't
    empty are fields of that step. Raises UsageError for a pattern whose ending no step reads, and the errors
    of the step's plugin.
    """
    if isinstance(given, GeneratorStep):
        return given
    if not isinstance(given, str | PurePath):
        return None
    text = str(given)
    if text.startswith(("http://", "https://")) and "*" not in text:
        return None
    is_pattern = not _WILDCARDS.isdisjoint(text) and not Path(given).exists()
    name = _reader_of(text)
    if not is_pattern and (name is None or name in _ROWS):
        return None
    if name is None:
        raise UsageError(
            f"the pattern '{text}' doesn't say what its files are",
            f"end it in one of {', '.join(_READ_BY)}",
        )
    fields = {key: value for key, value in options.items() if value}
    try:
        step = get_step(name, registry=registry, path=text, **fields)
    except UnknownPluginError as error:
        raise UsageError(
            f"'{text}' is read by the step '{name}', which isn't installed", pip_install("seedbed-data")
        ) from error
    assert isinstance(step, GeneratorStep)
    return step


def is_at_hand(step: GeneratorStep, registry: Registry) -> bool:
    """Whether a source's rows can be read twice at little cost: nothing is asked, fetched or converted."""
    return any(_is_called(name, type(step), registry) for name in _AT_HAND)


def _is_called(name: str, cls: type[BaseStep], registry: Registry) -> bool:
    try:
        return registry.find(STEPS, name) is cls
    except PluginError:
        return False


def with_source(pipeline: Pipeline, source: BaseStep) -> Pipeline:
    """Return the pipeline with a step before it that makes its input rows."""
    over_rows = [node for node in pipeline.topology().nodes if not node.parents]
    if all(isinstance(node.step, GeneratorStep) for node in over_rows):
        raise UsageError(f"'{over_rows[0].name}' makes its rows without input", "leave out the input")
    return source >> pipeline


def _reader_of(text: str) -> str | None:
    path = PurePath(text)
    ending = path.suffix.lower()
    if ending not in _READ_BY and is_text(Path(text)):
        # A compressed file: `rows-*.jsonl.gz`.
        ending = path.with_suffix("").suffix.lower()
    return _READ_BY.get(ending)
