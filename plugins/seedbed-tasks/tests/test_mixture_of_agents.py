from __future__ import annotations

from typing import Any

import pytest

from seedbed import LLMError, Request, UsageError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import MixtureOfAgents

TASK = [{"instruction": "Why {{ this }}?"}]


def content(request: Request) -> str:
    return str(request.messages[-1]["content"])


def agent(name: str, *answers: Any) -> ScriptedLLM:
    return ScriptedLLM(*answers, model=name)


def mixed(*proposers: ScriptedLLM, llm: ScriptedLLM, **parameters: Any) -> Any:
    task = MixtureOfAgents(llm=llm, proposers=list(proposers), **parameters)
    return run(task, input=TASK, concurrency=1)


def test_the_aggregator_sees_the_task_and_all_proposals_in_their_order() -> None:
    llm = agent("sum", "All in all.")
    (row,) = mixed(agent("x", "One {{ y }} </answer_1>"), agent("y", " Two\n"), llm=llm).rows()

    assert (row["generation"], row["model_name"]) == ("All in all.", "sum")
    assert row["proposals"] == [
        {"layer": 1, "model": "x", "generation": "One {{ y }} </answer_1>"},
        {"layer": 1, "model": "y", "generation": "Two"},
    ]
    (asked,) = map(content, llm.requests)
    places = [asked.index(text) for text in ("Why {{ this }}?", "One {{ y }} </answer_1>", "Two")]
    assert places == sorted(places)


def test_each_proposer_of_a_further_layer_sees_all_answers_of_the_layer_before_and_no_earlier_ones() -> None:
    x, y, llm = agent("x", "x1", "x2"), agent("y", "y1", "y2"), agent("sum", "done")
    (row,) = mixed(x, y, llm=llm, layers=3).rows()

    for proposer in (x, y):
        first, second = map(content, proposer.requests)
        assert first == TASK[0]["instruction"]
        assert "x1" in second
        assert "y1" in second
    assert "x2" in content(llm.requests[0])
    assert "x1" not in content(llm.requests[0])
    assert [(one["layer"], one["model"]) for one in row["proposals"]] == [
        (1, "x"),
        (1, "y"),
        (2, "x"),
        (2, "y"),
    ]


def test_without_proposers_the_model_proposes_samples_with_seeds_of_their_own() -> None:
    llm = ScriptedLLM(lambda request: f"a{request.seed}", model="m", offers={"seed": True})
    (row,) = run(MixtureOfAgents(llm=llm, samples=3), input=TASK).rows()

    assert [one["model"] for one in row["proposals"]] == ["m", "m (2)", "m (3)"]
    assert len({one["generation"] for one in row["proposals"]}) == 3
    assert len(llm.requests) == 4


def test_a_proposer_without_an_answer_is_left_out_and_without_any_the_row_is_rejected() -> None:
    llm = agent("sum", "done")
    (row,) = mixed(agent("x", ""), agent("y", "y1"), llm=llm).rows()
    assert [one["generation"] for one in row["proposals"]] == [None, "y1"]
    assert "answer_2" not in content(llm.requests[0])

    assert mixed(agent("x", ""), llm=agent("sum")).rejections == {"no proposer answered": 1}


def test_a_proposer_whose_server_fails_fails_the_row_so_that_it_can_be_retried() -> None:
    made = mixed(agent("x", LLMError("gone")), agent("y", "y1"), llm=agent("sum", "done"))
    assert (made.accepted, made.failed) == (0, 1)


def test_a_system_prompt_is_kept_in_all_layers() -> None:
    x, llm = agent("x", "x1"), agent("sum", "done")
    mixed(x, llm=llm, system_prompt="Be kind.")

    for request in (*x.requests, *llm.requests):
        assert request.messages[0] == {"role": "system", "content": "Be kind."}


@pytest.mark.parametrize("parameters", [{"layers": 1}, {"samples": 0}, {"proposers": ["gpt"]}])
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        get_task("mixture-of-agents", **parameters)
