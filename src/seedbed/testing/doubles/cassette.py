"""Requests and their answers on disk: one JSON object per line, without keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from seedbed import errors
from seedbed.errors import LLMError, UsageError
from seedbed.llm.keys.redaction import redact
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.llm.response_json import decode_response, encode_response

_CODING = orjson.OPT_NON_STR_KEYS


class Cassette:
    """The answers that were in a file when it was opened; equal requests get theirs in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self._given: dict[str, int] = {}
        if path.exists():
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                answer = self._read(number, line)
                self._answers.setdefault(answer["digest"], []).append(answer)

    def __len__(self) -> int:
        return sum(map(len, self._answers.values()))

    def next_answer(self, model: str, request: Request) -> Response | LLMError | None:
        """Return the next answer to a request, which may be an error; None if none is left."""
        digest = _digest(model, request)
        given = self._given.get(digest, 0)
        answers = self._answers.get(digest, [])
        if given == len(answers):
            return None
        self._given[digest] = given + 1
        return _decoded(answers[given])

    def append(
        self, model: str, request: Request, answer: Response | LLMError, secrets: Iterable[str]
    ) -> None:
        """Add a line to the file, without any of the secrets."""
        asked = {name: value for name, value in request._asdict().items() if value or value == 0}
        if not request.raw_prompt:
            del asked["raw_prompt"]
        line = {"digest": _digest(model, request), "model": model, "request": asked, **_encoded(answer)}
        plain = orjson.loads(orjson.dumps(line, default=dict, option=_CODING))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(orjson.dumps(_scrubbed(plain, tuple(secrets))) + b"\n")

    def _read(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._unreadable(number) from error
        if (
            not isinstance(answer, dict)
            or "digest" not in answer
            or not {"response", "error"} & answer.keys()
        ):
            raise self._unreadable(number)
        return answer

    def _unreadable(self, number: int) -> UsageError:
        return UsageError(
            f"line {number} of the cassette '{self.path}' is not a recorded answer",
            "delete the line to record it again",
        )


def _digest(model: str, request: Request) -> str:
    encoded = orjson.dumps([model, request.told], default=dict, option=_CODING | orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


def _encoded(answer: Response | LLMError) -> dict[str, Any]:
    if isinstance(answer, Response):
        return {"response": orjson.loads(encode_response(answer))}
    said = [answer.fact, *answer.advice]
    return {"error": {"kind": type(answer).__name__, "said": said, "status": answer.status}}


def _decoded(answer: dict[str, Any]) -> Response | LLMError:
    if "response" in answer:
        return decode_response(orjson.dumps(answer["response"]))
    told = answer["error"]
    kind = getattr(errors, told["kind"], LLMError)
    error: LLMError = kind(*told["said"], status=told["status"])
    return error


def _scrubbed(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, list):
        return [_scrubbed(item, secrets) for item in value]
    if isinstance(value, dict):
        return {redact(name, secrets): _scrubbed(item, secrets) for name, item in value.items()}
    return value
