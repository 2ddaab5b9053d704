"""The contract of a backend, fourth part: many calls, from anywhere, that can be stopped."""

from __future__ import annotations

import asyncio
import threading
from statistics import median
from typing import Any

import pytest

from seedbed.errors import TimedOutError, UnsupportedError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.generations import Generations
from seedbed.llm.llm import LLM
from seedbed.llm.response import Response
from seedbed.testing.heartbeat import Heartbeat
from seedbed.testing.llm_facts import ANSWER, PATIENCE, QUESTION, LLMFacts, ask, once, start, text_of
from seedbed.testing.llm_requests import PICTURE, SCHEMA, TOOL
from seedbed.testing.scripted_server import Received, Reply, ScriptedServer
from seedbed.testing.standstill import holds_up_the_loop

CALLS = 8
LATENESS = 0.1
"""Seconds for which the loop may stand still, beside what the machine is to blame for."""
SHORT: dict[str, Any] = {"max_tokens": 16}
TIMEOUT = 0.3

_HELD_UP = pytest.StashKey[bool]()


class LLMCallContract(LLMFacts):
    """Calls go on side by side, from any thread or loop, end in time, and leave nothing behind."""

    @pytest.fixture
    def free_loop(self, request: pytest.FixtureRequest) -> None:
        """Skips what would only wait in vain, where the backend holds up the loop."""
        if self.wire is not None and self._holds_up_the_loop(request):
            pytest.skip("the loop is held up: see test_the_loop_goes_on_while_a_call_is_under_way")

    def test_calls_at_once_each_get_their_own_answer(self, llm: LLM, server: ScriptedServer) -> None:
        """Of many calls at once each gets the answer to its own prompt.

        A mix-up makes rows whose answers belong to other rows, and no error.
        """
        server.answer_with(Reply(body=self._echo))
        prompts = [f"Say {number}." for number in range(3 * CALLS)]
        calls = [start(llm, [{"role": "user", "content": prompt}]) for prompt in prompts]
        assert [call.result(PATIENCE).choices[0].text for call in calls] == prompts

    @pytest.mark.usefixtures("free_loop")
    def test_calls_are_under_way_side_by_side(self, llm: LLM, server: ScriptedServer) -> None:
        """The next call is sent while the one before it waits for its answer.

        How many there are is the gateway's affair; a queue inside of the backend makes all of them slow.
        """
        count = min(CALLS, llm.slots or CALLS)
        server.answer_with(self.protocol.answer(ANSWER)._replace(hold=True))
        calls = [start(llm) for _ in range(count)]
        try:
            server.wait_for(count)
        finally:
            server.release()
        assert [call.result(PATIENCE).choices[0].text for call in calls] == ["Blue."] * count

    def test_the_loop_goes_on_while_a_call_is_under_way(
        self, llm: LLM, request: pytest.FixtureRequest
    ) -> None:
        """The loop that all calls share is never held up: what blocks runs in a thread.

        A backend that sleeps or computes on the loop stops every other call, of other backends too.
        """
        ask(llm, **SHORT)
        assert self.wire is None or not self._holds_up_the_loop(request), (
            "the backend blocks the loop until its answer has come: await it, or call asyncio.to_thread"
        )
        # What is the backend's doing comes each time; what is chance does not, whichever way it errs.
        lateness = median(_lateness(llm) for _ in range(3))
        assert lateness < LATENESS, (
            f"the backend blocks the loop, which stood still for {lateness:.2f} s: call asyncio.to_thread"
        )

    @pytest.mark.usefixtures("free_loop")
    def test_a_cancelled_call_closes_its_connection(self, llm: LLM, server: ScriptedServer) -> None:
        """A call that is cancelled is taken back from the server.

        A run that is stopped must not go on paying for answers that nobody takes.
        """
        server.answer_with(self.protocol.answer(ANSWER)._replace(hold=True))
        call = start(llm)
        server.wait_for(1)
        call.cancel()
        try:
            server.wait_until(lambda: server.abandoned == 1, "the end of the connection of a cancelled call")
        finally:
            server.release()

    @pytest.mark.usefixtures("free_loop")
    def test_after_a_cancelled_call_the_next_is_answered(
        self, llm: LLM, request: pytest.FixtureRequest
    ) -> None:
        """A cancelled call leaves the backend as it was: the next one is answered.

        Calls are cancelled all the time: by a row that fails, by a time-out, by Ctrl-C in a notebook.
        """
        server = None if self.wire is None else request.getfixturevalue("server")
        if server is not None:
            server.answer_with(self.protocol.answer(ANSWER)._replace(hold=True))
        call = start(llm, **SHORT)
        if server is None:
            # Nothing tells that a model inside the process is at work; one that is done by then is no matter.
            loop_thread().run(asyncio.sleep(0.02), twin="")
            call.cancel()
        else:
            server.wait_for(1)
            call.cancel()
            server.release()
        assert len(ask(llm, **SHORT).choices) == 1

    @pytest.mark.usefixtures("free_loop")
    def test_a_call_ends_at_its_time_out(self, server: ScriptedServer) -> None:
        """A call without an answer ends with a TimedOutError when the LLM's `timeout` has passed.

        The gateway watches the time; a backend that keeps the cancellation to itself never ends.
        """
        server.answer_with(self.protocol.answer(ANSWER)._replace(hang=True))
        call = start(self.llm_at(server, timeout=TIMEOUT))
        try:
            error = call.exception(self.patience)
        except TimeoutError:
            pytest.fail(f"a call whose `timeout` is {TIMEOUT} s has not ended after {self.patience:g} s")
        assert isinstance(error, TimedOutError), f"it became {error!r}"

    def test_it_can_be_unloaded_and_used_again(self, llm: LLM) -> None:
        """`unload` gives back what `load` took, and the next call loads again; twice does no harm.

        A long pipeline unloads one model to make room for the next, and comes back to it.
        """
        llm.unload()
        for _ in range(2):
            assert len(ask(llm, **SHORT).choices) == 1
            llm.unload()
            llm.unload()

    def test_the_blocking_form_works_in_a_running_loop(self, llm: LLM) -> None:
        """`generate` works where a loop runs already.

        That is so in every notebook and web application, where `asyncio.run` is an error.
        """

        async def cell() -> Generations:
            return once(llm).generate([QUESTION], **SHORT)

        assert [len(texts) for texts in asyncio.run(cell())] == [1]

    def test_the_blocking_form_works_in_threads(self, llm: LLM) -> None:
        """`generate` works in threads, several at once, whichever of them loads.

        Steps that block are run in threads, and so are the handlers of many web applications.
        """
        made: list[Generations] = []
        threads = [
            threading.Thread(target=lambda: made.append(llm.generate([QUESTION], **SHORT))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert [[len(texts) for texts in generations] for generations in made] == [[1]] * 3

    def test_the_awaited_form_works_in_loops_that_come_and_go(self, llm: LLM) -> None:
        """`agenerate` works in any loop, also after the one before has been closed.

        What a backend keeps belongs to the library's own loop, and not to the first caller's.
        """
        for _ in range(2):
            generations = asyncio.run(once(llm).agenerate([QUESTION], **SHORT))
            assert [len(texts) for texts in generations] == [1]

    def test_each_input_has_its_list_of_texts(self, llm: LLM) -> None:
        """`generate` returns a list of texts for each input, in their order.

        That is how callers tell which answer belongs to which row.
        """
        generations = once(llm).generate([QUESTION] * 3, **SHORT)
        assert [len(texts) for texts in generations] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("capability", "asked"),
        [
            ("tools", {"tools": [TOOL]}),
            ("logprobs", {"logprobs": 1}),
            ("seed", {"seed": 1}),
            ("images", {"messages": [{"role": "user", "content": [PICTURE]}]}),
            ("raw_prompt", {"raw_prompt": True}),
        ],
        ids=["tools", "logprobs", "seed", "images", "raw_prompt"],
    )
    def test_what_is_not_declared_is_refused(self, llm: LLM, capability: str, asked: dict[str, Any]) -> None:
        """What the backend does not declare is an UnsupportedError before anything is sent.

        Left out in silence, it would be missing from every row of a dataset that was paid for.
        """
        if getattr(llm.capabilities, capability):
            pytest.skip(f"the backend declares '{capability}', which other tests hold")
        with pytest.raises(UnsupportedError, match=f"'{capability}'"):
            ask(llm, **asked)

    def test_several_answers_need_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'n' is not declared, n answers are n requests: the backend is asked for one at a time.

        So tasks may ask for several, whatever the backend can do.
        """
        if llm.capabilities.n:
            pytest.skip("the backend declares 'n', which other tests hold")
        assert len(ask(llm, n=2).choices) == 2
        assert [self.protocol.read(received).request.n for received in server.received] == [1, 1]

    def test_a_schema_needs_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'structured_output' is not declared, the schema arrives in words, in the system prompt.

        Otherwise the model would have to guess what the answer is checked against.
        """
        if llm.capabilities.structured_output:
            pytest.skip("the backend declares 'structured_output', which other tests hold")
        ask(llm, schema=SCHEMA)
        first = self.protocol.read(server.received[0]).request.messages[0]
        assert "JSON Schema" in text_of(first)

    def _holds_up_the_loop(self, request: pytest.FixtureRequest) -> bool:
        """Return what was found of the class that is tested, and find it out once."""
        found = request.node.parent.stash
        if _HELD_UP not in found:
            with ScriptedServer(patience=self.patience) as server:
                reply = self.protocol.answer(ANSWER)
                found[_HELD_UP] = holds_up_the_loop(self.llm_at(server), server, reply)
        return bool(found[_HELD_UP])

    def _echo(self, received: Received) -> Any:
        asked = self.protocol.read(received)
        last = [message for message in asked.request.messages if message["role"] == "user"][-1]
        return self.protocol.answer(Response.of_text(text_of(last))).body


def _lateness(llm: LLM) -> float:
    """Return for how long, in seconds, the loop stood still in a call because of the backend."""
    with Heartbeat(loop_thread().loop) as heart:
        ask(llm, **SHORT)
    return heart.lateness - heart.lateness_of_the_machine
