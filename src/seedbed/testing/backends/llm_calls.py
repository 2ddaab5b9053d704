"""The contract of a backend, part four: concurrent calls, from any thread, that can be cancelled."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from seedbed.errors import UnsupportedError
from seedbed.llm.generations import Generations
from seedbed.llm.llm import LLM
from seedbed.llm.response import Response
from seedbed.testing.backends.backend_calls import CALLS, SHORT, BackendCallContract
from seedbed.testing.backends.llm_facts import PATIENCE, QUESTION, ask, once, text_of, together
from seedbed.testing.backends.llm_requests import PICTURE, SCHEMA, TOOL
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.scripted_server import ScriptedServer


class LLMCallContract(BackendCallContract):
    """Calls run concurrently, from any thread or loop, end in time, and leave nothing behind."""

    def test_calls_at_once_each_get_their_own_answer(self, llm: LLM, server: ScriptedServer) -> None:
        """When many calls are in flight, each gets the answer to its own prompt.

        If answers are mixed up, rows get the answers of other rows, without any error.
        """
        server.answer_with(Reply(body=self._echo))
        prompts = [f"Say {number}." for number in range(3 * CALLS)]
        calls = together(llm, [[{"role": "user", "content": prompt}] for prompt in prompts])
        assert [call.result(PATIENCE).choices[0].text for call in calls] == prompts, (
            "answers went to other prompts: keep nothing of a call on the instance"
        )

    def test_the_blocking_form_works_in_a_running_loop(self, llm: LLM) -> None:
        """`generate` works in a thread whose event loop is running.

        That's the case in every notebook and web application, where `asyncio.run` is an error.
        """

        async def cell() -> Generations:
            return once(llm).generate([QUESTION], **SHORT)

        assert [len(texts) for texts in asyncio.run(cell())] == [1], "one prompt has one answer"

    def test_the_blocking_form_works_in_threads(self, llm: LLM) -> None:
        """`generate` works in several threads at once, whichever of them loads the backend.

        Blocking steps run in threads, and so do the handlers of many web applications.
        """
        made: list[Generations] = []
        threads = [
            threading.Thread(target=lambda: made.append(llm.generate([QUESTION], **SHORT))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert [[len(texts) for texts in generations] for generations in made] == [[1]] * 3, (
            "a thread got no answer: guard with a lock what `load` shares, and keep nothing of a call"
        )

    def test_the_awaited_form_works_in_loops_that_come_and_go(self, llm: LLM) -> None:
        """`agenerate` works in any event loop, even after the caller's previous loop was closed.

        Whatever a backend keeps must belong to Seedbed's own loop, not to that of the first caller.
        """
        for _ in range(2):
            generations = asyncio.run(once(llm).agenerate([QUESTION], **SHORT))
            assert [len(texts) for texts in generations] == [1], "one prompt has one answer"

    def test_each_input_has_its_list_of_texts(self, llm: LLM) -> None:
        """`generate` returns a list of texts for each input, in the order of the inputs.

        This tells callers which answer belongs to which row.
        """
        generations = once(llm).generate([QUESTION] * 3, **SHORT)
        assert [len(texts) for texts in generations] == [1, 1, 1], "three prompts have one answer each"

    @pytest.mark.parametrize(
        ("capability", "asked"),
        [
            ("tools", {"tools": [TOOL]}),
            ("logprobs", {"logprobs": 1}),
            ("seed", {"seed": 1}),
            ("images", {"messages": [{"role": "user", "content": [PICTURE]}]}),
            ("raw_prompt", {"raw_prompt": True}),
        ],
        ids=["tools", "logprobs", "seed", "images", "raw_prompt"],
    )
    def test_what_is_not_declared_is_refused(self, llm: LLM, capability: str, asked: dict[str, Any]) -> None:
        """Asking for a capability that isn't declared raises UnsupportedError before anything is sent.

        If it were left out silently, every row of a dataset that was paid for would lack it.
        """
        if getattr(llm.capabilities, capability):
            pytest.skip(f"the backend declares '{capability}': other tests cover it")
        with pytest.raises(UnsupportedError, match=f"'{capability}'"):
            ask(llm, **asked)

    def test_several_answers_need_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'n' isn't declared, n answers are n requests, and each asks the backend for one answer.

        So tasks can ask for several answers, whatever the backend supports.
        """
        if llm.capabilities.n:
            pytest.skip("the backend declares 'n': other tests cover it")
        assert len(ask(llm, n=2).choices) == 2, "2 answers were asked for"
        assert [self.protocol.read(received).request.n for received in server.received] == [1, 1], (
            "each request must ask for one answer"
        )

    def test_a_schema_needs_no_capability(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'structured_output' isn't declared, the system prompt describes the schema.

        Otherwise the model would have to guess what its answer is validated against.
        """
        if llm.capabilities.structured_output:
            pytest.skip("the backend declares 'structured_output': other tests cover it")
        ask(llm, schema=SCHEMA)
        first = self.protocol.read(server.received[0]).request.messages[0]
        assert "JSON Schema" in text_of(first), "the system prompt did not arrive: send it to the server"

    def _echo(self, received: Received) -> Any:
        asked = self.protocol.read(received)
        last = [message for message in asked.request.messages if message["role"] == "user"][-1]
        return self.protocol.answer(Response.of_text(text_of(last))).body
