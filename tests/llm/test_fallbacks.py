"""Fallbacks: when the next model is asked, what the rows say, and what is bought again."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.scripted_llm import ScriptedLLM, user

from seedbed import (
    AuthenticationError,
    Capabilities,
    Choice,
    ContentFilteredError,
    EndpointDownError,
    Gateway,
    GeneratorTask,
    Response,
    RetryPolicy,
    ServerError,
    run,
)
from seedbed.llm.pools.fallback import FallbackLLM
from seedbed.llm.pools.pool import PoolLLM

REFUSAL = "I'm sorry, but I can't help with that."
FILTERED = Response(choices=(Choice(text="", finish_reason="content_filter"),))


class Model(ScriptedLLM):
    """A scripted model that counts its calls."""

    _asked: list[str]

    @classmethod
    def named(cls, name, answer):
        asked = []

        def scripted(request):
            asked.append(request.messages[-1]["content"])
            answered = answer(request) if callable(answer) else answer
            if isinstance(answered, Exception):
                raise answered
            return answered

        llm = cls(scripted, model=name)
        return llm, asked


def fallback(*answers, **fields):
    made = [Model.named(f"model-{number}", answer) for number, answer in enumerate(answers)]
    return FallbackLLM(of=[llm for llm, _ in made], **fields), [asked for _, asked in made]


def answer_of(llm):
    bound = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)
    return bound.generate([user("hello")])[0][0]


@pytest.mark.parametrize(
    "first",
    [
        REFUSAL,
        FILTERED,
        ContentFilteredError("declined"),
        ServerError("broken", status=500),
        EndpointDownError("down"),
        AuthenticationError("wrong key", status=401),
    ],
    ids=["refusal", "filtered", "declined", "broken", "down", "key"],
)
def test_the_next_model_answers_where_one_fails_or_refuses(first):
    llm, _ = fallback(first, "Gladly.")
    assert answer_of(llm) == "Gladly."


def test_a_refusal_is_an_answer_if_refusals_do_not_count():
    llm, asked = fallback(REFUSAL, "Gladly.", refusals=False)
    assert answer_of(llm) == REFUSAL
    assert not asked[1]


def test_the_last_one_s_error_is_raised():
    llm, _ = fallback(ServerError("first", status=500), ServerError("second", status=500))
    with pytest.raises(ServerError, match="second"):
        answer_of(llm)


def test_a_model_that_is_down_is_left_out_for_a_while():
    llm, asked = fallback(EndpointDownError("down"), "Gladly.")
    bound = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)
    for _ in range(5):
        bound.generate([user("hello")])
    assert len(asked[0]) == 1
    assert len(asked[1]) == 5


class Numbers(GeneratorTask):
    """One number per row."""

    template: str = "Number {{ number }}"

    def sample(self, index, rng):
        return {"number": index}


def odd_ones_refused(request):
    number = int(request.messages[-1]["content"].split()[-1])
    return ContentFilteredError("declined") if number % 2 else "first"


@pytest.mark.slow
def test_rows_say_which_model_answered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    llm, _ = fallback(odd_ones_refused, "second")
    made = run(Numbers(), 6, llm=llm, out="rows.jsonl")
    assert [row["model_name"] for row in made.rows()] == ["model-0", "model-1"] * 3


def test_which_generation_fails_first_changes_no_row():
    def rows(turns):
        left = iter(turns)

        async def failing(request):
            for _ in range(next(left)):
                await asyncio.sleep(0)
            raise ContentFilteredError("declined")

        offers = Capabilities(seed=True)
        first = ScriptedLLM(failing, model="first", offers=offers)
        second = ScriptedLLM(lambda request: f"{request.seed}", model="second", offers=offers)
        made = run(Numbers(num_generations=3), 3, llm=FallbackLLM(of=[first, second]))
        return [row["generation"] for row in made.rows()]

    assert len({*rows([0, 0, 0])}) == 3
    assert rows([0, 0, 0]) == rows([30, 20, 10])


def test_nothing_is_bought_again_with_another_first_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    llm, _ = fallback(odd_ones_refused, "second")
    rows = list(run(Numbers(), 6, llm=llm, name="numbers", out="rows.jsonl").rows())
    again, asked = fallback(odd_ones_refused, "second", refusals=False)
    assert list(run(Numbers(), 6, llm=again, name="numbers", out="rows.jsonl").rows()) == rows
    assert asked == [[], []]


def test_the_time_out_of_a_fallback_is_also_that_of_the_pools_in_it():
    plain, own = ScriptedLLM("yes"), ScriptedLLM("yes", timeout=3.0)
    pool = PoolLLM(of=[plain])
    llm = FallbackLLM(of=[pool, PoolLLM(of=[own]), PoolLLM(of=[plain], timeout=4.0)], timeout=5.0)
    assert [group.of[0].timeout for group in llm.of] == [5.0, 3.0, 4.0]
    assert pool.of[0].timeout == plain.timeout


def test_a_fallback_may_have_pools(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, _ = Model.named("model-0", odd_ones_refused)
    second, _ = Model.named("model-1", "second")
    llm = FallbackLLM(of=[PoolLLM(of=[first, first]), PoolLLM(of=[second])])
    made = run(Numbers(), 4, llm=llm, out="rows.jsonl")
    assert [row["model_name"] for row in made.rows()] == ["model-0", "model-1"] * 2
