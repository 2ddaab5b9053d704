"""What it means for a run that its source has ended with an error, or without a row."""

from __future__ import annotations

from seedbed.engine.failure import Failure
from seedbed.engine.plan import Plan
from seedbed.engine.segments.segments import Segment
from seedbed.engine.sources.sources import Source
from seedbed.engine.stopping.concerning_all import concerns_all
from seedbed.errors import DatasetError


def source_failure(source: Source, name: str) -> Failure:
    """Return the failure of a source; raise its error if half of its rows would look like a whole dataset."""
    error = source.error
    if isinstance(error, DatasetError):
        # Half an input would be a dataset that looks complete.
        raise type(error)(error.fact, *error.advice, "the rest of the input was not read") from error
    assert error is not None
    if not isinstance(error, Exception) or concerns_all(error):
        raise error
    return Failure.of("source", name, error, kept_as=name)


def emptiness(plan: Plan, segment: Segment) -> list[str]:
    """Return what to say of a source that has ended without a row; nothing of one that follows others."""
    given, shard = plan.input, plan.bounds.shard
    if segment.is_barrier:
        return []
    if segment.source is not None:
        what = f"the source '{segment.name}'"
    else:
        what = f"'{given.path}'" if given is not None and given.path is not None else "the input"
    return [f"{what} has no rows" if shard is None else f"{what} has no rows for the shard {shard}"]
