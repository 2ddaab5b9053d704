"""Tasks with one fault each, and the contract of each."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from seedbed import GeneratorTask, Message, Reject, Row, ServerError, Task
from seedbed.testing import TaskContract

WORDS = Path(__file__).parent / "words" / "short.txt"


class Contract(TaskContract):
    """Makes few rows, since there are many faults."""

    rows = 5


class Haiku(GeneratorTask):
    """Haiku about the seasons."""

    template: str = "Write a haiku about {{ season }}."

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        """Draw a season."""
        return {"season": rng.choice(["spring", "summer", "autumn", "winter"])}


class PromisesMore(Haiku):
    """Promises a column that it never fills."""

    outputs: ClassVar[list[str]] = ["generation", "title"]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"generation": output}


class DrawsAnyhow(Haiku):
    """Draws without the generator that it is given."""

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        return {"season": str(random.random())}


class CountsInSample(Haiku):
    """Draws what has not been drawn before."""

    _drawn: int = PrivateAttr(default=0)

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        self._drawn += 1
        return {"season": f"the season {self._drawn} after this one"}


class HashesInSample(Haiku):
    """Draws what is another text in each process."""

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        return {"season": f"{rng.random()} of {hash('year')}"}


class RemembersAnswers(Haiku):
    """Keeps answers in its class."""

    answers: ClassVar[dict[str, str]] = {}

    async def generate_row(self, input: Row) -> Row:
        prompt = str(input)
        if prompt not in self.answers:
            self.answers[prompt] = await self.ask(prompt)
        return {"generation": self.answers[prompt]}


class MakesRowsOfFaults(Haiku):
    """Makes a row of nothing where its call fails."""

    async def generate_row(self, input: Row) -> Row:
        try:
            return {"generation": await self.ask(str(input))}
        except ServerError:
            return {"generation": "nothing"}


class SleepsOnTheLoop(Haiku):
    """Waits without letting others go on, before its first row."""

    _has_slept: bool = PrivateAttr(default=False)

    async def generate_row(self, input: Row) -> Row:
        if not self._has_slept:
            self._has_slept = True
            time.sleep(0.25)  # noqa: ASYNC251 - the fault
        return {"generation": await self.ask(str(input))}


class IgnoresTheSeed(Haiku):
    """Draws the same whatever the seed of the run is."""

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        return super().sample(index, random.Random(index))


class CarriesState(Haiku):
    """Numbers its rows by a count of its own."""

    _made: int = PrivateAttr(default=0)
    outputs: ClassVar[list[str]] = ["generation", "number"]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        self._made += 1
        return {"generation": output, "number": self._made}


class KeepsOneRow(Haiku):
    """Keeps the season of a row in itself until its answer comes."""

    _season: str = PrivateAttr(default="")
    outputs: ClassVar[list[str]] = ["generation", "about"]

    def format_input(self, input: Row) -> list[dict[str, Any]]:
        self._season = input["season"]
        return super().format_input(input)

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"generation": output, "about": self._season}


class AsksAtOnce(Haiku):
    """Asks for a theme as it is made."""

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self.llm.generate([[{"role": "user", "content": "A theme for haiku?"}]])


class AsksWhenLoaded(Haiku):
    """Asks for a theme as it is loaded."""

    def load(self) -> None:
        super().load()
        self.llm.generate([[{"role": "user", "content": "A theme for haiku?"}]])


class ChangesItsInput(Haiku):
    """Puts the text into its variables."""

    def format_output(self, output: str | None, input: Row | None) -> Row:
        input["text"] = output
        return {"generation": output}


class EmptiesItsVariables(Haiku):
    """Takes a variable out while it asks for the row."""

    async def generate_row(self, input: Row) -> Row:
        return {"generation": await self.ask(f"A haiku about {input.pop('season')}.")}


class AsksPlainly(Haiku):
    """Base of those that look at the answer by themselves."""

    async def generate_row(self, input: Row) -> Row:
        response = await self.llm.acomplete(self.format_input(input))
        return self.row_of(response.choices[0].text, response.choices[0].finish_reason)

    def row_of(self, text: str | None, finish_reason: str) -> Row:
        return {"generation": text}


class SwallowsEmptyAnswers(AsksPlainly):
    """Makes a row without columns of an empty answer."""

    def row_of(self, text: str | None, finish_reason: str) -> Row:
        return {} if text == "" else {"generation": text}


class TakesNoneForText(AsksPlainly):
    """Takes for granted that there is a text."""

    def row_of(self, text: str | None, finish_reason: str) -> Row:
        return {"generation": text.strip()}


class RaisesWhenCut(AsksPlainly):
    """Raises what is no error of Seedbed where the answer was cut."""

    def row_of(self, text: str | None, finish_reason: str) -> Row:
        if finish_reason == "length":
            raise RuntimeError("the answer was cut")
        return {"generation": text}


class AsksRefusersForEver(AsksPlainly):
    """Asks again until the provider does not decline."""

    async def generate_row(self, input: Row) -> Row:
        while True:
            response = await self.llm.acomplete(self.format_input(input))
            if response.choices[0].finish_reason != "content_filter":
                return {"generation": response.choices[0].text}


class ExpectsATitle(Haiku):
    """Expects every answer with a colon to begin as it was asked to."""

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"generation": output.split("Title: ")[1] if ": " in output else output}


class TestExpectsATitle(Contract):
    task = ExpectsATitle

    def answer(self, request: Any) -> str:
        return "Title: Light rain on the roof"


class StopsAtARefusal(Haiku):
    """Raises what is no error of Seedbed where the model declines."""

    def format_output(self, output: str | None, input: Row | None) -> Row:
        if output.startswith("I'm sorry"):
            raise RuntimeError("the model declined")
        return {"generation": output}


class SaysNothingOfAParameter(Haiku):
    """Has a parameter that nobody can understand."""

    style: str = "classical"


class TakesAFunction(Haiku):
    """Has a parameter that no file can hold."""

    clean: Callable[[str], str] = Field(default=str.strip, description="Cleans the answer.")


class HasAWrongDefault(Haiku):
    """Has a default that nobody could have given."""

    lines: int = Field(default=3, ge=5, description="Lines of a haiku.")


class Wordless(Haiku):
    template: str = "Write about {{ season }}."


class ReadsOnItsOwn(Haiku):
    """Reads a file that nobody else knows of."""

    def format_input(self, input: Row) -> list[Message]:
        return [{"role": "user", "content": WORDS.read_text()}]


class GivesAnObject(Haiku):
    """Gives a value that JSON lacks."""

    outputs: ClassVar[list[str]] = ["generation", "day"]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"generation": output, "day": object()}


class HasABadName(Haiku):
    """Has a name that no pipeline file can hold."""

    name: str = "My Haiku"


class DiesWhenItGoesOn(GeneratorTask):
    """Begins again with other rows each time, as one that draws without a seed does."""

    outputs: ClassVar[list[str]] = ["text", "token"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        while True:
            text = self.llm.generate([[{"role": "user", "content": "A line."}]])[0][0]
            yield {"text": text, "token": random.random()}


class BeginsAtTheWrongPlace(GeneratorTask):
    """Says that it can begin anywhere, and begins one row too late."""

    seekable: ClassVar[bool] = True
    outputs: ClassVar[list[str]] = ["number", "text"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        number = offset + (1 if offset else 0)
        while True:
            text = self.llm.generate([[{"role": "user", "content": f"Line {number}."}]])[0][0]
            yield {"number": number, "text": text}
            number += 1


class DiesOfNone(GeneratorTask):
    """Ends with all its rows where the model gives no text once."""

    outputs: ClassVar[list[str]] = ["text"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        while True:
            text = self.llm.generate([[{"role": "user", "content": "A line."}]])[0][0]
            yield {"text": text.strip()}


class WaitsForEver(GeneratorTask):
    """Waits for somebody who never comes where the provider declined."""

    outputs: ClassVar[list[str]] = ["text"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        while True:
            text = self.llm.generate([[{"role": "user", "content": "A line."}]])[0][0]
            if text == "I cannot help.":
                threading.Event().wait()
            yield {"text": text}


class TestWaitsForEver(Contract):
    task = WaitsForEver
    patience = 5.0


class ReadsMoreThanItSays(Task):
    """Reads a column that it does not name."""

    template: str = "Translate: {{ text }}"

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"generation": f"{input['language']}: {output}"}


class TestReadsMoreThanItSays(Contract):
    task = ReadsMoreThanItSays
    inputs: ClassVar[list[Row]] = [
        {"text": "Bread", "language": "French"},
        {"text": "Milk", "language": "Thai"},
    ]


class CountsItsGenerations(Haiku):
    """Makes all generations in each of them."""

    async def generate_row(self, input: Row) -> list[Row]:
        return [{"generation": await self.ask(self.format_input(input))} for _ in range(self.num_generations)]


class MakesNothing(Haiku):
    """Reads a variable that it does not draw."""

    template: str = "Write a haiku about {{ flower }}."


class GivesNone(Haiku):
    """Forgets to return its row."""

    def format_output(self, output: str | None, input: Row | None) -> Any:
        return None


class RejectsAll(Haiku):
    """Wants no row."""

    def format_output(self, output: str | None, input: Row | None) -> Row:
        raise Reject("notes do not fit")


FAULTS: dict[str, tuple[str, str]] = {
    # The one test that its contract fails, and what the report says.
    "PromisesMore": ("test_rows_have_the_columns_promised", "title"),
    "DrawsAnyhow": ("test_the_same_seed_draws_the_same_variables", "at 0 it was"),
    "CountsInSample": ("test_the_same_seed_draws_the_same_variables", "the season 5 after"),
    "HashesInSample": ("test_another_process_draws_the_same_variables", "samples other variables"),
    "RemembersAnswers": ("test_a_new_task_asks_again", "a later one 0"),
    "MakesRowsOfFaults": ("test_failed_calls_make_no_row", "nothing"),
    "SleepsOnTheLoop": ("test_the_loop_goes_on_while_a_row_is_made", "asyncio.to_thread"),
    "IgnoresTheSeed": ("test_another_seed_draws_other_variables", "sample with `rng`, or set seeded = False"),
    "CarriesState": ("test_a_row_alone_is_the_row_among_many", "'number': 1"),
    "KeepsOneRow": ("test_rows_do_not_depend_on_what_runs_beside_them", "'about':"),
    "AsksAtOnce": ("test_it_asks_nobody_before_rows_are_wanted", "asked before any row was wanted"),
    "AsksWhenLoaded": ("test_it_asks_nobody_before_rows_are_wanted", "asked before any row was wanted"),
    "ChangesItsInput": ("test_its_input_is_left_alone", "format_output"),
    "EmptiesItsVariables": ("test_its_input_is_left_alone", "generate_row"),
    "SwallowsEmptyAnswers": ("test_an_empty_answer_harms_its_row_alone", "generation"),
    "TakesNoneForText": ("test_an_answer_without_text_harms_its_row_alone", "AttributeError"),
    "RaisesWhenCut": ("test_a_truncated_answer_harms_its_row_alone", "RuntimeError: the answer was cut"),
    "AsksRefusersForEver": ("test_a_refusal_harms_its_row_alone", "give up after a number of tries"),
    "ExpectsATitle": ("test_a_malformed_answer_harms_its_row_alone", "IndexError: list index"),
    "StopsAtARefusal": ("test_a_refusal_in_words_harms_its_row_alone", "RuntimeError: the model declined"),
    "SaysNothingOfAParameter": ("test_its_parameters_are_described", "style"),
    "TakesAFunction": ("test_its_parameters_have_a_schema", "a type that a file can't hold"),
    "HasAWrongDefault": ("test_its_defaults_are_valid", "lines"),
    "Wordless": ("test_it_says_what_it_is", "has no docstring"),
    "ReadsOnItsOwn": ("test_files_that_it_reads_are_declared", "short.txt"),
    "GivesAnObject": ("test_rows_are_json", "'day' holds an object"),
    "HasABadName": ("test_its_name_is_valid", "My Haiku"),
    "DiesWhenItGoesOn": ("test_an_interrupted_run_goes_on_to_the_same_rows", "the run did not resume"),
    "BeginsAtTheWrongPlace": ("test_an_interrupted_run_goes_on_to_the_same_rows", "'number': 2"),
    "DiesOfNone": ("test_an_answer_without_text_harms_its_row_alone", "AttributeError"),
    "WaitsForEver": ("test_a_refusal_harms_its_row_alone", "has not ended in 5 seconds"),
    "ReadsMoreThanItSays": ("test_only_the_inputs_named_are_read", "KeyError"),
    "CountsItsGenerations": ("test_each_generation_makes_its_rows", "4 rows, not 2"),
    "MakesNothing": ("test_rows_are_made", "'flower' is undefined"),
    "GivesNone": ("test_rows_are_made", "returned None"),
    "RejectsAll": ("test_rows_are_made", "rows, the first of them row 0: Reject: notes do not fit"),
}

TestSound = type("TestSound", (Contract,), {"task": Haiku})

for _fault in FAULTS:
    if f"Test{_fault}" not in globals():
        globals()[f"Test{_fault}"] = type(f"Test{_fault}", (Contract,), {"task": globals()[_fault]})
