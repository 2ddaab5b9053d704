"""A server that hands out tickets: a question counts once, however often its answer is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from seedbed import Response
from seedbed.testing import ChatCompletions, Received, Refusal, Reply, ScriptedServer


class Queue(ChatCompletions):
    """Chat Completions whose answers are fetched later."""

    def accepted(self, ticket: str) -> Reply:
        return Reply(202, {"job": ticket})

    def waiting(self, ticket: str) -> Reply:
        return Reply(body={"job": ticket, "state": "waiting"})

    def ticket(self, received: Received) -> str | None:
        return received.path.rpartition("/")[2] if received.method == "GET" else None


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.hand_out_tickets(Queue())
        yield server


def ask(server: ScriptedServer, question: dict[str, Any] | None = None, ticket: str = "") -> Any:
    data = None if question is None else json.dumps(question).encode()
    with urlopen(Request(f"{server.url}/jobs/{ticket}", data)) as answer:
        return json.load(answer)


def test_an_answer_is_fetched_by_its_ticket_and_its_question_counts_once(server: ScriptedServer) -> None:
    server.answer_with(
        Reply(body={"text": "Blue."}), Reply(body=lambda received: {"text": received.json()["q"]})
    )

    first, second = ask(server, {"q": "Sky?"})["job"], ask(server, {"q": "Grass?"})["job"]
    assert server.count == 0
    assert ask(server, ticket=second) == {"job": second, "state": "waiting"}
    assert [ask(server, ticket=second) for _ in range(2)] == [{"text": "Grass?"}] * 2
    assert [received.json() for received in server.received] == [{"q": "Grass?"}]
    ask(server, ticket=first)
    assert ask(server, ticket=first) == {"text": "Blue."}
    assert [received.json()["q"] for received in server.received] == ["Grass?", "Sky?"]


def test_a_refusal_comes_at_once(server: ScriptedServer) -> None:
    server.answer_with(Queue().refusal(Refusal(429, "slow down")))

    with pytest.raises(HTTPError, match="429"):
        ask(server, {"q": "Sky?"})
    assert server.count == 1


def test_nobody_has_a_ticket_that_was_not_given(server: ScriptedServer) -> None:
    with pytest.raises(HTTPError, match="404"):
        ask(server, ticket="7")
    assert server.count == 0


def test_a_protocol_without_tickets_answers_at_once() -> None:
    with ScriptedServer() as server:
        server.hand_out_tickets(ChatCompletions())
        server.answer_with(ChatCompletions().answer(Response.of_text("Blue.")))
        assert ask(server, {"q": "Sky?"})["choices"][0]["message"]["content"] == "Blue."
        assert server.count == 1
