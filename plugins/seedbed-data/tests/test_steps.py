"""What each step does to rows, what it rejects, and what it says of wrong parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed import BaseStep, ParameterError, Pipeline, Reject, Row, UsageError, run
from seedbed.testing import EchoLLM
from seedbed_data import (
    Drop,
    Explode,
    Filter,
    Length,
    Limit,
    Map,
    Messages,
    Rename,
    Sample,
    Select,
    Shuffle,
    Sort,
    Split,
    Template,
)

ROWS = [{"text": "a b", "n": 3}, {"text": "a b c d", "n": 1}, {"text": "", "n": 2}]


def made(step: BaseStep | Pipeline, rows: list[Row]) -> list[Row]:
    return [*run(step, input=rows).rows()]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Filter(keep="n > 1"), [ROWS[0], ROWS[2]]),
        (Length(at_least=2, at_most=3, unit="words"), [ROWS[0]]),
        (Length(at_most=3), [ROWS[0], ROWS[2]]),
        (Limit(rows=2), ROWS[:2]),
        (Limit(rows=0), []),
        (
            Map(make={"n": "n + 1", "next": "n + 1"}),
            [{**row, "n": row["n"] + 1, "next": row["n"] + 2} for row in ROWS],
        ),
        (Template(template="<{{ text }}>"), [{**row, "text": f"<{row['text']}>"} for row in ROWS]),
        (Select(only=["n"]), [{"n": 3}, {"n": 1}, {"n": 2}]),
        (Drop(without=["text"]), [{"n": 3}, {"n": 1}, {"n": 2}]),
        (Rename(names={"text": "n", "n": "text"}), [{"n": row["text"], "text": row["n"]} for row in ROWS]),
        (Sort(by="n"), [ROWS[1], ROWS[2], ROWS[0]]),
        (Sort(by="text | length", descending=True), [ROWS[1], ROWS[0], ROWS[2]]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseStep) else "",
)
def test_rows_come_out_as_they_should(step: BaseStep, expected: list[Row]) -> None:
    assert made(step, ROWS) == expected


def test_a_list_is_exploded_into_rows_with_their_position() -> None:
    rows = [{"id": 1, "of": ["x", "y"]}, {"id": 2, "of": []}]
    exploded = run(Explode(column="of", into="one", position="at"), input=rows)

    assert [(row["id"], row["one"], row["at"]) for row in exploded.rows()] == [(1, "x", 0), (1, "y", 1)]
    assert exploded.rejections == {"'of' is an empty list": 1}


def test_columns_become_messages() -> None:
    row = {"about": "You are brief.", "question": "Why?", "answer": "So."}

    (one,) = made(Messages(system="about", user="question", assistant="answer"), [row])

    assert [message["role"] for message in one["messages"]] == ["system", "user", "assistant"]
    assert [message["content"] for message in one["messages"]] == ["You are brief.", "Why?", "So."]


def test_rows_without_a_value_are_sorted_to_the_end() -> None:
    rows = [{"n": None}, {"n": 2}, {"n": 1}]

    assert [row["n"] for row in made(Sort(by="n"), rows)] == [1, 2, None]
    assert [row["n"] for row in made(Sort(by="n", descending=True), rows)] == [2, 1, None]


def test_a_filter_says_why_rows_are_missing() -> None:
    filtered = run(Filter(keep="n > 1") >> Length(at_least=1), input=ROWS)

    assert filtered.rejections == {"not n > 1": 1, "'text' has fewer than 1 characters": 1}


def test_rows_beyond_a_limit_are_not_read_and_those_of_a_sample_are_counted() -> None:
    assert run(Limit(rows=1), input=ROWS).rejections == {}
    assert run(Sample(share=0), input=ROWS).rejections == {"not in the sample of 0": 3}


def test_a_shuffle_follows_from_its_seed_and_loses_nothing() -> None:
    rows = [{"n": n} for n in range(50)]
    first, again, other = (made(Shuffle(seed=seed), rows) for seed in (1, 1, 2))

    assert first == again != other
    assert sorted(row["n"] for row in other) == [*range(50)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(), min_size=1), max_size=30))
def test_chance_follows_from_what_a_row_holds(rows: list[Row]) -> None:
    sample, split = Sample(share=0.5, seed=3), Split(parts={"a": 0.5, "b": 0.5})

    def chosen(row: Row) -> Row | None:
        try:
            return sample.process(row)
        except Reject:
            return None

    forwards = [(chosen(row), split.process(row)) for row in rows]
    other_way = [(chosen({**row}), split.process(dict(reversed(row.items())))) for row in rows[::-1]]

    assert forwards == other_way[::-1]


@pytest.mark.slow
def test_shares_are_kept_on_average() -> None:
    rows = [{"n": n} for n in range(20_000)]
    parts = [Split(parts={"train": 0.9, "test": 0.1}).process(row)["split"] for row in rows]
    sampled = made(Sample(share=0.25), rows)

    assert parts.count("test") == pytest.approx(2_000, rel=0.1)
    assert len(sampled) == pytest.approx(5_000, rel=0.1)
    assert [len(made(Sample(share=share), rows[:20])) for share in (0, 1)] == [0, 20]


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        (Filter, {"keep": "n >"}, "is not an expression"),
        (Map, {"make": {"m": "1 +"}}, "is not an expression"),
        (Template, {"template": "{% if %}"}, "line 1 of the template"),
        (Split, {"parts": {"train": 0.9}}, "the shares make 0.9, not 1"),
        (Split, {"parts": {"train": 1.5, "test": -0.5}}, "a share is less than 0"),
        (Length, {"at_least": 3, "at_most": 2}, "less than at_least"),
        (Sample, {"share": 2}, "must be at most 1"),
    ],
)
def test_wrong_parameters_are_refused_when_the_step_is_made(
    step: type[BaseStep], fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        step(**fields)


@pytest.mark.parametrize(
    "step", [Filter(keep="scor > 1"), Select(only=["txt"]), Drop(without=["txt"]), Sort(by="txt")], ids=repr
)
def test_a_column_that_no_row_has_stops_the_run_with_its_name(step: BaseStep) -> None:
    with pytest.raises(UsageError, match=r"scor|txt"):
        run(Select(only=["n", "text"], name="first") >> step, input=ROWS)


@pytest.mark.parametrize(
    ("step", "row", "said"),
    [
        (Rename(names={"a": "b"}), {"a": 1, "b": 2}, "two columns would have the name 'b'"),
        (Explode(column="a"), {"a": "text"}, "'a' is str, not a list"),
        (Length(column="a"), {"a": 3}, "'a' is int, not text"),
        (Messages(user="a"), {"a": None}, "'a' is None, not text"),
        (Filter(keep="a > 'x'"), {"a": 3}, "has no value: TypeError"),
        (Filter(keep="a == 'y' or a > 3"), {"a": "b"}, "make a number of a text first"),
        (Filter(keep="a >= 'x'"), {"a": None}, "leave out what is None first"),
    ],
)
def test_a_row_that_does_not_fit_fails_alone(step: BaseStep, row: Row, said: str) -> None:
    fits = {"a": ["x"]} if isinstance(step, Explode) else {"a": "y"}
    # An iterator: what is wrong with all rows of a list is found before the run.
    done = run(step, input=iter([row, fits]))

    assert done.accepted == 1
    assert [said in failure.reason for failure in done.failures] == [True]


def test_they_are_found_by_name_in_a_pipeline_file(tmp_path: Path) -> None:
    path = tmp_path / "clean.yaml"
    path.write_text(
        "steps:\n"
        "  - use: filter\n    with: {keep: n > 1}\n"
        "  - use: template\n    with: {column: prompt, template: 'Say {{ text }}'}\n"
        "  - use: text-generation\n    with: {template: '{{ prompt }}'}\n"
        "  - use: select\n    with: {only: [n, generation]}\n"
    )
    from seedbed.pipeline.file import load_pipeline

    pipeline = load_pipeline(path, make_llm=lambda *_: EchoLLM(model="echo"))

    assert made(pipeline, ROWS) == [{"n": 3, "generation": "Say a b"}, {"n": 2, "generation": "Say "}]


def test_what_a_renamed_row_lacks_is_found_before_it_is_read() -> None:
    pipeline = Rename(names={"q": "question", "a": "q"}) >> Filter(keep="a == 'So.'")

    with pytest.raises(UsageError, match=r"reads a column 'a'.*\n.*q, question"):
        pipeline.run(input=[{"q": "Why?", "a": "So."}])
