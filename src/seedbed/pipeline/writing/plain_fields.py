"""The fields of a step or an LLM as a pipeline file holds them under `with`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError

from seedbed.errors import UsageError
from seedbed.llm.keys.env_secret import EnvSecret
from seedbed.llm.keys.held_secrets import texts_of
from seedbed.llm.keys.url_secrets import holds_url_secret
from seedbed.llm.llm import LLM
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.secret_fields import is_secret

_PLAIN = (str, int, float, bool, type(None))


class Verbatim(str):
    """A text of which `${...}` is meant, and not escaped."""


def _nothing(annotation: Any, value: Any) -> None:
    return None


def plain_fields(
    made: BaseModel, named: Collection[str], what: str, entry_of: Callable[[Any, Any], Any] = _nothing
) -> dict[str, Any]:
    """Return the fields that were set, or changed since, as a file holds them; `what` is for messages.

    Fields in `named` are left out, since the entry names them in another way. `entry_of` returns what a file
    has for a value that a name stands for, by the type of its field, or None. Raises UsageError for a value
    that a file can't hold, such as a function, for one that would come back changed, and for a secret.
    """
    found: dict[str, Any] = {}
    # A task without an LLM takes no None for it.
    given = {name: value for name in named if (value := getattr(made, name, None)) is not None}
    for name, field in type(made).model_fields.items():
        if name in named or not (name in made.model_fields_set or _is_changed(made, name, field)):
            continue
        value, key = getattr(made, name), field.alias or name
        if isinstance(value, EnvSecret):
            found[key], given[key] = Verbatim(f"${{env:{value.variable}}}"), value
            continue
        if (entry := entry_of(field.annotation, value)) is not None:
            found[key], given[key] = entry, value
            continue
        _refuse_secret(made, name, value, what)
        refuse_object(name, value, what)
        found[key] = given[key] = _dumped(made, name, what)
    _check_same(made, build(type(made), given, what), what)
    return found


def _check_same(made: BaseModel, again: BaseModel, what: str) -> None:
    for name in type(made).model_fields:
        former, found = getattr(made, name), getattr(again, name)
        # NaN doesn't equal itself.
        if former != found and repr(former) != repr(found):
            raise UsageError(
                f"'{name}' of {what} would not come back from a file as it is", "keep this pipeline in Python"
            )


def _is_changed(made: BaseModel, name: str, field: FieldInfo) -> bool:
    """Whether a field that wasn't set has been changed in place, such as a list by `append`."""
    if field.is_required() or field.default_factory_takes_validated_data:
        return True
    return bool(getattr(made, name) != field.get_default(call_default_factory=True))


def _dumped(made: BaseModel, name: str, what: str) -> Any:
    try:
        # Of a nested model, only what was set: who set a parameter decides which others it overrides.
        dumped = made.model_dump(mode="json", include={name}, by_alias=False, exclude_unset=True)
        if name not in dumped:
            dumped = made.model_dump(mode="json", include={name}, by_alias=False)
        return dumped[name]
    except (PydanticSerializationError, UnicodeDecodeError, KeyError) as error:
        raise UsageError(
            f"'{name}' of {what} has a value that a file can't hold: {error}", "keep this pipeline in Python"
        ) from None


def _refuse_secret(made: BaseModel, name: str, value: Any, what: str) -> None:
    kinds = (str, Mapping) if isinstance(made, LLM) else (str,)
    held = isinstance(value, SecretStr | SecretBytes)
    # The name of a column is often called `key`.
    named = is_secret(name) and (isinstance(made, LLM) or name != "key") and isinstance(value, kinds)
    inside = isinstance(made, LLM) and any(texts_of(value))
    if held or inside or (named and value) or (isinstance(value, str) and holds_url_secret(value)):
        raise UsageError(
            f"'{name}' of {what} holds a secret, and a file never does",
            "leave it out, and set it where the pipeline runs: "
            "in the environment, with --set (on the step or LLM in Python), "
            "or in the file as ${env:NAME}",
        )


def refuse_object(name: str, value: Any, what: str) -> None:
    """Raise UsageError if a value isn't data, or has a part that isn't."""
    if (other := next(_without_text(value), None)) is not None:
        raise UsageError(
            f"'{name}' of {what} is {_described(other)}, which a file can't hold",
            "keep this pipeline in Python, or give the class a parameter that is data",
        )


def _without_text(value: Any) -> Iterator[Any]:
    """Yield the parts of a value that no text stands for, or that are secret."""
    if isinstance(value, _PLAIN):
        return
    if isinstance(value, type | SecretStr | SecretBytes | LLM) or callable(value):
        yield value
    elif isinstance(value, BaseModel):
        for part in vars(value).values():
            yield from _without_text(part)
    elif isinstance(value, Mapping):
        for part in (*value.keys(), *value.values()):
            yield from _without_text(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _without_text(part)


def _described(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__qualname__!r}"
    if isinstance(value, SecretStr | SecretBytes):
        return "a secret"
    if isinstance(value, BaseModel):
        return f"an object of {type(value).__qualname__!r}"
    return f"the function {getattr(value, '__qualname__', type(value).__qualname__)!r}"
