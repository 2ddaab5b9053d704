"""`vars:` of a pipeline file, and `${name}` where their values go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.keys.env_secret import mentions_env, variable_in
from seedbed.pipeline.reading.problems import Problems
from seedbed.suggestions import did_you_mean
from seedbed.tasks.templates.render_bounds import MAX_SIZE, text_size

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# `${{ price }}` in a template isn't one: a name begins with a letter.
_USE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_-]*|env:[A-Za-z_][A-Za-z0-9_]*)\}")
# Only directly in these: a secret in a list or an `extra` body would lose its type, and could be printed.
_WITH = "with"


def filled(content: Mapping[str, Any], given: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return the content of a pipeline file with `${name}` filled in, and without `vars`.

    `given` are the values that the user sets; texts are converted to the type that the file's own value has.
    A value that is nothing but `${name}` keeps the type of the variable. `$${name}` stays, as `${name}`.

    `problems` gets a UsageError for a variable that isn't declared or has no value, and for `${env:NAME}`
    anywhere but directly under `with`; what was to be filled in stays then.
    """
    values = _values(content, given, problems)
    rest = {name: value for name, value in content.items() if name != "vars"}
    filling = _Filling(values, problems)
    return {name: filling.fill(value, name) for name, value in rest.items()}


def escaped(text: str) -> str:
    """Return a text that `filled` turns into `text`."""
    return _USE.sub(lambda use: f"${use[0]}", text)


def _values(content: Mapping[str, Any], given: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    declared, file = content.get("vars") or {}, problems.file
    if not isinstance(declared, Mapping):
        fact = f"`vars` of '{file}' isn't a mapping"
        problems.add(UsageError(fact, "write `vars:`, and below it NAME: VALUE"), "vars", named=True)
        declared = {}
    for name in declared:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            fact = f"'{name}' in `vars` of '{file}' isn't a name"
            problems.add(UsageError(fact, "letters, digits, _ and -"), "vars", name, named=True)
    for name in given:
        if name not in declared:
            error = UsageError(
                f"'{file}' has no variable '{name}'",
                *did_you_mean(name, declared),
                f"its variables: {', '.join(map(str, declared))}" if declared else "it has no `vars`",
                f"for a parameter of a step, write --set STEP.{name}=VALUE (in Python, set it on the step)",
            )
            problems.add(error, named=True)
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

    def __init__(self, values: Mapping[str, Any], problems: Problems) -> None:
        self._values = values
        self._problems = problems
        self._file = problems.file
        self._left = MAX_SIZE

    def fill(self, value: Any, *path: str | int) -> Any:
        """Return a value with all `${name}` inside filled in; `path` are the keys that lead to it."""
        if isinstance(value, str):
            with self._problems.at(*path, named=True):
                return self._text(value, path)
            return value
        if isinstance(value, Mapping):
            return {key: self.fill(item, *path, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, *path, number) for number, item in enumerate(value)]
        return value

    def _text(self, text: str, path: tuple[str | int, ...]) -> Any:
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
                f"the variable '{name}' of '{self._file}' has no value",
                f"give it one: --set {name}=VALUE (vars={{{name!r}: VALUE}} in Python)",
            )
        # Counted before it's filled in: a long value that is used a thousand times takes all memory.
        self._left -= text_size(value)
        if self._left < 0:
            raise UsageError(
                f"'{self._file}' has more than {MAX_SIZE:,} characters once its variables are filled in",
                "keep long texts in a file of their own",
            )
        return value

    def _check_env(self, text: str, path: tuple[str | int, ...]) -> None:
        if variable_in(text) is None or len(path) < 2 or path[-2] != _WITH:
            raise UsageError(
                f"{'.'.join(map(str, path))} in '{self._file}' uses ${{env:NAME}}, "
                "which only secret fields take",
                "secrets are a field of their own, such as `api_key: ${env:TEAM_KEY}` under `with:`",
                "for anything else, declare a variable under `vars:` "
                "and set it with --set NAME=VALUE (vars= in Python)",
            )
