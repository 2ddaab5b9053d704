"""Where the key of a backend is found, and which hosts are its provider's own."""

from __future__ import annotations

from typing import NamedTuple


class KeySource(NamedTuple):
    """Where a backend's key comes from when the field `api_key` is unset, and where it may go.

    `env_var` is the environment variable, `needed` says whether requests without a key are refused.
    `hosts` are the provider's own: `api.acme.com`, or `*.acme.com` for all below. `base_url_env_var` is the
    variable that names another server for the same key. `further_env_vars` hold other secrets that requests
    carry: tokens, headers. `title` tells several sources of one backend apart.
    """

    env_var: str | None = None
    needed: bool = True
    hosts: tuple[str, ...] = ()
    base_url_env_var: str | None = None
    further_env_vars: tuple[str, ...] = ()
    title: str = ""

    @property
    def env_vars(self) -> tuple[str, ...]:
        """All variables that hold a secret."""
        return (*([self.env_var] if self.env_var else []), *self.further_env_vars)
