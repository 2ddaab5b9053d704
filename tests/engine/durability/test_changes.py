"""What depends on code or rows that have changed is made again, over the answers that are there."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from seedbed import Step, Task, run
from seedbed.store import RunReader

ROWS = [{"n": n} for n in range(20)]

SOURCE = """
from seedbed import GeneratorTask, Task

SUFFIX = "!"

def finish(text):
    return text + SUFFIX

class Joke(GeneratorTask):
    # A comment.
    outputs = property(lambda self: ["joke"])

    def format_input(self, input):
        return [{"role": "user", "content": "Tell me a joke."}]

    def format_output(self, output, input):
        return {"joke": finish(output.lower())}

class Other(GeneratorTask):
    template: str = "Something else."
"""


class Ask(Task):
    template: str = "Ask {{ n }}"
    outputs: ClassVar[list[str]] = ["asked"]


class Again(Task):
    template: str = "Again {{ asked }}"
    outputs: ClassVar[list[str]] = ["again"]


class Last(Step):
    """Remembers the row before."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def load(self):
        self._last = None

    def process(self, row):
        before, self._last = self._last, row["asked"]
        return {**row, "before": before}


@pytest.fixture
def script(tmp_path, llm, answering_server):
    """Runs the source, in which something is replaced, and returns the rows and the number of calls."""

    def make(old="", new=""):
        (tmp_path / "t.py").write_text(SOURCE.replace(old, new) if old else SOURCE)
        answering_server.forget()
        made = run(f"{tmp_path}/t.py:Joke", 10, llm=llm, name="r")
        return [row["joke"] for row in made.rows()], answering_server.count

    return make


@pytest.mark.parametrize(
    ("old", "new"),
    [("output.lower()", "output.upper()"), ("text + SUFFIX", "SUFFIX + text"), ('"!"', '"?"')],
    ids=["in the class", "in a function that it calls", "in a constant that it uses"],
)
def test_other_code_makes_other_rows_of_the_same_answers(script, old, new):
    before, asked = script()
    assert asked == 10
    after, asked = script(old, new)
    assert asked == 0
    assert set(after).isdisjoint(before)


@pytest.mark.parametrize(
    ("old", "new"),
    [("# A comment.", "# Another one,\n    # and longer."), ("Something else.", "Something new.")],
    ids=["a comment", "another class"],
)
def test_a_change_that_is_not_of_its_code_makes_no_row_again(script, runs, old, new):
    before, _ = script()
    assert script(old, new) == (before, 0)
    with RunReader.open(runs / "r") as reader:
        first, second = (session.manifest["steps"][0]["fingerprint"] for session in reader.sessions())
    assert first == second


def test_code_that_asks_otherwise_is_retried(script):
    script()
    assert script("Tell me a joke.", "Tell me a story.")[1] == 10


@pytest.fixture
def over(llm, answering_server, tmp_path):
    """Runs steps over rows, given as they are or in a file; returns what was asked, and the rows made."""

    def make(rows, what=None, in_file=False):
        answering_server.forget()
        if in_file:
            (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        given = tmp_path / "in.jsonl" if in_file else rows
        made = run(what or Ask() >> Again(), input=given, llm=llm, name="r")
        assert made.outcome == "complete", made
        return sorted(answering_server.prompts), list(made.rows())

    return make


@pytest.mark.slow
@pytest.mark.parametrize("in_file", [False, True], ids=["given", "in a file"])
def test_rows_in_another_order_are_the_same_rows(over, in_file):
    _, before = over(ROWS, in_file=in_file)
    asked, after = over(ROWS[::-1], in_file=in_file)
    assert asked == []
    assert after == before[::-1]


@pytest.mark.slow
def test_rows_that_were_added_are_asked_about_and_no_others(over):
    _, before = over(ROWS)
    new = [{"n": 100}, *ROWS[:7], {"n": 101}, *ROWS[7:]]
    asked, after = over(new)
    assert asked[2:] == ["Ask 100", "Ask 101"]
    assert len(asked) == 4
    assert [row for row in after if row["n"] < 100] == before


@pytest.mark.slow
def test_rows_that_were_removed_are_gone_and_come_back_for_nothing(over):
    _, before = over(ROWS)
    assert over(ROWS[3:15]) == ([], before[3:15])
    assert over(ROWS) == ([], before)


@pytest.mark.slow
def test_a_row_that_was_changed_is_asked_about_and_no_other(over):
    _, before = over(ROWS)
    asked, after = over([*ROWS[:4], {"n": 100}, *ROWS[5:]])
    assert len(asked) == 2
    assert after[:4] + after[5:] == before[:4] + before[5:]


def test_a_row_that_stands_there_twice_is_asked_about_twice(over):
    asked, after = over([{"n": 1}, {"n": 1}])
    assert asked[2:] == ["Ask 1", "Ask 1"]
    assert after[0]["asked"] != after[1]["asked"]
    assert over([{"n": 1}, {"n": 2}, {"n": 1}])[1][::2] == after


@pytest.mark.slow
def test_what_a_step_in_order_remembers_follows_the_new_order(over):
    steps = Ask() >> Last() >> Again()
    _, before = over(ROWS, steps)
    asked, after = over(ROWS[::-1], steps)
    assert asked == []
    assert [row["before"] for row in after] == [None, *(row["asked"] for row in after[:-1])]
    assert [row["again"] for row in after] == [row["again"] for row in before[::-1]]
