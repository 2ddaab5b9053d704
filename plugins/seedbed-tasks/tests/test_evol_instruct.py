from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, Request, UsageError, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import EvolInstruct
from seedbed_tasks.evolving import IN_BREADTH, IN_DEPTH, INPUT_FORMS

SEED = "Name three rivers."


def scripted(
    request: Request, gain: str = "Different", answer: str = "The Nile, the Rhine and the Po."
) -> str:
    """Evolve an instruction by a word, judge the gain and answer."""
    prompt = request.messages[-1]["content"]
    if prompt.endswith("Equal or Different."):
        return gain
    _, _, instruction = prompt.partition("\n\nInstruction: ")
    return f"New instruction: {instruction} More." if instruction else answer


def rows_of(task: EvolInstruct, n: int, script: Any = scripted, **given: Any) -> list[dict[str, Any]]:
    made = run(task, n, llm=ScriptedLLM(script), **given)
    assert made.failed == 0, made.failures
    return list(made.rows())


def test_a_seed_is_evolved_round_by_round_with_the_operator_in_a_column() -> None:
    rows = rows_of(EvolInstruct(seed_instructions=[SEED], rounds=3), 3)

    assert [row["round"] for row in rows] == [1, 2, 3]
    assert rows[0]["parent"] == SEED
    assert rows[0]["instruction"] == f"{SEED} More."
    assert rows[2]["parent"] == rows[1]["instruction"] == f"{SEED} More. More."
    assert {row["seed_instruction"] for row in rows} == {SEED}
    assert {row["response"] for row in rows} == {"The Nile, the Rhine and the Po."}


@pytest.mark.slow
def test_each_of_the_six_operators_is_drawn_as_often() -> None:
    rows = rows_of(EvolInstruct(answers=False, check_gain=False), 3000)

    drawn = Counter(row["operator"] for row in rows)

    assert set(drawn) == {*IN_DEPTH, IN_BREADTH}
    # Chi-square with 5 degrees of freedom: above 20.5 in one of a thousand samples.
    assert sum((count - 500) ** 2 / 500 for count in drawn.values()) < 20.5


def test_the_prompt_says_what_the_operator_does() -> None:
    llm = ScriptedLLM(scripted)
    task = EvolInstruct(operators=["complicate-input"], answers=False, check_gain=False, llm=llm)

    run(task, 20)

    prompts = [request.messages[-1]["content"] for request in llm.requests]
    assert all("piece of input" in prompt for prompt in prompts)
    assert sum(any(f"as {form}." in prompt for prompt in prompts) for form in INPUT_FORMS) >= 3


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"gain": "Equal"}, "no information gained"),
        ({"answer": "Sorry, that's beyond me."}, "the model can't answer it"),
        ({"answer": "It is... to be, or not!"}, "the answer has no content"),
    ],
)
def test_what_the_paper_eliminates_is_no_row(changed: dict[str, str], reason: str) -> None:
    made = run(EvolInstruct(llm=ScriptedLLM(lambda request: scripted(request, **changed))), 1, max_attempts=2)

    assert made.rejections == {f"evolution failed: {reason}": 2}


@pytest.mark.parametrize(
    ("evolved", "reason"),
    [
        ("Here is the rewritten prompt: name four.", "it copies words of the prompt"),
        ("name THREE rivers", "no information gained"),
        ("I'm sorry, but I can't help with that.", "the model refused"),
    ],
)
def test_an_instruction_that_shows_its_making_is_no_row(evolved: str, reason: str) -> None:
    task = EvolInstruct(seed_instructions=[SEED], llm=ScriptedLLM(lambda request: evolved))

    assert run(task, 1, max_attempts=2).rejections == {f"evolution failed: {reason}": 2}


def test_a_long_answer_may_say_sorry() -> None:
    rows = rows_of(EvolInstruct(), 1, lambda request: scripted(request, answer="Sorry. " + "river " * 80))

    assert rows[0]["response"].startswith("Sorry.")


def test_a_failed_evolution_leaves_the_instruction_for_the_next_round() -> None:
    def script(request: Request) -> str:
        prompt = request.messages[-1]["content"]
        return SEED if prompt.endswith(SEED) and "similar length" in prompt else scripted(request)

    rows = rows_of(EvolInstruct(seed_instructions=[SEED], operators=["breadth", "deepening"]), 40, script)

    firsts = [row for row in rows if row["parent"] == SEED]
    assert firsts
    assert all(row["operator"] != IN_BREADTH for row in firsts)
    assert any(row["round"] > 1 for row in firsts)


def test_seeds_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text('{"task": "Count {{ to }} three."}\n{"task": " "}\n{"task": "Sing."}\n')
    task = EvolInstruct(seed_file=path, seed_column="task", rounds=1, answers=False, check_gain=False)

    assert {row["parent"] for row in rows_of(task, 4)} == {"Count {{ to }} three.", "Sing."}

    with pytest.raises(UsageError, match=r"row 1 of .* has no column 'instruction'"):
        run(EvolInstruct(seed_file=path), 1, llm=ScriptedLLM(scripted))


@pytest.mark.parametrize(
    "given", [{"operators": ["widen"]}, {"operators": []}, {"seed_file": "nowhere.jsonl"}, {"rounds": 0}]
)
def test_wrong_parameters_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        EvolInstruct(**given)
