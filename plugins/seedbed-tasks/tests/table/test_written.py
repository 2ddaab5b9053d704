"""Columns that a model writes: prompts, order, concurrency, what doesn't fit, and what is asked again."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, PrivateAttr

from seedbed import LLM, Capabilities, ParameterError, Request, Response, UsageError, get_task, run
from seedbed_tasks.table import (
    Category,
    Code,
    Computed,
    Embedding,
    Judge,
    Number,
    Structured,
    Table,
    Text,
)


class Model(LLM):
    """Answers with what a function makes of the last message, and notes its requests."""

    answer: Callable[[str], str] = lambda prompt: prompt.upper()
    _received: list[Request] = PrivateAttr(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(structured_output=True, seed=True)

    async def respond(self, request: Request) -> Response:
        self._received.append(request)
        return Response.of_text(self.answer(request.messages[-1]["content"]))

    @property
    def prompts(self) -> list[str]:
        return [request.messages[-1]["content"] for request in self._received]


def model(answer: Callable[[str], str] = lambda prompt: prompt.upper()) -> Model:
    return Model(model="m", answer=answer)


TOPIC = {"topic": Category(values=["tea"])}


def test_a_prompt_names_any_other_column_in_any_order() -> None:
    llm = model()
    columns = {
        "shout": Text(prompt="{{ text }}! {{ size }}", system_prompt="On {{ topic }}"),
        "text": Text(prompt="about {{ topic }}"),
        "size": Computed(expression="text | length"),
        **TOPIC,
    }

    (row,) = run(Table(columns=columns), n=1, llm=llm).rows()

    assert row == {
        "shout": "ABOUT TEA! 9",
        "text": "ABOUT TEA",
        "size": 9,
        "topic": "tea",
        "model_name": "m",
    }
    assert [*row] == ["shout", "text", "size", "topic", "model_name"]
    assert llm._received[-1].messages[0] == {"role": "system", "content": "On tea"}


def test_independent_columns_are_asked_for_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    class Meeting(LLM):
        async def respond(self, request: Request) -> Response:
            await asyncio.wait_for(both.wait(), 20)
            return Response.of_text("met")

    columns = {"a": Text(prompt="one"), "b": Text(prompt="two")}

    (row,) = run(Table(columns=columns), n=1, llm=Meeting(model="m")).rows()

    assert (row["a"], row["b"]) == ("met", "met")


def test_a_column_has_a_model_and_parameters_of_its_own() -> None:
    own, shared = model(lambda prompt: "own"), model(lambda prompt: "shared")
    columns: dict[str, Any] = {
        "a": Text(prompt="x", llm=own, generation={"temperature": 0.25}),
        "b": Text(prompt="y"),
    }

    (row,) = run(Table(columns=columns), n=1, llm=shared).rows()

    assert (row["a"], row["b"], row["model_name"]) == ("own", "shared", "m")
    assert own._received[0].temperature == 0.25
    assert shared._received[0].temperature != 0.25
    alone = Table(columns={"a": columns["a"]})
    assert not alone.needs_llm
    assert list(run(alone, n=1).rows()) == [{"a": "own"}]


def test_conditions_choose_another_prompt() -> None:
    columns = {
        "n": Number(min=0, max=9, integer=True),
        "x": Text(prompt="few {{ n }}", when={"n > 4": {"prompt": "many {{ n }}"}}),
    }

    rows = run(Table(columns=columns), n=30, llm=model()).rows()

    assert all(row["x"] == f"{'MANY' if row['n'] > 4 else 'FEW'} {row['n']}" for row in rows)


class Shop(BaseModel):
    name: str
    seats: int


SHOP = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "seats": {"type": "integer", "minimum": 2}},
    "required": ["name", "seats"],
}


@pytest.mark.parametrize("schema", [SHOP, Shop])
def test_structured_values_fit_their_schema_or_are_asked_for_again(schema: Any) -> None:
    answers = ['Sure: {"name": "Leaf", "seats": "many"}', 'Here: {"name": "Leaf", "seats": 4,}']
    llm = model(lambda prompt: answers["cannot be used" in prompt])

    (row,) = run(
        Table(columns={"shop": Structured(prompt="A shop for {{ topic }}", json_schema=schema), **TOPIC}),
        n=1,
        llm=llm,
    ).rows()

    assert row["shop"] == {"name": "Leaf", "seats": 4}
    assert "the answer does not fit (" in llm.prompts[1]
    assert "seats" in llm.prompts[1]
    assert llm._received[0].schema is not None


def test_a_value_that_never_fits_is_rejected() -> None:
    table = Table(columns={"shop": Structured(prompt="A shop", json_schema=SHOP)}, max_reasks=1)
    found = run(table, n=1, llm=model(lambda prompt: '{"name": "x", "seats": 1}'), max_attempts=2)

    assert found.accepted == 0
    assert sum(found.rejections.values()) == 2
    assert "less than the minimum of 2" in next(iter(found.rejections))


JUDGED = {
    "question": Category(values=["Why is the sky blue?"]),
    "answer": Category(values=["Light scatters."]),
}


def test_a_judge_scores_columns_by_a_rubric_with_a_reason() -> None:
    llm = model(lambda prompt: 'Well. {"reason": " Right, but short. ", "score": "3"}')
    columns = {
        **JUDGED,
        "verdict": Judge(
            of=["question", "answer"], rubric="Is it right on {{ topic }}?", scores={1: "no", 3: "yes"}
        ),
        **TOPIC,
        "score": Computed(expression="verdict.score"),
    }

    (row,) = run(Table(columns=columns), n=1, llm=llm).rows()

    assert row["verdict"] == {"score": 3, "reason": "Right, but short."}
    assert row["score"] == 3
    (prompt,) = llm.prompts
    for part in (
        "by this rubric: Is it right on tea?",
        "[question]\nWhy is the sky blue?",
        "[answer]\nLight scatters.",
        "1: no",
        "3: yes",
    ):
        assert part in prompt


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"reason": "x", "score": 2}', "score: it is one of 1, 3"),
        ('{"reason": "", "score": 3}', "reason: it is missing"),
        ('{"score": true, "reason": "x"}', "score: it is one of 1, 3"),
        ("[3]", "score: it is one of 1, 3"),
        ('{"reason": "x", "score": [3]}', "score: it is one of 1, 3"),
        ('{"reason": "x", "score": "--3"}', "score: it is one of 1, 3"),
        ('{"reason": "x", "score": 1%s}' % ("0" * 400), "score: it is one of 1, 3"),
    ],
)
def test_a_verdict_that_does_not_fit_is_asked_for_again(answer: str, said: str) -> None:
    good = '{"reason": "fine", "score": 1}'
    llm = model(lambda prompt: good if "cannot be used" in prompt else answer)
    judge = Judge(of=["answer"], rubric="Is it right?", scores={1: "no", 3: "yes"})

    (row,) = run(Table(columns={**JUDGED, "v": judge}), n=1, llm=llm).rows()

    assert row["v"] == {"score": 1, "reason": "fine"}
    assert said in llm.prompts[1]


def test_rows_that_a_judge_scores_too_low_are_replaced() -> None:
    def answer(prompt: str) -> str:
        return json.dumps({"reason": "so", "score": 5 if "[n]\n7" in prompt else 2})

    columns = {
        "n": Number(min=6, max=7, integer=True),
        "v": Judge(of=["n"], rubric="Is it 7?", at_least=3),
    }

    found = run(Table(columns=columns), n=10, llm=model(answer))

    assert [row["n"] for row in found.rows()] == [7] * 10
    assert found.rejections == {"a score below 3": found.rejected}
    assert found.rejected > 0


def test_constraints_over_written_columns_replace_rows() -> None:
    columns = {"n": Number(min=1, max=4, integer=True), "x": Text(prompt="{{ n }}")}

    found = run(Table(columns=columns, constraints=["x != '2'", "n < 4"]), n=20, llm=model())

    assert {row["x"] for row in found.rows()} == {"1", "3"}
    assert {*found.rejections} == {"not x != '2'"}


CODE = [
    (
        "python",
        "```python\ndef f(:\n```",
        "Here:\n```bash\npip install x\n```\n```py\ndef f():\n    pass\n```",
        "def f():\n    pass",
    ),
    ("json", '{"a": 1,}', '{"a": 1}', '{"a": 1}'),
    ("json", "[NaN]", "[1]", "[1]"),
    ("yaml", "a: [1", "a: [1]", "a: [1]"),
    ("yaml", "[" * 5000 + "]" * 5000, "[[1]]", "[[1]]"),
    ("toml", "a =", "a = 1", "a = 1"),
    ("xml", "<a><b></a>", "<a><b/></a>", "<a><b/></a>"),
    ("xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a/>", "<a/>"),
    ("regex", "(a", "(a)", "(a)"),
    ("sql", "selec a from", "```\nselect a from b\n```", "select a from b"),
    ("python", "```python\nx = 1", "x = 1", "x = 1"),
    ("python", "  \n", "y = 1", "y = 1"),
]


@pytest.mark.parametrize(("language", "bad", "good", "code"), CODE)
def test_code_is_parsed_and_asked_for_again(language: str, bad: str, good: str, code: str) -> None:
    llm = model(lambda prompt: good if "cannot be used" in prompt else bad)

    (row,) = run(Table(columns={"x": Code(language=language, prompt="Write it.")}), n=1, llm=llm).rows()

    assert row["x"] == code
    assert len(llm.prompts) == 2


def test_code_of_other_languages_is_taken_as_it_is() -> None:
    column = Code(language="rust", prompt="Write it.", check=False)

    (row,) = run(Table(columns={"x": column}), n=1, llm=model(lambda _: "```rust\nfn main( {\n```")).rows()

    assert row["x"] == "fn main( {"


def test_vectors_are_those_of_the_embedder() -> None:
    columns = {**TOPIC, "v": Embedding(of=["topic"], embedder="static/wordllama")}
    table = Table(columns=columns)

    rows = list(run(table, n=2).rows())

    assert not table.needs_llm
    assert len(rows[0]["v"]) == 256
    assert rows[0]["v"] == rows[1]["v"]
    assert [*rows[0]] == ["topic", "v"]


def test_unique_columns_that_a_model_writes_are_compared_with_earlier_rows() -> None:
    columns = {
        "n": Number(min=0, max=9, integer=True),
        "x": Text(prompt="{{ n // 2 }}", unique=True),
        "y": Computed(expression="n % 10", unique=True),
    }

    found = run(Table(columns=columns), n=5, llm=model(), seed=1)

    rows = list(found.rows())
    assert len({row["x"] for row in rows}) == len({row["y"] for row in rows}) == 5
    assert {*found.rejections} <= {
        "'x' has the value of an earlier row",
        "'y' has the value of an earlier row",
    }
    assert found.rejected > 0


def test_a_new_column_buys_no_answer_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    columns: dict[str, Any] = {"a": Text(prompt="one {{ topic }}"), "b": Text(prompt="two {{ a }}"), **TOPIC}
    first, second = model(), model()
    before = list(run(Table(columns=columns), n=3, llm=first, name="r").rows())
    more = {"z": Text(prompt="one {{ topic }}"), "new": Text(prompt="new {{ b }}"), **columns}

    after = list(run(Table(columns=more), n=3, llm=second, name="r").rows())

    assert [{name: row[name] for name in columns} for row in after] == [
        {name: row[name] for name in columns} for row in before
    ]
    assert len(first.prompts) == 6
    assert sorted(set(second.prompts)) == ["new TWO ONE TEA", "one tea"]
    assert len(second.prompts) == 6
    seeds = {(request.messages[-1]["content"], request.seed) for request in first._received}
    assert len(seeds) == 6


def test_a_failing_column_fails_its_row_alone() -> None:
    columns = {
        "n": Number(min=0, max=1, integer=True),
        "x": Computed(expression="1 / (y | length - 1)"),
        "y": Text(prompt="{{ 'a' * (n + 1) }}"),
        "z": Text(prompt="z {{ n }}"),
    }

    found = run(Table(columns=columns), n=10, llm=model())

    assert found.accepted + found.failed == 10
    assert 0 < found.failed < 10
    assert all(row["y"] == "AA" for row in found.rows())


def test_pairs_of_categories_are_covered_by_the_first_rows() -> None:
    sizes = {"a": 4, "b": 3, "c": 3, "d": 2}
    columns: dict[str, Any] = {
        name: Category(values=[f"{name}{k}" for k in range(size)]) for name, size in sizes.items()
    }
    rows = list(run(Table(columns=columns, pairwise=[*sizes]), n=16, seed=2).rows())

    for first in sizes:
        for second in sizes:
            if first < second:
                pairs = {(row[first], row[second]) for row in rows}
                assert len(pairs) == sizes[first] * sizes[second]
    free = list(run(Table(columns=columns), n=40, seed=2).rows())
    covered = list(run(Table(columns=columns, pairwise=["a", "b"]), n=40, seed=2).rows())
    assert covered[12:] == free[12:]
    assert [row["c"] for row in covered] == [row["c"] for row in free]


WRONG: list[tuple[dict[str, Any], str]] = [
    # text
    ({"x": {"kind": "text"}}, "columns.x.prompt: this field is required"),
    ({"x": {"kind": "text", "prompt": "{{ y }"}}, "line 1 of the template"),
    (
        {"x": {"kind": "text", "prompt": "{{ topc }}"}, "topic": {"kind": "uuid"}},
        "reads 'topc', but there is no such column; did you mean 'topic'?",
    ),
    ({"x": {"kind": "text", "prompt": "{{ x }}"}}, "columns read each other in a circle: 'x' -> 'x'"),
    ({"x": {"kind": "text", "prompt": "a", "llm": "no-slash"}}, "the LLM reference 'no-slash'"),
    (
        {"x": {"kind": "text", "prompt": "a", "generation": {"temprature": 1}}},
        "columns.x.generation.temprature",
    ),
    (
        {"x": {"kind": "text", "prompt": "a", "when": {"1 > 0": {"llm": "a/b"}}}},
        "'llm' is the same for all rows",
    ),
    # structured
    ({"x": {"kind": "structured", "prompt": "a"}}, "json_schema"),
    ({"x": {"kind": "structured", "prompt": "a", "json_schema": {"type": "objekt"}}}, "a schema begins with"),
    (
        {"x": {"kind": "structured", "prompt": "a", "json_schema": {"type": "object", "required": 1}}},
        "it's no JSON Schema: 1 is not of type 'array'",
    ),
    # judge
    (
        {"x": {"kind": "judge", "of": ["y"], "rubric": "r"}},
        "column 'x' reads 'y', but there is no such column",
    ),
    (
        {"x": {"kind": "judge", "of": [], "rubric": "r"}},
        "columns.x.of: must have at least 1 item, not 0",
    ),
    (
        {"x": {"kind": "judge", "of": ["y"], "rubric": "r", "at_least": 9}},
        "at_least is 9, but the scores are 1, 2",
    ),
    (
        {"x": {"kind": "judge", "of": ["y"], "rubric": "r", "scores": {"a": "b", "c": "d"}}},
        "columns.x.scores",
    ),
    # code
    ({"x": {"kind": "code", "prompt": "a"}}, "columns.x.language: this field is required"),
    (
        {"x": {"kind": "code", "prompt": "a", "language": "cobol"}},
        "no parser for 'cobol': set `check: false`",
    ),
    ({"x": {"kind": "code", "prompt": "a", "language": "python", "dialect": "x"}}, "`dialect` is one of SQL"),
    # embedding
    ({"x": {"kind": "embedding", "of": ["y"]}}, "columns.x.embedder: this field is required"),
    ({"x": {"kind": "embedding", "of": ["y"], "embedder": "static"}}, "the embedder reference 'static'"),
    ({"x": {"kind": "embedding", "of": [], "embedder": "static/wordllama"}}, "columns.x.of"),
    # between columns
    (
        {
            "x": {"kind": "subcategory", "of": "y", "values": {"a": ["b"]}},
            "y": {"kind": "text", "prompt": "a"},
        },
        "column 'x' is drawn before a model has written 'y', which it reads",
    ),
    (
        {"x": {"kind": "text", "prompt": "a", "unique": True, "drop": True}},
        "column 'x' is dropped, so rows can't",
    ),
]


@pytest.mark.parametrize(("columns", "said"), WRONG)
def test_a_written_column_that_does_not_fit_is_refused(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        get_task("table", columns=columns)

    assert said in "\n".join([caught.value.fact, *caught.value.advice])


@pytest.mark.parametrize(
    ("pairwise", "said"),
    [
        (["a"], "two or more different columns"),
        (["a", "a"], "two or more different columns"),
        (["a", "bb"], "'bb', but there is no such column"),
        (["a", "n"], "'n' is none"),
    ],
)
def test_what_cannot_be_covered_is_refused(pairwise: list[str], said: str) -> None:
    columns = {"a": Category(values=[1, 2]), "n": Number(min=0, max=1)}

    with pytest.raises(ParameterError, match=re.escape(said)):
        Table(columns=columns, pairwise=pairwise)


def test_sql_of_an_unknown_dialect_ends_the_run_before_a_call() -> None:
    llm = model()
    with pytest.raises(UsageError, match="column 'x': sqlglot has no dialect 'klingon'"):
        run(Table(columns={"x": Code(language="sql", dialect="klingon", prompt="a")}), n=1, llm=llm)

    assert llm.prompts == []
