"""Reads structure from what models write: JSON, lists, tags, ratings, choices; reasoning and refusals apart.

    from seedbed.reading import read_json, read_rating

    read_json('Sure!\\n```json\\n{"colour": "red",}\\n```', dict[str, str])    # {'colour': 'red'}
    read_rating("**Rating:** 4/5", 1, 5)                                     # 4

What stands in a reasoning section (`<think>...</think>`) is never read as the answer. If an answer doesn't
have what is looked for, has several that differ, or is cut off, a function raises InvalidOutputError: in
`format_output`, this asks the model again with the reason. Each name is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.reading.choices import read_choice as read_choice
    from seedbed.reading.choices import read_choices as read_choices
    from seedbed.reading.fences import Fence as Fence
    from seedbed.reading.fences import read_fences as read_fences
    from seedbed.reading.json_value import read_json as read_json
    from seedbed.reading.labelled import read_labelled as read_labelled
    from seedbed.reading.lists import read_list as read_list
    from seedbed.reading.ratings import read_rating as read_rating
    from seedbed.reading.refusals import is_refusal as is_refusal
    from seedbed.reading.tags import Tag as Tag
    from seedbed.reading.tags import find_tags as find_tags
    from seedbed.reading.tags import read_tags as read_tags
    from seedbed.reading.thinking import Reasoned as Reasoned
    from seedbed.reading.thinking import split_reasoning as split_reasoning

_HOMES = {
    "choices": "read_choice read_choices",
    "fences": "Fence read_fences",
    "json_value": "read_json",
    "labelled": "read_labelled",
    "lists": "read_list",
    "ratings": "read_rating",
    "refusals": "is_refusal",
    "tags": "Tag find_tags read_tags",
    "thinking": "Reasoned split_reasoning",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed.reading' has no attribute {name!r}")
    value = getattr(import_module(f"seedbed.reading.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
