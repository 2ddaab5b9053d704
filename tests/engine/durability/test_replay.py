"""A `process` of an author's own is run again from its beginning, over the answers that are there."""

from __future__ import annotations

from typing import ClassVar

import pytest

from seedbed import GeneratorStep, GeneratorTask, run
from seedbed_openai import OpenAILLM

OFFSETS: list[int] = []
JOKE = [{"role": "user", "content": "Tell me a joke."}]


class Jokes(GeneratorTask):
    """Asks the same for each row, without end."""

    outputs: ClassVar[list[str]] = ["joke"]

    def process(self, offset: int = 0):
        while True:
            yield {"joke": self.llm.generate([JOKE])[0][0]}


class Dozen(Jokes):
    finite: ClassVar[bool] = True

    def process(self, offset: int = 0):
        for number in range(12):
            yield {"number": number, "joke": self.llm.generate([JOKE])[0][0]}


class Seekable(Jokes):
    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0):
        OFFSETS.append(offset)
        number = offset
        while True:
            yield {"number": number, "joke": self.llm.generate([JOKE])[0][0]}
            number += 1


class Numbers(GeneratorStep):
    """Numbers from one that is not a parameter, so that nobody can know that it has changed."""

    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0):
        OFFSETS.append(offset)
        for number in range(offset, 10):
            yield {"number": number}


@pytest.fixture
def llm(answering_server):
    return OpenAILLM(model="m", api_key="none", base_url=answering_server.base_url)


def made(task, n, llm, name="r"):
    done = run(task, n, llm=llm, name=name)
    assert done.outcome == "complete", done
    return list(done.rows())


def test_its_rows_are_made_beside_those_that_are_there(llm, answering_server):
    fresh = made(Jokes(), 12, llm, "fresh")
    assert len({row["joke"] for row in fresh}) == 12
    answering_server.forget()
    assert made(Jokes(), 7, llm) == fresh[:7]
    asked = answering_server.count
    assert made(Jokes(), 12, llm) == fresh
    assert answering_server.count == len(answering_server.bodies()), "nothing was asked twice"
    assert asked in (7, 8)


def test_a_seekable_one_begins_behind_its_rows(llm, answering_server):
    fresh = made(Seekable(), 12, llm, "fresh")
    OFFSETS.clear()
    answering_server.forget()
    assert made(Seekable(), 7, llm) == fresh[:7]
    assert made(Seekable(), 12, llm) == fresh
    assert OFFSETS == [0, 7]
    assert max(answering_server.bodies().values()) == 1
