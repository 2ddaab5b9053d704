"""What the properties and methods that backend authors override have to return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from seedbed.errors import UsageError
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.key_source import KeySource
from seedbed.llm.keys.redaction import showable
from seedbed.plugins.authoring.overrides import Wanted, guard, is_flag, is_names, is_text, is_text_or_none
from seedbed.plugins.authoring.signatures import Called, check_methods
from seedbed.plugins.needed_packages import NEEDED_PACKAGES
from seedbed.plugins.owner import line_of

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend


def _is_name_set(value: object) -> bool:
    return isinstance(value, set | frozenset | list | tuple) and is_names([*value])


def _is_slots(value: object) -> bool:
    return value is None or (isinstance(value, int) and not is_flag(value) and value > 0)


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not is_flag(value) and value >= 0


def _are_key_sources(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, KeySource) for one in value)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)


def _is_json_object(value: object) -> bool:
    try:
        return isinstance(value, dict) and bool(json_text(value))
    except TypeError:
        return False


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


OVERRIDES: Mapping[str, Wanted] = {
    "backend": Wanted("the backend's name, a str", '"acme"', lambda value: isinstance(value, str)),
    "capabilities": Wanted(
        "Capabilities", "Capabilities(seed=True)", lambda value: isinstance(value, Capabilities)
    ),
    "needed_packages": NEEDED_PACKAGES,
    "model_name": Wanted("the model's name, a str", "self.model", is_text),
    "reference": Wanted("a str", '"acme/tiny"', is_text),
    "endpoint": Wanted(
        "a str that names where requests go",
        '"https://api.acme.com/v1"',
        # Empty as long as it isn't known.
        lambda value: isinstance(value, str),
    ),
    "credential_id": Wanted(
        "a str that stands for the credential", '"3f0a"', lambda value: isinstance(value, str)
    ),
    "price_id": Wanted("a str or None", '"acme/tiny"', is_text_or_none),
    "slots": Wanted("a number of calls, 1 or more, or None", "4", _is_slots),
    "key_source": Wanted(
        "a KeySource", 'KeySource("ACME_API_KEY")', lambda value: isinstance(value, KeySource)
    ),
    "key_sources": Wanted("KeySources", '(KeySource("ACME_API_KEY"),)', _are_key_sources, is_method=True),
    "answer_settings": Wanted("a dict of JSON values", '{"quantization": "q4"}', _is_json_object),
    "identity": Wanted("bytes", 'b"..."', lambda value: isinstance(value, bytes)),
    "limits_key": Wanted("two str", "(self.endpoint, self.credential_id)", _is_pair),
    "estimate_tokens": Wanted("a number of tokens", "len(text) // 3", _is_count, is_method=True),
    "secrets": Wanted("a tuple of str", "(*super().secrets(), token)", _are_texts, is_method=True),
    "connection_fields": Wanted("a set of names of fields", 'frozenset({"timeout"})', _is_name_set),
    "reasoning_fields": Wanted("a tuple of names of fields", '("effort",)', is_names),
    "provider_hosts": Wanted("a tuple of names of hosts", '("api.acme.com",)', is_names),
    "key_env_var": Wanted("the name of a variable, or None", '"ACME_API_KEY"', is_text_or_none),
    "base_url_env_var": Wanted("the name of a variable, or None", '"ACME_BASE_URL"', is_text_or_none),
    "needs_key": Wanted("True or False", "False", is_flag),
}
"""What the framework reads from a backend and authors override."""

_TO_A_THREAD = "a library that blocks goes to a thread: await asyncio.to_thread(ask, ...)"
_SHARED: Mapping[str, Called] = {
    "check": Called((), "async def check(self):", "async"),
    "load": Called((), "def load(self):"),
    "unload": Called((), "def unload(self):"),
    "estimate_tokens": Called(("request",), "def estimate_tokens(self, request):"),
    "secrets": Called((), "def secrets(self):"),
}
_LLM: Mapping[str, Called] = {
    "respond": Called(("request",), "async def respond(self, request):", "async", _TO_A_THREAD),
    **_SHARED,
}
_EMBEDDER: Mapping[str, Called] = {
    "embed": Called(("texts",), "async def embed(self, texts):", "async", _TO_A_THREAD),
    **_SHARED,
}


def guard_llm(cls: type[Any]) -> None:
    """Guard what a backend's class overrides; raise UsageError for what is visibly wrong."""
    # When the class is made, not when it's called: a `respond` that isn't async would fail in each row.
    check_methods(cls, _LLM)
    _check_answering(cls)
    guard(cls, OVERRIDES, _showable)


def _check_answering(cls: type[Any]) -> None:
    own = next((name for name in ("agenerate", "generate") if name in vars(cls)), None)
    # By its name: the abstract methods of a class aren't known yet when pydantic makes it.
    if own and getattr(cls.respond, "__isabstractmethod__", False):
        raise UsageError(
            f"`{own}` of {cls.__name__!r} has the name of what others call, and `respond` is missing",
            *line_of(vars(cls)[own]),
            "write `async def respond(self, request):`, and return Response.of_text(...)",
            "it gets one request: request.messages, request.max_tokens and so on",
        )


def guard_embedder(cls: type[Any]) -> None:
    """Guard what an embedder's class overrides; raise UsageError for what is visibly wrong."""
    check_methods(cls, _EMBEDDER)
    guard(cls, {**OVERRIDES, "repeatable": Wanted("True or False", "True", is_flag)}, _showable)


def _showable(owner: Backend, error: Exception) -> Exception | None:
    """Return an error unless it shows a key. `secrets()` is the author's, so it may be what failed."""
    values = vars(owner).values() if not isinstance(owner, type) else ()
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    private = getattr(owner, "__pydantic_private__", None) or {}
    if isinstance(key := private.get("_key"), SecretStr):
        secrets.append(key.get_secret_value())
    return error if showable(error, secrets) is error else None
