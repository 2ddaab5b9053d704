"""Keeps keys out of what is shown: messages, logs and tracebacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seedbed.errors import SeedbedError
from seedbed.llm.keys.url_secrets import holds_url_secret

# What servers without keys are given, such as "x", would blot out half of a message.
_SHORTEST = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORTEST:
            return text
        text = text.replace(secret, "[secret]")
    return text


def redact_error(error: SeedbedError, secrets: Iterable[str]) -> None:
    """Replace every secret in the error's own text, and cut off a cause that shows one."""
    error.fact = redact(error.fact, secrets)
    error.advice = tuple(redact(line, secrets) for line in error.advice)
    error.args = (error.fact, *error.advice)
    error.__cause__ = showable(error.__cause__ or error.__context__, secrets)


def showable(cause: BaseException | None, secrets: Iterable[str]) -> BaseException | None:
    """Return the cause of an error, or None where a traceback of it would show a secret."""
    shown = "".join(f"{link}{link!r}" for link in _chain(cause))
    # Libraries of HTTP quote whole URLs: of a proxy, say, which no LLM knows of.
    return cause if redact(shown, secrets) == shown and not holds_url_secret(shown) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
