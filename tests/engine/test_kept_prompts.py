"""A run keeps the prompts of its answers, without repeating what it has in rows or in other prompts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.support.scripted_llm import ALL, scripted

from seedbed import GeneratorTask, Request, Step, Task, image_part, run
from seedbed.engine.lineage.story_making import story_of
from seedbed.engine.prompts.keeper import PromptKeeper
from seedbed.engine.prompts.reader import PromptReader
from seedbed.llm.calling.prompt_texts import RowText
from seedbed.llm.calling.scope import CallScope
from seedbed.store import RunReader
from seedbed.store.answer_packing import unpack

TOPIC = "the tea of the mountains, which is picked before the rain and dried on stones in the sun"
RULES = "Write one sentence. Use no adjective, no adverb and no comma, and end with a full stop. " * 3


class Write(Task):
    outputs: ClassVar[list[str]] = ["text"]
    system_prompt: str = RULES
    template: str = RULES + "About: {{ topic }}. Number {{ n }}. " + RULES


class Invent(GeneratorTask):
    template: str = RULES + "{{ topic }} {{ _secret }}"

    def sample(self, index, rng):
        return {
            "topic": TOPIC,
            "_secret": "a private variable is in no row at all, so it's kept in the prompt",
        }


class WithoutTopic(Step):
    def process(self, row):
        return {"text": row["text"]}


def sent_and_kept(made: Any, llm: Any) -> tuple[list[Any], list[Any]]:
    """Return the prompts that the model got and those that the run has, in the order of the rows."""
    with RunReader.open(made.folder) as reader:
        stories = [story_of(reader, verdict.row) for verdict in reader.verdicts(made.leaf)]
    calls = [told for story in stories for chapter in story.chapters for told in chapter.calls]
    sent = [[dict(message) for message in request.messages] for request in llm.requests]
    return sorted(sent, key=str), sorted((told.messages for told in calls), key=str)


def stored_answers(folder: Path) -> list[bytes]:
    with RunReader.open(folder) as reader:
        return [unpack(answer) for (answer,) in reader._all("SELECT answer FROM calls ORDER BY rowid")]


def test_the_prompts_of_accepted_rows_are_those_that_were_sent(tmp_path):
    llm = scripted("Tea grows.")
    rows = [{"topic": TOPIC, "n": n} for n in range(5)]
    sent, kept = sent_and_kept(run(Write(llm=llm), input=rows, name="write"), llm)
    assert kept == sent
    assert len(kept) == 5


def test_what_all_prompts_or_the_row_have_is_not_kept_with_each_of_them(tmp_path):
    made = run(Write(llm=scripted("Tea.")), input=[{"topic": TOPIC, "n": n} for n in range(5)], name="write")
    *_, last = stored_answers(made.folder)
    assert b"adjective" not in last
    assert TOPIC.encode() not in last
    assert len(last) < 500


def test_a_variable_that_is_in_no_row_is_kept_with_the_prompt(tmp_path):
    llm = scripted(lambda request: f"Tea {request.seed}.")
    sent, kept = sent_and_kept(run(Invent(llm=llm), 3, name="invent"), llm)
    assert kept == sent


def test_a_text_that_a_later_step_drops_is_still_there(tmp_path):
    llm = scripted("Tea grows.")
    made = run(Write(llm=llm) >> WithoutTopic(), input=[{"topic": TOPIC, "n": 1}], name="dropped")
    sent, kept = sent_and_kept(made, llm)
    assert kept == sent


def test_a_row_that_a_step_changes_while_it_asks_does_not_lose_its_prompt(tmp_path):
    class Ask(Step):
        llm: Any

        def process(self, row):
            row["topic"] = row["topic"].upper()
            answer = self.llm.generate([[{"role": "user", "content": RULES + row["topic"]}]])[0]
            return {"answer": answer[0]}

    llm = scripted("Tea.")
    made = run(Ask(llm=llm), input=[{"topic": TOPIC, "n": 1}], name="changed")
    sent, kept = sent_and_kept(made, llm)
    assert kept == sent


def test_the_seed_of_a_call_is_the_one_that_was_sent(tmp_path):
    llm = scripted("Tea.", offers=ALL)
    made = run(Write(llm=llm), input=[{"topic": TOPIC, "n": 1}], name="seeds")
    with RunReader.open(made.folder) as reader:
        (verdict,) = reader.verdicts("write")
        (told,) = story_of(reader, verdict.row).chapters[0].calls
    assert told.seed is not None
    assert told.seed == llm.requests[0].seed


def test_a_key_in_a_prompt_is_not_kept_even_if_a_value_of_the_row_is_a_part_of_it(tmp_path):
    class Leak(Task):
        outputs: ClassVar[list[str]] = ["text"]
        token: SecretStr = SecretStr("sk-tea-secret-123")

        def format_input(self, input):
            return [{"role": "user", "content": f"{RULES} {self.token.get_secret_value()} {input['n']}"}]

    made = run(Leak(llm=scripted("Tea.")), input=[{"n": "tea"}, {"n": "tea"}], name="leak")
    database = (made.folder / "run.db").read_bytes()
    assert b"sk-tea-secret" not in b"".join(stored_answers(made.folder)) + database
    assert b"-secret-123" not in b"".join(stored_answers(made.folder)) + database


def test_images_are_left_out(tmp_path):
    class Look(Task):
        outputs: ClassVar[list[str]] = ["text"]

        def format_input(self, input):
            image = image_part(b"\x89PNG\r\n\x1a\n" + bytes(3000))
            return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]

    made = run(Look(llm=scripted("Tea.", offers=ALL)), input=[{"n": 1}], name="look")
    (answer,) = stored_answers(made.folder)
    assert b"characters that are not kept" in answer
    assert len(answer) < 1000


def test_a_run_that_goes_on_in_another_session_keeps_all_prompts(tmp_path):
    sent = []
    for count in (3, 6):
        llm = scripted("Tea.")
        made = run(Write(llm=llm), input=[{"topic": TOPIC, "n": n} for n in range(count)], name="again")
        of_session, kept = sent_and_kept(made, llm)
        sent += of_session
    assert kept == sorted(sent, key=str)


class Marks:
    """The named values of a run."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get_mark(self, name: str) -> str | None:
        return self.values.get(name)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(
    st.lists(TEXTS, min_size=1, max_size=4),
    st.lists(st.lists(TEXTS, max_size=3), min_size=1, max_size=6),
)
def test_any_prompt_made_of_a_template_and_a_row_comes_back(template: list[str], rows: list[list[str]]):
    marks = Marks()
    keeper = PromptKeeper(marks.values.__setitem__, [])
    for values in rows:
        prompt = "".join(
            part for pair in zip(template, [*values, "", "", "", ""], strict=False) for part in pair
        )
        scope = CallScope(0, "step", "7")
        scope.texts = sorted((RowText(v, True) for v in values if v), key=lambda one: -len(one.text))
        asked = keeper.asked(scope, Request(({"role": "user", "content": prompt},), seed=3))
        row: Mapping[str, Any] = {str(number): value for number, value in enumerate(values)}
        reader = PromptReader(marks, [dict(row)])  # type: ignore[arg-type]
        told = reader.prompt_of(b'{"asked":' + asked + b"}")
        assert told is not None
        assert told.messages == [{"role": "user", "content": prompt}]
        assert told.seed == 3


