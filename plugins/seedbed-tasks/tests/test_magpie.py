from __future__ import annotations

from typing import Any

import pytest

from seedbed import Capabilities, Choice, ParameterError, Request, Response, UnsupportedError, UsageError, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import Magpie

QUERY = "<|im_start|>user\n"


def scripted(request: Request) -> str:
    """Make up a question with the prompt's length, and answer with how many messages the chat has."""
    prompt = request.messages[-1]["content"]
    if request.raw_prompt and prompt.endswith(QUERY):
        return f" What is {len(prompt)}? "
    return (
        f"raw answer {prompt.count('<|im_start|>')}"
        if request.raw_prompt
        else f"chat of {len(request.messages)}"
    )


def llm(script: Any = scripted, model: str = "qwen3-8b", *, raw_prompt: bool = True) -> ScriptedLLM:
    offers = Capabilities(raw_prompt=raw_prompt)
    return ScriptedLLM(script, model=model, offers=offers)


def test_the_model_goes_on_from_where_the_users_message_begins() -> None:
    model = llm()

    [row] = run(Magpie(llm=model), 1).rows()

    assert row["instruction"] == "What is 17?"
    assert row["response"] == "chat of 1"
    assert row["messages"] == [
        {"role": "user", "content": "What is 17?"},
        {"role": "assistant", "content": "chat of 1"},
    ]
    asked, answered = model.requests
    assert (asked.raw_prompt, asked.messages[-1]["content"]) == (True, QUERY)
    assert "<|im_end|>" in asked.stop
    assert (asked.temperature, answered.temperature) == (1.0, 0.0)


def test_a_model_whose_template_has_a_system_prompt_gets_it() -> None:
    model = llm(model="smollm2-135m")

    run(Magpie(llm=model), 1)

    assert model.requests[0].messages[-1]["content"].startswith("<|im_start|>system\nYou are a helpful AI")


def test_each_turn_follows_the_chat_so_far() -> None:
    model = llm()

    [row] = run(Magpie(llm=model, turns=3), 1).rows()

    assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * 3
    last = model.requests[4].messages[-1]["content"]
    assert last.endswith(QUERY)
    assert all(message["content"] in last for message in row["messages"][:4])
    assert row["messages"][5]["content"] == "chat of 5"


def test_a_system_prompt_steers_instructions_and_is_kept_only_on_wish() -> None:
    model = llm()
    task = Magpie(llm=model, system_prompts=["You teach maths."])

    [row] = run(task, 1).rows()
    [kept] = run(Magpie(llm=llm(), system_prompts=["You teach maths."], keep_system_prompt=True), 1).rows()

    assert row["system_prompt"] == "You teach maths."
    assert "You teach maths." in model.requests[0].messages[-1]["content"]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert kept["messages"][0] == {"role": "system", "content": "You teach maths."}
    assert kept["response"] == "chat of 2"


def test_answers_may_be_raw_or_left_to_others() -> None:
    [raw] = run(Magpie(llm=llm(), answers="raw"), 1).rows()
    model = llm()
    [alone] = run(Magpie(llm=model, answers="none"), 1).rows()

    assert raw["response"] == "raw answer 2"
    assert set(alone) == {"instruction", "model_name"}
    assert len(model.requests) == 1


def test_several_generations_are_several_chats() -> None:
    rows = run(Magpie(llm=llm(), num_generations=3), 3).rows()

    assert len(list(rows)) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("  \n", "the model made up no instruction"),
        ("Hi<|im_start|>assistant\nHello", "the instruction runs on into the next message"),
        ("I'm sorry, but I can't help with that.", "the instruction is a refusal"),
        (
            Response(choices=(Choice(text="What is", finish_reason="length"),)),
            "the instruction was cut at its maximum length",
        ),
    ],
)
def test_what_is_no_instruction_is_rejected(answer: Any, reason: str) -> None:
    made = run(Magpie(llm=llm(lambda request: answer)), 1, max_attempts=2)

    assert made.rejections == {reason: 2}


def test_a_backend_that_takes_no_raw_prompts_is_refused_before_a_call() -> None:
    model = llm(raw_prompt=False)

    with pytest.raises(UnsupportedError, match="takes no raw prompts"):
        run(Magpie(llm=model), 1)

    assert not model.requests


def test_a_model_of_unknown_family_needs_a_format() -> None:
    with pytest.raises(UsageError, match="doesn't tell the model's chat format") as caught:
        run(Magpie(llm=llm(model="opaque")), 1)
    assert "chatml" in str(caught.value)

    own = {"user_before": QUERY, "stop": ["<|im_end|>"]}
    [row] = run(Magpie(llm=llm(model="opaque"), chat_format=own), 1).rows()
    assert row["instruction"] == "What is 17?"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chat_format": "lama-3"}, "llama-3"),
        ({"turns": 2, "answers": "none"}, "needs answers"),
        ({"system_prompt": "You teach maths."}, "system_prompts"),
    ],
)
def test_wrong_parameters_are_refused_with_what_to_write(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Magpie(**given)


@pytest.mark.slow
def test_a_real_chat_model_makes_up_instructions() -> None:
    short = {"max_tokens": 60}

    made = run(
        Magpie(turns=2, generation=short, response_generation=short), 1, llm="llamacpp/smollm2-135m", seed=3
    )

    [row] = made.rows()
    assert len(row["messages"]) == 4
    assert all(message["content"] and "<|im_" not in message["content"] for message in row["messages"])
