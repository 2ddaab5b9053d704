"""The contract of backends names each fault: a backend with one fails the one test that is about it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.testing import broken_models
from tests.testing.batches import in_batches
from tests.testing.broken_backends import BROKEN
from tests.testing.plain_backend import PlainLLM
from tests.testing.plain_model import PlainModel

from seedbed.testing import ChatCompletions, LLMContract

KINDS = {test: (cls.__module__, cls.__name__) for test, cls in BROKEN.items()} | {
    "test_its_module_imports_no_sdk": ("tests.testing.heavy_backend", "HeavyLLM")
}
QUICK = [*KINDS][:20]
"""What is tried each time."""


HEAD = """
import os

from seedbed.testing import ChatCompletions, LLMContract
"""


def contract_of(test: str) -> str:
    """Return the source of the contract of the backend that fails a test."""
    module, name = KINDS[test]
    return f"""
from {module} import {name}

class Test{name}(LLMContract):
    llm_class = {name}
    wire = {"None" if module == broken_models.__name__ else "ChatCompletions()"}
    patience = float(os.environ["PATIENCE"])
"""


class TestPlain(LLMContract):
    llm_class = PlainLLM
    wire = ChatCompletions()


class TestModel(LLMContract):
    llm_class = PlainModel


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The tests that each backend fails, of those that name the quick faults; all in one process."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "test_broken.py").write_text(HEAD + "".join(map(contract_of, QUICK)))
    report = folder / "report.xml"
    chosen = [f"test_broken.py::Test{KINDS[test][1]}::{test}" for test in QUICK]
    options = ["-q", "--tb=no", "-p", "no:cacheprovider", f"--junitxml={report}", *chosen]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PATIENCE": "0.5"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout
    failed = defaultdict(set)
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed[case.attrib["classname"].rpartition(".")[2]].add(case.attrib["name"])
    return failed


def named(failed: set[str], test: str) -> set[str]:
    """Return the tests that failed, without parameters where the fault is not about one of them."""
    return {name if "[" in test else name.partition("[")[0] for name in failed}


@pytest.mark.parametrize("test", QUICK)
def test_a_fault_is_found(failures: dict[str, set[str]], test: str) -> None:
    assert named(failures[f"Test{KINDS[test][1]}"], test) == {test}


@pytest.mark.slow
@pytest.mark.parametrize("tests", in_batches([*KINDS]))
def test_a_fault_fails_the_test_that_names_it_and_no_other(
    judge_each: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tests: Sequence[str]
) -> None:
    monkeypatch.setenv("PATIENCE", "8")
    classes = {test: f"Test{KINDS[test][1]}" for test in tests}
    whole = {cls: test.partition("[")[0] for test, cls in classes.items()}

    verdicts = judge_each(HEAD + "".join(map(contract_of, tests)), whole=whole)

    failed = {test: named({*verdicts[cls].failed}, test) for test, cls in classes.items()}
    assert failed == {test: {test} for test in tests}


CONTRACT_TESTS = [
    name for name, _ in inspect.getmembers(TestPlain, inspect.isfunction) if name.startswith("test_")
]


def test_each_test_has_a_fault_that_it_names() -> None:
    assert {test.partition("[")[0] for test in KINDS} == set(CONTRACT_TESTS)


@pytest.mark.parametrize("name", CONTRACT_TESTS)
def test_each_test_says_what_it_holds_and_why(name: str) -> None:
    what, _, why = (inspect.getdoc(getattr(TestPlain, name)) or "").partition("\n\n")

    assert what.endswith(".")
    assert why.endswith(".")


@pytest.mark.slow
def test_a_backend_that_blocks_is_told_so_and_is_not_waited_for(judge: Callable[..., Any]) -> None:
    named = "test_the_loop_goes_on_while_a_call_is_under_way"

    verdict = judge("from tests.testing.blocking_backend import TestBlocking")

    assert list(verdict.failed) == [named]
    assert "the backend blocks the loop until its answer has come" in verdict.failed[named]
    assert {
        "test_calls_are_under_way_side_by_side",
        "test_a_cancelled_call_closes_its_connection",
        "test_after_a_cancelled_call_the_next_is_answered",
        "test_a_call_ends_at_its_time_out",
    } <= set(verdict.skipped)


REPORTS = [
    ("ShowsItsKey", "test_the_key_is_in_no_repr", "declare the field that holds it as SecretStr"),
    (
        "IgnoresMaxTokens",
        "test_a_parameter_arrives_or_is_refused[max_tokens]",
        "'max_tokens' was 77 in the call, but None at the server: pass it on, or raise UnsupportedError",
    ),
    (
        "DeclaresSchemasAndDropsThem",
        "test_a_schema_arrives",
        "but None at the server: pass it on, or do not declare 'structured_output'",
    ),
]
"""A faulty backend, the test that it fails, and what the report says."""


@pytest.mark.parametrize(("fault", "test", "said"), REPORTS, ids=[fault for fault, *_ in REPORTS])
def test_a_report_says_what_is_wrong(judge: Callable[..., Any], fault: str, test: str, said: str) -> None:
    source = f"""
from seedbed.testing import ChatCompletions, LLMContract
from tests.testing.broken_backends import {fault}

class TestBroken(LLMContract):
    llm_class = {fault}
    wire = ChatCompletions()
"""

    verdict = judge(source, f"TestBroken::{test}")

    assert said in verdict.failed[test]


def test_tokens_that_a_protocol_does_not_count_are_not_asked_for(judge: Callable[..., Any]) -> None:
    source = """
from seedbed.testing import ChatCompletions, LLMContract
from tests.testing.plain_backend import PlainLLM

class Countless(ChatCompletions):
    counts = ()

    def answer(self, response):
        reply = super().answer(response)
        for part in ("prompt", "completion"):
            reply.body["usage"][f"{part}_tokens_details"] = {"cached_tokens": 0, "reasoning_tokens": 0}
        return reply

class TestCountless(LLMContract):
    llm_class = PlainLLM
    wire = Countless()
"""

    verdict = judge(source, "TestCountless::test_the_tokens_are_those_that_were_counted")

    assert len(verdict.passed) == 1
