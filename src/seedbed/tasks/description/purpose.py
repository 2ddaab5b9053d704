"""What the class of a step says of itself: its goals, its keywords, what to cite, and an example."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.description.citation import Citation
from seedbed.tasks.description.example import Example
from seedbed.tasks.description.goals import GOALS, Goal

SAID = ("citation", "goals", "keywords", "example")
"""The class variables."""


class Purpose(NamedTuple):
    """What a class says of itself; empty where it says nothing."""

    goals: tuple[Goal, ...] = ()
    keywords: tuple[str, ...] = ()
    citations: tuple[Citation | str, ...] = ()
    example: Example | None = None


def purpose_of(cls: type) -> Purpose:
    """Return what the class of a step says of itself.

    A parameter, property or method that has one of the names is the author's own, and says nothing.
    """
    said = {name: _said(cls, name) for name in SAID}
    cited = said["citation"]
    citations = cited if isinstance(cited, tuple | list) else (cited,)
    return Purpose(
        tuple(said["goals"] or ()),
        tuple(said["keywords"] or ()),
        tuple(one for one in citations if one),
        said["example"],
    )


def citation_text(citation: Citation | str) -> str:
    """Return a citation as a dataset's card has it: BibTeX, or the author's own text."""
    return citation.bibtex() if isinstance(citation, Citation) else citation.strip()


def is_said(cls: type, name: str) -> bool:
    """Whether an attribute is what a class says of itself; such an attribute changes no row."""
    return name in SAID and _said(cls, name) is not None


def check_purpose(cls: type) -> None:
    """Raise UsageError if a class says something of itself that nobody could read."""
    for name, (fits, words) in _WANTED.items():
        if name not in vars(cls) or (value := _said(cls, name)) is None:
            continue
        if name == "goals":
            _check_goals(cls, value)
        if not fits(value):
            raise UsageError(
                f"`{name}` of {cls.__name__!r} is a {type(value).__name__}, but must be {words[0]}",
                f"write `{name} = {words[1]}`",
            )


def _said(cls: type, name: str) -> Any:
    if name in getattr(cls, "model_fields", {}):
        return None
    value = inspect.getattr_static(cls, name, None)
    is_own = isinstance(value, property | staticmethod | classmethod) or inspect.isfunction(value)
    return None if is_own else value


def _check_goals(cls: type, value: object) -> None:
    for goal in value if isinstance(value, tuple | list) else ():
        if isinstance(goal, str) and goal not in GOALS:
            raise UsageError(
                f"`goals` of {cls.__name__!r} has the unknown goal {goal!r}",
                *did_you_mean(goal, GOALS),
                f"the goals are {', '.join(GOALS)}",
            )


def _are_words(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, str) and one.strip() for one in value)


def _is_cited(value: object) -> bool:
    several = value if isinstance(value, tuple | list) else (value,)
    return all(isinstance(one, Citation | str) for one in several)


_WANTED: dict[str, tuple[Callable[[object], bool], tuple[str, str]]] = {
    "goals": (_are_words, ("a tuple of goals", '("sft", "retrieval")')),
    "keywords": (_are_words, ("a tuple of words", '("question answering",)')),
    "citation": (
        _is_cited,
        (
            "a Citation, or several",
            'Citation("Title", authors=("A. Author",), year=2024, url="...")',
        ),
    ),
    "example": (
        lambda value: isinstance(value, Example),
        ("an Example", 'Example(rows=[{"instruction": "Name three rivers."}])'),
    ),
}
