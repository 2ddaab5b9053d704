"""A worker: takes items of a run through the steps, in a process of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from seedbed.engine.workers.asking_replicas import Lines
from seedbed.engine.workers.installed import Needs, lacking
from seedbed.engine.workers.message_bytes import decoded, encoded
from seedbed.engine.workers.run_messages import Cancel, Drain, End, Setup
from seedbed.engine.workers.sent_errors import sendable
from seedbed.engine.workers.unsent_news import UnsentNews
from seedbed.engine.workers.worker_rows import WorkerRows
from seedbed.llm.calling.loop import call_soon, loop_thread


class RowWorker:
    """Makes rows of a run that another process drives: `receive` takes its messages, `news` has the answers.

        worker = RowWorker()
        worker.receive(message)          # in the order in which the run sent them
        answer = await worker.news()     # waits until there's something to tell

    `replicas` has the lines to LLMs that aren't loaded here, by their keys: see `WorkerEngine.replicate`.

    Messages are bytes that only Seedbed reads. They hold the keys of LLMs: a transport to other machines has
    to encrypt them. All methods may be called from any thread or loop.
    """

    def __init__(self, replicas: Lines | None = None) -> None:
        self._lines = replicas or {}
        self._loop = loop_thread().loop
        self._unsent = UnsentNews()
        self._rows: WorkerRows | None = None
        self._work: asyncio.Task[None] | None = None

    def receive(self, message: bytes) -> None:
        """Take a message of the run; those that it brings are worked on in order."""
        call_soon(self._loop, self._receive, message)

    async def news(self) -> bytes:
        """Return what there is to tell, as soon as there's something."""
        answer: bytes = await loop_thread().arun(self._next_news())
        return answer

    def _receive(self, message: bytes) -> None:
        try:
            self._take(decoded(message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to hear of it
            self._fail(error)

    def _take(self, message: Any) -> None:
        if isinstance(message, Needs):
            self._unsent.news.lacking = lacking(message)
            self._unsent.news.is_checked = True
            self._unsent.tell()
        elif isinstance(message, Setup):
            self._work = self._loop.create_task(self._begin(message))
        elif isinstance(message, End):
            self._work = self._loop.create_task(self._end())
        elif isinstance(message, Drain | Cancel):
            # It may overtake the setup: then there are no rows yet, and there won't be any.
            self._unsent.news.has_drained = True
            if self._rows is not None:
                self._rows.take(message)
            self._unsent.tell()
        elif self._rows is not None:
            self._rows.take(message)

    async def _begin(self, setup: Setup) -> None:
        try:
            self._rows = rows = WorkerRows(setup, self._unsent, self._lines)
            if self._unsent.news.has_drained:
                rows.take(Drain())
            await rows.load()
            self._unsent.news.is_ready = True
        except Exception as error:  # noqa: BLE001 - an author's code may raise anything
            self._fail(error)
        self._unsent.tell()

    async def _end(self) -> None:
        if self._rows is not None:
            await self._rows.end()
        self._unsent.news.has_ended = True
        self._unsent.tell()

    def _fail(self, error: Exception) -> None:
        self._unsent.news.error = sendable(error)
        self._unsent.tell()

    async def _next_news(self) -> bytes:
        news = await self._unsent.gathered()
        if self._rows is not None:
            self._rows.report()
        message = encoded(news)
        news.additions.clear()
        news.settled.clear()
        return message
