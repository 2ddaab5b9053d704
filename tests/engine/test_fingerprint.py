"""What a step's results follow from is in its fingerprint, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, NamedTuple

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator
from tests.support.scripted_llm import ScriptedLLM, scripted

from seedbed import GeneratorTask, Step, Task
from seedbed.engine.resume.fingerprint import step_fingerprint
from seedbed.tasks.rows import Row


def fingerprint(step: Any, seed: int = 0) -> bytes:
    return step_fingerprint(step, seed)


class ServedLLM(ScriptedLLM):
    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "place"})


class Score(Task):
    template: str = "{{ text }}"
    strict: bool = False
    score: Callable[[Row], Any] | None = None


SAME = [
    pytest.param(Score(), Score(), id="equal steps"),
    pytest.param(Score(llm=scripted()), Score(llm=scripted()), id="equal models"),
    pytest.param(
        Score(llm=scripted(api_key=SecretStr("one"))), Score(llm=scripted(api_key=SecretStr("two"))), id="key"
    ),
    pytest.param(
        Score(llm=ServedLLM(place="here", timeout=1)), Score(llm=ServedLLM(place="there")), id="endpoint"
    ),
]
OTHERS = [
    pytest.param(Score(), Score(name="other"), id="name"),
    pytest.param(Score(), Score(strict=True), id="parameter"),
    pytest.param(Score(), Score(template="{{ text }}!"), id="prompt"),
    pytest.param(Score(llm=scripted()), Score(llm=scripted(model="other")), id="model"),
    pytest.param(Score(llm=scripted()), Score(llm=scripted(temperature=1)), id="default of the model"),
    pytest.param(Score(), Score(generation={"temperature": 1}), id="sampling parameter"),
    pytest.param(Score(), Score(output_mappings={"generation": "text"}), id="name of a column"),
    pytest.param(Score(score=lambda row: 1), Score(score=lambda row: 2), id="function as a parameter"),
    pytest.param(Score(score=partial(max, 1)), Score(score=partial(max, 2)), id="partial as a parameter"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_where_a_model_is_and_its_key_are_not_in_it(one: Any, other: Any) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_shapes_an_answer_is_in_it(one: Any, other: Any) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_the_seed_of_the_run_is_in_it() -> None:
    assert fingerprint(Score(), 0) != fingerprint(Score(), 1)


def closing_over(value: Any) -> Step:
    class Closing(Step):
        def process(self, row: Row) -> Row:
            return {**row, "value": value}

    return Closing()


def calling(function: Callable[[], int]) -> Step:
    class Calling(Step):
        def process(self, row: Row) -> Row:
            return {**row, "value": function()}

    return Calling()


def one() -> int:
    return 1


def two() -> int:
    return 2


def typed(field: Any, valid: str = "a") -> GeneratorTask:
    class Typed(GeneratorTask):
        template: str = "Go on."

        class Output(BaseModel):
            text: str = field

            @field_validator("text")
            @classmethod
            def check(cls, text: str) -> str:
                assert text != valid
                return text

    return Typed()


def with_method(body: str) -> Step:
    names: dict[str, Any] = {"Step": Step, "__name__": __name__}
    source = f"class Own(Step):\n    def process(self, row): return self.model_answer(row)\n{body}"
    exec(source, names)
    made: Step = names["Own"]()
    return made


def using(table: Any) -> Step:
    names: dict[str, Any] = {"Step": Step, "__name__": __name__, "TABLE": table}
    exec("class Own(Step):\n    def process(self, row): return {**row, 'of': str(TABLE)}", names)
    made: Step = names["Own"]()
    return made


class Pair(NamedTuple):
    """A number, and what is done with it."""

    number: int
    what: Callable[..., Any]


class Itself(list[Any]):
    """Holds itself."""

    def __init__(self) -> None:
        self.append(self)


CODE = [
    pytest.param(using(["a", "b"]), using(["a", "c"]), id="list of the module"),
    pytest.param(using({"a": ("b", 1)}), using({"a": ("b", 2)}), id="dictionary of the module"),
    pytest.param(using({"a", "b"}), using({"a", "c"}), id="set of the module"),
    pytest.param(using({"a": [one]}), using({"a": [two]}), id="function in a dictionary of the module"),
    pytest.param(using([Pair(1, one)]), using([Pair(1, two)]), id="function in a named tuple of the module"),
    pytest.param(using([OrderedDict(a=one)]), using([OrderedDict(a=two)]), id="function in an OrderedDict"),
    pytest.param(using({1: "a"}), using({"1": "a"}), id="a number as key, and its text"),
    pytest.param(using([{1: one}]), using([{1: two}]), id="function under a number as key"),
    pytest.param(using(["\ud83d", {"a"}]), using(["\ud83d", {"b"}]), id="half a character, and a set"),
    pytest.param(using([2**64]), using([2**64 + 1]), id="a number of more than 64 bits"),
    pytest.param(closing_over(1), closing_over(2), id="enclosed value"),
    pytest.param(calling(one), calling(two), id="enclosed function"),
    pytest.param(typed(Field(max_length=3)), typed(Field(max_length=4)), id="schema of a row"),
    pytest.param(typed(Field()), typed(Field(), valid="b"), id="validator of a row"),
    pytest.param(
        with_method("    def model_answer(self, row): return 1"),
        with_method("    def model_answer(self, row): return 2"),
        id="method",
    ),
    pytest.param(
        with_method("    def model_answer(self, row, *, n=1): return n"),
        with_method("    def model_answer(self, row, *, n=2): return n"),
        id="default of a keyword",
    ),
]


@pytest.mark.parametrize(("one", "other"), CODE)
def test_the_code_that_makes_a_row_is_in_it(one: Any, other: Any) -> None:
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(using([object()]), using([object()]), id="objects, which differ in each process"),
        pytest.param(using({"a": textwrap.dedent}), using({"a": textwrap.fill}), id="functions of libraries"),
        pytest.param(using([Itself()]), using([Itself()]), id="a list that holds itself"),
    ],
)
def test_what_a_table_of_the_module_holds_besides_is_not_in_it(one: Any, other: Any) -> None:
    assert fingerprint(one) == fingerprint(other)


def test_what_a_step_collects_in_a_table_of_the_module_is_not_in_it() -> None:
    table: list[str] = []
    step = using(table)
    before = fingerprint(step)

    table.append("seen")

    assert fingerprint(step) == before


def test_a_comment_is_not_in_it() -> None:
    made = [
        with_method(
            f"    def model_answer(self, row):{comment}\n        row = 1{comment}\n        return row"
        )
        for comment in ("", "  # one", "\n        # one\n")
    ]

    assert len({fingerprint(step) for step in made}) == 1


PROGRAM = """
from pydantic import BaseModel, field_validator
from seedbed import GeneratorTask
from seedbed.engine.resume.fingerprint import step_fingerprint
from tests.support.scripted_llm import scripted

WORDS = {"alpha", "beta", "gamma", "delta"}

class Place:
    pass

class Typed(GeneratorTask):
    template: str = "Go on."
    words: set[str] = WORDS
    hook: object = print
    hooks: set[object] = {print, len, lambda text: text.strip(), Place(), (frozenset(WORDS), 1), (2,)}

    class Output(BaseModel):
        text: str | None

        @field_validator("text")
        @classmethod
        def check(cls, text):
            return text if text in {"alpha", "beta", "gamma", "delta"} else None

print(step_fingerprint(Typed(llm=scripted()), 0).hex())
"""


@pytest.mark.slow
def test_it_is_the_same_in_every_process() -> None:
    def of_a_process(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert of_a_process("1") == of_a_process("2") != ""
