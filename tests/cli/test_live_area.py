from __future__ import annotations

import re

import pytest
from rich.console import Console
from rich.text import Text
from tests.support.emulated import Emulated, emulated

from seedbed.cli.terminal.live_area import LiveArea

SHOWN = "\x1b[?2026l"
MESSAGE = "resuming the run 'qa'"
WIDE = ["alpha " * 12, "beta " * 14, "gamma " * 12]


@pytest.fixture(autouse=True)
def _plain_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def draw(area: LiveArea, screen: Emulated, lines: list[str]) -> list[str]:
    """Draw lines, each cut to the width of the terminal, and return what the screen shows then."""
    text = Text("\n".join(lines), no_wrap=True, overflow="crop")
    area.update(text, refresh=True)
    screen.read(until=SHOWN)
    return screen.lines


def started(screen: Emulated) -> LiveArea:
    area = LiveArea(console=Console(stderr=True), auto_refresh=False)
    area.start()
    area.console.print(MESSAGE)
    screen.read(until=SHOWN)
    return area


@pytest.mark.parametrize("reflows", [True, False])
@pytest.mark.parametrize("size", [(40, 24), (30, 8), (120, 40), (79, 5)])
def test_a_resize_leaves_nothing_of_the_frame_before_it(reflows: bool, size: tuple[int, int]) -> None:
    with emulated(80, 24, reflows=reflows) as screen:
        area = started(screen)
        assert [line[:5] for line in draw(area, screen, WIDE)] == [MESSAGE[:5], "alpha", "beta ", "gamma"]
        screen.resize(*size)
        shown = draw(area, screen, WIDE)
        area.stop()
    # On a low terminal the message leaves the screen at its top.
    frame = ["alpha", "beta ", "gamma"]
    assert [line[:5] for line in shown] in (frame, [MESSAGE[:5], *frame])
    assert all(len(line) < size[0] for line in shown)


def test_resizes_in_a_row_and_messages_between_them_are_shown_once() -> None:
    with emulated(80, 24) as screen:
        area = started(screen)
        for columns in (60, 25, 33, 100, 20):
            draw(area, screen, WIDE)
            screen.resize(columns, 24)
            area.console.print(f"at {columns}")
            screen.read(until=SHOWN)
        shown = draw(area, screen, ["one"])
        area.stop()
        screen.read(until="\x1b[J")
    said = ["at 60", "at 25", "at 33", "at 100", "at 20"]
    assert " ".join(shown) == " ".join([MESSAGE[:20], MESSAGE[20:], *said, "one"])
    assert screen.lines[-1] == "at 20", "the area is still there"
    assert screen.has_cursor


def test_a_frame_is_drawn_over_the_last_one_without_erasing_it_first() -> None:
    with emulated(80, 24) as screen:
        area = started(screen)
        draw(area, screen, WIDE)
        before = len(screen.written)
        assert draw(area, screen, ["one", "two"])[1:] == ["one", "two"]
        area.stop()
    frame = screen.written[before:].partition(SHOWN)[0]
    assert frame.startswith("\x1b[?2026h\rone\x1b[K")
    assert not re.search(r"\x1b\[[12]?J(?=.*two)|\x1b\[[12]K", frame, re.DOTALL)


def test_an_area_higher_than_the_terminal_is_cut() -> None:
    with emulated(80, 24) as screen:
        area = started(screen)
        draw(area, screen, [str(number) for number in range(20)])
        screen.resize(80, 6)
        shown = draw(area, screen, [str(number) for number in range(20)])
        area.stop()
    assert shown[-5:] == ["0", "1", "2", "3", "4"]
