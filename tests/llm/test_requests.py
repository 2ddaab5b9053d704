"""Requests as values: sent elsewhere, and known by what JSON can say of them."""

from __future__ import annotations

import pickle

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, UsageError, run


class Asking(GeneratorTask):
    """Asks with a set, which a dictionary can be made of by mistake."""

    async def generate_row(self, input):
        return {"text": await self.ask("hi", extra={"pairs": {("a", 1)}})}


def test_a_request_can_be_sent_to_another_process():
    request = scripted().request([{"role": "user", "content": "hi"}], max_tokens=3)

    assert pickle.loads(pickle.dumps(request)) == request


def test_what_is_no_json_is_said_before_it_is_sent():
    llm = scripted()

    with pytest.raises(UsageError, match="cannot be sent as JSON"):
        run(Asking(llm=llm), 1)
    assert not llm.requests
