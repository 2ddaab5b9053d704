"""`vars:` of a pipeline file, and `${name}` where their values go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.keys.env_secret import mentions_env, variable_in
from seedbed.suggestions import did_you_mean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# `${{ price }}` in a template isn't one: a name begins with a letter.
_USE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_-]*|env:[A-Za-z_][A-Za-z0-9_]*)\}")
# Only directly in these: a secret in a list or an `extra` body would lose its type, and could be printed.
_WITH = "with"


def filled(content: Mapping[str, Any], given: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the content of a pipeline file with `${name}` filled in, and without `vars`.

    `given` are the values that the user sets; texts are converted to the type that the file's own value has.
    A value that is nothing but `${name}` keeps the type of the variable. `$${name}` stays, as `${name}`.

    Raises UsageError for a variable that isn't declared or has no value, and for `${env:NAME}` anywhere but
    directly under `with`.
    """
    values = _values(content, given, file)
    rest = {name: value for name, value in content.items() if name != "vars"}
    filling = _Filling(values, file)
    return {name: filling.fill(value, name) for name, value in rest.items()}


def escaped(text: str) -> str:
    """Return a text that `filled` turns into `text`."""
    return _USE.sub(lambda use: f"${use[0]}", text)


def _values(content: Mapping[str, Any], given: Mapping[str, Any], file: str) -> dict[str, Any]:
    declared = content.get("vars") or {}
    if not isinstance(declared, Mapping):
        raise UsageError(f"`vars` of '{file}' isn't a mapping", "write `vars:`, and below it NAME: VALUE")
    for name in declared:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UsageError(f"'{name}' in `vars` of '{file}' isn't a name", "letters, digits, _ and -")
    for name in given:
        if name not in declared:
            raise UsageError(
                f"'{file}' has no variable '{name}'",
                *did_you_mean(name, declared),
                f"its variables: {', '.join(declared)}" if declared else "it has no `vars`",
                f"for a parameter of a step, write --set STEP.{name}=VALUE",
            )
    return {name: _typed(given[name], value) if name in given else value for name, value in declared.items()}


def _typed(given: Any, default: Any) -> Any:
    """Return a value that the user typed, as JSON unless the file's own value is text."""
    if not isinstance(given, str) or default is None or isinstance(default, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return given


class _Filling:
    """Fills in the values of a file's variables."""

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self._values = values
        self._file = file

    def fill(self, value: Any, *path: str) -> Any:
        """Return a value with all `${name}` inside filled in; `path` are the keys that lead to it."""
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, Mapping):
            return {key: self.fill(item, *path, str(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, *path, str(number)) for number, item in enumerate(value)]
        return value

    def _text(self, text: str, path: tuple[str, ...]) -> Any:
        if mentions_env(text.replace("$${", "")):
            self._check_env(text, path)
        whole = _USE.fullmatch(text)
        if whole is not None and not whole[1] and not whole[2].startswith("env:"):
            return self._value(whole[2])
        return _USE.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if escaped:
            return f"${{{name}}}"
        if name.startswith("env:"):
            return match[0]
        value = self._value(name)
        if isinstance(value, Mapping | list):
            raise UsageError(
                f"'{self._file}' puts the list or mapping '{name}' into a text",
                f"write ${{{name}}} as a value of its own",
            )
        # As YAML and JSON write them.
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _value(self, name: str) -> Any:
        if name not in self._values:
            raise UsageError(
                f"'{self._file}' uses ${{{name}}}, which isn't among its `vars`",
                *did_you_mean(name, self._values),
                f"declare it: `vars:`, and below it `{name}: VALUE`; or write $${{{name}}} for the text",
            )
        value = self._values[name]
        if value is None:
            raise UsageError(
                f"the variable '{name}' of '{self._file}' has no value", f"give it one: --set {name}=VALUE"
            )
        return value

    def _check_env(self, text: str, path: tuple[str, ...]) -> None:
        if variable_in(text) is None or len(path) < 2 or path[-2] != _WITH:
            raise UsageError(
                f"{'.'.join(path)} in '{self._file}' uses ${{env:NAME}}, which only secret fields take",
                "secrets are a field of their own, such as `api_key: ${env:TEAM_KEY}` under `with:`",
                "for anything else, declare a variable under `vars:` and set it with --set NAME=VALUE",
            )