def test_of_prompts_that_differ_in_short_values_only_the_values_are_kept():
    marks = Marks()
    keeper = PromptKeeper(marks.values.__setitem__, [])
    for number in range(5):
        scope = CallScope(0, "step", str(number))
        scope.texts = [RowText(str(number), True)]
        messages = [{"role": role, "content": f"Count {number} boats."} for role in ("system", "user")]
        asked = keeper.asked(scope, Request(tuple(messages), seed=number))
        told = PromptReader(marks, []).prompt_of(b'{"asked":' + asked + b"}")  # type: ignore[arg-type]
        assert told is not None
        assert (told.messages, told.seed) == (messages, number)
    assert len(marks.values) == 1
    assert len(asked) < 65
    lost = PromptReader(Marks(), []).prompt_of(b'{"asked":' + asked + b"}")  # type: ignore[arg-type]
    assert lost is not None
    assert lost.messages[0]["content"] == "[a text that the run doesn't have]"


def test_numbers_that_are_equal_but_not_in_json_come_back_as_they_were():
    marks = Marks()
    keeper = PromptKeeper(marks.values.__setitem__, [])
    for weight in (1, 1, 1, 1.0, 1.0, True, True, 1):
        scope = CallScope(0, "step", "7")
        message: dict[str, Any] = {"role": "user", "content": "Count boats.", "weight": weight}
        asked = keeper.asked(scope, Request((message,)))
        told = PromptReader(marks, []).prompt_of(b'{"asked":' + asked + b"}")  # type: ignore[arg-type]
        assert told is not None
        assert repr(told.messages[0]["weight"]) == repr(weight)


