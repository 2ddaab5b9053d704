"""Keeps the user's keys from hosts that a file names.

A pipeline file may come from a stranger, who could name their own server and get OPENAI_API_KEY sent there.
So an LLM that was made while a file was read remembers that file. It gets a secret of the environment only if
its requests go to the provider's own hosts, to the server that the environment names for that key, to this
machine, or to a host that the user allowed: see `untrusted_host`. This is checked three times: when a run is
planned, when the key is read, and, for backends that read the environment by themselves, when a request is
about to leave.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pydantic import BaseModel, SecretStr

from seedbed.errors import AuthenticationError, UsageError
from seedbed.llm.keys.env_secret import EnvSecret
from seedbed.llm.keys.file_origin import FileOrigin
from seedbed.llm.keys.hosts import Address, address_of, is_among, is_loopback
from seedbed.llm.keys.url_secrets import redacted_urls
from seedbed.llm.parameters import GenerationParameters
from seedbed.plugins.fields.secret_fields import is_secret

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from seedbed.llm.backend import KeyHolder

# A shorter value, such as "1", is in many requests by chance.
_SHORTEST = 8
# One for all calls: an LLM that no file describes costs nothing to watch.
_UNWATCHED = nullcontext()
_NO_PLACES = GenerationParameters.model_fields.keys() | {"api_key", "timeout"}
# What the name or number of a host contains in any disguise, and names of regions, presets and efforts don't.
_PLACE = re.compile(r"[.:/%@\\]|[^\x00-\x7f]|^[0-9]+$|^0x", re.IGNORECASE)


_asking: ContextVar[KeyHolder | None] = ContextVar("seedbed_asking", default=None)


def asking(llm: KeyHolder) -> AbstractContextManager[None]:
    """Watch the requests that are sent within, if a file describes the LLM."""
    return _UNWATCHED if llm.origin is None else _watching(llm)


def untrusted_host(llm: KeyHolder) -> str | None:
    """Return the host that a file has an LLM ask and that must not get a secret of the user's, or None."""
    if llm.origin is None:
        return None
    addresses = map(address_of, _urls(llm))
    return next(
        (one.host or "?" for one in addresses if one and not _may_have_keys(one, llm.origin, llm)),
        None,
    )


def refuse_keys(llm: KeyHolder) -> None:
    """Raise UsageError if an LLM would send a secret of the environment to a host that a file names."""
    host = untrusted_host(llm)
    if host is None:
        return
    for name in llm.model_fields_set:
        if isinstance(secret := getattr(llm, name), EnvSecret):
            raise _refusal(llm, host, f"the secret in {secret.variable}", secret.variable)
    # A key in the file itself is the file's own: it may send that where it likes.
    if _own_key(llm) is not None:
        return
    for variable in llm.key_source.env_vars:
        if os.environ.get(variable, "").strip():
            raise _refusal(llm, host, f"the secret in {variable}", variable)


def find_key(llm: KeyHolder) -> str:
    """Return the key of an LLM: the field `api_key`, or else that of the environment; '' if none is needed.

    Raises AuthenticationError if it's missing or can't be a key, UsageError if it must not go to the host.
    """
    refuse_keys(llm)
    own = _own_key(llm)
    if own is not None:
        return checked_key(own, "api_key")
    source = llm.key_source
    if source.env_var and (value := os.environ.get(source.env_var, "").strip()):
        return checked_key(value, source.env_var)
    if source.needed and source.env_var:
        raise missing_key(llm)
    return ""


def checked_key(key: str, place: str) -> str:
    """Return a key without white space around it; raise AuthenticationError if it can't be one."""
    # A line break in a copied key would otherwise fail as an illegal header, which quotes the key.
    key = key.strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise AuthenticationError(
            f"the key from {place} is empty or has characters that no key has",
            "copy it once more; was there a line break in it?",
        )
    return key


def missing_key(llm: KeyHolder) -> AuthenticationError:
    """Return the error for an LLM without a key; it names the variable."""
    at = f" at '{redacted_urls(llm.endpoint)}'" if address_of(llm.endpoint) else ""
    return AuthenticationError(
        f"no API key for '{llm.reference}'{at}",
        f"export {llm.key_source.env_var}=... in the shell, or pass it once: "
        + ("--set llm.api_key=..., " if llm._noun == "LLM" else "")
        + "api_key=... in Python",
    )


