"""Every row that is not in a dataset has its reason in the store, whatever refused it."""

from __future__ import annotations

import random

import pyarrow
import pytest
from tests.support.lazy_module import lazy_module
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorStep, GeneratorTask, GlobalStep, Pass, Reject, Step, Task, run, when
from seedbed.store import RunReader

pandas = lazy_module("pandas")


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


def refused(done):
    """Return what the store says of the refused rows: id, verdict and the first line of the reason."""
    with RunReader.open(done.folder) as reader:
        return [
            (one.row, one.verdict, one.reason.splitlines()[0])
            for leaf in reader.leaves()
            for one in reader.refused(leaf)
        ]


def test_a_row_that_a_step_fails_on_or_rejects():
    class Check(Step):
        def process(self, row):
            if row["n"] == 1:
                raise Reject("no ones")
            return {"inverse": 1 / row["n"]}

    done = run(Count(llm=scripted()) >> Check(), 3, name="check")
    assert refused(done) == [
        ("0", "failed", "ZeroDivisionError: division by zero"),
        ("1", "rejected", "no ones"),
    ]


def test_a_duplicate_and_a_row_that_is_not_admitted():
    class Unique(Count):
        unique = ("generation",)

        def admit(self, row, accepted):
            if row["n"] == 2:
                raise Reject("no twos")

    llm = scripted(lambda request: prompt(request).replace("0", "one").replace("1", "one"))
    done = run(Unique(llm=llm), 2, name="unique")
    assert refused(done) == [
        ("1", "rejected", "a duplicate of an earlier row"),
        ("2", "rejected", "no twos"),
    ]


def test_an_author_who_mistypes_a_column_is_told_those_of_the_row():
    class Map(Step):
        def process(self, row):
            return {"twice": 2 * row["number_"]}

    class Ordered(Map):
        ordered = True

    class Repeatable(Map):
        repeatable = True

    class Prompt(Task):
        def format_input(self, row):
            return [{"role": "user", "content": row["number_"]}]

    class Output(Task):
        template: str = "{{ number }}"

        def format_output(self, text, row):
            return {"text": text, "n": row["number_"]}

    class Calls(Task):
        async def generate_row(self, row):
            return {"text": await self.ask(row["number_"])}

    rows, llm = [{"number": 1, "word": "one"}], scripted()
    tasks = [kind(num_generations=n, llm=llm) for kind in (Prompt, Output, Calls) for n in (1, 2)]
    routed = [when(lambda row: row["number_"], Pass())] >> Pass(name="end")
    for what in (Map(), Ordered(), Repeatable(), *tasks, routed):
        (failure,) = run(what, input=rows).failures
        first, place, *advice = failure.reason.splitlines()
        assert first == "KeyError: 'number_'", what
        assert place.startswith(f"  raised in {__file__}, line ")
        assert advice == ["  did you mean 'number'?", "  columns of the row: number, word"]


def test_a_generator_whose_rows_lack_a_column_is_told_those_that_they_have():
    class Sampled(Count):
        def format_input(self, row):
            return [{"role": "user", "content": row["number"]}]

    class Judged(Count):
        def admit(self, row, accepted):
            if row["generation_"]:
                raise Reject("no text")

    for kind, columns in ((Sampled, "n"), (Judged, "n, generation, model_name")):
        failure, *_ = run(kind(llm=scripted("text")), 1, max_attempts=1).failures
        assert failure.reason.splitlines()[-1] == f"  columns of the row: {columns}"


def test_the_columns_are_not_said_where_the_row_has_what_was_asked_of_another_dictionary():
    class Label(Step):
        def process(self, row):
            return {"label": {"a": 1}[row["kind"]], "kind": row["kind"]}

    class Notes(Step):
        def process(self, row):
            error = ValueError("not now")
            error.add_note("come back\nlater")
            raise error

    (failure,) = run(Label(), input=[{"kind": "kind"}]).failures
    first, place = failure.reason.splitlines()
    assert (first, place.partition(",")[0]) == ("KeyError: 'kind'", f"  raised in {__file__}")
    (failure,) = run(Notes(), input=[{"n": 1}]).failures
    assert failure.reason.splitlines()[2:] == ["  come back", "  later"]


