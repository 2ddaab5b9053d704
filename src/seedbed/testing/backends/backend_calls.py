"""What calls of every backend have in common: concurrency, time-outs and cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from seedbed.errors import LLMError, TimedOutError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.messages import Message
from seedbed.testing.backends.llm_facts import PATIENCE, QUESTION, LLMFacts, ask, start, together
from seedbed.testing.backends.standstill import holds_up_the_loop
from seedbed.testing.heartbeat import Heartbeat
from seedbed.testing.process_watch import left_alone, left_each_time
from seedbed.testing.servers.scripted_server import ScriptedServer

CALLS = 8
LATENESS = 0.1
"""Seconds for which a backend may block the loop, with pauses of the machine itself subtracted."""
SHORT: dict[str, Any] = {"max_tokens": 16}
TIMEOUT = 0.3

_HELD_UP = pytest.StashKey[bool]()


class BackendCallContract(LLMFacts):
    """Calls run concurrently, end in time, and leave nothing behind."""

    @pytest.fixture
    def free_loop(self, request: pytest.FixtureRequest) -> None:
        """Skip tests that would only time out because the backend blocks the loop."""
        if self.wire is not None and self._holds_up_the_loop(request):
            pytest.skip("the backend blocks the loop: see test_the_loop_goes_on_while_a_call_is_under_way")

    @pytest.mark.usefixtures("free_loop")
    def test_calls_are_under_way_side_by_side(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """The backend sends the next call while the previous one still waits for its answer.

        Seedbed's gateway decides how many calls are in flight. A queue or lock in the backend would make all
        of them slow.
        """
        count = min(CALLS, llm.slots or CALLS)
        server.answer_with(self.protocol.answer(self.good)._replace(hold=True))
        if llm._batch_bounds is None:
            calls = together(llm, [QUESTION] * count)
        else:
            # One gateway would send their texts in one request.
            calls = [start(llm) for _ in range(count)]
        try:
            server.wait_for(count)
        finally:
            server.release()
        assert all(self.is_answer(call.result(PATIENCE)) for call in calls)

    def test_the_loop_goes_on_while_a_call_is_under_way(
        self, llm: BaseBackend, request: pytest.FixtureRequest
    ) -> None:
        """The backend never blocks the event loop that all calls share: blocking code runs in a thread.

        A backend that sleeps or computes on the loop stops every other call, even those of other backends.
        """
        ask(llm, **SHORT)
        assert self.wire is None or not self._holds_up_the_loop(request), (
            "the backend blocks the loop until its answer has come: await it, or call asyncio.to_thread"
        )
        # A backend that blocks does so every time, a pause of the machine comes by chance.
        assert any(_lateness(llm, self.much) < LATENESS for _ in range(3)), (
            f"the backend blocked the loop for {LATENESS:g} s or more: await, or call asyncio.to_thread"
        )

    @pytest.mark.usefixtures("free_loop")
    def test_a_cancelled_call_closes_its_connection(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """Cancelling a call closes its connection to the server.

        A run that was stopped must not keep paying for answers that nobody reads.
        """
        server.answer_with(self.protocol.answer(self.good)._replace(hold=True))
        call = start(llm)
        server.wait_for(1)
        call.cancel()
        try:
            server.wait_until(lambda: server.abandoned == 1, "the end of the connection of a cancelled call")
        finally:
            server.release()

    @pytest.mark.usefixtures("free_loop")
    def test_after_a_cancelled_call_the_next_is_answered(
        self, llm: BaseBackend, request: pytest.FixtureRequest
    ) -> None:
        """After a cancelled call, the next call is answered.

        Calls are cancelled all the time: when a row fails, at a timeout, on Ctrl-C in a notebook.
        """
        server = None if self.wire is None else request.getfixturevalue("server")
        if server is not None:
            server.answer_with(self.protocol.answer(self.good)._replace(hold=True))
        call = start(llm, **SHORT)
        if server is None:
            # We can't see whether a model in the process has started; if it's done by then, that's fine.
            loop_thread().run(asyncio.sleep(0.02), twin="")
            call.cancel()
        else:
            server.wait_for(1)
            call.cancel()
            server.release()
        assert self.is_answer(ask(llm, **SHORT)), "the call after a cancelled one has no single answer"

    @pytest.mark.usefixtures("free_loop")
    def test_a_call_ends_at_its_time_out(self, server: ScriptedServer) -> None:
        """A call without an answer ends with a TimedOutError once the LLM's `timeout` has passed.

        The gateway cancels the call at its timeout. A backend that swallows the CancelledError never ends.
        """
        server.answer_with(self.protocol.answer(self.good)._replace(hang=True))
        call = start(self.llm_at(server, timeout=TIMEOUT))
        try:
            error = call.exception(self.patience)
        except TimeoutError:
            pytest.fail(
                f"a call whose `timeout` is {TIMEOUT} s has not ended after {self.patience:g} s: "
                "let asyncio.CancelledError pass"
            )
        assert isinstance(error, TimedOutError), f"it raised {error!r}, not a TimedOutError"

    def test_it_can_be_unloaded_and_used_again(self, llm: BaseBackend) -> None:
        """`unload` releases what `load` acquired, twice does no harm, and the next call loads again.

        A long pipeline unloads one model to make room for another, and later uses the first one again.
        """
        llm.unload()
        for _ in range(2):
            assert self.is_answer(ask(llm, **SHORT)), "a call after `unload` has no single answer"
            llm.unload()
            llm.unload()

    def test_unloading_leaves_nothing(self, llm: BaseBackend) -> None:
        """What `load` and calls open is closed after `unload`: threads, files and connections.

        A process may load and unload a backend for each of a hundred runs.
        """

        def come_and_go() -> None:
            ask(llm, **SHORT)
            llm.unload()

        try:
            left = left_each_time(come_and_go)
        except LLMError:
            pytest.skip("it cannot be used again: see test_it_can_be_unloaded_and_used_again")
        assert not left, (
            f"each time that it's loaded and unloaded, it leaves {' and '.join(left)}: close it in `unload`"
        )

    def test_the_process_is_left_alone(self, llm: BaseBackend, capfd: pytest.CaptureFixture[str]) -> None:
        """It prints nothing to standard output, and sets nothing for the whole process, such as a seed.

        Without `-o`, the rows of a dataset go to standard output. Other plugins run in the same process.
        """
        capfd.readouterr()
        with left_alone():
            ask(llm, **SHORT)
            llm.unload()
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"

    def _holds_up_the_loop(self, request: pytest.FixtureRequest) -> bool:
        """Return whether the backend blocks the loop; measured once per test class, since it's slow."""
        found = request.node.parent.stash
        if _HELD_UP not in found:
            with ScriptedServer(patience=self.patience) as server:
                server.hand_out_tickets(self.protocol)
                reply = self.protocol.answer(self.good)
                found[_HELD_UP] = holds_up_the_loop(self.llm_at(server), server, reply)
        return bool(found[_HELD_UP])


def _lateness(llm: BaseBackend, messages: Sequence[Message]) -> float:
    """Return for how many seconds the backend blocked the loop during a call."""
    with Heartbeat(loop_thread().loop) as heart:
        ask(llm, messages, **SHORT)
    return heart.lateness
