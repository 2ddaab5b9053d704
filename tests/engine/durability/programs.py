"""What the tests kill: one run of each kind, with the same steps, seed and number of rows every time.

    python programs.py KIND OUT [CONCURRENCY [retry]]

The address of the server comes with OPENAI_BASE_URL.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple

from seedbed import (
    GeneratorOutput,
    GeneratorTask,
    GlobalStep,
    InvalidOutputError,
    Pipeline,
    Reject,
    Step,
    Task,
    run,
)
from seedbed.tasks.rows import Row
from seedbed_openai import OpenAILLM


class Single(GeneratorTask):
    """One call for each row, the same in all of them."""

    template: str = "Tell me a joke."


class Story(GeneratorTask):
    """Several calls for each row at once, of which some are alike, and one that needs their answers."""

    outputs: ClassVar[list[str]] = ["parts", "end"]

    async def generate_row(self, input: Row) -> Row:
        parts = await asyncio.gather(*(self.ask("Begin a story.") for _ in range(3)))
        return {"parts": parts, "end": await self.ask(f"End it: {sorted(parts)}")}


class Review(Task):
    """Two rows of each row, by calls that are alike."""

    template: str = "What of {{ end }}?"
    num_generations: int = 2


class Chained(GeneratorTask):
    """A `process` of its own: each question needs the answers to the one before."""

    finite: ClassVar[bool] = True

    def process(self, offset: int = 0) -> GeneratorOutput:
        text = "nothing"
        for _ in range(20):
            question = [{"role": "user", "content": f"What follows {text}?"}]
            answers = self.llm.generate([question] * 4, num_generations=2)
            text = answers[0][1]
            yield [{"pair": pair} for pair in answers]


class Seekable(GeneratorTask):
    """A `process` that begins behind the rows that are there."""

    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0) -> GeneratorOutput:
        question = [{"role": "user", "content": "Tell me a joke."}]
        while True:
            yield {"pair": self.llm.generate([question], num_generations=3)[0]}


class SeekableLists(Seekable):
    """Four rows at a time, or none, of eight calls."""

    def process(self, offset: int = 0) -> GeneratorOutput:
        question = [{"role": "user", "content": "Tell me a joke."}]
        while True:
            pairs = self.llm.generate([question] * 4, num_generations=2)
            yield [{"pair": pair} for pair in pairs] if str(pairs[0][0])[0] > "3" else []


class Picky(GeneratorTask):
    """Rows that are asked again, rejected by the task, rejected as duplicates, and failed."""

    template: str = "Name a word."
    max_reasks: int = 1
    unique: ClassVar[tuple[str, ...]] = ("word",)
    outputs: ClassVar[list[str]] = ["word"]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        number = int(str(output), 16)
        if number % 4 == 0:
            raise InvalidOutputError("too long a word")
        if number % 4 == 1:
            raise Reject("too common a word")
        if number % 64 == 2:
            raise ValueError("no word at all")
        return {"word": number % 400}


class Faulty(GeneratorTask):
    """Rows that fail where the server makes them."""

    template: str = "Tell me a joke."

    def format_output(self, output: str | None, input: Row | None) -> Row:
        if output == "bad":
            raise ValueError("a bad joke")
        return {"generation": output}


class Numbered(Step):
    """Needs its rows in order: counts those that it lets pass."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def load(self) -> None:
        self._count = 0

    def process(self, row: Row) -> Row | None:
        if row["generation"][0] in "0123":
            return None
        self._count += 1
        return {**row, "number": self._count}


class Sort(GlobalStep):
    """Needs all rows."""

    keeps: ClassVar[bool] = True

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return sorted(rows, key=lambda row: str(row["generation"]))


class Comment(Task):
    """Asks about what there is."""

    template: str = "What of {{ generation }}?"
    outputs: ClassVar[list[str]] = ["comment"]


class Praise(Task):
    """One branch of a fork."""

    template: str = "Praise {{ generation }}."
    outputs: ClassVar[list[str]] = ["praise"]


class Blame(Task):
    """The other branch of a fork, which makes two rows of each."""

    template: str = "Blame {{ generation }}."
    outputs: ClassVar[list[str]] = ["blame"]
    num_generations: int = 2


class Weigh(Task):
    """Asks where the branches meet."""

    template: str = "Weigh {{ praise }} and {{ blame }}."
    outputs: ClassVar[list[str]] = ["weighed"]


class Kind(NamedTuple):
    """What is run, for how many rows, and whether exactly the calls are made that these need.

    Where an index makes several rows, more of them are begun than are needed in the end.
    """

    make: Callable[[], Pipeline | GeneratorTask]
    n: int | None
    is_exact: bool = True


KINDS = {
    "single": Kind(Single, 200),
    "two-steps": Kind(lambda: Story() >> Review(), 70, is_exact=False),
    "process": Kind(Chained, None),
    "seekable": Kind(Seekable, 40),
    "lists": Kind(SeekableLists, 61),
    "rejections": Kind(Picky, 80),
    "ordered": Kind(lambda: Single() >> Numbered() >> Comment(), 80),
    "global": Kind(lambda: Single() >> Sort() >> Comment(), 100),
    "faulty": Kind(lambda: Faulty() >> Comment(), 90),
    "fork": Kind(lambda: Single() >> [Praise(), Blame()] >> Weigh(), 70, is_exact=False),
}


def main(kind: str, out: str, concurrency: str = "8", retry: str = "") -> None:
    """Make the dataset of a kind, or go on with it."""
    made, llm = KINDS[kind], OpenAILLM(model="m")
    run(made.make(), made.n, llm=llm, out=out, concurrency=int(concurrency), retry=retry == "retry")


if __name__ == "__main__":
    main(*sys.argv[1:])