def test_a_template_with_a_short_value_in_many_places_is_kept_once():
    marks = Marks()
    keeper = PromptKeeper(marks.values.__setitem__, [])
    for number in range(20, 25):
        rules = " ".join(f"Rule {rule}: of {number} boats, count those in sight." for rule in range(1, 14))
        asked, messages = kept_of(keeper, marks, rules, str(number))
        assert messages == [{"role": "user", "content": rules}]
    assert len(marks.values) == 1
    assert len(asked) < 200


def test_a_short_value_in_many_places_of_what_prompts_share_does_not_keep_them_from_sharing():
    marks = Marks()
    keeper = PromptKeeper(marks.values.__setitem__, [])
    shared = "Count an ant, an antler and an anvil, and then say how many of them can swim in an ocean."
    for example, value in enumerate(("an", "ant", "in", "an")):
        # Each prompt has something of its own that's in no row: no outline is like another.
        topic = f"{TOPIC} {example}"
        prompt = f"{shared}{topic}: {example}{value}"
        asked, messages = kept_of(keeper, marks, prompt, topic, value)
        assert messages == [{"role": "user", "content": prompt}]
    assert shared not in asked.decode()


@pytest.mark.parametrize("prompt", ["", "?"])
def test_a_row_may_have_an_empty_value_and_a_prompt_of_nearly_nothing(prompt):
    marks = Marks()
    _, messages = kept_of(PromptKeeper(marks.values.__setitem__, []), marks, prompt, "")
    assert messages == [{"role": "user", "content": prompt}]


def kept_of(keeper: PromptKeeper, marks: Marks, prompt: str, *values: str) -> tuple[bytes, list[Any]]:
    """Return what is kept of a prompt made with values, and the messages that are read from it."""
    scope = CallScope(0, "step", "7")
    scope.texts = [RowText(value, False) for value in values]
    asked = keeper.asked(scope, Request(({"role": "user", "content": prompt},), seed=3))
    told = PromptReader(marks, []).prompt_of(b'{"asked":' + asked + b"}")  # type: ignore[arg-type]
    assert told is not None
    return asked, told.messages


def test_a_text_whose_row_is_gone_is_named_and_not_made_up():
    keeper = PromptKeeper(dict[str, str]().__setitem__, [])
    scope = CallScope(0, "step", "7")
    scope.texts = [RowText(TOPIC, True)]
    asked = keeper.asked(scope, Request(({"role": "user", "content": f"About {TOPIC}."},)))
    told = PromptReader(Marks(), []).prompt_of(b'{"asked":' + asked + b"}")  # type: ignore[arg-type]
    assert told is not None
    (message,) = told.messages
    assert message["content"] == f"About [{len(TOPIC)} characters of a row that the run no longer has]."


@pytest.mark.parametrize("answer", [b'{"choices":[],"usage":[0,0,0,0],"model":null,"raw":null}'])
def test_an_answer_of_an_earlier_version_has_no_prompt(answer: bytes):
    assert PromptReader(Marks(), []).prompt_of(answer) is None  # type: ignore[arg-type]
