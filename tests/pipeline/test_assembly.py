"""What makes no pipeline is refused before anything runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.steps import Plain, Source, plain

from seedbed import Concat, Join, Pipeline, UsageError, otherwise, when
from seedbed.pipeline.assembly import Link


def linked(steps: list[Plain], *ways: str) -> Pipeline:
    by_name = {step.name: step for step in steps}
    return Pipeline(steps, links=[Link(by_name[way[0]], by_name[way[1]]) for way in ways])


def circle() -> Pipeline:
    return linked(plain("a b c d"), "ab", "bc", "cb", "cd")


def itself() -> Pipeline:
    (a,) = plain("a")
    return a >> a


def doubled_name() -> Pipeline:
    return Plain(name="a") >> Plain(name="a")


def generator_behind() -> Pipeline:
    return Plain() >> Source()


def nothing_to_combine() -> Pipeline:
    return Concat() >> Plain()


def rows_beside_a_generator() -> Pipeline:
    a, b = plain("a b")
    return [Source() >> a, b] >> Join(on=["id"])


def mixed_fork() -> Pipeline:
    a, b, c = plain("a b c")
    return a >> [b, when("x", c)]


def behind_otherwise() -> Pipeline:
    a, b, c = plain("a b c")
    return a >> [otherwise(b), when("x", c)]


def two_ways_to_one_step() -> Pipeline:
    a, b = plain("a b")
    return a >> [when("x", b), when("y", b)]


def input_taken() -> Pipeline:
    a, b = plain("input b")
    return [a, b] >> Concat()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Pipeline, "the pipeline has no steps"),
        (circle, "the steps form a cycle: b >> c >> b"),
        (itself, "the steps form a cycle: a >> a"),
        (doubled_name, "2 steps have the name 'a'"),
        (generator_behind, "step 'source' makes rows without input, so it can't follow another step"),
        (nothing_to_combine, "step 'concat' combines pipelines, but no pipeline leads to it"),
        (rows_beside_a_generator, "step 'b' works on rows, but no step before it makes any"),
        (mixed_fork, "after 'a', 'b' receives every row, but 'c' has a condition"),
        (behind_otherwise, "after 'a', no row reaches a route after `otherwise`"),
        (two_ways_to_one_step, "2 paths lead from 'a' to 'b'"),
        (input_taken, "no step can have the name 'input'"),
    ],
)
def test_what_makes_no_pipeline_is_refused(make: Callable[[], Pipeline], said: str) -> None:
    pipeline = make()

    with pytest.raises(UsageError) as raised:
        pipeline.topology()

    assert said in str(raised.value)
    assert raised.value.advice


def test_sources_that_never_meet_are_two_pipelines() -> None:
    a, b = plain("a b")
    first, second = Source(name="first"), Source(name="second")

    with pytest.raises(UsageError, match="no path leads from 'first' to 'second'"):
        Pipeline([first, a, second, b], links=[Link(first, a), Link(second, b)]).topology()


def test_the_very_same_step_may_be_given_twice() -> None:
    a, b, c = plain("a b c")

    topology = Pipeline([a, b, a, c], links=[Link(a, b), Link(a, c)]).topology()

    assert [node.name for node in topology.nodes] == ["a", "b", "c"]
    assert topology.leaves == ("b", "c")


def test_a_step_over_rows_alone_is_the_source() -> None:
    a, b = plain("a b")

    (first, second) = (a >> b).topology().nodes

    assert first.parents == ()
    assert [parent.step for parent in second.parents] == ["a"]
