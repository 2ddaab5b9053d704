"""`seedbed runs explain`: how a row came about, through all steps, and why rows are missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import PrivateAttr
from tests.cli.conftest import Result
from tests.support.scripted_llm import scripted
from tests.support.terminal import terminal

from seedbed import GeneratorTask, Reject, Run, SharedAnswers, Step, run
from seedbed.cli import invoke
from seedbed.engine.lineage.shared import shared_with
from seedbed.engine.lineage.story_making import story_of
from seedbed.store import ModelRows, RunReader

Seedbed = Callable[..., Result]


class Count(GeneratorTask):
    template: str = "{{ n }}"
    unique = ("generation",)

    def sample(self, index, rng):
        return {"n": index}


class Halve(Step):
    def process(self, row):
        return [{**row, "half": half} for half in "ab"]


class Check(Step):
    def process(self, row):
        if (row["n"], row["half"]) == (0, "b"):
            raise Reject("no such half")
        if row["n"] == 2:
            raise ValueError("two")
        return row


@pytest.fixture
def halves(folder: Path) -> None:
    """A run of three steps, one of which makes two rows of each."""
    llm = scripted(lambda request: request.messages[-1]["content"].replace("3", "1"))
    (Count(llm=llm) >> Halve() >> Check()).run(8, name="halves")


def told(seedbed: Seedbed, *args: str) -> list[tuple[str, str, str]]:
    story = json.loads(seedbed("runs", "explain", "halves", *args, "--json").out)
    return [(step["step"], step["row"], step["status"]) for step in story["steps"]]


def test_a_row_is_followed_back_to_where_it_comes_from(seedbed: Seedbed, halves: None) -> None:
    assert told(seedbed, "0/1") == [
        ("count", "0", "done"),
        ("halve", "0", "done"),
        ("check", "0/1", "rejected"),
    ]


def test_a_row_is_followed_on_to_the_rows_that_it_has_become(seedbed: Seedbed, halves: None) -> None:
    assert told(seedbed, "1") == [
        ("count", "1", "done"),
        ("halve", "1", "done"),
        ("check", "1/0", "done"),
        ("check", "1/1", "done"),
    ]


def test_a_line_of_the_dataset_is_a_row(seedbed: Seedbed, halves: None) -> None:
    out = seedbed("runs", "explain", "halves", "--line", "2").out
    assert out.startswith("row 1/0: accepted\n")
    assert "half: a" in out
    for line in ("0", "99"):
        assert "there is no line " + line in seedbed("runs", "explain", "halves", "--line", line).error


def test_without_a_row_all_reasons_are_counted(seedbed: Seedbed, halves: None) -> None:
    reasons = json.loads(seedbed("runs", "explain", "halves", "--json").out)
    found = {(one["verdict"], one["step"]): one["count"] for one in reasons}
    assert found[("failed", "check")] == 2
    assert found[("rejected", "check")] == 1
    assert "1 rejected at check: no such half" in seedbed("runs", "explain", "halves").out


def test_an_unknown_row_is_answered_with_some_that_are_there(seedbed: Seedbed, halves: None) -> None:
    result = seedbed("runs", "explain", "halves", "77")
    assert result.status == 2
    assert "its rows are 0/0, " in result.error
    assert "leave out one of them" in seedbed("runs", "explain", "halves", "1", "--line", "1").error


def test_a_duplicate_is_explained(seedbed: Seedbed) -> None:
    run(Count(llm=scripted("same")), 2, name="same", max_attempts=2)
    told = seedbed("runs", "explain", "same", "1").out
    assert "a duplicate of an earlier row" in told
    assert "like row 0" in told


def test_a_run_without_refused_rows_says_so(seedbed: Seedbed) -> None:
    run(Count(llm=scripted()), 1, name="one")
    assert seedbed("runs", "explain", "one").out == "no row of the run 'one' failed or was rejected\n"


def test_a_row_that_fails_before_a_fork_is_counted_once(seedbed: Seedbed) -> None:
    class Broken(Step):
        def process(self, row):
            if row["n"]:
                raise ValueError("broken")
            return row

    class Left(Halve): ...

    class Right(Halve): ...

    (Broken() >> [Left(), Right()]).run(input=[{"n": 0}, {"n": 1}], name="fork", leaf="left")
    (one,) = json.loads(seedbed("runs", "--json").out)
    assert (one["accepted"], one["failed"]) == (2, 1)
    (reason,) = json.loads(seedbed("runs", "explain", "fork", "--json").out)
    assert reason["count"] == 1
    rows = seedbed("runs", "export", "fork", "--leaf", "right").rows
    assert [row["half"] for row in rows] == ["a", "b"]


class First(Step):
    word: str

    def process(self, row):
        if self.word == "bad":
            raise ValueError("no longer")
        return row


class Second(Step):
    def process(self, row):
        return {**row, "more": 1}


def test_results_downstream_of_a_step_that_fails_now_are_outdated(folder: Path) -> None:
    for word, ages in (("good", [False, False]), ("bad", [False, True])):
        kept = run(First(word=word) >> Second(), input=[{"n": 1}], name="aged")
        assert kept.folder is not None
        with RunReader.open(kept.folder) as reader:
            (verdict,) = reader.verdicts("second")
            story = story_of(reader, verdict.row)
        assert [chapter.is_old for chapter in story.chapters] == ages


class Several(Step):
    count: int

    def process(self, row):
        return [row] * self.count


def test_results_of_rows_that_no_step_upstream_makes_now_are_outdated(folder: Path) -> None:
    # By the id 0/1, first the one row made of the second of two, and then the second of two made of one.
    for first, second in ((2, 1), (1, 2)):
        steps = Several(name="first", count=first) >> Several(name="then", count=second) >> Second()
        kept = run(steps, input=[{"n": 1}], name="regrouped")
    story = kept.explain(line=2)
    ages = [(one.step, one.row.partition("/")[2], one.is_old) for one in story.chapters]
    assert ages == [("first", "", False), ("then", "", False), ("then", "1", True), ("second", "1", False)]


class Essay(GeneratorTask):
    template: str = "Line one.\n" * 30 + "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


@pytest.fixture
def essay(folder: Path) -> None:
    run(Essay(llm=scripted("".join(f"Point {n}\n" for n in range(40)))), 1, name="essay")


def test_prompts_answers_and_changes_are_shown(seedbed: Seedbed, halves: None) -> None:
    out = seedbed("runs", "explain", "halves", "0/0").out
    assert "user\n  0\n" in out
    assert "row 0/0 · 1 added\n  + half: a\n    unchanged: n, generation, model_name\n" in out
    assert "line 1 of the dataset of 'check'" in out


def test_prompts_and_seeds_are_in_the_json(seedbed: Seedbed, halves: None) -> None:
    story = json.loads(seedbed("runs", "explain", "halves", "0/0", "--json").out)
    (call,) = story["steps"][0]["calls"]
    assert call["messages"] == [{"role": "user", "content": "0"}]
    assert "seed" in call
    assert story["steps"][1]["changes"][0]["added"] == {"half": "a"}


def test_long_texts_are_whole_in_a_pipe(seedbed: Seedbed, essay: None) -> None:
    out = seedbed("runs", "explain", "essay", "0").out
    assert out.count("Line one.") == 30
    assert "Point 20" in out


def shown(*args: str) -> str:
    """Return what a terminal of 80 columns shows."""
    with terminal() as screen:
        invoke(["runs", "explain", "essay", "0", *args])
    return screen.text


def test_long_texts_are_folded_on_a_terminal_and_whole_with_full(
    essay: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    folded = shown()
    assert "… 24 lines" in folded
    assert "Point 11" in folded
    assert "Point 20" not in folded
    assert "Point 39" in folded
    assert "--full shows them whole" in folded
    assert "\x1b[36m\x1b[1muser\x1b[0m" in folded
    assert max(len(re.sub(r"\x1b\[\d+m", "", line)) for line in folded.splitlines()) <= 80
    assert "Point 20" in shown("--full")


class Asked(GeneratorTask):
    """Asks twice for each row."""

    template: str = "Name {{ n }}."

    def sample(self, index, rng):
        return {"n": index}

    async def generate_row(self, input):
        prompt = self.format_input(input)
        return {**input, "text": await self.ask(prompt) + await self.ask("And now?")}


def old_calls(seedbed: Seedbed, row: str = "0") -> list[tuple[str, bool]]:
    """Return the prompt of each call of a row, and whether it's said to be outdated."""
    (step,) = json.loads(seedbed("runs", "explain", "asked", row, "--json").out)["steps"]
    return [(call["messages"][-1]["content"], call["old"]) for call in step["calls"]]


