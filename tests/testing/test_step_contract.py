"""The contract of steps fails exactly the test that names a fault, and sound steps of every kind pass."""

from __future__ import annotations

import inspect

import pytest
from tests.testing import broken_steps
from tests.testing.batches import in_batches

from seedbed import UsageError
from seedbed.testing import StepContract
from seedbed_tasks import TextGeneration

SEEKS = "test_it_begins_where_it_is_told"
MANY = "test_many_rows_at_once_become_what_each_becomes_alone"

ORDERED = {
    "test_its_state_is_built_again",
    "test_two_steps_of_a_pipeline_share_nothing",
    "test_it_keeps_no_row_that_it_does_not_want",
}
"""What concerns only ordered steps."""

OTHERS = {*ORDERED, MANY, SEEKS}
"""What concerns neither a step that is ordered nor one that takes many rows at once, nor a source."""

SOURCES = {"test_rows_have_the_columns_that_it_knows", "test_no_two_rows_have_one_place"}
"""What concerns only sources that say something of their rows before they make them."""

KINDS = {
    "FirstTexts": {MANY, SEEKS, "test_a_row_alone_is_the_row_among_many"},
    "Banned": OTHERS,
    "Told": OTHERS,
    "Jotting": OTHERS,
    "JottingWithoutAName": OTHERS,
    "Lengths": OTHERS,
    "Unseen": {
        MANY,
        SEEKS,
        "test_a_row_alone_is_the_row_among_many",
        "test_it_keeps_no_row_that_it_does_not_want",
    },
    "Sorted": {*OTHERS, "test_a_row_alone_is_the_row_among_many"},
    "Squares": {
        *ORDERED,
        MANY,
        "test_a_row_alone_is_the_row_among_many",
        "test_no_rows_are_no_error",
        "test_its_input_is_left_alone",
        "test_only_the_inputs_named_are_read",
        "test_the_columns_that_it_keeps_are_kept",
    },
    "SwiftLengths": {*ORDERED, SEEKS},
}
KINDS["Weekdays"] = KINDS["Squares"]


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_step_keeps_its_contract_and_what_does_not_concern_it_is_said(judge, kind):
    verdict = judge(f"from tests.testing.broken_steps import Test{kind}")

    assert verdict.failed == {}
    assert set(verdict.skipped) == KINDS[kind] | SOURCES


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*broken_steps.FAULTS][:5])
def test_a_fault_is_found(judge, fault):
    test, said = broken_steps.FAULTS[fault]

    verdict = judge(f"from tests.testing.broken_steps import Test{fault}", f"Test{fault}::{test}")

    assert said in verdict.failed[test]


@pytest.mark.slow
@pytest.mark.parametrize("faults", in_batches([*broken_steps.FAULTS]))
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge_each, faults):
    named = {f"Test{fault}": broken_steps.FAULTS[fault] for fault in faults}
    whole = {cls: test.partition("[")[0] for cls, (test, _) in named.items()}

    verdicts = judge_each(f"from tests.testing.broken_steps import {', '.join(named)}", whole=whole)

    assert {cls: [*verdicts[cls].failed] for cls in named} == {
        cls: [test] for cls, (test, _) in named.items()
    }
    for cls, (test, said) in named.items():
        assert said in verdicts[cls].failed[test]
        assert inspect.getdoc(getattr(StepContract, test)).splitlines()[0] in verdicts[cls].failed[test]


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    promised = {name for name in dir(StepContract) if name.startswith("test")}

    assert {test for test, _ in broken_steps.FAULTS.values()} == promised


def test_a_class_of_another_kind_is_told_its_contract():
    contract = type("TestOther", (StepContract,), {"step": TextGeneration})

    with pytest.raises(UsageError, match="'TextGeneration' is not a Step"):
        contract().test_rows_are_made()
