"""A backend that asks the real one once, and then answers from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from seedbed.errors import LLMError
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.llm import LLM
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.llm.schemas.structured import fit_schema
from seedbed.testing.doubles.cassette import Cassette
from seedbed.testing.doubles.wrapping_llm import WrappingLLM


class RecordedLLM(WrappingLLM):
    """Records the answers of a real LLM on a cassette, and replays them without key, server or cost.

        llm = RecordedLLM(OpenAILLM(model="gpt-4.1-mini"), "tests/cassettes/jokes.jsonl")

    With `record="once"`, the default, it records if the file doesn't exist yet, and otherwise replays. Delete
    the file to record again. `"never"` only replays. `"missing"` records answers that the file doesn't have.

    The model's name and the request decide the answer, so the order and concurrency of calls don't matter.
    Equal requests get their answers in the recorded order. A request that isn't on the cassette raises a
    fatal LLMError. The cassette has answers, and errors caused by the request, such as ContextOverflowError.
    It never has keys.
    """

    record: Literal["once", "never", "missing"] = Field(default="once", description="When it records.")

    _cassette: Cassette = PrivateAttr()
    _records: bool = PrivateAttr()

    def __init__(self, inner: LLM, cassette: str | Path, **fields: Any) -> None:
        super().__init__(inner, **fields)
        path = Path(cassette)
        self._records = self.record == "missing" or (self.record == "once" and not path.exists())
        self._cassette = Cassette(path)

    @property
    def endpoint(self) -> str:
        """That of the wrapped LLM while recording, or else the cassette."""
        return super().endpoint if self._records else "cassette"

    @property
    def credential_id(self) -> str:
        """That of the wrapped LLM while recording, or else empty."""
        return super().credential_id if self._records else ""

    @property
    def capabilities(self) -> Capabilities:
        """Those of the wrapped LLM, without its schema dialect: recordings don't depend on it."""
        return replace(super().capabilities, schema_dialect=None)

    def load(self) -> None:
        """Load the wrapped LLM, if it may be asked."""
        if self._records:
            super().load()

    async def check(self) -> None:
        """Check the wrapped LLM, if it may be asked."""
        if self._records:
            await super().check()

    async def respond(self, request: Request) -> Response:
        """Return the recorded answer, or ask and record."""
        answer = self._cassette.next_answer(self.model_name, request)
        if isinstance(answer, LLMError):
            raise answer
        if answer is not None:
            return answer
        if not self._records:
            raise self._not_there(request)
        return await self._ask(request)

    async def _ask(self, request: Request) -> Response:
        try:
            asked, _ = fit_schema(request, self.inner.capabilities.schema_dialect)
            response = await self.inner.respond(asked)
        except LLMError as error:
            if not error.retryable and not error.fatal:
                self._append(request, error)
            raise
        self._append(request, response)
        return response

    def _append(self, request: Request, answer: Response | LLMError) -> None:
        self._cassette.append(self.model_name, request, answer, self.inner.secrets())

    def _not_there(self, request: Request) -> LLMError:
        last = str(request.messages[-1].get("content"))
        return LLMError(
            f"the cassette '{self._cassette.path}' has no answer left to {last[:200]!r}",
            f"it has {len(self._cassette)} answers of '{self.model_name}' and others, to other requests",
            "delete the file to record again, or set record='missing' to add to it",
            fatal=True,
        )
