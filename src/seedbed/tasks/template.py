"""Prompt templates: Jinja2 in its sandbox, so that a template from a stranger is only text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from seedbed.errors import InvalidRowError, UsageError
from seedbed.plugins.suggest import did_you_mean


@cache
def sandbox() -> ImmutableSandboxedEnvironment:
    """Return the environment of all that strangers write: prompts, and conditions on rows."""
    # Prompts are plain text: nothing is escaped.
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_shown
    )


class _Nothing(Exception):
    """A template was about to show None."""


def _shown(value: Any) -> Any:
    # The word "None" in a prompt is nobody's intention: a cell of a file was empty.
    if value is None:
        raise _Nothing
    return value


@lru_cache(maxsize=256)
def _compile(source: str) -> Template:
    template = sandbox().from_string(source)
    # Rendering copies them each time, and Jinja2's chain of mappings is slow to copy.
    template.globals = dict(template.globals)
    return template


def check_template(source: str) -> str:
    """Return the template's source, or raise ValueError that names the line of its first mistake."""
    try:
        _compile(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}") from error
    return source


@lru_cache(maxsize=256)
def template_variables(source: str) -> frozenset[str]:
    """Return the names of the variables that a template reads."""
    return frozenset(find_undeclared_variables(sandbox().parse(source)))


def render(source: str, variables: Mapping[str, Any]) -> str:
    """Return the template's text with `{{ name }}` replaced; single braces are only text.

    Raises UsageError for a variable that does not exist and for what the sandbox forbids, InvalidRowError
    for a part that the value of a variable lacks and for a value that is None, as in one row and not in
    another.
    """
    try:
        return _compile(source).render(variables)
    except UndefinedError as error:
        missing = sorted(template_variables(source) - variables.keys())
        kind = UsageError if missing else InvalidRowError
        advice = [line for name in missing for line in did_you_mean(name, variables)]
        raise kind(
            f"the template cannot be filled in: {error.message}",
            *advice,
            f"variables here: {', '.join(sorted(variables)) or 'none'}",
        ) from error
    except _Nothing as error:
        empty = sorted(name for name in template_variables(source) if variables.get(name) is None)
        raise InvalidRowError(
            f"the template shows {' and '.join(map(repr, empty)) or 'a value'}, which is None",
            "give it a value, or say what to show instead: {{ name or '' }}",
        ) from error
    except TemplateError as error:
        raise UsageError(f"the template cannot be rendered: {error.message}") from error
