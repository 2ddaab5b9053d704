"""Plugins in groups, each in a line: name, purpose and package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seedbed.cli.terminal.cell_width import padded, page_width, shortened, width_of
from seedbed.cli.terminal.printing import DIM, Painted, echo, in_one_line
from seedbed.cli.terminal.text_columns import write_wrapped
from seedbed.plugins.catalogue.catalogue import Listed
from seedbed.plugins.policy.eligibility import Entry, Status

# No shorter than our own names: a name is there to be typed.
_LONGEST_NAME = 28
# With less room for it, a purpose says nothing, so the package is left out.
_LEAST_PURPOSE = 40
_STEPS = ("reading", "cleaning", "shaping")


def write_groups(known: Mapping[Entry, Listed]) -> None:
    """Write plugins under the titles of their groups: tasks by whether they take rows, steps by goal."""
    groups: dict[tuple[int, str], list[Entry]] = {}
    for entry, listed in known.items():
        groups.setdefault(_group(entry, listed), []).append(entry)
    for number, (group, entries) in enumerate(sorted(groups.items())):
        echo(*([""] if number == 0 else ["\n"]), Painted(group[1], bold=True))
        write_lines({entry: known[entry] for entry in entries}, known)


def write_lines(shown: Mapping[Entry, Listed], aligned: Iterable[Entry]) -> None:
    """Write a line for each plugin, its columns as wide as those of `aligned` need."""
    width = page_width()
    entries = list(aligned)
    longest = None if width is None else _LONGEST_NAME
    names = max(width_of(_name(entry, longest)) for entry in entries)
    owners = max(width_of(in_one_line(entry.installed.owner)) for entry in entries)
    for entry, listed in shown.items():
        name, owner = padded(_name(entry, longest), names), in_one_line(entry.installed.owner)
        purpose = in_one_line(listed.description)
        if width is None:
            echo(f"  {name}  ", purpose, Painted(f"  ({owner})" if owner else "", DIM))
        elif (room := width - names - owners - 6) >= _LEAST_PURPOSE:
            echo(f"  {name}  ", padded(_cut(purpose, room), room), "  ", Painted(owner, DIM))
        else:
            echo(f"  {name}  ", _cut(purpose, max(width - names - 4, 8)))
        if entry.status is not Status.OK:
            write_wrapped(f"    {entry.status}: {in_one_line(entry.reason)}", width)


def _name(entry: Entry, longest: int | None) -> str:
    name = in_one_line(entry.installed.name)
    return name if longest is None else shortened(name, longest)


def _cut(text: str, width: int) -> str:
    """Return the beginning of a text, cut between words."""
    if width_of(text) <= width:
        return text
    while width_of(text) > width - 1:
        text = text.rpartition(" ")[0] if " " in text else text[: width // 2]
    return f"{text}…"


def _group(entry: Entry, listed: Listed) -> tuple[int, str]:
    """Return the place and the title of a plugin's group."""
    kind = entry.installed.kind
    if kind.word == "task":
        title = {False: "Tasks that make rows", True: "Tasks over rows", None: "Tasks"}[listed.takes_rows]
        return {False: 0, True: 1, None: 2}[listed.takes_rows], title
    if kind.word == "step":
        goal = next((goal for goal in listed.goals if goal in _STEPS), "")
        return (3 + _STEPS.index(goal), f"Steps: {goal}") if goal else (6, "Steps")
    return 7, f"{kind.noun[0].upper()}{kind.noun[1:]}s"
