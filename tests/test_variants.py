"""Of tests with many parameters or classes, some run by default, and the gate runs all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

SOURCE = """
import pytest

pytestmark = pytest.mark.variants(1, "test_it_goes_on")

@pytest.mark.variants(2)
@pytest.mark.parametrize("number", range(4))
def test_numbers(number): ...

@pytest.mark.parametrize("number", range(4))
def test_others(number): ...

class Contract:
    def test_it_goes_on(self): ...
    def test_it_begins(self): ...

class TestA(Contract): ...
class TestB(Contract): ...
"""


@pytest.mark.slow
def test_those_after_the_first_few_are_left_to_the_gate(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makeini("[pytest]\nmarkers = variants")
    (own,) = (one for one in request.config.pluginmanager.get_plugins() if hasattr(one, "variants"))
    left = [item.nodeid.partition("::")[2] for item in own.variants(pytester.getitems(SOURCE))]
    assert left == ["test_numbers[2]", "test_numbers[3]", "TestB::test_it_goes_on"]


def test_the_gate_runs_what_is_slow_and_what_is_random() -> None:
    gate = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    assert '\ntests\ntests -m "slow or hypothesis" --hypothesis-profile=thorough\n' in gate


@pytest.mark.parametrize(("profile", "is_fixed"), [("quick", True), ("thorough", True), ("exploring", False)])
def test_a_gate_does_not_depend_on_luck(profile: str, is_fixed: bool) -> None:
    assert settings.get_profile(profile).derandomize is is_fixed
