"""Texts for the live display: neither the terminal nor rich interprets anything in them."""

from __future__ import annotations

from rich.text import Text

from seedbed.cli.terminal.printing import visible


def shown(text: str, style: str = "") -> Text:
    """Return a text in a style."""
    # Not a string: rich would interpret [bold] in it as markup.
    return Text(visible(text), style=style)
