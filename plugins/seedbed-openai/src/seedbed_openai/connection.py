"""Where one backend's requests go and which headers they carry, worked out once."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from seedbed import AuthenticationError, KeySource, ParameterError, join_url
from seedbed_openai.presets import OPENAI, PRESETS, Preset

if TYPE_CHECKING:
    from seedbed_openai.backend import OpenAIBackend

_PUBLIC_HEADERS = frozenset({"user-agent", "openai-organization", "openai-project"})
_SHORTEST_SECRET = 8
_AZURE_TOKEN = "AZURE_OPENAI_AD_TOKEN"


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


def connect(backend: OpenAIBackend) -> Connection:
    """Return the connection of a backend; raises AuthenticationError if its key is missing."""
    key, origin = find_key(backend)
    if backend.preset == "azure":
        # Only Azure needs what just the SDK knows: importing it takes 0.6 s, more than a run of one row.
        from seedbed_openai.sdk import sdk_connection

        return sdk_connection(backend, key, origin)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    if backend.preset == "openai":
        headers |= _account_headers(backend)
    return Connection(
        title=backend.server_title,
        preset=backend.effective_preset,
        url=join_url(backend.resolved_base_url, backend.path),
        completions_url=join_url(backend.resolved_base_url, "/completions"),
        models_url=join_url(backend.resolved_base_url, "/models"),
        headers=headers | own_headers(backend),
        key_origin=origin,
        token_provider=backend.token_provider,
    )


def _account_headers(backend: OpenAIBackend) -> dict[str, str]:
    """Return the headers that say who pays, and those in the environment, as the SDK makes them.

    Raises ParameterError for a value that can't be in a header.
    """
    payers = {
        "openai-organization": backend.organization or os.environ.get("OPENAI_ORG_ID"),
        "openai-project": backend.project or os.environ.get("OPENAI_PROJECT_ID"),
    }
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    further = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    headers = {**{name: value for name, value in payers.items() if value}, **further}
    headers.pop("", None)
    if not all((name + value).isascii() and (name + value).isprintable() for name, value in headers.items()):
        # The value is not quoted: it may be a secret.
        raise ParameterError(f"the settings of '{backend.reference}' can't be used: a header isn't ASCII")
    return headers


def own_headers(backend: OpenAIBackend) -> dict[str, str]:
    """Return the headers that say who asks, and those that the user has set."""
    # Not the SDK's own user-agent and x-stainless-*: they describe its retries and time-outs, which don't
    # apply here.
    agent = {"user-agent": f"seedbed-openai/{version('seedbed-openai')}"}
    given = {name.lower(): value.get_secret_value() for name, value in backend.default_headers.items()}
    return agent | given


def key_source_of(backend: OpenAIBackend) -> KeySource:
    """Return where the key of a backend comes from: each preset has its own variable and hosts."""
    preset = backend.effective_preset
    has_other = backend.token_provider or backend.azure_ad_token or _has_header_of_its_own(backend)
    return _source(backend.preset, preset, preset.needs_key and not (has_other or _azure_token(backend)))


def key_sources() -> tuple[KeySource, ...]:
    """Return the key sources of all presets."""
    return tuple(_source(name, preset, preset.needs_key) for name, preset in PRESETS.items())


def _source(name: str, preset: Preset, needed: bool) -> KeySource:
    further = {"openai": ("OPENAI_CUSTOM_HEADERS",), "azure": (_AZURE_TOKEN,)}
    return KeySource(
        preset.key_variable,
        needed,
        preset.key_hosts,
        {"openai": "OPENAI_BASE_URL", "azure": "AZURE_OPENAI_ENDPOINT"}.get(name),
        further.get(name, ()),
        title=name,
    )


def find_key(backend: OpenAIBackend) -> tuple[str | None, str]:
    """Return the key or token, and where it came from; raises AuthenticationError if it's missing.

    None if the server needs none, or if one of the user's headers says who asks.
    """
    if backend.token_provider is not None:
        return fresh_token(backend.token_provider), "the token came from token_provider"
    if backend.api_key is None and backend.azure_ad_token is not None:
        token = _checked(backend.azure_ad_token.get_secret_value(), "azure_ad_token")
        return token, "the key came from azure_ad_token"
    key = backend.resolve_key()
    if backend.api_key is not None:
        return key, "the key came from api_key"
    if token := _azure_token(backend):
        return _checked(token, _AZURE_TOKEN), f"the key came from the environment variable {_AZURE_TOKEN}"
    if key:
        return key, f"the key came from the environment variable {backend.key_source.env_var}"
    return None, "no key was sent: set api_key if the server wants one"


def _azure_token(backend: OpenAIBackend) -> str:
    return os.environ.get(_AZURE_TOKEN, "").strip() if backend.preset == "azure" else ""


def fresh_token(provider: Callable[[], str]) -> str:
    """Return a token from the user's provider; raises AuthenticationError if it fails to return one."""
    try:
        token = provider()
    # Only the type in the message: the text of an identity library's error may contain the token.
    except Exception as error:
        raise AuthenticationError(f"token_provider failed with {type(error).__name__}") from error
    if not isinstance(token, str) or not token:
        raise AuthenticationError(f"token_provider gave {type(token).__name__} where a token was expected")
    return _checked(token, "token_provider")


def _checked(key: str, origin: str) -> str:
    key = key.strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise AuthenticationError(
            f"the key from {origin} is empty or has characters that no key has", "copy it once more"
        )
    return key


def _has_header_of_its_own(backend: OpenAIBackend) -> bool:
    names = {name.lower() for name in backend.default_headers}
    if backend.effective_preset is OPENAI:
        lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
        names |= {line.partition(":")[0].strip().lower() for line in lines}
    return bool(names & {"authorization", "api-key"})
