"""A refusal where a form was asked for rejects the row, under a reason of its own."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, InvalidOutputError, Reject, Response, Task, run
from seedbed.reading import read_list

REFUSAL = "I'm sorry, but I can't help with that."


class Coloured(Task):
    template: str = "Colour of {{ thing }}?"

    class Output(BaseModel):
        colour: str


class Listed(Task):
    template: str = "Colours of {{ thing }}?"

    def format_output(self, output, input):
        return [{"generation": colour} for colour in read_list(output)]


class AskingTyped(Task):
    template: str = "Colour of {{ thing }}?"

    async def generate_row(self, input):
        return {"generation": (await self.ask("Which colour?", schema=Coloured.Output)).colour}


def refusing(then: str = REFUSAL):
    answers = iter([REFUSAL, then, then])
    return scripted(lambda request: Response.of_text(next(answers)))


@pytest.mark.parametrize("task", [Coloured, Listed, AskingTyped])
def test_a_refusal_rejects_the_row_and_is_not_asked_again(task):
    llm = refusing()
    with pytest.raises(Reject) as caught:
        task(llm=llm).process({"thing": "a rose"})
    assert (caught.value.fact, caught.value.text) == ("the model refused", REFUSAL)
    assert len(llm.requests) == 1


def test_a_task_may_ask_again_after_a_refusal():
    llm = refusing('{"colour": "red"}')
    (row,) = Coloured(llm=llm, reask_refusals=True).process({"thing": "a rose"})
    assert (row["colour"], len(llm.requests)) == ("red", 2)


def test_asking_again_after_refusals_ends():
    llm = refusing()
    with pytest.raises(Reject, match="the model refused"):
        Coloured(llm=llm, reask_refusals=True, max_reasks=2).process({"thing": "a rose"})
    assert len(llm.requests) == 3


def test_a_task_that_wants_text_gets_a_refusal_as_text():
    class Free(Task):
        template: str = "Colour of {{ thing }}?"

    (row,) = Free(llm=refusing()).process({"thing": "a rose"})
    assert row["generation"] == REFUSAL


def test_an_answer_that_only_does_not_fit_is_no_refusal():
    llm = scripted(lambda request: Response.of_text("red"))
    with pytest.raises(InvalidOutputError):
        Coloured(llm=llm, max_reasks=0).process({"thing": "a rose"})


class Numbered(GeneratorTask):
    template: str = "Colour number {{ number }}?"

    class Output(BaseModel):
        colour: str

    def sample(self, index, rng):
        return {"number": index}


def test_a_run_counts_refusals_under_their_own_reason():
    def answer(request):
        number = int(request.messages[-1]["content"].split()[2].rstrip("?"))
        return Response.of_text(REFUSAL if number % 2 else f'{{"colour": "c{number}"}}')

    made = run(Numbered(llm=scripted(answer)), n=4, concurrency=1)
    assert [row["colour"] for row in made.rows()] == ["c0", "c2", "c4", "c6"]
    assert made.rejections == {"the model refused": made.rejected} == {"the model refused": 3}