def check_request(url: str, headers: Mapping[str, str], body: bytes | None) -> None:
    """Raise UsageError if a request that is about to leave carries a secret to an untrusted host.

    This catches backends that read the environment, or one of the user's files, by themselves.
    """
    llm = _asking.get()
    if llm is None or llm.origin is None:
        return
    address = address_of(url)
    if address is None or _may_have_keys(address, llm.origin, llm):
        return
    # In the URL and the body too: some providers take the key in the query, others in the JSON.
    sent = "\n".join([url, *headers.values(), (body or b"").decode("utf-8", "replace")])
    for what, variable, secret in _secrets_of_user(llm):
        if secret in sent:
            raise _refusal(llm, address.host or "?", what, variable)


@contextmanager
def _watching(llm: KeyHolder) -> Iterator[None]:
    token = _asking.set(llm)
    try:
        yield
    finally:
        _asking.reset(token)


def _may_have_keys(address: Address, origin: FileOrigin, llm: KeyHolder) -> bool:
    if is_loopback(address.host) or is_among(address, origin.allowed):
        return True
    source = llm.key_source
    # With http:// in the file, everyone on the way could read the key.
    if address.scheme == "https" and is_among(address, source.hosts):
        return True
    # The whole address: whoever sets OPENAI_BASE_URL means that scheme and port, not any other on the host.
    named = os.environ.get(source.base_url_env_var, "") if source.base_url_env_var else ""
    if address.host and address == address_of(named.strip()):
        return True
    # If no field led there, it's the backend's own default, or comes from the user's settings for its SDK.
    return bool(address.host) and not _is_chosen_by_file(address.host, llm)


def _is_chosen_by_file(host: str, llm: KeyHolder) -> bool:
    """Whether a field that was given may have led to the host, directly or through the backend's code.

    Any field counts that could name a place, since a backend may build its URL from any of them. Lists,
    headers and the model's name contain dots and slashes for other reasons: they have to name the host.
    """
    for name in llm.model_fields_set - _NO_PLACES:
        value = getattr(llm, name)
        if name == "model" or isinstance(value, (Mapping, list, tuple, set, frozenset, BaseModel)):
            if any(host in unquote(text).lower() for text in _texts(value)):
                return True
        elif not isinstance(value, (bool, int, float, type(None))):
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            if _PLACE.search(text):
                return True
    return False


def _urls(llm: KeyHolder) -> Iterator[str]:
    try:
        endpoint = llm.endpoint
    except Exception:  # noqa: BLE001 - a stranger's property; a request is checked again before it leaves
        return
    if address_of(endpoint) is not None:
        yield endpoint
        return
    for name in llm.model_fields_set - _NO_PLACES:
        if not isinstance(value := getattr(llm, name), SecretStr):
            yield str(value)


def _own_key(llm: KeyHolder) -> str | None:
    """Return the key in the LLM's fields; an empty one counts if someone has written it: "send no key"."""
    key = getattr(llm, "api_key", None)
    text = key.get_secret_value() if isinstance(key, SecretStr) else key
    return text if text or "api_key" in llm.model_fields_set else None


def _secrets_of_user(llm: KeyHolder) -> Iterator[tuple[str, str, str]]:
    """Yield what it's called, its variable, and the secret itself, if the LLM's file doesn't contain it."""
    own = set(_texts({name: getattr(llm, name) for name in llm.model_fields_set}))
    for variable, value in os.environ.items():
        if is_secret(variable) or variable in llm.key_source.env_vars:
            # Some contain several: "X-Key: 12345678" in a variable of headers.
            for part in {value.strip(), *re.split(r"[\s,;:=]+", value)}:
                if len(part) >= _SHORTEST and part not in own:
                    yield f"the secret in {variable}", variable, part
    for secret in llm.secrets():
        if len(secret) >= _SHORTEST and not {secret, secret.rpartition(" ")[2]} & own:
            yield "a key of yours", "", secret


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, EnvSecret):
        # The file names it, but it's the user's.
        return
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (text for item in value for text in _texts(item))
    elif isinstance(value, BaseModel):
        yield from _texts(dict(value))
    elif value is not None and not isinstance(value, (bool, int, float)):
        # For example a URL of pydantic's.
        yield str(value)


def _refusal(llm: KeyHolder, host: str, what: str, variable: str) -> UsageError:
    assert llm.origin is not None
    without = (
        f"if it needs no key: env -u {variable} seedbed ..." if variable else "if it needs no key, unset it"
    )
    return UsageError(
        f"'{llm.origin.file}' would send {what} to '{host}'",
        "your keys go to their provider's own hosts over https, and to hosts that you allow",
        f"if you trust that host: --allow-host {host} (allow_hosts=[{host!r}] in Python), "
        f"or SEEDBED_ALLOW_HOSTS={host}",
        without,
    )
