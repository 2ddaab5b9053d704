"""What differs between two runs: settings, versions, counts, rows by id, words, tokens and cost."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.memory import grows_by_less, measured, peak_megabytes
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorTask, Reject, Run, RunDiff, SeedbedError, Step, UsageError, diff_runs, run
from seedbed.engine.comparison.diff_text import plain
from seedbed.engine.comparison.words import Piece, word_diff
from seedbed.llm.response import Response, Usage


class Boat(GeneratorTask):
    template: str = "Write of a {{ colour }} boat, the number {{ n }}."
    colour: str = "red"

    def sample(self, index, rng):
        return {"n": index, "colour": self.colour}

    def format_output(self, output, input):
        if "never" in output:
            raise Reject("the boat never comes")
        return {"text": output}


def made(name: str, n: int = 3, answers: dict[int, str] | None = None, **fields: Any) -> Run:
    """Return a run of boats, in which each row has its own answer."""

    def answer(request: Any) -> Response:
        number = int(prompt(request).rpartition(" ")[2].rstrip("."))
        text = (answers or {}).get(number, f"Boat {number} is at sea.")
        return Response.of_text(text, usage=Usage(input_tokens=10, output_tokens=number))

    return run(Boat(llm=scripted(answer), **fields), n, name=name, max_attempts=9)


def settings(diff: RunDiff) -> dict[str, tuple[Any, Any]]:
    return {one.name: (one.before, one.after) for one in diff.settings}


def test_two_runs_of_the_same_differ_in_nothing() -> None:
    made("a"), made("b")
    diff = diff_runs("a", "b")
    assert (diff.settings, diff.versions) == ([], [])
    assert diff.rows == (3, 0, 0, 0, {}, [], [], [])


def test_parameters_and_prompts_that_differ_are_told_apart() -> None:
    made("a"), made("b", colour="blue", template="Write of a slow {{ colour }} boat, the number {{ n }}.")
    diff = diff_runs("a", "b")
    assert [one.name for one in diff.settings if one.is_prompt] == ["boat.template"]
    assert settings(diff)["boat.colour"] == ("red", "blue")
    assert "boat.template: Write of a {+slow+} {{ colour }} boat" in str(diff)
    assert [one["name"] for one in diff.as_json()["prompts"]] == ["boat.template"]


def test_a_setting_that_only_one_run_has_is_not_set_in_the_other() -> None:
    made("a"), run(Boat(llm=scripted("x", temperature=0.5)), 3, name="b")
    assert settings(diff_runs("a", "b"))["boat.llm.temperature"] == (None, 0.5)
    assert "boat.llm.temperature: (not set) → 0.5" in str(diff_runs("a", "b"))


def test_rows_are_matched_by_id_and_say_what_changed_in_their_words() -> None:
    made("a", 3), made("b", 3, {1: "Boat 1 is at home."})
    diff = diff_runs("a", "b")
    assert diff.rows[:4] == (2, 1, 0, 0)
    assert diff.rows.columns == {"text": 1}
    (row,) = diff.rows.changed_rows
    assert row.row == "1"
    assert row.change.changed == {"text": ("Boat 1 is at sea.", "Boat 1 is at home.")}
    assert str(diff).splitlines()[-1] == "  ~ text: Boat 1 is at [-sea-]{+home+}."


def test_rows_of_one_run_alone_say_what_the_other_decided_of_them() -> None:
    made("a", 3), made("b", 3, {1: "It never comes."})
    rows = diff_runs("a", "b").rows
    assert [(one.row, one.verdict, one.step, one.reason) for one in rows.first_rows] == [
        ("1", "rejected", "boat", "the boat never comes")
    ]
    assert [(one.row, one.data["n"], one.verdict) for one in rows.second_rows] == [("3", 3, "")]
    assert "row 1, only in 'a'; rejected in 'b' at 'boat': the boat never comes" in str(diff_runs("a", "b"))


def test_a_row_of_the_input_is_found_by_its_content_wherever_it_stands() -> None:
    class Mark(Step):
        def process(self, row):
            return {**row, "mark": 1}

    rows = [{"q": word} for word in ("one", "two", "three")]
    run(Mark(), input=rows, name="a")
    run(Mark(), input=[{"q": "new"}, *rows[::-1]], name="b")
    diff = diff_runs("a", "b").rows
    assert diff[:4] == (3, 0, 0, 1)
    assert [one.data["q"] for one in diff.second_rows] == ["new"]


def test_rows_that_a_step_made_of_one_are_told_apart() -> None:
    class Split(Step):
        last: str = "z"

        def process(self, row):
            return [{"letter": letter} for letter in ("x", "y", self.last)]

    run(Split(), input=[{"q": 1}], name="a")
    run(Split(last="w"), input=[{"q": 1}], name="b")
    diff = diff_runs("a", "b").rows
    assert diff[:4] == (2, 1, 0, 0)
    assert diff.changed_rows[0].change.changed == {"letter": ("z", "w")}
    assert diff.changed_rows[0].row.endswith("/2")


def test_counts_tokens_and_cost_are_side_by_side() -> None:
    made("a", 2), made("b", 3, {0: "never"})
    diff = diff_runs("a", "b")
    assert (diff.first.counts["accepted"], diff.second.counts["rejected"]) == (2, 1)
    assert (diff.first.spent.output_tokens, diff.second.spent.output_tokens) == (1, 6)
    assert "  Accepted 2 → 3" in str(diff)
    assert "  Tokens   20 input + 1 output → 40 input + 6 output" in str(diff)


def test_a_cost_that_is_not_known_is_null() -> None:
    made("a", 2), made("b", 3)
    diff = diff_runs("a", "b")
    free = diff.first._replace(spent=diff.first.spent._replace(unpriced=0))
    told = diff._replace(first=free).as_json()
    assert (told["first"]["spent"]["cost"], told["second"]["spent"]["cost"]) == (0, None)


def test_only_some_rows_are_in_the_result_and_all_are_counted() -> None:
    made("a", 4), made("b", 4, dict.fromkeys(range(4), "Other."))
    diff = diff_runs("a", "b", rows=1)
    assert (diff.rows.changed, len(diff.rows.changed_rows)) == (4, 1)
    assert "and 3 more changed" in str(diff)
    assert diff_runs("a", "b", rows=0).rows.columns == {"text": 4}


def test_the_order_of_columns_is_no_difference() -> None:
    class Turn(Step):
        back: bool = False

        def process(self, row):
            return dict(sorted(row.items(), reverse=self.back))

    run(Turn(), input=[{"a": 1, "b": 2}], name="a")
    run(Turn(back=True), input=[{"a": 1, "b": 2}], name="b")
    assert diff_runs("a", "b").rows.same == 1


def test_a_run_in_memory_is_compared_with_one_on_disk_and_with_another(runs: Path) -> None:
    made("a")
    unnamed = run(Boat(llm=scripted("Other.")), 3)
    assert unnamed.diff("a").rows.changed == 3
    assert unnamed.diff(run(Boat(llm=scripted("Other.")), 2)).rows[:4] == (2, 0, 1, 0)
    assert unnamed.diff(runs / "a", rows=1).rows.changed == 3


def test_a_version_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from seedbed.engine.resume import manifest

    made("a")
    monkeypatch.setattr(manifest, "running_version", lambda: "9.9")
    made("b")
    (version,) = diff_runs("a", "b").versions
    assert (version.name, version.after) == ("seedbed", "9.9")


def test_what_cannot_be_compared_says_why(runs: Path) -> None:
    class Ship(Boat): ...

    made("a")
    run(Ship(llm=scripted("x")), 1, name="ship")
    with pytest.raises(UsageError, match="'a' is compared with itself"):
        diff_runs("a", "a")
    with pytest.raises(UsageError, match="there is no run in"):
        diff_runs("a", "nowhere")
    with pytest.raises(UsageError, match=r"have no step in common\n.*'boat'\n.*'ship'"):
        diff_runs("a", "ship")
    with pytest.raises(UsageError, match="doesn't end in 'sea'"):
        diff_runs("a", runs / "ship", leaf="sea")
    with pytest.raises(UsageError, match="rows is -1"):
        made("b").diff("a", rows=-1)


def test_a_run_that_was_made_before_fields_were_kept_is_compared(runs: Path) -> None:
    made("a"), made("b")
    with sqlite3.connect(runs / "a" / "run.db") as connection:
        (text,) = connection.execute("SELECT manifest FROM sessions").fetchone()
        old = json.loads(text)
        for step in old["steps"]:
            del step["fields"], step["columns"], step["code"]
        connection.execute("UPDATE sessions SET manifest = ?", (json.dumps(old),))
    connection.close()
    assert "boat.template: (not set) → " in str(diff_runs("a", "b"))


def test_a_difference_is_json() -> None:
    made("a"), made("b", 4, {1: "Boat 1 is at home."})
    told = json.loads(json.dumps(diff_runs("a", "b").as_json()))
    (changed,) = told["rows"]["changed_rows"]
    assert changed["changed"]["text"]["words"] == [
        ["=", "Boat 1 is at"],
        ["-", " sea"],
        ["+", " home"],
        ["=", "."],
    ]
    assert told["rows"]["second_rows"][0]["data"]["text"] == "Boat 3 is at sea."
    assert told["first"]["counts"] == {"accepted": 3, "rejected": 0, "failed": 0}


@given(st.text(), st.text())
def test_the_pieces_of_two_texts_make_both_again(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "+") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "-") == after


def test_texts_with_little_in_common_are_shown_one_after_the_other() -> None:
    assert word_diff("the cat sat on a mat", "rain of a spring day falls") == [
        Piece("-", "the cat sat on a mat"),
        Piece("+", "rain of a spring day falls"),
    ]


def test_long_texts_are_compared_in_bounded_time() -> None:
    before = " ".join(f"a{n % 7} b{n}" for n in range(20_000))
    pieces = word_diff(before, before.replace("b7 ", "c7 ").replace("b19000", "c19000"))
    assert [piece.kind for piece in pieces] == ["=", "-", "+", "="]


def test_a_line_of_text_marks_what_each_run_has() -> None:
    made("a"), made("b", 3, {1: "Boat 1 is at home."})
    line = [*diff_runs("a", "b").lines()][-1]
    assert [(part.kind, part.text) for part in line if part.kind] == [("-", "[-sea-]"), ("+", "{+home+}")]
    assert plain(line).startswith("  ~ text: ")


LARGE = """
import sys
from pathlib import Path
from seedbed import Step, diff_runs, run

