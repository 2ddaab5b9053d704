"""Files that rows come from, and that are written to meanwhile, deleted, or named as the dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.scripted_llm import ScriptedLLM, scripted

from seedbed import Run, Task, UsageError, run


class Shout(Task):
    """Says a text again."""

    template: str = "{{ text }}"


def write(path: Path, *texts: str | None) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def go_on(path: Path, llm: ScriptedLLM) -> Run:
    return run(Shout(), input=path, llm=llm, name="shouts", out=path.with_name("out.jsonl"))


def meddling(meddle: Callable[[], object]) -> ScriptedLLM:
    """Return an LLM that meddles when it is asked for the last row, which has been read."""

    def answer(request):
        if request.messages[-1]["content"] == "b":
            meddle()
        return "yes"

    return scripted(answer)


@pytest.mark.parametrize("texts", [("a", "b", "c"), ("z", "b")], ids=["appended", "changed"])
def test_a_file_that_is_written_to_while_a_run_reads_it_is_read_again_next_time(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    path = write(tmp_path / "in.jsonl", "a", "b")
    # What is appended may still be read.
    assert go_on(path, meddling(lambda: write(path, *texts))).accepted in (2, len(texts))

    assert [row["text"] for row in go_on(path, scripted()).rows()] == list(texts)


def test_a_file_that_is_deleted_while_a_run_goes_on_takes_no_row_away(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", "a", "b")

    made = go_on(path, meddling(path.unlink))

    assert (made.outcome, made.accepted) == ("complete", 2)


def test_a_dataset_does_not_replace_the_rows_that_it_is_made_of(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", "a")
    (tmp_path / "link.jsonl").symlink_to(path)
    llm = scripted()

    for out in (path, tmp_path / "link.jsonl"):
        with pytest.raises(UsageError, match="both the input and the dataset"):
            run(Shout(), input=path, llm=llm, out=out)

    assert not llm.requests
    assert path.read_text() == '{"text": "a"}\n'


def test_an_empty_cell_is_not_sent_as_the_word_none(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", "a", None)
    llm = scripted()

    made = go_on(path, llm)

    assert (made.accepted, made.failed) == (1, 1)
    assert "shows 'text', which is None" in str(made)
    assert len(llm.requests) == 1


def test_what_a_template_says_of_none_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", None)
    llm = scripted()

    made = run(Shout(template="{{ text or 'nothing' }}"), input=path, llm=llm)

    assert made.accepted == 1
    assert llm.requests[0].messages[-1]["content"] == "nothing"


def test_a_run_that_was_refused_keeps_its_name_from_nobody(tmp_path: Path) -> None:
    class Other(Shout):
        """Says it otherwise."""

    path = write(tmp_path / "in.jsonl", "a")
    with pytest.raises(UsageError):
        run(Other(template="{{ txet }}"), input=path, llm=scripted(), name="shouts")

    assert go_on(path, scripted()).accepted == 1
