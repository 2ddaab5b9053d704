"""The file systems of addresses such as `s3://bucket/rows.jsonl`, by fsspec.

Credentials are found by the means of the file system's own library, never by Seedbed.
"""

from __future__ import annotations

import re
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.keys.environment_secrets import environment_secrets
from seedbed.llm.keys.redaction import redact_message
from seedbed.llm.keys.url_secrets import holds_url_secret, redacted_urls
from seedbed.tasks.remote.web_options import WEB, web_options

# Of any case: what a pipeline file may read is decided by the scheme, and `HTTP://..` is the path of no file.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_remote(name: str) -> bool:
    """Whether a name is an address, and no path on this machine."""
    return bool(_ADDRESS.match(name))


def file_system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it; a path on this machine is an address, too.

    Raises UsageError if there is none, if its package isn't installed, or if the address holds a secret.
    """
    if holds_url_secret(address):
        raise UsageError(
            f"'{redacted_urls(address)}' has a key or a password in it",
            "leave it out: the library of the file system finds credentials by itself",
        )
    check_packages_of(address)
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    try:
        system, path = url_to_fs(address, **(web_options(address) if address.lower().startswith(WEB) else {}))
    except ImportError as error:
        raise UsageError(
            f"'{address}' needs another package: {error}", "install it, and run again"
        ) from error
    except ValueError as error:
        known = ", ".join(f"{name}://" for name in ("s3", "gs", "hf", "https"))
        raise UsageError(
            f"'{address}' isn't an address that can be read: {error}", f"such as {known}"
        ) from error
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        raise unreadable(address, error) from None
    return system, path


def check_packages_of(address: str) -> None:
    """Raise UsageError if a package isn't installed that the file system of an address needs."""
    try:
        from fsspec import get_filesystem_class  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(
            f"'{address}' is read with the package 'fsspec': {error}", "pip install 'seedbed[remote]'"
        ) from error
    try:
        get_filesystem_class(address.partition("://")[0])
    except ImportError as error:
        raise UsageError(
            f"'{address}' needs another package: {error}", "install it, and run again"
        ) from error
    except ValueError:
        # No such file system: `file_system` says so.
        return


def unreadable(address: str, error: Exception, what: str = "read") -> UsageError:
    """Return what to raise for an error of a file system."""
    # Without the cause: the traceback of a library that signs requests may show a key.
    lines = str(error).strip().splitlines() or [""]
    said = redacted_urls(f"{type(error).__name__}: {lines[0]}".rstrip(": "))
    # Libraries find keys in the environment, and a server may echo them.
    said = redact_message(said, environment_secrets())
    return UsageError(
        f"'{address}' cannot be {what}: {said}",
        "check the address, the network and your credentials",
    )
