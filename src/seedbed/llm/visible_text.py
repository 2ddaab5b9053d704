"""Text from strangers, made safe to show: what a terminal or a page would obey is escaped."""

from __future__ import annotations

import re

# Control characters except newline and tab, direction marks, zero-width characters, line separators, half
# surrogate pairs, tags: everything that changes how other text is shown, or is invisible itself.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return the text with everything that a terminal would obey escaped: `\x1b`, `\u202e`."""
    return UNSEEN.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
