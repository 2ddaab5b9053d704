"""Rows that feed on earlier ones: the same at any concurrency, and pinned when rows are tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorTask, InvalidOutputError, Reject, RowError, run
from seedbed.tasks.rows import Row


class Growing(GeneratorTask):
    """Each prompt holds the numbers of the rows that it may feed on; some rows are rejected or fail."""

    feedback: ClassVar[int] = 3
    template: str = "{{ n }}: {{ fed }}"
    rejected: frozenset[int] = frozenset()
    failing: frozenset[int] = frozenset()

    def sample(self, index: int, rng: random.Random, accepted: Sequence[Row]) -> Row:  # type: ignore[override]
        return {"n": index, "fed": [row["n"] for row in accepted], "draw": rng.random()}

    def format_output(self, output: str | None, input: Any) -> Row:
        if output == "no" or input["n"] in self.failing:
            raise RowError("not this one")
        if input["n"] in self.rejected:
            raise Reject("not wanted")
        return {"text": output}


def window(index: int, accepted: Sequence[int]) -> list[int]:
    return [n for n in accepted if n < 3 * (index // 3 - 1)]


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.frozensets(st.integers(0, 30), max_size=12),
    st.frozensets(st.integers(0, 30), max_size=4),
    st.integers(1, 12),
    st.lists(st.integers(0, 9), min_size=1, max_size=7),
    st.sampled_from([1, 3, 50]),
)
def test_a_row_feeds_on_the_rows_accepted_two_blocks_before_it(rejected, failing, n, delays, concurrency):
    async def answer(request):
        for _ in range(delays[len(prompt(request)) % len(delays)]):
            await asyncio.sleep(0)
        return "yes"

    task = Growing(llm=scripted(answer), rejected=rejected, failing=failing)
    made = run(task, n, concurrency=concurrency, give_up_after=0)

    accepted = [row["n"] for row in made.rows()]
    wanted = [index for index in range(10 * n) if index not in failing and index not in rejected]
    assert accepted == wanted[: len(accepted)]
    assert made.accepted + made.failed == n
    for row in made.rows():
        assert row["fed"] == window(row["n"], accepted)


@pytest.mark.slow
def test_a_row_that_is_tried_again_leaves_the_windows_as_they_were() -> None:
    answers = {"4": "no"}
    llm = scripted(lambda request: answers.get(prompt(request).split(":")[0], "yes"))
    first = run(Growing(llm=llm), 12, name="pinned")
    assert [failure.row for failure in first.failures] == ["4"]
    asked, fed = len(llm.requests), [row["fed"] for row in first.rows()]

    answers.clear()
    second = run(Growing(llm=llm), 12, name="pinned", retry=True)

    assert [row["n"] for row in second.rows()] == [*range(12)]
    assert [row["fed"] for row in second.rows() if row["n"] != 4] == fed
    assert fed[-1] == [0, 1, 2, 3, 5]
    assert len(llm.requests) == asked + 1


@pytest.mark.slow
def test_a_run_that_is_extended_feeds_on_what_it_has() -> None:
    llm = scripted()
    run(Growing(llm=llm), 7, name="extended")
    made = run(Growing(llm=llm), 15, name="extended")

    assert list(made.rows()) == list(run(Growing(llm=scripted()), 15).rows())
    assert len(llm.requests) == 15


class Odd(Growing):
    def sample(self, index: int, rng: random.Random, accepted: Sequence[Row]) -> Row:  # type: ignore[override]
        return {"n": index, "_seen": {1, 2}}


def test_what_cannot_be_pinned_is_said() -> None:
    made = run(Odd(llm=scripted()), 1)

    assert made.failures[0].reason.startswith("the variables that `sample` returned can't be kept: ")


class Private(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"n": index, "_big": rng.getrandbits(128), "_set": {1}, "_half": "\ud800"}


def test_without_feedback_a_private_variable_may_be_anything() -> None:
    llm = scripted()

    assert run(Private(llm=llm), 3, name="private").accepted == 3
    assert run(Private(llm=llm), 4, name="private").accepted == 4
    assert len(llm.requests) == 4


class Unique(GeneratorTask):
    template: str = "{{ n }}"
    unique: ClassVar[tuple[str, ...]] = ("answer",)
    seen: Any = None

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"n": index}

    def format_output(self, output: str | None, input: Any) -> Row:
        return {"answer": {"b": output, "a": 1} if input["n"] % 2 else {"a": 1, "b": output}}

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        if row["n"] == 5:
            raise Reject(f"five, beside {len(accepted)}")


@pytest.mark.parametrize("concurrency", [1, 50])
def test_a_duplicate_is_rejected_and_replaced_and_the_first_one_stays(concurrency: int) -> None:
    llm = scripted(lambda request: str(int(prompt(request)) // 2))
    made = run(Unique(llm=llm), 4, concurrency=concurrency)

    assert [row["n"] for row in made.rows()] == [0, 2, 4, 6]
    assert made.rejections == {"a duplicate of an earlier row": 3}


def test_a_row_that_is_not_wanted_beside_others_is_rejected() -> None:
    made = run(Unique(llm=scripted(prompt)), 6)

    assert [row["n"] for row in made.rows()] == [0, 1, 2, 3, 4, 6]
    assert made.rejections == {"five, beside 5": 1}


def test_an_answer_that_does_not_fit_is_replaced_where_rows_are_counted() -> None:
    class Strict(Unique):
        max_reasks: int = 0

        def format_output(self, output: str | None, input: Any) -> Row:
            if input["n"] == 1:
                raise InvalidOutputError("not this one")
            return {"answer": output}

    made = run(Strict(llm=scripted(prompt)), 3)

    assert [row["n"] for row in made.rows()] == [0, 2, 3]
    assert (made.outcome, made.rejections) == ("complete", {"not this one": 1})
