"""The contract of engines fails exactly the test that names a fault, and the built-in engine passes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests.testing import broken_engines
from tests.testing.batches import in_batches

from seedbed.testing import EngineContract

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "engines.md"
ON_THE_PAGE = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[0]
CONTRACT_TESTS = [name for name in dir(EngineContract) if name.startswith("test")]
# Each fault would run some fifty tests, most of which run the same with plans of other kinds.
FEWER = "not (input or file or branches or routes or unique or fit or retried or line or max_cost)"
KILLED = "test_a_run_that_is_killed_goes_on_where_it_was"
QUICKLY = {
    "Doubling": "test_rows_are_those_of_the_built_in_engine[a generator]",
    "LosesFailures": "test_a_run_has_its_counts[failed rows]",
    "IgnoresDrain": "test_draining_starts_nothing",
    "BuysAgain": "test_no_answer_is_bought_again[cancel]",
    "SpendsOn": "test_a_cap_is_not_exceeded[max_cost]",
    "WritesTheKey": "test_the_key_is_nowhere",
}
"""Faults that are tried each time, with the one test of the contract that is run then."""


@pytest.mark.slow
def test_the_built_in_engine_keeps_its_contract(judge):
    verdict = judge("from tests.testing.broken_engines import TestBuiltIn")

    assert verdict.failed == {}
    assert verdict.skipped == []


@pytest.mark.slow
def test_the_engine_of_the_page_keeps_what_it_does_not_say_that_it_lacks(judge):
    verdict = judge(
        f"{ON_THE_PAGE}\n\nfrom seedbed.testing import EngineContract\n\n"
        "class TestPlain(EngineContract):\n    engine = PlainEngine\n"
    )

    assert verdict.failed == {}
    assert len(verdict.passed) > 20


@pytest.mark.slow
def test_workers_keep_the_contract(judge):
    verdict = judge(
        "from tests.support.crews import Here\n"
        "from seedbed.testing import EngineContract\n\n"
        "class TestHere(EngineContract):\n    engine = Here\n"
    )

    assert verdict.failed == {}
    assert len(verdict.passed) > 40


@pytest.mark.slow
@pytest.mark.parametrize("faults", in_batches([*broken_engines.FAULTS], size=4))
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge_each, faults):
    named = {f"Test{fault}": broken_engines.FAULTS[fault] for fault in faults}
    # Of a run that is killed, one parameter is enough: each waits for answers that don't get to the disk.
    whole = {cls: "" if test == KILLED else test for cls, (test, _) in named.items()}
    killed = " or ".join(["not killed", *(cls for cls, (test, _) in named.items() if test == KILLED)])
    source = f"from tests.testing.broken_engines import {', '.join(named)}"

    verdicts = judge_each(source, "", "-k", f"{FEWER} and ({killed})", whole=whole)

    assert {cls: verdicts[cls].names for cls in named} == {cls: {test} for cls, (test, _) in named.items()}
    for cls, (_, said) in named.items():
        assert any(said in report for report in verdicts[cls].failed.values())


@pytest.mark.slow
@pytest.mark.parametrize("fault", QUICKLY)
def test_a_fault_is_found(judge, fault):
    _, said = broken_engines.FAULTS[fault]

    verdict = judge(f"from tests.testing.broken_engines import Test{fault}", f"Test{fault}::{QUICKLY[fault]}")

    assert [*verdict.failed] == [QUICKLY[fault]]
    assert said in verdict.failed[QUICKLY[fault]]


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    assert {test for test, _ in broken_engines.FAULTS.values()} == set(CONTRACT_TESTS)


@pytest.mark.parametrize("name", CONTRACT_TESTS)
def test_each_test_says_what_it_holds(name):
    assert (inspect.getdoc(getattr(EngineContract, name)) or "").splitlines()[0].endswith(".")
