"""An area of a terminal that's drawn over in place: it doesn't flicker, and stays right after a resize."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

CLEARED = "\r\x1b[J"
"""Erases the area, from its first line on."""

_END_OF_LINE = "\x1b[K"
# Terminals that know the private mode 2026 show what is between these at once; others ignore them.
_AT_ONCE, _SHOWN = "\x1b[?2026h", "\x1b[?2026l"


class LiveArea(Live):
    """A live display of rich that draws over its last frame instead of erasing it first.

    Between two frames the cursor is at the beginning of the area. A terminal that becomes narrower breaks the
    lines that are on it again, or cuts them off, and no program can ask which of the two; but the cursor
    stays at its place in the text either way, so the next frame begins where the last one did.

        area = LiveArea(console=Console(stderr=True), auto_refresh=False)
        with area:
            area.update(shown("half"), refresh=True)
    """

    def stop(self) -> None:
        """Erase the area, and show the cursor again."""
        was_started = self.is_started
        super().stop()
        if was_started:
            self.console.control(_raw(CLEARED))

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what to print, followed by the area: rich calls it for all that is printed meanwhile."""
        if not self.console.is_interactive:
            return renderables
        # A message takes the place of the area, which is drawn again below it.
        messages = [one for one in renderables if not isinstance(one, Control)]
        begin = _AT_ONCE + (CLEARED if messages else "\r")
        return [_raw(begin), *messages, _Frame(self.renderable)]


class _Frame:
    """The lines of an area, as many as fit on the terminal; the cursor is at their beginning afterwards."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = console.size
        # A line over the whole width would leave the cursor on its last character, which is then erased.
        within = options.update(width=max(1, width - 1), height=None)
        lines = console.render_lines(self._renderable, within, pad=False)[: max(1, height - 1)]
        for number, line in enumerate(lines):
            yield from line
            yield _control(_END_OF_LINE)
            if number < len(lines) - 1:
                yield Segment.line()
        yield from _back(len(lines))


def _back(lines: int) -> Iterator[Segment]:
    """Erase what an earlier frame has below this one, and go back to the first of its `lines`."""
    yield _control("\x1b[J\r" + (f"\x1b[{lines - 1}A" if lines > 1 else "") + _SHOWN)


def _control(text: str) -> Segment:
    return Segment(text, None, [(ControlType.CARRIAGE_RETURN,)])


def _raw(text: str) -> Control:
    control = Control()
    control.segment = _control(text)
    return control
