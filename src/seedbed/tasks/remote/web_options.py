"""How files of web servers are asked for: how long to wait, and where a redirect may lead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import is_public
from seedbed.llm.keys.url_secrets import redacted_urls

WEB = ("http://", "https://")


def web_options() -> dict[str, Any]:
    """Return options for fsspec's file system of web servers; the user's own configuration beats them."""
    from fsspec.config import conf  # type: ignore[import-untyped]

    given = {name: value for kind in ("http", "https") for name, value in _client(conf.get(kind)).items()}
    return {"client_kwargs": {"timeout": _timeout(), "trace_configs": [_redirects()]} | given}


def _client(configured: Any) -> dict[str, Any]:
    return dict((configured or {}).get("client_kwargs") or {})


def _timeout() -> Any:
    import aiohttp

    # By default all of a file has to be there within five minutes.
    return aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)


def _redirects() -> Any:
    import aiohttp

    traced = aiohttp.TraceConfig()
    traced.on_request_redirect.append(_check_redirect)
    return traced


async def _check_redirect(session: Any, context: SimpleNamespace, asked: Any) -> None:
    """Refuse a redirect from a public server to this machine or its network, where its owner can't ask."""
    target = asked.url.join(type(asked.url)(asked.response.headers.get("Location", "")))
    if is_public(str(asked.url)) and not is_public(str(target)):
        raise UsageError(
            f"'{redacted_urls(str(asked.url))}' leads to '{target.host}', which is no public server",
            "if that's right, name the address that it leads to",
        )
