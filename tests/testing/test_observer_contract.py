"""The contract of observers fails exactly the test that names a fault, and sound observers pass."""

from __future__ import annotations

import inspect

import pytest
from tests.testing import broken_observers

from seedbed.testing import ObserverContract

CONTRACT_TESTS = [name for name in dir(ObserverContract) if name.startswith("test")]


@pytest.mark.variants(1)
@pytest.mark.parametrize("sound", ["Printer", "Addressed"])
def test_a_sound_observer_keeps_its_contract(judge, sound):
    verdict = judge(f"from tests.testing.broken_observers import Test{sound}")

    assert verdict.failed == {}
    assert verdict.skipped == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", broken_observers.FAULTS)
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge, fault):
    test, said = broken_observers.FAULTS[fault]

    verdict = judge(f"from tests.testing.broken_observers import Test{fault}")

    assert {name.partition("[")[0] for name in verdict.failed} == {test}
    for report in verdict.failed.values():
        assert said in report


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    assert {test for test, _ in broken_observers.FAULTS.values()} == set(CONTRACT_TESTS)


@pytest.mark.parametrize("name", CONTRACT_TESTS)
def test_each_test_says_what_it_holds(name):
    assert (inspect.getdoc(getattr(ObserverContract, name)) or "").splitlines()[0].endswith(".")
