"""The contract of a backend, part four: concurrent calls, from any thread, that can be cancelled."""

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
"""Seconds for which a backend may block the loop, with pauses of the machine itself subtracted."""
SHORT: dict[str, Any] = {"max_tokens": 16}
TIMEOUT = 0.3

_HELD_UP = pytest.StashKey[bool]()


class LLMCallContract(LLMFacts):
    """Calls run concurrently, from any thread or loop, end in time, and leave nothing behind."""

    @pytest.fixture
    def free_loop(self, request: pytest.FixtureRequest) -> None:
        """Skip tests that would only time out because the backend blocks the loop."""
        if self.wire is not None and self._holds_up_the_loop(request):
            pytest.skip("the backend blocks the loop: see test_the_loop_goes_on_while_a_call_is_under_way")

    def test_calls_at_once_each_get_their_own_answer(self, llm: LLM, server: ScriptedServer) -> None:
        """When many calls are in flight, each gets the answer to its own prompt.

        If answers are mixed up, rows get the answers of other rows, without any error.
        """
        server.answer_with(Reply(body=self._echo))
        prompts = [f"Say {number}." for number in range(3 * CALLS)]
        calls = [start(llm, [{"role": "user", "content": prompt}]) for prompt in prompts]
        assert [call.result(PATIENCE).choices[0].text for call in calls] == prompts, (
            "answers went to other prompts: keep nothing of a call on the instance"
        )

    @pytest.mark.usefixtures("free_loop")
    def test_calls_are_under_way_side_by_side(self, llm: LLM, server: ScriptedServer) -> None:
        """The backend sends the next call while the previous one still waits for its answer.

        Seedbed's gateway decides how many calls are in flight. A queue or lock in the backend would make all
        of them slow.
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
        """The backend never blocks the event loop that all calls share: blocking code runs in a thread.

        A backend that sleeps or computes on the loop stops every other call, even those of other backends.
        """
        ask(llm, **SHORT)
        assert self.wire is None or not self._holds_up_the_loop(request), (
            "the backend blocks the loop until its answer has come: await it, or call asyncio.to_thread"
        )
        # The median: a backend that blocks does so every time, a pause of the machine comes by chance.
        lateness = median(_lateness(llm) for _ in range(3))
        assert lateness < LATENESS, (
            f"the backend blocked the loop for {lateness:.2f} s: await, or call asyncio.to_thread"
        )

    @pytest.mark.usefixtures("free_loop")
    def test_a_cancelled_call_closes_its_connection(self, llm: LLM, server: ScriptedServer) -> None:
        """Cancelling a call closes its connection to the server.

        A run that was stopped must not keep paying for answers that nobody reads.
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
        """After a cancelled call, the next call is answered.

        Calls are cancelled all the time: when a row fails, at a timeout, on Ctrl-C in a notebook.
        """
        server = None if self.wire is None else request.getfixturevalue("server")
        if server is not None:
            server.answer_with(self.protocol.answer(ANSWER)._replace(hold=True))
        call = start(llm, **SHORT)
        if server is None:
            # We can't see whether a model in the process has started; if it's done by then, that's fine.
            loop_thread().run(asyncio.sleep(0.02), twin="")
            call.cancel()
        else:
            server.wait_for(1)
            call.cancel()
            server.release()
        assert len(ask(llm, **SHORT).choices) == 1, "the call after a cancelled one has no single choice"

    @pytest.mark.usefixtures("free_loop")
    def test_a_call_ends_at_its_time_out(self, server: ScriptedServer) -> None:
        """A call without an answer ends with a TimedOutError once the LLM's `timeout` has passed.

        The gateway cancels the call at its timeout. A backend that swallows the CancelledError never ends.
        """
        server.answer_with(self.protocol.answer(ANSWER)._replace(hang=True))
        call = start(self.llm_at(server, timeout=TIMEOUT))
        try:
            error = call.exception(self.patience)
        except TimeoutError:
            pytest.fail(
                f"a call whose `timeout` is {TIMEOUT} s has not ended after {self.patience:g} s: "
                "let asyncio.CancelledError pass"
            )
        assert isinstance(error, TimedOutError), f"it raised {error!r}, not a TimedOutError"

    def test_it_can_be_unloaded_and_used_again(self, llm: LLM) -> None:
        """`unload` releases what `load` acquired, twice does no harm, and the next call loads again.

        A long pipeline unloads one model to make room for another, and later uses the first one again.
        """
        llm.unload()
        for _ in range(2):
            assert len(ask(llm, **SHORT).choices) == 1, "a call after `unload` has no single choice"
            llm.unload()
            llm.unload()

    def test_the_blocking_form_works_in_a_running_loop(self, llm: LLM) -> None:
        """`generate` works in a thread whose event loop is running.

        That's the case in every notebook and web application, where `asyncio.run` is an error.
        """

        async def cell() -> Generations:
            return once(llm).generate([QUESTION], **SHORT)

        assert [len(texts) for texts in asyncio.run(cell())] == [1], "one prompt has one answer"

    def test_the_blocking_form_works_in_threads(self, llm: LLM) -> None:
        """`generate` works in several threads at once, whichever of them loads the backend.

        Blocking steps run in threads, and so do the handlers of many web applications.
        """
        made: list[Generations] = []
        threads = [
            threading.Thread(target=lambda: made.append(llm.generate([QUESTION], **SHORT))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert [[len(texts) for texts in generations] for generations in made] == [[1]] * 3, (
            "a thread got no answer: guard with a lock what `load` shares, and keep nothing of a call"
        )

    def test_the_awaited_form_works_in_loops_that_come_and_go(self, llm: LLM) -> None:
        """`agenerate` works in any event loop, even after the caller's previous loop was closed.

        Whatever a backend keeps must belong to Seedbed's own loop, not to that of the first caller.
        """
        for _ in range(2):
            generations = asyncio.run(once(llm).agenerate([QUESTION], **SHORT))
            assert [len(texts) for texts in generations] == [1], "one prompt has one answer"

    def test_each_input_has_its_list_of_texts(self, llm: LLM) -> None:
        """`generate` returns a list of texts for each input, in the order of the inputs.

        This tells callers which answer belongs to which row.
        """
        generations = once(llm).generate([QUESTION] * 3, **SHORT)
        assert [len(texts) for texts in generations] == [1, 1, 1], "three prompts have one answer each"

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
        """Asking for a capability that isn't declared raises UnsupportedError before anything is sent.

        If it were left out silently, every row of a dataset that was paid for would lack it.
        """
        if getattr(llm.capabilities, capability):
            pytest.skip(f"the backend declares '{capability}': other tests cover it")
        with pytest.raises(UnsupportedError, match=f"'{capability}'"):
            ask(llm, **asked)

    def test_several_answers_need_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'n' isn't declared, n answers are n requests, and each asks the backend for one answer.

        So tasks can ask for several answers, whatever the backend supports.
        """
        if llm.capabilities.n:
            pytest.skip("the backend declares 'n': other tests cover it")
        assert len(ask(llm, n=2).choices) == 2, "2 answers were asked for"
        assert [self.protocol.read(received).request.n for received in server.received] == [1, 1], (
            "each request must ask for one answer"
        )

    def test_a_schema_needs_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'structured_output' isn't declared, the system prompt describes the schema.

        Otherwise the model would have to guess what its answer is validated against.
        """
        if llm.capabilities.structured_output:
            pytest.skip("the backend declares 'structured_output': other tests cover it")
        ask(llm, schema=SCHEMA)
        first = self.protocol.read(server.received[0]).request.messages[0]
        assert "JSON Schema" in text_of(first), "the system prompt did not arrive: send it to the server"

    def _holds_up_the_loop(self, request: pytest.FixtureRequest) -> bool:
        """Return whether the backend blocks the loop; measured once per test class, since it's slow."""
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
    """Return for how many seconds the backend blocked the loop during a call."""
    with Heartbeat(loop_thread().loop) as heart:
        ask(llm, **SHORT)
    return heart.lateness - heart.lateness_of_the_machine
