"""What a step's results depend on, as a digest: name, parameters, prompts, models and code."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python

from seedbed.engine.backend_fields import holds_backend
from seedbed.engine.resume.code import code_parts
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.json_text import json_text
from seedbed.llm.llm import LLM
from seedbed.pipeline.topology import Edge
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.files import content_digest, parameter_files
from seedbed.tasks.remote.kept_copies import told_path

SIZE = 16

_MISSING = object()


def digest(*parts: bytes) -> bytes:
    """Return the digest of the parts given; see `digest_of`."""
    return digest_of(parts)


def digest_of(parts: Iterable[bytes]) -> bytes:
    """Return a digest (16 bytes) of parts, each with its length: `ab, c` and `a, bc` differ."""
    hashed = hashlib.blake2b(digest_size=SIZE)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def step_fingerprint(step: BaseStep, seed: int) -> bytes:
    """Return the digest of everything that the rows of `step` depend on in a run of this seed.

    The content of files that its parameters name is included. Keys, endpoints, time-outs and the number of
    calls in flight are not.
    """
    fields = {name: plain_value(value) for name, value in _fields(step)}
    encoded = json_text(
        [type(step).__qualname__, fields, seed], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    )
    if isinstance(step, BaseTask) and (sent := step.sampling_parameters()) != step.generation.given():
        # The user's parameters of the LLM beat the task's own defaults, and the fields alone don't show that.
        encoded += json_text(plain_value(sent), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return digest(encoded, *_files(step), *code_parts(type(step)))


def step_basis(step: BaseStep, seed: int) -> bytes:
    """Return the digest of what a retry with another LLM or other parameters may not change.

    That's the step's code, the code of functions among its parameters, the content of its files, and the
    seed.
    """
    functions = {name: plain_value(value) for name, value in _fields(step) if _is_function(value)}
    encoded = json_text([type(step).__qualname__, functions, seed], option=orjson.OPT_SORT_KEYS)
    return digest(encoded, *_files(step), *code_parts(type(step)))


def step_defaults(step: BaseStep) -> bytes:
    """Return the digest of what the step's author has its fields be if nobody sets them, such as its prompt.

    Those of Seedbed's own fields aren't included: another Seedbed isn't another step.
    """
    cls = type(step)
    seedbeds = next(one for one in cls.__mro__ if one.__module__.partition(".")[0] == "seedbed")
    theirs = _defaults(seedbeds) if issubclass(seedbeds, BaseModel) else {}
    own = {name: value for name, value in _defaults(cls).items() if theirs.get(name, _MISSING) != value}
    return digest(json_text(own, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))


def _defaults(cls: type[BaseModel]) -> dict[str, Any]:
    """Return the defaults of the fields; of a factory, which may give another value each time, its code."""
    found = {name: field for name, field in cls.model_fields.items() if not field.is_required()}
    return {name: plain_value(field.default_factory or field.default) for name, field in found.items()}


def way_fingerprint(way: Edge) -> bytes:
    """Return the digest of a route between two steps: its ends, and its condition."""
    # The code, not the name: every lambda is called `<lambda>`.
    code = code_parts(getattr(way.when, "function", None))
    text = way.when.text if way.when is not None else ""
    return digest(way.parent.encode(), way.child.encode(), text.encode(), *code)


def execution_key(fingerprint: bytes, encoded_row: bytes) -> bytes:
    """Return the key of a step's result: a digest of the step's fingerprint and the row it received."""
    # The row it received, not the fingerprints upstream: after an edit upstream that leaves a row unchanged,
    # the result still counts.
    return hashlib.blake2b(encoded_row, digest_size=SIZE, key=fingerprint).digest()


def _fields(step: BaseStep) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(step, name)) for name in type(step).model_fields)


def _files(step: BaseStep) -> Iterator[bytes]:
    """Yield the paths and content digests of the files that the parameters of a step name."""
    for path in parameter_files(step):
        yield os.fsencode(told_path(path))
        yield content_digest(path)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, BaseBackend)


def plain_value(value: Any) -> Any:
    """Return a value of a field as JSON values, the same in every process; never a secret."""
    if isinstance(value, LLM):
        # No key and no address: a new key, or the same model at another endpoint, must not buy the answers
        # again.
        return [*value._described, plain_value(value.given())]
    if isinstance(value, BaseBackend):
        return [value._noun, *value._described]
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, (set, frozenset)):
        # The order of a set of texts differs in each process.
        return sorted(map(_set_item, value))
    if isinstance(value, BaseModel) and holds_backend(value):
        # A judge among the parameters of a column, say: pydantic would dump its endpoint too.
        return {name: plain_value(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, SecretStr):
        # With a rotated secret it's still the same step.
        return None
    return to_jsonable_python(value, fallback=_named)


def _set_item(value: Any) -> str:
    """Return an item of a set as text: its repr, unless that has an address or an order that changes."""
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(_set_item, value))})"
    if isinstance(value, tuple):
        items = ", ".join(map(_set_item, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    kind: Any = type(value)
    if callable(value) or kind.__repr__ is object.__repr__:
        return _named(value)
    return repr(value)


def _named(value: Any) -> str:
    """Return a stand-in for an object that JSON lacks; its repr may have an address, which changes."""
    if callable(value):
        return digest(*code_parts(value)).hex()
    return type(value).__qualname__
