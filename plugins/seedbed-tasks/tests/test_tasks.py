from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from pydantic import PrivateAttr

from seedbed import (
    LLM,
    Capabilities,
    Reject,
    Request,
    Response,
    Run,
    UsageError,
    get_task,
    run,
)
from seedbed_tasks import QAPairs, SelfInstruct, TextGeneration
from seedbed_tasks.qa_pairs import EXAMPLE
from seedbed_tasks.seed_instructions import SEED_INSTRUCTIONS


class FunctionLLM(LLM):
    """Answers with the text that the function makes of the last message."""

    answer: str = ""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(structured_output=True)

    async def respond(self, request: Request) -> Response:
        prompt = request.messages[-1]["content"]
        if self.answer:
            return Response.of_text(self.answer)
        return Response.of_text(json.dumps({"question": f" About: {prompt} ", "answer": "Yes."}))


def rows_of(made: Run) -> list[dict[str, object]]:
    assert made.failed == 0, made.failures
    return list(made.rows())


def test_qa_pairs_have_their_columns_and_spread_over_what_is_drawn() -> None:
    rows = rows_of(run(QAPairs(), 60, llm=FunctionLLM(model="m")))

    columns = ["topic", "difficulty", "question_type", "question", "answer", "model_name"]
    assert all(list(row) == columns for row in rows)
    assert len({row["topic"] for row in rows}) > 20
    assert {row["difficulty"] for row in rows} == set(QAPairs().difficulties)
    assert all(str(row["topic"]) in str(row["question"]) for row in rows)


def test_qa_pairs_take_topics_and_kinds_of_question() -> None:
    task = QAPairs(topics=["tax law"], question_types={"trick": "misleads the careless"})

    rows = rows_of(run(task, 3, llm=FunctionLLM(model="m")))

    assert {row["topic"] for row in rows} == {"tax law"}
    assert "misleads the careless" in str(rows[0]["question"])


@pytest.mark.slow
def test_the_same_seed_draws_the_same_rows_and_another_draws_others() -> None:
    def topics(seed: int) -> list[object]:
        return [row["topic"] for row in rows_of(run(QAPairs(), 8, llm=FunctionLLM(model="m"), seed=seed))]

    assert topics(1) == topics(1)
    assert topics(1) != topics(2)


def test_an_empty_question_is_no_row() -> None:
    made = run(
        QAPairs(max_reasks=0),
        1,
        give_up_after=0,
        llm=FunctionLLM(model="m", answer='{"question": "", "answer": "x"}'),
    )

    assert made.accepted == 0
    assert made.rejected == 10
    assert "question" in next(iter(made.rejections))


def test_the_example_of_the_prompt_is_no_row() -> None:
    prompt = QAPairs().format_input(QAPairs().variables(0) or {})[0]["content"]
    assert EXAMPLE in prompt

    with pytest.raises(Reject, match="copy of the example"):
        QAPairs().format_output(json.dumps({"question": EXAMPLE, "answer": "It floats."}), {})


def test_self_instruct_shows_examples_of_the_pool_and_cleans_the_answer() -> None:
    llm = FunctionLLM(model="m", answer='9. "Explain what a lock in a canal is for."\n\nSome more talk.')
    task = SelfInstruct(llm=llm)
    prompt = task.format_input(task.variables(0) or {})[0]["content"]

    assert sum(example in prompt for example in SEED_INSTRUCTIONS) == 8
    assert rows_of(run(task, 1)) == [
        {"instruction": "Explain what a lock in a canal is for.", "model_name": "m"}
    ]


def test_self_instruct_keeps_no_instruction_that_is_like_an_earlier_one() -> None:
    made = run(SelfInstruct(llm=FunctionLLM(model="m", answer=SEED_INSTRUCTIONS[0])), 1, max_attempts=3)
    assert (made.accepted, made.rejections) == (0, {"too like an earlier instruction": 3})

    same = run(SelfInstruct(llm=FunctionLLM(model="m", answer="Name a river of Peru.")), 2, max_attempts=5)
    assert (same.accepted, same.rejected) == (1, 4)


class CountingLLM(LLM):
    """Answers with an instruction that no other call gets, and notes its prompts."""

    _prompts: list[str] = PrivateAttr(default_factory=list)

    async def respond(self, request: Request) -> Response:
        self._prompts.append(request.messages[-1]["content"])
        number = len(self._prompts)
        return Response.of_text(" ".join(f"zq{number}x{place}" for place in range(5)))


def test_self_instruct_shows_its_own_instructions_once_a_block_is_done() -> None:
    llm = CountingLLM(model="m")
    made = run(SelfInstruct(llm=llm), 3 * SelfInstruct.feedback)

    own = ["zq" in prompt for prompt in llm._prompts]
    assert made.outcome == "complete"
    # Rows of the first two blocks have no rows below their window.
    assert own == [False] * 2 * SelfInstruct.feedback + [True] * SelfInstruct.feedback


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Hello.", "1 words"),
        ("Describe the picture that hangs in your room.", "picture"),
        ("word " * 151, "151 words"),
        ("... and then what happened to them", "punctuation"),
    ],
)
def test_self_instruct_rejects_what_the_paper_rules_out(answer: str, reason: str) -> None:
    with pytest.raises(Reject, match=re.escape(reason)):
        SelfInstruct().format_output(answer, {"_examples": []})


def test_text_generation_answers_the_instruction_of_each_row() -> None:
    rows = [{"id": 1, "instruction": "Count to three."}, {"id": 2, "instruction": "Say hello."}]

    made = rows_of(run(TextGeneration(), llm=FunctionLLM(model="m", answer="Done."), input=rows))

    assert made == [{**row, "generation": "Done.", "model_name": "m"} for row in rows]


def test_text_generation_reads_the_columns_that_its_template_names() -> None:
    task = TextGeneration(template='Summarise as {"summary": ...}: {{ text }}')

    assert task.inputs == ["text"]
    assert task.format_input({"text": "Long."})[0]["content"] == 'Summarise as {"summary": ...}: Long.'


def test_rows_without_the_column_are_refused_before_a_call() -> None:
    with pytest.raises(UsageError) as caught:
        run(TextGeneration(), llm=FunctionLLM(model="m", answer="x"), input=[{"instructions": "a"}])

    assert "did you mean 'instructions'?" in caught.value.advice


@pytest.mark.slow
def test_the_tasks_are_found_by_name_and_imported_alone() -> None:
    assert isinstance(get_task("text-generation"), TextGeneration)
    with pytest.raises(UsageError):
        get_task("qa-pairs", topics=[])
    code = (
        "import sys; from seedbed import get_task; get_task('qa-pairs');"
        "assert 'seedbed_tasks.qa_pairs' in sys.modules;"
        "assert 'seedbed_tasks.self_instruct' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("task", [QAPairs(), SelfInstruct()])
def test_the_variables_of_a_row_are_those_that_the_task_names(task):
    for index in range(5):
        drawn = task.variables(index)
        assert tuple(name for name in drawn if not name.startswith("_")) == task.sampled


@pytest.mark.parametrize("task", [QAPairs(), SelfInstruct()])
def test_a_column_that_a_step_behind_it_misspells_is_known_before_a_run(task):
    behind = TextGeneration(template="{{ instrution }}{{ topik }}")

    with pytest.raises(UsageError, match="instrution"):
        (task >> behind).run(n=2, llm=FunctionLLM(model="m", answer="yes"))
