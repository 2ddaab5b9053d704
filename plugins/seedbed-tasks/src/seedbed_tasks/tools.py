"""Tools that a model may call: read from OpenAI's form, from a file, or from Python functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from seedbed import UsageError, read_rows
from seedbed_tasks.json_schemas import checks_of, misfit
from seedbed_tasks.python_tools import read_python_tools

_NAME = re.compile(r"[\w.-]{1,128}")
_FORM = 'a tool is {"type": "function", "function": {"name": ..., "description": ..., "parameters": ...}}'


class Tool(BaseModel):
    """A function that a model may call: its name, what it does, and the JSON Schema of its arguments.

    Tool(name="weather", parameters={"type": "object", "properties": {"city": {"type": "string"}}})
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    name: str
    description: str = ""
    # Anthropic's API and MCP have other names for it.
    parameters: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        validation_alias=AliasChoices("parameters", "input_schema", "inputSchema"),
    )

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("has letters, digits, '_', '-' and '.' only")
        return value

    @field_validator("parameters")
    @classmethod
    def _check_parameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.get("type", "object") != "object" or not {"type", "properties", "$ref"} & value.keys():
            raise ValueError("it isn't the JSON Schema of an object, with its arguments as 'properties'")
        checks = checks_of(value)
        for reference in _references(value):
            _check_reference(checks, reference)
        return value

    @property
    def openai(self) -> dict[str, Any]:
        """The tool in OpenAI's form."""
        return {"type": "function", "function": self.model_dump()}

    @cached_property
    def _checks(self) -> Any:
        closed = {"additionalProperties": False, "type": "object", **self.parameters}
        return checks_of(closed)

    def misfit(self, arguments: Mapping[str, Any]) -> str | None:
        """Return what's wrong with the arguments of a call, or None; unknown ones are wrong, too."""
        wrong = misfit(self._checks, arguments)
        return wrong and f"{wrong[0]}: {wrong[1]}".removeprefix(": ")

    def without_nulls(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments without optional ones that are null, which strict providers make models write."""
        needed = self.parameters.get("required", ())
        return {name: value for name, value in arguments.items() if value is not None or name in needed}

    def call_schema(self) -> dict[str, Any]:
        """Return the schema of a call of this tool."""
        # A reference would no longer lead to where it did.
        is_whole = not any(_references(self.parameters))
        return {
            "type": "object",
            "properties": {
                "name": {"type": "string", "enum": [self.name]},
                "arguments": {"additionalProperties": False, **self.parameters}
                if is_whole
                else {"type": "object"},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }


class Toolbox(BaseModel):
    """Tools, and the Python source that runs them if there's one."""

    tools: list[Tool]
    source: str | None = None


def tools_of(given: Sequence[Any], place: str = "the list") -> list[Tool]:
    """Return the tools in a list, in OpenAI's form or each a bare function; raises ValueError for others."""
    made = []
    for number, value in enumerate(given, start=1):
        try:
            made.append(Tool.model_validate(_bare(value)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ValueError(
                f"tool {number} of {place} can't be read: {where or 'it'}: {first['msg']}; {_FORM}"
            ) from error
    names = [tool.name for tool in made]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{place} has {names.count(repeated[0])} tools named '{repeated[0]}'")
    return made


def read_toolbox(path: Path) -> Toolbox:
    """Return the tools of a file: typed functions of a `.py` file, else rows such as those of a JSON file.

    Raises UsageError for a file without tools, and for a tool that can't be read.
    """
    source = _text(path) if path.suffix == ".py" else None
    given = list(read_rows(path)) if source is None else read_python_tools(source, str(path))
    if not given:
        raise UsageError(f"'{path}' has no tools", _FORM)
    try:
        return Toolbox(tools=tools_of(given, f"'{path}'"), source=source)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _bare(value: Any) -> Any:
    """Return the function of a tool in OpenAI's form, without what says nothing of its calls."""
    bare = value.get("function", value) if isinstance(value, Mapping) else value
    if not isinstance(bare, Mapping):
        return bare
    # `strict` is a setting of the API. Parameters may be null in files where others have some.
    return {
        key: part
        for key, part in bare.items()
        if key != "strict" and not (key == "parameters" and part is None)
    }


def toolbox_of(tools: Sequence[Any], file: Path | None) -> Toolbox:
    """Return the tools of a list or a file; none without either. Raises UsageError for both."""
    if tools and file is not None:
        raise UsageError("both `tools` and a `file` of tools are given", "leave one of them out")
    return Toolbox(tools=tools_of(tools)) if file is None else read_toolbox(file)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' can't be read: {error}", "give a Python file in UTF-8") from error


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _check_reference(checks: Any, reference: str) -> None:
    """Raise ValueError for a `$ref` that leads nowhere: a validator finds out only when it gets there."""
    from referencing.exceptions import Unresolvable

    try:
        checks._resolver.lookup(reference)
    except Unresolvable as error:
        raise ValueError(f"$ref '{reference}' leads nowhere in it") from error
