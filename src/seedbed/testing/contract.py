"""The base of all contracts: authors give facts, inherit tests, and may depart from one with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import pytest

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean

_Test = TypeVar("_Test", bound=Callable[..., object])

_REASON = "__departs__"


class _Fact:
    """A fact that an author has to give; reading it before that raises an error that names it."""

    def __init__(self, meaning: str, example: str) -> None:
        self.meaning = meaning
        self.example = example
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise self.missing(owner)

    def missing(self, owner: type) -> UsageError:
        """Return the error that names this fact."""
        return UsageError(
            f"'{owner.__name__}' does not give the fact '{self.name}': {self.meaning}",
            f"write in the class:  {self.example}",
        )


def fact(meaning: str, example: str) -> Any:
    """Return the placeholder of a fact that every subclass of a contract must give.

    `meaning` says what it is, `example` is a line that gives it:

        llm_class: ClassVar[type[LLM]] = fact("the class of the backend", "llm_class = ParrotLLM")
    """
    return _Fact(meaning, example)


def departs(reason: str) -> Callable[[_Test], _Test]:
    """Mark a test that replaces a contract's test, and say why; pytest's report shows the reason.

        @departs("the server counts no tokens")
        def test_the_tokens_are_those_that_were_counted(self, llm, server): ...

    Raises UsageError without a reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError("a departure from a contract has no reason", 'write @departs("the reason")')

    def mark(test: _Test) -> _Test:
        setattr(test, _REASON, reason.strip())
        return test

    return mark


def reason_of(test: object) -> str | None:
    """Return why a test departs from its contract, or None if it doesn't."""
    return getattr(test, _REASON, None)


class Contract:
    """Base of all contract classes: subclass one under a name that starts with `Test`, and give its facts.

        class TestHaiku(TaskContract):
            task = Haiku

    The docstring of each test says what it requires and why. Tests of features that a plugin doesn't declare
    are skipped with a reason. You can replace a test only with a reason: `@departs("why")`. A class that
    replaces one without a reason, or that doesn't give a fact, raises UsageError when it is defined.
    """

    subject: ClassVar[str] = "the plugin"
    """What the contract tests, in the words of skip reasons."""

    @pytest.fixture(autouse=True)
    def _in_the_same_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # At the end of each test it's that again: what changes it in one would seem to leave it in the next.
        monkeypatch.chdir(Path.cwd())

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _check_departures(cls)
        if cls.__name__.startswith("Test"):
            for missing in _missing_facts(cls):
                raise missing

    def skip_undeclared(self, capability: str, declared: bool) -> None:
        """Skip the running test unless the plugin declares the capability."""
        if not declared:
            pytest.skip(f"{self.subject} does not declare '{capability}'")


def _missing_facts(cls: type[Contract]) -> Iterator[UsageError]:
    for name in dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base)):
        found = _resolved(cls, name)
        if isinstance(found, _Fact):
            yield found.missing(cls)


def _check_departures(cls: type[Contract]) -> None:
    promised = {name: test for base in cls.__mro__[1:] for name, test in _own_tests(base)}
    for name, test in promised.items():
        given = _resolved(cls, name)
        if given is not test and reason_of(given) is None:
            raise UsageError(
                f"'{cls.__name__}' replaces the contract's test '{name}' without a reason",
                'write @departs("why the plugin cannot pass it") above it',
            )
    for name, test in vars(cls).items():
        if reason_of(test) is not None and name not in promised:
            raise UsageError(
                f"'{cls.__name__}.{name}' departs from a test that its contract does not have",
                *did_you_mean(name, promised),
            )


def _own_tests(base: type) -> list[tuple[str, object]]:
    if not issubclass(base, Contract):
        return []
    return [(name, test) for name, test in vars(base).items() if name.startswith("test")]


def _resolved(cls: type, name: str) -> object:
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
