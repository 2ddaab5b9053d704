"""What a backend is bound to: a model, its server, and the key for it."""

from __future__ import annotations

import hashlib
import inspect
import os
from abc import ABC
from collections.abc import Iterator, Mapping
from pickle import PicklingError
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from seedbed.llm.answer_settings import json_settings, secret_values
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.file_origin import FileOrigin, current_origin
from seedbed.llm.keys.held_secrets import names_secret, sealed, shown_field
from seedbed.llm.keys.key_guard import find_key, untrusted_host
from seedbed.llm.keys.key_source import KeySource
from seedbed.llm.keys.pickling import may_hold_keys
from seedbed.plugins.authoring.defaults import check_defaults
from seedbed.plugins.fields.parameters_model import Parameters
from seedbed.plugins.names import kebab_case


class BackendSettings(Parameters, ABC):
    """What a backend is bound to: what its answers depend on, and what is secret about it."""

    model_config = ConfigDict(
        extra="forbid", protected_namespaces=(), hide_input_in_errors=True, populate_by_name=True
    )

    backend: ClassVar[str] = ""
    """The backend's registered name; by default it's made from the class's name."""

    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout"})
    """Fields that say how to reach the model, not what it answers: if they change, answers stay valid."""

    key_env_var: ClassVar[str | None] = None
    """The environment variable of the key. If a backend names one, `resolve_key()` returns the key."""

    needs_key: ClassVar[bool] = True
    """Whether requests without a key are refused, if there's a `key_env_var`."""

    provider_hosts: ClassVar[tuple[str, ...]] = ()
    """The provider's own hosts, `api.acme.com` or `*.acme.com`: a key may always go there."""

    base_url_env_var: ClassVar[str | None] = None
    """The environment variable that names another server, which may also get the key of the environment."""

    model: str = Field(min_length=1, description="The model, as the backend names it.")
    timeout: float = Field(default=300.0, gt=0, description="Seconds that one answer may take.")
    api_key: SecretStr | None = Field(
        default=None, description="The key; if unset, that of the backend's environment variable."
    )

    _noun: ClassVar[str] = "LLM"
    """What it's called in messages. Class names end in it."""

    _mark: ClassVar[tuple[str, ...]] = ()
    """What distinguishes its answers from those of the same model to another kind of request."""

    _no_settings: ClassVar[frozenset[str]] = frozenset()
    """Fields that aren't settings, since they're part of each request."""

    _reference: str = PrivateAttr(default="")
    _identity: bytes | None = PrivateAttr(default=None)
    _key: SecretStr | None = PrivateAttr(default=None)
    _origin: FileOrigin | None = PrivateAttr(default_factory=current_origin)

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: str) -> str:
        # It's in every row, and in the run's messages.
        if names_secret(model):
            raise ValueError("a model's name holds no key and no password: give them as fields")
        return model

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_defaults(cls)
        # Only classes that have instances: the name of an abstract base would become that of each subclass.
        if not cls.backend and not inspect.isabstract(cls):
            suffix = f"{cls._noun[0].upper()}{cls._noun[1:]}"
            cls.backend = kebab_case(cls.__name__.removesuffix(suffix) or cls.__name__)

    @property
    def model_name(self) -> str:
        """The model's name in the rows."""
        return self.model

    @property
    def reference(self) -> str:
        """What users write for it: `backend/model`."""
        return self._reference or f"{self.backend}/{self.model}"

    def referred_to_as(self, reference: str) -> Self:
        """Use the reference that a user wrote as its name in messages."""
        self._reference = reference
        return self

    @property
    def endpoint(self) -> str:
        """Where requests go, without any secret; calls to one endpoint share its limits."""
        return self.backend

    @property
    def key_source(self) -> KeySource:
        """Where this instance's key comes from: `key_env_var` and so on, unless overridden."""
        return KeySource(self.key_env_var, self.needs_key, self.provider_hosts, self.base_url_env_var)

    @classmethod
    def key_sources(cls) -> tuple[KeySource, ...]:
        """Return the key sources that instances may have, as `seedbed plugins show` lists them."""
        if cls.key_env_var is None:
            return ()
        return (KeySource(cls.key_env_var, cls.needs_key, cls.provider_hosts, cls.base_url_env_var),)

    @classmethod
    def takes_key(cls) -> bool:
        """Whether the backend uses `api_key`: it names a variable, or defines the field itself."""
        # A subclass that defines the field describes it in its own words; pydantic keeps no other trace.
        own = cls.model_fields["api_key"].description != BackendSettings.model_fields["api_key"].description
        return cls.key_env_var is not None or own

    @property
    def origin(self) -> FileOrigin | None:
        """The pipeline file that describes it, or None if code or the user does."""
        origin: FileOrigin | None = self._private("_origin")
        return origin

    @property
    def untrusted_host(self) -> str | None:
        """The host that a file has it ask and that must not get a secret of the user's, or None.

        If there's one, a backend that finds credentials by itself sends none.
        """
        return untrusted_host(self)

    def resolve_key(self) -> str:
        """Return the key to send: the field `api_key`, or else that of `key_env_var`; '' if none is needed.

        Raises AuthenticationError, which names the variable, if it's missing, and UsageError if a file would
        send a key of the environment to a host of its choice.
        """
        key: SecretStr | None = self._private("_key")
        if key is None:
            key = self._key = SecretStr(find_key(self))
        return key.get_secret_value()

    @property
    def credential_id(self) -> str:
        """A digest of the credential, never the credential itself: limits are kept for each."""
        key = self.resolve_key() if self.key_env_var else ""
        return hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""

    @property
    def answer_settings(self) -> dict[str, Any]:
        """The fields that affect answers and aren't part of a request, as JSON values; never a secret."""
        own = type(self).model_fields.keys() - self._no_settings
        own -= {"model", *type(self).connection_fields}
        return json_settings({name: getattr(self, name) for name in sorted(own)})

    @property
    def _described(self) -> list[Any]:
        """What its answers depend on, as JSON values: never a key or an address."""
        return [self.backend, self.model_name, self.answer_settings]

    @property
    def identity(self) -> bytes:
        """Backend, model and settings as bytes: what an answer depends on besides its request."""
        identity: bytes | None = self._private("_identity")
        if identity is None:
            identity = json_text([*self._mark, self.backend, self.model_name, self.answer_settings])
            self._identity = identity
        return identity

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown: secret fields, the key, secrets in URLs. An override adds."""
        source = self.key_source
        # The key that was used, even if the environment has another one by now.
        known: SecretStr | None = self._private("_key")
        key = known.get_secret_value() if known else os.environ.get(source.env_var or "", "").strip()
        return secret_values(self, os.environ.get(source.base_url_env_var or "", ""), key)

    def __getstate__(self) -> dict[Any, Any]:
        """Return what a pickle holds; raise PicklingError if that's a key: pickles are kept and sent on."""
        # Also the fields of one whose override of `secrets` forgets them.
        if not may_hold_keys() and (any(self.secrets()) or any(BackendSettings.secrets(self))):
            raise PicklingError(
                f"'{self.reference}' has a key, which would be in its pickle: make it again where it's used"
            )
        return super().__getstate__()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, shown_field(type(self), name, value)

    @model_serializer(mode="wrap", when_used="json")
    def _serialized(self, fields_of: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # JSON is what gets written somewhere.
        fields: dict[str, Any] = fields_of(self)
        return {name: shown_field(type(self), name, value) for name, value in fields.items()}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed; they aren't checked."""
        changed = {name: sealed(type(self), name, value) for name, value in (update or {}).items()}
        return super().model_copy(update=changed, deep=deep)

    if not TYPE_CHECKING:  # With it, mypy would allow any name.

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, sealed(type(self), name, value))

    def _private(self, name: str) -> Any:
        """Return a private attribute in 0.03 us; pydantic's own access takes 1.2 us, several times a call."""
        assert self.__pydantic_private__ is not None
        return self.__pydantic_private__[name]
