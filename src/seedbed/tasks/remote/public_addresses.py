"""Addresses in a stranger's file: asked only where everybody can ask, whatever their names resolve to.

A name that anyone may register can have the address 127.0.0.1, 10.0.0.5 or 169.254.169.254, also only at the
second time that it's looked up. So it isn't the name that's checked, but what is connected to.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.request import getproxies

from seedbed.errors import UsageError
from seedbed.llm.http.http_request import target_of
from seedbed.llm.http.wire_errors import NotAURL
from seedbed.llm.keys.hosts import is_public_address


class PublicAddress(str):
    """The address of a file on a web server, which must not be on this machine or its network."""

    __slots__ = ()

    @property
    def server(self) -> str:
        """Its part that names the server: what to allow, if the file is the user's."""
        return "/".join(self.split("/")[:3])


async def public_client(server: str, **options: Any) -> Any:
    """Return aiohttp's session, which connects to public addresses only; for fsspec's `get_client`.

    `server` is the one that the file names.
    """
    import aiohttp

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=_resolver()(server)), **options)


@cache
def _resolver() -> Any:
    import aiohttp

    class PublicResolver(aiohttp.ThreadedResolver):
        """Looks names up, and refuses those with an address that isn't public."""

        def __init__(self, server: str) -> None:
            super().__init__()
            self._server = server

        async def resolve(self, host: str, port: int = 0, *rest: Any, **options: Any) -> Any:
            found = await super().resolve(host, port, *rest, **options)
            # One is enough: the next connection could go there. A proxy looks names up itself.
            inside = next((one["host"] for one in found if not is_public_address(one["host"])), None)
            if inside is not None and (host, port) not in _proxies():
                raise UsageError(
                    f"'{host}' has the address {inside}, which is on this machine or its network",
                    f"if the file is yours: allow_paths=[...] in Python, --allow-path {self._server}",
                )
            return found

    return PublicResolver


def _proxies() -> set[tuple[str, int]]:
    """Return the hosts and ports of the user's proxies, which are mostly in their own network."""
    found = set()
    for url in getproxies().values():
        try:
            target = target_of(url if "://" in url else f"http://{url}")
        except NotAURL:
            # The names of NO_PROXY.
            continue
        found.add((target.host, target.port))
    return found
