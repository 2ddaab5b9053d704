"""The final answer of a worked solution, and the form in which two answers are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from seedbed import InvalidOutputError
from seedbed.reading import read_choice, read_json, split_reasoning

Kind: TypeAlias = Literal["number", "boxed", "choice", "json", "text"]

_NUMBER = re.compile(
    r"(?<![\w.])[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?"
    r"|[-\u2212]?(?<![\w.])\.\d{1,30}"
)
_STATED = re.compile(r"(?:\banswer(?:\s+is\b|\s*[:=])|####)\s*[:=]?", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_LATEX = re.compile(r"\\(?:left|right|displaystyle|,|;|!|\s)|\\(?:text|mathrm|mbox)(?=\s*\{)")
_LONGEST = 200


def final_answer(text: str, kind: Kind, *, choices: Sequence[str] = (), field: str = "answer") -> str | None:
    """Return the final answer of a solution, as it's written there; None if there's none to read.

    `number` is the first number after the last "the answer is" (or "Answer:", "####"), otherwise the last
    number; `boxed` what is in the last `\\boxed{}`; `choice` one of `choices`; `json` the `field` of a JSON
    object; `text` what follows the last "the answer is". Reasoning sections aren't read.
    """
    readers: dict[str, Callable[[str], str | None]] = {
        "number": _number,
        "boxed": _boxed,
        "text": _stated,
        "choice": lambda answer: read_choice(answer, choices),
        "json": lambda answer: _in_json(answer, field),
    }
    try:
        found = readers[kind](split_reasoning(text).answer)
    except InvalidOutputError:
        return None
    return found if found and found.strip() else None


def normalised(answer: str) -> str:
    """Return the form in which answers are compared.

    Numbers are compared by value ("1,000.0" is "1000"), other texts without case, spaces at the ends,
    quotes, dollar signs and a full stop at the end.
    """
    plain = " ".join(_LATEX.sub("", answer).split()).strip(" .$\"'`*")
    bare = without_separators(plain).replace("\u2212", "-").lstrip("$€£¥ ").rstrip("% ")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        return plain.casefold()
    # Nobody means a number of a billion digits in scientific notation.
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST:
        return plain.casefold()
    return format(number.normalize() + 0, "f")


def without_separators(text: str) -> str:
    """Return a text whose numbers have no commas between thousands: 1,234.5 is 1234.5, and 1,2 stays."""
    return _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)


def _number(answer: str) -> str | None:
    stated = _after_statement(answer)
    if stated is not None and (first := _NUMBER.search(stated)):
        return first[0]
    numbers = _NUMBER.findall(answer)
    return numbers[-1] if numbers else None


def _stated(answer: str) -> str | None:
    stated = _after_statement(answer)
    return None if stated is None else stated.strip().partition("\n")[0][:_LONGEST].strip()


def _after_statement(answer: str) -> str | None:
    found = list(_STATED.finditer(answer))
    return answer[found[-1].end() :] if found else None


def _boxed(answer: str) -> str | None:
    start = answer.rfind("\\boxed{")
    if start < 0:
        return None
    begin = start + len("\\boxed{")
    depth = 1
    for place in range(begin, min(len(answer), begin + 10 * _LONGEST)):
        depth += {"{": 1, "}": -1}.get(answer[place], 0)
        if not depth:
            return answer[begin:place]
    return None


def _in_json(answer: str, field: str) -> str | None:
    value: Any = read_json(answer)
    found = value.get(field) if isinstance(value, dict) else None
    return None if found is None or isinstance(found, dict | list) else str(found)
