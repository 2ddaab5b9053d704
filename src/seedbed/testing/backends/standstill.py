"""Whether a backend blocks the loop that all calls share while it waits for its server."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, wait

from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.response import Response
from seedbed.testing.backends.llm_facts import start
from seedbed.testing.servers.exchange import Reply
from seedbed.testing.servers.scripted_server import ScriptedServer

STANDSTILL, MOMENT = 2.0, 0.02
"""Seconds without a reaction after which a loop counts as blocked; a free loop reacts at once.

They're waited for in moments: where the machine itself stands still, only one of them passes.
"""


def holds_up_the_loop(llm: BaseBackend, server: ScriptedServer, reply: Reply) -> bool:
    """Return whether the loop is blocked between a call's request and its answer; `server` delays the answer.

    Raises what the call raises before it sends anything.
    """
    server.answer_with(reply._replace(hold=True))
    call = start(llm)
    try:
        _await_request(server, call)
        return not _answers(loop_thread().loop)
    finally:
        server.release()
        wait([call], server.patience)


def _await_request(server: ScriptedServer, call: Future[Response]) -> None:
    call.add_done_callback(lambda _: server.wake())
    server.wait_until(lambda: server.count > 0 or call.done(), "a request")
    if call.done():
        call.result()


def _answers(loop: asyncio.AbstractEventLoop) -> bool:
    answered = threading.Event()
    loop.call_soon_threadsafe(answered.set)
    return any(answered.wait(MOMENT) for _ in range(round(STANDSTILL / MOMENT)))
