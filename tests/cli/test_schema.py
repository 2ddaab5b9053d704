from __future__ import annotations

import json

import pytest

from seedbed.cli import invoke


@pytest.mark.slow
def test_the_schema_is_printed_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert invoke(["schema"]) == 0

    # That it is a valid schema is tested where it is made.
    schema = json.loads(capfd.readouterr().out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "qa-pairs" in schema["$defs"]["StepEntry"]["properties"]["use"]["anyOf"][0]["enum"]
