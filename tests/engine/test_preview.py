"""`preview` in Python: a few rows with their prompts, the parameters sent, and the answers."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest
from tests.support.scripted_llm import prompt, scripted

import seedbed
from seedbed import GeneratorTask, Reject, Task, UsageError, preview


class Count(GeneratorTask):
    template: str = "Count {{ n }}"
    system_prompt: str = "Be brief."

    def sample(self, index, rng):
        return {"n": index}


class Answer(Task):
    template: str = "Answer {{ question }}"

    def format_output(self, output, input):
        if "two" in output:
            raise ValueError("not two")
        if "three" in output:
            raise Reject("not three")
        return {"answer": output}


def test_it_shows_prompts_parameters_answers_and_rows():
    shown = preview(Count(llm=scripted("one", temperature=0.5)), 1)
    (row,) = shown
    assert row.rows == [{"n": 0, "generation": "one", "model_name": "scripted"}]
    (call,) = row.calls
    assert [message["content"] for message in call.request.messages] == ["Be brief.", "Count 0"]
    assert call.parameters["temperature"] == 0.5
    assert repr(shown).splitlines()[:9] == [
        "row 0",
        "  system",
        "    Be brief.",
        "  user",
        "    Count 0",
        f"  answer · {', '.join(f'{name}={value}' for name, value in call.parameters.items())}",
        "    one",
        "  row",
        "    n: 0",
    ]
    json.dumps(row.as_json())


def test_three_rows_unless_told_otherwise_and_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_RUNS", raising=False)
    assert len(preview(Count(llm=scripted()))) == 3
    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_file_are_named_by_line_and_show_why_they_are_none(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(f'{{"question": "{word}"}}' for word in ("one", "two", "three")))
    text = repr(preview(Answer(llm=scripted(prompt)), input=path))
    for part in ("q.jsonl, line 1", "q.jsonl, line 2\n", "ValueError: not two", "rejected\n    not three"):
        assert part in text
    assert "1 failed, 1 rejected" in text


@pytest.mark.parametrize("form", [repr, lambda shown: shown._repr_html_()])
def test_what_a_terminal_or_a_page_would_obey_is_shown_as_text(form):
    shown = form(preview(Count(llm=scripted("\x1b[2J<script>\u202e")), 1))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown
    assert form is repr or "<script" not in shown


def test_the_table_of_a_run_shows_its_first_rows_and_how_many_more_there_are():
    made = seedbed.run(Count(llm=scripted("<b>\x1b")), 12)
    page = made._repr_html_()
    assert page.count("<tr>") == 11
    assert "and 2 more" in page
    assert "&lt;b&gt;\\x1b" in page
    assert "<b>\\" not in page


def test_a_run_shows_itself_in_few_lines_also_where_its_folder_is_gone():
    class Fail(Count):
        def format_output(self, output, input):
            raise ValueError(output)

    made = seedbed.run(Fail(llm=scripted("\x1b[2J")), 20, name="gone", give_up_after=0)
    assert repr(made).splitlines() == [
        "run 'gone' is incomplete: 0 of 20 rows, 20 failed, 0 rejected",
        "  20 times: ValueError: \\x1b[2J",
    ]
    shutil.rmtree(made.folder)
    assert "0 of 20 rows, 20 failed" in made._repr_html_()


def test_it_works_where_a_loop_runs():
    async def cell():
        return preview(Count(llm=scripted("one")), 1)

    assert len(asyncio.run(cell())) == 1


def test_what_cannot_be_run_is_said_as_by_run():
    with pytest.raises(UsageError, match="no LLM"):
        preview(Count())
    with pytest.raises(UsageError, match="a registry and a lock file"):
        preview(Count(llm=scripted()), registry=seedbed.Registry(), locked="seedbed.lock")
