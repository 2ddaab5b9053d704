"""Hosts: which one a URL names, which ones are this machine, and which ones the user allows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from seedbed.errors import UsageError
from seedbed.llm.keys.url_secrets import redacted_urls

VARIABLE = "SEEDBED_ALLOW_HOSTS"
KEY = "allow-hosts"

_PORTS = {"http": 80, "https": 443}
_PORTS_END = 65536
_OF_A_NETWORK = ("internal", "intranet", "lan", "local", "localdomain", "localhost", "home", "corp")
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?(:[0-9]{1,5})?|\[?[0-9a-f:.]+\]?", re.IGNORECASE)
# Libraries disagree on what any other character means: with "https://evil.com\@api.openai.com", one checks
# the host on the right and another connects to the one on the left. Such a host matches nothing.
_NETLOC = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=:%-]*@)?[A-Za-z0-9._:\[\]-]+")

_NAT64 = "64:ff9b::/96"

_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


class Address(NamedTuple):
    """Scheme, host and port of a URL, in lower case; the host is empty if libraries may disagree on it."""

    scheme: str
    host: str
    port: int | None


@lru_cache(maxsize=256)
def address_of(url: str) -> Address | None:
    """Return the address in a URL, or None if the text isn't one."""
    try:
        split = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme)
    except ValueError:
        return Address("", "", None) if "://" in url else None
    if not split.scheme or not split.netloc:
        return None
    host = (split.hostname or "") if _NETLOC.fullmatch(split.netloc) else ""
    return Address(split.scheme, host, port)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address; what another name resolves to doesn't count.

    A name can resolve to 127.0.0.1 when it's checked, and to the stranger's server when it's used.
    """
    if host == "localhost":
        return True
    # Imported here: only LLMs of a file ask.
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(url: str) -> bool:
    """Whether a URL names a server that everybody can ask, and not one of this machine or its network.

    It goes by the host as written: an address, or a name such as `localhost`, `nas` or `metadata.internal`.
    """
    host = (address_of(url) or Address("", "", None)).host.rstrip(".")
    try:
        return is_public_address(host)
    except ValueError:
        # Libraries also take 127.1 and 0x7f000001 for addresses; the last part of a name has a letter first.
        last = host.rpartition(".")[2]
        return "." in host and last[:1].isalpha() and last not in _OF_A_NETWORK


def is_public_address(text: str) -> bool:
    """Whether everybody can reach an IP address; raises ValueError for what isn't one."""
    import ipaddress

    # Of IPv6 without the interface: `fe80::1%eth0`.
    found = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # Ways to write an IPv4 address that a gateway, or the system itself, turns back into it.
        inner = found.ipv4_mapped or found.sixtofour
        if found in ipaddress.ip_network(_NAT64):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(str(inner))
    return found.is_global and not found.is_multicast


def is_among(address: Address, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns names the address: `host`, `host:port`, or `*.host` for its subdomains."""
    names = {address.host, f"{address.host}:{address.port}"} if address.host else set()
    for pattern in patterns:
        name = pattern.lower().strip("[]")
        if name in names or (name.startswith("*.") and any(text.endswith(name[1:]) for text in names)):
            return True
    return False


def addresses_in(texts: Iterable[str]) -> Iterator[str]:
    """Yield `host:port` of every URL among the texts, as patterns."""
    for url in (found for text in texts for found in _URL.findall(text)):
        if (address := address_of(url)) and address.host:
            yield f"{address.host}:{address.port}"


def allowed_hosts(given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the hosts to which the user lets keys go: those given, and those in environment and settings.

    Raises UsageError for anything that isn't a host. Files next to a pipeline aren't read: they may come from
    the same stranger.
    """
    of_environment = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    return (
        *check_hosts(given, "--allow-host (allow_hosts= in Python)"),
        *check_hosts(filter(None, of_environment), f"the environment variable {VARIABLE}"),
        *_of_settings(),
    )


def user_settings_file() -> Path | None:
    """Return the settings file in the user's configuration folder, even if missing; None without a home."""
    variable = "APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"
    folder = Path(os.environ.get(variable, ""))
    try:
        # A relative one would be the pipeline's own folder.
        return (folder if folder.is_absolute() else Path.home() / ".config") / "seedbed" / "seedbed.toml"
    except RuntimeError:
        return None


def _of_settings() -> tuple[str, ...]:
    from seedbed.plugins.policy.policy import settings_table

    file = user_settings_file()
    named = (settings_table(file, ()) or {}).get(KEY, []) if file else []
    if isinstance(named, str) or not isinstance(named, Sequence):
        raise UsageError(f"'{KEY}' in {file} is not a list", f'write {KEY} = ["gateway.example.com"]')
    return check_hosts(named, f"'{KEY}' in {file}")


def check_hosts(names: Iterable[object], place: str) -> tuple[str, ...]:
    """Return the names of hosts that `place` has; raise UsageError for what isn't one, such as a URL."""
    hosts = tuple(names)
    for host in hosts:
        if not isinstance(host, str) or not _is_host(host):
            raise UsageError(
                f"{place} has {_shown(host)}, which is not a host",
                "write gateway.example.com, or *.example.com, without https:// and path",
            )
    return tuple(map(str, hosts))


def _is_host(text: str) -> bool:
    match = _HOST.fullmatch(text)
    return match is not None and int((match[3] or ":0")[1:]) < _PORTS_END


def _shown(host: object) -> str:
    # A URL may have a password in it.
    return repr(redacted_urls(host)) if isinstance(host, str) else repr(host)
