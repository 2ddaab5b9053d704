"""Lines such as `Label: value` in an answer."""

from __future__ import annotations

import re
from functools import lru_cache

from seedbed.errors import InvalidOutputError, UsageError
from seedbed.reading.malformed import malformed
from seedbed.reading.plain_text import unwrapped
from seedbed.reading.thinking import split_reasoning


def read_labelled(text: str, *labels: str) -> dict[str, str]:
    r"""Return the text after each of these labels, up to the next label.

        read_labelled("**Question:** Why?\nAnswer: Because.", "Question", "Answer")
        # {"Question": "Why?", "Answer": "Because."}

    A label begins a line; it may be bold, a heading, numbered or in brackets, in upper or lower case. Raises
    InvalidOutputError for one that is missing, empty, or there twice with different texts.
    """
    pattern, as_asked = _pattern(labels)
    answer = split_reasoning(text).answer
    found = list(pattern.finditer(answer))
    ends = [*(match.start() for match in found[1:]), len(answer)]
    values: dict[str, list[str]] = {label: [] for label in labels}
    for match, end in zip(found, ends, strict=False):
        name = as_asked[" ".join((match["label"] or match["heading"]).lower().split())]
        values[name].append(unwrapped(answer[match.end() : end]))
    return {label: _only(text, label, texts) for label, texts in values.items()}


def _only(text: str, label: str, texts: list[str]) -> str:
    if not texts:
        raise malformed(f"the answer has no line that begins with '{label}:'", text)
    if len(set(texts)) > 1:
        raise InvalidOutputError(f"the answer has '{label}:' {len(texts)} times, and they differ", text=text)
    if not texts[0]:
        raise InvalidOutputError(f"nothing follows '{label}:'", text=text)
    return texts[0]


@lru_cache(maxsize=256)
def _pattern(labels: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    if not labels or not all(isinstance(label, str) and label.strip() for label in labels):
        raise UsageError(f"{labels!r} aren't labels", "read_labelled(text, 'Question', 'Answer')")
    names = "|".join(
        r"\s".join(map(re.escape, label.split())) for label in sorted(labels, key=len, reverse=True)
    )
    before = r"^[ \t]{0,20}(?:[-*+•][ \t]|\d{1,3}[.)][ \t])?[ \t]{0,4}"
    mark = r"[*_\[\]\"'`]{0,3}"
    lines = rf"{before}#{{0,6}}[ \t]{{0,4}}{mark}(?P<label>{names}){mark}[ \t]{{0,4}}[:\uff1a][*_]{{0,3}}"
    heading = rf"^#{{1,6}}[ \t]{{1,4}}[*_]{{0,3}}(?P<heading>{names})[*_]{{0,3}}[ \t]{{0,20}}$"
    pattern = re.compile(f"{lines}|{heading}", re.IGNORECASE | re.MULTILINE)
    return pattern, {" ".join(label.lower().split()): label for label in labels}
