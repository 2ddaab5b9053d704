"""Columns that `unique` names: a misspelt one, of which every row would be a duplicate, stops the run."""

from __future__ import annotations

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, GeneratorTask, UsageError, run


class Numbered(GeneratorTask):
    template: str = "Number {{ number }}"

    def sample(self, index, rng):
        return {"number": index}


class Misspelt(Numbered):
    unique = ("nubmer",)


class OneOfTwo(Numbered):
    unique = ("number", "generatoin")


class AuthorsName(Numbered):
    unique = ("generation",)


class Unforeseen(Numbered):
    """Its columns aren't known before it has made a row."""

    unique = ("txt",)

    def format_output(self, text, row):
        return {"text": f"{text} {row['number']}"}


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (Misspelt, {}, "'nubmer', but what 'misspelt' makes doesn't have it\n  did you mean 'number'?"),
        (OneOfTwo, {}, "did you mean 'generation'?"),
        (
            AuthorsName,
            {"output_mappings": {"generation": "story"}},
            "columns there: number, story, model_name",
        ),
    ],
)
def test_a_column_that_no_row_will_have_is_found_before_a_call(kind, fields, said):
    llm = scripted()
    with pytest.raises(UsageError) as caught:
        run(kind(llm=llm, **fields), 2)
    assert said in str(caught.value)
    assert "`unique` of step" in str(caught.value)
    assert not llm.requests


def test_a_column_that_the_first_row_lacks_stops_the_run_there():
    llm = scripted("text")
    with pytest.raises(UsageError, match="step 'unforeseen' names 'txt', but its row has no such column"):
        run(Unforeseen(llm=llm), 1000, concurrency=1)
    # Some rows have begun together with the first.
    assert len(llm.requests) < 100


def test_so_does_one_of_a_source():
    class Source(GeneratorStep):
        unique = ("b",)

        def process(self, offset=0):
            yield from ({"a": n} for n in range(3))

    with pytest.raises(UsageError, match="names 'b', but its row has no such column"):
        run(Source(), 3)


def test_a_column_that_only_some_rows_have_is_none_in_the_others():
    class Sometimes(Unforeseen):
        unique = ("text",)

        def format_output(self, text, row):
            return {"text": f"{text} {row['number']}"} if row["number"] % 3 == 0 else {"other": 1}

    done = run(Sometimes(llm=scripted("text")), 4, max_attempts=7)

    assert [row["number"] for row in done.rows()] == [0, 1, 3, 6]
    assert done.rejected == 3
