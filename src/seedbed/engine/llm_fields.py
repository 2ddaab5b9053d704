"""The LLMs in a step's fields, however deeply nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from seedbed.llm.llm import LLM
from seedbed.plugins.copies import copied
from seedbed.tasks.steps import BaseStep


def llms_in(step: BaseStep) -> list[LLM]:
    """Return the LLMs of a step, each once: a task's `llm`, a judge, a list of judges, ..."""
    found = (llm for name in type(step).model_fields for llm in _found(getattr(step, name)))
    return list({id(llm): llm for llm in found}.values())


def replace_llms(step: BaseStep, view: Callable[[LLM], LLM]) -> None:
    """Replace each LLM with its view; containers are copied, so the caller's aren't changed."""
    for name in type(step).model_fields:
        value = getattr(step, name)
        # Only fields with an LLM: the containers in all others would be copied for nothing.
        if any(_found(value)):
            setattr(step, name, _replaced(value, view))


def _found(value: Any) -> Iterator[LLM]:
    if isinstance(value, LLM):
        yield value
    elif isinstance(value, dict):
        yield from (llm for item in value.values() for llm in _found(item))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (llm for item in value for llm in _found(item))
    elif isinstance(value, BaseModel):
        yield from (llm for name in type(value).model_fields for llm in _found(getattr(value, name)))


def _replaced(value: Any, view: Callable[[LLM], LLM]) -> Any:
    if isinstance(value, LLM):
        return view(value)
    if isinstance(value, dict):
        return {key: _replaced(item, view) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(_replaced(item, view) for item in value)
    if isinstance(value, BaseModel):
        inner = {name: _replaced(getattr(value, name), view) for name in type(value).model_fields}
        return copied(value, **inner)
    return value
