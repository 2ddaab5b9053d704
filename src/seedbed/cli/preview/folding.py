"""Prompts folded to what differs from an earlier one: those of a task share all but a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

_WORTHWHILE = 2
"""Lines of the terminal that folding has to save: else a prompt is easier to read whole."""

_CONTEXT = 30
"""Characters that are shown before and after what differs within a long line."""

_MOST_WHOLE = 16
"""Prompts that later ones are compared with. The steps of a pipeline have a template each; where no prompt
is like another, as over long documents, comparing all of them would take longer with each row."""


class FoldedLine(NamedTuple):
    """A line of a prompt, or (`is_mark`) one that says what is left out."""

    text: str
    is_mark: bool = False


class _Whole(NamedTuple):
    row: str
    lines: list[str]


class PromptFolder:
    """Folds prompts to what differs from one that it has returned whole before.

    `wrapped` breaks a text into lines of the terminal. `has_folded` says whether anything was left out.

        folder = PromptFolder(wrapped)
        folder.folded("row 1", prompt)  # [FoldedLine("… 8 lines as in row 0", True), FoldedLine("On tea:")]
    """

    def __init__(self, wrapped: Callable[[str], list[str]]) -> None:
        self.has_folded = False
        self._wrapped = wrapped
        self._whole: list[_Whole] = []

    def folded(self, row: str, prompt: str) -> list[FoldedLine]:
        """Return the lines of a prompt, which belongs to the row with that title."""
        lines = prompt.splitlines()
        whole = self._shown(lines)
        # Compared with all of them, as a row may be asked by other steps, on other routes or more often.
        tried = [self._against(earlier, row, lines) for earlier in self._whole]
        shortest = min(tried, key=len, default=whole)
        if len(shortest) + _WORTHWHILE <= len(whole):
            self.has_folded = True
            return shortest
        if len(self._whole) < _MOST_WHOLE:
            self._whole.append(_Whole(row, lines))
        return whole

    def _shown(self, lines: Iterable[str]) -> list[FoldedLine]:
        return [FoldedLine(part) for line in lines for part in self._wrapped(line) or [""]]

    def _against(self, earlier: _Whole, row: str, lines: list[str]) -> list[FoldedLine]:
        where = "above" if earlier.row == row else f"in {earlier.row}"
        made: list[FoldedLine] = []
        for change, a, b, c, d in SequenceMatcher(None, earlier.lines, lines).get_opcodes():
            old, new = earlier.lines[a:b], lines[c:d]
            if change == "equal":
                made += self._alike(new, where)
            elif change == "delete":
                made.append(_mark(len(self._shown(old)), f"{where}, not here"))
            else:
                made += self._changed("\n".join(old), "\n".join(new), where)
        return made

    def _alike(self, lines: Iterable[str], where: str) -> list[FoldedLine]:
        shown = self._shown(lines)
        return shown if len(shown) < _WORTHWHILE else [_mark(len(shown), f"as {where}")]

    def _changed(self, old: str, new: str, where: str) -> list[FoldedLine]:
        """Return what a text doesn't share with an old one, cut between words: a line may be a page long."""
        start = _shared(old, new)
        end = len(new) - min(_shared(old[::-1], new[::-1]), len(old) - start, len(new) - start)
        start = new.rfind(" ", 0, max(0, start - _CONTEXT)) + 1
        end = after if (after := new.find(" ", end + _CONTEXT)) >= 0 else len(new)
        # A line stays in one piece where there's little of it to leave out.
        if len(self._shown(new[:start].splitlines())) < _WORTHWHILE:
            start = 0
        if len(self._shown(new[end:].splitlines())) < _WORTHWHILE:
            end = len(new)
        return [
            *self._alike(new[:start].splitlines(), where),
            *self._shown(new[start:end].splitlines()),
            *self._alike(new[end:].lstrip(" ").splitlines(), where),
        ]


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _mark(count: int, what: str) -> FoldedLine:
    return FoldedLine(f"… {count} line{'' if count == 1 else 's'} {what}", is_mark=True)
