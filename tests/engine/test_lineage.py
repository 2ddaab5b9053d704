"""The story of a row: its parents, what each step changed in it, its children, and where it ended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, GlobalStep, Join, Reject, Run, Step, Task, UsageError, get_step, run
from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.chapters import Chapter
from seedbed.engine.lineage.story import Story


class Count(GeneratorTask):
    outputs: ClassVar[list[str]] = ["text"]
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index, "_private": 1}

    def format_output(self, output, input):
        return {"text": output}


class Halve(Step):
    def process(self, row):
        return [{**row, "half": half} for half in "ab"]


class Left(Step):
    def process(self, row):
        return {**row, "left": row["n"] + 1}


class Right(Step):
    def process(self, row):
        return {**row, "right": row["n"] + 2}


class Meet(Step):
    def process(self, row):
        rest = {name: value for name, value in row.items() if name != "left"}
        return {**rest, "right": -row["right"]}


class Descending(GlobalStep):
    def process(self, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        yield from sorted(rows, key=lambda row: -row["n"])


class Summed(GlobalStep):
    def process(self, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        yield {"total": sum(row["n"] for row in rows)}


class Check(Step):
    def process(self, row):
        if row["n"] == 1:
            raise Reject("ones are not wanted")
        return row


class Answer(Task):
    outputs: ClassVar[list[str]] = ["answer"]
    template: str = "{{ question }}?"


class Ones(Step):
    def process(self, row):
        return row if row["n"] == 1 else []


@pytest.fixture
def forked() -> Run:
    """A run whose rows are halved, go two ways and meet again."""
    return (Count(llm=scripted("tea")) >> Halve() >> [Left(), Right()] >> Meet()).run(4, name="forked")


def chapter(story: Story, step: str) -> Chapter:
    (found,) = [one for one in story.chapters if one.step == step]
    return found


def test_each_step_says_what_it_has_added_changed_and_removed(forked: Run) -> None:
    story = forked.explain("1/0")
    (halved, _) = chapter(story, "halve").changes or []
    assert halved == Change({"half": "a"}, {}, {}, ("n", "text", "model_name"))
    (met,) = chapter(story, "meet").changes or []
    assert met.changed == {"right": (3, -3)}
    assert met.removed == {"left": 2}


def test_a_value_of_another_type_is_a_change() -> None:
    assert Change.between({"n": 1, "m": 1}, {"n": True, "m": 1}) == Change({}, {"n": (1, True)}, {}, ("m",))


def test_a_joined_row_has_the_rows_of_all_branches_as_parents(forked: Run) -> None:
    parents = chapter(forked.explain("1/0"), "meet").parents
    assert [(parent.step, parent.row) for parent in parents] == [("left", "1/0"), ("right", "1/0")]


def test_a_branch_that_knows_the_row_by_a_shorter_id_is_its_parent_too() -> None:
    made = (Count(llm=scripted("tea")) >> [Halve(), Right()] >> Ones()).run(2, name="uneven")
    parents = chapter(made.explain("1/1"), "ones").parents
    assert [(parent.step, parent.row) for parent in parents] == [("halve", "1/1"), ("right", "1")]


def test_the_rows_that_a_step_made_of_one_are_its_children(forked: Run) -> None:
    assert chapter(forked.explain("1"), "halve").children == ["1/0", "1/1"]
    assert chapter(forked.explain("1/1"), "left").children == []


def test_a_generated_row_comes_from_its_variables(forked: Run) -> None:
    story = forked.explain("1")
    assert chapter(story, "count").input == {"n": 1}
    assert "variables" in str(story)


def test_a_row_of_a_file_comes_from_its_line(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question": "Who"}\n{"question": "Why"}\n')
    made = run(Answer(llm=scripted("Tea.")), input=questions, name="answers")
    story = made.explain("questions.jsonl:2")
    assert story.source == "questions.jsonl, line 2"
    assert chapter(story, "answer").input == {"question": "Why"}
    (told,) = chapter(story, "answer").calls
    assert told.messages == [{"role": "user", "content": "Why?"}]
    assert str(story).startswith("questions.jsonl, line 2 (row ")


def test_where_a_row_ended_is_said_of_it_and_of_all_that_it_became() -> None:
    made = (Count(llm=scripted("tea")) >> Check() >> Halve()).run(2, name="ends")
    assert [*made.explain("0").ending_lines()][:2] == [
        "row 0/0: line 1 of the dataset of 'halve'",
        "row 0/1: line 2 of the dataset of 'halve'",
    ]
    made = run(Check(), input=[{"n": 1}], name="rejected")
    (row,) = [one.row for one in made.rejected_rows()]
    assert [*made.explain(row).ending_lines()] == ["rejected at 'check': ones are not wanted"]


def test_a_row_for_which_a_step_returned_nothing_is_dropped_there() -> None:
    made = run(Count(llm=scripted("tea")) >> Ones(), 1, name="dropped", max_attempts=3)
    story = made.explain("0")
    assert story.headline == "row 0: dropped by 'ones', which returned nothing for it"
    assert chapter(story, "ones").status == "dropped"


def test_a_row_after_a_step_over_all_rows_comes_from_the_row_with_its_values() -> None:
    made = (Count(llm=scripted("tea")) >> Descending() >> Check()).run(3, name="sorted")
    story = made.explain(line=1)
    assert [(one.step, one.rows) for one in story.gathered] == [("count", ("2",))]
    (earlier,) = story.earlier
    assert chapter(earlier, "count").calls[0].messages == [{"role": "user", "content": "2"}]
    assert "accepted at 'count'; 'descending' reads it with all other rows" in earlier.ending_lines()


def test_a_row_after_a_step_over_all_rows_of_a_file_comes_from_the_row_of_the_file(tmp_path: Path) -> None:
    # What the first step keeps, by the ids of the file's rows, equals the rows of the step over all.
    (tmp_path / "rows.jsonl").write_text('{"n": 5}\n{"n": 7}\n')
    made = run(Left() >> Descending(), input=tmp_path / "rows.jsonl", name="sorted")
    story = made.explain(line=1)
    (earlier,) = story.earlier
    assert [one.step for one in story.chapters] == ["descending"]
    assert chapter(earlier, "left").status == "done"
    assert str(made.explain("rows.jsonl:2")).startswith("rows.jsonl, line 2")


def test_a_row_that_shares_no_value_with_any_before_says_so() -> None:
    made = (Count(llm=scripted("tea")) >> Summed()).run(3, name="sum")
    assert "none of them has the values of this one" in str(made.explain(line=1))


def test_a_row_joined_by_its_columns_has_a_parent_in_each_input() -> None:
    class Prices(Count): ...

    joined = [Count(llm=scripted("tea")), Prices(llm=scripted("2 pounds"))] >> Join(on=["n"])
    story = joined.run(2, name="prices").explain(line=2)
    assert [(one.step, one.rows, one.columns) for one in story.gathered] == [
        ("count", ("1",), ("n",)),
        ("prices", ("1",), ("n",)),
    ]
    assert len(story.earlier) == 2


def test_rows_before_and_after_a_step_over_all_rows_are_not_taken_for_each_other() -> None:
    """Its results are kept by number, which are ids of other rows before it."""
    made = (Count(llm=scripted("tea")) >> Descending()).run(3, name="numbers")
    assert [one.step for one in made.explain("0").chapters] == ["count"]


def test_a_row_that_a_step_over_all_rows_left_as_it_was_comes_from_no_other() -> None:
    class Again(Descending): ...

    story = (Count(llm=scripted("tea")) >> Descending() >> Again()).run(2, name="twice").explain(line=1)
    assert [one.step for one in story.chapters] == ["count", "descending", "again"]
    # From the rows of the step right before it; under its own id it has no other story.
    assert [(one.step, one.rows) for one in story.gathered] == [("descending", (story.row,))]
    assert story.earlier == []


def test_a_row_of_the_input_that_a_step_reads_with_all_others_says_so() -> None:
    made = run(Descending(), input=[{"n": 1}, {"n": 2}], name="input")
    (known, *_) = made.explain(line=1).gathered
    assert (known.step, len(known.rows)) == ("", 1)
    (line, *_) = (text for text in made.explain(known.rows[0]).ending_lines() if "accepted" in text)
    assert line.endswith("'descending' reads it with all other rows")


def test_without_its_file_a_row_has_no_variables(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "Why"}\n')
    made = run(Answer(llm=scripted("because")), input=str(file), name="gone")
    file.unlink()
    assert chapter(made.explain(line=1), "answer").input is None


def test_a_joined_row_of_which_one_branch_fails_now_is_outdated() -> None:
    class Breaking(Right):
        is_broken: bool = False

        def process(self, row):
            if self.is_broken:
                raise ValueError("no longer")
            return super().process(row)

    for is_broken in (False, True):
        branches = [Left(), Breaking(name="right", is_broken=is_broken)]
        made = (Count(llm=scripted("tea")) >> branches >> Meet()).run(1, name="branch")
    assert [(one.step, one.is_old) for one in made.explain("0").chapters] == [
        ("count", False),
        ("left", False),
        ("right", False),
        ("meet", True),
    ]


def test_what_a_row_has_taken_is_added_up() -> None:
    llm = scripted("tea")
    made = (Count(llm=llm) >> Answer(llm=llm, template="{{ text }}")).run(1, name="spent")
    assert made.explain("0").spent().startswith("2 calls")


def test_a_row_that_is_not_there_is_an_error_that_names_some(forked: Run) -> None:
    with pytest.raises(UsageError, match="there is no row '77' in the run 'forked'"):
        forked.explain("77")
    with pytest.raises(UsageError, match="there is no line 9 in the dataset"):
        forked.explain(line=9)


def test_a_story_is_json(forked: Run) -> None:
    story = json.loads(json.dumps(forked.explain("1/0").as_json()))
    met = next(step for step in story["steps"] if step["step"] == "meet")
    assert met["changes"][0]["changed"] == {"right": {"before": 3, "after": -3}}
    assert met["parents"] == [{"step": "left", "row": "1/0"}, {"step": "right", "row": "1/0"}]
    assert story["endings"][0]["line"] == 3


def test_a_run_without_a_name_explains_its_rows_too() -> None:
    made = run(Count(llm=scripted("tea")), 1)
    assert made.explain("0").verdict is not None


def test_a_row_of_a_named_source_is_found_by_its_content_and_by_its_number() -> None:
    source = get_step("rows", rows=[{"question": "Who"}, {"question": "Why"}, {"question": "Why"}])
    made = (source >> Answer(llm=scripted("Tea."))).run(name="named")
    story = made.explain(line=3)
    assert story.source == "row 3 of 'rows'"
    assert chapter(story, "rows").rows == [{"question": "Why"}]
    assert chapter(story, "answer").input == {"question": "Why"}
    assert made.explain("row 3 of 'rows'").row == story.row
    assert made.explain("row 2 of 'rows'").row != story.row


def test_a_row_of_a_source_of_files_is_found_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "a.jsonl").write_text('{"question": "Who"}\n')
    (tmp_path / "q" / "b.jsonl").write_text('{"question": "Why"}\n\n{"question": "Why"}\n')
    made = (get_step("jsonl", path=str(tmp_path)) >> Answer(llm=scripted("Tea."))).run(name="named")
    story = made.explain(line=3)
    assert story.source == "q/b.jsonl, line 3"
    assert chapter(story, "answer").input == {"question": "Why"}
    assert made.explain("q/b.jsonl:3").row == story.row
    assert made.explain("q/b.jsonl, line 1").row != story.row
    assert made.explain(f"{tmp_path / 'q' / 'a.jsonl'}:1").row == made.explain(line=1).row


def test_a_part_of_a_source_row_is_found_by_the_name_that_messages_give_it() -> None:
    rows = [{"question": ["who", "what"]}, {"question": ["when", "why"]}]
    made = (
        get_step("rows", rows=rows)
        >> get_step("explode", column="question")
        >> get_step("filter", keep="question != 'why'")
    ).run(name="parts")
    story = made.explain("2/1")
    assert story.headline.startswith("row 2/1 of 'rows'")
    assert chapter(story, "filter").input == {"question": "why"}
    assert made.explain("row 2/1 of 'rows'").row == story.row
    assert made.explain("1").headline.endswith("became 2 rows")


def test_a_row_of_a_group_comes_from_the_rows_that_it_lists() -> None:
    rows = [{"kind": kind, "question": f"q{n}"} for n, kind in enumerate("abab")]
    made = (get_step("rows", rows=rows) >> get_step("group", by=["kind"])).run(name="grouped")
    (gathered,) = made.explain(line=2).gathered
    assert [story.chapters[0].rows[0]["question"] for story in made.explain(line=2).earlier] == ["q1", "q3"]
    assert len(gathered.rows) == 2


def test_a_prompt_that_later_calls_begin_with_is_shown_once() -> None:
    class Asks(Task):
        template: str = "Name a number."

        async def generate_row(self, row: dict[str, Any]) -> Any:
            asked = [{"role": "user", "content": "Name a number."}]
            answers = []
            for wrong in ("one", "two"):
                reminder = [
                    {"role": "assistant", "content": wrong},
                    {"role": "user", "content": f"Not {wrong}."},
                ]
                for messages in (asked, [*asked, *reminder]):
                    answers += (await self.llm.agenerate([messages]))[0]
            return {"number": answers[-1]}

    shown = str(run(Asks(llm=scripted("two")), input=[{"n": 1}]).explain(line=1))
    assert shown.count("Name a number.") == 1
    assert shown.count("Not one.") == shown.count("Not two.") == 1
    # What wasn't an answer is part of the prompt.
    assert "one" in shown.split("Not one.")[0]
