"""Asking a server, without cost, whether it knows the key and the model."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from seedbed import AuthenticationError, HTTPAnswer, UnknownModelError, get_json, http_error, parse_body
from seedbed_openai.connection import Connection
from seedbed_openai.json_reading import mappings, text
from seedbed_openai.presets import OPENAI

if TYPE_CHECKING:
    from seedbed_openai.llm import OpenAILLM

_SECONDS = 10.0


async def check_model(llm: OpenAILLM, connection: Connection) -> None:
    """Raise the typed error where the server is out of reach, refuses the key or lacks the model.

    A server that has no list of models passes, and so does one that is busy.
    """
    headers = await connection.request_headers()
    if llm.effective_preset is OPENAI and connection.model_url:
        await _check_at_openai(llm, connection, connection.model_url, headers)
        return
    answer = await _get(llm, connection, connection.models_url, headers)
    if answer.status == 200 and llm.effective_preset.lists_all_models:
        known = _names(parse_body(answer, llm.server_title, llm.secrets()))
        if not _is_known(llm.model, known):
            raise _unknown(llm, known)


async def _check_at_openai(
    llm: OpenAILLM, connection: Connection, model_url: str, headers: Mapping[str, str]
) -> None:
    answer = await _get(llm, connection, model_url, headers)
    if answer.status == 404:
        listed = await _get(llm, connection, connection.models_url, headers)
        known = _names(parse_body(listed, llm.server_title, llm.secrets())) if listed.status == 200 else []
        raise _unknown(llm, known)


async def _get(llm: OpenAILLM, connection: Connection, url: str, headers: Mapping[str, str]) -> HTTPAnswer:
    answer = await get_json(url, headers=headers, timeout=min(_SECONDS, llm.timeout))
    # A key may be restricted to asking models, and be refused the list of them.
    restricted = answer.status == 403 and b"scope" in answer.body
    if (answer.status in (401, 402, 403) or 300 <= answer.status < 400) and not restricted:
        error = http_error(answer, llm.server_title, llm.secrets())
        if isinstance(error, AuthenticationError):
            error.advice = (*error.advice, connection.key_origin)
        raise error
    return answer


def _names(body: Mapping[str, object]) -> list[str]:
    return [name for entry in mappings(body.get("data")) if (name := text(entry.get("id")))]


def _is_known(model: str, known: list[str]) -> bool:
    # Ollama takes `name` for `name:latest`, LM Studio `name@quantisation` for `name`.
    return bool({model, f"{model}:latest", model.partition("@")[0]} & set(known))


def _unknown(llm: OpenAILLM, known: list[str]) -> UnknownModelError:
    near = get_close_matches(llm.model, known, n=3, cutoff=0.5)
    advice = ["did you mean " + " or ".join(map(repr, near)) + "?"] if near else []
    if known and not near and len(known) <= 20:
        advice = ["it has: " + ", ".join(known)]
    return UnknownModelError(
        f"{llm.server_title} does not know the model '{llm.model}'",
        *advice,
        "check the model's name, and that the key may use it",
    )
