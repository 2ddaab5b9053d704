"""Connects a backend: from its settings and its key to the URLs and headers of its requests."""

from __future__ import annotations

import os

from seedbed import ParameterError, join_url
from seedbed_openai.connection import Connection, own_headers
from seedbed_openai.key_sources import find_key
from seedbed_openai.settings import OpenAISettings


def connect(backend: OpenAISettings) -> Connection:
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
        headers=headers | own_headers(backend.default_headers),
        key_origin=origin,
        token_provider=backend.token_provider,
    )


def _account_headers(backend: OpenAISettings) -> dict[str, str]:
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
