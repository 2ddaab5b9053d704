"""Tasks that rate answers: known scores become the columns that each promises."""

from __future__ import annotations

import json
import re

import pytest

from seedbed import InvalidOutputError, ParameterError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import (
    ComplexityScore,
    Deita,
    InstructionBacktranslation,
    Prometheus,
    QualityScore,
    UltraFeedback,
)
from seedbed_tasks.prometheus import read_result
from seedbed_tasks.rated_together import ratings_type

ROW = {"instruction": "Name a river.", "generation": "The Nile."}
THREE = {"instruction": "Name a river.", "generations": ["good", "bad", "fair"]}
SCORES = {"good": 5, "fair": 3, "bad": 1}


def prompt_of(request):
    return next(message["content"] for message in request.messages if message["role"] == "user")


def texts_in(request):
    return re.findall(r"<(?:answer|text)_\d+>\n(.*?)\n</", prompt_of(request), re.DOTALL)


def rating(score):
    """A model that rates each text shown by its content."""

    def answer(request):
        ratings = [{"rationale": f"it is {text}", "score": score(text)} for text in texts_in(request)]
        return json.dumps({"ratings": ratings})

    return ScriptedLLM(answer, model="m")


def made_by(task, *rows):
    made = run(task, input=list(rows))
    assert made.failed == 0, made.failures
    return list(made.rows())


def test_answers_are_rated_together_by_each_aspect_and_the_best_and_worst_chosen():
    llm = rating(SCORES.__getitem__)
    (row,) = made_by(UltraFeedback(llm=llm), THREE)

    assert len(llm.requests) == 5
    assert set(row["ratings"]) == set(UltraFeedback().aspects)
    assert all(scores == [5, 1, 3] for scores in row["ratings"].values())
    assert row["rationales"]["honesty"] == ["it is good", "it is bad", "it is fair"]
    assert (row["chosen"], row["rejected"]) == ("good", "bad")
    assert (row["mean_ratings"], row["chosen_rating"], row["rejected_rating"]) == ([5, 1, 3], 5, 1)


def test_a_tie_has_neither_chosen_nor_rejected():
    (row,) = made_by(UltraFeedback(llm=rating(lambda text: 3)), THREE)
    assert (row["chosen"], row["rejected"], row["chosen_rating"]) == (None, None, None)


@pytest.mark.parametrize("score", [0, 6, 11])
def test_a_rating_off_its_scale_fails_the_row(score):
    made = run(UltraFeedback(llm=rating(lambda text: score), aspects=["honesty"]), input=[THREE])
    assert (made.accepted, made.failed) == (0, 1)


def test_an_answer_that_leaves_one_out_fails_the_row():
    llm = ScriptedLLM(lambda request: '{"ratings": [{"rationale": "r", "score": 3}]}')
    assert run(UltraFeedback(llm=llm), input=[THREE]).failed == 1


def test_variants_are_scored_in_the_order_of_the_row():
    (row,) = made_by(ComplexityScore(llm=rating(SCORES.__getitem__)), {"instructions": THREE["generations"]})
    assert row["complexity_scores"] == [5, 1, 3]
    evolved = {"instruction": "x", "responses": THREE["generations"]}
    (row,) = made_by(QualityScore(llm=rating(SCORES.__getitem__), answers="responses"), evolved)
    assert row["quality_scores"] == [5, 1, 3]


def test_the_schema_of_ratings_holds_how_many_there_are_and_on_which_scale():
    schema = ratings_type(3, 1, 6).model_json_schema()
    ratings, (one,) = schema["properties"]["ratings"], schema["$defs"].values()
    assert (ratings["minItems"], ratings["maxItems"]) == (3, 3)
    assert one["properties"]["score"]["enum"] == [1, 2, 3, 4, 5, 6]
    assert list(one["properties"]) == ["rationale", "score"]


def test_a_score_may_be_written_as_text_or_with_decimals_of_nought():
    (row,) = made_by(QualityScore(llm=rating(lambda text: {"good": "5", "fair": 3.0, "bad": 1}[text])), THREE)
    assert row["quality_scores"] == [5, 1, 3]


