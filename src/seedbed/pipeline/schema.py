"""The JSON Schema of pipeline files, with the installed plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from seedbed.errors import PluginError
from seedbed.llm.llm_kind import LLMS
from seedbed.pipeline.entries import BUILT_IN, PipelineFile
from seedbed.pipeline.parameter_schema import UntitledSchema, parameter_schema, purpose
from seedbed.pipeline.variable_schema import VARIABLE, allow_variables
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.registry import Registry
from seedbed.tasks.task_kinds import STEPS, TASKS

JSONSchema: TypeAlias = dict[str, Any]

_CODE = r"\.py:"
"""In the schema, any `PATH.py:Class` may follow `use`: whether it's allowed is up to the command."""


def pipeline_schema(registry: Registry) -> JSONSchema:
    """Return the JSON Schema (draft 2020-12) of pipeline files.

    Imports every installed task, step and LLM backend for its parameters; one that can't be imported is left
    out.
    """
    schema = PipelineFile.model_json_schema(by_alias=True, schema_generator=UntitledSchema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    definitions = schema["$defs"]
    for part in (schema, *definitions.values()):
        allow_variables(part)
    steps = {**BUILT_IN, **_installed(registry, TASKS), **_installed(registry, STEPS)}
    _describe_steps(definitions, steps)
    _describe_models(definitions, "LLMEntry", LLMS, _installed(registry, LLMS))
    for owner in (schema, definitions["StepEntry"]):
        owner["properties"]["llm"] = _reference_or_entry(
            definitions, "LLMEntry", LLMS, owner["properties"]["llm"]
        )
    return schema


def _installed(registry: Registry, kind: PluginKind[Any]) -> dict[str, type[BaseModel]]:
    return dict(_resolved(registry, kind))


def _resolved(registry: Registry, kind: PluginKind[Any]) -> Iterator[tuple[str, type[BaseModel]]]:
    for entry in registry.entries():
        claim = entry.installed
        if claim.kind is kind:
            try:
                yield claim.name, registry.find(kind, claim.name)
            except PluginError:
                continue


def _describe_steps(definitions: JSONSchema, steps: Mapping[str, type[BaseModel]]) -> None:
    """Add the names of the steps to `use`, and the parameters of each to `with`."""
    entry = definitions["StepEntry"]
    purposes = {name: purpose(cls) for name, cls in steps.items()}
    entry["properties"]["use"]["anyOf"] = [_names(purposes), {"pattern": _CODE}, {"pattern": VARIABLE}]
    entry["allOf"] = [
        _parameters_if({"const": name}, f"step:{name}", cls, ("llm", "name"), definitions)
        for name, cls in sorted(steps.items())
    ]


def _describe_models(
    definitions: JSONSchema, entry: str, kind: PluginKind[Any], backends: Mapping[str, type[BaseModel]]
) -> None:
    """Add the references to `use` of an entry, and the parameters of each backend to `with`.

    It serves every kind of plugin that is bound to one model.
    """
    definitions[f"{kind.word}:reference"] = {
        "type": "string",
        "description": f"An installed {kind.noun}, and one of its models: "
        + "; ".join(f"{name}/MODEL: {purpose(cls)}" for name, cls in sorted(backends.items())),
        "examples": [f"{name}/MODEL" for name in sorted(backends)],
        "pattern": "|".join([*(f"^{name}/." for name in sorted(backends)), rf"{_CODE}\w+/.", VARIABLE]),
    }
    definitions[entry]["properties"]["use"] = {"$ref": f"#/$defs/{kind.word}:reference"}
    conditions = [
        _parameters_if({"pattern": f"^{name}/"}, f"{kind.word}:{name}", cls, ("model",), definitions)
        for name, cls in sorted(backends.items())
    ]
    if conditions:
        definitions[entry]["allOf"] = conditions


def _names(purposes: Mapping[str, str]) -> JSONSchema:
    """Return the schema of names; editors show `enumDescriptions`, and validators skip it."""
    names = sorted(purposes)
    return {"enum": names, "enumDescriptions": [purposes[name] for name in names]}


def _parameters_if(
    use: JSONSchema, name: str, cls: type[BaseModel], hidden: tuple[str, ...], definitions: JSONSchema
) -> JSONSchema:
    """Return the schema of an entry whose `use` fits: its `with` has the parameters of the class."""
    fields = parameter_schema(cls, name, hidden, definitions)
    definitions[name] = fields
    then: JSONSchema = {"properties": {"with": {"$ref": f"#/$defs/{name}"}}}
    if fields.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"use": use}, "required": ["use"]}, "then": then}


def _reference_or_entry(
    definitions: JSONSchema, entry: str, kind: PluginKind[Any], former: JSONSchema
) -> JSONSchema:
    """Return the schema of a reference, or of an entry with `use` and `with`.

    A condition instead of pydantic's `anyOf`: an editor then reports only what is wrong with the form meant.
    """
    reference = f"{kind.word}:reference"
    return {
        "description": former["description"],
        # Editors offer no values from the parts of a condition.
        "examples": definitions[reference]["examples"],
        "if": {"type": "object"},
        "then": {"$ref": f"#/$defs/{entry}"},
        "else": {"anyOf": [{"$ref": f"#/$defs/{reference}"}, {"type": "null"}]},
    }
