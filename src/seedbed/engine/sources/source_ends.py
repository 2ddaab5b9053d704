"""What it means for a run that its source has ended with an error, or without a row."""

from __future__ import annotations

from seedbed.engine.failure import Failure
from seedbed.engine.plan import Plan
from seedbed.engine.segments.segments import Segment
from seedbed.engine.sources.sources import Source
from seedbed.engine.stopping.concerning_all import concerns_all
from seedbed.errors import DatasetError, SeedbedError
from seedbed.plugins.authoring.class_errors import told
from seedbed.tasks.remote.kept_copies import with_addresses
from seedbed.tasks.steps import GeneratorStep
from seedbed.tracebacks import where

_REST = "the rest of the input was not read"


def source_failure(source: Source, segment: Segment) -> Failure:
    """Return the failure of a source; raise its error if half of its rows would look like a whole dataset."""
    error = source.error
    if isinstance(error, DatasetError):
        # Half an input would be a dataset that looks complete.
        raise type(error)(with_addresses(error.fact), *error.advice, _REST) from error
    assert error is not None
    if not isinstance(error, Exception) or concerns_all(error):
        raise error
    step = segment.source.step if segment.source is not None else None
    if isinstance(step, GeneratorStep) and step.ids_from_content:
        # The same: it reads rows that exist, and a server that goes away mustn't make the dataset shorter.
        fact, advice = told(error)
        place = where(error) if not isinstance(error, SeedbedError) else None
        lines = (*((f"raised in {place}",) if place else ()), *advice)
        raise DatasetError(f"the source '{segment.name}' cannot be read: {fact}", *lines, _REST) from error
    return Failure.of("source", segment.name, error, kept_as=segment.name)


def emptiness(plan: Plan, segment: Segment) -> list[str]:
    """Return what to say of a source that has ended without a row; nothing if it follows other segments."""
    given, shard = plan.input, plan.bounds.shard
    if segment.is_barrier:
        return []
    if segment.source is not None:
        what = f"the source '{segment.name}'"
    else:
        files = given.files if given is not None else None
        what = "the input" if files is None else with_addresses(str(files))
    return [f"{what} has no rows" if shard is None else f"{what} has no rows for the shard {shard}"]
