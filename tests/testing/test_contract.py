"""Facts are given, departures have reasons, and skips are statements: what holds of every contract."""

from __future__ import annotations

import pytest

from seedbed import UsageError
from seedbed.testing import Contract, departs, fact

CONTRACT = """
    import pytest
    from seedbed.testing import Contract, departs, fact

    class ColourContract(Contract):
        colour = fact("the colour of the plugin", 'colour = "red"')
        depth = None

        def test_it_is_red(self):
            assert self.colour == "red"

        def test_it_is_deep(self):
            self.skip_undeclared("depth", self.depth is not None)
"""


def run(pytester: pytest.Pytester, *classes: str) -> pytest.RunResult:
    pytester.makepyfile("\n".join([CONTRACT, *classes]))
    return pytester.runpytest_inprocess("-rs")


def test_a_class_that_gives_its_facts_runs_the_tests_of_its_contract(pytester: pytest.Pytester) -> None:
    result = run(pytester, '    class TestRed(ColourContract):\n        colour = "red"\n')

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*the plugin does not declare 'depth'"])
    result.stdout.no_fnmatch_line("*departures from contracts*")


@pytest.mark.slow
def test_a_missing_fact_is_named_before_any_test_runs(pytester: pytest.Pytester) -> None:
    result = run(pytester, "    class TestNothing(ColourContract):\n        depth = 1\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*'TestNothing' does not give the fact 'colour': the colour of the plugin",
            '*write in the class:  colour = "red"',
        ]
    )


@pytest.mark.slow
def test_a_test_replaced_without_a_reason_is_named_before_any_test_runs(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    class TestBlue(ColourContract):
        colour = "blue"

        def test_it_is_red(self):
            pass
""",
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*'TestBlue' replaces the contract's test 'test_it_is_red' without a reason"]
    )


@pytest.mark.slow
def test_the_reason_of_a_departure_is_in_the_report(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    class TestBlue(ColourContract):
        colour = "blue"

        @departs("the sea is blue")
        def test_it_is_red(self):
            assert self.colour == "blue"
""",
    )

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*departures from contracts*", "*TestBlue::test_it_is_red: the sea is blue"])


@pytest.mark.parametrize("replacement", [None, lambda self: None])
def test_a_test_cannot_be_taken_away_silently(replacement: object) -> None:
    class Small(Contract):
        def test_something(self) -> None:
            assert self

    with pytest.raises(UsageError, match="replaces the contract's test 'test_something'"):
        type("Smaller", (Small,), {"test_something": replacement})


def test_a_test_cannot_be_taken_away_by_a_class_beside_the_contract() -> None:
    class Small(Contract):
        def test_something(self) -> None:
            assert self

    class Other:
        def test_something(self) -> None:
            assert self

    with pytest.raises(UsageError, match="replaces the contract's test 'test_something'"):
        type("Both", (Other, Small), {})


@pytest.mark.parametrize("reason", ["", "  ", None, lambda self: None])
def test_a_departure_without_a_reason_is_refused(reason: object) -> None:
    with pytest.raises(UsageError, match="has no reason"):
        departs(reason)  # type: ignore[arg-type]


def test_a_departure_from_a_test_that_is_not_there_is_refused() -> None:
    class Small(Contract):
        def test_something(self) -> None:
            assert self

    with pytest.raises(UsageError, match="departs from a test that its contract does not have") as caught:
        type("Departing", (Small,), {"test_somethin": departs("why")(lambda self: None)})
    assert "did you mean 'test_something'?" in str(caught.value)


def test_a_fact_that_is_read_before_it_is_given_names_itself() -> None:
    class Small(Contract):
        colour = fact("the colour", "colour = 1")

    with pytest.raises(UsageError, match="'Small' does not give the fact 'colour': the colour"):
        _ = Small().colour


def test_a_fact_may_come_from_a_property_or_a_class_between() -> None:
    class Small(Contract):
        colour = fact("the colour", "colour = 1")

    class Half(Small):
        @property
        def colour(self) -> int:
            return 7

    assert type("TestWhole", (Half,), {})().colour == 7
