"""Columns of code that a model writes, parsed before it counts."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from typing import Literal
from xml.etree import ElementTree

from pydantic import Field, model_validator

from seedbed import InvalidOutputError, Row, UsageError
from seedbed.reading import read_fences
from seedbed_tasks.table.written import Ask, Template, Written, not_fitting

_SHOWN = 200
_MOST_DEPTH = 100


class Code(Written):
    """Code in a language, as text. An answer that its parser refuses is asked for again with the reason.

    Code(language="python", prompt="Write a function that {{ task }}. Answer with the code only.")

    Code is parsed and never run: `python`, `json`, `yaml`, `toml`, `xml`, `regex`, and `sql` with the package
    sqlglot (`seedbed-tasks[sql]`). Other languages need `check: false`.
    """

    kind: Literal["code"] = "code"
    prompt: Template = Field(min_length=1, description="Template of the prompt, over any other columns.")
    language: str = Field(min_length=1, description="Language of the code, such as python.")
    check: bool = Field(default=True, description="Parse the code.")
    dialect: str | None = Field(default=None, description="Dialect of SQL, such as postgres or sqlite.")

    @model_validator(mode="after")
    def _check_language(self) -> Code:
        if self.check and self.language not in _PARSERS:
            known = ", ".join(_PARSERS)
            raise ValueError(f"no parser for {self.language!r}: set `check: false`, or use one of {known}")
        if self.dialect is not None and self.language != "sql":
            raise ValueError("`dialect` is one of SQL: set `language: sql`")
        return self

    @property
    def template(self) -> str:
        """The template of the prompt."""
        return self.prompt

    def prepare(self, rows: int | None) -> None:
        """Check that the parser is there."""
        if self.language == "sql" and self.check:
            _check_sqlglot(self.dialect)

    async def write(self, row: Row, ask: Ask) -> str:
        """Return the code."""
        code: str = await ask(self.messages(row), read=self.read)
        return code

    def read(self, text: str) -> str:
        """Return the code in an answer: its fence, or all of it; raise InvalidOutputError if it's none."""
        code = _code_in(text, self.language)
        if not code.strip():
            raise not_fitting("there is no code in it", text)
        if self.check:
            try:
                _PARSERS[self.language](code, self.dialect)
            except (SyntaxError, ValueError, RecursionError, MemoryError, ElementTree.ParseError) as error:
                reason = " ".join(str(error).split())[:_SHOWN]
                raise not_fitting(f"it is no {self.language}: {reason}", text) from error
        return code


def _code_in(text: str, language: str) -> str:
    fences = read_fences(text)
    if not fences:
        return text.strip("\n")
    # Examples of output and shell commands often stand in fences of their own.
    named = [fence for fence in fences if fence.language in _NAMES.get(language, {language})]
    chosen = (named or [fence for fence in fences if not fence.language] or fences)[0]
    if not chosen.is_closed:
        raise InvalidOutputError("the answer ends before its code does", text=text)
    return chosen.text.rstrip("\n")


_NAMES: Mapping[str, set[str]] = {
    "python": {"python", "py", "python3"},
    "yaml": {"yaml", "yml"},
    "regex": {"regex", "regexp", "re"},
    "javascript": {"javascript", "js"},
    "typescript": {"typescript", "ts"},
    "bash": {"bash", "sh", "shell"},
}


def _parse_python(code: str, dialect: str | None) -> None:
    with warnings.catch_warnings():
        # An odd escape such as "\d" is a warning, and one that may be set to raise.
        warnings.simplefilter("ignore")
        ast.parse(code)


def _parse_json(code: str, dialect: str | None) -> None:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    json.loads(code, parse_constant=refuse)


def _parse_yaml(code: str, dialect: str | None) -> None:
    import yaml

    try:
        # Events, not objects: aliases of aliases would grow to any size.
        depth = 0
        for event in yaml.parse(code, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MOST_DEPTH:
                # Each level makes the parser slower: five thousand brackets take it seconds.
                raise ValueError(f"more than {_MOST_DEPTH} lists or mappings are in each other")
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _parse_toml(code: str, dialect: str | None) -> None:
    tomllib.loads(code)


def _parse_xml(code: str, dialect: str | None) -> None:
    # An entity may stand for gigabytes, and a document type may name files.
    if re.search(r"<!(DOCTYPE|ENTITY)", code, re.IGNORECASE):
        raise ValueError("a document type isn't read")
    ElementTree.fromstring(code)


def _parse_regex(code: str, dialect: str | None) -> None:
    try:
        re.compile(code.strip())
    except re.error as error:
        raise ValueError(str(error)) from error


def _parse_sql(code: str, dialect: str | None) -> None:
    # 0.4 s to import.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(code, dialect=dialect)
    except SqlglotError as error:
        raise ValueError(str(error)) from error
    # It takes a lone expression, too: `selec a` is a column with an alias.
    if not all(statements) or any(isinstance(one, exp.Condition | exp.Alias) for one in statements):
        raise ValueError("there is no statement")


_PARSERS: Mapping[str, Callable[[str, str | None], None]] = {
    "python": _parse_python,
    "json": _parse_json,
    "yaml": _parse_yaml,
    "toml": _parse_toml,
    "xml": _parse_xml,
    "regex": _parse_regex,
    "sql": _parse_sql,
}


def _check_sqlglot(dialect: str | None) -> None:
    try:
        from sqlglot import Dialect
    except ImportError as error:
        raise UsageError(
            "SQL is parsed by the package sqlglot, which isn't installed", "pip install 'seedbed-tasks[sql]'"
        ) from error
    try:
        Dialect.get_or_raise(dialect)
    except ValueError as error:
        raise UsageError(f"sqlglot has no dialect {dialect!r}: {error}") from error
