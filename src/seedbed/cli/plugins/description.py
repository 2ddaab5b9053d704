"""What the class of a plugin says about itself: purpose, columns, parameters, capabilities."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import click

from seedbed.cli.failures import blaming
from seedbed.cli.plugins.parameters import Parameter, parameters_of
from seedbed.engine.engine import Engine
from seedbed.engine.engine_options import EngineOptions
from seedbed.engine.observing.observer import Observer
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.keys.key_source import KeySource
from seedbed.llm.llm import LLM
from seedbed.store.format import Format
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.description.citation import Citation
from seedbed.tasks.description.purpose import purpose_of
from seedbed.tasks.task import Task


@dataclass(frozen=True)
class Description:
    """One class or observer. `reads` and `columns` are names of columns; None if an instance is needed.

    `goals`, `keywords` and `cites` are what a task or step says of itself, `lacks` what an engine does.
    """

    text: str
    parameters: tuple[Parameter, ...]
    framework: str
    prefix: str = ""
    form: str = "each as --set {prefix}NAME=VALUE"
    reads: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    hooks: tuple[str, ...] | None = None
    goals: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    cites: tuple[str, ...] | None = None
    lacks: tuple[str, ...] | None = None
    keys: tuple[KeySource, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the description as values that JSON can hold."""
        listed = {
            name: list(value)
            for name in ("reads", "columns", "capabilities", "hooks", "goals", "keywords", "cites", "lacks")
            if (value := getattr(self, name)) is not None
        }
        if self.keys:
            listed["keys"] = [_key_as_json(source) for source in self.keys]
        parameters = [_parameter_as_json(parameter) for parameter in self.parameters]
        return {"description": self.text, **listed, "parameters": parameters}


def describe(cls: type[BaseStep] | type[LLM] | type[Embedder]) -> Description:
    """Describe a task, step, LLM or embedder class; raises PluginError if its own code fails."""
    with blaming(f"the class '{cls.__name__}'"):
        if issubclass(cls, Embedder):
            return _describe_embedder(cls)
        return _describe_llm(cls) if issubclass(cls, LLM) else _describe_step(cls)


def describe_engine(cls: type[Engine]) -> Description:
    """Describe an engine and its options."""
    options = tuple(parameters_of(cls.Options, EngineOptions, frozenset()))
    lacks = tuple(sorted(cls.lacks))
    return Description(_own_text(cls), options, "every engine", prefix="engine.", lacks=lacks)


def describe_format(cls: type[Format]) -> Description:
    """Describe a format: what it is, and what can be done with it."""
    actions = tuple(action for action in ("read", "write", "upload") if cls.can(action))
    return Description(_own_text(cls), (), "", capabilities=actions)


def describe_observer(observer: Observer) -> Description:
    """Describe an observer by the docstring of its module or class, and its hooks."""
    text = inspect.getdoc(observer.plugin) or ""
    return Description(text, (), "", hooks=observer.hooks)


def write_text(description: Description, formatter: click.HelpFormatter) -> None:
    """Write what a class says about itself, and the columns of its rows."""
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(description.text or "(It has no description.)")
    titles = {
        "reads": "Columns read",
        "columns": "Columns made",
        "capabilities": "Capabilities",
        "hooks": "Hooks",
        "goals": "Goals",
        "keywords": "Keywords",
        "cites": "Cites",
        "lacks": "Lacks",
    }
    lines = [
        (title, ", ".join(value)) for name, title in titles.items() if (value := getattr(description, name))
    ]
    if description.keys:
        lines.append(("Key" if len(description.keys) == 1 else "Keys", _keys_text(description.keys)))
    if lines:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_dl(lines)


def write_parameters(description: Description, formatter: click.HelpFormatter, of: str) -> None:
    """Write the parameters as `--set` takes them; those that all classes of the kind have come last."""
    own = [parameter for parameter in description.parameters if not parameter.inherited]
    shared = [parameter for parameter in description.parameters if parameter.inherited]
    form = description.form.format(prefix=description.prefix)
    for title, parameters in (
        (f"Parameters of {of}, {form}", own),
        (f"Parameters of {description.framework}", shared),
    ):
        if parameters:
            with formatter.section(title):
                formatter.write_dl([_row(description.prefix, parameter) for parameter in parameters])


def _row(prefix: str, parameter: Parameter) -> tuple[str, str]:
    return f"{prefix}{parameter.name}", f"{parameter.description} [{parameter.notes}]".strip()


def _describe_step(cls: type[BaseStep]) -> Description:
    blank = cls.model_construct()
    is_task = issubclass(cls, BaseTask)
    framework = BaseTask if is_task else BaseStep
    reads = _told(lambda: blank.inputs)
    purpose = purpose_of(cls)
    return Description(
        _own_text(cls),
        tuple(parameters_of(cls, framework, frozenset({"llm"}))),
        "every task" if is_task else "every step",
        reads=reads if issubclass(cls, Task) or reads else None,
        columns=_told(lambda: blank.columns),
        goals=purpose.goals,
        keywords=purpose.keywords,
        cites=tuple(map(_cited, purpose.citations)),
    )


def _cited(citation: Citation | str) -> str:
    if isinstance(citation, str):
        return citation
    return f"{citation.title} ({citation.short}), {citation.address}"


def _describe_llm(cls: type[LLM]) -> Description:
    blank = cls.model_construct(model="")
    return Description(
        _own_text(cls),
        tuple(parameters_of(cls, LLM, _not_shown(cls))),
        "every LLM",
        prefix="llm.",
        capabilities=_told(
            # Capabilities that aren't yes or no, such as the schema dialect, mean nothing in a list of names.
            lambda: [name for name, has in asdict(blank.capabilities).items() if has is True]
        ),
        keys=cls.key_sources(),
    )


def _describe_embedder(cls: type[Embedder]) -> Description:
    return Description(
        _own_text(cls),
        tuple(parameters_of(cls, Embedder, _not_shown(cls))),
        "every embedder",
        form="in a step's field: {{use: REFERENCE, with: {{NAME: VALUE}}}}",
        keys=cls.key_sources(),
    )


def _not_shown(cls: type[LLM] | type[Embedder]) -> frozenset[str]:
    return frozenset({"model"} if cls.takes_key() else {"model", "api_key"})


def _keys_text(sources: tuple[KeySource, ...]) -> str:
    return ", ".join(
        f"{source.env_var}{f' for {source.title}' if source.title else ''}"
        + ("" if source.needed else " (optional)")
        for source in sources
        if source.env_var
    )


def _key_as_json(source: KeySource) -> dict[str, Any]:
    return {
        "env_var": source.env_var,
        "needed": source.needed,
        "hosts": list(source.hosts),
        "base_url_env_var": source.base_url_env_var,
        "for": source.title or None,
    }


def _told(ask: Callable[[], list[str]]) -> tuple[str, ...] | None:
    """Return a property of an instance without parameters; None if it needs them."""
    try:
        return tuple(ask())
    except Exception:  # noqa: BLE001 - the plugin's own code, on an incomplete instance, may raise anything
        return None


def _own_text(cls: type) -> str:
    return inspect.cleandoc(cls.__dict__.get("__doc__") or "")


def _parameter_as_json(parameter: Parameter) -> dict[str, Any]:
    return {name: value for name, value in parameter._asdict().items() if name != "inherited"}
