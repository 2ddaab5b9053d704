"""What the official SDK knows about Azure: its URLs, headers and environment variables.

The SDK is made to send one request of each kind, which is intercepted and read. So its rules needn't be
copied here, where they'd be out of date with its next release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai

from seedbed import ParameterError
from seedbed_openai.connection import Connection, own_headers
from seedbed_openai.settings import OpenAISettings

_NO_KEY = "no-key"
# These belong to the transport or to one request, not to the connection.
_LEFT_OUT = {
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
}


class _HeldBack(openai.OpenAIError):
    """Stops the SDK when its request is complete and before it's sent."""

    def __init__(self, request: Any) -> None:
        super().__init__("the request is not sent")
        self.request = request


def sdk_connection(backend: OpenAISettings, key: str | None, key_origin: str) -> Connection:
    """Return the connection that the SDK would use; raises ParameterError for settings that it refuses."""
    http_client = openai.DefaultHttpxClient(event_hooks={"request": [_hold_back]}, trust_env=False)
    try:
        with http_client:
            client = _client(backend, key or _NO_KEY, http_client)
            post = _request_of(lambda: _ask(client, backend))
            completion = _request_of(lambda: client.completions.create(model=backend.model, prompt=""))
            models = _request_of(client.models.list)
    except (openai.OpenAIError, ValueError, TypeError) as error:
        # The text of a UnicodeError quotes the whole value, which may be a secret.
        reason = "a header isn't ASCII" if isinstance(error, UnicodeError) else str(error)
        raise ParameterError(f"the settings of '{backend.reference}' can't be used: {reason}") from None
    headers = {
        name: value
        for name, value in post.headers.items()
        if name not in _LEFT_OUT and not name.startswith("x-stainless-") and value != f"Bearer {_NO_KEY}"
    }
    if key is None:
        headers = {name: value for name, value in headers.items() if value != _NO_KEY}
    return Connection(
        title=backend.server_title,
        preset=backend.effective_preset,
        url=str(post.url),
        completions_url=str(completion.url),
        models_url=str(models.url),
        headers=headers | own_headers(backend.default_headers),
        key_origin=key_origin,
        token_provider=backend.token_provider,
    )


def _client(backend: OpenAISettings, key: str, http_client: Any) -> openai.AzureOpenAI:
    settings: dict[str, Any] = {
        "azure_endpoint": backend.azure_endpoint,
        "azure_deployment": backend.azure_deployment,
        "api_version": backend.api_version,
        "base_url": backend.base_url,
        "azure_ad_token" if backend.uses_azure_token else "api_key": key,
        "organization": backend.organization,
        "project": backend.project,
        "default_headers": {
            name: value.get_secret_value() for name, value in backend.default_headers.items()
        },
        "max_retries": 0,
        "http_client": http_client,
    }
    return openai.AzureOpenAI(**settings)


def _ask(client: openai.AzureOpenAI, backend: OpenAISettings) -> object:
    asking: dict[str, Callable[[], object]] = {
        "/chat/completions": lambda: client.chat.completions.create(model=backend.model, messages=[]),
        "/responses": lambda: client.responses.create(model=backend.model, input=""),
        "/embeddings": lambda: client.embeddings.create(model=backend.model, input=""),
    }
    return asking[backend.path]()


def _hold_back(request: object) -> None:
    raise _HeldBack(request)


def _request_of(send: Callable[[], object]) -> Any:
    try:
        send()
    except openai.OpenAIError as error:
        # Before version 3.0 the SDK wraps what is raised here.
        held = error if isinstance(error, _HeldBack) else error.__cause__
        if isinstance(held, _HeldBack):
            return held.request
        raise
    raise RuntimeError("the openai SDK did not send its request through its HTTP client")
