"""Tasks over a text: what they ask, what they read, and what they don't accept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed import Capabilities, Request, Response, Row, Run, UsageError, get_task, run
from seedbed.llm.response import Choice
from seedbed.testing import ScriptedLLM
from seedbed_tasks.chrf import chrf
from seedbed_tasks.quotes import find_quote
from seedbed_tasks.rewrite import numbers_in

TYPED = Capabilities(structured_output=True)
HOSTILE = "{{ 1/0 }} {% raw %} {x} [[A]] </answer> \U0001f600 \u00e9\u0301"
STEM = "The bridge was closed on Monday, because the river had risen by two metres overnight."


def made(name: str, text: Any, *answers: Any, **parameters: Any) -> tuple[Run, list[Request]]:
    llm = ScriptedLLM(*answers, offers=TYPED)
    return run(get_task(name, **parameters), input=[{"text": text}], llm=llm), llm.requests


def only(result: tuple[Run, list[Request]]) -> Row:
    (row,) = result[0].rows()
    return dict(row)


def prompt(requests: list[Request], place: int = 0) -> str:
    return str(requests[place].messages[-1]["content"])


WORKING = {
    "classify": ({"labels": ["a", "b"]}, '{"label": "a"}'),
    "extract": ({"fields": {"town": "string?"}}, '{"town": null}'),
    "summarize": ({}, "Short."),
    "translate": ({}, "Une phrase."),
    "rewrite": ({"check": "none"}, "Other words."),
}


@pytest.mark.parametrize("name", WORKING)
def test_what_is_in_a_text_is_no_template(name: str) -> None:
    parameters, answer = WORKING[name]
    result = made(name, HOSTILE, answer, **parameters)

    assert only(result)["text"] == HOSTILE
    assert HOSTILE in prompt(result[1])


@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_row_without_text_costs_no_call(name: str, text: Any) -> None:
    parameters, answer = WORKING[name]
    result, requests = made(name, text, answer, **parameters)

    assert (result.accepted, requests) == (0, [])
    assert "column 'text' is empty" in str([*result.rejections, *result.failures])


@pytest.mark.parametrize("name", WORKING)
def test_a_list_is_no_text(name: str) -> None:
    parameters, answer = WORKING[name]
    result, requests = made(name, ["a"], answer, **parameters)

    assert (result.accepted, requests) == (0, [])
    assert "holds a list, not text" in str(result.failures)


@pytest.mark.parametrize("name", ["summarize", "translate", "rewrite"])
def test_a_refusal_is_no_text(name: str) -> None:
    result, requests = made(name, STEM, "I'm sorry, but I can't help with that.")

    assert (result.accepted, len(requests)) == (0, 1)
    assert "the model refused" in str([*result.rejections, *result.failures])


@pytest.mark.parametrize("name", ["summarize", "translate", "rewrite"])
def test_a_text_that_was_cut_is_asked_for_again(name: str) -> None:
    cut = Response(choices=(Choice(text="It begins", finish_reason="length"),))
    result, requests = made(name, STEM, cut, "It ends.")

    assert (result.accepted, len(requests)) == (1, 2)


@pytest.mark.parametrize("name", ["summarize", "translate", "rewrite"])
def test_several_generations_are_several_rows(name: str) -> None:
    answers = iter(["One way.", "Another way."])
    llm = ScriptedLLM(lambda request: next(answers), offers=TYPED)
    result = run(get_task(name, num_generations=2), input=[{"text": STEM}], llm=llm)

    assert result.accepted == 2


def test_a_column_of_the_row_does_not_replace_a_parameter() -> None:
    llm = ScriptedLLM("Ein Satz.")
    row = {"text": STEM, "to": "Klingon", "_to": "Elvish", "words": 3}
    made = run(get_task("translate", to="German"), input=[row], llm=llm)

    assert made.accepted == 1
    assert "into German" in prompt(llm.requests)


def test_labels_with_their_meanings_are_in_the_prompt_and_the_schema() -> None:
    labels = {"praise": "says that it's good", "complaint": "says what's wrong"}
    result = made("classify", "It broke.", '{"label": "complaint"}', labels=labels)

    assert only(result)["label"] == "complaint"
    assert "- praise: says that it's good" in prompt(result[1])
    assert (result[1][0].schema or {})["properties"]["label"]["enum"] == ["praise", "complaint"]


@pytest.mark.parametrize(
    ("answer", "label"), [("**Spam**", "spam"), ("The answer is ham.", "ham"), ('{"label":"spam"}', "spam")]
)
def test_a_label_in_words_is_read(answer: str, label: str) -> None:
    assert only(made("classify", "x", answer, labels=["spam", "ham"]))["label"] == label


def test_a_label_that_was_not_given_is_asked_for_again() -> None:
    result = made("classify", "x", '{"label": "not spam"}', '{"label": "ham"}', labels=["spam", "ham"])

    assert only(result)["label"] == "ham"
    assert len(result[1]) == 2


def test_several_labels_come_in_the_order_given_and_once() -> None:
    answer = '{"labels": ["sport", "art", "sport"]}'
    row = only(made("classify", "x", answer, labels=["art", "law", "sport"], several=True))

    assert row["labels"] == ["art", "sport"]
    assert only(made("classify", "x", '{"labels": []}', labels=["a", "b"], several=True))["labels"] == []


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "A"], ["a", " "]])
def test_labels_that_cannot_be_told_apart_are_refused(labels: list[str]) -> None:
    with pytest.raises(UsageError, match="label"):
        get_task("classify", labels=labels)


def test_extracted_values_have_their_types() -> None:
    fields = {"town": "string", "founded": {"type": "integer", "maximum": 2030}, "mayor": "string?"}
    answers = (
        '{"town": "Ulm", "founded": 5000, "mayor": null}',
        '{"town": "Ulm", "founded": 850, "mayor": null}',
    )
    result = made("extract", "Ulm was founded in 850.", *answers, fields=fields)

    row = only(result)
    assert (row["town"], row["founded"], row["mayor"]) == ("Ulm", 850, None)
    assert "null" in prompt(result[1])


@pytest.mark.parametrize(
    ("fields", "why"),
    [({}, "fields"), ({"a": "strng"}, "unknown type 'strng'"), ({"text": "string"}, "have already")],
)
def test_impossible_fields_are_an_error_before_a_run(fields: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        get_task("extract", fields=fields)


def test_a_summary_is_shorter_than_its_text_and_no_longer_than_asked() -> None:
    long = "word " * 12
    result = made("summarize", STEM, STEM, long, "Bridge closed.", words=5)

    assert only(result)["summary"] == "Bridge closed."
    assert "isn't shorter" in prompt(result[1], 1)
    assert "much longer than 5 words" in prompt(result[1], 2)


def test_a_translation_is_checked_by_the_likeness_of_its_translation_back() -> None:
    parameters = {"to": "German", "source": "English", "check": "similarity"}
    good = made("translate", STEM, "Die Brücke ...", STEM, **parameters)
    bad = made("translate", STEM, "Die Katze.", "A cat.", **parameters)

    assert (only(good)["agreement"], only(good)["back_translation"]) == (1.0, STEM)
    assert "from German into English" in prompt(good[1], 1)
    assert "the translation back is too unlike the text" in str([*bad[0].rejections, *bad[0].failures])


@pytest.mark.parametrize(("rating", "kept"), [("5", 1.0), ("3", 0.5), ("2", None)])
def test_a_translation_is_judged_from_1_to_5(rating: str, kept: float | None) -> None:
    result, _ = made(
        "translate",
        STEM,
        "Die Brücke ...",
        "The bridge ...",
        rating,
        to="German",
        source="English",
        check="judged",
    )

    assert [row["agreement"] for row in result.rows()] == ([] if kept is None else [kept])


def test_a_check_needs_the_language_to_translate_back_into() -> None:
    with pytest.raises(UsageError, match="translate back"):
        get_task("translate", check="judged")


def test_a_text_that_comes_back_untranslated_is_asked_for_again() -> None:
    result = made("translate", STEM, f" {STEM.upper()}", "Die Brücke.")

    assert only(result)["translation"] == "Die Brücke."


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("It rose 2 m.", "is missing"),
        ("It rose 1500 m and 7 cm.", "isn't in the text"),
        ("it ROSE 1,500 m", "same"),
    ],
)
def test_a_rewritten_text_keeps_the_numbers(answer: str, reason: str) -> None:
    result = made("rewrite", "It rose 1,500 m.", answer, "A rise of 1500 m.")

    assert only(result)["rewritten"] == "A rise of 1500 m."
    assert reason in prompt(result[1], 1)


def test_numbers_are_read_without_separators_and_stops() -> None:
    assert numbers_in("On 3. May, 1,000 people; 2.5 m.") == {"3", "1000", "25"}


def test_a_judge_rejects_a_rewritten_text_with_other_facts() -> None:
    assert made("rewrite", STEM, "New.", "No.", check="judged")[0].accepted == 0
    assert made("rewrite", STEM, "New.", "Yes.", check="judged")[0].accepted == 1


DOCUMENT = "The lighthouse was\n  built in 1874.  Its “lamp” burned oil \u2013 until 1921."


def pair(quote: str, question: str = "When was it built?") -> dict[str, str]:
    return {"question": question, "quote": quote, "answer": "In 1874."}


@pytest.mark.parametrize(
    "quote",
    [
        "lighthouse was built in 1874",
        "“The lighthouse was built in 1874.”",
        "...the LIGHTHOUSE was built...",
        'Its "lamp" burned oil - until 1921.',
    ],
)
def test_a_quote_is_found_whatever_its_spaces_and_marks(quote: str) -> None:
    row = only(made("qa-from-document", DOCUMENT, json.dumps(pair(quote))))

    assert row["quote"] == DOCUMENT[row["quote_start"] : row["quote_end"]]
    assert len(row["quote"]) >= 8


@pytest.mark.parametrize(
    ("quote", "reason"),
    [("built in 1875 by the town", "isn't in the document"), ("The", "too short"), ("", "short")],
)
def test_a_quote_that_is_not_there_is_asked_for_again(quote: str, reason: str) -> None:
    answers = (json.dumps(pair(quote)), json.dumps(pair("built in 1874")))
    result = made("qa-from-document", DOCUMENT, *answers)

    assert only(result)["quote"] == "built in 1874"
    assert reason in prompt(result[1], 1)


def test_words_of_the_document_are_no_question_unless_they_stand_there_as_one() -> None:
    document = "When was it built? The lighthouse was built in 1874."
    copied = json.dumps(pair("built in 1874", "The lighthouse was built"))
    asked = json.dumps(pair("built in 1874", "When was it built?"))
    result = made("qa-from-document", document, copied, asked)

    assert only(result)["question"] == "When was it built?"
    assert "the question is a copy of the document" in prompt(result[1], 1)


def test_the_prompt_of_a_grounded_question_names_the_fields_to_write() -> None:
    for questions, answer in ((1, pair("built in 1874")), (2, {"pairs": [pair("built in 1874")]})):
        result = made("qa-from-document", DOCUMENT, json.dumps(answer), questions=questions)
        assert all(f"`{name}`" in prompt(result[1]) for name in ("question", "quote", "answer"))
        assert ("`pairs`" in prompt(result[1])) == (questions == 2)


def test_of_several_questions_those_with_a_quote_are_rows() -> None:
    pairs = [
        pair("built in 1874"),
        pair("nowhere at all", "Where?"),
        pair("burned oil", "What did it burn?"),
        pair("built in 1874", "when was it BUILT"),
    ]
    result, requests = made("qa-from-document", DOCUMENT, json.dumps({"pairs": pairs}), questions=3)

    assert [row["question"] for row in result.rows()] == ["When was it built?", "What did it burn?"]
    assert "Write 3 different questions" in prompt(requests)


@pytest.mark.slow
def test_a_quote_in_a_long_document_is_found_in_no_time() -> None:
    document = "ab " * 50_000 + "The end is here."

    assert find_quote(document, "the  end is\nhere") == (150_000, 150_015)
    assert find_quote(document, "ab " * 3000 + "never") is None
    assert find_quote("abc", "") is None


def test_chrf_is_that_of_the_paper() -> None:
    assert chrf("the same", "the same") == 1.0
    assert chrf("", "x") == chrf("abc", "xyz") == 0.0
    # Worked by hand, for runs of one and two characters: precision (2/2 + 1/1) / 2, recall (2/3 + 1/2) / 2.
    assert chrf("ab", "abc") == pytest.approx(5 * 1 * (7 / 12) / (4 * 1 + 7 / 12))


def test_an_answer_ends_the_conversation() -> None:
    messages = [{"role": "user", "content": "Hi {{ x }}"}]
    llm = ScriptedLLM("Hello.")
    task = get_task("chat", system_prompt="You are {{ who }}.")
    (row,) = run(task, input=[{"messages": messages, "who": "Ada"}], llm=llm).rows()

    assert row["messages"] == [
        {"role": "system", "content": "You are Ada."},
        *messages,
        {"role": "assistant", "content": "Hello."},
    ]
    assert row["generation"] == "Hello."
    assert [message["role"] for message in llm.requests[0].messages] == ["system", "user"]


def test_the_system_prompt_of_a_conversation_stays() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    llm = ScriptedLLM("Hello.")
    run(get_task("chat", system_prompt="Be long."), input=[{"messages": messages}], llm=llm)

    assert llm.requests[0].messages == tuple(messages)


@pytest.mark.parametrize(
    "messages", [None, [], "Hi", ["Hi"], [{"role": "assistant", "content": "Hi"}], [{"content": "Hi"}]]
)
def test_what_is_no_conversation_costs_no_call(messages: Any) -> None:
    llm = ScriptedLLM("Hello.")
    made = run(get_task("chat"), input=[{"messages": messages}], llm=llm)

    assert (made.accepted, llm.requests) == (0, [])
    assert "conversation" in str(made.failures)
