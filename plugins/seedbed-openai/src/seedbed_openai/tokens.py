"""Keys and tokens that can be sent: one line of ASCII, from wherever the user has them."""

from __future__ import annotations

from collections.abc import Callable

from seedbed import AuthenticationError


def fresh_token(provider: Callable[[], str]) -> str:
    """Return a token from the user's provider; raises AuthenticationError if it fails to return one."""
    try:
        token = provider()
    # Only the type in the message: the text of an identity library's error may contain the token.
    except Exception as error:
        raise AuthenticationError(f"token_provider failed with {type(error).__name__}") from error
    if not isinstance(token, str) or not token:
        raise AuthenticationError(f"token_provider gave {type(token).__name__} where a token was expected")
    return checked(token, "token_provider")


def checked(key: str, origin: str) -> str:
    """Return a key without spaces around it; raises AuthenticationError if it can't be one."""
    key = key.strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise AuthenticationError(
            f"the key from {origin} is empty or has characters that no key has", "copy it once more"
        )
    return key
