"""The JSON Schema of pipeline files, with the installed plugins."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from seedbed.errors import PluginError
from seedbed.llm.llm_kind import LLMS
from seedbed.pipeline.entries import BUILT_IN, PipelineFile
from seedbed.plugins.registry import Registry
from seedbed.tasks.task_kinds import STEPS

_NOT_IN_WITH = ("llm", "name")


def pipeline_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of pipeline files.

    Imports every installed step for its fields; a step that can't be imported is left out.
    """
    schema = PipelineFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    definitions = schema["$defs"]
    known = {name: _fields_schema(name, cls, definitions) for name, cls in BUILT_IN.items()}
    for entry in registry.entries():
        claim = entry.installed
        if claim.kind is LLMS:
            continue
        try:
            known[claim.name] = _fields_schema(claim.name, registry.find(STEPS, claim.name), definitions)
        except PluginError:
            continue
    step = definitions["StepEntry"]
    # `PATH.py:Class` isn't in the schema: only the user can allow code, and a file can't.
    step["properties"]["use"]["anyOf"] = [{"enum": sorted(known)}, {"pattern": r"\.py:"}]
    step["allOf"] = [
        {
            "if": {"properties": {"use": {"const": name}}},
            "then": {"properties": {"with": fields}},
        }
        for name, fields in sorted(known.items())
    ]
    return schema


def _fields_schema(name: str, cls: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    try:
        schema = cls.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    except PydanticUserError:
        # A type that JSON lacks, or a class that pydantic can't use. Using the step shows what is wrong.
        return {"type": "object"}
    for model, definition in schema.pop("$defs", {}).items():
        definitions[f"{name}.{model}"] = definition
    for field in _NOT_IN_WITH:
        schema["properties"].pop(field, None)
    schema["required"] = [field for field in schema.get("required", []) if field not in _NOT_IN_WITH]
    return schema
