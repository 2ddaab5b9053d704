"""What every step and task owes the users who name it and set its parameters."""

from __future__ import annotations

import inspect
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.fields import FieldInfo

from seedbed.errors import UsageError
from seedbed.plugins.names import is_name
from seedbed.store.run_folders import VARIABLE
from seedbed.tasks.steps import BaseStep
from seedbed.testing.contract import Contract


class BaseStepContract(Contract):
    """What a step or task says of itself and of its parameters: its name, help and schema.

    `parameters` are what it is made with; a run that takes longer than `patience` seconds is said to hang.
    """

    parameters: ClassVar[Mapping[str, Any]] = {}
    patience: ClassVar[float] = 60.0

    @pytest.fixture(autouse=True)
    def _runs_of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, str(tmp_path / "runs"))

    @abstractmethod
    def plugin_class(self) -> type[BaseStep]:
        """Return the class of the step."""

    @abstractmethod
    def made(self, **parameters: Any) -> BaseStep:
        """Return a new step with its parameters, and those given here beside them."""

    def test_its_name_is_valid(self) -> None:
        """The step's name is words in lower case joined by hyphens, as pipeline files and runs name it.

        It is the registered name, else the class's in kebab-case, unless the class sets another.
        """
        assert is_name(self.made().name), "a name is of the form lower-case-words"

    def test_it_says_what_it_is(self) -> None:
        """The class has a docstring of its own: help shows nothing else on what it is for."""
        assert inspect.cleandoc(vars(self.plugin_class()).get("__doc__") or ""), "there is no docstring"

    def test_its_parameters_are_described(self) -> None:
        """Each parameter says what it is for: users see the description, and never the code.

        Write `Field(default=..., description="...")`. A field that only sets another default for one of its
        base class need not say it again.
        """
        cls = self.plugin_class()
        silent = [name for name in cls.model_fields if not _description(cls, name)]
        assert not silent, "these parameters have no description"

    def test_its_parameters_have_a_schema(self) -> None:
        """JSON Schema can be made of the parameters: a pipeline file is checked with it, and sets them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.plugin_class().model_json_schema()
            except PydanticInvalidForJsonSchema as error:
                pytest.fail(f"a parameter is of a type that no file can hold: {error.message}")

    def test_its_defaults_are_valid(self) -> None:
        """Each default is a value that a user could have given: pydantic itself never looks at defaults."""
        try:
            self.made(**_defaults(self.plugin_class(), without=self.parameters))
        except UsageError as error:
            pytest.fail(str(error))


def _description(cls: type[BaseModel], name: str) -> str:
    fields = (base.model_fields[name] for base in _bases_with(cls, name))
    return next((field.description for field in fields if field.description), "")


def _defaults(cls: type[BaseModel], without: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that the framework has not set, by the names under which users give them."""
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else name: _default(field)
        for name, field in cls.model_fields.items()
        if name not in without and _has_default(field) and not _is_the_frameworks(cls, name)
    }


def _has_default(field: FieldInfo) -> bool:
    # A factory that looks at the other fields has no default of its own.
    return not field.is_required() and not getattr(field, "default_factory_takes_validated_data", False)


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def _is_the_frameworks(cls: type[BaseModel], name: str) -> bool:
    shared = (base for base in _bases_with(cls, name) if base.__module__.startswith("seedbed."))
    return any(_made_of(base.model_fields[name]) == _made_of(cls.model_fields[name]) for base in shared)


def _made_of(field: FieldInfo) -> tuple[Any, Any]:
    return field.default, field.default_factory


def _bases_with(cls: type[BaseModel], name: str) -> Iterator[type[BaseModel]]:
    """Yield the class and those of its base classes that have a field."""
    for base in cls.__mro__:
        if issubclass(base, BaseModel) and name in base.model_fields:
            yield base
