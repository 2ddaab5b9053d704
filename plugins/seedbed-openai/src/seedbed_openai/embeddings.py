"""Embeddings: from texts to the body of POST /embeddings, and from its answer to vectors.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed import Embeddings, InvalidResponseError, Limits, LLMError, Usage
from seedbed_openai.json_reading import count, mapping, text

_SHOWN = 8


def embeddings_body(
    texts: Sequence[str],
    *,
    model: str,
    dimensions: int | None,
    encoding_format: str | None,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the body for texts; what is None is left out."""
    body = {"model": model, "input": [*texts], "dimensions": dimensions, "encoding_format": encoding_format}
    return {name: value for name, value in body.items() if value is not None} | dict(extra)


def read_embeddings(
    body: dict[str, Any], provider: str, limits: Limits | None, dimensions: int | None
) -> Embeddings:
    """Return the vectors in a body, in the order of their texts.

    Raises InvalidResponseError if they can't be read or their order isn't clear, LLMError if they don't have
    the length that was asked for.
    """
    entries = body.get("data")
    if not isinstance(entries, list) or not entries:
        raise InvalidResponseError(f"{provider} answered without any vector", *_other_protocol(body))
    vectors = [_vector(mapping(entry).get("embedding"), provider) for entry in _in_order(entries, provider)]
    if len(lengths := {len(vector) for vector in vectors}) > 1:
        raise InvalidResponseError(f"{provider} gave vectors of several lengths: {sorted(lengths)}")
    if dimensions is not None and lengths != {dimensions}:
        raise LLMError(
            f"{provider} gave vectors of {min(lengths)} numbers, not of the {dimensions} that were asked for",
            "the model or the server doesn't know 'dimensions': leave it out",
        )
    return Embeddings(
        vectors=vectors,
        usage=Usage(input_tokens=count(mapping(body.get("usage")).get("prompt_tokens"))),
        model=text(body.get("model")),
        # Without the vectors: as JSON they take several times the memory that they take as numbers.
        raw={name: value for name, value in body.items() if name != "data"},
        limits=limits,
    )


def _in_order(entries: list[Any], provider: str) -> list[Any]:
    """Return the entries by their `index`; a server that numbers none sends them in order."""
    numbers = [mapping(entry).get("index") for entry in entries]
    if all(number is None for number in numbers):
        return entries
    found = {number: entry for number, entry in zip(numbers, entries, strict=True) if type(number) is int}
    if len(found) != len(entries) or found.keys() != set(range(len(entries))):
        raise InvalidResponseError(
            f"{provider} numbered {len(entries)} vectors {', '.join(map(str, numbers[:_SHOWN]))}"
            f"{', ...' if len(numbers) > _SHOWN else ''}, so it isn't clear which is whose",
            "with batch_size=1 there is only one",
        )
    return [found[number] for number in range(len(entries))]


def _vector(value: Any, provider: str) -> Any:
    """Return a vector, which is sent as numbers or as base64 of 32-bit floats, whatever was asked for."""
    # Here, not at the top: most runs embed nothing, and numpy takes 0.1 s to import.
    import numpy

    if not isinstance(value, list | str):
        raise InvalidResponseError(
            f"{provider} gave {type(value).__name__} where a vector was expected", *_hint(value)
        )
    try:
        if isinstance(value, str):
            return numpy.frombuffer(b64decode(value, validate=True), dtype="<f4")
        # What is too large becomes infinite, which is refused later.
        with numpy.errstate(over="ignore"):
            return numpy.asarray(value, dtype=numpy.float32)
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise InvalidResponseError(f"{provider} gave a vector that can't be read: {error}") from error


def _hint(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict):
        return ("vectors of several kinds, such as sparse ones, can't be used",)
    return ()


def _other_protocol(body: dict[str, Any]) -> tuple[str, ...]:
    """Return what a body without vectors looks like, and the setting for it."""
    if not body:
        return ("its body is empty",)
    came = f"its body has {', '.join(map(repr, [*body][:_SHOWN]))}"
    if "embeddings" in body or "embedding" in body:
        return (came, "that's Ollama's own API, or Cohere's: base_url should end in /v1")
    if "choices" in body:
        return (came, "that's an answer in text: is the model one for embeddings?")
    return (came, "does base_url name an API of OpenAI's form, with its /v1?")
