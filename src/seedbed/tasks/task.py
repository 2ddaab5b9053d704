"""Tasks: steps whose rows a language model writes."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel

from seedbed.llm.calling.loop import loop_thread
from seedbed.plugins.authoring.elsewhere import check_one_row
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.final_columns import finished
from seedbed.tasks.columns.model_name import MODEL_NAME, adding_model_name, model_name_column
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import Step
from seedbed.tasks.templates.template import needed_variables


class Task(BaseTask, Step):
    """A task over rows: adds the columns that the model writes to each row.

        class Translate(Task):
            outputs: ClassVar[list[str]] = ["french"]
            template: str = "Translate into French: {{ text }}"

        run(Translate(llm="openai/gpt-4.1-mini"), input=[{"text": "Good night."}]).rows()

    Each row keeps its columns, and gets those in `outputs` and the model's name.
    """

    keeps: ClassVar[bool] = True

    Input: ClassVar[type[BaseModel] | None] = None
    """The columns that the task reads, with types; they are checked before a pipeline runs."""

    @property
    def inputs(self) -> list[str]:
        """The columns the task needs: those of `Input`, and variables of the templates that aren't fields.

        A variable can be missing if its template has a default for it, or tests it with `x is defined`.
        """
        read = needed_variables(self.template) | needed_variables(self.system_prompt)
        declared = self.Input.model_fields.items() if self.Input else ()
        needed = {name for name, field in declared if field.is_required()}
        return sorted((read - self._field_values().keys()) | needed)

    @property
    def _makes_rows_itself(self) -> bool:
        return type(self).process is not Task.process

    def _model_name_column(self, input: Row) -> str:
        return model_name_column(self.name, self.output_mappings, input)

    def _process_mappings(self) -> dict[str, str]:
        # `adding_model_name` already put the model's name in its final column; renaming `model_name` here
        # would move the name of an earlier task's model.
        return {made: new for made, new in self.output_mappings.items() if made != MODEL_NAME}

    @finished
    def process(self, row: Row) -> list[Row]:
        """Return the finished rows made from one row, for use without a run."""
        check_one_row(row)
        return loop_thread().run(self.make_rows(row), twin="make_rows(row)")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if "process" in vars(cls):
            cls.process = adding_model_name(vars(cls)["process"])  # type: ignore[assignment,method-assign]
        super().__pydantic_init_subclass__(**kwargs)
