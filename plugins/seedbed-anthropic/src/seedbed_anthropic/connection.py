"""Where requests go and with which headers; the SDK is only used for profiles and identities."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seedbed import AuthenticationError, LLMConnectionError, UsageError, public_url

if TYPE_CHECKING:
    import httpx2
    from anthropic import Anthropic

PROVIDER_URL = "https://api.anthropic.com"

_VERSION = "2026-10-21"
"""The version of the API that the SDK asks for: https://platform.claude.com/docs/en/api/versioning"""

_CREDENTIALS = ("authorization", "x-api-key")
_PUBLIC_HEADERS = (
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "anthropic-workspace-id",
    "content-type",
    "user-agent",
)
_OF_THE_SDK = ("user-agent", "x-stainless-")
_SHORTEST_SECRET = 8
_TOKENS_KEPT = 8


@dataclass(frozen=True)
class Connection:
    """A base URL without a slash at its end, the headers of every request, and what renews a token.

    `renewed` has the latest tokens, which messages must not show.
    """

    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    auth: httpx2.Auth | None = field(default=None, repr=False)
    renewed: list[str] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def endpoint(self) -> str:
        """The base URL without any secret."""
        return public_url(self.base_url)

    @cached_property
    def at_provider(self) -> bool:
        """Whether this is Anthropic's own API, not another server that speaks its protocol."""
        return is_provider(self.base_url)

    @cached_property
    def provider(self) -> str:
        """The server's name in messages."""
        return "Anthropic" if self.at_provider else f"the server at '{self.endpoint}'"

    @cached_property
    def credential_id(self) -> str:
        """A digest of the credential, or '' if there's none."""
        credential = "\n".join(self.headers.get(name, "") for name in _CREDENTIALS).strip()
        return hashlib.blake2b(credential.encode(), digest_size=8).hexdigest() if credential else ""

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The values of headers that must not be shown."""
        return tuple(dict.fromkeys(secrets_in(self.headers)))

    async def current_headers(self) -> Mapping[str, str]:
        """Return the headers of a request now, with a profile's token if one is used."""
        if self.auth is None:
            return self.headers
        headers = await _with_token(self.auth, self.headers, self.endpoint)
        new = [secret for secret in secrets_in(headers) if secret not in self.renewed]
        if new:
            # Calls with an earlier token may still be in flight, and their errors may quote it.
            self.renewed[:] = [*self.renewed[-_TOKENS_KEPT:], *new]
        return headers


def connect(
    *,
    api_key: str | None,
    auth_token: str | None,
    base_url: str | None,
    default_headers: Mapping[str, str],
) -> Connection:
    """Return the connection that the SDK would make from these settings and the environment.

    Raises AuthenticationError if Anthropic's own API has no credential, UsageError for an invalid base URL.
    """
    wanted = named_url(base_url)
    if wanted is not None:
        check_url(wanted)
    key, token = (api_key or "").strip() or None, (auth_token or "").strip() or None
    if key is None and token is None:
        key, token = _credential_of_environment()
    if key or token or not is_provider(wanted or PROVIDER_URL):
        connection = Connection(_root(wanted or PROVIDER_URL), _plain_headers(key, token, default_headers))
        _check_credential(connection)
        return connection
    # A profile or a workload identity. Only the SDK knows these, and importing it takes a second: with a
    # plain key, a run of one row shouldn't wait for it.
    client = _client(base_url=wanted, default_headers=default_headers)
    headers = _headers(client, default_headers)
    connection = Connection(
        base_url=_root(str(client.base_url)),
        headers=headers,
        auth=None if any(headers.get(name) for name in _CREDENTIALS) else client.custom_auth,
    )
    if connection.auth is None:
        client.close()
    _check_credential(connection)
    return connection


