"""Secrets in URLs, found by structure: user, password, and query values not known to be harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

SHOWN_INSTEAD = "[secret]"

HARMLESS = frozenset({"alt", "api-version", "api_version", "beta", "download", "format", "version"})
"""Names in a query whose values may be shown. A list of secret names would miss some: gateways choose any."""

# At most 31 letters: without a limit, a long text without spaces would be searched from each of its letters.
# A path of Python's makes one slash of two.
_URL = re.compile(r"""(?P<scheme>[a-z][a-z0-9+.-]{0,30}://|https?:/)(?P<rest>[^\s"'<>]+)""", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^/?#]*")
# A name such as `$PORT` is shorter.
_NO_PORT = re.compile(r"[^\[\]@]*:(?=[^:]*[^:0-9])[^:]{8,}")
_NO_HOST = re.compile(r"[^\[\]@]*:(?=[^:]*[^:0-9])[^:]*")


@lru_cache(maxsize=256)
def url_secrets(text: str) -> tuple[str, ...]:
    """Return the secrets of all URLs in a text, each as written there and as sent.

    Both, because an error may quote either: the URL has `%2F`, and the server's message has `/`.
    """
    found = (secret for url in _URL.finditer(text) for secret in _parts(url["rest"]))
    return tuple(dict.fromkeys(form for secret in found for form in _forms(secret)))


def redacted_urls(text: str) -> str:
    """Return the text with every secret in its URLs replaced; names and hosts stay."""
    return _URL.sub(lambda url: url["scheme"] + _redacted(url["rest"]), text)


def holds_url_secret(text: str) -> bool:
    """Whether a URL in the text has a user, a password or a value that may be a key."""
    return redacted_urls(text) != text


def _split(rest: str) -> tuple[str, str, str, str]:
    """Return userinfo, host with path, query and fragment of what follows `scheme://`."""
    begin = _AUTHORITY.match(rest)
    if begin and "@" in rest[begin.end() :] and _NO_HOST.fullmatch(begin[0]):
        # A password with `/`, `?` or `#` in it, which should have been encoded.
        user, _, rest = rest.rpartition("@")
        return user, *_split(rest)[1:]
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    return user, host + slash + path, query, fragment


def _redacted(rest: str) -> str:
    user, place, query, fragment = _split(rest)
    if port := _misplaced(place):
        place = place.replace(port, SHOWN_INSTEAD, 1)
    pairs = "&".join(map(_redacted_pair, query.split("&")))
    return (
        (f"{SHOWN_INSTEAD}@" if user else "")
        + place
        + (f"?{pairs}" if query else "")
        + (f"#{SHOWN_INSTEAD}" if fragment else "")
    )


def _misplaced(place: str) -> str:
    """Return what stands where a port should, if it's none: a key, or a password without its host."""
    authority = place.partition("/")[0]
    return authority.rpartition(":")[2] if _NO_PORT.fullmatch(authority) else ""


def _redacted_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not pair or (equals and (not value or name.lower() in HARMLESS)):
        return pair
    return f"{name}={SHOWN_INSTEAD}" if equals else SHOWN_INSTEAD


def _parts(rest: str) -> Iterator[str]:
    user, place, query, fragment = _split(rest)
    yield from (part for part in (user, *user.split(":", 1), fragment, _misplaced(place)) if part)
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals:
            yield pair
        elif value and name.lower() not in HARMLESS:
            yield value


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, unquote(secret), unquote_plus(secret))
