"""The bars of the steps say what has happened, not what has begun."""

from __future__ import annotations

from rich.console import Console

from seedbed import GeneratorTask, Row, Step
from seedbed.cli.terminal.step_bars import StepBars
from seedbed.engine.segments.step_counts import StepCounts


class Numbers(GeneratorTask):
    template: str = "{{ n }}"


class Passing(Step):
    def process(self, row: Row) -> Row:
        return row


def test_an_index_counts_as_tried_when_it_is_done() -> None:
    steps = [Numbers.model_construct(name="numbers"), Passing()]
    counts = {
        "numbers": StepCounts(taken=8, made=2, passed=2, refused=1, failed=1),
        "passing": StepCounts(taken=2, made=1, passed=1),
    }
    console = Console(width=100)
    with console.capture() as shown:
        for line in StepBars(steps, counts).draw(0.0, 10, 100, 5):
            console.print(line)

    assert "4 tried" in shown.get()
    assert "8 tried" not in shown.get()
    assert "2 in" in shown.get()