def _credential_of_environment() -> tuple[str | None, str | None]:
    """Return the key, or else the token, of the environment, in the SDK's order."""
    key, token = (os.environ.get(name, "").strip() for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
    return key or None, None if key else token or None


def _root(url: str) -> str:
    # Every path begins with /v1, and base URLs of other servers are often written with it.
    return url.rstrip("/").removesuffix("/v1")


def _plain_headers(key: str | None, token: str | None, given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the SDK sends with a key or a token."""
    headers = {
        "user-agent": _user_agent(),
        "accept": "application/json",
        "content-type": "application/json",
        "anthropic-version": _VERSION,
    }
    if credential := key or token:
        headers["authorization"] = f"Bearer {credential}"
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    named = ((name.strip().lower(), value.strip()) for name, colon, value in map(_parted, lines) if colon)
    return headers | dict(named) | {name.lower(): value for name, value in given.items()}


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _user_agent() -> str:
    # Not the SDK's own user-agent and x-stainless-*: they describe its retries and time-outs, not ours.
    return f"seedbed-anthropic/{version('seedbed-anthropic')}"


def named_url(base_url: str | None) -> str | None:
    """Return the base URL that the field or the environment names, or None."""
    return base_url or os.environ.get("ANTHROPIC_BASE_URL")


def is_provider(url: str) -> bool:
    """Whether a URL is Anthropic's own."""
    return urlsplit(url).hostname == urlsplit(PROVIDER_URL).hostname


def _client(**settings: Any) -> Anthropic:
    from anthropic import Anthropic, AnthropicError

    try:
        return Anthropic(**settings)
    except AnthropicError as error:
        raise AuthenticationError(f"the credentials of Anthropic cannot be read: {error}") from error


def _headers(client: Anthropic, given: Mapping[str, str]) -> dict[str, str]:
    own = {"user-agent": _user_agent()}
    sent = {name.lower(): value for name, value in client.default_headers.items() if isinstance(value, str)}
    own |= {name: value for name, value in sent.items() if not name.startswith(_OF_THE_SDK)}
    return own | {name.lower(): value for name, value in given.items()}


def secrets_in(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield what must not be shown from a request's headers: credentials and values of unknown headers."""
    for name, value in headers.items():
        if name in _PUBLIC_HEADERS:
            continue
        # With and without "Bearer": a server may quote either.
        for secret in (value, value.rpartition(" ")[2]):
            if name in _CREDENTIALS or len(secret) >= _SHORTEST_SECRET:
                yield secret


def check_url(url: str) -> None:
    """Raise UsageError if a base URL doesn't name a server."""
    advice = "write base_url, or ANTHROPIC_BASE_URL, as https://host or http://host:port"
    try:
        split = urlsplit(url)
        # Ports beyond 65535, and parts of a name that are empty or too long.
        names_server = split.port != 0 and bool((split.hostname or "").encode("idna"))
    except ValueError:
        # `from None`, since its text may quote the password.
        raise UsageError("the base URL of Anthropic is not a URL", advice) from None
    if split.scheme not in ("http", "https") or not names_server or split.query or split.fragment:
        raise UsageError(f"the base URL '{public_url(url)}' of Anthropic doesn't name a server", advice)


def _check_credential(connection: Connection) -> None:
    values = [connection.headers.get(name, "") for name in _CREDENTIALS]
    if not all(value.isascii() and value.isprintable() for value in values):
        raise AuthenticationError(
            "the API key for Anthropic has characters that no key has", "was it copied with a line break?"
        )
    missing = connection.auth is None and not connection.credential_id
    if missing and connection.at_provider:
        raise AuthenticationError(
            "no API key for Anthropic",
            "set the environment variable ANTHROPIC_API_KEY",
            "or pass it with --set llm.api_key=..., in Python AnthropicLLM(api_key=...)",
        )


async def _with_token(auth: httpx2.Auth, headers: Mapping[str, str], endpoint: str) -> Mapping[str, str]:
    import httpx2
    from anthropic import AnthropicError

    flow = auth.async_auth_flow(httpx2.Request("POST", endpoint, headers=dict(headers)))
    try:
        request = await anext(flow)
    except AnthropicError as error:
        raise AuthenticationError(f"no token for Anthropic: {error}") from error
    except httpx2.HTTPError as error:
        raise LLMConnectionError(f"no token for Anthropic: {error}") from error
    finally:
        await flow.aclose()
    renewed = ("authorization", "anthropic-beta")
    return {**headers, **{name: request.headers[name] for name in renewed if name in request.headers}}
