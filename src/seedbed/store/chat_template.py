"""Chat templates of models: a conversation as the text that a model is trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, LoopControlExtension
from jinja2.parser import Parser

from seedbed.errors import DatasetError, UsageError
from seedbed.tasks.templates.render_bounds import BoundError, begin_rendering
from seedbed.tasks.templates.sandbox import Sandbox

_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


class _Refused(Exception):
    """The template refuses a conversation."""


class _Generation(Extension):
    """Reads `{% generation %}`, with which templates mark what a model has written."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return what is inside, without the mark."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatTemplate:
    """A chat template, rendered in the sandbox: it may come from anywhere.

        ChatTemplate.from_file(Path("tokenizer_config.json")).render(messages, None)

    As in `transformers`, except that there's no `strftime_now`: the same rows make the same texts, tomorrow
    too.
    """

    def __init__(self, source: str, tokens: Mapping[str, str] | None = None) -> None:
        environment = Sandbox(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, LoopControlExtension]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        self._tokens = {**dict.fromkeys(_TOKENS, ""), **(tokens or {})}
        try:
            begin_rendering()
            self._template = environment.from_string(source)
        except Exception as error:
            raise UsageError(f"the chat template is not one: {error}") from error

    @classmethod
    def from_file(cls, path: Path) -> ChatTemplate:
        """Read a Jinja file, or a `tokenizer_config.json` that has a template; raises UsageError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"the chat template '{path}' cannot be read: {said}", "name a .jinja or tokenizer_config.json"
            ) from error
        if path.suffix.lower() != ".json":
            return cls(text)
        try:
            config = json.loads(text)
            source = _chosen(config["chat_template"])
        except (ValueError, LookupError, TypeError, StopIteration) as error:
            raise UsageError(
                f"'{path}' has no chat template", "name the tokenizer_config.json of a chat model"
            ) from error
        return cls(source, {name: _token(config.get(name)) for name in _TOKENS})

    def render(self, messages: list[dict[str, Any]], tools: Any) -> str:
        """Return the text of a conversation; raise DatasetError if the template refuses it."""
        begin_rendering()
        try:
            return self._template.render(
                messages=[_with_arguments(one) for one in messages],
                tools=tools or None,
                add_generation_prompt=False,
                **self._tokens,
            )
        except BoundError as error:
            raise DatasetError(f"the chat template does too much: {error.message}") from error
        except Exception as error:
            # Whatever a stranger's template raises, it can't render this conversation.
            said = error.message if isinstance(error, TemplateError) else str(error)
            raise DatasetError(f"the chat template cannot render it: {said}") from error


def _with_arguments(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message whose tool calls have their arguments as values, as templates expect them."""
    if not (calls := message.get("tool_calls")):
        return message
    return {**message, "tool_calls": [_parsed(call) for call in calls]}


def _parsed(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    try:
        return {**call, "function": {**function, "arguments": json.loads(function["arguments"])}}
    except ValueError:
        # A model may have written anything: it stays text.
        return call


def _chosen(template: Any) -> str:
    """Return the template of a configuration: the only one, or the one called `default`."""
    if isinstance(template, list):
        return next(str(one["template"]) for one in template if one["name"] == "default")
    if not isinstance(template, str):
        raise TypeError(template)
    return template


def _token(value: Any) -> str:
    return str(value.get("content", "")) if isinstance(value, dict) else str(value or "")


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    # Jinja2's own escapes HTML, which a prompt isn't.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _refuse(message: str) -> None:
    raise _Refused(message)
