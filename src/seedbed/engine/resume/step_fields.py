"""The parameters of a step as a manifest keeps them, so that two runs can be compared; never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from seedbed.engine.resume.code import code_parts
from seedbed.engine.resume.fingerprint import digest, plain_value
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.redaction import redacted_value
from seedbed.llm.keys.url_secrets import redacted_urls
from seedbed.llm.llm import LLM
from seedbed.plugins.fields.secret_fields import is_secret
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask

_LONGEST = 20_000
"""Bytes of a value that a manifest holds; of a longer one it has the size and the digest."""
# `seedbed runs` reads the manifest of each run.

_SCALARS = (int, float, bool, type(None))
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def described_step(step: BaseStep, secrets: Sequence[str]) -> dict[str, Any]:
    """Return what two runs are compared by: the step's fields, its columns and the digest of its code."""
    fields = {name: getattr(step, name) for name in type(step).model_fields if name != "name"}
    if isinstance(step, BaseTask):
        # What is sent: the user's parameters of the LLM override the task's own.
        fields["generation"] = step.sampling_parameters()
    return {
        "fields": {name: _value(name, value, secrets) for name, value in fields.items()},
        "columns": list(step.columns),
        "code": digest(*code_parts(type(step))).hex(),
    }


def _value(name: str, value: Any, secrets: Sequence[str]) -> Any:
    if is_secret(name):
        return None
    encoded = json_text(redacted_value(_described(value), secrets), option=_OPTIONS)
    if len(encoded) > _LONGEST:
        return {"bytes": len(encoded), "digest": digest(encoded).hex()}
    return orjson.loads(encoded)


def _described(value: Any) -> Any:
    if isinstance(value, BaseBackend):
        sent = plain_value(value.given()) if isinstance(value, LLM) else {}
        return {"reference": value.reference, **_described({**value.answer_settings, **sent})}
    if isinstance(value, (list, tuple)):
        return [_described(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _described(item) for name, item in value.items() if not is_secret(str(name))}
    if isinstance(value, str):
        return redacted_urls(value)
    # What a model of pydantic becomes may hold such names and URLs, too.
    return plain if isinstance(plain := plain_value(value), _SCALARS) else _described(plain)
