"""Text from strangers, made safe to show: what a terminal or a page would obey is escaped."""

from __future__ import annotations

import re

# Control characters except newline and tab, direction marks, zero-width characters, fillers, line separators,
# half surrogate pairs, tags: everything that changes how other text is shown, or is invisible itself.
_NEVER = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
# Marks that are put on, above or below another character, and selectors of its form. Each has its place in
# text, but a pile of them covers the lines around it, and selectors can hide a text of any length.
_MARKS = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u180b-\u180d\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
)
# No language puts more on one character.
_PILE = 8
# One set of characters to look for, and then which it is: two alternatives take three times as long.
UNSEEN = re.compile(f"[{_NEVER}{_MARKS}](?:(?<=[{_NEVER}])|(?<=[{_MARKS}]{{{_PILE + 1}}}))")


def visible(text: str) -> str:
    r"""Return the text with everything that a terminal would obey escaped: `\x1b`, `\u202e`."""
    return UNSEEN.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
