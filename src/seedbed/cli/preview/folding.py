"""Prompts folded to what differs from an earlier one: those of a task share all but a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

_WORTHWHILE = 2
"""Lines of the terminal that folding has to save: else a prompt is easier to read whole."""

_CONTEXT = 30
"""Characters that are shown before and after what differs within a long line."""

_MOST_WHOLE = 16
"""Prompts that later ones are compared with. Each step of a pipeline has one template. If no prompt is like
another, as with long documents, comparing with all of them would take longer for each row."""

_MOST_LINES = 4096


class FoldedLine(NamedTuple):
    """A line of a prompt, or (`is_mark`) one that says what is left out."""

    text: str
    is_mark: bool = False


class _Whole(NamedTuple):
    row: str
    text: str
    lines: list[str]
    different: frozenset[str]


class _Piece(NamedTuple):
    lines: list[FoldedLine]
    left_out: str = ""
    """What a mark says about them; empty if they are shown."""


class PromptFolder:
    """Folds prompts to what differs from one that it has returned whole before.

    `wrapped` breaks a text into lines of the terminal. `has_folded` says whether anything was left out.

        folder = PromptFolder(wrapped)
        folder.folded("row 1", prompt)  # [FoldedLine("… 8 lines as in row 0", True), FoldedLine("On tea:")]
    """

    def __init__(self, wrapped: Callable[[str], list[str]]) -> None:
        self.has_folded = False
        # A line is wrapped for the whole prompt, and once more for each piece that it's in.
        self._wrapped = lru_cache(_MOST_LINES)(wrapped)
        self._whole: list[_Whole] = []

    def folded(self, row: str, prompt: str) -> list[FoldedLine]:
        """Return the lines of a prompt, which belongs to the row with that title."""
        lines = prompt.splitlines()
        whole = self._shown(lines)
        if self._whole:
            # The most similar one: a row may have prompts of several steps, routes or generations.
            closest = max(self._whole, key=lambda earlier: _similarity(earlier, prompt, lines))
            shortest = self._against(closest, row, lines)
            if len(shortest) + _WORTHWHILE <= len(whole):
                self.has_folded = True
                return shortest
        if len(self._whole) < _MOST_WHOLE:
            self._whole.append(_Whole(row, prompt, lines, frozenset(lines)))
        return whole

    def _shown(self, lines: Iterable[str]) -> list[FoldedLine]:
        return [FoldedLine(part) for line in lines for part in self._wrapped(line) or [""]]

    def _against(self, earlier: _Whole, row: str, lines: list[str]) -> list[FoldedLine]:
        where = "above" if earlier.row == row else f"in {earlier.row}"
        made: list[_Piece] = []
        for change, a, b, c, d in SequenceMatcher(None, earlier.lines, lines).get_opcodes():
            old, new = earlier.lines[a:b], lines[c:d]
            if change == "equal":
                made += self._alike(new, where)
            elif change == "delete":
                made.append(_Piece(self._shown(old), f"{where}, not here"))
            else:
                made += self._changed("\n".join(old), "\n".join(new), where)
        return list(_lines_of(made))

    def _alike(self, lines: Iterable[str], where: str) -> list[_Piece]:
        return [_Piece(self._shown(lines), f"as {where}")]

    def _changed(self, old: str, new: str, where: str) -> list[_Piece]:
        """Return what a text doesn't share with an old one, cut between words: a line may be a page long."""
        start = _shared(old, new)
        end = len(new) - min(_shared(old[::-1], new[::-1]), len(old) - start, len(new) - start)
        start = new.rfind(" ", 0, max(0, start - _CONTEXT)) + 1
        end = after if (after := new.find(" ", end + _CONTEXT)) >= 0 else len(new)
        # A line stays in one piece if there's little of it to leave out.
        if len(self._shown(new[:start].splitlines())) < _WORTHWHILE:
            start = 0
        if len(self._shown(new[end:].splitlines())) < _WORTHWHILE:
            end = len(new)
        return [
            *self._alike(new[:start].splitlines(), where),
            _Piece(self._shown(new[start:end].splitlines())),
            *self._alike(new[end:].lstrip(" ").splitlines(), where),
        ]


def _lines_of(pieces: Iterable[_Piece]) -> Iterator[FoldedLine]:
    """Yield the lines of pieces, and a mark for those to leave out; neighbours share one."""
    for left_out, alike in groupby(pieces, key=lambda piece: piece.left_out):
        lines = [line for piece in alike for line in piece.lines]
        # A mark in the place of a single line saves nothing. One that isn't in the prompt is never shown.
        if not left_out or (len(lines) < _WORTHWHILE and not left_out.endswith("not here")):
            yield from lines
        else:
            plural = "" if len(lines) == 1 else "s"
            yield FoldedLine(f"… {len(lines)} line{plural} {left_out}", is_mark=True)


def _similarity(earlier: _Whole, prompt: str, lines: Iterable[str]) -> int:
    """Return about how many characters two prompts have in common, much faster than comparing them does."""
    ends = _shared(earlier.text, prompt) + _shared(earlier.text[::-1], prompt[::-1])
    return ends + sum(map(len, earlier.different.intersection(lines)))


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
