"""The models that a server lists, for the advice if it doesn't know the one that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from seedbed import SeedbedError, get_json, parse_body
from seedbed_openai.json_reading import mappings, text

_SECONDS = 5.0
_SHOWN = 20


async def advice_on_model(model: str, models_url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return advice from a server's list of models about one that it doesn't know; nothing without a list.

    Some servers list only some of their models. So the list decides nothing, and is fetched after a refusal.
    """
    try:
        listed = await _listed(models_url, headers)
    except SeedbedError:
        return await _advice_on_version(models_url, headers)
    known = [name for entry in listed if (name := text(entry.get("id")))]
    if near := get_close_matches(model, known, n=3, cutoff=0.5):
        return (f"did you mean {' or '.join(map(repr, near))}?",)
    return (f"it lists {', '.join(known)}",) if known and len(known) <= _SHOWN else ()


async def _listed(models_url: str, headers: Mapping[str, str]) -> list[Mapping[str, Any]]:
    answer = await get_json(models_url, headers=headers, timeout=_SECONDS)
    return list(mappings(parse_body(answer, "the list of models").get("data")))


async def _advice_on_version(models_url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the address with `/v1`, if models are listed there: people forget it most of all."""
    parts = urlsplit(models_url)
    if parts.path != "/models":
        return ()
    try:
        await _listed(urlunsplit(parts._replace(path="/v1/models")), headers)
    except SeedbedError:
        return ()
    return (f"its API is below /v1: base_url={urlunsplit(parts._replace(path='/v1'))}",)
