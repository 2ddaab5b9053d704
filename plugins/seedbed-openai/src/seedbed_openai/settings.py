"""What users set of the LLM and the embedder `openai`, and which server that means."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from seedbed import HTTPBackend, public_url
from seedbed_openai.connection import Connection
from seedbed_openai.presets import PRESETS, Preset, PresetName, preset_for
from seedbed_openai.setting_checks import check_address, check_headers

CONNECTION_FIELDS = frozenset(
    {"timeout", "preset", "api_key", "base_url", "organization", "project", "default_headers"}
    | {"azure_endpoint", "azure_deployment", "api_version", "azure_ad_token", "token_provider"}
)
"""Fields that say how to reach the server, not what it answers."""


class OpenAISettings(HTTPBackend):
    """A server that speaks OpenAI's protocol, as users describe it."""

    backend = "openai"
    key_env_var = "OPENAI_API_KEY"
    base_url_env_var = "OPENAI_BASE_URL"
    connection_fields = CONNECTION_FIELDS

    preset: PresetName = Field(default="openai", description="Which kind of server it is.")
    api_key: SecretStr | None = Field(
        default=None, description="The key; if unset, the environment variable of the preset."
    )
    base_url: str | None = Field(
        default=None, description="The address of the API, if not the preset's; most end in /v1."
    )
    organization: str | None = Field(default=None, description="The organisation that pays, at OpenAI.")
    project: str | None = Field(default=None, description="The project that pays, at OpenAI.")
    default_headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further headers of every request; their values count as secret."
    )
    azure_endpoint: str | None = Field(
        default=None, description="The address of an Azure OpenAI resource; means preset=azure."
    )
    azure_deployment: str | None = Field(
        default=None, description="The deployment at Azure, if it is not named as the model."
    )
    api_version: str | None = Field(default=None, description="The version of the API, at Azure.")
    azure_ad_token: SecretStr | None = Field(
        default=None, description="A Microsoft Entra token in place of a key, at Azure."
    )
    token_provider: SkipJsonSchema[Callable[[], str]] | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="A function that returns a bearer token for each request (from Python only).",
    )

    @field_validator("base_url", "azure_endpoint")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            check_address(value)
        return value

    @field_validator("default_headers")
    @classmethod
    def _are_headers(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        check_headers(value)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.azure_endpoint and self.preset == "openai":
            self.preset = "azure"
        given = [
            name
            for name in ("azure_endpoint", "azure_deployment", "api_version", "azure_ad_token")
            if getattr(self, name)
        ]
        if given and self.preset != "azure":
            raise ValueError(f"'{given[0]}' is for Azure: set azure_endpoint, or preset=azure")
        if self.token_provider is not None and (self.api_key or self.azure_ad_token):
            raise ValueError("give a token_provider or a key, not both")
        return self

    @property
    def resolved_base_url(self) -> str:
        """The address that requests go to: as given, or from the environment, or else the preset's."""
        if given := self.base_url or self.azure_endpoint:
            return given
        variable = {"openai": "OPENAI_BASE_URL", "azure": "AZURE_OPENAI_ENDPOINT"}.get(self.preset, "")
        return os.environ.get(variable, "").strip() or PRESETS[self.preset].base_url

    @property
    def effective_preset(self) -> Preset:
        """What is known about the server that requests go to."""
        return preset_for(self.preset, self.resolved_base_url)

    @property
    def uses_azure_token(self) -> bool:
        """Whether the credential at Azure is a token instead of a key."""
        if self.api_key is not None:
            return False
        given = self.azure_ad_token or self.token_provider
        return bool(given or os.environ.get("AZURE_OPENAI_AD_TOKEN", "").strip())

    @property
    @abstractmethod
    def path(self) -> str:
        """Where requests go, below the base URL."""

    @property
    def endpoint(self) -> str:
        """The address that requests go to."""
        return public_url(self.resolved_base_url).rstrip("/")

    @property
    def server_title(self) -> str:
        """The server's name in messages."""
        # Every answer needs it, so it isn't worked out again.
        connection: Connection | None = vars(self).get("_connection")
        if connection is not None:
            return connection.title
        preset = self.effective_preset
        if preset.needs_key and not self.base_url:
            return preset.title
        return f"{preset.title} at '{self.endpoint}'"
