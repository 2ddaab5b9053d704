"""What to run, checked as a whole before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass, field

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.segments.segments import is_barrier, upstream
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.input_rows import InputRows
from seedbed.engine.sources.source_types import SourceTypes
from seedbed.engine.stopping.bounds import NO_BOUNDS, Bounds
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.keys.held_secrets import secrets_of_step
from seedbed.llm.llm import LLM
from seedbed.pipeline.topology import Topology
from seedbed.plugins.registry import Registry, default_registry
from seedbed.store.output import Output
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.model_name import MODEL_NAME


@dataclass(frozen=True)
class Plan:
    """The steps of a run, which are copies of the caller's, each task with its LLM, and the run's bounds.

        plan = make_plan("qa-pairs", n=100, llm="openai/gpt-4.1-mini")

    `leaf` is the step whose rows are the dataset, `registry` the one that resolved the names.
    """

    name: str
    topology: Topology
    leaf: str
    input: InputRows | None
    n: int | None
    seed: int
    concurrency: int | None
    bounds: Bounds = NO_BOUNDS
    registry: Registry = field(default_factory=default_registry)
    outputs: tuple[Output, ...] = ()
    """What the pipeline itself says about its dataset, for callers that say nothing."""
    id_columns: IdColumns | None = None
    """The columns of its source that are the ids of the rows; None if rows are known by what they hold."""

    source_types: SourceTypes = field(default_factory=dict)
    """The columns of sources that know them before they make rows."""

    @property
    def steps(self) -> tuple[BaseStep, ...]:
        """All steps, each after those whose rows it receives."""
        return tuple(node.step for node in self.topology.nodes)

    @property
    def backends(self) -> list[BaseBackend]:
        """The LLMs and embedders of all steps, each once."""
        return list({id(one): one for step in self.steps for one in backends_in(step)}.values())

    @property
    def llms(self) -> list[LLM]:
        """The LLMs of all steps, each once."""
        return [backend for backend in self.backends if isinstance(backend, LLM)]

    def secrets(self) -> list[str]:
        """Return what must never be shown: secrets of LLMs and embedders, and in fields of steps."""
        of_backends = [secret for backend in self.backends for secret in backend.secrets()]
        of_steps = [secret for step in map(self.as_written, self.steps) for secret in secrets_of_step(step)]
        return [*of_backends, *of_steps]

    def as_written(self, step: BaseStep) -> BaseStep:
        """Return the step of this name that the user wrote: a source whose files the run reads is another."""
        source = self.input.instead_of if self.input is not None else None
        return source if source is not None and source.name == step.name else step

    @property
    def writers(self) -> list[BaseStep]:
        """The steps with an LLM that the rows of the dataset go through."""
        before = upstream(self.topology, self.leaf)
        return [step for step in self.steps if step.name in before and any(map(_is_llm, backends_in(step)))]

    def given_columns(self) -> frozenset[str]:
        """Return the columns of the dataset's rows that are known not to come from a model."""
        writers = self.writers
        others = [step for step in self.steps if step not in writers]
        given = {column for step in others for column in step.columns}
        given |= {name for types in self.source_types.values() for name in types}
        given |= set((self.input.columns() if self.input is not None else None) or ())
        return frozenset(given - {column for step in writers for column in step.outputs}) | {MODEL_NAME}

    @property
    def wanted(self) -> int | None:
        """How many rows the dataset will have; None if unknown, for example downstream of a GlobalStep."""
        before = (self.topology.node(name) for name in upstream(self.topology, self.leaf) if name)
        return None if any(map(is_barrier, before)) else self.own_n

    @property
    def id_step(self) -> str | None:
        """The step that reads the rows with ids in columns; None if these are rows of the input, or none."""
        if self.id_columns is None or self.input is not None:
            return None
        return next(node.name for node in self.topology.nodes if not node.parents)

    @property
    def own_n(self) -> int | None:
        """How many rows this process makes: `n`, or the share of its shard."""
        shard = self.bounds.shard
        return self.n if shard is None else shard.share(self.n)


def _is_llm(backend: BaseBackend) -> bool:
    return isinstance(backend, LLM)
