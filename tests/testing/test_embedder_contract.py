"""The contract of embedders names each fault: an embedder with one fails the test that is about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from tests.testing.plain_embedder import BROKEN, PlainEmbedder, PlainVectors

from seedbed import Embedder
from seedbed.testing import EmbedderContract, EmbeddingsAPI, LLMContract


class TestPlain(EmbedderContract):
    embedder_class = PlainEmbedder
    wire = EmbeddingsAPI()


class TestVectors(EmbedderContract):
    embedder_class = PlainVectors
    another: ClassVar[dict[str, Any]] = {"shift": 1}


OWN_TESTS = {
    name
    for name, test in inspect.getmembers(TestPlain, inspect.isfunction)
    if name.startswith("test_") and getattr(LLMContract, name, None) is not test
}
"""The tests that embedders don't share with LLMs, whose faults test_llm_contract.py has."""


def test_each_test_has_a_fault_that_it_names() -> None:
    assert {*BROKEN.values()} >= OWN_TESTS


@pytest.mark.slow
@pytest.mark.variants(6)
@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.__name__)
def test_a_fault_fails_the_test_that_names_it(judge: Callable[..., Any], fault: type[Embedder]) -> None:
    test = BROKEN[fault]
    wire = "EmbeddingsAPI()" if issubclass(fault, PlainEmbedder) else "None"
    source = f"""
from seedbed import Embedder
from seedbed.testing import EmbedderContract, EmbeddingsAPI
from tests.testing.plain_embedder import {fault.__name__}

class TestBroken(EmbedderContract):
    embedder_class = {fault.__name__}
    wire = {wire}
    another = {{"shift": 1}}
"""
    verdict = judge(source, f"TestBroken::{test}")
    assert list(verdict.failed) == [test]


@pytest.mark.parametrize("name", sorted(OWN_TESTS))
def test_each_test_says_what_it_holds_and_why(name: str) -> None:
    what, _, _ = (inspect.getdoc(getattr(TestPlain, name)) or "").partition("\n\n")
    assert what.endswith(".")
