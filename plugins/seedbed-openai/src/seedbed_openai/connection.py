"""Where one backend's requests go and which headers they carry, worked out once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version

from pydantic import SecretStr

from seedbed_openai.presets import Preset
from seedbed_openai.tokens import fresh_token

_PUBLIC_HEADERS = frozenset({"user-agent", "openai-organization", "openai-project"})
_SHORTEST_SECRET = 8


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The URLs of one LLM or embedder and the headers of its requests.

    `key_origin` says where its key was found.

    `title` is the server's name in messages, and `preset` what is known about it.

    With a `token_provider` each request carries its own token, and `seen_tokens` has the latest two, so that
    they can be kept out of messages.
    """

    title: str
    preset: Preset
    url: str
    completions_url: str
    models_url: str
    headers: Mapping[str, str] = field(repr=False)
    key_origin: str = "no key was sent"
    token_provider: Callable[[], str] | None = field(default=None, repr=False)
    seen_tokens: list[str] = field(default_factory=list, repr=False)

    @cached_property
    def credential_id(self) -> str:
        """A digest of key, organisation and project; never the key."""
        names = ("authorization", "api-key", "openai-organization", "openai-project")
        values = ["token provider" if self.token_provider else self.headers.get(name, "") for name in names]
        return hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show: keys, tokens, and values of headers that aren't known to be public."""
        return (*self._secret_headers, *self.seen_tokens)

    @cached_property
    def _secret_headers(self) -> tuple[str, ...]:
        return tuple(
            value.removeprefix("Bearer ")
            for name, value in self.headers.items()
            if name not in _PUBLIC_HEADERS and len(value) >= _SHORTEST_SECRET
        )

    async def request_headers(self) -> Mapping[str, str]:
        """Return the headers of the next request, with a new token if there's a token provider."""
        if self.token_provider is None:
            return self.headers
        # In a thread, since the user's function may ask a server, and all calls share the loop.
        token = await asyncio.to_thread(fresh_token, self.token_provider)
        if token not in self.seen_tokens:
            # Two, because calls with the previous token may still be in flight.
            self.seen_tokens[:] = [*self.seen_tokens[-1:], token]
        return {**self.headers, "authorization": f"Bearer {token}"}


def own_headers(default_headers: Mapping[str, SecretStr]) -> dict[str, str]:
    """Return the headers that say who asks, and those that the user has set."""
    # Not the SDK's own user-agent and x-stainless-*: they describe its retries and time-outs, which don't
    # apply here.
    agent = {"user-agent": f"seedbed-openai/{version('seedbed-openai')}"}
    given = {name.lower(): value.get_secret_value() for name, value in default_headers.items()}
    return agent | given
