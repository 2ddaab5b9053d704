"""Each step's model has a place that no later step overwrites, along a pipeline, in branches and routes."""

from __future__ import annotations

from typing import Any

from tests.support.scripted_llm import scripted

from seedbed import Concat, GeneratorTask, Join, Pass, Step, Task, otherwise, when


def llm(name: str) -> Any:
    return scripted("yes", model=name)


def task(name: str, column: str = "", **fields: Any) -> Task:
    mappings = {"generation": column or name.replace("-", "_")}
    return Task(name=name, template="x", llm=llm(f"{name}-model"), output_mappings=mappings, **fields)


class Topics(GeneratorTask):
    template: str = "x"

    def sample(self, index, rng):
        return {"n": index}


class Same(Step):
    def process(self, row):
        return row


def names(pipeline: Any, **options: Any) -> list[dict[str, str]]:
    made = pipeline.run(**options)
    assert made.outcome == "complete", made
    return [{column: value for column, value in row.items() if "model_name" in column} for row in made.rows()]


GIVEN: dict[str, Any] = {"input": [{"n": 1}]}


def test_the_judge_does_not_take_the_place_of_the_model_that_answered():
    assert names(task("answer") >> task("score-it") >> task("check"), **GIVEN) == [
        {
            "model_name": "answer-model",
            "score_it_model_name": "score-it-model",
            "check_model_name": "check-model",
        }
    ]


def test_a_generators_model_stays_first():
    pipeline = Topics(llm=llm("topics-model")) >> Same() >> task("answer")
    assert names(pipeline, n=1) == [{"model_name": "topics-model", "answer_model_name": "answer-model"}]


def test_rows_that_come_with_a_name_keep_it():
    given = [{"n": 1, "model_name": "of another run"}]
    assert names(task("judge") >> Same(), input=given) == [
        {"model_name": "of another run", "judge_model_name": "judge-model"}
    ]


def test_branches_from_rows_without_a_name():
    pipeline = Pass() >> [task("short") >> task("check"), task("long")] >> task("judge")
    assert names(pipeline, **GIVEN) == [
        {
            "model_name": "short-model",
            "check_model_name": "check-model",
            "long_model_name": "long-model",
            "judge_model_name": "judge-model",
        }
    ]


def test_branches_from_rows_with_a_name():
    pipeline = Topics(llm=llm("topics-model")) >> [task("short"), task("long")] >> task("judge")
    expected = {
        "model_name": "topics-model",
        "short_model_name": "short-model",
        "long_model_name": "long-model",
        "judge_model_name": "judge-model",
    }
    assert names(pipeline, n=1) == [expected]
    given = [{"n": 1, "model_name": "topics-model"}]
    assert names(Pass() >> [task("short"), task("long")] >> task("judge"), input=given) == [expected]


def test_routes_each_with_a_model_of_its_own():
    pipeline = (
        Pass() >> [when("n > 1", task("big", "text")), otherwise(task("small", "text"))] >> task("judge")
    )
    assert names(pipeline, input=[{"n": 1}, {"n": 2}]) == [
        {"model_name": "small-model", "judge_model_name": "judge-model"},
        {"model_name": "big-model", "judge_model_name": "judge-model"},
    ]


def test_pipelines_that_are_combined():
    both = [Topics(name="a", llm=llm("a-model")), Topics(name="b", llm=llm("b-model"))]
    assert names(both >> Join(on=["n"]) >> task("judge"), n=1) == [
        {"model_name": "a-model", "model_name_2": "b-model", "judge_model_name": "judge-model"}
    ]
    both = [Topics(name="a", llm=llm("a-model")), Topics(name="b", llm=llm("b-model"))]
    assert names(both >> Concat() >> task("judge"), n=1) == [
        {"model_name": "a-model", "judge_model_name": "judge-model"},
        {"model_name": "b-model", "judge_model_name": "judge-model"},
    ]
