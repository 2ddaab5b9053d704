"""`--set key=value`: turns texts into fields of a task, a step or an LLM."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from seedbed.cli.annotations import model_in, takes_mapping, takes_text
from seedbed.errors import ParameterError, UsageError
from seedbed.llm.parameters import GenerationParameters
from seedbed.plugins.authoring.elsewhere import FIELDS
from seedbed.suggestions import did_you_mean

_LLM = "llm"
_ENGINE = "engine"


class Setting(NamedTuple):
    """One `--set`: the path to a field, and the text of its value.

    `kept` means that it comes from a run on disk, not from the user's command now.
    """

    path: tuple[str, ...]
    text: str
    kept: bool = False

    @property
    def key(self) -> str:
        """The path as the user wrote it."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Settings:
    """All `--set` of a command: those for the task or the file's steps, for the LLM, and for the engine."""

    own: tuple[Setting, ...] = ()
    llm: tuple[Setting, ...] = ()
    engine: tuple[Setting, ...] = ()


def parse_settings(texts: Sequence[str], *, kept: int = 0, has_engine: bool = False) -> Settings:
    """Return the settings in `key=value` texts; raise UsageError for a text of another form.

    The first `kept` of them come from a run on disk. Without an engine, `engine` may be the name of a step.
    """
    own: list[Setting] = []
    llm: list[Setting] = []
    engine: list[Setting] = []
    for number, text in enumerate(texts):
        key, equals, value = text.partition("=")
        path = tuple(part.strip() for part in key.split("."))
        if not equals or not all(path):
            # Don't quote the text: it may contain a key.
            raise UsageError("a --set is not of the form NAME=VALUE", "for example --set llm.temperature=0.2")
        if path == (_LLM,):
            raise UsageError("the LLM cannot be given with --set", "use --llm BACKEND/MODEL")
        if path[0] == _LLM:
            llm.append(Setting(path[1:], value, number < kept))
        elif path[0] == _ENGINE and len(path) > 1 and has_engine:
            engine.append(Setting(path[1:], value, number < kept))
        else:
            own.append(Setting(path, value, number < kept))
    return Settings(tuple(own), tuple(llm), tuple(engine))


def fields_of(
    cls: type[BaseModel], settings: Sequence[Setting], what: str, former: BaseModel | None = None
) -> dict[str, Any]:
    """Return the fields that the settings set on an object of `cls`, for `build`.

    If the field takes text, a value is its text; otherwise it's JSON. Parts of a nested field that aren't set
    are taken from `former`. Raises ParameterError, which names `what`, for a field that doesn't exist and for
    broken JSON.
    """
    fields: dict[str, Any] = {}
    for setting in settings:
        _Assignment(setting, what).put(fields, cls, former, setting.path)
    return fields


@dataclass(frozen=True)
class _Assignment:
    setting: Setting
    what: str

    def put(
        self, fields: dict[str, Any], cls: type[BaseModel] | None, former: object, path: tuple[str, ...]
    ) -> None:
        """Put the value at `path` into `fields`, the fields of a `cls` (None: a plain dictionary)."""
        name, rest = path[0], path[1:]
        annotation = self._annotation(cls, name, path) if cls else Any
        if not rest:
            fields[name] = self._value(annotation)
            return
        inner = model_in(annotation)
        if inner is None and not takes_mapping(annotation):
            raise ParameterError(
                f"'{name}' of {self.what} has no parts, so '{self.setting.key}' cannot be set"
            )
        former = _part(former, name)
        if not isinstance(fields.get(name), dict):
            fields[name] = _parts(former)
        self.put(fields[name], inner, former, rest)

    def _annotation(self, cls: type[BaseModel], name: str, path: tuple[str, ...]) -> Any:
        known = {
            **cls.model_fields,
            **{field.alias: field for field in cls.model_fields.values() if field.alias},
        }
        if name in known:
            return known[name].annotation
        if cls.model_config.get("extra") == "allow":
            return Any
        above = ".".join(self.setting.path[: -len(path)])
        listed = sorted(field for field in known if above or field != _LLM)
        raise ParameterError(
            f"{self.what} has no field '{name}'{f' in {above!r}' if above else ''}",
            *_hint(name, listed),
        )

    def _value(self, annotation: Any) -> Any:
        text = self.setting.text
        if takes_text(annotation):
            return text
        try:
            return json.loads(text)
        except RecursionError:
            raise ParameterError(f"the value of '{self.setting.key}' is nested too deep") from None
        except ValueError as error:
            if not isinstance(error, json.JSONDecodeError):
                # Python doesn't read integers of more than 4300 digits.
                return text
            return self._text(text, error)

    def _text(self, text: str, error: json.JSONDecodeError) -> str:
        if not text.lstrip().startswith(("{", "[")):
            return text
        place = f"{error.msg} at character {error.pos + 1}"
        raise ParameterError(
            f"the value of '{self.setting.key}' is not JSON: {place}",
            "put texts in double quotes, and the whole value in single quotes for the shell",
        ) from None


def _part(former: object, name: str) -> object:
    """Return what a field, called by its name or its alias, or a key holds; None without one."""
    if isinstance(former, Mapping):
        return former.get(name)
    if not isinstance(former, BaseModel):
        return None
    by_alias = {field.alias: own for own, field in type(former).model_fields.items() if field.alias}
    return getattr(former, by_alias.get(name, name), None)


def _parts(former: object) -> dict[str, Any]:
    """Return the parts of a value as a dictionary, as far as they were set."""
    if isinstance(former, BaseModel):
        return {name: getattr(former, name) for name in former.model_fields_set}
    return dict(former) if isinstance(former, Mapping) else {}


def _hint(name: str, fields: Sequence[str]) -> tuple[str, ...]:
    if name in FIELDS:
        return (FIELDS[name],)
    if name in GenerationParameters.model_fields and "generation" in fields:
        return (f"did you mean 'generation.{name}', or '{_LLM}.{name}'?",)
    if near := did_you_mean(name, fields):
        return near
    to_llm = (f"for a field of the LLM, write --set {_LLM}.{name}=VALUE",) if "generation" in fields else ()
    return (f"its fields are {', '.join(fields)}", *to_llm)
