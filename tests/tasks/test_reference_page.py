"""The custom task of the reference page: as mended, it works alone; verbatim, it is told its slip."""

from __future__ import annotations

from typing import Any, Dict, List, Union  # noqa: UP035

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorOutput, GeneratorTask, InvalidRowError


class Verbatim(GeneratorTask):
    instruction: str

    def process(self, offset: int = 0) -> GeneratorOutput:
        output = self.llm.generate(inputs=[[{"role": "user", "content": self.instruction}]])
        output = {"model_name": self.llm.model_name}
        output.update(self.format_output(output=output, input=None))
        yield output

    @property
    def outputs(self) -> List[str]:  # noqa: UP006
        return ["output_field", "model_name"]

    def format_output(
        self,
        output: Union[str, None],  # noqa: UP007
        input: Dict[str, Any],  # noqa: UP006
    ) -> Dict[str, Any]:  # noqa: UP006
        return {"output_field": output}


class Mended(Verbatim):
    def process(self, offset: int = 0) -> GeneratorOutput:
        generations = self.llm.generate(inputs=[[{"role": "user", "content": self.instruction}]])
        row = {"model_name": self.llm.model_name}
        row.update(self.format_output(generations[0][0], None))
        yield row


def of(cls):
    llm = scripted("Why did the scarecrow win an award?", model="gpt-4")
    task = cls(name="custom-generation", instruction="Tell me a joke.", llm=llm)
    task.load()
    return task


def test_as_mended_it_yields_a_list_of_one_row():
    task = of(Mended)
    assert next(task.process()) == [
        {"output_field": "Why did the scarecrow win an award?", "model_name": "gpt-4"}
    ]
    assert task.columns == ["output_field", "model_name"]
    assert task.llm.requests[0].messages == ({"role": "user", "content": "Tell me a joke."},)


def test_verbatim_it_is_told_which_column_contains_itself():
    with pytest.raises(InvalidRowError, match="column 'output_field' contains itself"):
        next(of(Verbatim).process())
