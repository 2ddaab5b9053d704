"""An observer on the bench: sessions of real runs, of every kind that it may observe."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr

from seedbed.engine.api import run
from seedbed.engine.observing.observed import (
    ObservedCall,
    ObservedOutcome,
    ObservedRow,
    ObservedRun,
    ObservedTry,
)
from seedbed.engine.observing.observer import Observer
from seedbed.engine.run import Run
from seedbed.errors import BadRequestError, LLMConnectionError, Reject, RowError
from seedbed.hookspecs import hookimpl
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, Usage
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import Step
from seedbed.tasks.task import Task
from seedbed.testing.doubles.echo_llm import EchoLLM

FATES = [{"fate": fate} for fate in ("accepted", "rejected", "accepted", "failed", "accepted")]


class Fates(Task):
    """Accepts, rejects or fails each row, as the row says."""

    template: str = "{{ fate }}"
    inputs: ClassVar[list[str]] = ["fate"]

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> Row:
        """Return a row, or reject or fail it, as the input says."""
        if output == "rejected":
            raise Reject("that was its fate")
        if output == "failed":
            raise RowError("that was its fate")
        return {"generation": output}


class Numbers(GeneratorTask):
    """Rows of numbers."""

    template: str = "{{ number }}"
    mark: str = ""

    def sample(self, index: int, rng: object) -> Row:
        """Return the number of a row, and what else rows hold."""
        return {"number": index, "known": {"text": "é \U0001f331", "none": None, "list": [1.5, True]}}

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> Row:
        """Return what was answered, marked."""
        return {"generation": f"{output}{self.mark}"}


class Near(Step):
    """Adds how long the vector of each text is, by an embedder."""

    keeps: ClassVar[bool] = True
    embedder: Embedder

    def process(self, row: Row) -> Row:
        """Return the row with the length."""
        return {**row, "length": self.embedder.vectors([row["fate"]]).shape[1]}


class Lengths(Embedder):
    """An embedder whose vectors are bought, as those of a server."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector for each text."""
        return Embeddings(vectors=[[float(len(text)), 1.0] for text in texts], usage=Usage(len(texts)))


class Plain(Step):
    """Passes rows through, without a model."""

    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        """Return the row."""
        return row


Session = Callable[[list[object], Path], Run]
"""Runs one session with these observers, in a folder."""


def _of_each_fate(observers: list[object], folder: Path) -> Run:
    return run(Fates(), input=FATES, llm=EchoLLM(), out=folder / "fates.jsonl", observers=observers)


def _of_numbers(observers: list[object], folder: Path) -> Run:
    return run(Numbers(), 2, llm=EchoLLM(), observers=observers)


def _without_a_model(observers: list[object], folder: Path) -> Run:
    return run(Plain(), input=FATES, observers=observers)


def _that_goes_on(observers: list[object], folder: Path) -> Run:
    longer = partial(run, Numbers(), llm=EchoLLM(), name="longer")
    longer(1)
    return longer(3, observers=observers)


def _that_reuses_answers(observers: list[object], folder: Path) -> Run:
    run(Numbers(), 2, llm=EchoLLM(), name="again")
    return run(Numbers(mark="!"), 2, llm=EchoLLM(), name="again", observers=observers)


class _Shaky(EchoLLM):
    """An LLM that loses the line the first time, and refuses one text always."""

    _is_shaken: bool = PrivateAttr(False)

    async def respond(self, request: Request) -> Response:
        """Answer like an echo, if at all."""
        if not self._is_shaken:
            self._is_shaken = True
            raise LLMConnectionError("the line was lost", retry_after=0.0)
        if request.messages[-1]["content"] == "rejected":
            raise BadRequestError("that text is refused", status=400)
        if request.messages[-1]["content"] == "failed":
            # A filter, or a tool that is called.
            return Response(choices=(Choice(text=None, finish_reason="content_filter"),), usage=Usage(1))
        return await super().respond(request)


def _whose_calls_fail(observers: list[object], folder: Path) -> Run:
    return run(Fates(), input=FATES, llm=_Shaky(), observers=observers)


def _that_is_stopped(observers: list[object], folder: Path) -> Run:
    return run(Fates(), input=FATES, llm=EchoLLM(), max_tokens=1, observers=observers)


def _of_an_embedder(observers: list[object], folder: Path) -> Run:
    return run(Near(embedder=Lengths(model="any")), input=FATES, observers=observers)


SESSIONS: Mapping[str, Session] = {
    "rows of each fate": _of_each_fate,
    "rows of a generator": _of_numbers,
    "no model": _without_a_model,
    "a run that goes on": _that_goes_on,
    "a run that reuses answers": _that_reuses_answers,
    "calls that fail": _whose_calls_fail,
    "a run that is stopped": _that_is_stopped,
    # Vectors are arrays of numpy, which an observer needn't have.
    **({"an embedder": _of_an_embedder} if find_spec("numpy") else {}),
}
"""Sessions, by what an observer sees in them."""


Told = list[tuple[str, dict[str, object]]]
"""Hooks and their arguments, in the order of the calls."""


class Recorder:
    """An observer that records its calls, to replay them to other observers."""

    def __init__(self) -> None:
        self.told: Told = []

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        """Record the start of a run."""
        self.told.append(("seedbed_run_started", {"run": run}))

    @hookimpl
    def seedbed_call_finished(self, run: ObservedRun, call: ObservedCall) -> None:
        """Record a call."""
        self.told.append(("seedbed_call_finished", {"run": run, "call": call}))

    @hookimpl
    def seedbed_call_reused(self, run: ObservedRun, call: ObservedCall) -> None:
        """Record a call whose answer the run had."""
        self.told.append(("seedbed_call_reused", {"run": run, "call": call}))

    @hookimpl
    def seedbed_try_failed(self, run: ObservedRun, failed: ObservedTry) -> None:
        """Record a try that failed."""
        self.told.append(("seedbed_try_failed", {"run": run, "failed": failed}))

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        """Record the outcome of a row."""
        self.told.append(("seedbed_row_finished", {"run": run, "row": row}))

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        """Record the end of a run."""
        self.told.append(("seedbed_run_finished", {"run": run, "outcome": outcome}))


def tell(observer: Observer, told: Iterable[tuple[str, dict[str, object]]], patience: float) -> None:
    """Call the hooks of an observer as a run does; skip the running test if one doesn't return."""
    if not returns(observer, told, patience):
        pytest.skip("a hook does not return: see test_it_lets_a_run_end")


def returns(observer: Observer, told: Iterable[tuple[str, dict[str, object]]], patience: float) -> bool:
    """Call the hooks of an observer as a run does; return whether all return in so many seconds."""
    thread = threading.Thread(target=_tell, args=(observer, told), name="seedbed observer", daemon=True)
    thread.start()
    thread.join(patience)
    return not thread.is_alive()


def _tell(observer: Observer, told: Iterable[tuple[str, dict[str, object]]]) -> None:
    for hook, values in told:
        observer.tell(hook, **values)


class Complaints(logging.Handler):
    """What is logged about an observer: a hook raised, or doesn't return; not that one is slow."""

    NAMES = tuple(f"seedbed.engine.observing.{name}" for name in ("observer", "listener", "delivery"))

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Record the text of a warning."""
        # On a busy machine, any may be.
        if not (text := record.getMessage()).startswith("waiting for"):
            self.texts.append(text)
