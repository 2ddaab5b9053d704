"""Pieces of keys in what others say: encoded, in another case, reversed or cut off."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

from seedbed.llm.keys.url_secrets import SHOWN_INSTEAD

_PIECE = 10
"""Letters in a row that give a key away; providers themselves quote eight of it, and the last four."""

_SHORTEST = 16
"""A shorter secret, or one without digits, may be a word such as `application/json`: it counts as a whole."""


def without_pieces(text: str, secrets: Iterable[str]) -> str:
    """Return a message without pieces of secrets in any encoding; whole ones are replaced before.

    It's for what servers and libraries say, and not for rows: any ten letters in a row count.
    """
    pieces = _pieces(tuple(secrets))
    if not pieces:
        return text
    folded = text.lower()
    if len(folded) != len(text):
        # Some letters, such as a dotted capital I, become two.
        folded = text
    found = [at for at in range(len(folded) - _PIECE + 1) if folded[at : at + _PIECE] in pieces]
    shown, end = [], 0
    for start, stop in _joined(found):
        shown += [text[end:start], SHOWN_INSTEAD]
        end = stop
    return "".join([*shown, text[end:]])


def is_key_like(text: str) -> bool:
    """Whether a text is too long and too odd to be in another one by chance."""
    return len(text) >= _SHORTEST and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _joined(found: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield where each run of overlapping pieces starts and stops."""
    start = stop = -1
    for at in found:
        if at > stop and stop >= 0:
            yield start, stop
        if at > stop:
            start = at
        stop = at + _PIECE
    if stop >= 0:
        yield start, stop


@lru_cache(maxsize=64)
def _pieces(secrets: tuple[str, ...]) -> frozenset[str]:
    """Return all pieces of the secrets, in lower case. Kept, since each failed try asks for them."""
    forms = (form.lower() for secret in secrets if is_key_like(secret) for form in _forms(secret))
    return frozenset(form[at : at + _PIECE] for form in forms for at in range(len(form) - _PIECE + 1))


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, secret[::-1], quote(secret, safe=""))
    encoded = secret.encode("utf-8", "surrogatepass")
    yield encoded.hex()
    # What stands in front of it, such as "Bearer ", shifts the letters of base64 by up to two bytes.
    for shift in range(3):
        letters = base64.b64encode(bytes(shift) + encoded).decode().rstrip("=")
        # The letters at its ends also depend on its neighbours.
        own = letters[(0, 2, 3)[shift] : -1]
        yield from (own, own.translate(str.maketrans("+/", "-_")))
