"""A `process` of an author's own is run again from its beginning, over the answers that are there."""

from __future__ import annotations

from typing import ClassVar

import pytest

from seedbed import GeneratorTask, StopRun, run

OFFSETS: list[int] = []
WORDS: list[str] = []
JOKE = [{"role": "user", "content": "Tell me a joke."}]


class Jokes(GeneratorTask):
    """Asks the same for each row, without end."""

    outputs: ClassVar[list[str]] = ["joke"]

    def process(self, offset: int = 0):
        while True:
            yield {"joke": self.llm.generate([JOKE])[0][0]}


class Seekable(Jokes):
    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0):
        OFFSETS.append(offset)
        number = offset
        while True:
            yield {"number": number, "joke": self.llm.generate([JOKE])[0][0]}
            number += 1


class Lists(Jokes):
    """Makes three rows of each answer, or none."""

    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0):
        OFFSETS.append(offset)
        while True:
            joke = self.llm.generate([JOKE])[0][0]
            yield [{"joke": joke, "part": part} for part in range(3 if joke[0] in "01234567" else 0)]


class Fickle(GeneratorTask):
    """Says what it is told to from outside, so that nobody can know that it has changed."""

    outputs: ClassVar[list[str]] = ["word"]

    def process(self, offset: int = 0):
        for word in WORDS:
            yield {"word": word, "joke": self.llm.generate([JOKE])[0][0]}


class Fails(GeneratorTask):
    """Ends with an error until it is told not to."""

    outputs: ClassVar[list[str]] = ["joke"]
    finite: ClassVar[bool] = True

    def process(self, offset: int = 0):
        for number in range(6):
            if number == 4 and WORDS:
                raise ValueError("no more")
            yield {"joke": self.llm.generate([JOKE])[0][0]}


@pytest.fixture(autouse=True)
def outside():
    WORDS[:] = ["a", "b", "c", "d", "e"]
    OFFSETS.clear()


def made(task, n, llm, name="r"):
    done = run(task, n, llm=llm, name=name)
    assert done.outcome == "complete", done
    return list(done.rows())


@pytest.mark.slow
def test_its_rows_are_made_beside_those_that_are_there(llm, answering_server):
    fresh = made(Jokes(), 12, llm, "fresh")
    assert len({row["joke"] for row in fresh}) == 12
    answering_server.forget()
    assert made(Jokes(), 7, llm) == fresh[:7]
    asked = answering_server.count
    assert made(Jokes(), 12, llm) == fresh
    assert answering_server.count == len(answering_server.bodies()), "nothing was asked twice"
    assert asked in (7, 8)


@pytest.mark.slow
def test_a_seekable_one_begins_behind_its_rows(llm, answering_server):
    fresh = made(Seekable(), 12, llm, "fresh")
    OFFSETS.clear()
    answering_server.forget()
    assert made(Seekable(), 7, llm) == fresh[:7]
    assert made(Seekable(), 12, llm) == fresh
    assert OFFSETS == [0, 7]
    assert max(answering_server.bodies().values()) == 1


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("n", [1, 5, 6, 7, 8])
def test_a_seekable_one_that_yields_lists_begins_behind_those_that_are_whole(llm, answering_server, n):
    fresh = made(Lists(), 12, llm, "fresh")
    assert len({row["joke"] for row in fresh}) == 4
    asked = answering_server.prompts
    OFFSETS.clear()
    answering_server.forget()
    assert made(Lists(), n, llm) == fresh[:n]
    assert made(Lists(), 12, llm) == fresh
    first, second = OFFSETS
    assert (first, second) == (0, n - n % 3)
    assert max(answering_server.bodies().values()) == 1
    assert answering_server.prompts == asked


def test_one_that_yields_other_rows_stops_the_run_and_harms_nothing(llm, answering_server, tmp_path):
    out = tmp_path / "r.jsonl"
    run(Fickle(), 3, llm=llm, out=out)
    before = out.read_bytes()
    WORDS[1] = "another"
    done = run(Fickle(), 5, llm=llm, out=out)
    assert done.outcome == "stopped"
    assert isinstance(done.stopped_by, StopRun)
    assert "'fickle' yields another row 1 than before" in str(done.stopped_by)
    assert "--restart" in str(done.stopped_by)
    assert out.read_bytes() == before
    WORDS[1] = "b"
    assert run(Fickle(), 5, llm=llm, out=out).outcome == "complete"
    assert out.read_bytes().startswith(before)
    assert max(answering_server.bodies().values()) == 1


def test_one_whose_code_has_changed_may_yield_other_rows_over_the_same_answers(
    llm, answering_server, tmp_path
):
    source = tmp_path / "jokes.py"
    text = """
from seedbed import GeneratorTask
class Jokes(GeneratorTask):
    def process(self, offset: int = 0):
        for number in range(10):
            text = self.llm.generate([[{"role": "user", "content": "Tell me a joke."}]])[0][0]
            yield {"generation": text.CHANGE()}
"""
    source.write_text(text.replace("CHANGE", "lower"))
    before = made(f"{source}:Jokes", 5, llm)
    source.write_text(text.replace("CHANGE", "upper"))
    after = made(f"{source}:Jokes", 5, llm)
    assert [row["generation"].lower() for row in after] == [row["generation"] for row in before]
    assert after != before
    assert max(answering_server.bodies().values()) == 1


def test_what_one_that_failed_had_yielded_is_kept_and_not_asked_again(llm, answering_server):
    failed = run(Fails(), llm=llm, name="r")
    assert (failed.outcome, failed.accepted, failed.failed) == ("incomplete", 4, 1)
    WORDS.clear()
    assert run(Fails(), llm=llm, name="r").accepted == 4, "what failed is asked again by retry alone"
    assert run(Fails(), llm=llm, name="r", retry=True).accepted == 6
    assert max(answering_server.bodies().values()) == 1
