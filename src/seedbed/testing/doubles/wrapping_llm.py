"""A backend that wraps another one and looks like it."""

from __future__ import annotations

from typing import Any

from pydantic import PrivateAttr

from seedbed.llm.capabilities import Capabilities
from seedbed.llm.llm import LLM
from seedbed.llm.request import Request


class WrappingLLM(LLM):
    """Wraps another LLM, with the same name, parameters, limits and capabilities.

        class SlowLLM(WrappingLLM):
            async def respond(self, request: Request) -> Response:
                await asyncio.sleep(1)
                return await self.inner.respond(request)

    Override `respond`, and use the wrapped LLM as `self.inner`.
    """

    _inner: LLM = PrivateAttr()

    def __init__(self, inner: LLM, **fields: Any) -> None:
        super().__init__(**{"model": inner.model, "timeout": inner.timeout, **fields})
        self._inner = inner

    @property
    def inner(self) -> LLM:
        """The wrapped LLM."""
        return self._inner

    @property
    def capabilities(self) -> Capabilities:
        """Those of the wrapped LLM."""
        return self._inner.capabilities

    @property
    def model_name(self) -> str:
        """That of the wrapped LLM."""
        return self._inner.model_name

    @property
    def reference(self) -> str:
        """That of the wrapped LLM."""
        return self._inner.reference

    @property
    def endpoint(self) -> str:
        """That of the wrapped LLM."""
        return self._inner.endpoint

    @property
    def credential_id(self) -> str:
        """That of the wrapped LLM."""
        return self._inner.credential_id

    @property
    def slots(self) -> int | None:
        """Those of the wrapped LLM."""
        return self._inner.slots

    @property
    def price_id(self) -> str | None:
        """That of the wrapped LLM."""
        return self._inner.price_id

    @property
    def answer_settings(self) -> dict[str, Any]:
        """Those of the wrapped LLM."""
        return self._inner.answer_settings

    @property
    def identity(self) -> bytes:
        """That of the wrapped LLM, since both give the same answers."""
        return self._inner.identity

    def given(self) -> dict[str, Any]:
        """Return the parameters that were set on this LLM, or else on the wrapped one."""
        return {**self._inner.given(), **super().given()}

    def estimate_tokens(self, request: Request) -> int:
        """Estimate as the wrapped LLM does."""
        return self._inner.estimate_tokens(request)

    def secrets(self) -> tuple[str, ...]:
        """Return the wrapped LLM's secrets, which must never be shown."""
        return self._inner.secrets()

    def load(self) -> None:
        """Load the wrapped LLM."""
        self._inner.ensure_loaded()

    def unload(self) -> None:
        """Unload the wrapped LLM."""
        self._inner.unload()
        super().unload()

    async def check(self) -> None:
        """Check the wrapped LLM."""
        await self._inner.check()
