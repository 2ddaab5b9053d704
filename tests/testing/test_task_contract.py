"""The contract of tasks fails exactly the test that names a fault, and a sound task passes."""

from __future__ import annotations

import inspect

import pytest
from tests.testing import broken_tasks
from tests.testing.batches import in_batches

from seedbed import Pass, UsageError
from seedbed.testing import TaskContract


@pytest.mark.slow
def test_a_sound_task_keeps_its_contract(judge):
    verdict = judge("from tests.testing.broken_tasks import TestSound")

    assert verdict.failed == {}
    assert verdict.skipped == ["test_only_the_inputs_named_are_read"]
    assert len(verdict.passed) > 15


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*broken_tasks.FAULTS][:8])
def test_a_fault_is_found(judge, fault):
    test, said = broken_tasks.FAULTS[fault]

    verdict = judge(f"from tests.testing.broken_tasks import Test{fault}", f"Test{fault}::{test}")

    assert said in verdict.failed[test]


@pytest.mark.slow
@pytest.mark.parametrize("faults", in_batches([*broken_tasks.FAULTS]))
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge_each, faults):
    named = {f"Test{fault}": broken_tasks.FAULTS[fault] for fault in faults}
    whole = {cls: test.partition("[")[0] for cls, (test, _) in named.items()}

    verdicts = judge_each(f"from tests.testing.broken_tasks import {', '.join(named)}", whole=whole)

    assert {cls: [*verdicts[cls].failed] for cls in named} == {
        cls: [test] for cls, (test, _) in named.items()
    }
    for cls, (test, said) in named.items():
        assert said in verdicts[cls].failed[test]
        assert inspect.getdoc(getattr(TaskContract, test)).splitlines()[0] in verdicts[cls].failed[test]


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    promised = {name for name in dir(TaskContract) if name.startswith("test")}

    assert {test for test, _ in broken_tasks.FAULTS.values()} == promised


def test_a_class_of_another_kind_is_told_its_contract():
    contract = type("TestOther", (TaskContract,), {"task": Pass})

    with pytest.raises(UsageError, match="'Pass' is not a task"):
        contract().test_rows_are_made()
