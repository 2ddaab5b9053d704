"""What a template sees of one rendering: the variables, and a source of chance that is the same each time."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from random import Random
from typing import Any

from jinja2 import Environment, nodes, pass_context
from jinja2.runtime import Context

from seedbed.llm.calling.scope import current_scope


class TemplateContext(Context):
    """The context of one rendering, made in a third of the time of Jinja2's.

    There's one for each row and each expression.
    """

    # Jinja2 copies the names of the globals for `import`, which needs a loader; the sandbox has none.
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
        self.blocks = {key: [block] for key, block in blocks.items()} if blocks else {}
        self._chance: Random | None = None

    @property
    def chance(self) -> Random:
        """What the choices of this rendering come from, one after the other."""
        if self._chance is None:
            self._chance = Random(self._seed())
        return self._chance

    def _seed(self) -> str:
        """Return what says for which row, of which step, in which run, the template is rendered."""
        scope = current_scope.get()
        if scope is not None:
            return f"{scope.seed}/{scope.step}/{scope.row}"
        # Conditions of routes and other expressions outside of a step: the row's content.
        row = {name: value for name, value in self.parent.items() if name not in self.environment.globals}
        return json.dumps(row, default=lambda value: type(value).__name__, sort_keys=True)


@pass_context
def chosen(context: TemplateContext, values: Any) -> Any:
    """Return one of the values, as the filter `random`: the same one each time a row's template is rendered.

    Jinja2's own filter draws another one each time, so a row would have another prompt when its run resumes.
    """
    try:
        return context.chance.choice(values)
    except IndexError:
        return context.environment.undefined("there's nothing to choose from: the sequence is empty")
