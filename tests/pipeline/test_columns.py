"""Columns are followed along the real path, and what is certainly missing is said before a run."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel

from seedbed import (
    CombineStep,
    Concat,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    Join,
    Pass,
    Pipeline,
    Step,
    Task,
    UsageError,
    get_step,
    otherwise,
    run,
    when,
)
from seedbed.pipeline.column_checks import check_columns
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row
from seedbed.testing import EchoLLM


class Numbers(GeneratorStep):
    outputs: ClassVar[list[str]] = ["number", "word"]

    def process(self, offset: int = 0) -> Any:
        yield {"number": 1, "word": "one"}


class Sampling(GeneratorTask):
    template: str = "Write about {{ topic }}."

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"topic": "tax"}


class Constant(GeneratorTask):
    template: str = "Write."


class Answer(Task):
    template: str = "Answer: {{ word }}"
    outputs: ClassVar[list[str]] = ["answer"]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"answer": output}


class Judge(Task):
    template: str = "Judge {{ answer }}."

    class Output(BaseModel):
        score: int
        verdict: Literal["good", "bad"]
        note: str | None = None


class Loose(Task):
    template: str = "{{ number }}"

    def format_output(self, output: str | None, input: Row | None) -> Row:
        return {"anything": output}


class Filter(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        return row


class Unsaid(Step):
    def process(self, row: Row) -> Row:
        return row


class Measure(Step):
    outputs: ClassVar[list[str]] = ["length"]
    inputs: ClassVar[list[str]] = ["answer"]

    def process(self, row: Row) -> Row:
        return {"length": len(row["answer"])}


class Sort(GlobalStep):
    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["score"]

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return sorted(rows, key=lambda row: row["score"])


class Zip(CombineStep):
    outputs: ClassVar[list[str]] = ["pair"]

    def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
        return ({"pair": list(pair)} for pair in zip(*inputs, strict=True))


def reads(column: str, **fields: Any) -> Task:
    return Task(template=f"{{{{ {column} }}}}", **{"name": "reader", **fields})


def check(pipeline: Pipeline, columns: Collection[str] | None = None) -> None:
    check_columns(pipeline.topology(), columns)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Numbers() >> Answer() >> Judge() >> Sort(),
        lambda: Numbers() >> Answer() >> Measure() >> reads("length"),
        lambda: Numbers() >> Answer() >> Measure() >> reads("word"),
        lambda: Numbers() >> Unsaid() >> reads("surprise"),
        lambda: Numbers() >> Loose() >> reads("anything"),
        lambda: Sampling() >> reads("topic"),
        lambda: Numbers() >> [Answer(), Pass()] >> reads("answer"),
        lambda: Numbers() >> [Answer(name="one"), Judge(template="x")] >> reads("judge_model_name"),
        lambda: Numbers() >> Answer() >> Judge() >> reads("judge_model_name"),
        lambda: Numbers() >> Answer() >> [Judge(), Pass()] >> reads("judge_model_name"),
        lambda: Numbers() >> [when("number > 3", Pass()), otherwise(Filter())] >> reads("word"),
        lambda: [Numbers(name="a"), Numbers(name="b")] >> Join(on=["number"]) >> reads("word_2"),
        lambda: [Numbers(name="a"), Constant()] >> Concat() >> reads("generation"),
        lambda: Numbers() >> Answer(output_mappings={"answer": "reply"}) >> reads("reply"),
        lambda: Numbers() >> Pass(output_mappings={"word": "term"}) >> reads("term"),
        lambda: Numbers() >> get_step("filter", keep="late is defined") >> Pass() >> reads("late"),
        lambda: Numbers() >> get_step("filter", keep="late | default('')") >> reads("late"),
        lambda: Numbers() >> [when("late is defined", reads("late")), otherwise(Pass())],
    ],
)
def test_a_column_that_may_be_there_is_no_error(make: Callable[[], Pipeline]) -> None:
    check(make())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Numbers() >> reads("wrod"),
            "step 'reader' reads a column 'wrod', but what 'numbers' makes doesn't have it\n"
            "  did you mean 'word'?\n"
            "  columns there: number, word",
        ),
        (lambda: Numbers() >> Answer() >> Filter() >> reads("sum"), "what 'filter' makes doesn't have it"),
        (lambda: Constant() >> reads("topic"), "columns there: generation, model_name"),
        (lambda: Numbers() >> Sort(), "step 'sort' reads a column 'score'"),
        (lambda: Numbers() >> [Answer(), Pass()] >> reads("x"), "joined with what 'pass' makes"),
        (
            lambda: Numbers() >> [when("number > 3", Answer()), otherwise(Pass())] >> reads("answer"),
            "'answer', but what 'pass' makes doesn't have it",
        ),
        (
            lambda: Numbers() >> [when("langu == 'en'", Answer()), otherwise(Pass())],
            "the condition \"langu == 'en'\" on the route to 'answer' reads a column 'langu'",
        ),
        (
            lambda: [Numbers(name="a"), Constant()] >> Join(on=["number"]),
            "'number', but what 'constant' makes",
        ),
        (
            lambda: [Numbers(name="a"), Numbers(name="b")] >> Join(on=["number"]) >> reads("word_3"),
            "'word_3'",
        ),
        (lambda: [Numbers(name="a"), Numbers(name="b")] >> Zip() >> reads("pairs"), "did you mean 'pair'?"),
        (lambda: Numbers() >> Answer(output_mappings={"answer": "reply"}) >> Judge(), "a column 'answer'"),
        (lambda: Numbers() >> Pass(output_mappings={"word": "term"}) >> reads("word"), "a column 'word'"),
        (
            lambda: Numbers() >> get_step("drop", without=["word"]) >> reads("word"),
            "'word', but what 'drop' makes doesn't have it\n  columns there: number",
        ),
        (
            lambda: Numbers() >> get_step("chunk", column="word") >> Pass() >> reads("word"),
            "columns there: number, chunk, part, start, end",
        ),
        (
            lambda: Numbers() >> Answer(output_mappings={"anwser": "reply"}),
            "step 'answer' makes no column 'anwser'",
        ),
    ],
)
def test_a_column_that_is_certainly_missing_is_said(make: Callable[[], Pipeline], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        check(make())

    assert said in str(raised.value)


def test_the_input_is_looked_at_where_its_columns_are_known() -> None:
    check(Pipeline([Answer()]))
    check(Pipeline([Answer()]), ["word", "other"])

    with pytest.raises(UsageError, match="'word', but the input doesn't have it\n  did you mean 'words'"):
        check(Pipeline([Answer()]), ["words"])
    with pytest.raises(UsageError, match="columns there: none"):
        check([Answer(), Measure()] >> Concat(), [])
    with pytest.raises(UsageError, match="reads a column 'lang', but the input doesn't have it"):
        check([when("lang", Answer()), otherwise(Pass())] >> Filter(), ["word"])


@pytest.mark.parametrize("as_file", [True, False])
def test_rows_that_differ_may_have_other_columns_later(as_file: bool, tmp_path: Path) -> None:
    def made(rows: Sequence[Row], name: str) -> int:
        (tmp_path / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        given = tmp_path / name if as_file else rows
        return run(reads("late"), input=given, llm=EchoLLM(), give_up_after=1000).accepted

    alike: list[Row] = [{"word": "a"}] * 100
    differing: list[Row] = [{"word": "a"}, {"word": "b", "note": ""}] * 20

    assert made([*differing, *alike, {"late": "x"}], "more.jsonl") == 1
    for rows in (differing, [*alike, {"late": "x"}]):
        with pytest.raises(UsageError, match="a column 'late', but the input doesn't have it"):
            made(rows, "fewer.jsonl")


class Reads(Task):
    template: str = "{{ score }}"

    class Input(BaseModel):
        score: float
        extra: str = "not needed"


class ReadsText(Reads):
    class Input(BaseModel):
        score: str


class ReadsNote(Reads):
    class Input(BaseModel):
        note: str
        verdict: str


def test_the_columns_of_a_declared_input_are_needed() -> None:
    assert Reads().inputs == ["score"]
    assert ReadsNote(template="{{ other }}").inputs == ["note", "other", "verdict"]


def test_types_that_can_agree_are_no_error() -> None:
    check(Numbers() >> Answer() >> Judge() >> Reads())
    check(Numbers() >> Answer() >> Judge() >> ReadsNote(template="x"))
    check(Numbers() >> Answer() >> Judge() >> Unsaid() >> ReadsText())
    check(Pipeline([ReadsText()]), ["score"])


def test_types_that_cannot_agree_are_said() -> None:
    problem = "step 'reads-text' reads column 'score' as string, but what 'judge' makes has number"
    with pytest.raises(UsageError, match=problem):
        check(Numbers() >> Answer() >> Judge() >> ReadsText())
    with pytest.raises(
        UsageError, match="reads column 'score' as string, but what 'filter' makes has number"
    ):
        check(Numbers() >> Answer() >> Judge() >> Filter() >> ReadsText())


def test_the_model_names_of_joined_branches_are_kept_apart() -> None:
    topology = (Constant() >> [Loose(name="first-one"), Loose(name="two") >> Unsaid()] >> Pass()).topology()

    merge = topology.node("pass").merge
    assert merge is not None
    # That of the first stays.
    assert merge.renames == {"unsaid": {"model_name": "two_model_name"}}


def test_one_model_name_is_left_as_it_is() -> None:
    merge = (Numbers() >> [Answer(), Pass()] >> Filter()).topology().node("filter").merge

    assert merge is not None
    assert merge.renames == {}


def test_a_column_that_two_branches_make_is_refused_with_the_way_out() -> None:
    first, second = Answer(name="first"), Answer(name="second")

    with pytest.raises(UsageError, match="'first' and 'second' both make a column 'answer'") as raised:
        (Numbers() >> [first >> Filter(), second] >> Pass()).topology()

    assert "output_mappings={'answer': 'answer_second'}" in str(raised.value)
    mapped = Answer(name="second", output_mappings={"answer": "answer_second"})
    check(Numbers() >> [first >> Filter(), mapped] >> reads("answer_second"))


def test_a_column_that_may_be_gone_again_is_no_clash() -> None:
    first, second = Answer(name="first"), Answer(name="second")

    topology = (Numbers() >> [first >> Measure(), second] >> Pass()).topology()

    merge = topology.node("pass").merge
    assert merge is not None
    assert merge.renames == {"second": {"model_name": "second_model_name"}}


def test_what_was_made_before_branches_part_is_no_clash() -> None:
    one, two, three, four = (Filter(name=name) for name in ("one", "two", "three", "four"))

    topology = (Numbers() >> [Answer(), one] >> [two, three] >> four).topology()

    merge = topology.node("four").merge
    assert merge is not None
    assert merge.renames == {}


def test_routes_may_make_the_same_column() -> None:
    routes = [when("number > 3", Answer(name="first")), otherwise(Answer(name="second"))]

    check(Numbers() >> routes >> reads("answer"))


def test_a_generator_that_names_its_variables_makes_no_other_columns():
    class Named(GeneratorTask):
        template: str = "{{ topic }}"
        sampled = ("topic",)

        def sample(self, index, rng):
            return {"topic": "tea", "_hint": "x"}

    class Behind(Task):
        template: str = "{{ topic }} {{ generation }}"

    class Misspelt(Task):
        template: str = "{{ topik }}"

    check_columns((Named() >> Behind()).topology())
    with pytest.raises(UsageError, match="topik"):
        check_columns((Named() >> Misspelt()).topology())


class Scores(Step):
    inputs: ClassVar[list[str]] = ["verdict"]
    by: str = "score"

    def process(self, row: Row) -> Row:
        return row


class Whole(Task):
    template: str = "{{ verdict }}"


@pytest.mark.parametrize(
    ("step", "advice"),
    [
        (Scores(), "put the step 'rename' before: names={'COLUMN': 'verdict'}"),
        (
            Whole(),
            "name that in the prompt: template='{{ COLUMN }}' in Python, "
            "--set template='{{ COLUMN }}' on the command",
        ),
        (Scores(by="verdict"), None),
        (Whole(template="My own: {{ verdict }}"), None),
    ],
)
def test_a_column_that_the_user_did_not_name_can_be_provided(step: BaseStep, advice: str | None) -> None:
    with pytest.raises(UsageError, match="reads a column 'verdict'") as raised:
        check(Pipeline([step]), ["text"])

    assert str(raised.value).partition("if another one has it, ")[2] == (advice or "")
