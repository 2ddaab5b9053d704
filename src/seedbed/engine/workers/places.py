"""Where the steps of a run are: on workers, or in the run's own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.segments.segments import Segment
from seedbed.tasks.answers.shared_answers import SharedAnswers
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.steps import GeneratorStep, Step


class OwnSteps(NamedTuple):
    """The steps that the run's own process loads, and those of them that ask models there."""

    all: list[BaseStep]
    asking: list[BaseStep]

    @property
    def sampling(self) -> list[BaseStep]:
        """Those that ask no model there."""
        asking = {id(step) for step in self.asking}
        return [step for step in self.all if id(step) not in asking]


def why_here(step: BaseStep) -> str:
    """Return why a step, with those around it, can't be on several workers; empty if it can."""
    if isinstance(step, Step) and step.ordered:
        return "takes the rows in their order"
    if isinstance(step, GeneratorStep) and not _is_indexed(step) and backends_in(step):
        return "makes its rows one after the other with a model"
    private = step.__pydantic_private__ or {}
    if any(isinstance(value, SharedAnswers) for value in private.values()):
        return "asks once for answers that several rows share"
    return ""


def stays_here(segment: Segment) -> bool:
    """Whether a segment is made in the run's own process."""
    return not segment.nodes or any(why_here(step) for step in steps_of(segment))


def steps_on_workers(segments: Sequence[Segment]) -> list[BaseStep]:
    """Return the steps that each worker loads."""
    return [node.step for segment in segments if not stays_here(segment) for node in segment.nodes]


def steps_of(segment: Segment) -> Iterator[BaseStep]:
    """Yield the steps of a segment, its source first."""
    if segment.source is not None and segment.source not in segment.nodes:
        yield segment.source.step
    yield from (node.step for node in segment.nodes)


def own_steps(segments: Sequence[Segment], remote: Sequence[Segment]) -> OwnSteps:
    """Return the steps that the run's own process needs, if workers have the `remote` segments.

    An indexed generator of those samples here, and asks its model on the workers.
    """
    found: dict[str, BaseStep] = {}
    asking: list[BaseStep] = []
    for segment in segments:
        sources = [segment.source.step] if segment.source is not None else []
        here = (
            [step for step in sources if not _is_indexed(step)]
            if segment in remote
            else list(steps_of(segment))
        )
        asking += here
        found |= {step.name: step for step in (*sources, *here)}
    return OwnSteps(list(found.values()), asking)


def notes_on(segments: Sequence[Segment]) -> list[str]:
    """Return a note on each part of a run that isn't on workers, although it has steps over single rows."""
    return [
        f"step '{step.name}' {why}, so it and the steps around it are not on workers\n"
        "  make the rows before it as a run of its own, if that's where the work is"
        for segment in segments
        for step in steps_of(segment)
        if (why := why_here(step))
    ]


def _is_indexed(step: BaseStep) -> bool:
    return bool(getattr(step, "is_indexed", False))