def test_an_index_that_cannot_be_sampled():
    class Broken(Count):
        def sample(self, index, rng):
            return {"n": 1 // index}

    assert refused(run(Broken(llm=scripted()), 2, name="broken")) == [
        ("0", "failed", "ZeroDivisionError: integer division or modulo by zero")
    ]


def test_each_part_of_a_row_that_fails_on_its_own():
    class Halves(Task):
        template: str = "{{ n }}"

        def format_output(self, output, input):
            return [{"half": half} for half in output]

    class Picky(Step):
        def process(self, row):
            raise ValueError(row["half"])

    done = run(Halves(llm=scripted("ab")) >> Picky(), input=[{"n": 0}], name="halves")
    assert [one[1:] for one in refused(done)] == [("failed", "ValueError: a"), ("failed", "ValueError: b")]


def test_a_generator_that_ends_early_voids_what_it_made_behind_that():
    class Tape(GeneratorStep):
        def process(self, offset=0):
            for n in range(5):
                if n == broken_at:
                    raise OSError("torn")
                yield {"n": n}

    broken_at = None
    assert run(Tape(), name="tape").accepted == 5
    broken_at = 2
    done = run(Tape(), 10, name="tape")
    assert refused(done) == [("source", "failed", "OSError: torn")]
    assert [row["n"] for row in done.rows()] == [0, 1]


def test_a_step_that_needs_all_rows_and_fails():
    class Sort(GlobalStep):
        def process(self, rows):
            raise KeyError("order")

    done = run(Sort(), input=[{"n": 1}], name="sort")
    assert refused(done) == [("all", "failed", "KeyError: 'order'")]


@pytest.mark.parametrize(
    ("made", "advice"),
    [
        (lambda: pandas.DataFrame([{"n": 1}]), "return its rows: table.to_dict('records') (pandas)"),
        (lambda: pyarrow.table({"n": [1]}), ".to_pylist() (Arrow)"),
        (lambda: {"n": 1}, "yield a row, or a list of rows"),
        (lambda: "text", "yield a row, or a list of rows"),
    ],
)
def test_a_table_or_a_single_row_in_place_of_rows_is_named(made, advice):
    class All(GlobalStep):
        def process(self, rows):
            return made()

    class Source(GeneratorStep):
        def process(self, offset=0):
            return made()

    for done in (run(All(), input=[{"n": 1}]), run(Source(), 1)):
        (failure,) = done.failures
        assert f"returned {type(made()).__name__}, not rows\n  " in failure.reason
        assert advice in failure.reason


def test_a_step_that_takes_all_rows_for_a_list_is_told_how_to_make_one():
    class First(GlobalStep):
        def process(self, rows):
            return [rows[0]]

    class Shuffled(GlobalStep):
        def process(self, rows):
            random.Random(0).shuffle(rows)
            return rows

    class Sorted(GlobalStep):
        def process(self, rows):
            return rows.sort()

    for kind in (First, Shuffled, Sorted):
        (failure,) = run(kind(), input=[{"n": 1}, {"n": 2}]).failures
        assert failure.reason.splitlines()[-1] == "  for a list of all: rows = list(rows)"


def test_what_is_said_stays_when_the_run_goes_on():
    class Unique(Count):
        unique = ("generation",)

    first = run(Unique(llm=scripted("same")), 1, name="unique", max_attempts=3)
    again = run(Unique(llm=scripted("same")), 2, name="unique", max_attempts=3)
    assert first.rejected == 0
    assert refused(again) == [
        ("1", "rejected", "a duplicate of an earlier row"),
        ("2", "rejected", "a duplicate of an earlier row"),
    ]
    assert refused(run(Unique(llm=scripted("same")), 2, name="unique", max_attempts=4)) == [
        (str(n), "rejected", "a duplicate of an earlier row") for n in (1, 2, 3)
    ]


def test_a_row_that_no_route_takes_and_one_whose_condition_cannot_be_told():
    routed = [when(lambda row: row["n"] > 1 and row["m"] > 1, Pass(name="high"))] >> Pass()

    ((_, verdict, reason), *_) = refused(run(routed, input=[{"n": 1}, {"n": 2}], name="routed"))
    assert verdict == "rejected"
    assert reason.startswith("no route after 'input' takes this row: none of 'test_a_row")
    assert refused(run(routed, input=[{"n": 2}], name="routed"))[0][1:] == ("failed", "KeyError: 'm'")


def test_branches_that_cannot_be_joined():
    class Twice(Step):
        def process(self, row):
            return [row, row]

    joined = Pass(name="start") >> [Twice(name="one"), Twice(name="two")] >> Pass(name="end")

    assert refused(run(joined, input=[{"n": 1}], name="joined"))[0][1:] == (
        "failed",
        "'one' and 'two' both made several rows from one row, so they can't be joined",
    )
