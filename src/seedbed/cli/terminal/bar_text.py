"""The texts of the display: what a terminal would obey is shown, and so is what rich would."""

from __future__ import annotations

from rich.text import Text

from seedbed.cli.terminal.printing import visible


def shown(text: str, style: str = "") -> Text:
    """Return a text in a style."""
    # Not a string: rich would take [bold] in it for markup.
    return Text(visible(text), style=style)
