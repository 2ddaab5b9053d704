"""The sampling parameters of a task's calls: users come before authors."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from seedbed.llm.llm import LLM
from seedbed.llm.parameters import GenerationParameters


def parameters_for(llm: LLM | None, own: GenerationParameters, *, is_set_by_user: bool) -> dict[str, Any]:
    """Return the parameters of a task's `generation` for calls of `llm`, which may be one of its judges.

    What the user set on the task comes first, then what the user set on this LLM, then the task's default.
    """
    given = own.given()
    if not given:
        return given
    users: Collection[str] = own.model_fields_set if is_set_by_user else ()
    if llm is None or given.keys() <= set(users):
        return given
    by_llm = {name: value for name, value in llm.given().items() if name in llm.model_fields_set}
    return {name: value if name in users else by_llm.get(name, value) for name, value in given.items()}
