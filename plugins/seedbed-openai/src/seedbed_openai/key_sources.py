"""Where the key of a backend comes from: its own fields, or the variables of its preset."""

from __future__ import annotations

import os

from seedbed import KeySource
from seedbed_openai.presets import OPENAI, PRESETS, Preset
from seedbed_openai.settings import OpenAISettings
from seedbed_openai.tokens import checked, fresh_token

_AZURE_TOKEN = "AZURE_OPENAI_AD_TOKEN"


def key_source_of(backend: OpenAISettings) -> KeySource:
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


def find_key(backend: OpenAISettings) -> tuple[str | None, str]:
    """Return the key or token, and where it came from; raises AuthenticationError if it's missing.

    None if the server needs none, or if one of the user's headers says who asks.
    """
    if backend.token_provider is not None:
        return fresh_token(backend.token_provider), "the token came from token_provider"
    if backend.api_key is None and backend.azure_ad_token is not None:
        token = checked(backend.azure_ad_token.get_secret_value(), "azure_ad_token")
        return token, "the key came from azure_ad_token"
    key = backend.resolve_key()
    if backend.api_key is not None:
        return key, "the key came from api_key"
    if token := _azure_token(backend):
        return checked(token, _AZURE_TOKEN), f"the key came from the environment variable {_AZURE_TOKEN}"
    if key:
        return key, f"the key came from the environment variable {backend.key_source.env_var}"
    return None, "no key was sent: set api_key if the server wants one"


def _azure_token(backend: OpenAISettings) -> str:
    return os.environ.get(_AZURE_TOKEN, "").strip() if backend.preset == "azure" else ""


def _has_header_of_its_own(backend: OpenAISettings) -> bool:
    names = {name.lower() for name in backend.default_headers}
    if backend.effective_preset is OPENAI:
        lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
        names |= {line.partition(":")[0].strip().lower() for line in lines}
    return bool(names & {"authorization", "api-key"})
