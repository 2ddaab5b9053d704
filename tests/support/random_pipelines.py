"""Random pipelines of installed steps, whose parameters are any text and any number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from seedbed import Concat, Join, Pass, Pipeline, get_llm, otherwise, when
from seedbed.pipeline.run_defaults import NO_DEFAULTS, RunDefaults
from seedbed.pipeline.typed_columns import with_schema
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.column_types import ColumnType
from seedbed_data import DedupExact, Filter, Length, Map, Messages, Shuffle, Sort, Template
from seedbed_tasks import SelfInstruct, TextGeneration

LIKE_VARIABLES = [
    "${x}",
    "$${x}",
    "a ${env:HOME} b",
    "$$$${{ x }}",
    "yes",
    "0o7",
    "1e3",
    "~",
    "2024-01-01",
    "#",
]

texts = st.one_of(
    st.text(max_size=20), st.sampled_from(LIKE_VARIABLES), st.text("ab \n\t:-'\"#", max_size=30)
)
plain_texts = texts.map(lambda text: text.replace("{", "(").replace("}", ")"))
names = st.text("abcdefgh_", min_size=1, max_size=4).filter(lambda name: not name.startswith("_"))
expressions = st.sampled_from(
    ["a == 'b'", "n > 3 and (m | length) < 2", "x is defined\n  and x", "'${x}' in a", "true"]
)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**70, -(2**63), 1e300, 1e-7]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)

_llms = st.one_of(
    st.builds(
        lambda **fields: get_llm("openai/org/model:1", **fields),
        temperature=st.floats(0, 2),
        stop=st.lists(texts, max_size=2),
        extra=st.dictionaries(texts, values, max_size=2),
    ),
    st.just("anthropic/claude-sonnet-4-5").map(get_llm),
)

models = st.one_of(st.just({}), _llms.map(lambda llm: {"llm": llm}))
"""Fields of a task: none, or its LLM."""

_short_types = st.sampled_from(["string", "integer", "number?", "list[string]", "list[date?]?"])
_columns = st.recursive(
    st.one_of(
        _short_types,
        st.lists(st.one_of(texts, st.integers()), min_size=1, max_size=3, unique_by=str),
        st.fixed_dictionaries(
            {"type": st.just("integer")}, optional={"minimum": st.integers(0, 9), "description": texts}
        ),
        st.fixed_dictionaries({"values": st.lists(texts, min_size=1, max_size=3, unique=True)}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"fields": st.dictionaries(names, inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"items": inner}, optional={"optional": st.booleans()}),
    ),
    max_leaves=3,
)
schemas = st.dictionaries(
    names.filter(lambda name: not name.startswith("_")), _columns, min_size=1, max_size=3
)


def _typed(schema: dict[str, Any]) -> type[BaseStep]:
    return with_schema(TextGeneration, TypeAdapter(dict[str, ColumnType]).validate_python(schema))


@st.composite
def steps(draw: st.DrawFn, name: str) -> BaseStep:
    """Return a step over rows."""
    kind = draw(
        st.sampled_from(["task", "typed", "filter", "map", "template", "exact", "length", "messages"])
    )
    if kind in ("task", "typed"):
        given: dict[str, Any] = {"system_prompt": draw(plain_texts), **draw(models)}
        if draw(st.booleans()):
            given["generation"] = {
                "max_tokens": draw(st.integers(1, 99)),
                "stop": draw(st.lists(texts, max_size=2)),
            }
        made: BaseStep = (_typed(draw(schemas)) if kind == "typed" else TextGeneration)(name=name, **given)
        return made
    if kind == "filter":
        return Filter(name=name, keep=draw(expressions))
    if kind == "map":
        return Map(name=name, make=draw(st.dictionaries(names, expressions, min_size=1, max_size=3)))
    if kind == "template":
        return Template(name=name, column=draw(names), template=draw(plain_texts))
    if kind == "exact":
        return DedupExact(name=name, by=draw(st.lists(texts.filter(bool), max_size=2, unique=True)))
    if kind == "length":
        return Length(name=name, at_least=draw(st.integers(0, 2**70)))
    return Messages(name=name, output_mappings={"messages": draw(names)})


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Return a pipeline with branches, routes, joins, and rows of an input or of its own."""
    numbers = count()
    made = draw(_sources(numbers))
    for _ in range(draw(st.integers(0, 3))):
        made = made >> draw(_elements(numbers, 2))
    defaults = draw(
        st.sampled_from([NO_DEFAULTS, RunDefaults(n=3, seed=2**63, max_cost=0.5, max_seconds=7200.0)])
    )
    named = Pipeline(made.steps, draw(plain_texts), made.links, defaults=defaults)
    if not draw(st.booleans()) or any(isinstance(step, SelfInstruct) for step in made.steps):
        return named
    return Pipeline(
        named.steps,
        named.name,
        named.links,
        columns=draw(st.lists(texts, max_size=2)),
        drop=draw(st.lists(texts, max_size=2)),
    )


@st.composite
def _sources(draw: st.DrawFn, numbers: Iterator[int]) -> Pipeline:
    def own() -> Pipeline:
        return Pipeline([SelfInstruct(name=f"own{next(numbers)}", **draw(models))])

    kind = draw(st.sampled_from(["input", "own", "two"]))
    if kind == "input":
        return Pipeline() >> draw(_elements(numbers, 2))
    if kind == "own":
        return own()
    combine = draw(st.sampled_from([Concat(), Join(on=["instruction"], how="left")]))
    return [own(), own() >> draw(steps(f"s{next(numbers)}"))] >> combine


@st.composite
def _elements(draw: st.DrawFn, numbers: Iterator[int], depth: int) -> Any:
    kind = draw(st.sampled_from(["step", "step", "all", "fork", "routes"] if depth else ["step"]))
    name = f"s{next(numbers)}"
    if kind == "step":
        return draw(steps(name))
    if kind == "all":
        return draw(
            st.sampled_from([Shuffle(name=name, seed=2**40), Sort(name=name, by="a", descending=True)])
        )
    branches = [
        Pipeline([draw(steps(f"s{next(numbers)}"))])
        >> draw(_elements(numbers, depth - 1 if kind == "fork" else 0))
        for _ in range(draw(st.integers(2, 3)))
    ]
    if kind == "fork":
        return Pipeline([Pass(name=f"{name}-fork")]) >> branches >> Pass(name=name)
    conditions = [when(draw(expressions), branch) for branch in branches[:-1]]
    last = draw(st.sampled_from([otherwise(branches[-1]), when("n", branches[-1])]))
    return Pipeline([Pass(name=f"{name}-fork")]) >> [*conditions, last] >> Pass(name=name)
