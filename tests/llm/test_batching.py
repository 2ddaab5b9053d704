"""Calls to an embedder that wait at the same time are one request, and none notices the others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PrivateAttr
from tests.support.letters import counted

from seedbed import BadRequestError, Budget, Embedder, Embeddings, Gateway, RetryPolicy, ServerError, Usage
from seedbed.errors import AuthenticationError, BudgetExhaustedError, LLMConnectionError, LLMError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.calling.sender import Sender

HASTY = RetryPolicy(tries=2, first_wait=0.001)


class LocalEmbedder(Embedder):
    """Counts letters, and notes the requests; if there's a text in one that has `bad` in it, it fails."""

    slots_at_once: int | None = None
    limit: int | None = None
    turns: int = 0
    bad: str = ""

    _asked: list[list[str]] = PrivateAttr(default_factory=list)
    _error: LLMError = PrivateAttr(default_factory=lambda: BadRequestError("a text is bad"))
    _held: asyncio.Event | None = PrivateAttr(default=None)
    _begun: asyncio.Semaphore = PrivateAttr(default_factory=lambda: asyncio.Semaphore(0))

    @property
    def slots(self) -> int | None:
        return self.slots_at_once

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        self._asked.append([*texts])
        self._begun.release()
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self._held is not None:
            await self._held.wait()
        if self.bad and any(self.bad in text for text in texts):
            raise self._error
        return Embeddings(vectors=[counted(text) for text in texts], usage=Usage(sum(map(len, texts))))


class LimitedEmbedder(LocalEmbedder):
    """The same, of a server that limits bytes."""

    batch_bytes = 12


def on_loop(work: Coroutine[Any, Any, Any]) -> Any:
    return loop_thread().run(work, twin="")


def views(embedder: LocalEmbedder, number: int, gateway: Gateway | None = None) -> list[LocalEmbedder]:
    """Return what the rows of one step use: one view of the embedder, in a scope for each row."""
    step = embedder.bound(gateway or Gateway(retry=HASTY), None)
    step._asked, step._held, step._begun = embedder._asked, embedder._held, embedder._begun
    return [scoped(step, row) for row in range(number)]


def scoped(step: LocalEmbedder, row: int) -> Any:
    class Row:
        async def avectors(self, texts: Sequence[str]) -> Any:
            scope = CallScope(0, "step", str(row), rank=row)
            return await step._embedded(step._requests(texts), scope)

    return Row()


async def all_of(rows: Sequence[Any], texts: Sequence[Sequence[str]]) -> list[Any]:
    asked = (row.avectors(own) for row, own in zip(rows, texts, strict=True))
    return await asyncio.gather(*asked, return_exceptions=True)


def lists(answers: Sequence[Any]) -> list[Any]:
    return [[vector.tolist() for own in answer for vector in own.vectors] for answer in answers]


@pytest.mark.usefixtures("lingering")
def test_calls_that_wait_together_are_one_request_in_the_order_of_the_rows():
    embedder = LocalEmbedder(model="any", batch_size=8)
    texts = [["a"], ["bb"], ["abba"]]
    answers = on_loop(all_of(views(embedder, 3), texts))
    assert lists(answers) == [[counted(text) for text in own] for own in texts]
    assert embedder._asked == [["a", "bb", "abba"]]


@pytest.mark.usefixtures("lingering")
def test_a_full_request_goes_out_and_the_rest_follows_it():
    embedder = LocalEmbedder(model="any", batch_size=4)
    on_loop(all_of(views(embedder, 10), [["ab"]] * 10))
    assert [len(texts) for texts in embedder._asked] == [4, 4, 2]


def test_texts_gather_while_the_server_is_busy():
    embedder = LocalEmbedder(model="any", batch_size=50, slots_at_once=1, turns=40)
    rows = views(embedder, 101)

    async def one_after_the_other():
        tasks = []
        for row in rows:
            tasks.append(asyncio.ensure_future(row.avectors(["a"])))
            await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    on_loop(one_after_the_other())
    assert sum(map(len, embedder._asked)) == 101
    assert len(embedder._asked) <= 6


