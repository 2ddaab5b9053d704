"""What the framework needs from an LLM or an embedder between its callers and its server."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import ClassVar, Protocol

from seedbed.llm.batch_bounds import BatchBounds
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.keys.file_origin import FileOrigin
from seedbed.llm.keys.key_source import KeySource
from seedbed.llm.request import Request
from seedbed.llm.response import Response


class KeyHolder(Protocol):
    """What the key guard uses of a backend; `BackendSettings` says what each is."""

    _noun: ClassVar[str]

    @property
    def reference(self) -> str: ...  # noqa: D102
    @property
    def endpoint(self) -> str: ...  # noqa: D102
    @property
    def origin(self) -> FileOrigin | None: ...  # noqa: D102
    @property
    def key_source(self) -> KeySource: ...  # noqa: D102
    @property
    def model_fields_set(self) -> set[str]: ...  # noqa: D102
    def secrets(self) -> tuple[str, ...]: ...  # noqa: D102


class Backend(KeyHolder, Protocol):
    """What the gateway, limits and budgets use of a backend; `BaseBackend` says what each is.

    It's a protocol because `BaseBackend` imports all of those modules: importing it back would be a cycle.
    """

    _is_journalled: ClassVar[bool]
    backend: ClassVar[str]

    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def model_name(self) -> str: ...  # noqa: D102
    @property
    def _pooled(self) -> Sequence[Backend]: ...
    @property
    def _is_sticky(self) -> bool: ...
    @property
    def _batch_bounds(self) -> BatchBounds | None: ...
    @property
    def timeout(self) -> float: ...  # noqa: D102
    @property
    def identity(self) -> bytes: ...  # noqa: D102
    @property
    def limits_key(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def offered(self) -> Capabilities: ...  # noqa: D102
    @property
    def slots(self) -> int | None: ...  # noqa: D102
    @property
    def price_id(self) -> str | None: ...  # noqa: D102
    @property
    def key_env_var(self) -> str | None: ...  # noqa: D102
    def estimate_tokens(self, request: Request) -> int: ...  # noqa: D102
    def _ask_once(self, request: Request) -> Awaitable[Response]: ...
    def resolve_key(self) -> str: ...  # noqa: D102
    def load(self) -> None: ...  # noqa: D102
