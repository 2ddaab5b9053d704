"""The contract of observers fails exactly the test that names a fault, and sound observers pass."""

from __future__ import annotations

import inspect

import pytest
from tests.testing import broken_observers
from tests.testing.batches import in_batches

from seedbed.testing import ObserverContract

CONTRACT_TESTS = [name for name in dir(ObserverContract) if name.startswith("test")]


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("sound", ["Printer", "Addressed"])
def test_a_sound_observer_keeps_its_contract(judge, sound):
    verdict = judge(f"from tests.testing.broken_observers import Test{sound}")

    assert verdict.failed == {}
    assert verdict.skipped == []


@pytest.mark.slow
@pytest.mark.parametrize("faults", in_batches([*broken_observers.FAULTS]))
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge_each, faults):
    named = {f"Test{fault}": broken_observers.FAULTS[fault] for fault in faults}
    whole = {cls: test for cls, (test, _) in named.items()}

    verdicts = judge_each(f"from tests.testing.broken_observers import {', '.join(named)}", whole=whole)

    assert {cls: verdicts[cls].names for cls in named} == {cls: {test} for cls, test in whole.items()}
    for cls, (_, said) in named.items():
        for report in verdicts[cls].failed.values():
            assert said in report


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    assert {test for test, _ in broken_observers.FAULTS.values()} == set(CONTRACT_TESTS)


@pytest.mark.parametrize("name", CONTRACT_TESTS)
def test_each_test_says_what_it_holds(name):
    assert (inspect.getdoc(getattr(ObserverContract, name)) or "").splitlines()[0].endswith(".")
