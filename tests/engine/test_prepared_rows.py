"""Steps whose models answer many rows at once, though the step itself takes them one by one and in order."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import pytest
from tests.engine.test_embedding_runs import refusing
from tests.support.letters import ANSWER, LettersEmbedder, answer, counted

from seedbed import Embedder, Reject, Step, run
from seedbed.errors import UsageError
from seedbed.testing import Reply

ROWS = [{"text": f"{'abc'[number % 3]}{number}"} for number in range(60)]


class Numbered(Step):
    """Numbers the rows in their order, and says what it was given of the model."""

    embedder: Embedder
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def load(self):
        self._count = 0

    async def prepare(self, row):
        return (await self.embedder.avectors([row["text"]]))[0].tolist()

    def process(self, row, prepared=None):
        self._count += 1
        return {**row, "number": self._count, "vector": prepared}


class Doubled(Step):
    """Makes two rows of each."""

    def process(self, row):
        return [row, {"text": row["text"] * 2}]


@pytest.fixture
def embedder(scripted_server):
    scripted_server.answer_with(ANSWER)
    return LettersEmbedder(model="any", base_url=scripted_server.url)


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "number": k, "vector": counted(row["text"])} for k, row in enumerate(rows, 1)]


@pytest.mark.usefixtures("lingering")
def test_an_ordered_step_gets_its_rows_in_order_and_asks_for_many_at_once(embedder, scripted_server):
    made = run(Numbered(embedder=embedder), input=ROWS)
    assert [*made.rows()] == expected(ROWS)
    assert scripted_server.count < len(ROWS) / 4


def test_answers_that_come_in_another_order_change_nothing(embedder, scripted_server):
    rng = random.Random(3)
    embedder.batch_size = 2
    scripted_server.answer_with(*(Reply(body=answer, drip=rng.choice([0, 0.001])) for _ in range(40)))
    assert [*run(Numbered(embedder=embedder), input=ROWS).rows()] == expected(ROWS)


def test_several_rows_of_one_item_are_prepared_and_stay_in_order(embedder):
    made = run(Doubled() >> Numbered(embedder=embedder), input=ROWS[:7])
    rows = [{"text": row["text"] * times} for row in ROWS[:7] for times in (1, 2)]
    assert [*made.rows()] == expected(rows)


def test_a_row_whose_model_fails_fails_alone(embedder, scripted_server):
    scripted_server.answer_with(Reply(body=refusing("b4")))
    made = run(Numbered(embedder=embedder), input=ROWS)
    others = [row for row in ROWS if row["text"] != "b4"]
    assert [*made.rows()] == expected(others)
    (failed,) = made.failed_rows()
    assert "no b4s" in failed.reason
    assert failed.calls[-1].messages[0]["content"] == "b4"


def test_a_row_may_be_rejected_while_it_is_prepared(embedder):
    class Choosy(Numbered):
        async def prepare(self, row):
            if row["text"] == "c5":
                raise Reject("too long")
            return await super().prepare(row)

    made = run(Choosy(embedder=embedder), input=ROWS[:8])
    assert [*made.rows()] == expected([row for row in ROWS[:8] if row["text"] != "c5"])
    assert [row.reason for row in made.rejected_rows()] == ["too long"]


def test_a_row_without_a_column_that_is_embedded_fails_by_its_name(embedder):
    class Reading(Numbered):
        inputs: ClassVar[list[str]] = ["text"]

    made = run(Reading(embedder=embedder), input=[ROWS[0], {"txet": "a"}])
    assert made.accepted == 1
    (failed,) = made.failures
    assert (failed.kind, failed.reason.splitlines()) == (
        "InvalidRowError",
        ["the row has no column 'text'", "  did you mean 'txet'?"],
    )


def test_a_resumed_run_asks_for_the_new_rows_only(embedder, scripted_server):
    run(Numbered(embedder=embedder), input=ROWS[:20], name="r")
    scripted_server.answer_with(ANSWER)
    made = run(Numbered(embedder=embedder), input=ROWS, name="r")
    assert [*made.rows()] == expected(ROWS)
    asked = [text for received in scripted_server.received for text in received.json()["texts"]]
    assert sorted(asked) == sorted(row["text"] for row in ROWS[20:])


def test_a_step_without_a_model_is_not_prepared():
    class Plain(Step):
        async def prepare(self, row):
            raise AssertionError

        def process(self, row, prepared="nothing"):
            return {**row, "prepared": prepared}

    assert [row["prepared"] for row in run(Plain(), input=ROWS[:2]).rows()] == ["nothing"] * 2


def test_what_cannot_be_called_is_refused_with_the_line_to_write(embedder):
    with pytest.raises(UsageError, match=r"write `def process\(self, row, prepared=None\):`"):

        class Deaf(Step):
            async def prepare(self, row):
                return 1

            def process(self, row):
                return row

    with pytest.raises(UsageError, match=r"write `async def prepare\(self, row\):`"):

        class Rowless(Step):
            async def prepare(self):
                return 1

            def process(self, row, prepared=None):
                return row

    class Blocking(Numbered):
        def prepare(self, row):
            return 1

    with pytest.raises(UsageError, match="prepare of 'Blocking' must be `async def`"):
        run(Blocking(embedder=embedder), input=ROWS[:1])
