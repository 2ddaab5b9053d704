"""Groups and balance: which rows become one, how many stay of each value, and conversations."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed import GeneratorTask, ParameterError, Row, UsageError, run
from seedbed.testing import EchoLLM
from seedbed_data import Balance, Group, Messages

ROWS = [
    {"document": "b", "question": "1?", "score": 3},
    {"document": "a", "question": "2?", "score": 5},
    {"document": "b", "question": "3?", "score": 4},
]


def test_rows_of_one_key_become_lists_in_their_order() -> None:
    assert [*run(Group(by=["document"]), input=ROWS).rows()] == [
        {"document": "b", "question": ["1?", "3?"], "score": [3, 4]},
        {"document": "a", "question": ["2?"], "score": [5]},
    ]


def test_expressions_make_aggregates_of_the_lists() -> None:
    make = {
        "questions": "question | join(' ')",
        "count": "question | length",
        "mean": "(score | sum) / (score | length)",
        "first": "question | first",
    }

    assert [*run(Group(by=["document"], make=make), input=ROWS).rows()] == [
        {"document": "b", "questions": "1? 3?", "count": 2, "mean": 3.5, "first": "1?"},
        {"document": "a", "questions": "2?", "count": 1, "mean": 5.0, "first": "2?"},
    ]


def test_keys_of_several_columns_and_of_any_value_are_told_apart() -> None:
    keys = [None, 1, "1", True, [1], {"a": 1, "b": 2}, {"b": 2, "a": 1}]
    rows = [{"key": key, "other": 0, "n": n} for n, key in enumerate(keys)]

    grouped = [row["n"] for row in run(Group(by=["key", "other"]), input=rows).rows()]

    assert grouped == [[0], [1], [2], [3], [4], [5, 6]]


def test_a_row_without_a_column_counts_as_null() -> None:
    rows = [{"key": 1, "a": 1}, {"key": 1, "b": 2}]

    assert [*run(Group(by=["key"]), input=rows).rows()] == [{"key": 1, "a": [1, None], "b": [None, 2]}]


class Letters(GeneratorTask):
    """Makes a label for each row, most of them `a`."""

    template: str = "{{ label }}"

    def sample(self, index: int, rng: Any) -> Row:
        return {"label": "aaab"[index % 4], "n": index}


def test_a_generator_makes_rows_until_each_value_has_its_number() -> None:
    done = run(Letters(llm=EchoLLM(model="echo")) >> Balance(by="label", counts={"a": 3, "b": 3}), 6)

    assert [(row["label"], row["n"]) for row in done.rows()] == [
        ("a", 0),
        ("a", 1),
        ("a", 2),
        ("b", 3),
        ("b", 7),
        ("b", 11),
    ]
    assert done.rejections == {"enough rows have 'label' a: 3": 6}


def test_values_that_are_not_wanted_are_rejected() -> None:
    rows = [{"ok": value} for value in (True, False, True, None, True)]
    done = run(Balance(by="ok", counts={True: 1, "null": 5}), input=rows)  # type: ignore[dict-item]

    assert [row["ok"] for row in done.rows()] == [True, None]
    assert done.rejections == {
        "no rows with another 'ok' are wanted": 1,
        "enough rows have 'ok' true: 1": 2,
    }


def test_every_value_may_have_the_same_number() -> None:
    rows = [{"n": n % 3} for n in range(20)]

    assert [row["n"] for row in run(Balance(by="n", each=2), input=rows).rows()] == [0, 1, 2, 0, 1, 2]


CONVERSATIONS = [
    (
        {"user": "question", "assistant": "answer"},
        {"question": "Why?", "answer": "So."},
        ["user", "assistant"],
    ),
    (
        {"system": "about", "user": "question", "assistant": "answer"},
        {"about": "Be brief.", "question": "Why?", "answer": "So."},
        ["system", "user", "assistant"],
    ),
    ({"user": "question"}, {"question": "Why?"}, ["user"]),
    (
        {"user": "asked", "assistant": "answers", "turns": "many"},
        {"asked": ["a", "c", "e"], "answers": ["b", "d"]},
        ["user", "assistant", "user", "assistant", "user"],
    ),
]


@pytest.mark.parametrize(("fields", "row", "roles"), CONVERSATIONS)
def test_columns_become_a_conversation_and_columns_again(
    fields: dict[str, Any], row: Row, roles: list[str]
) -> None:
    (there,) = run(Messages(**fields), input=[row]).rows()
    (back,) = run(Messages(**fields, to="columns"), input=[{"messages": there["messages"]}]).rows()

    assert [message["role"] for message in there["messages"]] == roles
    assert back == {"messages": there["messages"], **row}


@pytest.mark.parametrize("system", [None, "", " \n"])
def test_a_row_without_a_system_message_has_none(system: str | None) -> None:
    step = Messages(system="system", user="ask")
    (made,) = run(step, input=[{"ask": "why?", "system": system}]).rows()
    assert made["messages"] == [{"role": "user", "content": "why?"}]


@pytest.mark.parametrize(
    ("fields", "messages", "said"),
    [
        ({}, "text", "is not a list of messages"),
        ({}, ["text"], "is not a list of messages"),
        ({}, [{"role": "tool", "content": "x"}], "a message of the role 'tool'"),
        ({}, [{"role": "user", "content": [{"type": "image"}]}], "is list, not text"),
        ({}, [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}], "has a system message"),
        ({}, [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "has an answer"),
        ({"assistant": "b"}, [{"role": "user", "content": "x"}], "has 0 messages of the assistant, not one"),
        ({"assistant": "b"}, [{"role": "assistant", "content": "x"}], "where the user speaks"),
        ({}, [{"role": "user", "content": "x"}] * 2, "where the assistant speaks"),
    ],
)
def test_a_conversation_that_columns_cannot_hold_fails_alone(
    fields: dict[str, Any], messages: Any, said: str
) -> None:
    fits = [{"role": "user", "content": "x"}]
    fits += [{"role": "assistant", "content": "y"}] if fields else []
    done = run(Messages(**fields, to="columns"), input=[{"messages": messages}, {"messages": fits}])

    assert done.accepted == 1
    assert [said in failure.reason for failure in done.failures] == [True]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Group(by=["a"], make={"a": "b"}), "'a' is in `by` and in `make`"),
        (lambda: Group(by=[]), "at least 1 item"),
        (lambda: Group(by=["a"], make={"b": "1 +"}), "is not an expression"),
        (lambda: Balance(by="a"), "give either `counts` or `each`"),
        (lambda: Balance(by="a", counts={"x": 1}, each=2), "give either `counts` or `each`"),
        (lambda: Balance(by="a", counts={"x": -1}), "must be 0 or more"),
    ],
)
def test_wrong_parameters_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        make()


def test_a_key_that_some_row_lacks_stops_the_run_with_its_name() -> None:
    with pytest.raises(UsageError, match="documnt"):
        run(Group(by=["documnt"]), input=ROWS)


def test_values_with_fewer_rows_than_wanted_are_named() -> None:
    rows = [{"label": "a"}, {"label": "a"}, {"label": "b"}]
    done = run(Balance(by="label", counts={"a": 5, "b": 1, "c": 2}), input=rows)

    assert (done.accepted, done.outcome) == (3, "incomplete")
    assert done.missing == ["'balance' lacks 3 of 5 rows with 'label' a, 2 of 2 rows with 'label' c"]


def test_of_many_values_with_too_few_rows_some_are_named() -> None:
    done = run(Balance(by="n", counts={str(n): 1 for n in range(8)}), input=[{"n": 0}])
    assert done.missing[0].count("1 of 1 rows") == 5
    assert done.missing[0].endswith(" and 2 other values")
