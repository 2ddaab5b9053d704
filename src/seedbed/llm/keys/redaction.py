"""Keeps keys out of everything that is shown: messages, logs and tracebacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seedbed.errors import SeedbedError
from seedbed.llm.keys.key_pieces import without_pieces
from seedbed.llm.keys.url_secrets import holds_url_secret, redacted_urls
from seedbed.plugins.fields.misplaced_secrets import without_misplaced

# Servers without keys are given keys such as "x", and replacing every x makes a message unreadable.
_SHORTEST = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret replaced; for rows and prompts, of which nothing else may change."""
    # The longest first: if one secret is part of another, replacing it would leave the rest of the longer
    # one.
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORTEST:
            return text
        text = text.replace(secret, "[secret]")
    return text


def redact_message(text: str, secrets: Iterable[str]) -> str:
    """Return a message without secrets, also where it has one encoded or in part."""
    secrets = tuple(secrets)
    return without_pieces(redact(text, secrets), secrets)


def redact_typed(text: str) -> str:
    """Return a message that quotes what a user typed, without secrets in URLs or in the wrong place."""
    return without_misplaced(redacted_urls(text))


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
    secrets = tuple(secrets)
    error.fact = redact_message(error.fact, secrets)
    error.advice = tuple(redact_message(line, secrets) for line in error.advice)
    # `args` too: pickling and `repr` use them.
    error.args = (error.fact, *error.advice)
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [redact_message(str(note), secrets) for note in notes]
    error.__cause__ = showable(error.__cause__ or error.__context__, secrets)


def showable(cause: BaseException | None, secrets: Iterable[str]) -> BaseException | None:
    """Return the cause of an error, or None if its traceback would show a secret.

    It's dropped as a whole, because another library's exception can't be rewritten safely.
    """
    shown = "\n".join(_shown(cause, set()))
    # HTTP libraries quote whole URLs, for example that of a proxy, which no LLM knows.
    return cause if redact_message(shown, secrets) == shown and not holds_url_secret(shown) else None


def _shown(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    """Yield what a traceback shows of an exception: its notes too, and what a group of them holds."""
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from (f"{error}", f"{error!r}", *map(str, getattr(error, "__notes__", ())))
        for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _shown(one, seen)
        error = error.__cause__ or error.__context__
