"""The models that a server lists, for the advice if it doesn't know the one that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from seedbed import SeedbedError, get_json, parse_body
from seedbed_openai.json_reading import mappings, text

_SECONDS = 5.0
_SHOWN = 20


async def advice_on_model(model: str, models_url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return advice from a server's list of models about one that it doesn't know; nothing without a list.

    Some servers list only some of their models. So the list decides nothing, and is fetched after a refusal.
    """
    try:
        answer = await get_json(models_url, headers=headers, timeout=_SECONDS)
        listed = mappings(parse_body(answer, "the list of models").get("data"))
    except SeedbedError:
        return ()
    known = [name for entry in listed if (name := text(entry.get("id")))]
    if near := get_close_matches(model, known, n=3, cutoff=0.5):
        return (f"did you mean {' or '.join(map(repr, near))}?",)
    return (f"it lists {', '.join(known)}",) if known and len(known) <= _SHOWN else ()
