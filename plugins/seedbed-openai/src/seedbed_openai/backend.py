"""What the LLM and the embedder `openai` have in common: the server, its key, and what its answers mean."""

from __future__ import annotations

import asyncio
import os
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from seedbed import (
    AuthenticationError,
    HTTPAnswer,
    HTTPBackend,
    KeySource,
    Limits,
    UnknownModelError,
    check_listening,
    public_url,
)
from seedbed_openai.connection import Connection, connect, key_source_of, key_sources
from seedbed_openai.limits import read_limits, reset_in_metadata
from seedbed_openai.model_names import advice_on_model
from seedbed_openai.presets import PRESETS, Preset, PresetName, preset_for
from seedbed_openai.setting_checks import check_address, check_headers

Assemble = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]

CONNECTION_FIELDS = frozenset(
    {"timeout", "preset", "api_key", "base_url", "organization", "project", "default_headers"}
    | {"azure_endpoint", "azure_deployment", "api_version", "azure_ad_token", "token_provider"}
)
"""Fields that say how to reach the server, not what it answers."""


class OpenAIBackend(HTTPBackend):
    """A model of OpenAI, of Azure, or of any server that speaks OpenAI's protocol; a subclass asks it."""

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
    def key_source(self) -> KeySource:
        """The variable and the hosts of the preset."""
        return key_source_of(self)

    @classmethod
    def key_sources(cls) -> tuple[KeySource, ...]:
        """Return those of all presets."""
        return key_sources()

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
    def credential_id(self) -> str:
        """A digest of key, organisation and project."""
        return self._connection.credential_id

    @property
    def price_id(self) -> str | None:
        """The model's name in price lists; None for the user's own server."""
        provider = self.effective_preset.price_provider
        return f"{provider}/{self.model}" if provider else None

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

    def secrets(self) -> tuple[str, ...]:
        """Return keys, tokens and values of headers, including those of the environment."""
        connection: Connection | None = vars(self).get("_connection")
        return (*super().secrets(), *(connection.secrets if connection else ()))

    def load(self) -> None:
        """Work out where requests go; raises AuthenticationError if a key is missing."""
        vars(self)["_connection"] = connect(self)

    def unload(self) -> None:
        """Forget where requests go, so that a changed environment counts."""
        vars(self).pop("_connection", None)
        vars(self).pop("_model_advice", None)
        super().unload()

    async def check(self) -> None:
        """Raise if a key is missing, or if nothing listens at an address of this machine.

        Nothing is sent: a server's list of models is no promise, and would cost the first row a round trip.
        The first call decides.
        """
        await check_listening((await asyncio.to_thread(lambda: self._connection)).url)

    async def read_answer(
        self, answer: HTTPAnswer, headers: Mapping[str, str], assemble: Assemble | None = None
    ) -> dict[str, Any]:
        """Return the JSON object of an answer, or raise its error.

        That of an unknown model says which models the server lists, and one about the key where the key was
        found. `headers` are those of the request, and `assemble` is as in `read_body`.
        """
        try:
            return self.read_body(answer, assemble)
        except UnknownModelError as error:
            # Shielded, since other rows wait for the same list when this one is cancelled.
            error.advice = (*await asyncio.shield(self._advice(headers)), *error.advice)
            raise
        except AuthenticationError as error:
            error.advice += (self._connection.key_origin,)
            raise

    def read_retry_after(self, headers: Mapping[str, str], body: dict[str, Any]) -> float | None:
        """Return the seconds until a limit lifts, which OpenRouter puts into the error."""
        wait = super().read_retry_after(headers, body)
        return reset_in_metadata(body) if wait is None else wait

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        """Return what `x-ratelimit-*` and similar headers say, None if there are none."""
        return read_limits(headers)

    def _advice(self, headers: Mapping[str, str]) -> asyncio.Future[tuple[str, ...]]:
        """Return what the server's list says about the model, fetched once for all rows in flight."""
        found: asyncio.Future[tuple[str, ...]] | None = vars(self).get("_model_advice")
        if found is None:
            asking = advice_on_model(self.model, self._connection.models_url, headers)
            found = vars(self)["_model_advice"] = asyncio.ensure_future(asking)
        return found

    @cached_property
    def _connection(self) -> Connection:
        # Not a private attribute of pydantic's: reading one takes 1.2 us, and every call reads this.
        return connect(self)
