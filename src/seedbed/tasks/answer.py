"""The text of an answer, or the error that says why there is none."""

from __future__ import annotations

import re

from seedbed.errors import ContentFilteredError, InvalidOutputError
from seedbed.llm.llm import LLM
from seedbed.llm.response import Choice, Usage

# Servers that don't separate reasoning from the answer send it like this. If the tag is closed, an answer
# follows it; if it isn't, the model was still reasoning.
_THOUGHT = re.compile(r"\s*(?:<(think|thinking|reasoning)>(?!.*</\1>)|\[THINK\](?!.*\[/THINK\]))", re.DOTALL)


def answer_text(choice: Choice, usage: Usage, llm: LLM | None) -> str:
    """Return the text of one answer; `usage` and `llm` help to explain why there is none.

    Raises ContentFilteredError if the provider declined, InvalidOutputError if there is no text. If the model
    spent its tokens on reasoning, the error names the parameters to change.
    """
    if choice.finish_reason == "content_filter":
        raise ContentFilteredError("the provider declined to answer", *([choice.text] if choice.text else []))
    is_cut = choice.finish_reason == "length"
    only_thoughts = is_cut and choice.text is not None and _THOUGHT.match(choice.text) is not None
    if choice.text and choice.text.strip() and not only_thoughts:
        return choice.text
    reasoned = only_thoughts or bool(choice.reasoning) or usage.reasoning_tokens > 0
    raise InvalidOutputError(
        _fact(is_cut, reasoned), *(_advice(llm) if is_cut or reasoned else ()), text=choice.text
    )


def _fact(is_cut: bool, reasoned: bool) -> str:
    if is_cut and reasoned:
        return "the model spent all its tokens on reasoning and was cut off before it wrote any text"
    if reasoned:
        return "the model wrote no text after its reasoning"
    return f"the model {'was cut off before it wrote any' if is_cut else 'wrote no'} text"


def _advice(llm: LLM | None) -> tuple[str, ...]:
    """Return advice that leaves more tokens for the answer."""
    fields = type(llm).reasoning_fields if llm is not None else ()
    less = (
        [f"or have the model reason less: {' or '.join(f'llm.{name}' for name in fields)}"] if fields else []
    )
    return ("raise max_tokens, which includes reasoning: --set llm.max_tokens=...", *less)