class Number(Step):
    extra: int = 0
    def process(self, row):
        return {**row, "text": "x" * 200, "extra": self.extra if row["n"] % 1000 == 0 else 0}

class Rows:
    def __iter__(self):
        return ({"n": n} for n in range(int(sys.argv[1])))

if len(sys.argv) > 2:
    run(Number(extra=int(sys.argv[2])), input=Rows(), name=f"extra{sys.argv[2]}")
else:
    diff = diff_runs("extra0", "extra1", rows=2)
    assert diff.rows.changed == int(sys.argv[1]) // 1000, diff.rows[:4]
"""


@measured
@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def peak_of(rows: int) -> float:
        monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path / str(rows)))
        return peak_megabytes(LARGE, rows)

    few, many = 2_000, 40_000
    for rows in (few, many):
        monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path / str(rows)))
        for extra in (0, 1):
            peak_megabytes(LARGE, rows, extra)
    assert grows_by_less(12, partial(peak_of, few), partial(peak_of, many))


def test_the_temporary_file_is_closed_if_a_run_cannot_be_read(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(path: Any, *given: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(path, *given, **options)
        if path == "":
            opened.append(connection)
        return connection

    made("a"), made("b")
    with connect(runs / "b" / "run.db") as damaged:
        damaged.execute("UPDATE results SET data = x'00'")
    damaged.close()
    monkeypatch.setattr(sqlite3, "connect", noted)

    with pytest.raises(SeedbedError):
        diff_runs("a", "b")

    (temporary,) = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        temporary.execute("SELECT 1")
