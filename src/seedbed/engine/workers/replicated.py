"""Which LLMs and steps have processes of their own: those that fewer load than there are workers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from seedbed.engine.backend_fields import backends_in
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.resources import Resources
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.steps import Step


class Replicated(NamedTuple):
    """An LLM, embedder or step that `resources.replicas` processes load, each with these resources.

    `key` tells it apart from others: a digest, which says nothing about it. `name` is for messages.
    """

    key: str
    name: str
    resources: Resources
    part: BaseBackend | BaseStep


def key_of(part: BaseBackend | BaseStep) -> str:
    """Return what tells a model and its settings, or a step, apart from others."""
    what = part.identity if isinstance(part, BaseBackend) else f"step {part.name}".encode()
    return hashlib.sha256(what).hexdigest()[:32]


def replicated_of(steps: Iterable[BaseStep], workers: int | None) -> list[Replicated]:
    """Return the LLMs, embedders and steps of which there are to be fewer than `workers`.

    A pool or a fallback asks others, which may be anywhere, and a step that asks a model needs the worker's
    journal: these stay with the workers. None: as many workers as fit, and each loads everything.
    """
    if workers is None:
        return []
    return [
        Replicated(key, name, declared, part)
        for key, (name, part) in dict(_parts(steps)).items()
        if (declared := part._resources_declared) is not None
        if declared.replicas is not None and declared.replicas < workers
    ]


def _parts(steps: Iterable[BaseStep]) -> Iterator[tuple[str, tuple[str, BaseBackend | BaseStep]]]:
    for step in steps:
        for one in backends_in(step):
            if one._leaves == (one,):
                yield key_of(one), (f"the {one._noun} '{one.reference}'", one)
        if isinstance(step, Step) and not backends_in(step):
            yield key_of(step), (f"step '{step.name}'", step)
