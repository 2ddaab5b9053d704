"""A table is made with a real model inside the process."""

from __future__ import annotations

import ast

import pytest

from seedbed import run
from seedbed_tasks.table import Category, Code, Judge, Structured, Table, Text


@pytest.mark.slow
def test_the_embedded_model_writes_every_kind_of_column() -> None:
    columns = {
        "animal": Category(values=["dog", "cat", "horse"]),
        "story": Text(prompt="Write one sentence about a {{ animal }}.", generation={"max_tokens": 30}),
        "facts": Structured(
            prompt="Describe a {{ animal }} as JSON.",
            json_schema={
                "type": "object",
                "properties": {"legs": {"type": "integer", "enum": [2, 4]}},
                "required": ["legs"],
            },
            generation={"max_tokens": 60},
        ),
        "verdict": Judge(
            of=["story"],
            rubric="Is it about a {{ animal }}?",
            scores={0: "no", 1: "yes"},
            generation={"max_tokens": 200},
        ),
        "snippet": Code(
            language="python",
            prompt="Write a Python function that prints {{ animal }}. Answer with the code only.",
            generation={"max_tokens": 120},
        ),
    }

    (row,) = run(Table(columns=columns), n=1, llm="llamacpp/smollm2-135m").rows()

    assert row["story"]
    assert row["facts"]["legs"] in (2, 4)
    assert row["verdict"]["score"] in (0, 1)
    assert row["verdict"]["reason"]
    assert ast.parse(row["snippet"])
    assert row["model_name"] == "smollm2-135m"
