from __future__ import annotations

import pytest
from tests.support.steps import Source, plain

from seedbed import Concat, Pass, Pipeline, UsageError, otherwise, when
from seedbed.pipeline.topology import Edge


def ways(pipeline: Pipeline) -> set[tuple[str, str]]:
    return {edge[:2] for edge in pipeline.topology().edges}


def test_steps_in_a_row_are_linked_one_after_the_other() -> None:
    a, b, c = plain("a b c")

    pipeline = a >> b >> c

    assert pipeline.topology().edges == (Edge("a", "b"), Edge("b", "c"))
    assert pipeline.steps == [a, b, c]
    assert Pipeline([a, b, c]).topology() == pipeline.topology()


def test_a_list_forks_and_the_next_step_receives_both_branches() -> None:
    a, b, c, d, e = plain("a b c d e")

    assert ways(a >> [b, c >> d] >> e) == {("a", "b"), ("a", "c"), ("c", "d"), ("b", "e"), ("d", "e")}


def test_a_list_may_begin_a_pipeline() -> None:
    a, b, c, d = plain("a b c d")
    first, second = Source(name="first") >> a, Source(name="second") >> b

    united = [first, second] >> Concat() >> c

    assert ways(united) == {
        ("first", "a"),
        ("second", "b"),
        ("a", "concat"),
        ("b", "concat"),
        ("concat", "c"),
    }
    assert ways([first, second] >> (Concat() >> d)) == ways(united) - {("concat", "c")} | {("concat", "d")}


def test_two_pipelines_with_a_common_beginning_have_it_once() -> None:
    a, b, c, d = plain("a b c d")

    united = [a >> b, a >> c] >> d

    assert united.steps == [a, b, c, d]
    assert ways(united) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}


def test_a_pipeline_may_meet_its_own_continuation() -> None:
    a, b, c, d = plain("a b c d")
    beginning = a >> b

    assert ways([beginning, beginning >> c] >> d) == {("a", "b"), ("b", "c"), ("b", "d"), ("c", "d")}


def test_a_pipeline_follows_another_with_all_its_heads_and_ends() -> None:
    a, b, c, d, e, f = plain("a b c d e f")

    pipeline = (a >> [b, c]) >> ([d, e] >> f)

    assert ways(pipeline) == {
        *(("a", "b"), ("a", "c")),
        *(("b", "d"), ("b", "e"), ("c", "d"), ("c", "e")),
        *(("d", "f"), ("e", "f")),
    }


def test_a_pipeline_in_a_branch_may_bring_a_source_of_its_own() -> None:
    a, b = plain("a b")
    source, other = Source(name="source"), Source(name="other")

    pipeline = source >> ([a, other] >> Concat()) >> b

    assert ways(pipeline) == {("source", "a"), ("a", "concat"), ("other", "concat"), ("concat", "b")}


def test_operators_leave_their_operands_as_they_are() -> None:
    a, b, c, d = plain("a b c d")
    shared = a >> b

    shared >> c
    shared >> [c, d]

    assert shared.steps == [a, b]
    assert shared.topology().leaves == ("b",)


def test_the_name_of_a_pipeline_stays() -> None:
    a, b = plain("a b")

    assert (Pipeline([a], "kept") >> b).name == "kept"
    assert (a >> Pipeline([b], "given")).name == "given"


def test_routes_stand_in_the_order_in_which_rows_try_them() -> None:
    a, b, c, d, e = plain("a b c d e")

    # `e` is behind `b` in the order of steps, and before it in that of routes.
    topology = (a >> [when("x", e), when("y", b), otherwise(d)]).topology()
    reordered = Pipeline([a, b, e, c], links=(a >> [when("x", e), otherwise(b >> c)]).links).topology()

    assert [(child, when.text) for child, when in topology.routes("a")] == [
        ("e", "x"),
        ("b", "y"),
        ("d", "otherwise"),
    ]
    assert [child for child, _ in reordered.routes("a")] == ["e", "b"]
    assert [node.name for node in reordered.nodes] == ["a", "b", "e", "c"]


def test_one_route_alone_is_a_filter() -> None:
    a, b = plain("a b")

    assert [child for child, _ in (a >> when("x", b)).topology().routes("a")] == ["b"]
    assert [child for child, _ in ([when("x", b)] >> a).topology().routes("input")] == ["b"]


def test_a_route_begins_with_one_step() -> None:
    a, b, c, d = plain("a b c d")

    with pytest.raises(UsageError, match="the route of 'x' starts with 'b' and 'c'"):
        a >> when("x", [b, c] >> d)

    routed = a >> [when("x", Pass() >> [b, c] >> d)]
    assert [child for child, _ in routed.topology().routes("a")] == ["pass"]


def test_two_conditions_on_one_way_are_refused() -> None:
    a, b, c, d = plain("a b c d")

    with pytest.raises(UsageError, match="two conditions lead to 'b': 'x' and 'y'"):
        a >> when("x", when_first(b, c, d))


def when_first(b: object, c: object, d: object) -> Pipeline:
    return [when("y", b)] >> d  # type: ignore[operator, arg-type, no-any-return]


def test_the_first_routes_may_be_on_the_input_or_on_what_comes_before() -> None:
    a, b, c, d = plain("a b c d")
    routes = [when("x", b), otherwise(c)] >> d

    assert [child for child, _ in routes.topology().routes("input")] == ["b", "c"]
    assert [child for child, _ in (a >> routes).topology().routes("a")] == ["b", "c"]


def test_what_is_no_step_is_a_type_error() -> None:
    (a,) = plain("a")

    with pytest.raises(TypeError, match="unsupported operand"):
        a >> "b"  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        ["b"] >> a  # type: ignore[operator]


def test_other_steps_take_the_places_of_those_of_their_names() -> None:
    a, b, c, d, e = plain("a b c d e")
    (other,) = plain("b")
    pipeline = a >> [when("x", b), otherwise(c)] >> d >> e

    changed = pipeline.with_steps({"b": other})

    assert changed.topology().node("b").step is other
    assert changed.topology().edges == pipeline.topology().edges
    assert changed.topology().node("d").merge == pipeline.topology().node("d").merge
