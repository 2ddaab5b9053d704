"""A step that keeps what fits a JSON Schema, and what can be parsed."""

from __future__ import annotations

import ast
import json
import math
import warnings
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, FilePath, model_validator

from seedbed import Example, InvalidRowError, Reject, Row, Step, UsageError
from seedbed_data.schema_keywords import bounded
from seedbed_data.words import type_name


class Validate(Step):
    """Keeps the rows in which a column, or the whole row, has the form that it should have.

    Validate(column="answer", parse="json", json_schema={"type": "object", "required": ["score"]})

    `parse` says what a text must be: `json`, `python` (by the parser of this Python, without running it) or
    `sql` (by the package sqlglot, in a `dialect`). A JSON Schema applies to the column, to what its JSON
    holds with `parse: json`, or to the row if there is no column. Its `$ref` may point within the schema, not
    elsewhere: nothing is fetched.
    """

    goals = ("cleaning", "extraction", "code")
    keywords = ("JSON Schema", "parsing")
    example = Example(
        rows=[{"answer": '{"a": 1}'}, {"answer": "no JSON"}],
        parameters={"column": "answer", "parse": "json", "into": "parsed"},
    )

    keeps: ClassVar[bool] = True

    column: str | None = Field(
        default=None, min_length=1, description="Column that is checked; the whole row if unset."
    )
    parse: Literal["json", "python", "sql"] | None = Field(default=None, description="What its text must be.")
    dialect: str | None = Field(default=None, description="Dialect of SQL, such as postgres, sqlite, duckdb.")
    json_schema: dict[str, Any] | None = Field(default=None, description="JSON Schema that it must fit.")
    json_schema_file: FilePath | None = Field(default=None, description="File with the JSON Schema.")
    into: str | None = Field(
        default=None, min_length=1, description="Column for what its JSON holds, with parse: json."
    )

    @model_validator(mode="after")
    def _check_fit(self) -> Validate:
        if self.json_schema is not None and self.json_schema_file is not None:
            raise ValueError("give either `json_schema` or `json_schema_file`")
        if self.parse is None and self.json_schema is None and self.json_schema_file is None:
            raise ValueError("there is nothing to check: give `parse` or a JSON Schema")
        if self.parse is not None and self.column is None:
            raise ValueError(f"`parse: {self.parse}` needs a `column` with the text")
        if self.parse in ("python", "sql") and (self.json_schema or self.json_schema_file):
            raise ValueError(f"a JSON Schema says nothing about {self.parse}")
        if self.into is not None and self.parse != "json":
            raise ValueError("`into` takes what JSON holds: set `parse: json`")
        if self.dialect is not None and self.parse != "sql":
            raise ValueError("`dialect` is one of SQL: set `parse: sql`")
        return self

    @property
    def inputs(self) -> list[str]:
        """The column that is checked."""
        return [self.column] if self.column is not None else []

    @property
    def outputs(self) -> list[str]:
        """The column for what the JSON holds."""
        return [self.into] if self.into is not None else []

    def load(self) -> None:
        """Make sure that the schema is one, and that the dialect exists."""
        self.__dict__.pop("_validator", None)
        _ = self._validator
        if self.dialect is not None:
            _check_dialect(self.dialect)

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        value: Any = row if self.column is None else row[self.column]
        if self.parse is not None:
            if not isinstance(value, str):
                raise InvalidRowError(f"'{self.column}' is {type_name(value)}, not text")
            value = self._parsed(value)
        if self._validator is not None:
            self._check(value)
        return row if self.into is None else {**row, self.into: value}

    def _parsed(self, text: str) -> Any:
        try:
            if self.parse == "json":
                return json.loads(text, parse_constant=_no_json, parse_float=_finite)
            if self.parse == "python":
                return _parse_python(text)
            return _parse_sql(text, self.dialect)
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            raise Reject(f"'{self.column}' is no {_NAMES[self.parse or 'json']}") from error

    def _check(self, value: Any) -> None:
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        try:
            error = best_match(self._validator.iter_errors(value))
        except RecursionError as endless:
            raise InvalidRowError(
                "the JSON Schema refers to itself without end, or the value is too deep to be checked"
            ) from endless
        except Unresolvable as unresolved:
            raise UsageError(
                f"the JSON Schema refers to {unresolved.ref!r}, which it doesn't have",
                "put the definition into its `$defs`: nothing is fetched",
            ) from unresolved
        if error is not None:
            # The reason names no value and no index: the summary counts rows by reason.
            place = ".".join(str(part) for part in error.absolute_path if isinstance(part, str))
            what = self.column or "the row"
            raise Reject(
                f"{what!r} doesn't fit the schema{f' at {place}' if place else ''}: {error.validator}"
            )

    @cached_property
    def _validator(self) -> Any:
        """What checks values against the schema; None without one."""
        schema = self._schema()
        if schema is None:
            return None
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry

        cls = validator_for(schema, default=Draft202012Validator)
        try:
            cls.check_schema(schema)
        except SchemaError as error:
            place = "/".join(map(str, error.absolute_path)) or "its top"
            raise UsageError(f"the JSON Schema isn't valid at {place}: {error.message}") from error
        except RecursionError as error:
            raise UsageError("the JSON Schema is nested too deep to be checked") from error
        # Without a registry of ours, the package would fetch what a `$ref` names.
        return bounded(cls)(schema, registry=Registry())

    def _schema(self) -> Any:
        if self.json_schema_file is None:
            return self.json_schema
        try:
            return json.loads(self.json_schema_file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise UsageError(f"the JSON Schema '{self.json_schema_file}' cannot be read: {error}") from error


_NAMES = {"json": "JSON", "python": "Python", "sql": "SQL"}


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float:
    value = float(number)
    # 1e999 would become infinite, which no row can hold.
    return value if math.isfinite(value) else _no_json(number)


def _parse_python(text: str) -> None:
    with warnings.catch_warnings():
        # An odd escape such as "\d" is a warning, and one that may be set to raise.
        warnings.simplefilter("ignore")
        ast.parse(text)


def _parse_sql(text: str, dialect: str | None) -> None:
    # 0.4 s to import.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text, dialect=dialect)
    except SqlglotError as error:
        raise ValueError("no SQL") from error
    # It takes a lone expression, too: `selec a` is a column with an alias.
    if not all(statements) or any(isinstance(one, exp.Condition | exp.Alias) for one in statements):
        raise ValueError("no statement")


def _check_dialect(dialect: str) -> None:
    from sqlglot import Dialect

    try:
        Dialect.get_or_raise(dialect)
    except ValueError as error:
        raise UsageError(f"sqlglot has no dialect {dialect!r}: {error}") from error
