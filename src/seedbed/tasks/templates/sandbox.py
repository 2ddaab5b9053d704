"""The sandbox for templates, which strangers may have written: no access to Python, limited work and sizes.

A template runs on the loop's thread, and much of it in C: `10 ** (10 ** 9)` would block every row, and
signals too. So the sandbox computes the size of results before operators, filters and methods run
(`operation_bounds`, `filter_bounds`), and counts the turns of loops and macros (`bounded_code`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from typing import Any

from jinja2 import Template, nodes
from jinja2.runtime import Context, Macro, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from seedbed.tasks.templates.bounded_code import TURNS, BoundedCode, turns, with_counted_turns
from seedbed.tasks.templates.conversions import STRICT, strict
from seedbed.tasks.templates.filter_bounds import FILTER_CHECKS
from seedbed.tasks.templates.operation_bounds import check_format, check_method, check_operator
from seedbed.tasks.templates.render_bounds import BoundError, check_made, check_size, step, text_size
from seedbed.tasks.templates.template_context import TemplateContext, chosen

_MAX_RANGE = 1_000_000
"""Numbers of a range: no prompt has as many."""
_STEPS_OF_A_MACRO = 10
"""Steps for a call of a macro: it takes 2.9 us, the turn of a loop 0.2 us."""
_SHORT = 100
"""Characters of a text that isn't measured: it's within all bounds, and takes less than a step."""


class Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox that limits the steps of each rendering, and the size of each value."""

    code_generator_class = BoundedCode
    context_class = TemplateContext
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters |= {name: strict(name, self.filters[name]) for name in STRICT}
        self.filters = {name: _bounded(name, kept) for name, kept in self.filters.items()}
        self.filters |= {TURNS: turns, "random": chosen}
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
        return TemplateContext(self, {**template.globals, **variables}, template.name, template.blocks)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return with_counted_turns(super()._parse(source, name, filename))

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