def test_a_single_text_is_not_to_be_compared_with_others():
    alone, together = rating(lambda text: 3), rating(lambda text: 3)
    made_by(Deita(llm=alone), ROW)
    made_by(QualityScore(llm=together), THREE)
    assert not any(
        "ompare" in prompt_of(request) or "ranked" in prompt_of(request) for request in alone.requests
    )
    assert "Compare them with each other first" in prompt_of(together.requests[0])


def test_both_prompts_of_deita_can_be_replaced_and_see_the_row():
    llm = rating(lambda text: 3)
    text = "<text_1>\n{{ _texts[0] }}\n</text_1>"
    asked = "{{ domain }}: " + text
    prompts = {"template": f"Quality in {asked}", "complexity_template": asked}
    made_by(Deita(llm=llm, **prompts), {**ROW, "domain": "law"})

    assert {request.messages[-1]["content"].partition(":")[0] for request in llm.requests} == {
        "Quality in law",
        "law",
    }


def test_deita_multiplies_complexity_and_quality():
    (row,) = made_by(Deita(llm=rating(lambda text: 2 if text == ROW["instruction"] else 6)), ROW)
    assert (row["complexity"], row["quality"], row["score"]) == (2, 6, 12)


def test_backtranslation_keeps_reason_and_score():
    (row,) = made_by(InstructionBacktranslation(llm=ScriptedLLM('{"reason": "fine", "score": 4}')), ROW)
    assert (row["reason"], row["score"]) == ("fine", 4)


def test_prometheus_grades_by_the_rubric():
    llm = ScriptedLLM("Feedback: It's a river. [RESULT] 4")
    (row,) = made_by(Prometheus(llm=llm, criteria="Is it a river?"), {**ROW, "reference": "The Rhine."})
    assert (row["feedback"], row["score"]) == ("It's a river.", 4)
    assert "Is it a river?" in prompt_of(llm.requests[0])
    assert "The Rhine." in prompt_of(llm.requests[0])


def test_prometheus_picks_the_better_of_two():
    llm = ScriptedLLM("Feedback: B names one. [RESULT] B")
    (row,) = made_by(Prometheus(llm=llm, mode="relative"), {"instruction": "x", "generations": ["a", "b"]})
    assert (row["winner"], row["chosen"], row["rejected"]) == ("second", "b", "a")


@pytest.mark.parametrize(
    ("mode", "grade", "made"),
    [
        ("direct", "4", {"score": 4}),
        ("relative", '"B"', {"winner": "second", "chosen": "b", "rejected": "a"}),
    ],
)
def test_feedback_without_a_grade_is_followed_by_a_question_for_the_grade_alone(mode, grade, made):
    llm = ScriptedLLM("Feedback: It is fine.", f'{{"grade": {grade}}}')
    (row,) = made_by(Prometheus(llm=llm, mode=mode), {**ROW, "generations": ["a", "b"]})
    assert {"feedback": "It is fine.", **made}.items() <= row.items()
    assert [message["content"] for message in llm.requests[1].messages[-2:-1]] == ["It is fine."]


@pytest.mark.parametrize(
    "answers", [["It is fine.", '{"grade": 6}'], ["I'm sorry, I can't help with that."], [""]]
)
def test_without_a_grade_there_is_no_row(answers):
    llm = ScriptedLLM(lambda request: answers[min(len(llm.requests), len(answers)) - 1])
    assert run(Prometheus(llm=llm, max_reasks=1), input=[ROW]).accepted == 0


@pytest.mark.parametrize(
    "text",
    [
        "Feedback: good",
        "[RESULT] 4",
        "Feedback: x [RESULT] 7",
        "Feedback: x [RESULT] 4.5",
        "Feedback: x [RESULT] 45",
        "Feedback: it quotes [RESULT] 5, but is bad [RESULT] 1",
    ],
)
def test_a_grade_that_is_not_exactly_one_is_asked_for_again(text):
    with pytest.raises(InvalidOutputError):
        read_result(text, "12345")


def test_wrong_parameters_are_refused():
    for name, fields in [
        ("prometheus", {"scores": {1: "bad"}}),
        ("ultrafeedback", {"aspects": ["charm"]}),
        ("ultrafeedback", {"aspects": ["honesty"], "chosen_by": "overall"}),
        ("text-retrieval", {"words": [0]}),
        ("deita", {"num_generations": 2}),
    ]:
        with pytest.raises(ParameterError):
            get_task(name, **fields)
