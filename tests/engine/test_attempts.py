"""A run gives up where nothing is accepted, and says why."""

from __future__ import annotations

from typing import Any

from seedbed import LLM, GeneratorTask, Reject, Request, Response, run


class SilentLLM(LLM):
    async def respond(self, request: Request) -> Response:
        return Response.of_text("no")


class Picky(GeneratorTask):
    template: str = "Say yes."

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> dict[str, Any]:
        raise Reject("it says no")


def test_a_task_that_rejects_every_row_ends_after_ten_attempts_for_each_row() -> None:
    made = run(Picky(), 3, llm=SilentLLM(model="m"), give_up_after=0)

    assert made.outcome == "incomplete"
    assert made.rejected == 30
    assert made.rejections == {"it says no": 30}
    assert made.calls.answered == 30
