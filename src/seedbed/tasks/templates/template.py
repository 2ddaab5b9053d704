"""Prompt templates: Jinja2 in a sandbox, so that a stranger's template can't run code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.meta import find_undeclared_variables

from seedbed.errors import InvalidRowError, UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.templates.called_filters import filter_instead
from seedbed.tasks.templates.conversions import NotANumber
from seedbed.tasks.templates.direct_template import direct_text
from seedbed.tasks.templates.render_bounds import BoundError, begin_rendering, check_size, text_size
from seedbed.tasks.templates.sandbox import Sandbox

_CONTAINERS = (list, tuple, dict)


@cache
def sandbox() -> Sandbox:
    """Return the environment for prompts and conditions on rows, which strangers may have written."""
    # Prompts are plain text, not HTML: nothing is escaped.
    return Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_shown)


class _ShowsNone(Exception):
    """A template would show None."""


def _shown(value: Any) -> Any:
    """Return what `{{ value }}` shows; Jinja2 calls this for each."""
    if type(value) is str:
        return value
    # Nobody wants the word "None" in a prompt: most likely a cell of a file was empty.
    if value is None:
        raise _ShowsNone
    if type(value) in _CONTAINERS:
        check_size(text_size(value))
    elif isinstance(value, BuiltinMethodType | MethodType):
        raise TypeError(f"it shows the method {value.__name__}: write {value.__name__}()")
    return value


@contextmanager
def _compiling() -> Iterator[None]:
    """Raise TemplateSyntaxError for all that goes wrong while a template is parsed and compiled."""
    begin_rendering()
    try:
        yield
    except TemplateSyntaxError:
        raise
    except TemplateError as error:
        # Jinja2 looks for variables after it has evaluated constants: `1 ~ (2)[0]`.
        raise TemplateSyntaxError(error.message or type(error).__name__, 1) from error
    except Exception as error:
        # Python's own limits, for example on nested brackets or loops, or on digits of a number.
        said = str(error) or type(error).__name__
        raise TemplateSyntaxError(f"it is too much for the compiler: {said}", 1) from error


@lru_cache(maxsize=256)
def compile_expression(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return an expression to call with a row; raise TemplateSyntaxError if the text is not one."""
    environment = sandbox()
    with _compiling():
        template = environment.compile_expression(text, undefined_to_none=False)._template
    # An error names the columns that are missing, so they have to be known.
    needed_variables(f"{{{{ {text} }}}}")
    # As for templates: copying Jinja2's ChainMap takes half of the time of a short expression.
    template.globals = dict(template.globals)

    # What `TemplateExpression` does, without its two copies of the row.
    def value(row: Mapping[str, Any]) -> Any:
        context = environment.context_of(template, row)
        for _ in template.root_render_func(context):
            pass
        return context.vars["result"]

    return value


@lru_cache(maxsize=256)
def _compile(source: str) -> Template:
    with _compiling():
        _check_names(sandbox().parse(source))
        template = sandbox().from_string(source)
    # Each rendering copies the globals, and Jinja2's ChainMap is slow to copy.
    template.globals = dict(template.globals)
    return template


def _check_names(tree: nodes.Template) -> None:
    # Of a column with this name, a template would show the template itself.
    for node in tree.find_all(nodes.Name):
        if node.name == "self":
            said = "no column can be read as 'self': give it another name first"
            raise TemplateSyntaxError(said, node.lineno)


def check_template(source: str) -> str:
    """Return the template's source; raise ValueError with the line of its first mistake."""
    try:
        _compile(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}") from error
    return source


@lru_cache(maxsize=256)
def template_variables(source: str) -> frozenset[str]:
    """Return the names of the variables that a template reads."""
    with _compiling():
        return frozenset(find_undeclared_variables(sandbox().parse(source)))


def render(source: str, variables: Mapping[str, Any]) -> str:
    """Return the template's text with `{{ name }}` replaced; single braces are only text.

    Raises UsageError for a variable that doesn't exist and for what the sandbox forbids: every row would
    fail. Raises InvalidRowError for what may differ between rows: a missing part of a value, a value that is
    None, an error such as a division by zero, and too much work.
    """
    direct = _direct(source) if type(variables) is dict else None
    text = direct(variables) if direct is not None else None
    # What it isn't certain of, the sandbox fills in, or says what's wrong.
    return _sandboxed(source, variables) if text is None else text


@lru_cache(maxsize=256)
def _direct(source: str) -> Callable[[Any], str | None] | None:
    return direct_text(sandbox(), source)


def _sandboxed(source: str, variables: Mapping[str, Any]) -> str:
    environment = sandbox()
    begin_rendering()
    try:
        template = _compile(source)
        # What `Template.render` does, without its two copies of the variables.
        return environment.concat(template.root_render_func(environment.context_of(template, variables)))
    except UndefinedError as error:
        missing = sorted(template_variables(source) - variables.keys())
        kind = UsageError if missing else InvalidRowError
        advice = [
            line for name in missing for line in filter_instead(name, source) or did_you_mean(name, variables)
        ]
        raise kind(
            f"the template cannot be filled in: {error.message}",
            *advice,
            f"variables here: {', '.join(sorted(variables)) or 'none'}",
        ) from error
    except _ShowsNone as error:
        empty = sorted(name for name in template_variables(source) if variables.get(name, "") is None)
        shown = " and ".join(map(repr, empty)) or "a value"
        raise InvalidRowError(
            f"the template shows {shown}, which {'are' if len(empty) > 1 else 'is'} None",
            "give it a value, or say what to show instead: {{ name or '' }}",
        ) from error
    except NotANumber as error:
        raise InvalidRowError(f"the template cannot be rendered: {error.fact}", error.advice) from error
    except BoundError as error:
        raise InvalidRowError(f"the template does too much: {error.message}") from error
    except TemplateError as error:
        raise UsageError(f"the template cannot be rendered: {error.message}") from error
    except Exception as error:
        raise InvalidRowError(
            f"the template cannot be rendered: {type(error).__name__}: {error}".rstrip(": ")
        ) from error


@lru_cache(maxsize=256)
def needed_variables(source: str) -> frozenset[str]:
    """Return the variables that a template needs.

    A variable can be missing if the template tests it (`x is defined`) or has a default (`x | default('')`).
    """
    with _compiling():
        tree = sandbox().parse(source)
        _check_names(tree)
        return frozenset(find_undeclared_variables(tree)) - _optional(tree)


@lru_cache(maxsize=256)
def optional_variables(source: str) -> frozenset[str]:
    """Return the variables that may be missing: a template tests them, or has a default for them."""
    with _compiling():
        return frozenset(_optional(sandbox().parse(source)))


def _optional(tree: nodes.Template) -> set[str]:
    asked = [test.node for test in tree.find_all(nodes.Test) if test.name in ("defined", "undefined")]
    with_default = [one.node for one in tree.find_all(nodes.Filter) if one.name in ("default", "d")]
    return {node.name for node in (*asked, *with_default) if isinstance(node, nodes.Name)}
