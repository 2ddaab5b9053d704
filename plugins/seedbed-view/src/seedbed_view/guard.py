"""Who may see the pages: this machine, by the link that was printed, and no other site's pages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"
"""The parameter of the link; the cookie that replaces it has the port in its name, as cookies ignore it."""

_READING = frozenset({"GET", "HEAD"})

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # Nothing from elsewhere, no inline script or style: what a model wrote can't run even if it got out
        # of its element.
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        # Not "no-referrer": browsers would then send forms of ours with the origin "null".
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
)


class Guard:
    """Lets through requests that come to a loopback name of ours, with the token, from our own pages."""

    def __init__(self, application: ASGIApp, token: str, port: int) -> None:
        self._application = application
        self._token = token
        self._cookie = f"seedbed-view-{port}"
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with our headers."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._answerer(scope)(scope, receive, sending)

    def _answerer(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        # Another site's name that resolves to this machine (DNS rebinding) comes with that name.
        if host not in self._hosts:
            return PlainTextResponse("this address isn't served here", 421)
        if (refusal := self._foreign(headers, host, scope["method"])) is not None:
            return refusal
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(asked).get(TOKEN)
        if given is not None and self._is_token(given):
            return self._with_cookie(scope["path"], [one for one in asked if one[0] != TOKEN])
        if not self._is_token(self._from_cookie(headers)):
            return PlainTextResponse("open the link that `seedbed view` has printed", 403)
        return self._application

    def _foreign(self, headers: Headers, host: str, method: str) -> ASGIApp | None:
        origin = headers.get("origin")
        # Browsers send an origin with every request that changes something.
        if origin is None and method in _READING:
            return None
        if origin != f"http://{host}":
            return PlainTextResponse("requests from other pages aren't answered", 403)
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _from_cookie(self, headers: Headers) -> str:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return ""
        found = cookies.get(self._cookie)
        return found.value if found else ""

    def _with_cookie(self, path: str, query: list[tuple[str, str]]) -> ASGIApp:
        # The token leaves the address, so that it's neither in the history nor in a copied link. Slashes: an
        # address that begins with two names another host.
        target = "/" + path.lstrip("/\\") + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(target, 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer
