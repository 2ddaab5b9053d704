"""The content of a YAML text, and the place of each value in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from seedbed.pipeline.reading.node_bounds import QUOTED, InvalidNode, check_depth, invalid_nodes

# libyaml is five times as fast. All wheels of PyYAML have it; one that was built without it has not.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_EXPLAINED = 20_000
"""The longest text that is parsed again for a better message."""


class FileMark(NamedTuple):
    """A place in a file: line and column from 1, and the text there."""

    line: int
    column: int
    text: str = ""


class YAMLProblem(NamedTuple):
    """A mistake in the text itself: its place, the fact, and what to do."""

    mark: FileMark
    fact: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Marked:
    """What a YAML or JSON text describes: names and data, and where each of them is.

    found, problems = Marked.read("steps:\\n- use: pass")
    found.content  # {"steps": [{"use": "pass"}]}
    found.mark(["steps", 0, "use"])  # FileMark(line=2, column=8, text="pass")
    """

    content: Any
    _root: yaml.Node | None

    @classmethod
    def read(cls, text: str) -> tuple[Marked, list[YAMLProblem]]:
        """Return the content of a text, None if there's a problem, and the problems.

        Takes time and memory in proportion to the text, whatever a stranger wrote.
        """
        try:
            if (deep := check_depth(text, _LOADER)) is not None:
                return cls(None, None), [_problem(deep)]
            root = yaml.compose(text, Loader=_LOADER)
            if root is None:
                return cls(None, None), []
            if problems := [_problem(one) for one in invalid_nodes(root)]:
                return cls(None, root), problems
        except yaml.YAMLError as error:
            return cls(None, None), [_of_yaml(_explained(text, error), text)]
        try:
            return cls(yaml.constructor.SafeConstructor().construct_document(root), root), []
        except yaml.YAMLError as error:
            return cls(None, root), [_of_yaml(error)]
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            # PyYAML passes on Python's error for a date that doesn't exist or a number without digits.
            return cls(None, root), [YAMLProblem(_mark_of_invalid(root), f"has an invalid value: {error}")]

    def mark(self, path: Sequence[str | int], *, key: bool = False) -> FileMark:
        """Return the place of the value at a path, or of its key; of what is around it, if it isn't there."""
        if self._root is None:
            return FileMark(1, 1)
        node, name = self._root, None
        for part in path:
            found = _within(node, part)
            if found is None:
                break
            name, node = found
        if name is not None and (key or not isinstance(node, yaml.ScalarNode)):
            return FileMark(name.start_mark.line + 1, name.start_mark.column + 1, str(name.value))
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        return FileMark(node.start_mark.line + 1, node.start_mark.column + 1, text)


def _within(node: yaml.Node, part: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Return the key and the value at a part of a path; an item of a list has no key."""
    if isinstance(node, yaml.MappingNode):
        # If a key is used twice (by a merge), the last one counts.
        pairs = [(key, value) for key, value in node.value if key.value == str(part)]
        return pairs[-1] if pairs else None
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def _problem(found: InvalidNode) -> YAMLProblem:
    return YAMLProblem(FileMark(found.mark.line + 1, found.mark.column + 1), found.fact, (found.advice,))


def _explained(text: str, error: yaml.YAMLError) -> yaml.YAMLError:
    """Return what the parser in Python says of a text, since it says more than libyaml does."""
    if len(text) > _EXPLAINED:
        return error
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as better:
        return better
    return error


def _of_yaml(error: yaml.YAMLError, text: str = "") -> YAMLProblem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    place = FileMark(mark.line + 1, mark.column + 1) if mark else FileMark(1, 1)
    return YAMLProblem(
        place, f"is not YAML: {problem}", _remedy(text.splitlines()[place.line - 1 : place.line])
    )


def _remedy(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what to do about the line that isn't YAML; nothing if it isn't a usual mistake."""
    if any("\t" in line[: len(line) - len(line.lstrip())] for line in lines):
        return ("indent with spaces, not with tabs",)
    if any("{{" in line or line.count(": ") > 1 for line in lines):
        return (QUOTED,)
    return ()


def _mark_of_invalid(root: yaml.Node) -> FileMark:
    """Return the place of the first scalar that can't be made."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            try:
                yaml.constructor.SafeConstructor().construct_document(node)
            except Exception:  # noqa: BLE001 - which error it is has been seen
                return FileMark(node.start_mark.line + 1, node.start_mark.column + 1, node.value)
            continue
        pairs = (
            node.value
            if isinstance(node, yaml.SequenceNode)
            else [one for pair in node.value for one in pair]
        )
        waiting.extend(reversed(pairs))
    return FileMark(1, 1)
