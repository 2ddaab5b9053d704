"""What is wrong with a value, in the words of users: pydantic speaks to programmers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pydantic_core import ErrorDetails

from seedbed.plugins.fields.misplaced_secrets import without_misplaced

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "must be a whole number"),
        **dict.fromkeys(("float_parsing", "float_type", "decimal_parsing"), "must be a number"),
        **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
        "string_type": "must be text",
        **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "must be a list"),
        **dict.fromkeys(("dict_type", "mapping_type", "model_type", "dataclass_type"), "must be an object"),
    }
)
_BOUNDS = (
    (re.compile(r"\bbe greater than or equal to (\S+)"), r"be \1 or more"),
    (re.compile(r"\bbe greater than (\S+)"), r"be more than \1"),
    (re.compile(r"\bbe less than or equal to (\S+)"), r"be at most \1"),
)
_SUBJECT = re.compile(r"^(?:Input|String|Value|URL|List|Tuple|Set|Frozenset|Dictionary) should ")
_COUNT = re.compile(r"(items?) after validation, not ")
_SHOWN = 60
_ODD_PORT = re.compile(r"://[^/]*:[^/:\]]*[^]0-9/:]")
_MUST = "must "


def in_plain_words(detail: ErrorDetails) -> str:
    """Return what is wrong, without the value: 'must be a whole number', 'must be 1 or more'.

    What an author's own check says is left alone, except for its first letter.
    """
    if detail["type"] in _KINDS:
        return _KINDS[detail["type"]]
    message = _SUBJECT.sub(_MUST, detail["msg"].removeprefix("Value error, "))
    for pattern, instead in _BOUNDS if message.startswith(_MUST) else ():
        message = pattern.sub(instead, message)
    message = _COUNT.sub(r"\1, not ", message)
    return f"{message[:1].lower()}{message[1:]}"


def with_value(message: str, value: object) -> str:
    """Return what is wrong, with the value if it's short and plain: 'must be a number, not 'hot''.

    A container may hold a secret, so only its kind is named, and a URL a password or a key.
    """
    kind = "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, Mapping) else ""
    if kind and message in _KINDS.values() and kind not in message:
        return f"{message}, not {kind}"
    if isinstance(value, int) and value.bit_length() > 64:
        # Python refuses to write a number of more than 4,300 digits.
        return message
    is_plain = value is None or isinstance(value, int | float)
    if not (is_plain or (isinstance(value, str) and not {*"@?#"} & {*value})):
        return message
    if isinstance(value, str) and _ODD_PORT.search(value):
        # A password whose host was forgotten, as in `postgresql://me:password`.
        return message
    text = repr(value)
    if without_misplaced(text) != text:
        # `api_key:...` without a space is a text, and no object.
        return message
    if len(text) > _SHOWN or (isinstance(value, str) and text in message):
        return message
    # "not" makes sense after what a value must be, and not after what an author says of it.
    return f"{message}, not {text}" if message.startswith(_MUST) else f"{message} (given: {text})"
