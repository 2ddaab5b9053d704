"""Which LLMs have processes of their own: those that fewer are to load than there are workers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from seedbed.engine.backend_fields import backends_in
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.resources import Resources
from seedbed.tasks.base_step import BaseStep


class Replicated(NamedTuple):
    """An LLM or embedder that `resources.replicas` processes load, each with these resources.

    `key` tells it apart from others: a digest, which says nothing about it. `name` is for messages.
    """

    key: str
    name: str
    resources: Resources
    backend: BaseBackend


def key_of(backend: BaseBackend) -> str:
    """Return what tells a model and its settings apart from others."""
    return hashlib.sha256(backend.identity).hexdigest()[:32]


def replicated_of(steps: Iterable[BaseStep], workers: int | None) -> list[Replicated]:
    """Return the LLMs and embedders of steps of which there are to be fewer than `workers`.

    A pool or a fallback asks others, which may be anywhere, so it stays with the workers; None: as many
    workers as fit, and each loads everything.
    """
    if workers is None:
        return []
    found = {key_of(one): one for step in steps for one in backends_in(step) if one._leaves == (one,)}
    return [
        Replicated(key, f"the {one._noun} '{one.reference}'", declared, one)
        for key, one in found.items()
        if (declared := one._resources_declared) is not None
        if declared.replicas is not None and declared.replicas < workers
    ]
