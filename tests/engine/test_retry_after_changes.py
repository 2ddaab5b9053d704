"""A retry in Python makes no row again that isn't failed, unless it's told to."""

from __future__ import annotations

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorTask, UsageError, run


class Word(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


def of_version(number, version):
    """Return the class, as a version of its plugin has it."""

    class Same(Word):
        def format_output(self, output, input):
            return {"word": f"{output} {version}"}

    Same.__name__ = Same.__qualname__ = "Same"
    return Same(name="same", llm=scripted(lambda request: fail(request, number)))


def fail(request, number):
    if prompt(request) == str(number):
        raise ValueError("no")
    return "yes"


@pytest.fixture
def failed():
    made = run(of_version(1, "old"), 3, name="kept")
    assert made.failed == 1


def test_a_retry_of_changed_code_is_refused(failed):
    with pytest.raises(UsageError, match="the code or files of 'same' have changed") as caught:
        run(of_version(None, "new"), 3, name="kept", retry=True)
    assert any("retry='recompute'" in line for line in caught.value.advice)
    # Nothing has happened to the run.
    assert [row["word"] for row in run(of_version(None, "old"), 3, name="kept", retry=True)] == [
        "yes old"
    ] * 3


def test_a_retry_of_changed_code_makes_all_rows_again_if_it_is_told_to(failed):
    made = run(of_version(None, "new"), 3, name="kept", retry="recompute")
    assert [row["word"] for row in made] == ["yes new"] * 3
    # The answers are kept.
    assert made.calls.answered == 1


def test_a_retry_that_is_neither_is_refused():
    with pytest.raises(UsageError, match="'retry' is 'all'"):
        run(of_version(None, "old"), 3, name="kept", retry="all")
