"""What a template chooses at random is chosen once for each row, however often the template is rendered."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import Expression, GeneratorTask, InvalidRowError, Pipeline, Row, Step, Task, UsageError, run
from seedbed.tasks.templates.template import render
from seedbed_data import Filter, Map

ROWS = [{"n": number} for number in range(60)]
DRAWN = "range(1000) | random"


class Styled(Task):
    template: str = "{{ range(1000) | random }} {{ range(1000) | random }} {{ n }}"


class Numbered(GeneratorTask):
    template: str = "{{ range(1000) | random }}"

    def sample(self, index: int, rng: Random) -> Row:
        return {"number": index}


class Plain(Step):
    """Keeps rows as they are; not repeatable, so the rows of its run are single results."""

    def process(self, row: Row) -> Row:
        return row


def asked(seed: int, name: str, n: int | None = None) -> list[Any]:
    made = run(Styled(llm=scripted(prompt)), n, input=ROWS, seed=seed, name=name)
    return [row["generation"] for row in made.rows()]


@pytest.mark.slow
def test_a_row_has_the_same_prompt_in_each_session_and_rows_have_different_ones() -> None:
    first = asked(7, "one")
    assert asked(7, "two") == first
    assert asked(7, "resumed", 20) == first[:20]
    assert asked(7, "resumed") == first
    assert asked(8, "other") != first
    assert len({text.rpartition(" ")[0] for text in first}) == len(ROWS)
    assert any(text.split()[0] != text.split()[1] for text in first)


def test_a_generator_chooses_for_each_index() -> None:
    first, second = ([*run(Numbered(llm=scripted(prompt)), 30, seed=7).rows()] for _ in range(2))
    assert first == second
    assert len({row["generation"] for row in first}) > 20


def test_steps_choose_the_same_wherever_their_rows_are_kept() -> None:
    def rows_of(*more: Step) -> list[Row]:
        steps: Any = Filter(keep=f"{DRAWN} < 500") >> Map(make={"drawn": DRAWN})
        for step in more:
            steps = steps >> step
        assert isinstance(steps, Pipeline)
        return [*run(steps, input=ROWS, seed=7).rows()]

    blocks = rows_of()
    assert rows_of() == blocks == rows_of(Plain())
    assert 0 < len(blocks) < len(ROWS)


def test_an_expression_outside_of_a_run_chooses_by_the_row() -> None:
    drawn = [Expression(DRAWN).value(row) for row in ROWS]
    assert drawn == [Expression(DRAWN).value(row) for row in ROWS]
    assert len({*drawn}) > len(ROWS) / 2


@pytest.mark.parametrize("row", [{"a": 2**80}, {"a": "\ud800"}, {"_a": object()}, {"a": float("nan")}, {}])
def test_a_row_of_any_values_can_be_chosen_by(row: dict[str, Any]) -> None:
    other = {name: object() if name == "_a" else value for name, value in row.items()}
    assert Expression(DRAWN).value(row) == Expression(DRAWN).value(other)


def test_nothing_is_chosen_from_nothing() -> None:
    with pytest.raises(InvalidRowError, match="nothing to choose from"):
        render("{{ [] | random }}", {})


def test_words_that_differ_each_time_are_not_to_be_had() -> None:
    with pytest.raises(UsageError, match="'lipsum' is undefined"):
        render("{{ lipsum() }}", {})
