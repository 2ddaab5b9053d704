"""Evolution of instructions and answers: its operators, how they're drawn, and what counts as a failed step.

The operators are those of Xu et al., 2023 (https://arxiv.org/abs/2304.12244) for instructions and of Liu et
al., 2023 (https://arxiv.org/abs/2312.15685) for answers, in our own words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from seedbed import InvalidOutputError, Reject
from seedbed.reading import is_refusal
from seedbed_tasks.text_task import is_part

IN_DEPTH = {
    "constraints": "Add one more constraint or requirement that the answer has to meet.",
    "deepening": "If it asks about a subject, have it ask about that subject in more depth and breadth.",
    "concretizing": "Replace what is general in it with something more specific.",
    "reasoning": "If it can be answered in a few simple steps of thought, have it ask for several steps of "
    "reasoning explicitly.",
    "complicate-input": "Add a piece of input that the answer has to work with, written as {{ form }}.",
}
"""What makes an instruction harder, by operator; `{{ form }}` is one of `INPUT_FORMS`."""

IN_BREADTH = "breadth"
"""The operator that makes another instruction of the same domain."""

INPUT_FORMS = ("XML", "an SQL database", "Python code", "an HTML page", "shell commands", "JSON")

QUALITY = {
    "helpfulness": "Make it more helpful to whoever asked.",
    "relevance": "Make it more relevant to what was asked, and leave out what isn't.",
    "depth": "Explain the matter in more depth.",
    "creativity": "Make it more creative, with ideas of its own.",
    "details": "Add details, such as examples and figures.",
}
"""What makes an answer better, by operator."""

_LABEL = re.compile(
    r"^[#*\s]*(?:(?:the\s+)?(?:re-?written|new|evolved|improved|created|revised|corrected|final)\s+)?"
    r"(?:prompt|instruction|answer|task|topic|motion|statement)"
    r"\s*[#*]*\s*:[*\s]*",
    re.IGNORECASE,
)
_PROMPT_WORDS = re.compile(
    r"\b(?:given|re-?written|created|original|evolved)[ -](?:prompt|instruction|answer)s?\b", re.IGNORECASE
)
_WORD = re.compile(r"\w+")
_SHORT = 80
_STOP_WORD_LIST = (
    "a an and are as at be been but by can could do does for from had has have he her his i if in into is "
    "it its just me my no nor not of on or our she should so some such than that the their them then "
    "there these they this those to too us very was we were what when where which who will with would yes "
    "you your "
)
_STOP_WORDS = frozenset(_STOP_WORD_LIST.split())


def draw_operators(text: str, operators: Sequence[str], count: int) -> list[str]:
    """Return `count` operators for a text, each drawn with equal probability; the same for the same text."""
    rng = random.Random(f"evolution of {text}")
    return [rng.choice(operators) for _ in range(count)]


def unlabelled(text: str) -> str:
    """Return a text without a label such as "Revised answer:" before it, or quotes around it."""
    bare = _LABEL.sub("", text.strip()).strip()
    return bare[1:-1].strip() if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare


def read_evolved(text: str, what: str = "evolution", prompt: str = "") -> str:
    """Return the evolved text of an answer without a label or quotes around it.

    Raises InvalidOutputError if nothing is left, or nothing but words of the prompt. Raises Reject for a
    refusal and for an answer that talks about the prompt ("the rewritten instruction"), which the paper
    eliminates. The reason says `what` failed.
    """
    evolved = unlabelled(text)
    if not evolved:
        raise InvalidOutputError("the answer has no text", text=text)
    if prompt and is_part(evolved, prompt):
        raise InvalidOutputError("the answer repeats the prompt", text=text)
    if is_refusal(evolved):
        raise Reject(f"{what} failed: the model refused")
    if _PROMPT_WORDS.search(evolved):
        raise Reject(f"{what} failed: it copies words of the prompt")
    return evolved


def check_changed(evolved: str, original: str) -> None:
    """Reject an evolved text that has the words of the original one."""
    if _WORD.findall(evolved.lower()) == _WORD.findall(original.lower()):
        raise Reject("evolution failed: no information gained")


def check_answerable(response: str) -> None:
    """Reject the answer to an evolved instruction if it shows that the model couldn't answer it.

    That's a short answer (less than 80 words) with "sorry", and one of nothing but punctuation and stop
    words.
    """
    words = [word.lower() for word in _WORD.findall(response)]
    if "sorry" in words and len(words) < _SHORT:
        raise Reject("evolution failed: the model can't answer it")
    if all(word in _STOP_WORDS for word in words):
        raise Reject("evolution failed: the answer has no content")
