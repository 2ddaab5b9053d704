"""An engine says what it lacks, and a run that needs it is refused before anything is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import Engine, GeneratorTask, GlobalStep, Step, UsageError, run, run_folder
from seedbed.engine.local import LocalEngine


class Lacking(LocalEngine):
    """The built-in engine, which says that it can do next to nothing."""

    lacks = frozenset({"graph", "input", "resume", "caps"})


class Word(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Same(Step):
    def process(self, row: Any) -> Any:
        return row


class Few(Step):
    ordered: ClassVar[bool] = True
    rows_wanted: ClassVar[int] = 0

    def process(self, row: Any) -> Any:
        return None


class All(GlobalStep):
    def process(self, rows: Iterable[Any]) -> Iterable[Any]:
        return rows


def word() -> Word:
    return Word(llm=scripted())


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        (lambda: word() >> All(), {}, "'graph' .*, and the step 'all' needs all rows"),
        (
            lambda: word() >> [Same(name="a"), Same(name="b")],
            {"leaf": "a"},
            ".*, and the pipeline has branches",
        ),
        (lambda: word() >> [Same(name="a"), Same(name="b")] >> Same(name="c"), {}, ".* has branches"),
        (Same, {"n": None, "input": [{"n": 1}]}, "'input' .*, and the run has an input"),
        (word, {"max_tokens": 100}, "'caps' .*, and the run has the bound 'max_tokens'"),
        (lambda: word() >> Few(), {"n": None}, "'caps' .*, and the step 'few' says when it wants no more"),
        (word, {"max_failures": "5%"}, ".*, and the run has the bound 'max_failures'"),
    ],
)
def test_a_run_that_needs_what_it_lacks_is_refused_and_leaves_nothing(
    what: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=f"the engine 'Lacking' lacks {said}") as caught:
        run(what(), **{"n": 3, **options}, name="refused", engine=Lacking)

    assert "leave out --engine" in caught.value.advice[0]
    assert not run_folder("refused").exists()


def test_a_run_that_needs_nothing_of_it_is_made() -> None:
    assert run(word() >> Same(), 3, engine=Lacking).accepted == 3


def test_it_does_not_go_on_with_a_run_and_does_not_spoil_it() -> None:
    run(word(), 3, name="words")

    with pytest.raises(UsageError, match=r"lacks 'resume' .*, and the run has rows of an earlier session"):
        run(word(), 5, name="words", engine=Lacking)

    assert run(word(), 5, name="words").found.rows == 3
    assert run(word(), 6, name="words", engine=Lacking, restart=True).accepted == 6


def test_a_run_that_is_finished_needs_no_engine() -> None:
    run(word(), 3, name="words")

    assert run(word(), 3, name="words", engine=Lacking).outcome == "complete"


@pytest.mark.parametrize("lacks", ["caps", {"caps"}, frozenset({"speed"})])
def test_what_is_no_feature_is_refused_when_the_class_is_made(lacks: Any) -> None:
    with pytest.raises(UsageError, match=r"`lacks` of 'Wrong' is .*must be a frozenset with some of"):
        type("Wrong", (Lacking,), {"lacks": lacks, "__module__": __name__})


def test_an_engine_for_another_contract_is_refused_with_both_numbers() -> None:
    class Newer(Lacking):
        contract = 7

    with pytest.raises(UsageError, match="'Newer' was written for the engine contract 7, and this is 1"):
        run(word(), 3, engine=Newer)


def test_the_contract_that_an_engine_was_written_for_is_a_number() -> None:
    with pytest.raises(UsageError, match="`contract` of 'Wrong' is a str, but must be a whole number"):
        type("Wrong", (Engine,), {"contract": "1", "__module__": __name__})
