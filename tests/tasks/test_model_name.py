"""Every task says in its rows which model wrote them, also one with a `process` of its own."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from seedbed import Row, Task, run
from seedbed.testing import ScriptedLLM


class Loud(Task):
    """Asks in its own way."""

    inputs: ClassVar[list[str]] = ["text"]
    outputs: ClassVar[list[str]] = ["loud"]

    def process(self, row: Row) -> Any:
        return {**row, "loud": self.llm.generate([[{"role": "user", "content": row["text"]}]])[0][0]}


class Louder(Loud):
    """Works with what its base class makes."""

    def process(self, row: Row) -> Any:
        made = super().process(row)
        return [made, {**made, "loud": made["loud"] + "!"}]


class SaysWho(Loud):
    """Names the model itself."""

    def process(self, row: Row) -> Any:
        return {**super().process(row), "model_name": "another"}


class Drops(Loud):
    """Drops every row."""

    def process(self, row: Row) -> Any:
        return None


def shouting() -> ScriptedLLM:
    return ScriptedLLM(lambda request: request.messages[-1]["content"].upper(), model="loud-1")


@pytest.mark.parametrize("row", [{"text": "a"}, {"text": "a", "model_name": "of an earlier task"}])
@pytest.mark.parametrize(
    ("task", "loud", "names"),
    [
        (Loud, ["A"], {"loud-1"}),
        (Louder, ["A", "A!"], {"loud-1"}),
        (SaysWho, ["A"], {"another"}),
        (Drops, [], set()),
    ],
)
def test_a_row_has_the_name_of_the_model_that_wrote_it(task, loud, names, row):
    made = task(llm=shouting()).process(row)

    assert [one["loud"] for one in made] == loud
    assert {one["model_name"] for one in made} == names
    assert list(run(task(), input=[row], llm=shouting()).rows()) == made


def test_the_column_of_the_name_can_have_another_one():
    task = Loud(llm=shouting(), output_mappings={"model_name": "by"})

    assert task.process({"text": "a"}) == [{"text": "a", "loud": "A", "by": "loud-1"}]
    assert task.columns == ["loud", "by"]
