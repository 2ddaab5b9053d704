"""Text of strangers as it is shown: what a terminal or a page would obey is written out."""

from __future__ import annotations

import re

# Control characters but newline and tab, marks of direction, what has no width, separators of lines, halves
# of pairs, tags: all that changes how other text is shown, or is not seen itself.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return the text with what a terminal would obey written out: `\x1b`, `\u202e`."""
    return UNSEEN.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
