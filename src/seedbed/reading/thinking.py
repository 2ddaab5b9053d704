"""Reasoning that a model wrote into its answer, as servers send it that don't keep it apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple


class Reasoned(NamedTuple):
    """The reasoning of an answer (None without any) and the answer itself (empty if all is reasoning)."""

    reasoning: str | None
    answer: str


class _Mark(NamedTuple):
    start: int
    end: int
    name: str
    closes: bool


ASKED_FOR = frozenset({"reasoning", "thinking", "thought", "thoughts"})
"""Tags that prompts also ask for, by name; a model's own reasoning is rarely in them."""

_NAMES = "think|thinking|thoughts?|reasoning|seed:think"
# Qwen, DeepSeek and most others; Magistral; Kimi; OpenThinker; Command A; Gemma. Then fences, in which a tag
# is only an example.
_MARKS = re.compile(
    rf"<(?P<close>/?)(?P<name>{_NAMES})(?:\s[^<>]{{0,80}})?>"
    r"|\[(?P<mistral>/?)THINK\]"
    r"|◁(?P<kimi>/?)think▷"
    r"|<\|(?P<open>begin|end)_of_thought\|>"
    r"|<\|(?P<cohere>START|END)_THINKING\|>"
    r"|(?P<gemma><\|channel>thought\b|<channel\|>)"
    r"|^[ \t]*(?P<fence>```|~~~)",
    re.IGNORECASE | re.MULTILINE,
)
_HARMONY = re.compile(
    r"<\|channel\|>\s*(\w+)[^<\n]{0,200}(?:<\|constrain\|>[^<\n]{0,80})?<\|message\|>", re.IGNORECASE
)
_HARMONY_ENDS = re.compile(r"(?:<\|(?:end|return|call)\|>|<\|start\|>\s*\w*)")
# gpt-oss, where special tokens were dropped while decoding: "analysisThe user wants...assistantfinalRed."
_BARE_HARMONY = re.compile(r"\s*analysis(?=[^\W_]|\s)")
_BARE_FINAL = re.compile(r"assistant\s?final(?:\s?json(?=\s*[\[{]))?")
_WRAPPERS = re.compile(
    r"\A\s*<\|(?:begin_of_solution|START_RESPONSE)\|>|<\|(?:end_of_solution|END_RESPONSE)\|>\s*\Z"
)
_QUOTES = "`'\"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"


def split_reasoning(text: str, *, keep: Collection[str] = ()) -> Reasoned:
    r"""Return the reasoning of an answer and the answer itself.

        split_reasoning("<think>4/5? No.</think>\n\n3/5")    # ("4/5? No.", "3/5")

    Reasoning begins where a line begins with its mark: `<think>`, `<thinking>`, `<thought>`, `<reasoning>`,
    `[THINK]`, or those of other models, nested or not. If it isn't closed, all that follows is reasoning and
    the answer is empty. If there's only a closing mark, all before it is reasoning: some chat templates end
    with the opening one. The channels of gpt-oss are reasoning, too, except `final`. Marks in a code fence
    or in quotes are text. `keep` are names of tags that belong to the answer, such as those a prompt asks
    for. A text without marks is returned unchanged.
    """
    if not may_have_reasoning(text):
        return Reasoned(None, text)
    if "<|message|>" in text and (channels := _channels(text)) is not None:
        return channels
    if bare := _bare_channels(text):
        return bare
    thoughts, answers = _sections(text, frozenset(keep))
    if not thoughts:
        return Reasoned(None, text)
    return Reasoned(_joined(thoughts), _WRAPPERS.sub("", "".join(answers)).strip())


def may_have_reasoning(text: str) -> bool:
    """Whether a text may have a mark of reasoning; quick, since nearly every answer has none."""
    if "<" in text:
        return True
    return "THINK]" in text or "◁" in text or text.lstrip()[:8] == "analysis"


def _sections(text: str, keep: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the reasoning sections of a text and what is around them, in one pass."""
    thoughts: list[str] = []
    answers: list[str] = []
    position, depth = 0, 0
    inside: _Mark | None = None
    last_close: _Mark | None = None
    fenced = False
    for mark in _marks(text, keep):
        if inside is not None:
            if mark.name != inside.name:
                continue
            depth += -1 if mark.closes else 1
            last_close = mark if mark.closes else last_close
            if depth == 0:
                thoughts.append(text[inside.end : mark.start])
                position, inside = mark.end, None
        elif mark.name == "fence":
            fenced = not fenced
        elif fenced or _is_quoted(text, mark):
            continue
        elif mark.closes:
            # Without an opening mark, all so far was reasoning.
            if _ends_line(text, mark):
                thoughts += [*answers, text[position : mark.start]]
                answers.clear()
                position = mark.end
        elif _begins_line(text, mark, position):
            answers.append(text[position : mark.start])
            inside, depth, last_close = mark, 1, None
    if inside is not None:
        # A thought that names its own mark opens it once more than it closes it: the last one closes it.
        end = last_close.start if last_close else len(text)
        thoughts.append(text[inside.end : end])
        position = last_close.end if last_close else len(text)
    answers.append(text[position:])
    return thoughts, answers


def _marks(text: str, keep: frozenset[str]) -> Iterator[_Mark]:
    for found in _MARKS.finditer(text):
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "name":
            name, closes = value.lower(), bool(found["close"])
            if name in keep:
                continue
        elif kind == "fence":
            name, closes = kind, False
        else:
            name, closes = kind, value.lower() in ("/", "end", "<channel|>")
        yield _Mark(found.start(), found.end(), name, closes)


def _is_quoted(text: str, mark: _Mark) -> bool:
    before, after = text[mark.start - 1 : mark.start], text[mark.end : mark.end + 1]
    return bool(before) and before in _QUOTES and after in _QUOTES


def _begins_line(text: str, mark: _Mark, after: int) -> bool:
    # 200 characters are more than any indentation; a line of spaces must not be searched once for each mark.
    before = text[max(after, mark.start - 200) : mark.start].rstrip(" \t")
    return not before.strip() or before.endswith("\n")


def _ends_line(text: str, mark: _Mark) -> bool:
    before = text[max(0, mark.start - 200) : mark.start].rstrip(" \t")
    after = text[mark.end : mark.end + 200].lstrip(" \t")
    return not before.strip() or before.endswith("\n") or not after or after.startswith(("\n", "\r"))


def _channels(text: str) -> Reasoned | None:
    heads = list(_HARMONY.finditer(text))
    if not heads:
        return None
    thoughts = [text[: heads[0].start()]]
    finals: list[str] = []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        message = text[head.end() : following.start() if following else len(text)]
        (finals if head[1].lower() == "final" else thoughts).append(message)
    clean = [_HARMONY_ENDS.sub("", part) for part in thoughts]
    return Reasoned(_joined(clean) or None, _HARMONY_ENDS.sub("", "".join(finals)).strip())


def _bare_channels(text: str) -> Reasoned | None:
    begin = _BARE_HARMONY.match(text)
    final = _BARE_FINAL.search(text) if begin else None
    if begin is None or final is None:
        return None
    return Reasoned(text[begin.end() : final.start()].strip(), text[final.end() :].strip())


def _joined(thoughts: list[str]) -> str:
    return "\n\n".join(stripped for part in thoughts if (stripped := part.strip()))
