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


class Forgets(Loud):
    """Keeps no column that came with the row."""

    def process(self, row: Row) -> Any:
        return {"loud": super().process(row)["loud"]}


@pytest.mark.parametrize(
    ("task", "loud", "name"),
    [(Loud, ["A"], "loud-1"), (Louder, ["A", "A!"], "loud-1"), (SaysWho, ["A"], "another"), (Drops, [], "")],
)
def test_a_row_has_the_name_of_the_model_that_wrote_it(task, loud, name):
    made = task(llm=shouting()).process({"text": "a"})
    assert [one["loud"] for one in made] == loud
    assert all(one["model_name"] == name for one in made)
    assert list(run(task(), input=[{"text": "a"}], llm=shouting()).rows()) == made

    row = {"text": "a", "model_name": "of an earlier task"}
    again = task(llm=shouting(), name="the-judge").process(row)
    assert again == [{**one, **row, "the_judge_model_name": name} for one in made]
    assert list(run(task(name="the-judge"), input=[row], llm=shouting()).rows()) == again


def test_a_row_that_keeps_nothing_has_the_one_name():
    row = {"text": "a", "model_name": "of an earlier task"}
    assert Forgets(llm=shouting()).process(row) == [{"loud": "A", "model_name": "loud-1"}]


@pytest.mark.parametrize("task", [Loud, Task])
def test_a_name_of_ones_own_leaves_that_of_the_first_model_alone(task):
    given = {"text": "a", "model_name": "first"}
    made = task(llm=shouting(), template="x", output_mappings={"model_name": "by"}).process(given)
    assert [(one["model_name"], one["by"]) for one in made] == [("first", "loud-1")]


@pytest.mark.parametrize("missing", [{}, {"model_name": None}])
def test_the_first_model_is_that_of_the_first_that_wrote(missing):
    made = Task(llm=shouting(), template="x").process({"text": "a", **missing})
    assert [one["model_name"] for one in made] == ["loud-1"]
    assert [*made[0]].count("task_model_name") == 0


def test_what_a_task_says_of_the_model_in_its_row_is_the_frameworks():
    class Copies(Task):
        template: str = "x"

        def format_output(self, output, input):
            return {**input, "said": output}

    made = Copies(llm=shouting()).process({"model_name": "first"})
    assert made == [{"model_name": "first", "said": "X", "copies_model_name": "loud-1"}]


def test_the_column_of_the_name_can_have_another_one():
    task = Loud(llm=shouting(), output_mappings={"model_name": "by"})

    assert task.process({"text": "a"}) == [{"text": "a", "loud": "A", "by": "loud-1"}]
    assert task.columns == ["loud", "by"]
