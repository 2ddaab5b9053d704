"""Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, except what NO_PROXY names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from seedbed.errors import UsageError
from seedbed.llm.http.http_request import target_of
from seedbed.llm.http.wire_errors import NotAURL
from seedbed.llm.keys.hosts import is_loopback
from seedbed.llm.keys.url_secrets import redacted_urls

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BRACKETED = re.compile(r"\[(?P<host>[^\]]+)\](?P<prefix>/[0-9]+)?(?::(?P<port>[0-9]+))?")
_NAMED = re.compile(r"(?P<host>[^:]*)(?P<prefix>)(?::(?P<port>[0-9]+))?")


class _Entry(NamedTuple):
    """One name in NO_PROXY: a host, a domain, an address or a network, and possibly a port."""

    host: str
    port: int | None = None


def proxy_of(url: str) -> str | None:
    """Return the URL of the proxy for a URL, or None for a server of this machine, or without a proxy.

    Raises UsageError for a proxy of an unsupported kind, or without an address.
    """
    split = urlsplit(url)
    # A proxy on another machine would ask itself instead of this one, with the prompts and the key.
    if not split.hostname or is_loopback(split.hostname) or _is_bypassed(split):
        return None
    proxies = getproxies()
    proxy = (proxies.get(split.scheme) or proxies.get("all") or "").strip() or None
    # curl takes `proxy.example.com:3128` too.
    if proxy is not None and "://" not in proxy:
        proxy = f"http://{proxy}"
    # Refused, not ignored: whoever sets a SOCKS proxy may have no other way out, or not want any.
    kind, _, rest = (proxy or "http://").partition("://")
    if kind.lower() not in ("http", "https"):
        address = rest.rpartition("@")[2].partition("?")[0]
        raise UsageError(
            f"the proxy '{kind}://{address}' is of a kind that isn't supported",
            "set HTTPS_PROXY to an http:// or https:// proxy, or NO_PROXY to leave it out",
        )
    if proxy is not None:
        _check_address(proxy, split.scheme)
    return proxy


def _check_address(proxy: str, scheme: str) -> None:
    try:
        target_of(proxy)
    except NotAURL:
        raise UsageError(
            f"the proxy for {scheme}:// addresses has no address: '{redacted_urls(proxy)}'",
            f"write {scheme.upper()}_PROXY, or ALL_PROXY, as http://host:port",
            "user and password go before the host; write %2F for /, %3F for ?, %23 for # and %40 for @",
        ) from None


def is_in_no_proxy(names: str, host: str, port: int | None) -> bool:
    """Whether NO_PROXY names a host, in any of the forms that curl, requests, httpx and Go accept.

    These are `*`; `example.com`, `.example.com` and `*.example.com`, all with their subdomains; an address; a
    network such as 10.0.0.0/8. An IPv6 address may be in brackets, and a port may follow each form.

        is_in_no_proxy("localhost,[::1]:8000", "::1", 8000)    # True
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    return any(
        (entry.port is None or entry.port == port)
        and (_names_host(entry.host, host) if address is None else _names_address(entry.host, address))
        for entry in _entries(names)
    )


def _is_bypassed(split: SplitResult) -> bool:
    proxies = getproxies_environment()
    if not proxies:
        # The settings of macOS and Windows, which only the standard library reads.
        return bool(proxy_bypass(split.netloc.rpartition("@")[2]))
    # Not the standard library's `proxy_bypass_environment`: it knows neither networks nor IPv6 in brackets.
    return is_in_no_proxy(proxies.get("no", ""), split.hostname or "", _port(split))


def _port(split: SplitResult) -> int | None:
    try:
        return split.port or _DEFAULT_PORTS.get(split.scheme)
    except ValueError:
        # The transport raises the error for an invalid URL.
        return None


def _entries(names: str) -> Iterator[_Entry]:
    for text in re.split(r"[,\s]+", names.lower()):
        # httpx accepts URLs there.
        name = text.rpartition("://")[2].rstrip("/")
        if not name:
            continue
        found = _BRACKETED.fullmatch(name) or _NAMED.fullmatch(name)
        if found is None:
            yield _Entry(name)
        else:
            port = found["port"]
            yield _Entry(found["host"] + (found["prefix"] or ""), int(port) if port else None)


def _names_host(name: str, host: str) -> bool:
    if name == "*":
        return True
    domain = name.removeprefix("*").strip(".")
    if "*" in domain:
        return fnmatchcase(host, domain)
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _names_address(name: str, address: IPv4Address | IPv6Address) -> bool:
    if "*" in name:
        return fnmatchcase(str(address), name)
    if "/" not in name:
        return _address(name) == address
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, in one form however it's written; None for a name."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # `::ffff:10.0.0.1` is 10.0.0.1, and 10.0.0.0/8 in NO_PROXY has to match it.
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
