"""The parameters of a class, as help shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from seedbed.cli.annotations import model_in, plain_words

_LONGEST = 60


class Parameter(NamedTuple):
    """One field that users can set; the parts of a nested one have dotted names."""

    name: str
    type: str
    required: bool
    default: Any
    description: str
    inherited: bool

    @property
    def notes(self) -> str:
        """Type and default, for the brackets after the description."""
        if self.required:
            return f"{self.type}; required"
        return f"{self.type}; default {shown}" if (shown := _shown(self.default)) else self.type


def parameters_of(cls: type[BaseModel], framework: type[BaseModel], skip: frozenset[str]) -> list[Parameter]:
    """Return the parameters of `cls`: its own, then those that it inherits unchanged from `framework`."""
    found = [
        parameter
        for name, field in cls.model_fields.items()
        if name not in skip
        for parameter in _expanded(name, field, framework)
    ]
    return sorted(found, key=lambda parameter: (parameter.inherited, not parameter.required))


def _expanded(name: str, field: FieldInfo, framework: type[BaseModel]) -> Iterator[Parameter]:
    default = None if field.is_required() else _default(field)
    inner = model_in(field.annotation)
    if inner is None or not isinstance(default, BaseModel):
        parameter = _parameter(name, field, default, _is_inherited(name, field, framework))
        shared = framework.model_fields.get(name)
        # A task that only changes the default doesn't have to repeat the description.
        yield (
            parameter
            if parameter.description or not shared
            else parameter._replace(description=shared.description or "")
        )
        return
    inherited = name in framework.model_fields
    for part, part_field in inner.model_fields.items():
        yield _parameter(f"{name}.{part}", part_field, getattr(default, part), inherited)


def _default(field: FieldInfo) -> Any:
    # A factory that gets the other fields has no default without them.
    depends = getattr(field, "default_factory_takes_validated_data", False)
    return None if depends else field.get_default(call_default_factory=True)


def _is_inherited(name: str, field: FieldInfo, framework: type[BaseModel]) -> bool:
    other = framework.model_fields.get(name)
    return other is not None and other.default == field.default


def _parameter(name: str, field: FieldInfo, default: Any, inherited: bool) -> Parameter:
    required = field.is_required()
    return Parameter(
        name,
        plain_words(field.annotation, field.metadata),
        required,
        None if required or isinstance(default, SecretStr) else default,
        (field.description or "").strip(),
        inherited,
    )


def _shown(default: Any) -> str:
    if default is None or default == "" or default == () or default == [] or default == {}:
        return ""
    if isinstance(default, float):
        return f"{default:g}"
    text = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False, default=str)
    line = text.strip().splitlines()[0]
    return f"{line[:_LONGEST]} ..." if len(line) > _LONGEST or line != text.strip() else line
