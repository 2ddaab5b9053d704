"""How files of web servers are asked for: how long to wait, by which proxy, and where a redirect may lead."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import is_public
from seedbed.llm.keys.url_secrets import redacted_urls
from seedbed.tasks.remote.public_addresses import PublicAddress, public_client
from seedbed.tasks.remote.web_proxies import request_class

WEB = ("http://", "https://")


def web_options(address: str) -> dict[str, Any]:
    """Return options for fsspec's file system of web servers; the user's own configuration beats them."""
    from fsspec.config import conf  # type: ignore[import-untyped]

    given = {name: value for kind in ("http", "https") for name, value in _client(conf.get(kind)).items()}
    own = {"timeout": _timeout(), "trace_configs": [_checks()], "request_class": request_class()}
    options: dict[str, Any] = {"client_kwargs": own | given}
    if isinstance(address, PublicAddress):
        options["get_client"] = partial(public_client, address.server)
    return options


def _client(configured: Any) -> dict[str, Any]:
    return dict((configured or {}).get("client_kwargs") or {})


def _timeout() -> Any:
    import aiohttp

    # By default all of a file has to be there within five minutes.
    return aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)


def _checks() -> Any:
    import aiohttp

    traced = aiohttp.TraceConfig()
    traced.on_request_redirect.append(_check_redirect)
    traced.on_request_end.append(_check_whole)
    return traced


async def _check_whole(session: Any, context: SimpleNamespace, asked: Any) -> None:
    """Refuse an answer that is no whole file, though the whole file was asked for: rows would be missing."""
    status = asked.response.status
    # A proxy may have changed a 203, but all of it is there.
    is_whole = status in (200, 203) or status >= 300
    if asked.method == "GET" and not is_whole and "Range" not in asked.headers:
        raise UsageError(
            f"'{redacted_urls(str(asked.url))}' gives no whole file: its status is {status}, and not 200"
        )


async def _check_redirect(session: Any, context: SimpleNamespace, asked: Any) -> None:
    """Refuse a redirect from a public server to this machine or its network, where its owner can't ask."""
    target = asked.url.join(type(asked.url)(asked.response.headers.get("Location", "")))
    if is_public(str(asked.url)) and not is_public(str(target)):
        raise UsageError(
            f"'{redacted_urls(str(asked.url))}' leads to '{target.host}', which is no public server",
            "if that's right, name the address that it leads to",
        )
