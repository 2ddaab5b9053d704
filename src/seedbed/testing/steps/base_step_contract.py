"""The contract of steps and tasks on names, help and parameters, for the users who set these."""

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
from seedbed.tasks.base_step import BaseStep
from seedbed.testing.contract import Contract


class BaseStepContract(Contract):
    """The name, help and schema of a step or task.

    `parameters` are the parameters it is made with. A run that takes longer than `patience` seconds hangs.
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
        """Return a new step with its parameters, and with those given here."""

    def test_its_name_is_valid(self) -> None:
        """The step's name is lower-case words joined by hyphens; pipeline files and runs use it.

        By default it's the registered name, or else the class's name in kebab-case. A class can set another.
        """
        assert is_name(self.made().name), "the name is not of the form lower-case-words: rename the step"

    def test_it_says_what_it_is(self) -> None:
        """The class has its own docstring: it's all that help shows about what the class is for."""
        text = inspect.cleandoc(vars(self.plugin_class()).get("__doc__") or "")
        assert text, f"'{self.plugin_class().__name__}' has no docstring: say in one sentence what it is for"

    def test_its_parameters_are_described(self) -> None:
        """Each parameter has a description: users see it, and never the code.

        Write `Field(default=..., description="...")`. A field that only changes the default of a base class's
        field doesn't need one.
        """
        cls = self.plugin_class()
        silent = [name for name in cls.model_fields if not _description(cls, name)]
        assert not silent, 'these parameters have no description: write Field(..., description="...")'

    def test_its_parameters_have_a_schema(self) -> None:
        """The parameters have a JSON Schema: pipeline files set them, and are checked against it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.plugin_class().model_json_schema()
            except PydanticInvalidForJsonSchema as error:
                pytest.fail(f"a parameter has a type that a file can't hold: {error.message}")

    def test_its_defaults_are_valid(self) -> None:
        """Each default is a value that a user could give: pydantic itself doesn't validate defaults."""
        try:
            self.made(**_defaults(self.plugin_class(), without=self.parameters))
        except UsageError as error:
            pytest.fail(str(error))


def _description(cls: type[BaseModel], name: str) -> str:
    fields = (base.model_fields[name] for base in _bases_with(cls, name))
    return next((field.description for field in fields if field.description), "")


def _defaults(cls: type[BaseModel], without: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that the author set, by the names that users give them with."""
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else name: _default(field)
        for name, field in cls.model_fields.items()
        if name not in without and _has_default(field) and not _is_the_frameworks(cls, name)
    }


def _has_default(field: FieldInfo) -> bool:
    # A factory that depends on other fields can't be called alone.
    return not field.is_required() and not getattr(field, "default_factory_takes_validated_data", False)


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def _is_the_frameworks(cls: type[BaseModel], name: str) -> bool:
    shared = (base for base in _bases_with(cls, name) if base.__module__.startswith("seedbed."))
    return any(_made_of(base.model_fields[name]) == _made_of(cls.model_fields[name]) for base in shared)


def _made_of(field: FieldInfo) -> tuple[Any, Any]:
    return field.default, field.default_factory


def _bases_with(cls: type[BaseModel], name: str) -> Iterator[type[BaseModel]]:
    """Yield the class and its base classes that have the field."""
    for base in cls.__mro__:
        if issubclass(base, BaseModel) and name in base.model_fields:
            yield base
