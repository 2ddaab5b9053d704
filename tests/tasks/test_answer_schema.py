"""What a task asks for: a schema that depends on its parameters, and texts that end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from seedbed import (
    Capabilities,
    ColumnType,
    Response,
    Row,
    Task,
    UsageError,
    row_model,
    run,
)
from seedbed.llm.response import Choice
from seedbed.pipeline.made_columns import output_types
from seedbed.pipeline.typed_columns import with_schema
from seedbed.testing import ScriptedLLM

TYPED = Capabilities(structured_output=True)


class Typed(Task):
    """Reads what its parameter says."""

    template: str = "{{ text }}"
    wanted: dict[str, ColumnType] = Field(description="Columns.")

    @property
    def answer_schema(self) -> type[BaseModel]:
        return row_model("Typed", self.wanted)


def test_the_columns_and_their_types_follow_from_the_parameters() -> None:
    task = Typed(wanted={"town": "string", "people": "integer?"})

    assert task.outputs == ["town", "people"]
    assert output_types(task) == {"town": str, "people": int | None}


def test_the_schema_of_the_parameters_is_sent_and_holds_for_the_answer() -> None:
    answers = ('{"town": "Ulm", "people": "many"}', '{"town": "Ulm", "people": 126000}')
    llm = ScriptedLLM(*answers, offers=TYPED)

    made = run(Typed(wanted={"town": "string", "people": "integer"}), input=[{"text": "Ulm"}], llm=llm)

    assert [row["people"] for row in made.rows()] == [126000]
    assert (llm.requests[0].schema or {})["required"] == ["town", "people"]
    assert len(llm.requests) == 2


def test_a_json_schema_is_sent_for_what_the_task_reads_itself() -> None:
    class Listed(Task):
        """Three words."""

        template: str = "{{ text }}"
        outputs: ClassVar[list[str]] = ["words"]

        @property
        def answer_schema(self) -> Mapping[str, Any]:
            return {"type": "array", "items": {"type": "string"}}

        def format_output(self, output: str | None, input: Row | None) -> Row:
            return {"words": json.loads(output or "")}

    llm = ScriptedLLM('["a", "b"]', offers=TYPED)
    made = run(Listed(), input=[{"text": "x"}], llm=llm)

    assert [row["words"] for row in made.rows()] == [["a", "b"]]
    assert (llm.requests[0].schema or {})["type"] == "array"


def test_such_a_task_takes_no_schema_from_a_file() -> None:
    with pytest.raises(UsageError, match="declares its rows itself"):
        with_schema(Typed, {"score": "integer"})


def test_a_type_that_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match="unknown type 'text'"):
        row_model("Person", {"name": "text"})


def test_a_text_that_was_cut_is_asked_for_again_where_the_task_says_so() -> None:
    class Whole(Task):
        """A text that ends."""

        template: str = "{{ text }}"
        refuses_cut: ClassVar[bool] = True

    cut = Response(choices=(Choice(text="It begins and", finish_reason="length"),))
    llm = ScriptedLLM(cut, "It ends.")

    made = run(Whole(), input=[{"text": "x"}], llm=llm)

    assert [row["generation"] for row in made.rows()] == ["It ends."]
