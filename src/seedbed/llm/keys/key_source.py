"""Where the key of a backend is found, and which hosts are its provider's own."""

from __future__ import annotations

from typing import NamedTuple


class KeySource(NamedTuple):
    """Where a backend's key comes from if the field `api_key` isn't set, and where it may go.

        KeySource("ACME_API_KEY", hosts=("api.acme.com",), base_url_env_var="ACME_BASE_URL")

    `env_var` is the environment variable, and `needed` says whether requests without a key are refused.
    `hosts` are the provider's own: `api.acme.com`, or `*.acme.com` for its subdomains. `base_url_env_var` is
    the variable that names another server for the same key. `further_env_vars` contain other secrets that
    requests carry: tokens, headers. `title` distinguishes several sources of one backend.
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
