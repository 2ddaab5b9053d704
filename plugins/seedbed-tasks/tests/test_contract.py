"""The tasks keep the contract of all tasks."""

from __future__ import annotations

from seedbed.testing import TaskContract
from seedbed_tasks import SelfInstruct, TextGeneration


class TestQAPairs(TaskContract):
    task = "qa-pairs"


class TestSelfInstruct(TaskContract):
    task = "self-instruct"
    # Two blocks have no rows that feed them; the third has.
    rows = 2 * SelfInstruct.feedback + 10


class TestTextGeneration(TaskContract):
    task = "text-generation"
    inputs = [{"id": 1, "instruction": "Count to three."}, {"id": 2, "instruction": "Say hello."}]


class TestTextGenerationOverOtherColumns(TaskContract):
    task = TextGeneration
    parameters = {"template": "Summarise: {{ text }}", "num_generations": 2}
