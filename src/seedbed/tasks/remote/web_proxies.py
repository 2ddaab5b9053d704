"""Sends requests for files of web servers through the proxies that calls to LLMs take."""

from __future__ import annotations

from functools import cache
from typing import Any

from seedbed.llm.http.http_request import target_of
from seedbed.llm.http.proxy import proxy_of


@cache
def request_class() -> Any:
    """Return aiohttp's class of a request, with the proxy that the environment names for its URL."""
    # Not `trust_env`: that knows neither ALL_PROXY nor networks in NO_PROXY, and sends logins of ~/.netrc.
    import aiohttp
    from yarl import URL

    class ProxiedRequest(aiohttp.ClientRequest):
        """A request; each of those that follow a redirect has a proxy of its own."""

        def __init__(self, method: str, url: Any, **options: Any) -> None:
            # The user's own configuration of the file system beats the environment.
            if options.get("proxy") is None and (proxy := proxy_of(str(url))) is not None:
                through = target_of(proxy)
                options["proxy"] = URL(f"{'https' if through.is_secure else 'http'}://{through.authority}")
                options["proxy_auth"] = _login(through.login)
            super().__init__(method, url, **options)

    def _login(header: str) -> Any:
        return aiohttp.BasicAuth.decode(header, "utf-8") if header else None

    return ProxiedRequest
