"""A backend around another one, which it is taken for."""

from __future__ import annotations

from typing import Any

from pydantic import PrivateAttr

from seedbed.llm.capabilities import Capabilities
from seedbed.llm.llm import LLM
from seedbed.llm.request import Request


class WrappingLLM(LLM):
    """Stands in for another LLM: of its name, with its parameters, limits and capabilities."""

    _inner: LLM = PrivateAttr()

    def __init__(self, inner: LLM, **fields: Any) -> None:
        super().__init__(**{"model": inner.model, "timeout": inner.timeout, **fields})
        self._inner = inner

    @property
    def inner(self) -> LLM:
        """The LLM that it stands in for."""
        return self._inner

    @property
    def capabilities(self) -> Capabilities:
        """Those of the other."""
        return self._inner.capabilities

    @property
    def model_name(self) -> str:
        """That of the other."""
        return self._inner.model_name

    @property
    def reference(self) -> str:
        """That of the other."""
        return self._inner.reference

    @property
    def endpoint(self) -> str:
        """That of the other."""
        return self._inner.endpoint

    @property
    def credential_id(self) -> str:
        """That of the other."""
        return self._inner.credential_id

    @property
    def slots(self) -> int | None:
        """Those of the other."""
        return self._inner.slots

    @property
    def price_id(self) -> str | None:
        """That of the other."""
        return self._inner.price_id

    @property
    def answer_settings(self) -> dict[str, Any]:
        """Those of the other."""
        return self._inner.answer_settings

    @property
    def identity(self) -> bytes:
        """That of the other: answers of the one are answers of the other."""
        return self._inner.identity

    def given(self) -> dict[str, Any]:
        """Return the parameters that were set, on this one or else on the other."""
        return {**self._inner.given(), **super().given()}

    def estimate_tokens(self, request: Request) -> int:
        """Estimate as the other does."""
        return self._inner.estimate_tokens(request)

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown of the other."""
        return self._inner.secrets()

    def load(self) -> None:
        """Load the other."""
        self._inner.ensure_loaded()

    def unload(self) -> None:
        """Unload the other."""
        self._inner.unload()
        super().unload()

    async def check(self) -> None:
        """Check the other."""
        await self._inner.check()
