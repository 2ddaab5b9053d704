r"""The value of a final answer in mathematics, and the form in which two answers are the same.

    comparable(r"\frac{1}{2}") == comparable("0.50") == comparable("1/2")    # "0.5"

Numbers, fractions, roots, powers and pi are worked out here, within bounds, since answers come from models: a
computer algebra system reads more, but takes half a second to import, and minutes for `9^{9^{9^9}}`.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any, TypeAlias

from seedbed_tasks.final_answers import final_answer, normalised, without_separators

Value: TypeAlias = Fraction | float

_LONGEST = 200
_LARGEST_POWER = 64
_LARGEST_BASE = Fraction(10**64)
_MOST_BITS = 2048
"""Bits of the numbers that a value may be a fraction of: Python writes no number of more than 4300 digits."""
_DIGITS = 12
"""Digits to which irrational values are compared."""

_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|(\\[a-zA-Z]+|[-+*/^()\[\]{}\u03c0\u221a\u00d7\u00f7\u00b7]))"
)
# Spacing, sizes of brackets, and words such as units say nothing of the value.
_SILENT = re.compile(
    r"\\(?:left|right|displaystyle|big|Big|,|;|!|:|\s)|\\(?:text|mathrm|mbox|textbf)\s*\{[^{}]*\}"
    r"|\^\s*\{?\s*\\circ\s*\}?|\\[%$]|[%$€£¥°]"
)
_NAMED = re.compile(r"^\s*[a-zA-Z]\s*(?:=|\\in)\s*")
_AROUND = " \t\n;\"'`*"
_ENDS = f"{_AROUND}."
_CONSTANTS = {"\\pi": math.pi, "\u03c0": math.pi}
_FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac")
_TIMES = ("*", "\\cdot", "\\times", "\u00d7", "\u00b7")
_OVER = ("/", "\\div", "\u00f7")


def value_of(answer: str) -> Value | None:
    r"""Return the value of an answer such as `1,234.5`, `-\frac{3}{4}`, `2\sqrt{3}` or `x = 7`, else None."""
    plain = _bare(answer)
    if not plain or len(plain) > _LONGEST:
        return None
    try:
        value = _Reader(plain).value()
    except (ValueError, ArithmeticError, RecursionError):
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MOST_BITS else None


def comparable(answer: str) -> str:
    """Return the form in which answers are compared: that of the value, or of each part of a list or pair.

    Other texts are compared as `normalised` does: without case, spaces at the ends, quotes and dollar signs.
    """
    if (value := value_of(answer)) is not None:
        return _shown(value)
    bare = _bare(answer)
    # No longer ones: a model may nest thousands of pairs.
    parts = _parts(bare) if len(bare) <= _LONGEST else []
    if len(parts) > 1:
        return f"({','.join(map(comparable, parts))})"
    return normalised(answer)


def answer_in(solution: str) -> str | None:
    r"""Return the final answer of a solution: what is in `\boxed{}`, or what it says the answer is.

    Otherwise its last number. None if there's neither.
    """
    if boxed := final_answer(solution, "boxed"):
        return boxed.strip()
    stated = final_answer(solution, "text")
    if stated is not None and value_of(stated) is not None:
        return stated.lstrip(_AROUND).rstrip(_ENDS)
    return final_answer(solution, "number")


def is_same_answer(one: str | None, other: str) -> bool:
    """Whether two final answers are the same."""
    return one is not None and comparable(one) == comparable(other)


def _bare(answer: str) -> str:
    plain = _SILENT.sub(" ", answer.replace("\u2212", "-"))
    # A full stop at the end only: .5 is a half.
    plain = _NAMED.sub("", plain.lstrip(_AROUND)).lstrip(_AROUND).rstrip(_ENDS)
    return without_separators(plain)


def _parts(text: str) -> list[str]:
    """Return the parts of a list or pair, split at its own commas."""
    inner = text.strip()
    if inner[:1] in ("(", "[", "{") and inner[-1:] in (")", "]", "}"):
        inner = inner[1:-1]
    parts, depth, start = [], 0, 0
    for place, character in enumerate(inner):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(inner[start:place])
            start = place + 1
    return [*parts, inner[start:]]


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator > 1:
        return f"{value.numerator}/{value.denominator}"
    # As many digits as the fraction has, so none is lost.
    places = value.denominator.bit_length()
    text = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    whole, rest = text[:-places], text[-places:].rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' if rest else ''}{rest}"


class _Reader:
    """Works out an expression from left to right; raises ValueError for what isn't one."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        self._place = 0
        end = 0
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None:
                if text[end:].isspace():
                    break
                raise ValueError("no value")
            self._tokens.append(found[1] or found[2])
            end = found.end()

    def value(self) -> Value:
        value = self._sum()
        if self._next():
            raise ValueError("more than a value")
        return value

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        self._place += 1
        return token

    def _sum(self) -> Value:
        value = self._product()
        while (sign := self._next()) in ("+", "-") and sign:
            self._place += 1
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> Value:
        value = self._signed()
        while token := self._next():
            if token in _TIMES or token in _OVER:
                self._place += 1
                other = self._signed()
                value = value * other if token in _TIMES else value / other
            elif self._is_mixed():
                # 1\frac{1}{2} is one and a half.
                value += self._power()
            elif token in (")", "]", "}", "+", "-"):
                break
            elif token[0].isdigit() or token[0] == ".":
                raise ValueError("two numbers in a row")
            else:
                value *= self._power()
        return value

    def _is_mixed(self) -> bool:
        return self._next() in _FRACTIONS and self._place > 0 and self._tokens[self._place - 1].isdigit()

    def _signed(self) -> Value:
        if (sign := self._next()) in ("-", "+") and sign:
            self._place += 1
            value = self._signed()
            return -value if sign == "-" else value
        return self._power()

    def _power(self) -> Value:
        base = self._atom()
        if self._next() != "^":
            return base
        self._place += 1
        exponent = self._signed()
        if not -_LARGEST_POWER <= exponent <= _LARGEST_POWER or not -_LARGEST_BASE <= base <= _LARGEST_BASE:
            raise ValueError("a power beyond what anyone means")
        power: Any = base**exponent
        if not isinstance(power, Fraction | float):
            raise ValueError("not a real number")
        return power

    def _atom(self) -> Value:
        token = self._take()
        if token[:1].isdigit() or token[:1] == ".":
            return Fraction(token)
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in _FRACTIONS:
            return self._argument() / self._argument()
        if token in ("\\sqrt", "\u221a"):
            return self._root()
        if token in ("(", "[", "{"):
            value = self._sum()
            if self._take() != {"(": ")", "[": "]", "{": "}"}[token]:
                raise ValueError("a bracket isn't closed")
            return value
        raise ValueError("no value")

    def _argument(self) -> Value:
        r"""Return the argument of a command: `{...}`, or in `\frac12` one digit."""
        token = self._next()
        if token.isdigit() and len(token) > 1:
            self._tokens[self._place] = token[1:]
            return Fraction(token[0])
        return self._atom()

    def _root(self) -> Value:
        degree: Value = Fraction(2)
        if self._next() == "[":
            degree = self._atom()
        inner = self._argument()
        if inner < 0 or degree <= 0:
            raise ValueError("not a real number")
        root: float = float(inner) ** (1 / float(degree))
        exact = Fraction(round(root))
        is_exact = degree.denominator == 1 if isinstance(degree, Fraction) else False
        if is_exact and degree <= _LARGEST_POWER and exact ** int(degree) == inner:
            return exact
        return root
