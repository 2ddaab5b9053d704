"""The plans that engines are tested with: tasks and steps of every kind, which any process can import."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from seedbed.errors import Reject
from seedbed.llm.parameters import GenerationParameters
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.routing import otherwise, when
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GlobalStep, Step
from seedbed.tasks.task import Task

MOST = 8
"""The most tokens of an answer."""


class Numbered(GeneratorTask):
    """A row for each index; `fates` says what becomes of an index."""

    template: str = "{{ fate }} {{ number }}"
    generation: GenerationParameters = GenerationParameters(max_tokens=MOST)
    fates: dict[int, str] = {}
    """By index: `rejected`, `broken`, or a word of the server."""

    @property
    def outputs(self) -> list[str]:
        """The columns of a row."""
        return ["number", "text"]

    def sample(self, index: int, rng: object) -> Row:
        """Return the number of a row, and its fate."""
        return {"number": index, "fate": self.fates.get(index, "plain")}

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> Row:
        """Return the row, or reject or fail it."""
        assert input is not None
        if input["fate"] == "rejected":
            raise Reject("that was its fate")
        if input["fate"] == "broken":
            raise ValueError("that was its fate")
        return {"number": input["number"], "text": output}


class Unique(Numbered):
    """Rows whose numbers repeat; only the first one of each counts."""

    unique: ClassVar[tuple[str, ...]] = ("number",)

    def sample(self, index: int, rng: object) -> Row:
        """Return the number of every second row again."""
        return super().sample(index - index % 2 if index < 8 else index, rng)


class Typed(GeneratorTask):
    """Rows of a type; the answer of every fourth one doesn't fit, however often the model is asked."""

    class Output(BaseModel):
        """A row."""

        number: int

    template: str = "{{ said }}"

    def sample(self, index: int, rng: object) -> Row:
        """Return what the model says."""
        return {"said": f"no number {index}" if index % 4 == 3 else json.dumps({"number": index})}


class Talk(Numbered):
    """Rows of three calls each: one that's cut off between two of them has answers, and no result."""

    async def generate_row(self, input: Row) -> Row:
        """Ask three times, and return what was said last."""
        for word in ("first", "second", "third"):
            text = await self.ask(f"{word} {input['number']}", max_tokens=MOST)
        return {"number": input["number"], "text": text}


class Ask(Task):
    """Asks about the text of each row."""

    inputs: ClassVar[list[str]] = ["text"]
    template: str = "again {{ text }}"
    generation: GenerationParameters = GenerationParameters(max_tokens=MOST)


class Twice(Step):
    """Two rows for each, and none for every third."""

    outputs: ClassVar[list[str]] = ["text", "half"]

    def process(self, row: Row) -> Any:
        """Return both halves of a row."""
        if row["number"] % 3 == 2:
            return None
        return [{**row, "half": half, "text": f"{row['text']} {half}"} for half in (0, 1)]


class Mark(Step):
    """Adds a column with a name of its own."""

    keeps: ClassVar[bool] = True
    column: str = "mark"

    def process(self, row: Row) -> Row:
        """Return the row with the column."""
        return {**row, self.column: row["number"] * 2}


class Total(Step):
    """Adds the sum of the numbers so far: it needs the rows in their order."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    outputs: ClassVar[list[str]] = ["total"]
    _total: int = 0

    def load(self) -> None:
        """Begin with nothing."""
        self._total = 0

    def process(self, row: Row) -> Row:
        """Return the row with the sum."""
        self._total += row["number"]
        return {**row, "total": self._total}


class Few(Total):
    """Keeps the first five rows, and wants no more."""

    _kept: int = 0

    @property
    def rows_wanted(self) -> int:
        """How many more rows it keeps."""
        return max(0, 5 - self._kept)

    def load(self) -> None:
        """Begin with nothing."""
        super().load()
        self._kept = 0

    def process(self, row: Row) -> Row:
        """Return the row with the sum, if it's one of the first."""
        if not self.rows_wanted:
            raise Reject("enough")
        self._kept += 1
        return super().process(row)


class Backwards(GlobalStep):
    """All rows, from the last to the first."""

    keeps: ClassVar[bool] = True

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the rows in reverse order."""
        return list(rows)[::-1]


class Noted(Step):
    """Passes rows through, and notes in a file when it's loaded and unloaded, and by which process."""

    keeps: ClassVar[bool] = True
    notes: str = ""

    def load(self) -> None:
        """Note that it's loaded."""
        self._note("load")

    def unload(self) -> None:
        """Note that it's unloaded."""
        self._note("unload")

    def process(self, row: Row) -> Row:
        """Return the row."""
        return row

    def _note(self, word: str) -> None:
        with Path(self.notes).open("a", encoding="utf-8") as file:
            file.write(f"{word} {os.getpid()}\n")


class EnginePlan(NamedTuple):
    """What to run: `make` returns a step or pipeline and options of a run, given a folder for its files.

    `needs` names what the engine must be able to do for it, as in `Engine.lacks`.
    """

    make: Callable[[Path], tuple[BaseStep | Pipeline, dict[str, Any]]]
    needs: frozenset[str] = frozenset()


TEXTS = [{"number": number, "text": f"line {number}"} for number in (0, 1, 2, 1, 3, 4)]
"""Input rows, one of them twice."""


def _file(folder: Path) -> Path:
    file = folder / "texts.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in TEXTS), encoding="utf-8")
    return file


_INPUT, _GRAPH = frozenset({"input"}), frozenset({"graph"})

PLANS: Mapping[str, EnginePlan] = {
    "a generator": EnginePlan(lambda _: (Numbered(), {"n": 6})),
    "rejected rows, which are replaced": EnginePlan(
        lambda _: (Numbered(fates={1: "rejected", 2: "rejected", 5: "rejected"}), {"n": 6})
    ),
    "failed rows": EnginePlan(
        lambda _: (Numbered(fates={1: "overlong", 3: "broken", 4: "filtered"}), {"n": 8})
    ),
    "calls that are retried": EnginePlan(lambda _: (Numbered(fates={0: "busy", 2: "busy"}), {"n": 4})),
    "answers that don't fit": EnginePlan(lambda _: (Typed(), {"n": 6})),
    "unique rows": EnginePlan(lambda _: (Unique(), {"n": 6})),
    "steps in a line": EnginePlan(lambda _: (Numbered() >> Twice() >> Ask(), {"n": 9})),
    "a step that needs the order": EnginePlan(lambda _: (Numbered() >> Total(), {"n": 8})),
    "a step that wants no more rows": EnginePlan(
        lambda _: (Numbered() >> Twice() >> Ask() >> Few(), {}), frozenset({"caps"})
    ),
    "several calls for each row": EnginePlan(lambda _: (Talk() >> Ask(), {"n": 4})),
    "input rows": EnginePlan(lambda _: (Ask(), {"input": TEXTS}), _INPUT),
    "the rows of a file": EnginePlan(lambda folder: (Mark() >> Ask(), {"input": _file(folder)}), _INPUT),
    "a step over all rows": EnginePlan(lambda _: (Numbered() >> Backwards() >> Ask(), {"n": 6}), _GRAPH),
    "branches that meet": EnginePlan(
        lambda _: (
            Numbered() >> [Mark(name="left", column="left"), Mark(name="right", column="right")] >> Ask(),
            {"n": 5},
        ),
        _GRAPH,
    ),
    "routes": EnginePlan(
        lambda _: (
            Numbered() >> [when("number < 3", Mark(name="few", column="few")), otherwise(Ask())],
            {"n": 6, "leaf": "ask"},
        ),
        _GRAPH,
    ),
}
"""Plans by what is in them."""
