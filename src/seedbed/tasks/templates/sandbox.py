"""The sandbox for templates, which strangers may have written: no access to Python, limited work and sizes.

A template runs on the loop's thread, and much of it in C: `10 ** (10 ** 9)` would block every row, and
signals too. So the sandbox computes the size of results before operators, filters and methods run, and
counts the turns of loops and macros.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import update_wrapper
from random import Random
from typing import Any

from jinja2 import Environment, Template, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from seedbed.llm.calling.scope import current_scope
from seedbed.tasks.templates.operation_bounds import FILTER_CHECKS, check_format, check_method, check_operator
from seedbed.tasks.templates.render_bounds import BoundError, check_made, check_size, counted, step, text_size

_MAX_RANGE = 1_000_000
_STEPS_OF_A_MACRO = 10
_SHORT = 100
_FEW_TURNS = 1000
_TURNS = "turns of a loop"
_BODIES = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)


class _Generator(CodeGenerator):
    """Compiles templates so that literals and joined texts are measured, and fields come before methods."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._called: set[nodes.Node] = set()

    def visit_Call(  # noqa: N802
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        self._called.add(node.node)
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        # Of `{"items": [...]}`, `order.items` is the field, and `order.items()` the method: Jinja2 would show
        # the method, with its place in memory.
        if node in self._called or not hasattr(dict, node.attr):
            super().visit_Getattr(node, frame)
            return
        self.write("environment.getitem(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.joined(context, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802
        self.write("environment.made(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        self.write("environment.made(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802
        if node.ctx != "load":
            super().visit_Tuple(node, frame)
            return
        self.write("environment.made(")
        super().visit_Tuple(node, frame)
        self.write(")")


class _Context(Context):
    """What a template sees, made in a third of the time: there's one for each row and each expression."""

    # Jinja2 copies the names of the globals for `import`, which needs a loader; this environment has none.
    def __init__(
        self,
        environment: Environment,
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Any],
        globals: MutableMapping[str, Any] | None = None,
    ) -> None:
        self.parent = parent
        self.vars = {}
        self.environment = environment
        self.eval_ctx = nodes.EvalContext(environment, name)
        self.exported_vars = set()
        self.name = name
        self.globals_keys = set()
        self.chance: Random | None = None
        self.blocks = {key: [block] for key, block in blocks.items()} if blocks else {}


class Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox that limits the steps of each rendering, and the size of each value."""

    code_generator_class = _Generator
    context_class = _Context
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters = {name: _bounded(name, kept) for name, kept in self.filters.items()}
        self.filters |= {_TURNS: _turns, "random": _chosen}
        # Of a text, what's left of a division is the text filled in: `'%999999999d' is odd`.
        self.tests |= {name: _divided(self.tests[name]) for name in ("odd", "even", "divisibleby")}
        self.globals |= {
            "dict": lambda *args, **kwargs: check_made(dict(*args, **kwargs)),
            "namespace": _Opaque,
            "range": _range,
        }
        # Its words differ each time.
        del self.globals["lipsum"]

    @property
    def turn(self) -> bool:
        """Always true; reading it counts a step, and no other way is as cheap in compiled templates."""
        step()
        return True

    made = staticmethod(check_made)

    def context_of(self, template: Template, variables: Mapping[str, Any]) -> Context:
        """Return the context in which a template has the variables of one rendering."""
        return _Context(self, {**template.globals, **variables}, template.name, template.blocks)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all(_BODIES):
            _count_turns(node)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator, unless its result would be too large."""
        check_operator(operator, left, right)
        return self.binop_table[operator](left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call what the template calls, unless its result would be too large."""
        if isinstance(__obj, Macro):
            step(_STEPS_OF_A_MACRO)
            return super().call(__context, __obj, *args, **kwargs)
        args = check_method(__obj, args, kwargs)
        made = super().call(__context, __obj, *args, **kwargs)
        # Lists come from rows or literals, whose size is known; measuring them at each call would be slow.
        return check_made(made) if isinstance(made, str | bytes | int) else made

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return a `str.format` that can't read attributes of objects and can't make too large a text."""
        formatted = super().wrap_str_format(value)
        if formatted is None:
            return None

        def bounded(*args: Any, **kwargs: Any) -> str:
            by_map = value.__name__ == "format_map"
            check_format(value.__self__, () if by_map else args, args[0] if by_map and args else kwargs)
            return formatted(*args, **kwargs)

        return update_wrapper(bounded, formatted)

    def joined(self, context: Context, parts: tuple[Any, ...]) -> str:
        """Return the text of `a ~ b`."""
        check_size(sum(len(part) if isinstance(part, str) else text_size(part) for part in parts))
        return markup_join(parts) if context.eval_ctx.autoescape else str_join(parts)

    def concat(self, parts: Iterable[str]) -> str:
        """Return the text of a template, a macro or a block."""
        kept = list(parts)
        check_size(sum(map(len, kept)))
        return "".join(kept)


class _Opaque(Namespace):
    # The parent's repr shows its items, which may contain the parent, or each other, many times over.
    def __repr__(self) -> str:
        return "<namespace>"


def _count_turns(node: nodes.Node) -> None:
    """Add code to a loop, a macro or a block that counts its turns."""
    if isinstance(node, nodes.For) and not node.recursive:
        node.iter = nodes.Filter(node.iter, _TURNS, [], [], None, None, lineno=node.lineno)
        return
    turn = nodes.EnvironmentAttribute("turn", lineno=node.lineno)
    node.body.insert(0, nodes.ExprStmt(turn, lineno=node.lineno))  # type: ignore[attr-defined]
    if isinstance(node, nodes.For) and node.test is not None:
        node.test = nodes.And(turn, node.test, lineno=node.lineno)


# With `pass_context`, Jinja2 doesn't evaluate it already when it compiles a template.
@pass_context
def _turns(context: Context, values: Any) -> Any:
    """Return the values of a loop, and count its turns; all at once if there are few."""
    # In a long loop each turn is counted by itself, since a turn may be slow and counting checks the clock.
    if not hasattr(values, "__len__") or len(values) > _FEW_TURNS:
        return counted(values)
    step(len(values))
    return values


@pass_context
def _chosen(context: _Context, values: Any) -> Any:
    """Return one of the values: the same one for a row, whenever its template is rendered.

    Jinja2's own filter draws another one each time, so a row would have another prompt when its run resumes.
    """
    if context.chance is None:
        context.chance = Random(_seed_of(context))
    try:
        return context.chance.choice(values)
    except IndexError:
        return context.environment.undefined("there's nothing to choose from: the sequence is empty")


def _seed_of(context: _Context) -> str:
    """Return what says for which row, of which step, in which run, a template is rendered."""
    scope = current_scope.get()
    if scope is not None:
        return f"{scope.seed}/{scope.step}/{scope.row}"
    # Conditions of routes and other expressions outside of a step: the row's content.
    known = {name: value for name, value in context.parent.items() if name not in context.environment.globals}
    return json.dumps(known, default=lambda value: type(value).__name__, sort_keys=True)


def _bounded(name: str, kept: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses to make too large a value."""
    check = FILTER_CHECKS.get(name)
    # Jinja2 passes the context first, to filters that ask for it.
    first = 1 if hasattr(kept, "jinja_pass_arg") else 0

    def bounded(*args: Any, **kwargs: Any) -> Any:
        if check is not None:
            args = (*args[:first], *check(args[first:], kwargs))
        made = kept(*args, **kwargs)
        # The common case, and every prompt comes through here: most values are short texts.
        return made if type(made) is str and len(made) < _SHORT else check_made(made)

    return update_wrapper(bounded, kept)


def _divided(test: Any) -> Callable[..., bool]:
    """Return a test of a number that refuses to make too large a text of something else."""

    def bounded(value: Any, *by: Any, **named: Any) -> bool:
        check_operator("%", value, (*by, *named.values(), 2)[0])
        return bool(test(value, *by, **named))

    return bounded


def _range(*args: int) -> range:
    numbers = range(*args)
    # Not `len(...)`, which fails above 2 ** 63.
    if (numbers.stop - numbers.start) // numbers.step > _MAX_RANGE:
        raise BoundError(f"a range has {_MAX_RANGE:,} numbers at most")
    return numbers
