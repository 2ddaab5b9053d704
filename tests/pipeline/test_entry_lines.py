"""Where the steps of a pipeline file begin."""

from __future__ import annotations

import pytest
import yaml

from seedbed.pipeline.entry_lines import lines_of_steps

CASES = [
    ("steps:\n- use: a\n\n# Next.\n- use: b\n", [2, 5]),
    ('{"steps": [{"use": "a"},\n {"use": "b"}]}', [1, 2]),
    ("steps: [1]\n'steps':\n- use: a\n- use: b\n", [3, 4]),
    ("x: &x\n  steps: [{use: a}, {use: b}]\n<<: *x\n", [0, 0]),
]


@pytest.mark.parametrize(("text", "lines"), CASES)
def test_each_entry_has_its_line(text: str, lines: list[int]) -> None:
    assert len(yaml.safe_load(text)["steps"]) == len(lines)
    assert lines_of_steps(text, len(lines)) == lines
