"""Where branches meet: which fork they come of, and whether their rows are joined or united."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.steps import All, Plain, Source, plain

from seedbed import Concat, Join, Pass, Pipeline, UsageError, otherwise, when
from seedbed.pipeline.assembly import Link
from seedbed.pipeline.routing import Expression
from seedbed.pipeline.topology import Merge, Node, Topology


def merge_of(pipeline: Pipeline, name: str) -> Merge | None:
    return pipeline.topology().node(name).merge


def test_branches_are_joined_on_their_fork() -> None:
    a, b, c, d, e, f = plain("a b c d e f")
    pipeline = a >> b >> [c, d >> e] >> f

    assert merge_of(pipeline, "f") == Merge("join", "b")
    assert [node.merge for node in pipeline.topology().nodes if node.name != "f"] == [None] * 5


def test_routes_are_united() -> None:
    a, b, c, d = plain("a b c d")

    assert merge_of(a >> [when("x", b), otherwise(c)] >> d, "d") == Merge("union", "a")


def test_routes_within_routes_are_united_at_once() -> None:
    a, b, c, d, e, f = plain("a b c d e f")
    pipeline = a >> [when("x", b), otherwise(c >> [when("y", d), otherwise(e)])] >> f

    assert merge_of(pipeline, "f") == Merge("union", "a")


def test_branches_within_branches_are_joined_at_once_or_one_after_the_other() -> None:
    a, b, c, d, e, f = plain("a b c d e f")

    assert merge_of(a >> [b, c >> [d, e]] >> f, "f") == Merge("join", "a")
    inner_first = a >> [[b, c] >> d, e] >> f
    assert merge_of(inner_first, "d") == Merge("join", "a")
    assert merge_of(inner_first, "f") == Merge("join", "a")


def test_every_step_of_a_list_receives_every_branch() -> None:
    a, b, c, d, e, f = plain("a b c d e f")
    pipeline = a >> [b, c] >> [d, e] >> f

    assert [merge_of(pipeline, name) for name in "def"] == [Merge("join", "a")] * 3


def test_routes_behind_united_routes_are_united_again() -> None:
    a, b, c, d, e, f = plain("a b c d e f")
    pipeline = a >> [when("x", b), otherwise(c)] >> [when("y", d), otherwise(e)] >> f

    assert [merge_of(pipeline, name) for name in "def"] == [Merge("union", "a")] * 3


def test_routes_that_meet_in_a_branch_are_joined_with_the_others() -> None:
    a, b, c, d, e, f = plain("a b c d e f")
    routed = b >> [when("x", c), otherwise(d)] >> Pass()

    pipeline = a >> [routed, e] >> f

    assert merge_of(pipeline, "pass") == Merge("union", "b")
    assert merge_of(pipeline, "f") == Merge("join", "a")


def test_routes_that_meet_no_sooner_than_the_other_branch_are_refused() -> None:
    a, b, c, d, e, f = plain("a b c d e f")

    with pytest.raises(UsageError, match="those of 'a' get every row, those of 'b' only some") as raised:
        (a >> [b >> [when("x", c), otherwise(d)], e] >> f).topology()

    assert "let the branches of 'b' meet first" in str(raised.value)


def test_plain_branches_within_routes_are_refused_until_they_meet() -> None:
    a, b, c, d, e, f = plain("a b c d e f")

    with pytest.raises(UsageError, match="those of 'b' get every row, those of 'a' only some"):
        (a >> [when("x", b >> [c, d]), otherwise(e)] >> f).topology()


def test_a_condition_on_rows_that_are_joined_is_refused() -> None:
    a, b, c, d = plain("a b c d")

    with pytest.raises(UsageError, match="the path to 'd' has a condition, but it also joins branches"):
        (a >> [b, c] >> when("x", d)).topology()

    assert merge_of(a >> [b, c] >> Pass() >> when("x", d), "pass") == Merge("join", "a")


def test_the_input_is_a_fork_where_several_steps_read_it() -> None:
    a, b, c = plain("a b c")
    pipeline = [a, b] >> c

    assert pipeline.topology().nodes[0] == Node(pipeline.topology().node("input").step)
    assert isinstance(pipeline.topology().node("input").step, Pass)
    assert merge_of(pipeline, "c") == Merge("join", "input")


def test_a_global_step_receives_joined_rows_and_a_combining_one_each_input() -> None:
    a, b, c, d = plain("a b c d")

    assert merge_of(a >> [b, c] >> All(), "all") == Merge("join", "a")
    assert merge_of(a >> [when("x", b), otherwise(c)] >> All(), "all") == Merge("union", "a")
    combined = (a >> [b, c] >> Join(on=["id"]) >> d).topology().node("join")
    assert combined.merge is None
    assert [parent.step for parent in combined.parents] == ["b", "c"]


@pytest.mark.parametrize("barrier", [All(name="barrier"), Concat(name="barrier")])
def test_a_step_that_makes_other_rows_cannot_stand_in_a_branch_that_is_joined(barrier: All | Concat) -> None:
    a, b, c = plain("a b c")

    with pytest.raises(
        UsageError, match="meet at 'c' cannot be joined: 'barrier' makes other rows"
    ) as raised:
        (a >> [b, barrier] >> c).topology()

    assert "Join(on=[...])" in str(raised.value)


def test_a_fork_behind_a_global_step_is_a_fork() -> None:
    a, b, c, d = plain("a b c d")

    assert merge_of(a >> All() >> [b, c] >> d, "d") == Merge("join", "all")
    assert merge_of(All() >> [b, c] >> d, "d") == Merge("join", "all")


def test_rows_of_two_sources_are_not_joined_by_themselves() -> None:
    a, b, c = plain("a b c")
    first, second = Source(name="first") >> a, Source(name="second") >> b

    with pytest.raises(UsageError, match="meet at 'c' have no fork in common"):
        ([first, second] >> c).topology()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Pipeline, set[str]]:
    """Return a graph of one source whose edges go from lower to higher numbers, and its routed forks."""
    count = draw(st.integers(3, 8))
    steps = [Plain(name=str(number)) for number in range(count)]
    parents = {
        child: draw(st.sets(st.integers(0, child - 1), min_size=1, max_size=3)) for child in range(1, count)
    }
    below = {parent: [child for child in parents if parent in parents[child]] for parent in range(count)}
    routed = {parent for parent, children in below.items() if len(children) > 1 and draw(st.booleans())}
    links = [
        Link(steps[parent], steps[child], Expression("true") if parent in routed else None)
        for parent, children in below.items()
        for child in children
    ]
    shown = draw(st.permutations(steps))
    return Pipeline(shown, links=draw(st.permutations(links))), {str(parent) for parent in routed}


def ways_to(topology: Topology, name: str) -> list[list[str]]:
    parents = [parent.step for parent in topology.node(name).parents]
    return [[*way, name] for parent in parents for way in ways_to(topology, parent)] or [[name]]


@given(graphs())
def test_the_fork_is_the_last_step_that_all_ways_lead_through(drawn: tuple[Pipeline, set[str]]) -> None:
    topology = accepted(drawn[0])
    for node in topology.nodes:
        assert (node.merge is not None) == (len(node.parents) > 1)
        if node.merge is not None:
            ways = [way[:-1] for way in ways_to(topology, node.name)]
            common = [step for step in ways[0] if all(step in way for way in ways)]
            assert node.merge.fork == common[-1]


@given(graphs())
def test_united_rows_come_one_by_one_and_joined_rows_together(drawn: tuple[Pipeline, set[str]]) -> None:
    pipeline, routed = drawn
    topology = accepted(pipeline)
    worlds = [reached(topology, routes) for routes in choices(topology, routed)]
    for node in topology.nodes:
        if node.merge is None:
            continue
        arrivals = [sum(way in world for way in ways_into(node)) for world in worlds]
        if node.merge.kind == "union":
            assert max(arrivals) == 1
        else:
            assert max(arrivals) == len(node.parents)


@given(graphs())
def test_only_routes_beside_plain_branches_are_refused(drawn: tuple[Pipeline, set[str]]) -> None:
    pipeline, routed = drawn
    if not routed:
        assert {node.merge.kind for node in pipeline.topology().nodes if node.merge} <= {"join"}
        return
    try:
        pipeline.topology()
    except UsageError as error:
        assert "only some" in str(error) or "has a condition" in str(error)  # noqa: PT017


def accepted(pipeline: Pipeline) -> Topology:
    try:
        return pipeline.topology()
    except UsageError:
        assume(False)
        raise


def ways_into(node: Node) -> list[tuple[str, str]]:
    return [(parent.step, node.name) for parent in node.parents]


def choices(topology: Topology, routed: set[str]) -> list[dict[str, str]]:
    """Return every way in which the routed forks may decide on one row."""
    forks = sorted(routed)
    return [
        dict(zip(forks, taken, strict=True))
        for taken in product(*(topology.children(fork) for fork in forks))
    ]


def reached(topology: Topology, routes: dict[str, str]) -> set[tuple[str, str]]:
    """Return the edges that one row goes along."""
    there: set[str] = set()
    along: set[tuple[str, str]] = set()
    for node in topology.nodes:
        arrived = [
            way for way in ways_into(node) if way[0] in there and routes.get(way[0], node.name) == node.name
        ]
        needed = len(node.parents) if node.merge and node.merge.kind == "join" else min(1, len(node.parents))
        along.update(arrived)
        if len(arrived) >= needed:
            there.add(node.name)
    return along


@given(graphs())
def test_the_order_has_parents_first_and_every_step_once(drawn: tuple[Pipeline, set[str]]) -> None:
    topology = accepted(drawn[0])
    names = [node.name for node in topology.nodes]
    place = {name: number for number, name in enumerate(names)}

    assert sorted(names) == sorted(step.name for step in drawn[0].steps)
    assert all(place[edge.parent] < place[edge.child] for edge in topology.edges)
    # Where the graph leaves it open, steps stand as they were given.
    given_place = {step.name: number for number, step in enumerate(drawn[0].steps)}
    for before, after in combinations(names, 2):
        if given_place[before] > given_place[after]:
            parents = [parent.step for parent in topology.node(after).parents]
            assert any(place[parent] >= place[before] for parent in parents)
