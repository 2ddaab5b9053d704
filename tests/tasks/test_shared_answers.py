"""What rows share is asked for once, in any order, and found when a run resumes."""

from __future__ import annotations

import asyncio
import random
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, PrivateAttr

from seedbed import (
    BadRequestError,
    GeneratorTask,
    InvalidOutputError,
    Row,
    SharedAnswers,
    Task,
    call_label,
    preview,
    run,
)
from seedbed.testing import ScriptedLLM


class Chapters(GeneratorTask):
    """Rows of two books, each of which has an outline."""

    outputs: ClassVar[list[str]] = ["book", "outline", "chapter"]
    _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

    def load(self) -> None:
        super().load()
        self._outlines = SharedAnswers()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"book": f"book {index % 2}", "_index": index}

    async def generate_row(self, input: Row) -> Row:
        book = input["book"]
        outline = await self._outlines.get(book, lambda: self.outline(book))
        return {"outline": outline, "chapter": await self.ask(f"chapter {input['_index']} of {outline}")}

    async def outline(self, book: str) -> str:
        return await self.ask(f"outline of {book}", read=usable)


class Plan(BaseModel):
    parts: list[str]


class Adding(Chapters):
    """Adds its chapter to the conversation and to the plan that its book's rows share."""

    async def generate_row(self, input: Row) -> Row:
        book, index = input["book"], input["_index"]
        turns = await self._outlines.get(book, lambda: self.turns(book))
        plan = await self._outlines.get(f"{book} plan", lambda: self.plan(book))
        turns.append({"role": "user", "content": f"chapter {index}"})
        turns[0]["content"] += f" for {index}"
        plan.parts.append(str(index))
        said = [turn["content"] for turn in turns]
        return {"outline": plan.parts, "chapter": f"{said} {await self.ask(turns)}"}

    async def turns(self, book: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": await self.ask(f"outline {book}")}]

    async def plan(self, book: str) -> Plan:
        await self.ask(f"plan {book}")
        return Plan(parts=[book])


def test_what_a_row_adds_to_a_shared_answer_is_in_no_other_row() -> None:
    llm = ScriptedLLM(lambda request: request.messages[-1]["content"])

    assert [(row["outline"], row["chapter"]) for row in run(Adding(), n=6, llm=llm).rows()] == [
        (
            [f"book {i % 2}", str(i)],
            f"['outline book {i % 2} for {i}', 'chapter {i}'] chapter {i}",
        )
        for i in range(6)
    ]


def usable(text: str) -> str:
    if text == "bad":
        raise InvalidOutputError("no outline")
    return text


def echoing(**fields: Any) -> ScriptedLLM:
    """Return a model whose answers tell the seed, so that they tell whose call it was."""
    return ScriptedLLM(
        lambda request: f"{request.messages[0]['content']} {request.seed}", offers={"seed": True}
    )


def prompts(llm: ScriptedLLM) -> list[str]:
    return [request.messages[0]["content"] for request in llm.requests]


def test_it_is_asked_for_once_however_many_rows_need_it() -> None:
    llm = echoing()
    made = run(Chapters(llm=llm), 20)

    assert len({row["outline"] for row in made.rows()}) == 2
    assert sorted(p for p in prompts(llm) if p.startswith("outline")) == [
        "outline of book 0",
        "outline of book 1",
    ]
    assert len({row["chapter"] for row in made.rows()}) == 20


def test_it_does_not_depend_on_which_row_comes_first() -> None:
    task = Chapters(llm=echoing())
    rows = [*run(task, 6).rows()]

    # Row 2 makes the outline of book 0 here, which row 0 made there.
    (alone,) = asyncio.run(task.make_row(2)) or []
    assert alone == rows[2]
    assert [*run(Chapters(llm=echoing()), 6, seed=1).rows()] != rows


def test_a_resumed_run_finds_it_and_asks_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def made(count: int, llm: ScriptedLLM) -> list[Row]:
        return [*run(Chapters(llm=llm), count, name="book").rows()]

    first = made(3, echoing())
    llm = echoing()
    rows = made(9, llm)

    assert rows[:3] == first
    assert [p for p in prompts(llm) if p.startswith("outline")] == []
    assert rows == [*run(Chapters(llm=echoing()), 9).rows()]


def test_an_answer_that_cannot_be_used_rejects_each_row_that_needs_it() -> None:
    def answer(request: Any) -> str:
        text = str(request.messages[0]["content"])
        return "bad" if text.startswith("outline of book 0") else text

    llm = ScriptedLLM(answer)
    done = run(Chapters(llm=llm, max_reasks=1), 3, max_attempts=6)

    assert done.accepted == 3
    assert set(done.rejections) == {"no outline"}
    # Once, and once again with the reason.
    assert sum("outline of book 0" in prompt for prompt in prompts(llm)) == 2


def test_an_error_of_the_provider_is_not_kept_for_the_next_row() -> None:
    failing = iter([BadRequestError("odd")])

    def answer(request: Any) -> Any:
        text = str(request.messages[0]["content"])
        return next(failing, text) if text.startswith("outline of book 0") else text

    done = run(Chapters(llm=ScriptedLLM(answer)), 4, concurrency=1)

    assert (done.accepted, done.failed) == (3, 1)


def test_calls_within_it_may_be_labelled_and_concurrent() -> None:
    class Labelled(Chapters):
        async def outline(self, book: str) -> str:
            with call_label("a"):
                first = await self.ask("outline")
            return first + await self.ask("outline")

    assert len({row["outline"] for row in run(Labelled(llm=echoing()), 4).rows()}) == 2


@pytest.mark.slow
def test_retried_rows_ask_again_for_what_could_not_be_used_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pages(Task):
        outputs: ClassVar[list[str]] = ["outline"]
        _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

        def load(self) -> None:
            super().load()
            self._outlines = SharedAnswers()

        async def generate_row(self, input: Row) -> Row:
            book = input["book"]
            return {"outline": await self._outlines.get(book, lambda: self.ask(book, read=usable))}

    monkeypatch.chdir(tmp_path)
    rows = [{"book": book, "page": page} for book in "ab" for page in (1, 2)]
    first = ScriptedLLM(lambda asked: "bad" if asked.messages[0]["content"] == "a" else "good")
    made = run(Pages(llm=first, max_reasks=0), input=rows, name="pages")
    assert (made.accepted, made.failed, len(first.requests)) == (2, 2, 2)

    again = ScriptedLLM("better")
    made = run(Pages(llm=again, max_reasks=0), input=rows, name="pages", retry=True)
    assert [row["outline"] for row in made.rows()] == ["better", "better", "good", "good"]


def test_a_preview_shows_its_calls_apart_from_those_of_rows() -> None:
    shared, *rows = preview(Chapters(llm=echoing()), 2)

    assert shared.id == ""
    assert {call.request.messages[0]["content"] for call in shared.calls} == {
        "outline of book 0",
        "outline of book 1",
    }
    assert [len(row.calls) for row in rows] == [1, 1]


def test_without_a_run_it_works_as_well() -> None:
    rows = islice(Chapters(llm=echoing()).process(), 3)

    assert len({row["outline"] for made in rows for row in made}) == 2
