"""What became of one row of one step: done, partial, rejected or failed."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import prompt, scripted, user

from seedbed import BadRequestError, GeneratorTask, Step, Task, run
from seedbed.engine.failure import Failure
from seedbed.engine.segments.step_results import StepOutcome


def reason(rejected):
    return Failure("row", "step", "ValueError", "no", rejected=rejected)


@pytest.mark.parametrize(
    ("rows", "rejected", "status"),
    [
        ([b"{}"], [], "done"),
        ([], [], "done"),
        ([b"{}"], [True], "partial"),
        ([], [True, True], "rejected"),
        ([], [True, False], "failed"),
        ([], [False], "failed"),
    ],
)
def test_a_row_is_rejected_only_where_nothing_of_it_failed(rows, rejected, status):
    assert StepOutcome(rows, [reason(one) for one in rejected]).status == status


class Ask(Task):
    template: str = "{{ n }}"


class Output(BaseModel):
    number: int


class Typed(Task):
    template: str = "{{ n }}"
    Output = Output


class TypedSource(GeneratorTask):
    template: str = "{{ n }}"
    Output = Output

    def sample(self, index, rng):
        return {"n": index}


def test_an_answer_that_does_not_fit_fails_a_row_of_an_input_and_is_replaced_by_a_generator():
    done = run(Typed(llm=scripted("no number")), input=[{"n": 1}])
    assert (done.failed, done.rejected) == (1, 0)
    llm = scripted(lambda request: '{"number": 1}' if user("1")[0] in request.messages else "no number")
    done = run(TypedSource(llm=llm), 1)
    assert (done.accepted, done.failed, done.rejected) == (1, 0, 1)


def test_a_row_that_was_in_flight_as_a_run_stopped_has_not_failed(monkeypatch):
    # The answer that never comes is waited for as long as this.
    monkeypatch.setattr("seedbed.engine.local.DRAIN_SECONDS", 0.1)
    in_flight = asyncio.Event()

    async def answer(request):
        if prompt(request) == "1":
            await in_flight.wait()
            raise BadRequestError("no")
        in_flight.set()
        await asyncio.Event().wait()

    def once(llm, **options):
        return run(Ask(llm=llm), input=[{"n": 1}, {"n": 2}], name="ask", **options)

    done = once(scripted(answer), max_failures=0)
    assert (done.outcome, done.accepted, done.failed) == ("stopped", 0, 1)
    done = once(scripted())
    assert (done.outcome, done.accepted, done.failed) == ("incomplete", 1, 1)


class DropAll(Step):
    def process(self, row):
        return None


def test_a_filter_that_lets_nothing_through_does_not_complete_a_run():
    assert run(DropAll(), input=[{"n": 1}]).outcome == "incomplete"
    assert run(DropAll(), input=[]).outcome == "complete"


def test_a_run_in_which_every_row_fails_takes_no_dataset_away(tmp_path):
    def refuse(request):
        raise BadRequestError("no")

    out = tmp_path / "out.jsonl"
    out.write_text("old\n")
    done = run(Ask(llm=scripted(refuse)), input=[{"n": 1}, {"n": 2}], out=out)
    assert (done.outcome, done.failed) == ("incomplete", 2)
    assert out.read_text() == "old\n"
