"""Messages to a worker, in order, and as few as there can be."""

from __future__ import annotations

import asyncio
import pickle

from tests.support.crews import HereLink

from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.run_messages import Items, OpenGate, Room
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.llm.calling.loop import loop_thread


def test_reservations_that_follow_each_other_go_in_one_message_and_overtake_nothing() -> None:
    async def sent() -> list[object]:
        link = HereLink()
        worker = WorkerHandle(link, 0, 0, pickle.dumps)
        for message in (Room(1), Room(2), OpenGate(), Room(3), Items([])):
            worker.send(message)
        assert worker._sending is not None
        await worker._sending
        await worker.close()
        return [decoded(message) for message in link.sent]

    found = asyncio.run_coroutine_threadsafe(sent(), loop_thread().loop).result(60)
    assert [type(one).__name__ for one in found] == ["Rooms", "OpenGate", "Rooms", "Items"]
    assert [found[0].rooms, found[2].rooms] == [[Room(1), Room(2)], [Room(3)]]  # type: ignore[attr-defined]