def ask(template: str, n: int = 1, **options: object) -> Run:
    return run(Asked(llm=scripted(), template=template), n, name="asked", **options)


def test_calls_of_an_earlier_prompt_are_said_to_be_outdated(seedbed: Seedbed) -> None:
    ask("Name {{ n }}.")
    assert old_calls(seedbed) == [("Name 0.", False), ("And now?", False)]
    ask("Call {{ n }}.")
    # The second question is the same, so its answer is used again.
    changed = [("Name 0.", True), ("And now?", False), ("Call 0.", False)]
    assert old_calls(seedbed) == changed
    shown = seedbed("runs", "explain", "asked", "0").out
    assert shown.count("outdated: ") == 1
    assert shown.index("outdated: ") < shown.index("Name 0.") < shown.index("Call 0.")
    ask("Call {{ n }}.", 2)
    assert old_calls(seedbed) == changed
    assert old_calls(seedbed, "1") == [("Call 1.", False), ("And now?", False)]
    ask("Name {{ n }}.")
    assert old_calls(seedbed) == [("Name 0.", False), ("And now?", False), ("Call 0.", True)]


def test_calls_of_another_model_made_none_of_the_rows(seedbed: Seedbed) -> None:
    for model in ("one", "two"):
        made = run(Asked(llm=scripted(model=model)), 1, name="asked")
    with RunReader.open(made.folder) as reader:
        (row,) = ModelRows(reader, "asked", "made_by")
        assert json.loads(row)["made_by"] == "two"
        assert reader.count_calls_of("asked", "0") == {"two": 2}


