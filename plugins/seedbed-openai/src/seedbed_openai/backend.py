"""What the LLM and the embedder `openai` have in common: the server, its key, and what its answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from seedbed import (
    AuthenticationError,
    HTTPAnswer,
    KeySource,
    Limits,
    UnknownModelError,
    check_listening,
)
from seedbed_openai.connecting import connect
from seedbed_openai.connection import Connection
from seedbed_openai.key_sources import key_source_of, key_sources
from seedbed_openai.limits import read_limits, reset_in_metadata
from seedbed_openai.model_names import advice_on_model
from seedbed_openai.settings import OpenAISettings

Assemble = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


class OpenAIBackend(OpenAISettings):
    """A model of OpenAI, of Azure, or of any server that speaks OpenAI's protocol; a subclass asks it."""

    @property
    def key_source(self) -> KeySource:
        """The variable and the hosts of the preset."""
        return key_source_of(self)

    @classmethod
    def key_sources(cls) -> tuple[KeySource, ...]:
        """Return those of all presets."""
        return key_sources()

    @property
    def credential_id(self) -> str:
        """A digest of key, organisation and project."""
        return self._connection.credential_id

    @property
    def price_id(self) -> str | None:
        """The model's name in price lists; None for the user's own server."""
        # Every answer needs it, so the preset isn't worked out again.
        connection: Connection | None = vars(self).get("_connection")
        preset = self.effective_preset if connection is None else connection.preset
        provider = preset.price_provider
        return f"{provider}/{self.model}" if provider else None

    def secrets(self) -> tuple[str, ...]:
        """Return keys, tokens and values of headers, including those of the environment."""
        connection: Connection | None = vars(self).get("_connection")
        return (*super().secrets(), *(connection.secrets if connection else ()))

    def load(self) -> None:
        """Work out where requests go; raises AuthenticationError if a key is missing."""
        vars(self)["_connection"] = connect(self)

    def unload(self) -> None:
        """Forget where requests go, so that a changed environment counts."""
        vars(self).pop("_connection", None)
        vars(self).pop("_model_advice", None)
        super().unload()

    async def check(self) -> None:
        """Raise if a key is missing, or if nothing listens at an address of this machine.

        Nothing is sent: a server's list of models proves little, and would cost the first row a round trip.
        The first call decides.
        """
        await check_listening((await asyncio.to_thread(lambda: self._connection)).url)

    async def read_answer(
        self, answer: HTTPAnswer, headers: Mapping[str, str], assemble: Assemble | None = None
    ) -> dict[str, Any]:
        """Return the JSON object of an answer, or raise its error.

        That of an unknown model says which models the server lists, and one about the key where the key was
        found. `headers` are those of the request, and `assemble` is as in `read_body`.
        """
        try:
            return self.read_body(answer, assemble)
        except UnknownModelError as error:
            # Shielded, since other rows wait for the same list when this one is cancelled.
            error.advice = (*await asyncio.shield(self._advice(headers)), *error.advice)
            raise
        except AuthenticationError as error:
            error.advice += (self._connection.key_origin,)
            raise

    def read_retry_after(self, headers: Mapping[str, str], body: dict[str, Any]) -> float | None:
        """Return the seconds until a limit lifts, which OpenRouter puts into the error."""
        wait = super().read_retry_after(headers, body)
        return reset_in_metadata(body) if wait is None else wait

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        """Return what `x-ratelimit-*` and similar headers say, None if there are none."""
        return read_limits(headers)

    def _advice(self, headers: Mapping[str, str]) -> asyncio.Future[tuple[str, ...]]:
        """Return what the server's list says about the model, fetched once for all rows in flight."""
        found: asyncio.Future[tuple[str, ...]] | None = vars(self).get("_model_advice")
        if found is None:
            asking = advice_on_model(self.model, self._connection.models_url, headers)
            found = vars(self)["_model_advice"] = asyncio.ensure_future(asking)
        return found

    @cached_property
    def _connection(self) -> Connection:
        # Not a private attribute of pydantic's: reading one takes 1.2 us, and every call reads this.
        return connect(self)
