"""Drawings of pipelines show each step once, and each way of rows between two steps."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.random_graphs import Graph, graphs, pipeline_of

from seedbed import (
    Expression,
    GeneratorStep,
    GlobalStep,
    Join,
    Pass,
    Pipeline,
    Row,
    Step,
    otherwise,
    when,
)
from seedbed.pipeline.assembly import Link
from seedbed.pipeline.drawing.lanes import LaneRow, lane_rows
from seedbed.pipeline.routing import Otherwise
from seedbed.testing import ScriptedLLM
from seedbed_tasks import SelfInstruct, TextGeneration


class Numbers(GeneratorStep):
    def process(self, offset: int = 0):  # type: ignore[no-untyped-def]
        yield {"n": 1}


class Keep(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        return row


class Turn(GlobalStep):
    def process(self, rows):  # type: ignore[no-untyped-def]
        return rows


def drawing(text: str) -> str:
    return "\n".join(line[4:] for line in text.strip("\n").splitlines())


def test_steps_follow_each_other() -> None:
    pipeline = Numbers() >> Keep() >> Turn()

    assert pipeline.graph() == drawing(
        """
    ○  numbers
    │
    ●  keep
    │
    ■  turn

    ■ waits for all rows before it
        """.rstrip()
    )


def test_routes_have_their_conditions_and_tasks_their_models() -> None:
    llm = ScriptedLLM(["a"]).referred_to_as("openai/gpt-4.1-mini")
    pipeline = SelfInstruct(llm=llm) >> [
        when("instruction |  length\n< 40", TextGeneration(name="brief", llm=llm)),
        otherwise(Pass()),
    ]
    pipeline = pipeline >> Keep(name="end")

    assert pipeline.graph() == drawing(
        """
    ○    self-instruct                   openai/gpt-4.1-mini
    ├─╮
    ● │  brief          text-generation  openai/gpt-4.1-mini  when instruction | length < 40
    │ │
    │ ●  pass                                                 otherwise
    ├─╯
    ●    end            keep
        """.rstrip()
    )


def test_joined_branches_and_shortcuts_are_told_from_routes() -> None:
    fork = Numbers()
    first, second = Keep(name="a"), Keep(name="b")
    pipeline = fork >> [first >> Keep(name="c"), second] >> Keep(name="end")

    assert pipeline.graph() == drawing(
        """
    ○    numbers
    ├─╮
    ● │  a        keep
    │ │
    ● │  c        keep
    │ │
    │ ●  b        keep
    ├─╯
    ●    end      keep  joins what became of each row of numbers
        """.rstrip()
    )


def test_a_step_may_have_a_condition_on_each_way_to_it() -> None:
    start, a, b, end = Numbers(name="x"), Keep(name="a"), Keep(name="b"), Keep(name="end")
    links = [
        Link(start, a, Expression("n > 1")),
        Link(start, b, Otherwise()),
        Link(a, end, Expression("n > 2")),
        Link(b, end, Expression("n < 0")),
    ]
    drawn = Pipeline([start, a, b, end], links=links).graph()

    assert "from a when n > 2; from b when n < 0" in drawn.splitlines()[-1]


def test_several_sources_stand_beside_each_other() -> None:
    pipeline = [Numbers(name="x") >> Keep(), Numbers(name="y")] >> Join(on=["n"]) >> Pass()

    assert pipeline.graph() == drawing(
        """
    ○    x     numbers
    │
    ●    keep
    │
    │ ○  y     numbers
    ├─╯
    ■    join
    │
    ●    pass

    ■ waits for all rows before it
        """.rstrip()
    )


def test_the_input_of_a_run_is_drawn_above_steps_that_read_it() -> None:
    assert (Keep(name="a") >> Keep(name="b")).graph().startswith("○  input\n│\n●  a")
    branches = (Pipeline() >> [Keep(name="a"), Keep(name="b")]).graph()
    assert branches.splitlines()[:3] == ["○    input", "├─╮", "● │  a      keep"]


def test_a_flowchart_has_shapes_conditions_and_escaped_texts() -> None:
    name = 'a "b" | c]; 1. <d>'
    pipeline = Numbers() >> [when("n < 1 or n == '#'", Keep(name=name)), otherwise(Pass())] >> Turn()

    assert pipeline.graph(mermaid=True).splitlines() == [
        "flowchart TD",
        '    s0(["numbers"])',
        '    s1["a #34;b#34; #124; c#93;#59; 1. #60;d#62;<br/>keep"]',
        '    s2["pass"]',
        '    s3[["turn"]]',
        '    s0 -->|"when n #60; 1 or n == #39;#35;#39;"| s1',
        '    s0 -->|"otherwise"| s2',
        "    s1 --> s3",
        "    s2 --> s3",
    ]


@pytest.mark.slow
@settings(deadline=None)
@given(graphs)
def test_each_step_and_each_way_of_a_graph_is_drawn(graph: Graph) -> None:
    topology = pipeline_of(graph).topology()
    below = {node.name: list(topology.children(node.name)) for node in topology.nodes}

    assert ways_of(lane_rows(list(below), below)) == {
        (start, end) for start, ends in below.items() for end in ends
    }


@settings(deadline=None)
@given(st.data())
def test_each_way_of_any_graph_without_a_cycle_is_drawn(data: st.DataObject) -> None:
    names = [f"s{number}" for number in range(data.draw(st.integers(1, 8)))]
    pairs = [(a, b) for number, a in enumerate(names) for b in names[number + 1 :]]
    chosen = [pair for pair in pairs if data.draw(st.booleans())]
    below = {name: [end for start, end in chosen if start == name] for name in names}

    assert ways_of(lane_rows(names, below)) == set(chosen)


UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
OPEN = {
    "│": {UP, DOWN},
    "─": {LEFT, RIGHT},
    "├": {UP, DOWN, RIGHT},
    "╮": {LEFT, DOWN},
    "╯": {LEFT, UP},
    "┬": {LEFT, RIGHT, DOWN},
    "┴": {LEFT, RIGHT, UP},
    "●": {UP, DOWN},
}


def ways_of(rows: list[LaneRow]) -> set[tuple[str, str]]:
    """Read the ways between steps off a drawing, as its reader does: down the bars and round the corners."""
    width = max(len(row.text) for row in rows)
    grid = [row.text.ljust(width) for row in rows]
    steps = {(number, 2 * row.lane): row.step for number, row in enumerate(rows) if row.step}
    found: set[tuple[str, str]] = set()
    for place, name in steps.items():
        waiting, seen = [(place, DOWN)], set()
        while waiting:
            (line, column), (by_line, by_column) = way = waiting.pop()
            line, column = line + by_line, column + by_column
            if way in seen or not 0 <= line < len(grid) or not 0 <= column < width:
                continue
            seen.add(way)
            came_from = (-by_line, -by_column)
            mark = grid[line][column]
            if mark == "│" and by_column:
                # A bar in front of a way that crosses it.
                waiting.append(((line, column), (by_line, by_column)))
            elif came_from in OPEN.get(mark, ()):
                if mark == "●":
                    found.add((name, str(steps[line, column])))
                    continue
                # Rows never go up, and from a line that gathers they go to its left end.
                waiting += [((line, column), turn) for turn in OPEN[mark] - {UP, came_from}]
    return found
