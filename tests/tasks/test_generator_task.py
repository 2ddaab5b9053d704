"""The three levels of a generator task, alone: declared, several calls per row, and a plain generator."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import GeneratorTask, InvalidRowError, Reject, UsageError, run


def shout(request):
    return prompt(request).upper()


class Haiku(GeneratorTask):
    """Declared: `sample` and a template."""

    seasons: tuple[str, ...] = ("spring", "summer", "autumn", "winter")
    template: str = "{{ season }} in {{ _place }}"
    outputs: ClassVar[list[str]] = ["haiku"]

    def sample(self, index, rng):
        return {"season": rng.choice(self.seasons), "_place": f"town {rng.randrange(1000)}"}


class Debate(GeneratorTask):
    """Several calls per row."""

    outputs: ClassVar[list[str]] = ["pro", "con"]

    def sample(self, index, rng):
        return {"number": index}

    async def generate_row(self, input):
        pro = await self.ask(f"pro {input['number']}")
        return {"pro": pro, "con": await self.ask([{"role": "user", "content": f"con to {pro}"}])}


class Counting(GeneratorTask):
    """A plain generator."""

    def process(self, offset: int = 0):
        for number in range(offset, offset + 3):
            yield {"text": self.llm.generate([[{"role": "user", "content": str(number)}]])[0][0]}


def test_declared_rows_hold_variables_answer_and_model():
    task = Haiku(llm=scripted(shout))
    task.load()
    (row,) = next(task.process())
    assert row == {"season": "autumn", "haiku": "AUTUMN IN TOWN 193", "model_name": "scripted"}
    assert task.columns == ["haiku", "model_name"]


def test_several_calls_per_row():
    assert next(Debate(llm=scripted(shout)).process()) == [
        {"number": 0, "pro": "PRO 0", "con": "CON TO PRO 0", "model_name": "scripted"}
    ]


def test_a_plain_generator_ends_with_its_iterator():
    rows = list(Counting(llm=scripted(shout)).process())
    assert rows == [[{"text": str(number), "model_name": "scripted"}] for number in range(3)]


def test_variables_are_drawn_as_documented():
    task = Haiku(llm=scripted(), name="haiku")
    rng = random.Random("0/haiku/7")
    expected = {"season": rng.choice(task.seasons), "_place": f"town {rng.randrange(1000)}"}
    assert task.variables(7) == expected == {"season": "winter", "_place": "town 71"}
    assert task.variables(7, seed=1) == {"season": "summer", "_place": "town 484"}
    assert [task.variables(k) for k in range(9)] == [task.variables(k, seed=0) for k in range(9)]
    assert [task.variables(k) for k in range(9)] != [task.variables(k, seed=1) for k in range(9)]
    assert Haiku(llm=scripted(), name="other").variables(7) != task.variables(7)


@pytest.mark.parametrize("cls", [Haiku, Debate])
def test_row_7_alone_is_row_7_of_the_whole(cls):
    def answer(request):
        return f"{prompt(request)} with seed {request.seed}"

    whole = list(run(cls(llm=scripted(answer, offers=ALL)), 9).rows())
    alone = cls(llm=scripted(answer, offers=ALL)).process(offset=7)
    assert next(alone) == [whole[7]]
    assert len({str(row) for row in whole}) == 9
    others = list(run(cls(llm=scripted(answer, offers=ALL)), 9, seed=5).rows())
    assert not set(map(str, whole)) & set(map(str, others))


def test_none_ends_the_rows_at_its_index():
    class Three(Haiku):
        finite: ClassVar[bool] = True

        def sample(self, index, rng):
            return {"season": "x", "_place": index} if index < 3 else None

    assert len(list(Three(llm=scripted()).process())) == 3
    assert list(Three(llm=scripted()).process(offset=3)) == []
    assert run(Three(llm=scripted())).accepted == 3


def test_several_generations_are_rows_of_their_own():
    texts = iter("abc")
    task = Haiku(llm=scripted(lambda _: next(texts)), num_generations=3)
    rows = next(task.process())
    assert [row["haiku"] for row in rows] == ["a", "b", "c"]
    assert len({row["season"] for row in rows}) == 1


def test_a_private_variable_may_be_anything_and_a_public_one_may_not():
    class Odd(Haiku):
        public: bool = False

        def sample(self, index, rng):
            return {"season": "x", "_place": object(), **({"when": object()} if self.public else {})}

    assert next(Odd(llm=scripted()).process())[0].keys() == {"season", "haiku", "model_name"}
    with pytest.raises(InvalidRowError, match="column 'when'"):
        next(Odd(llm=scripted(), public=True).process())


def test_a_task_without_llm_or_prompt_says_so_before_it_asks():
    with pytest.raises(UsageError, match="task 'haiku' has no LLM"):
        next(Haiku().process())
    with pytest.raises(UsageError, match="task 'haiku' has no LLM"):
        Haiku().load()
    with pytest.raises(UsageError, match="task 'silent' has no prompt"):
        next(type("Silent", (GeneratorTask,), {})(llm=scripted()).process())


def test_columns_that_nobody_fills_are_an_error():
    class Two(Haiku):
        outputs: ClassVar[list[str]] = ["one", "two"]

    with pytest.raises(UsageError, match="2 columns and no way to fill them"):
        next(Two(llm=scripted()).process())


def test_a_rejected_row_alone_says_why():
    class Picky(Haiku):
        def format_output(self, output, input):
            raise Reject("too short")

    with pytest.raises(Reject, match="too short"):
        next(Picky(llm=scripted()).process())


def test_a_subclass_of_a_task_with_process_is_normalised_once():
    class Louder(Counting):
        def process(self, offset: int = 0):
            for rows in super().process(offset):
                yield [{**row, "loud": True} for row in rows]

    rows: list[Any] = list(islice(Louder(llm=scripted(shout)).process(offset=5), 1))
    assert rows == [[{"text": "5", "model_name": "scripted", "loud": True}]]
