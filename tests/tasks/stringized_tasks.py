"""Tasks of a module whose annotations are strings."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from seedbed import GenerationParameters, GeneratorTask, Task


class Part(BaseModel):
    name: str


class Typed(GeneratorTask):
    topic: str = "cats"
    template: str = "{{ topic }}"
    generation: GenerationParameters = GenerationParameters(temperature=0.5)
    finite: ClassVar[bool] = True

    class Output(BaseModel):
        parts: list[Part]
        note: str | None = None


class Listed(Task):
    template: str = "{{ x }}"
    outputs: ClassVar[list[str]] = ["answer"]


class Computed(Task):
    template: str = "{{ x }}"
    column: str = "reply"

    @property
    def outputs(self) -> list[str]:
        return [self.column]
