"""Which certificates verify a server's own: the system's, or those that the environment names."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path

from seedbed.errors import UsageError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OF_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def certificates() -> ssl.SSLContext:
    """Return what verifies servers: the certificates that the environment names, or else the system's.

    As with requests, REQUESTS_CA_BUNDLE, or else CURL_CA_BUNDLE, is a file or a folder that replaces the
    system's certificates. Those of SSL_CERT_FILE and SSL_CERT_DIR, which OpenSSL reads itself, are trusted
    too. Raises UsageError for a bundle that is missing or contains no certificates.
    """
    context = _chosen()
    # A server that knows HTTP/2 as well must not choose it.
    context.set_alpn_protocols(["http/1.1"])
    return context


def _chosen() -> ssl.SSLContext:
    # All four, since a company's users have set whichever their other tools read.
    variable = next((name for name in _BUNDLES if os.environ.get(name)), None)
    has_others = any(os.environ.get(name) for name in _OF_OPENSSL)
    if variable is None:
        return ssl.create_default_context() if has_others else _of_the_system()
    context = _context_of(variable, Path(os.environ[variable]))
    if has_others:
        context.set_default_verify_paths()
    return context


@cache
def _of_the_system() -> ssl.SSLContext:
    # Once: reading all certificates of the system takes up to 20 ms.
    return ssl.create_default_context()


def _context_of(variable: str, bundle: Path) -> ssl.SSLContext:
    try:
        if bundle.is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    # Also ssl.SSLError, for a file that isn't in PEM form.
    except OSError as error:
        raise UsageError(
            f"{variable} names '{bundle}', which has no certificates that can be read",
            "set it to a file in PEM form or a folder of them, or unset it to use the system's",
        ) from error


def is_file_missing() -> bool:
    """Whether SSL_CERT_FILE names a file that isn't there, which OpenSSL silently ignores."""
    path = os.environ.get("SSL_CERT_FILE")
    return bool(path) and not Path(path or "").is_file()