def test_a_refused_row_has_the_calls_that_it_was_refused_for(folder: Path) -> None:
    class Refusing(Asked):
        async def generate_row(self, input):
            await super().generate_row(input)
            raise Reject("not this one")

    for template in ("Name {{ n }}.", "Call {{ n }}."):
        made = run(Refusing(llm=scripted(), template=template), 1, name="refused", max_attempts=1)
    (row,) = made.rejected_rows()
    assert [call.messages[-1]["content"] for call in row.calls if call.messages] == ["And now?", "Call 0."]
    assert len(row.calls) == 2


class Chapters(GeneratorTask):
    """Chapters of two books, whose outline is asked for once."""

    template: str = "chapter {{ n }} of {{ outline }}"
    _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

    def sample(self, index, rng):
        return {"n": index, "book": f"book {index % 2}"}

    async def generate_row(self, input):
        outline = await self._outlines.get(input["book"], lambda: self.ask(f"Outline {input['book']}."))
        return {**input, "text": await self.ask(self.format_input({**input, "outline": outline}))}


def test_answers_that_a_row_has_in_common_with_others_are_shown_with_what_they_were_made_for(
    seedbed: Seedbed,
) -> None:
    run(Chapters(llm=scripted(lambda request: request.messages[-1]["content"].upper())), 4, name="chapters")
    out = seedbed("runs", "explain", "chapters", "3").out
    told = out.partition("asked once for all rows with 'book 1'")[2]
    assert (
        told.index("Outline book 1.") < told.index("  OUTLINE BOOK 1.") < told.index("chapter 3 of OUTLINE")
    )
    assert "BOOK 0" not in out
    (step,) = json.loads(seedbed("runs", "explain", "chapters", "3", "--json").out)["steps"]
    assert [one["key"] for one in step["shared"]] == [["book 1"]]
    assert len(step["calls"]) == 1


def test_a_key_of_several_values_is_shared_by_rows_that_have_them_all() -> None:
    ids = [
        'shared:["crafts"]',
        'shared:["crafts", "bread"]',
        'shared:["crafts", "cakes"]',
        "shared:7",
        "shared:[]",
    ]
    rows = [{"field": "crafts", "subjects": ["bread"]}, {"n": 7}]
    assert shared_with(rows, ids) == [ids[0], ids[1], ids[3]]
