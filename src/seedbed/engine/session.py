"""One run, from its plan to its dataset."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from seedbed.engine.flow import Flow, concerns_all
from seedbed.engine.plan import Plan, llm_fields
from seedbed.engine.run import Failure, Run
from seedbed.engine.sources import Item, Source, ThreadedSource, numbered, source_of
from seedbed.engine.stages import Stage, stage_of
from seedbed.engine.window import Settled, Window
from seedbed.errors import DatasetError, SeedbedError
from seedbed.llm.gateway import Gateway
from seedbed.llm.loop import loop_thread
from seedbed.llm.redaction import redact, redact_error, showable
from seedbed.llm.scope import CallScope
from seedbed.llm.sender import DEFAULT_CONCURRENCY
from seedbed.tasks.normalise import as_rows
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep, GlobalStep

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0


class RowWriter(Protocol):
    """Where accepted rows go, in order."""

    def write(self, row: Row) -> None:
        """Take one row."""

    def commit(self) -> None:
        """Make the dataset of all rows appear under its name, at once."""

    def abandon(self) -> Path | None:
        """Keep the rows beside the dataset's name, and return where."""


class Session:
    """Runs a plan; `run` has the counts while it goes on. `drain` and `cancel` may come from any thread."""

    def __init__(
        self,
        plan: Plan,
        run: Run,
        writer: RowWriter,
        gateway: Gateway | None = None,
        watch: Callable[[Settled], None] | None = None,
    ) -> None:
        self.plan = plan
        self.run = run
        self._writer = writer
        self._watch = watch
        self._gateway = gateway or Gateway(concurrency=plan.concurrency)
        self._loaded: list[BaseStep] = []
        self._stages: list[Stage] = []
        self._window: Window | None = None
        self._interrupted = False
        run.calls = self._gateway.counts

    @property
    def is_loading(self) -> bool:
        """Whether the LLMs and steps are still being made ready."""
        return self._window is None

    def execute(self) -> Run:
        """Run to the end and return the run; rows that were made are kept, whatever happens.

        Raises the error that every row would meet where no row was made; otherwise it is the run's
        `stopped_by`.
        """
        return loop_thread().run(self._execute(), twin="aexecute()")

    async def aexecute(self) -> Run:
        """Run to the end, from a coroutine; the asynchronous twin of `execute`."""
        return await loop_thread().arun(self._execute())

    def drain(self) -> None:
        """Start no more calls, let those in flight finish for at most ten seconds, and end."""
        loop_thread().loop.call_soon_threadsafe(self._drain)

    def cancel(self) -> None:
        """Cancel the calls in flight, and end."""
        loop_thread().loop.call_soon_threadsafe(self._cancel)

    async def _execute(self) -> Run:
        begun = time.monotonic()
        finished = False
        try:
            await self._prepare()
            async with aclosing(self._settled()) as settled_items:
                async for settled in settled_items:
                    self._take(settled)
            finished = not self._interrupted
        except SeedbedError as error:
            self.run.stopped_by = error
            if not self.run.accepted:
                raise
        finally:
            for stage in self._stages:
                stage.close()
            await self._unload()
            await self._close(finished)
            self.run.seconds = time.monotonic() - begun
        return self.run

    async def _prepare(self) -> None:
        for llm in self.plan.llms:
            with _blaming(f"the LLM '{llm.reference}'", llm.secrets()):
                await llm.check()
        # A model of gigabytes is not loaded before the key of another is found missing.
        for llm in self.plan.llms:
            with _blaming(f"the LLM '{llm.reference}'", llm.secrets()):
                await asyncio.to_thread(llm.ensure_loaded)
        for step in self.plan.steps:
            scope = CallScope(self.plan.seed, step.name, "")
            for name, llm in llm_fields(step).items():
                setattr(step, name, llm.bound(self._gateway, scope))
            with _blaming(f"step '{step.name}'"):
                await asyncio.to_thread(step.load)
            self._loaded.append(step)

    async def _unload(self) -> None:
        for step in reversed(self._loaded):
            try:
                await asyncio.to_thread(step.unload)
            except Exception:
                logger.exception("step '%s' could not be unloaded", step.name)

    def _settled(self) -> AsyncGenerator[Settled]:
        source, steps = source_of(self.plan)
        return self._segment(source, self.plan.steps[0].name, steps, self.plan.n)

    async def _segment(
        self, source: Source, source_name: str, steps: tuple[BaseStep, ...], wanted: int | None
    ) -> AsyncGenerator[Settled]:
        """Yield what becomes of each item; before a GlobalStep the rows are collected, not yielded."""
        end = next((i for i, step in enumerate(steps) if isinstance(step, GlobalStep)), len(steps))
        stages = [self._stage(step) for step in steps[:end]]
        flow = Flow(stages, source_name, lambda: self._interrupted)
        window = self._window = Window(source, flow.settle, wanted)
        if self._interrupted:
            window.drain()
        collected: list[Row] = []
        async with aclosing(window.settled()) as settled_items:
            async for settled in settled_items:
                if end < len(steps):
                    collected += [row for _, row in settled.rows]
                    settled.rows = []
                yield settled
        # An error behind the last wanted row was met or not, as the source's thread was ahead or not.
        if source.error is not None and not window.is_satisfied:
            yield _source_failure(source.error, source_name)
        if end < len(steps) and not self._interrupted:
            following = ThreadedSource(partial(_global_items, steps[end], collected))
            rest = self._segment(following, steps[end].name, steps[end + 1 :], None)
            async with aclosing(rest) as settled_items:
                async for settled in settled_items:
                    yield settled

    def _stage(self, step: BaseStep) -> Stage:
        stage = stage_of(step, self.plan.seed, self.plan.concurrency or DEFAULT_CONCURRENCY)
        self._stages.append(stage)
        return stage

    def _take(self, settled: Settled) -> None:
        if self._watch is not None:
            self._watch(settled)
        for _, row in settled.rows:
            self._writer.write(row)
        self.run.accepted += len(settled.rows)
        for rejection in settled.rejections:
            self.run.reject(rejection)
        for failure in settled.failures:
            self.run.fail(failure)

    async def _close(self, finished: bool) -> None:
        run = self.run
        enough = run.wanted is None or run.accepted == run.wanted
        # A run in which every row failed has made no dataset, and takes none away.
        if (finished and (run.accepted or not run.failed)) or (enough and run.wanted):
            await asyncio.to_thread(self._writer.commit)
            run.outcome = "complete" if enough and not run.failed else "incomplete"
            return
        if not finished:
            run.outcome = "interrupted" if run.stopped_by is None else "stopped"
        run.partial = await asyncio.to_thread(self._writer.abandon)
        run.out = None

    def _drain(self) -> None:
        self._interrupted = True
        self._gateway.drain()
        if self._window is not None:
            self._window.drain()
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._window.cancel)

    def _cancel(self) -> None:
        self._drain()
        if self._window is not None:
            self._window.cancel()


def _source_failure(error: BaseException, source_name: str) -> Settled:
    if isinstance(error, DatasetError):
        raise type(error)(error.fact, *error.advice, "the rest of the input was not read") from error
    if not isinstance(error, Exception) or concerns_all(error):
        raise error
    return Settled(failures=[Failure("source", source_name, error)])


def _global_items(step: BaseStep, rows: list[Row]) -> Iterator[Item]:
    assert isinstance(step, GlobalStep)
    return numbered(as_rows(made, step.name) for made in step.process(rows))


@contextmanager
def _blaming(what: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Say whose code raised, where it is not an error of ours, and keep secrets out of what it says."""
    try:
        yield
    except SeedbedError as error:
        redact_error(error, secrets)
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        text = redact(f"{type(error).__name__}: {error}", secrets)
        raise SeedbedError(f"{what} could not be loaded: {text}") from showable(error, secrets)