TEXTS = st.lists(st.lists(st.text("abcdé", max_size=6), min_size=1, max_size=5), min_size=1, max_size=25)


@settings(deadline=None)
@given(
    TEXTS, st.integers(1, 7), st.booleans(), st.integers(0, 3), st.none() | st.integers(1, 3), st.randoms()
)
def test_every_call_gets_its_own_vectors_however_they_are_sent(texts, size, limited, turns, slots, rng):
    cls = LimitedEmbedder if limited else LocalEmbedder
    embedder = cls(model="any", batch_size=size, turns=turns, slots_at_once=slots)
    rows = views(embedder, len(texts))
    pauses = [rng.randrange(4) for _ in texts]

    async def later(row: Any, own: Sequence[str], pause: int) -> Any:
        for _ in range(pause):
            await asyncio.sleep(0)
        return await row.avectors(own)

    async def all_later() -> Any:
        return await asyncio.gather(*map(later, rows, texts, pauses))

    assert lists(on_loop(all_later())) == [[counted(text) for text in own] for own in texts]
    assert sorted(text for batch in embedder._asked for text in batch) == sorted(
        text for own in texts for text in own
    )
    assert max(map(len, embedder._asked)) <= size
    if limited:
        # Six letters take at most 12 bytes.
        assert all(sum(len(text.encode()) for text in batch) <= 12 for batch in embedder._asked)


def test_a_text_that_is_refused_fails_its_own_call_only():
    embedder = LocalEmbedder(model="any", batch_size=64, bad="bad")
    texts = [[f"{'bad' if row == 37 else 'ok'} {row}"] for row in range(64)]
    answers = on_loop(all_of(views(embedder, 64), texts))
    assert [row for row, answer in enumerate(answers) if isinstance(answer, BadRequestError)] == [37]
    answers.pop(37)
    texts.pop(37)
    assert lists(answers) == [[counted(text) for text in own] for own in texts]
    # Halves, halves of the one that failed, and so on; on a busy machine not all 64 begin as one request.
    whole = next(len(asked) for asked in embedder._asked if "bad 37" in asked)
    begun = [len(asked) for asked in embedder._asked if "bad 37" not in asked]
    assert len(embedder._asked) - len(begun) <= 1 + math.ceil(math.log2(whole))
    assert len(begun) <= len(embedder._asked) // 2 + 64 // whole


def test_nothing_is_bought_for_a_row_that_was_cancelled_while_its_request_failed():
    embedder = LocalEmbedder(model="any", batch_size=4, bad="bad", turns=40)
    rows, rows_asked = views(embedder, 4), embedder._begun

    async def one_leaves() -> Any:
        tasks = [
            asyncio.ensure_future(row.avectors([text]))
            for row, text in zip(rows, ["bad", "left", "ok", "okay"], strict=True)
        ]
        await rows_asked.acquire()
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = on_loop(one_leaves())
    assert [type(answer) for answer in answers[:2]] == [BadRequestError, asyncio.CancelledError]
    assert lists(answers[2:]) == [[counted("ok")], [counted("okay")]]
    assert sum("left" in asked for asked in embedder._asked) == 1


@pytest.mark.usefixtures("lingering")
def test_a_text_on_which_the_server_fails_each_time_fails_its_own_call_only():
    embedder = LocalEmbedder(model="any", batch_size=8, bad="bad")
    embedder._error = ServerError("it failed")
    rows = views(embedder, 8)
    texts = [["bad" if row == 3 else "ok"] for row in range(8)]
    answers = on_loop(all_of(rows, texts))
    assert [isinstance(answer, ServerError) for answer in answers] == [row == 3 for row in range(8)]


