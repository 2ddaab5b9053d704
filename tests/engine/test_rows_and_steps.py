"""Rows go through steps each on its own: they multiply, drop, are rejected and fail, and keep their order."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pydantic import PrivateAttr
from tests.support.scripted_llm import ALL, ScriptedLLM, prompt, scripted

from seedbed import (
    AuthenticationError,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    Reject,
    Response,
    Step,
    Task,
    UsageError,
    run,
)

ROWS = [{"n": n} for n in range(10)]


class Shout(Task):
    template: str = "{{ n }}"


class Spread(Step):
    """Drops 0, rejects 1, fails 2, multiplies 3, and lets the others be."""

    def process(self, row):
        match row["n"]:
            case 0:
                return None
            case 1:
                raise Reject("one too many")
            case 2:
                return {"a": 1}["b"]
            case 3:
                return [row, {**row, "twin": True}]
        return row


class Tens(Step):
    def process(self, row):
        return {**row, "tens": row["n"] * 10}


def numbers(done):
    return [row["n"] for row in done.rows()]


def test_each_row_settles_on_its_own_and_in_order():
    done = run(Spread(), input=ROWS)
    assert numbers(done) == [3, 3, 4, 5, 6, 7, 8, 9]
    assert (done.accepted, done.rejected, done.failed, done.outcome) == (8, 1, 1, "incomplete")
    (failure,) = done.failures
    assert (failure.step, failure.kind) == ("spread", "KeyError")
    reason, place, columns = done.failures[0].reason.splitlines()
    assert reason == "KeyError: 'b'"
    assert columns == "  columns of the row: n"
    assert place.startswith(f"  raised in {__file__}, line ")
    assert done.reasons == {"KeyError: 'b'": 1}


def test_steps_follow_one_another():
    done = (Spread() >> Tens() >> Shout(llm=scripted(prompt))).run(input=ROWS)
    rows = list(done.rows())
    assert [row["tens"] for row in rows] == [30, 30, 40, 50, 60, 70, 80, 90]
    assert rows[1] == {"n": 3, "twin": True, "tens": 30, "generation": "3", "model_name": "scripted"}


def test_order_is_kept_when_the_first_is_the_slowest():
    others = threading.Semaphore(0)

    async def answer(request):
        if prompt(request) == "0":
            for _ in range(9):
                await asyncio.to_thread(others.acquire)
        else:
            others.release()
        return prompt(request)

    done = run(Shout(llm=scripted(answer)), input=ROWS)
    assert [row["generation"] for row in done.rows()] == list("0123456789")


def test_equal_rows_are_different_rows_and_ask_for_themselves():
    class Mark(Step):
        def process(self, row):
            row["seen"] = row.get("seen", 0) + 1
            return row

    given = [{"n": 1}] * 3
    llm = scripted(lambda request: str(request.seed), offers=ALL)
    done = (Mark() >> Shout(llm=llm)).run(input=given)
    assert [row["seen"] for row in done.rows()] == [1, 1, 1]
    assert len({row["generation"] for row in done.rows()}) == 3
    assert given == [{"n": 1}] * 3


def test_a_row_of_the_input_that_is_none_fails_alone():
    done = run(Tens(), input=[{"n": 1}, {"n": object()}, {"n": 3}])
    assert numbers(done) == [1, 3]
    (failure,) = done.failures
    assert (failure.row, failure.kind) == ("invalid.1", "InvalidRowError")


def test_a_step_that_raises_stop_iteration_fails_its_row():
    class Next(Step):
        def process(self, row):
            return next(iter([]))

    class NextOfTask(Shout):
        def process(self, row):
            return next(iter([]))

    for step in (Next(), NextOfTask(llm=scripted())):
        done = run(step, input=ROWS[:2])
        said = f"step '{step.name}' raised StopIteration"
        assert [said in failure.reason for failure in done.failures] == [True] * 2


def test_a_step_that_exits_ends_the_caller_and_not_the_loop():
    class Leave(Step):
        def process(self, row):
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(Leave(), input=ROWS)
    assert numbers(run(Tens(), input=ROWS[:1])) == [0]


def test_a_task_may_block_in_process_and_call_its_model():
    class Blocking(Shout):
        def process(self, row):
            (texts,) = self.llm.generate([self.format_input(row)], num_generations=2)
            return [{**row, "text": text} for text in texts]

    llm = scripted(prompt)
    done = run(Blocking(llm=llm), input=ROWS, concurrency=3)
    assert numbers(done) == sorted([*range(10), *range(10)])
    assert done.calls.answered == 20
    assert llm.record.peak <= 3


def test_a_step_at_a_breakpoint_blocks_no_calls():
    calls = threading.Semaphore(0)

    class Breakpoint(Step):
        def process(self, row):
            if row["n"] == 0:
                for _ in range(9):
                    assert calls.acquire(timeout=30)
            return row

    class First(Shout):
        template: str = "{{ n }}"

    def answer(request):
        if prompt(request) != "0":
            calls.release()
        return "yes"

    done = (First(llm=scripted(answer)) >> Breakpoint()).run(input=ROWS, concurrency=2)
    assert done.accepted == 10


class Sorted(GlobalStep):
    def process(self, rows):
        return sorted(rows, key=lambda row: -row["n"])


class Odd(GlobalStep):
    """Yields a row, a list of rows, and nothing."""

    def process(self, rows):
        one, two, three = rows
        yield one
        yield [two, three]
        yield None


class Fails(GlobalStep):
    def process(self, rows):
        yield next(iter(rows))
        raise ValueError("no more")


def test_a_global_step_sees_all_rows_and_steps_go_on_behind_it():
    done = (Tens() >> Sorted() >> Spread()).run(input=ROWS)
    assert numbers(done) == [9, 8, 7, 6, 5, 4, 3, 3]


def test_a_global_step_may_come_first_and_after_n_rows():
    class Count(GeneratorStep):
        def process(self, offset: int = 0):
            for n in range(100):
                yield {"n": n}

    assert numbers(run(Sorted(), input=ROWS)) == list(range(9, -1, -1))
    done = (Count() >> Sorted()).run(3)
    assert (numbers(done), done.outcome, done.wanted) == ([2, 1, 0], "complete", None)


def test_nothing_that_a_global_step_gives_is_lost():
    assert numbers(run(Odd(), input=ROWS[:3])) == [0, 1, 2]


def test_a_global_step_that_raises_gives_all_of_its_rows_or_none_and_is_named():
    done = (Tens() >> Fails()).run(input=ROWS)
    assert (numbers(done), done.outcome) == ([], "incomplete")
    assert [(failure.row, failure.step) for failure in done.failures] == [("all", "fails")]


class Stateful(Step):
    """Notes when it is loaded and unloaded, and by how many rows it was used."""

    note: Any = None
    _rows: int = PrivateAttr(default=0)

    def load(self):
        self._rows = 100
        self.note.append("load")

    def unload(self):
        self.note.append(f"unload after {self._rows}")

    def process(self, row):
        self._rows += 1
        return row


def test_steps_are_loaded_and_unloaded_and_the_callers_own_stay_as_they_were():
    step, task, note = Stateful(note=[]), Shout(), []
    step.note = note
    llm = scripted(prompt)
    before = llm._gateway
    run_twice = [(step >> task).run(input=ROWS, llm=llm) for _ in range(2)]
    assert [done.accepted for done in run_twice] == [10, 10]
    assert note == ["load", "unload after 110"] * 2
    assert step._rows == 0
    assert task.llm is None
    assert llm._gateway is before


def test_steps_are_unloaded_after_a_fatal_error_too():
    note: list[str] = []
    with pytest.raises(Exception, match="no key"):
        (Stateful(note=note) >> Shout(llm=scripted(_no_key))).run(input=ROWS)
    assert note[0] == "load"
    assert len(note) == 2


def _no_key(request):
    raise AuthenticationError("no key")


def test_an_unload_that_fails_costs_no_row(caplog):
    class Clumsy(Stateful):
        def unload(self):
            raise OSError("stuck")

    assert run(Clumsy(note=[]), input=ROWS).outcome == "complete"
    assert "step 'clumsy' could not be unloaded" in caplog.text


def test_a_generator_and_its_threads_share_one_scope():
    class Threads(GeneratorTask):
        def process(self, offset: int = 0):
            texts = [self.llm.generate([[{"role": "user", "content": "x"}]])[0][0]]
            thread = threading.Thread(
                target=lambda: texts.append(self.llm.generate([[{"role": "user", "content": "x"}]])[0][0])
            )
            thread.start()
            thread.join()
            yield {"texts": texts}

    def seeds():
        llm = scripted(lambda request: str(request.seed), offers=ALL)
        ((row),) = run(Threads(llm=llm)).rows()
        return row["texts"]

    assert len(set(seeds())) == 2
    assert seeds() == seeds()


def test_two_tasks_of_one_model_share_its_cap():
    async def answer(request):
        await asyncio.sleep(0.001)
        return "yes"

    llm = scripted(answer)
    (Shout(name="first", llm=llm) >> Shout(name="second", llm=llm)).run(input=ROWS, concurrency=4)
    assert len(llm.requests) == 20
    assert llm.record.peak == 4


def test_an_llm_is_loaded_once_for_all_its_tasks():
    loads = []

    class Loading(ScriptedLLM):
        def load(self):
            loads.append(self)

    llm = Loading(prompt)
    (Shout(name="first", llm=llm) >> Shout(name="second", llm=llm)).run(input=ROWS)
    assert loads == [llm]


class OwnRow(GeneratorTask):
    """Forgot `return`."""

    async def generate_row(self, input):
        await self.ask("hello")


class OwnOutput(GeneratorTask):
    """Forgot `return`, after the model has answered."""

    template: str = "hello"

    def format_output(self, output, input):
        {"generation": output}  # noqa: B018 - the mistake in question


@pytest.mark.parametrize(("task", "method"), [(OwnRow, "generate_row"), (OwnOutput, "format_output")])
def test_a_task_that_returns_none_fails_its_rows_and_says_so(task, method):
    llm = scripted(prompt)
    made = run(task(name="forgetful", llm=llm), n=2)
    assert (made.accepted, made.failed, len(llm.requests)) == (0, 2, 2)
    assert made.reasons == {f"{method} of 'forgetful' returned None": 2}
    assert "return [] or raise Reject" in made.failures[0].reason


def test_a_task_that_returns_no_rows_leaves_the_index_out():
    class Odd(GeneratorTask):
        def sample(self, index, rng):
            return {"index": index}

        async def generate_row(self, input):
            return {"kept": True} if input["index"] % 2 else []

    made = run(Odd(llm=scripted(prompt)), n=2)
    assert ([row["index"] for row in made.rows()], made.failed) == ([1, 3], 0)


def test_a_generate_row_without_async_ends_the_run_and_says_so():
    class Plain(GeneratorTask):
        def generate_row(self, input):
            return {"text": "made at once"}

    with pytest.raises(UsageError, match="generate_row of 'Plain' must be `async def`"):
        run(Plain(llm=scripted(prompt)), n=2)


def test_a_generate_row_that_hands_on_a_coroutine_needs_no_async():
    class HandsOn(GeneratorTask):
        def generate_row(self, input):
            return self.answer()

        async def answer(self):
            return {"text": await self.ask("hello")}

    ((row),) = run(HandsOn(llm=scripted(prompt)), n=1).rows()
    assert row["text"] == "hello"


def test_a_respond_without_async_ends_the_run_and_says_so():
    class Plain(ScriptedLLM):
        def respond(self, request):
            return Response.of_text("at once")

    with pytest.raises(UsageError, match="respond of 'Plain' must be `async def`") as caught:
        run(OwnRow(llm=Plain(prompt)), n=2)
    assert caught.value.advice[0] == f"in {__file__}, line {Plain.respond.__code__.co_firstlineno}"


def test_a_check_without_async_ends_the_run_and_says_so():
    class Plain(ScriptedLLM):
        def check(self):
            return None

    with pytest.raises(UsageError, match="check of 'Plain' must be `async def`"):
        run(OwnRow(llm=Plain(prompt)), n=2)


def test_a_step_that_loops_over_its_row_as_over_a_batch_is_told_so():
    class Batched(Step):
        def process(self, inputs):
            for row in inputs:
                row["length"] = len(row["text"])
            return inputs

    made = run(Batched(), input=[{"text": "one"}], give_up_after=0)
    assert "one row, a dictionary, not a batch of rows" in made.failures[0].reason
