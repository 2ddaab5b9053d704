"""Keeps keys out of everything that is shown: messages, logs and tracebacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seedbed.errors import SeedbedError
from seedbed.llm.keys.url_secrets import holds_url_secret

# Servers without keys are given keys such as "x", and replacing every x makes a message unreadable.
_SHORTEST = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret replaced."""
    # The longest first: if one secret is part of another, replacing it would leave the rest of the longer
    # one.
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORTEST:
            return text
        text = text.replace(secret, "[secret]")
    return text


def redacted_value(value: Any, secrets: Sequence[str]) -> Any:
    """Return a JSON value with every secret in its texts replaced."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, list):
        return [redacted_value(item, secrets) for item in value]
    if isinstance(value, Mapping):
        return {name: redacted_value(item, secrets) for name, item in value.items()}
    return value


def redact_error(error: SeedbedError, secrets: Iterable[str]) -> None:
    """Replace every secret in the error's own text, and cut off a cause that shows one."""
    error.fact = redact(error.fact, secrets)
    error.advice = tuple(redact(line, secrets) for line in error.advice)
    # `args` too: pickling and `repr` use them.
    error.args = (error.fact, *error.advice)
    error.__cause__ = showable(error.__cause__ or error.__context__, secrets)


def showable(cause: BaseException | None, secrets: Iterable[str]) -> BaseException | None:
    """Return the cause of an error, or None if its traceback would show a secret.

    It's dropped as a whole, because another library's exception can't be rewritten safely.
    """
    shown = "".join(f"{link}{link!r}" for link in _chain(cause))
    # HTTP libraries quote whole URLs, for example that of a proxy, which no LLM knows.
    return cause if redact(shown, secrets) == shown and not holds_url_secret(shown) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