@pytest.mark.usefixtures("lingering")
@pytest.mark.parametrize("error", [AuthenticationError("no key"), LLMConnectionError("no server")])
def test_what_any_request_would_meet_is_not_tried_in_parts(error):
    embedder = LocalEmbedder(model="any", batch_size=8, bad="a")
    embedder._error = error
    gateway = Gateway(retry=RetryPolicy(tries=1))
    answers = on_loop(all_of(views(embedder, 5, gateway), [["a"]] * 5))
    assert {type(answer) for answer in answers} == {type(error)}
    assert len(embedder._asked) == 1


def test_the_tokens_of_a_request_are_shared_among_its_calls():
    embedder = LocalEmbedder(model="any")
    gateway = Gateway()
    texts = [["a" * number] for number in range(1, 8)]
    answers = on_loop(all_of(views(embedder, 7, gateway), texts))
    shares = [answer[0].usage.input_tokens for answer in answers]
    assert sum(shares) == gateway.counts.usage.input_tokens == 28
    assert shares == sorted(shares)


def test_a_cancelled_row_takes_no_other_with_it():
    embedder = LocalEmbedder(model="any")

    async def cancel_one() -> Any:
        embedder._held = asyncio.Event()
        rows = views(embedder, 4)
        tasks = [asyncio.ensure_future(row.avectors(["ab"])) for row in rows]
        await embedder._begun.acquire()
        tasks[1].cancel()
        await asyncio.sleep(0)
        embedder._held.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = on_loop(cancel_one())
    assert isinstance(answers.pop(1), asyncio.CancelledError)
    assert lists(answers) == [[counted("ab")]] * 3


def test_a_request_that_no_row_waits_for_is_cancelled():
    embedder = LocalEmbedder(model="any", slots_at_once=1, batch_size=2)

    async def cancel_all() -> Any:
        embedder._held = asyncio.Event()
        rows = views(embedder, 3)
        tasks = [asyncio.ensure_future(row.avectors(["ab"])) for row in rows]
        await embedder._begun.acquire()
        for task in tasks[:2]:
            task.cancel()
        # Its place is free, though the request would never have ended.
        await embedder._begun.acquire()
        embedder._held.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert lists(on_loop(cancel_all())[2:]) == [[counted("ab")]]


def test_draining_cancels_what_waits_and_lets_the_rest_finish():
    embedder = LocalEmbedder(model="any", slots_at_once=1, batch_size=2)
    # Or each row would load it in a thread first, and they'd come in any order.
    embedder.ensure_loaded()

    async def drain() -> Any:
        embedder._held = asyncio.Event()
        gateway = Gateway()
        rows = views(embedder, 7, gateway)
        tasks = [asyncio.ensure_future(row.avectors(["ab"])) for row in rows[:6]]
        await embedder._begun.acquire()
        gateway.drain()
        tasks.append(asyncio.ensure_future(rows[6].avectors(["ab"])))
        embedder._held.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = on_loop(drain())
    assert lists(answers[:2]) == [[counted("ab")]] * 2
    assert {type(answer) for answer in answers[2:]} == {asyncio.CancelledError}


@pytest.mark.usefixtures("lingering")
def test_a_cap_is_used_up_as_far_as_single_texts_fit():
    # What a text reserves is its bytes and what surrounds a message.
    embedder = LocalEmbedder(model="any", batch_size=8)
    gateway = Gateway(sender=Sender(budget=Budget(max_tokens=600)))
    answers = on_loop(all_of(views(embedder, 8, gateway), [["a" * 100]] * 8))
    made = [answer for answer in answers if not isinstance(answer, BudgetExhaustedError)]
    assert len(made) == 5
    assert gateway.counts.usage.input_tokens == 500


def test_calls_outside_of_a_run_are_sent_as_they_are():
    embedder = LocalEmbedder(model="any")

    async def two() -> Any:
        return await asyncio.gather(embedder.avectors(["a"]), embedder.avectors(["b"]))

    on_loop(two())
    assert sorted(embedder._asked) == [["a"], ["b"]]
