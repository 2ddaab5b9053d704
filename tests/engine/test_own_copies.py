"""Rows aren't mixed up by authors who change what they get, or return what they change later."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr
from tests.support.scripted_llm import ALL, impatient, prompt, scripted

from seedbed import (
    LLM,
    Capabilities,
    GeneratorTask,
    InvalidOutputError,
    Request,
    Response,
    Row,
    ServerError,
    Step,
    Task,
    run,
)

ROWS: list[Row] = [{"k": k, "tags": [k]} for k in range(6)]


class Changing(Task):
    """Changes its input wherever it gets it, and returns one dictionary again and again."""

    template: str = "{{ k }} {{ tags }}"
    outputs: ClassVar[list[str]] = ["answer", "seen"]
    _made: Row = PrivateAttr(default_factory=lambda: {"seen": []})
    _tries: int = PrivateAttr(default=0)

    def format_output(self, output: str | None, input: Row | None) -> Row:
        assert input is not None
        input["k"] += 1
        input["tags"].append("read")
        self._made["answer"] = f"{output} / {input['k']} {input['tags']}"
        self._made["seen"][:] = [output]
        return self._made


class ChangingAtOnce(Changing):
    async def generate_row(self, input: Row) -> Any:
        before = f"{input['k']} {input['tags']}"
        input["k"] += 1
        input["tags"].append("read")
        self._made["answer"] = f"{await self.ask(before)} / {input['k']} {input['tags']}"
        self._made["seen"][:] = [before]
        return self._made


class ChangingAndAsking(Changing):
    """Refuses the first answer to each row."""

    def format_output(self, output: str | None, input: Row | None) -> Row:
        made = super().format_output(output, input)
        self._tries += 1
        if self._tries % 2:
            raise InvalidOutputError("once more")
        return made


@pytest.mark.parametrize("generations", [1, 3])
@pytest.mark.parametrize("task", [Changing, ChangingAtOnce, ChangingAndAsking])
@pytest.mark.parametrize("answers_together", [True, False])
def test_a_task_that_changes_its_input_changes_no_other_row(task, generations, answers_together):
    offered = ALL if answers_together else Capabilities()
    llm = scripted(lambda request: ["x"] * request.n, offers=offered)

    made = run(task(num_generations=generations), input=ROWS, llm=llm, concurrency=50)

    rows = [{name: row[name] for name in ("k", "tags", "answer")} for row in made.rows()]
    assert rows == [
        {**row, "answer": f"x / {row['k'] + 1} {[*row['tags'], 'read']}"}
        for row in ROWS
        for _ in range(generations)
    ]


def test_what_a_generation_returned_is_not_changed_by_the_next_one():
    made = run(ChangingAtOnce(num_generations=2), input=ROWS, llm=scripted(prompt), concurrency=50)

    assert [row["seen"] for row in made.rows()] == [
        [f"{row['k']} {row['tags']}"] for row in ROWS for _ in range(2)
    ]


class SamplingOne(GeneratorTask):
    """Samples into one dictionary, or takes those of a parameter, and changes what it gets."""

    template: str = "{{ k }} {{ tags }}"
    outputs: ClassVar[list[str]] = ["answer"]
    choices: list[dict[str, Any]] = [{"k": "a", "tags": []}, {"k": "b", "tags": []}]
    _one: Row = PrivateAttr(default_factory=lambda: {"tags": [], "_notes": []})

    def sample(self, index: int, rng: Any) -> Row:
        if index % 2:
            return self.choices[index % 4 // 2]
        self._one["k"] = index
        return self._one

    def format_output(self, output: str | None, input: Row | None) -> Row:
        assert input is not None
        input["tags"].append(output)
        input.setdefault("_notes", []).append(output)
        return {"answer": f"{output} {input['_notes']}"}


@pytest.mark.parametrize("generations", [1, 2])
def test_sampled_variables_belong_to_their_row(generations):
    task = SamplingOne(num_generations=generations)
    made = run(task, n=8, llm=scripted(prompt), concurrency=50)

    wanted = [[0, "a", 2, "b", 4, "a", 6, "b"][i // generations] for i in range(8)]
    assert [(row["k"], row["tags"]) for row in made.rows()] == [(k, []) for k in wanted]
    assert [row["answer"] for row in made.rows()] == [f"{k} [] ['{k} []']" for k in wanted]


def test_a_private_variable_may_contain_itself():
    class Circle(GeneratorTask):
        template: str = "{{ _circle.name }}"

        def sample(self, index: int, rng: Any) -> Row:
            circle: Row = {"name": index}
            return {"_circle": {**circle, "me": circle | {"again": circle}}, "_ring": ring}

    ring: list[Any] = []
    ring.append(ring)
    made = run(Circle(), n=2, llm=scripted(prompt))

    assert [row["generation"] for row in made.rows()] == ["0", "1"]


class Rewriting(LLM):
    """Rewrites messages, tools, schema and `extra` in place; its first try of each message fails."""

    model: str = "rewriting"
    capabilities: ClassVar[Capabilities] = Capabilities(structured_output=True, tools=True)
    _sent: list[str] = PrivateAttr(default_factory=list)

    async def respond(self, request: Request) -> Response:
        sent = json.dumps([request.messages, request.tools, request.schema, dict(request.extra)])
        self._sent.append(sent)
        request.messages[-1]["content"] += " /no_think"
        for message in request.messages:
            message["role"] = "user"
        for tool in request.tools:
            tool["function"]["strict"] = True  # type: ignore[index]
        if request.schema is not None:
            request.schema["title"] = "changed"  # type: ignore[index]
        request.extra["seen"] = True  # type: ignore[index]
        if self._sent.count(sent) == 1:
            raise ServerError("busy", status=500, retry_after=0.0)
        return Response.of_text("yes")


class Turns(Task):
    """Two turns of one conversation."""

    outputs: ClassVar[list[str]] = ["first", "second", "messages"]
    tool: ClassVar[dict[str, Any]] = {"type": "function", "function": {"name": "look", "parameters": {}}}

    async def generate_row(self, input: Row) -> Any:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"{input['k']}"}]
        asked = {"tools": [self.tool], "schema": {"type": "object"}}
        first = await self.ask(messages, **asked)
        messages += [{"role": "assistant", "content": first}, {"role": "user", "content": "Sure?"}]
        return {"first": first, "second": await self.ask(messages, **asked), "messages": messages}


@pytest.mark.slow
def test_a_backend_that_rewrites_requests_in_place_changes_none_that_is_sent_later():
    llm = impatient(Rewriting(extra={"top_k": 3}))
    made = run(Turns(), input=ROWS[:2], llm=llm, name="rewritten", concurrency=1)

    assert [[message["content"] for message in row["messages"]] for row in made.rows()] == [
        ["Be brief.", str(k), "yes", "Sure?"] for k in range(2)
    ]
    assert {llm._sent.count(sent) for sent in llm._sent} == {2}
    assert not any(word in sent for sent in llm._sent for word in ("no_think", "strict", "changed", "seen"))

    again = run(Turns(), input=ROWS[:4], llm=impatient(Rewriting(extra={"top_k": 3})), name="rewritten")
    assert again.calls.answered == 4
    assert again.accepted == 4


class OneForAll(Step):
    """Makes rows in one dictionary."""

    repeatable: ClassVar[bool] = True
    _row: Row = PrivateAttr(default_factory=dict)

    def process(self, row: Row) -> Row:
        return {"k": row["k"] * 10}

    def process_many(self, rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            self._row["k"] = row["k"] * 10
            yield self._row


def test_rows_that_process_many_makes_in_one_dictionary_are_made_one_by_one(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f'{{"k": {k}}}\n' for k in range(100)))

    assert [row["k"] for row in run(OneForAll(), input=file).rows()] == [k * 10 for k in range(100)]
