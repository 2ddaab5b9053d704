"""Reads everything that a class overrides, as the framework would, to find mistakes before a run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, TypeAdapter

from seedbed.errors import PluginError, SeedbedError
from seedbed.plugins.authoring.defaults import odd_defaults
from seedbed.plugins.authoring.overrides import is_guarded
from seedbed.plugins.fields.build import build
from seedbed.plugins.kinds import kind_of

_TRIED: tuple[Any, ...] = ("text", 1, 1.0, True, ["text"], {"text": "text"}, None)
"""Values to try for a required field, since we don't know what it means."""


class Read(NamedTuple):
    """The result of reading a class: faults, and notes on what is odd but not a fault."""

    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_class(cls: type) -> Read:
    """Make an object of a plugin's class and read what the class overrides; loads and asks nothing.

    If a field's value had to be made up, only a result of the wrong type is a fault: an exception may be due
    to the made-up value.
    """
    if not issubclass(cls, BaseModel):
        return Read()
    # If an annotation has an unknown name, making an object raises an error that says which.
    fields = _made_up(cls, *_stand_ins()) if cls.__pydantic_complete__ else {}
    if fields is None:
        return Read()
    is_made_up = bool(fields.keys() - {"model", "llm"})
    try:
        made = build(cls, fields, f"the class {cls.__name__!r}")
    except PluginError as error:
        return Read() if is_made_up else Read((str(error),))
    except SeedbedError:
        return Read()
    faults = tuple(
        str(error) for error in _errors_of(made) if not (is_made_up and error.__cause__ is not None)
    )
    return Read(faults, tuple(odd_defaults(made)))


def _stand_ins() -> tuple[Any, Any]:
    """Return an LLM and an embedder that are never called: in a run, each step has those that it needs."""
    llm: Any = kind_of("seedbed.llms").base_class
    embedder: Any = kind_of("seedbed.embedders").base_class

    class StandIn(llm):  # type: ignore[misc]
        async def respond(self, request: Any) -> Any:
            raise NotImplementedError

    class EmbedderStandIn(embedder):  # type: ignore[misc]
        async def embed(self, texts: Any) -> Any:
            raise NotImplementedError

    return StandIn(model="model"), EmbedderStandIn(model="model")


def _made_up(cls: type[BaseModel], llm: Any, embedder: Any) -> dict[str, Any] | None:
    """Return values for the required fields, and an LLM; None if no value that we try fits."""
    fields: dict[str, Any] = {}
    for name, field in cls.model_fields.items():
        if name == "llm" and field.default is None:
            fields[name] = llm
        if not field.is_required():
            continue
        key = field.alias or name
        if name == "model":
            fields[key] = "model"
            continue
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, field.annotation))
        except Exception:  # noqa: BLE001 - a type that pydantic cannot tell by itself
            return None
        found = [value for value in (*_TRIED, llm, embedder) if _fits(adapter, value)]
        if not found:
            return None
        fields[key] = found[0]
    return fields


def _fits(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value)
    except Exception:  # noqa: BLE001 - a validator of the author's, on a value that it doesn't expect
        return False
    return True


def _errors_of(made: BaseModel) -> Iterator[PluginError]:
    for name, given in _overridden(type(made)):
        try:
            found = getattr(made, name)
            if inspect.isroutine(given) and len(inspect.signature(given).parameters) == 1:
                found()
        except PluginError as error:
            yield error
        except SeedbedError:
            # For example a missing key: that's due to this machine, not to the plugin.
            continue


def _overridden(cls: type) -> Iterator[tuple[str, Any]]:
    names = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    for name, value in names.items():
        function = value.fget if isinstance(value, property) else value
        function = function.func if isinstance(function, cached_property) else function
        if is_guarded(function):
            yield name, value
