"""LLMs from references such as `openai/gpt-4.1-mini`."""

from __future__ import annotations

from typing import Any

from seedbed.errors import ParameterError
from seedbed.llm.llm import LLM
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.build import build
from seedbed.plugins.class_references import class_named
from seedbed.plugins.names import split_llm_reference
from seedbed.plugins.registry import Registry


def get_llm(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> LLM:
    """Return the LLM that `backend/model` or `PATH.py:Class/model` names, with `fields` set.

        get_llm("openai/gpt-4.1-mini", temperature=0.2)

    Raises `UsageError` for a reference in another form, `ParameterError` for invalid fields, and the
    `PluginError`s.
    """
    cls, model = llm_class(reference, registry=registry)
    if "model" in fields:
        raise ParameterError(f"the model is given twice: in {reference!r} and as model=")
    return build(cls, {"model": model, **fields}, f"the LLM {reference!r}").referred_to_as(reference)


def llm_class(reference: str, *, registry: Registry | None = None) -> tuple[type[LLM], str]:
    """Return the class and the model that an LLM reference names."""
    backend, model = split_llm_reference(reference)
    return class_named(LLMS, backend, registry=registry), model
