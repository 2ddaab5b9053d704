from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, Run, UsageError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_data import check_sandbox
from seedbed_tasks import Dialogue

WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = json.dumps({"name": "weather", "arguments": {"city": "Rome"}})


def user(message: str, *, reached: bool = False) -> str:
    return json.dumps({"goal_reached": reached, "message": message})


REACHED = user("", reached=True)


def made(*answers: str, **fields: Any) -> tuple[Run, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    given = {
        "user_personas": ["a cook"],
        "assistant_personas": ["a baker"],
        "user_goals": ["to bake"],
        **fields,
    }
    return run(Dialogue(llm=llm, **given), 1, max_attempts=1), llm


def row_of(*answers: str, **fields: Any) -> dict[str, Any]:
    done, _ = made(*answers, **fields)
    (row,) = done.rows()
    return dict(row)


def test_it_ends_with_the_assistant_once_the_user_has_reached_the_goal() -> None:
    row = row_of(user("How do I bake?"), "With flour.", user("And then?"), "Wait.", REACHED)

    assert row["messages"] == [
        {"role": "user", "content": "How do I bake?"},
        {"role": "assistant", "content": "With flour."},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "Wait."},
    ]
    assert (row["turns"], row["outcome"]) == (2, "reached")
    assert (row["user_persona"], row["assistant_persona"], row["goal"]) == ("a cook", "a baker", "to bake")
    assert "tools" not in row


def test_it_ends_when_the_turns_run_out_and_such_rows_can_be_rejected() -> None:
    answers = (user("How?"), "So.", user("Why?"), "Because.", user("Hm."))

    row = row_of(*answers, most_turns=2)
    assert (row["turns"], row["outcome"], len(row["messages"])) == (2, "turns", 4)
    done, _ = made(*answers, most_turns=2, unfinished="reject")
    assert done.rejections == {"the goal isn't reached": 1}


def test_the_last_turn_may_reach_the_goal() -> None:
    assert row_of(user("How?"), "So.", REACHED, most_turns=1)["outcome"] == "reached"


def test_a_goal_is_not_reached_before_the_least_turns() -> None:
    row = row_of(user("How?"), "So.", user("Go on.", reached=True), "Then so.", REACHED, least_turns=2)

    assert [message["content"] for message in row["messages"]] == ["How?", "So.", "Go on.", "Then so."]


def test_each_side_sees_its_own_persona_and_only_the_user_the_goal() -> None:
    _, llm = made(user("How?"), "So.", REACHED, user_goals=["{{ 7 * 7 }} loaves"])
    first, second, third = (str(request.messages) for request in llm.requests)

    assert "a cook" in first
    assert "{{ 7 * 7 }} loaves" in first
    assert "a baker" in second
    assert "loaves" not in second
    assert "a cook" not in second
    assert "[assistant] So." in third


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (user("How?\nAssistant: Like this."), "goes on with the other side's message"),
        (user("  "), "wrote no text"),
        (user("User:"), "the message is empty"),
        ("How do I bake?", "not JSON"),
    ],
)
def test_what_is_no_message_of_the_user_is_asked_for_again(wrong: str, reason: str) -> None:
    done, llm = made(wrong, user("**User:** How?"), "So.", REACHED)

    assert next(iter(done.rows()))["messages"][0]["content"] == "How?"
    assert reason in str(llm.requests[1].messages[-1]["content"])


def test_a_user_who_repeats_a_message_is_asked_again() -> None:
    done, llm = made(user("How?"), "So.", user("how"), REACHED)

    assert done.accepted == 1
    assert "repeats an earlier one" in llm.requests[3].messages[-1]["content"]


def test_an_assistant_that_refuses_rejects_the_row() -> None:
    done, _ = made(user("How?"), "I'm sorry, but I can't help with that.")

    assert done.rejections == {"the model refused": 1}


def test_calls_of_tools_and_their_made_up_results_are_messages() -> None:
    result = '```json\n{"degrees": 21}\n```'
    done, llm = made(user("Is it warm in Rome?"), CALL, result, "Yes, 21 degrees.", REACHED, tools=[WEATHER])

    (row,) = done.rows()
    _, called, returned, answer = row["messages"]
    assert called["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city": "Rome"}'}
    assert returned == {
        "role": "tool",
        "tool_call_id": called["tool_calls"][0]["id"],
        "content": '{"degrees": 21}',
    }
    assert answer == {"role": "assistant", "content": "Yes, 21 degrees."}
    assert row["tools"] == [{"type": "function", "function": WEATHER}]
    assert 'Result: {"degrees": 21}' in str(llm.requests[3].messages)
    # The user sees what was said, and no calls.
    assert 'degrees\\": 21' not in str(llm.requests[4].messages)


@pytest.mark.slow
def test_functions_of_a_python_file_are_run_and_their_errors_are_results(tmp_path: Path) -> None:
    try:
        check_sandbox()
    except UsageError as error:
        pytest.skip(str(error))
    path = tmp_path / "tools.py"
    path.write_text("def weather(city: str) -> int:\n    return {'Rome': 21}[city]\n")
    other = CALL.replace("Rome", "Oslo")
    row = row_of(user("Is it warm?"), CALL, other, "In Rome.", REACHED, file=path)

    assert [m["content"] for m in row["messages"] if m["role"] == "tool"] == [
        "21",
        json.dumps({"error": "KeyError: 'Oslo'"}),
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (CALL.replace("weather", "whether"), "a call is of 'whether'"),
        (CALL.replace("Rome", 'Rome", "planet": "Mars'), "'planet' was unexpected"),
        (CALL[:-8], "not JSON"),
    ],
)
def test_a_wrong_call_is_asked_for_again(wrong: str, reason: str) -> None:
    done, llm = made(user("Is it warm?"), wrong, "Yes.", REACHED, tools=[WEATHER])

    assert done.accepted == 1
    assert reason in llm.requests[2].messages[-1]["content"]


def test_an_assistant_that_only_calls_tools_rejects_the_row() -> None:
    done, _ = made(user("Is it warm?"), CALL, "21", CALL, tools=[WEATHER], most_calls=1)

    assert done.rejections == {"more calls of tools in one turn than most_calls": 1}


def test_json_in_words_is_no_call() -> None:
    said = 'Write {"name": "Ada"} into the file.'

    row = row_of(user("What do I write?"), said, REACHED, tools=[WEATHER])
    assert row["messages"][1] == {"role": "assistant", "content": said}


def test_people_and_goals_are_drawn() -> None:
    task = Dialogue()
    drawn = [task.sample(index, random.Random(index)) for index in range(300)]

    assert {row["goal"] for row in drawn} == set(task.user_goals)
    assert {row["user_persona"] for row in drawn} == set(task.user_personas)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"most_turns": 0}, "most_turns"),
        ({"most_turns": 2, "least_turns": 3}, "least_turns"),
        ({"user_goals": []}, "user_goals"),
        ({"tools": [{"name": ""}]}, "tool 1 of the list"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(told)):
        get_task("dialogue", **parameters)
