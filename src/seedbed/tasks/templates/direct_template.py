"""Functions that fill in simple templates without the sandbox: text, and expressions in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import TemplateError, nodes

from seedbed.tasks.rows import Row
from seedbed.tasks.templates.direct_operations import MAX_CHARACTERS, GaveUp, small
from seedbed.tasks.templates.direct_source import NAMES, NotDirect, direct_source
from seedbed.tasks.templates.sandbox import Sandbox

# Each operation counts for 3,000 steps at most, and all of them for less than the bound of two million.
_MAX_OPERATIONS = 300
_FUNCTION = """
def text(row):
    try:
        return "".join(({parts},))
    except Exception:
        return None
"""


def direct_text(environment: Sandbox, source: str) -> Callable[[Row], str | None] | None:
    """Return a function that fills in a template with a row, or None if the template isn't simple.

        direct_text(sandbox(), "Translate: {{ text }}")({"text": "Guten Tag"})

    The function returns None unless it's certain that the sandbox would make the same text.
    """
    try:
        found = list(_shown_nodes(environment.parse(source)))
        code = compile(_FUNCTION.format(parts=", ".join(_parts(environment, found))), "<template>", "exec")
    except (NotDirect, TemplateError, RecursionError, MemoryError, SyntaxError):
        # The last three are limits of Python's compiler, for example on nested brackets.
        return None
    names = {**NAMES, "shown": _shown}
    exec(code, names)
    made: Callable[[Row], str | None] = names["text"]
    return made


def _shown_nodes(tree: nodes.Template) -> Iterator[nodes.Expr]:
    if sum(1 for _ in tree.find_all(nodes.Expr)) > _MAX_OPERATIONS or not tree.body:
        raise NotDirect
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            raise NotDirect
        yield from node.nodes


def _parts(environment: Sandbox, found: list[nodes.Expr]) -> Iterator[str]:
    """Yield the source of each part of the text, such that all of them together aren't long."""
    data = sum(len(node.data) for node in found if isinstance(node, nodes.TemplateData))
    shown = sum(1 for node in found if not isinstance(node, nodes.TemplateData))
    limit = (MAX_CHARACTERS - data) // max(shown, 1)
    for place, node in enumerate(found):
        if isinstance(node, nodes.TemplateData):
            yield ascii(node.data)
            continue
        if isinstance(node, nodes.Const):
            raise NotDirect
        value = direct_source(node, frozenset(environment.globals))
        part = f"v{place}"
        short = f"type({part} := {value}) is str and len({part}) <= {limit}"
        yield f"({part} if {short} else shown({part}, {limit}))"


def _shown(value: Any, limit: int) -> str:
    text = str(small(value))
    # A template that shows None fails.
    if value is None or len(text) > limit:
        raise GaveUp
    return text
