from __future__ import annotations

import json
import subprocess
import sys

import jsonschema


def test_the_schema_is_printed_as_json() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "seedbed", "schema"], capture_output=True, text=True, check=True
    ).stdout

    schema = json.loads(printed)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "qa-pairs" in schema["$defs"]["StepEntry"]["properties"]["use"]["anyOf"][0]["enum"]
