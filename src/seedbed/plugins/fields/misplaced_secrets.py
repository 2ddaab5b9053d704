"""Secrets that users type in the wrong place, as messages quote them: a log may keep these."""

from __future__ import annotations

import re

from seedbed.plugins.fields.secret_fields import is_secret

# A sentence about `api_key: ...` goes on with a space after the colon, and advice has `api_key=VALUE`.
# Lengths have limits, or a long text without spaces would be searched from each of its letters.
_ASSIGNED = re.compile(
    r"(?<![\w.-])([\w.-]{1,60})(\s?=\s?|:)(?=[^\s,;)}\]]{4})(?!\.\.\.|VALUE\b|[\"']?\$\{)([^\s,;)}\]]+)"
)
_OF_KNOWN_MAKERS = re.compile(
    r"\b(sk-|pk-|xai-|nvapi-|hf_|gsk_|gh[a-z]_|r8_|AIza|AKIA)(?=[\w-]{0,60}[0-9])[\w-]{12,}"
)


def without_misplaced(text: str) -> str:
    """Return a message without values of `api_key=...` and `password:...`, and keys of known makers."""
    return _OF_KNOWN_MAKERS.sub("[secret]", _ASSIGNED.sub(_without_value, text))


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}[secret]" if is_secret(found[1]) else found[0]
