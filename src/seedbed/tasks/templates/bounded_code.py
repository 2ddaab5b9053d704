"""How templates are compiled in the sandbox: with code that counts loops and measures what's made.

Jinja2 lets an environment look at operators and calls, but not at literals, at `a ~ b` or at the turns of a
loop. So the parsed template is changed before it's compiled, and the code generator wraps what it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context

from seedbed.tasks.templates.render_bounds import counted, step

TURNS = "turns of a loop"
"""The name of the filter `turns`: no template can write it."""

_FEW_TURNS = 1000
"""Turns that are counted before the first of them."""
_BODIES = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)


class BoundedCode(CodeGenerator):
    """Compiles templates so that literals and joined texts are measured, and fields come before methods.

    The code calls `made`, `joined` and `getitem` of the environment.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._called: set[nodes.Node] = set()

    def visit_Call(  # noqa: N802
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        """Note what is called, for `visit_Getattr`."""
        self._called.add(node.node)
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """Read the field of a dictionary, unless the attribute is called.

        Of `{"items": [...]}`, `order.items` is the field, and `order.items()` the method: Jinja2 would show
        the method, with its place in memory.
        """
        if node in self._called or not hasattr(dict, node.attr):
            super().visit_Getattr(node, frame)
            return
        self.write("environment.getitem(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        """Measure `a ~ b` before it's joined."""
        self.write("environment.joined(context, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802
        """Measure a list that the template makes."""
        self._write_measured(super().visit_List, node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        """Measure a dictionary that the template makes."""
        self._write_measured(super().visit_Dict, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802
        """Measure a tuple that the template makes; others are names to assign to: `{% for a, b in ... %}`."""
        if node.ctx == "load":
            self._write_measured(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def _write_measured(self, visit: Callable[[Any, Frame], None], node: nodes.Node, frame: Frame) -> None:
        self.write("environment.made(")
        visit(node, frame)
        self.write(")")


def with_counted_turns(tree: nodes.Template) -> nodes.Template:
    """Return a parsed template, changed so that each turn of a loop, macro or block counts as a step."""
    for node in tree.find_all(_BODIES):
        _count_turns(node)
    return tree


def _count_turns(node: nodes.Node) -> None:
    if isinstance(node, nodes.For) and not node.recursive:
        node.iter = nodes.Filter(node.iter, TURNS, [], [], None, None, lineno=node.lineno)
        return
    turn = nodes.EnvironmentAttribute("turn", lineno=node.lineno)
    node.body.insert(0, nodes.ExprStmt(turn, lineno=node.lineno))  # type: ignore[attr-defined]
    if isinstance(node, nodes.For) and node.test is not None:
        node.test = nodes.And(turn, node.test, lineno=node.lineno)


# With `pass_context`, Jinja2 doesn't evaluate it already when it compiles a template.
@pass_context
def turns(context: Context, values: Any) -> Any:
    """Return the values of a loop, and count its turns; all at once if there are few."""
    # In a long loop each turn is counted by itself, since a turn may be slow and counting checks the clock.
    if not hasattr(values, "__len__") or len(values) > _FEW_TURNS:
        return counted(values)
    step(len(values))
    return values
