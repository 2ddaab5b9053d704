"""A backend that asks its server without awaiting it, and its contract."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from tests.testing.plain_backend import PlainLLM

from seedbed import HTTPAnswer, LLMConnectionError
from seedbed.testing import ChatCompletions, LLMContract


class BlockingLLM(PlainLLM):
    """Holds up the loop until its answer has come."""

    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        headers = {"authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(
            f"{self.base_url}/chat/completions", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: ASYNC210 - the fault
                return HTTPAnswer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return HTTPAnswer(answer.code, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise LLMConnectionError(f"cannot reach the server: {error}") from None


class TestBlocking(LLMContract):
    llm_class = BlockingLLM
    # Its module has this contract in it, and with it pytest.
    import_budget = 400
    wire = ChatCompletions()
