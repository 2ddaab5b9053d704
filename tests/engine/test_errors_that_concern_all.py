"""An error that every row would meet stops the run at once, with one message; all others cost one row."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    AuthenticationError,
    GeneratorTask,
    PromptTemplate,
    RateLimitedError,
    ServerError,
    Step,
    StopRun,
    Task,
    UsageError,
    preview,
    run,
)
from seedbed.cli.failures import ExitStatus
from seedbed.cli.run.summary import exit_status

ROWS = [{"n": n} for n in range(200)]


class Ask(Task):
    template: str = "{{ n }}"


class Multiply(Step):
    def process(self, row):
        return [row, row, row]


def locked_out_at(number):
    """Return an answer that refuses the key at one prompt and hangs at all later ones."""
    ended = []

    async def answer(request):
        if prompt(request) == str(number):
            raise AuthenticationError("the key is refused")
        if int(prompt(request)) < number:
            return "yes"
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request)

    return answer, ended


def test_a_refused_key_stops_the_run_with_one_error_and_cancels_the_rest():
    answer, ended = locked_out_at(0)
    llm = scripted(answer)
    with pytest.raises(AuthenticationError, match="the key is refused"):
        run(Ask(llm=llm), input=ROWS, concurrency=8)
    assert len(llm.requests) <= 9
    assert len(ended) == len(llm.requests) - 1


def test_rows_of_before_are_kept_and_the_run_says_what_stopped_it(tmp_path):
    out = tmp_path / "rows.jsonl"
    out.write_text('{"old": true}\n')
    done = run(Ask(llm=scripted(locked_out_at(5)[0])), input=ROWS, out=out, concurrency=1)
    assert (done.outcome, done.accepted, done.failed) == ("stopped", 5, 0)
    assert isinstance(done.stopped_by, AuthenticationError)
    assert [row["n"] for row in done.rows()] == [0, 1, 2, 3, 4]
    assert out.read_text() == '{"old": true}\n'


def test_a_refused_key_is_what_stopped_the_run_where_an_earlier_row_waits_for_its_next_try():
    def answer(request):
        if prompt(request) == "0":
            raise ServerError("busy", retry_after=300.0)
        raise AuthenticationError("the key is refused")

    with pytest.raises(AuthenticationError, match="the key is refused"):
        run(Ask(llm=scripted(answer)), input=ROWS[:2], concurrency=1)


def test_the_siblings_of_a_row_that_multiplied_are_cancelled_too():
    answer, ended = locked_out_at(0)
    calls = count()

    async def first_refused(request):
        return await answer(request) if next(calls) == 0 else await hang(request)

    async def hang(request):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request)

    llm = scripted(first_refused)
    with pytest.raises(AuthenticationError):
        (Multiply() >> Ask(llm=llm)).run(input=ROWS[:1])
    assert len(ended) == len(llm.requests) - 1


def test_a_fatal_error_among_several_inputs_is_one_too():
    class Blocking(Ask):
        def process(self, row):
            self.llm.generate([self.format_input(row)] * 2)

    def refuse(request):
        raise AuthenticationError("the key is refused")

    with pytest.raises(AuthenticationError, match="the key is refused"):
        run(Blocking(llm=scripted(refuse)), input=ROWS)


def test_a_run_of_several_steps_that_is_stopped_says_at_which_one_and_of_one_step_does_not():
    class Own(Task):
        def format_input(self, input):
            return [{"role": "user", "content": PromptTemplate("{{ _typo }}").render(input)}]

    task = Own(name="judging", llm=scripted())
    with pytest.raises(UsageError, match="_typo") as several:
        (Multiply() >> task).run(input=ROWS[:2])
    with pytest.raises(UsageError, match="_typo") as alone:
        run(task, input=ROWS[:2])

    assert several.value.advice[0] == "at the step 'judging'"
    assert several.value.step == "judging"
    assert several.value.advice[1:] == alone.value.advice


def test_a_prompt_that_no_row_can_fill_stops_the_run():
    class Typo(GeneratorTask):
        template: str = "{{ topc }}"
        topic: str = "cats"

    llm = scripted()
    with pytest.raises(UsageError, match="did you mean 'topic'"):
        run(Typo(llm=llm), 100)
    assert llm.requests == []


def test_an_error_that_may_pass_costs_its_rows_alone():
    def answer(request):
        if prompt(request) == "3":
            raise RateLimitedError("slow down", retryable=False)
        return "yes"

    done = run(Ask(llm=scripted(answer)), input=ROWS[:6])
    assert [row["n"] for row in done.rows()] == [0, 1, 2, 4, 5]
    assert [failure.reason for failure in done.failures] == ["slow down"]
    assert done.summary()["failures"] == [
        {
            "row": done.failures[0].row,
            "source": "row 4 of input",
            "step": "ask",
            "kind": "RateLimitedError",
            "reason": "slow down",
            "tries": 1,
        }
    ]
    assert done.summary()["outcome"] == "incomplete"


def test_a_model_that_cannot_be_loaded_stops_the_run_before_any_row():
    class Unready(type(scripted())):
        def load(self):
            raise OSError("no such file")

    with pytest.raises(Exception, match=r"the LLM 'scripted/m' could not be loaded: OSError: no such file"):
        run(Ask(llm=Unready(model="m")), input=ROWS)


@pytest.mark.parametrize("accepted", [0, 3])
def test_a_limit_that_lifts_in_an_hour_pauses_the_run_and_its_rows_wait(tmp_path, accepted):
    is_limited = True

    def answer(request):
        if is_limited and int(prompt(request)) >= accepted:
            raise RateLimitedError("the quota of the day is used up", retry_after=3600.0)
        return "yes"

    llm, out = scripted(answer), tmp_path / "rows.jsonl"

    def session():
        return run(Ask(llm=llm), input=ROWS[:20], out=out, concurrency=1)

    done = session()
    assert (done.outcome, done.accepted, done.failed) == ("stopped", accepted, 0)
    assert exit_status(done) is ExitStatus.INTERRUPTED
    assert isinstance(done.stopped_by, StopRun)
    assert not out.exists()
    assert len(llm.requests) == accepted + 1
    is_limited = False
    done = session()
    assert (done.outcome, done.accepted, done.failed) == ("complete", 20, 0)
    assert len(llm.requests) == 20 + 1


class Forgetful(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        {"n": index}  # noqa: B018 - the `return` is what's forgotten


def test_a_sample_that_forgets_to_return_is_no_end_of_the_rows():
    (reason,) = run(Forgetful(llm=scripted()), 3).reasons
    assert reason.startswith("'sample' of 'forgetful' returned None for the first row")
    assert "returned None for the first row" in str(preview(Forgetful(llm=scripted()), 1))


def test_a_finite_task_may_have_no_rows_at_all():
    class Empty(Forgetful):
        finite = True

    assert run(Empty(llm=scripted()), 3).accepted == 0
