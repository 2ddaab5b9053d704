"""The backend: settings, one request, one check."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from seedbed import (
    HTTPLLM,
    BadRequestError,
    Capabilities,
    KeySource,
    Limits,
    Request,
    Response,
    check_listening,
    post_json,
    public_url,
)
from seedbed_anthropic.connection import (
    PROVIDER_URL,
    Connection,
    check_url,
    connect,
    is_provider,
    named_url,
    secrets_in,
)
from seedbed_anthropic.request import SAMPLING, build_body
from seedbed_anthropic.response import read_limits, read_response
from seedbed_anthropic.schema import NATIVE, TOOL
from seedbed_anthropic.streamed import message_of_events

SAMPLING_VERSION = "2023-06-01"
"""The last version of the API that takes a temperature, for the models that have one."""


class AnthropicLLM(HTTPLLM):
    """A model of Anthropic's, or of a server that speaks its Messages API.

        AnthropicLLM(model="claude-sonnet-4-5", max_tokens=1000, thinking="disabled")

    Credentials, base URL and headers come from the fields, then from the environment, as the official
    SDK reads it. https://platform.claude.com/docs/en/api/messages
    """

    backend = "anthropic"
    reasoning_fields = ("thinking", "effort")
    key_env_var = "ANTHROPIC_API_KEY"
    provider_hosts = ("api.anthropic.com",)
    base_url_env_var = "ANTHROPIC_BASE_URL"
    connection_fields = frozenset({"timeout", "api_key", "auth_token", "base_url", "default_headers"})

    api_key: SecretStr | None = Field(default=None, description="API key; ANTHROPIC_API_KEY if unset.")
    auth_token: SecretStr | None = Field(
        default=None, description="Bearer token in place of a key; ANTHROPIC_AUTH_TOKEN if unset."
    )
    base_url: str | None = Field(
        default=None, description="Address of the API, without /v1; ANTHROPIC_BASE_URL if unset."
    )
    default_headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further headers, such as anthropic-beta or anthropic-version."
    )
    thinking: (
        Annotated[int, Field(ge=1024)]
        | Literal["adaptive", "disabled", "between_tools"]
        | dict[str, Any]
        | None
    ) = Field(
        default=None,
        description="Budget in tokens, or adaptive, disabled, between_tools, or the API's object.",
    )
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        default=None, description="How much effort the model puts into an answer."
    )
    structured_output: Literal["native", "tool", "prompt"] | None = Field(
        default=None,
        description="How a schema is sent: output_config, a forced tool, or words; native at Anthropic only.",
    )
    ignore_sampling: bool = Field(
        default=False, description="Leave out temperature and top_p, which newer models refuse."
    )

    _connection: Connection | None = PrivateAttr(default=None)

    @field_validator("base_url")
    @classmethod
    def _checked_url(cls, url: str | None) -> str | None:
        if url:
            check_url(url)
        return url

    @model_validator(mode="after")
    def _one_credential(self) -> AnthropicLLM:
        if self.api_key and self.auth_token:
            raise ValueError("api_key and auth_token exclude each other")
        return self

    @property
    def key_source(self) -> KeySource:
        """The API's own variables; a profile of the SDK may replace all of them, so none is required."""
        return super().key_source._replace(
            needed=False, further_env_vars=("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS")
        )

    @property
    def capabilities(self) -> Capabilities:
        """Structured output (unless the schema is sent in the prompt), tools and images."""
        dialect = {"native": NATIVE, "tool": TOOL, "prompt": None}[self._schemas_by()]
        return Capabilities(
            structured_output=dialect is not None, schema_dialect=dialect, tools=True, images=True
        )

    @property
    def connection(self) -> Connection:
        """Where requests go and with which headers; made on first use."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    @property
    def endpoint(self) -> str:
        """The base URL, without any secret."""
        return self._connection.endpoint if self._connection else public_url(self._address())

    @property
    def credential_id(self) -> str:
        """A digest of the key or token."""
        return self.connection.credential_id

    @property
    def price_id(self) -> str | None:
        """`anthropic/model` at Anthropic itself, otherwise None."""
        return f"anthropic/{self.model}" if is_provider(self._address()) else None

    def secrets(self) -> tuple[str, ...]:
        """Return key, token and values of further headers, including those of the environment."""
        if self._connection is not None:
            return (*super().secrets(), *self._connection.secrets, *self._connection.renewed)
        environment = (os.environ.get(name, "") for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
        headers = {name.lower(): value for name, value in _all_revealed(self.default_headers).items()}
        return (*super().secrets(), *filter(None, environment), *secrets_in(headers))

    def load(self) -> None:
        """Read the settings; raises AuthenticationError if there's no key."""
        self._connection = self._connect()

    async def respond(self, request: Request) -> Response:
        """Ask for one message."""
        connection = self.connection
        body = self._body(request)
        headers = await connection.current_headers()
        # Newer versions of the API refuse a temperature from every model, even from those that take one.
        sampled = [name for name in SAMPLING if name in body]
        if sampled:
            headers = {**headers, "anthropic-version": SAMPLING_VERSION}
        answer = await post_json(f"{connection.base_url}/v1/messages", body, headers=headers)
        try:
            received = self.read_body(answer, message_of_events)
        except BadRequestError as error:
            if any(name in error.fact for name in sampled):
                error.advice += (
                    "leave temperature and top_p out, "
                    "or --set llm.ignore_sampling=true (ignore_sampling=True in Python)",
                )
            raise
        return read_response(received, answer.headers, connection.provider)

    @property
    def server_title(self) -> str:
        """The server's name in messages."""
        return self.connection.provider

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        """Return what the `anthropic-ratelimit-*` headers say, None if there are none."""
        return read_limits(headers)

    async def check(self) -> None:
        """Raise if a key is missing, or if nothing listens at an address of this machine.

        Nothing is sent to the API: the first call decides, without waiting for another one's answer.
        """
        await check_listening(self.connection.base_url)

    def _connect(self) -> Connection:
        self.resolve_key()
        connection = connect(
            api_key=_revealed(self.api_key),
            auth_token=_revealed(self.auth_token),
            base_url=self.base_url,
            default_headers=_all_revealed(self.default_headers),
        )
        # A profile's token is the user's, like a key of the environment: no file may send it elsewhere.
        return connection if self.untrusted_host is None else replace(connection, auth=None)

    def _address(self) -> str:
        # Without the connection, which needs a key: capabilities and prices are wanted before there's one.
        if self._connection is not None:
            return self._connection.base_url
        return named_url(self.base_url) or PROVIDER_URL

    def _schemas_by(self) -> str:
        # Other servers silently ignore the parts of the API that they don't know.
        return self.structured_output or ("native" if is_provider(self._address()) else "prompt")

    def _body(self, request: Request) -> dict[str, Any]:
        body = build_body(
            self.model,
            request,
            thinking=self._thinking(),
            effort=self.effort,
            native_schema=self._schemas_by() == "native",
        )
        if self.ignore_sampling:
            return {name: value for name, value in body.items() if name not in SAMPLING}
        return body

    def _thinking(self) -> dict[str, Any] | None:
        if isinstance(self.thinking, int):
            return {"type": "enabled", "budget_tokens": self.thinking}
        return {"type": self.thinking} if isinstance(self.thinking, str) else self.thinking


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _all_revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}
