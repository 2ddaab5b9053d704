"""Where one LLM's requests go and which headers they carry, worked out once."""

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
    from seedbed_openai.llm import OpenAILLM

_PATHS = {"chat": "/chat/completions", "responses": "/responses"}
_PUBLIC_HEADERS = frozenset({"user-agent", "openai-organization", "openai-project"})
_SHORTEST_SECRET = 8
_AZURE_TOKEN = "AZURE_OPENAI_AD_TOKEN"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The URLs of one LLM and the headers of its requests; `key_origin` says where its key was found.

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


def connect(llm: OpenAILLM) -> Connection:
    """Return the connection of an LLM; raises AuthenticationError if its key is missing."""
    key, origin = find_key(llm)
    if llm.preset == "azure":
        # Only Azure needs what just the SDK knows: importing it takes 0.6 s, more than a run of one row.
        from seedbed_openai.sdk import sdk_connection

        return sdk_connection(llm, key, origin)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    if llm.preset == "openai":
        headers |= _account_headers(llm)
    return Connection(
        title=llm.server_title,
        preset=llm.effective_preset,
        url=join_url(llm.resolved_base_url, _PATHS[llm.api]),
        completions_url=join_url(llm.resolved_base_url, "/completions"),
        models_url=join_url(llm.resolved_base_url, "/models"),
        headers=headers | own_headers(llm),
        key_origin=origin,
        token_provider=llm.token_provider,
    )


def _account_headers(llm: OpenAILLM) -> dict[str, str]:
    """Return the headers that say who pays, and those in the environment, as the SDK makes them.

    Raises ParameterError for a value that can't be in a header.
    """
    payers = {
        "openai-organization": llm.organization or os.environ.get("OPENAI_ORG_ID"),
        "openai-project": llm.project or os.environ.get("OPENAI_PROJECT_ID"),
    }
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    further = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    headers = {**{name: value for name, value in payers.items() if value}, **further}
    headers.pop("", None)
    if not all((name + value).isascii() and (name + value).isprintable() for name, value in headers.items()):
        # The value is not quoted: it may be a secret.
        raise ParameterError(f"the settings of '{llm.reference}' can't be used: a header isn't ASCII")
    return headers


def own_headers(llm: OpenAILLM) -> dict[str, str]:
    """Return the headers that say who asks, and those that the user has set."""
    # Not the SDK's own user-agent and x-stainless-*: they describe its retries and time-outs, which don't
    # apply here.
    agent = {"user-agent": f"seedbed-openai/{version('seedbed-openai')}"}
    given = {name.lower(): value.get_secret_value() for name, value in llm.default_headers.items()}
    return agent | given


def key_source_of(llm: OpenAILLM) -> KeySource:
    """Return where the key of an LLM comes from: each preset has its own variable and hosts."""
    preset = llm.effective_preset
    has_other = llm.token_provider or llm.azure_ad_token or _has_header_of_its_own(llm)
    return _source(llm.preset, preset, preset.needs_key and not (has_other or _azure_token(llm)))


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


def find_key(llm: OpenAILLM) -> tuple[str | None, str]:
    """Return the key or token, and where it came from; raises AuthenticationError if it's missing.

    None if the server needs none, or if one of the user's headers says who asks.
    """
    if llm.token_provider is not None:
        return fresh_token(llm.token_provider), "the token came from token_provider"
    if llm.api_key is None and llm.azure_ad_token is not None:
        token = _checked(llm.azure_ad_token.get_secret_value(), "azure_ad_token")
        return token, "the key came from azure_ad_token"
    key = llm.resolve_key()
    if llm.api_key is not None:
        return key, "the key came from api_key"
    if token := _azure_token(llm):
        return _checked(token, _AZURE_TOKEN), f"the key came from the environment variable {_AZURE_TOKEN}"
    if key:
        return key, f"the key came from the environment variable {llm.key_source.env_var}"
    return None, "no key was sent: set api_key if the server wants one"


def _azure_token(llm: OpenAILLM) -> str:
    return os.environ.get(_AZURE_TOKEN, "").strip() if llm.preset == "azure" else ""


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


def _has_header_of_its_own(llm: OpenAILLM) -> bool:
    names = {name.lower() for name in llm.default_headers}
    if llm.effective_preset is OPENAI:
        lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
        names |= {line.partition(":")[0].strip().lower() for line in lines}
    return bool(names & {"authorization", "api-key"})
