"""The LLMs and embedders in a step's fields, however deeply nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from seedbed.llm.base_backend import BaseBackend
from seedbed.plugins.fields.copies import copied
from seedbed.tasks.base_step import BaseStep


def backends_in(step: BaseStep) -> list[BaseBackend]:
    """Return the LLMs and embedders of a step, each once: a task's `llm`, a judge, a list of judges, ..."""
    return list({id(backend): backend for _, backend in backends_by_field(step)}.values())


def backends_by_field(step: BaseStep) -> Iterator[tuple[str, BaseBackend]]:
    """Yield the LLMs and embedders of a step, each with the field that has it."""
    for name in type(step).model_fields:
        yield from ((name, backend) for backend in _found(getattr(step, name)))


def holds_backend(value: Any) -> bool:
    """Whether a field's value is an LLM or an embedder, or has one inside."""
    return any(_found(value))


def replace_backends(step: BaseStep, view: Callable[[BaseBackend], BaseBackend]) -> None:
    """Replace each LLM and embedder with its view; containers are copied, so the caller's aren't changed."""
    for name in type(step).model_fields:
        value = getattr(step, name)
        # Only fields with one: the containers in all others would be copied for nothing.
        if holds_backend(value):
            setattr(step, name, _replaced(value, view))


def _found(value: Any) -> Iterator[BaseBackend]:
    if isinstance(value, BaseBackend):
        yield value
    elif isinstance(value, dict):
        yield from (backend for item in value.values() for backend in _found(item))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (backend for item in value for backend in _found(item))
    elif isinstance(value, BaseModel):
        yield from (backend for name in type(value).model_fields for backend in _found(getattr(value, name)))


def _replaced(value: Any, view: Callable[[BaseBackend], BaseBackend]) -> Any:
    if isinstance(value, BaseBackend):
        return view(value)
    if isinstance(value, dict):
        return {key: _replaced(item, view) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(_replaced(item, view) for item in value)
    if isinstance(value, BaseModel):
        inner = {name: _replaced(getattr(value, name), view) for name in type(value).model_fields}
        return copied(value, **inner)
    return value
