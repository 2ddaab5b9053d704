"""Templates of these tasks say which JSON they want, so no model is told twice."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed import Registry, plan
from seedbed.tasks.description.purpose import purpose_of
from seedbed_llamacpp import LlamaCppLLM

JUDGED = {
    "instruction": "Name a river.",
    "instructions": ["Name a river.", "Name a town."],
    "generation": "The Danube.",
    "generations": ["The Danube.", "Ulm."],
}
TYPED: dict[str, dict[str, Any]] = {
    "bitext": {},
    "best-of-n": {"input": [JUDGED]},
    "clair": {"input": [JUDGED]},
    "complexity-score": {"input": [JUDGED]},
    "deita": {"input": [JUDGED]},
    "genstruct": {"input": [{"text": "The Danube has its source in the Black Forest."}]},
    "glan": {},
    "instruction-backtranslation": {"input": [JUDGED]},
    "judge": {"input": [JUDGED]},
    "qa-from-document": {"input": [{"text": "The Danube has its source in the Black Forest."}]},
    "qa-pairs": {},
    "self-refine": {"input": [JUDGED]},
    "text-retrieval": {},
    "triplets": {},
    "ultrafeedback": {"input": [JUDGED]},
}


def prompts(name: str, template: str = "", **given: Any) -> str:
    """Return the prompts of a task's first row, as llama.cpp would get them."""
    cls = Registry().task(name)
    example = purpose_of(cls).example
    assert example is not None
    own = {"template": template} if template else {}
    task = cls(**{**example.parameters, **own}, llm=LlamaCppLLM(model="smollm2-135m"))
    planned = plan(task, None if "input" in given else 1, **given)
    assert planned.prompts
    return str([prompt.call.request.messages for prompt in planned.prompts])


@pytest.mark.parametrize("name", TYPED)
def test_the_schema_is_no_part_of_their_prompts(name: str) -> None:
    text = prompts(name, **TYPED[name])
    assert "fits this JSON Schema" not in text


def test_with_another_template_it_is() -> None:
    assert "One question, complete in itself." in prompts("qa-pairs", "Write a question about {{ topic }}.")
