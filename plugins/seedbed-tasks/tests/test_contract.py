"""Other uses of the tasks keep the contract of all tasks, too; `test_every_task.py` has the usual ones."""

from __future__ import annotations

from seedbed.testing import TaskContract
from seedbed_tasks import TextGeneration


class TestTextGenerationOverOtherColumns(TaskContract):
    task = TextGeneration
    parameters = {"template": "Summarise: {{ text }}", "num_generations": 2}
