"""A misspelt name in any prompt of a task is an error before a call is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

import pytest

from seedbed import ParameterError, Registry, UsageError, get_task, run
from seedbed.testing import EchoLLM

REGISTRY = Registry()
NAMES = sorted(point.name for point in entry_points(group="seedbed.tasks") if point.value == "seedbed_tasks")
USED_IF: dict[tuple[str, str], dict[str, Any]] = {
    ("best-of-n", "pairwise_template"): {"method": "pairwise"},
    ("judge", "pairwise_template"): {"mode": "pairwise"},
    ("judge", "listwise_template"): {"mode": "listwise"},
    ("prometheus", "relative_template"): {"mode": "relative"},
}
"""Parameters with which a prompt is used at all."""


UNUSED = {("magpie", "template"), ("table", "template")}
"""Fields of every task that these ones have no use for: one lets the model begin, one has columns."""


def prompts() -> Iterator[tuple[str, str]]:
    """Yield each task with the name of each of its prompts."""
    for name in NAMES:
        for field in REGISTRY.task(name).model_fields:
            if (name, field) not in UNUSED and (field == "template" or field.endswith("_template")):
                yield name, field


@pytest.mark.parametrize(("name", "field"), [*prompts()])
def test_a_misspelt_name_costs_no_call(name: str, field: str) -> None:
    cls = REGISTRY.task(name)
    example = cls.example
    assert example is not None
    llm = Asked()
    parameters = {**example.parameters, **USED_IF.get((name, field), {}), field: "Say {{ nothing }}."}
    # Comparisons read two answers.
    rows = [{"generations": ["a", "b"], **row} for row in example.rows] or None

    with pytest.raises((ParameterError, UsageError), match="nothing"):
        run(get_task(name, llm=llm, **parameters), None if rows else 1, input=rows)

    assert llm.calls == 0


@pytest.mark.parametrize(("name", "field"), [*prompts()])
def test_the_prompt_of_its_own_is_one_that_it_takes(name: str, field: str) -> None:
    cls = REGISTRY.task(name)
    default = cls.model_fields[field].get_default(call_default_factory=True)

    get_task(name, **{**(cls.example.parameters if cls.example else {}), field: default})


class Asked(EchoLLM):
    """Counts its calls."""

    calls: int = 0

    async def respond(self, request: Any) -> Any:
        self.calls += 1
        return await super().respond(request)
