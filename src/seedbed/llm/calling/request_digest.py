"""What identifies a call: a digest of what is asked of which model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.errors import MessageError, UsageError
from seedbed.llm.json_text import json_text
from seedbed.llm.messages import Message
from seedbed.llm.request import SCHEMA, Request
from seedbed.llm.schemas.encoded_schema import EncodedSchema

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

# Sorted, so that equal dictionaries have one digest, in whatever order a task filled them.
_CODING = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def request_digest(llm: Backend, request: Request, seed: int | None) -> bytes:
    """Return a digest (16 bytes) of what is asked of which model, never of an endpoint, a key or a header.

    `seed` is the run's: with another seed, the answer is another answer. A changed endpoint or key isn't part
    of it, so that a run can resume at another server without paying again.

    Raises MessageError for text that isn't valid Unicode, and UsageError for what JSON can't hold.
    """
    try:
        encoded = _encoded(seed, request)
    except TypeError as error:
        if _is_broken_text(request.messages):
            # From another answer, mostly: JSON can hold "\\ud800". So it concerns one row, not the run.
            raise MessageError(
                "a message holds text that is not valid Unicode (half of a surrogate pair)",
                "replace it: text.encode(errors='replace').decode()",
            ) from error
        raise UsageError(
            f"the request cannot be sent as JSON: {error}", "check its messages, tools and 'extra'"
        ) from error
    return hashlib.blake2b(llm.identity + encoded, digest_size=16).digest()


def _encoded(seed: int | None, request: Request) -> bytes:
    told, schema = request.told, request.schema
    if not isinstance(schema, EncodedSchema):
        return json_text([seed, told], default=_plain, option=_CODING)
    with_fragment = (*told[:SCHEMA], orjson.Fragment(schema.ordered), *told[SCHEMA + 1 :])
    try:
        return orjson.dumps([seed, with_fragment], default=_plain, option=_CODING)
    except TypeError:
        # Of an integer that is too large for orjson, the slow encoder takes no fragments.
        return json_text([seed, told], default=_plain, option=_CODING)


def _is_broken_text(messages: Sequence[Message]) -> bool:
    try:
        json.dumps(messages, ensure_ascii=False, default=_plain).encode()
    except UnicodeEncodeError:
        return True
    except (TypeError, ValueError):
        return False
    return False


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
