"""The page of distilabel's GeneratorTask, on a real llama.cpp server: its custom task, run in every way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.llama_server import LlamaServer

from seedbed import GeneratorOutput, GeneratorTask, InvalidRowError, Registry, get_task, run
from seedbed.plugins.policy.policy import Policy
from seedbed_anthropic import AnthropicLLM
from seedbed_openai import OpenAILLM

PAGE = """
from __future__ import annotations

from typing import Any, Dict, List, Union

from seedbed import GeneratorOutput, GeneratorTask


class MyCustomTask(GeneratorTask):
    instruction: str

    def process(self, offset: int = 0) -> GeneratorOutput:
        generations = self.llm.generate(inputs=[[{"role": "user", "content": self.instruction}]])
        row = {"model_name": self.llm.model_name}
        row.update(self.format_output(generations[0][0], None))
        yield row

    @property
    def outputs(self) -> List[str]:
        return ["output_field", "model_name"]

    def format_output(self, output: Union[str, None], input: Dict[str, Any]) -> Dict[str, Any]:
        return {"output_field": output}
"""


class MyCustomTask(GeneratorTask):
    instruction: str

    def process(self, offset: int = 0) -> GeneratorOutput:
        generations = self.llm.generate(inputs=[[{"role": "user", "content": self.instruction}]])
        row = {"model_name": self.llm.model_name}
        row.update(self.format_output(generations[0][0], None))
        yield row

    @property
    def outputs(self) -> list[str]:
        return ["output_field", "model_name"]

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> dict[str, Any]:
        return {"output_field": output}


class Verbatim(MyCustomTask):
    def process(self, offset: int = 0) -> GeneratorOutput:
        output = self.llm.generate(inputs=[[{"role": "user", "content": self.instruction}]])
        output = {"model_name": self.llm.model_name}
        output.update(self.format_output(output=output, input=None))
        yield output


@pytest.fixture
def openai_llm(llama_server: LlamaServer) -> OpenAILLM:
    return OpenAILLM(
        model=llama_server.model,
        base_url=f"{llama_server.url}/v1",
        api_key=llama_server.api_key,
        max_tokens=24,
    )


@pytest.fixture
def anthropic_llm(llama_server: LlamaServer) -> AnthropicLLM:
    return AnthropicLLM(
        model=llama_server.model, base_url=llama_server.url, api_key=llama_server.api_key, max_tokens=24
    )


def check_rows(rows: object, model: str) -> None:
    assert isinstance(rows, list)
    assert len(rows) == 1
    assert set(rows[0]) == {"output_field", "model_name"}
    assert rows[0]["model_name"] == model
    assert rows[0]["output_field"].strip()


@pytest.mark.slow
def test_standalone_through_the_chat_completions_of_a_real_server(
    openai_llm: OpenAILLM, llama_server: LlamaServer
) -> None:
    task = MyCustomTask(name="custom-generation", instruction="Tell me a joke.", llm=openai_llm)
    task.load()

    check_rows(next(task.process()), llama_server.model)


@pytest.mark.slow
def test_standalone_through_the_messages_endpoint_of_a_real_server(
    anthropic_llm: AnthropicLLM, llama_server: LlamaServer
) -> None:
    task = MyCustomTask(name="custom-generation", instruction="Tell me a joke.", llm=anthropic_llm)
    task.load()

    check_rows(next(task.process()), llama_server.model)


@pytest.mark.slow
def test_by_registered_name_in_a_run(openai_llm: OpenAILLM, llama_server: LlamaServer) -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(MyCustomTask)

    task = get_task("my-custom-task", registry=registry, instruction="Tell me a joke.")
    made = run(task, llm=openai_llm)

    assert task.name == "my-custom-task"
    assert made.outcome == "complete"
    check_rows(list(made.rows()), llama_server.model)


@pytest.mark.slow
def test_from_a_file_by_the_command(tmp_path: Path, llama_server: LlamaServer) -> None:
    (tmp_path / "page.py").write_text(PAGE)
    command = [
        *(sys.executable, "-m", "seedbed", "run", f"{tmp_path}/page.py:MyCustomTask"),
        *("--llm", f"openai/{llama_server.model}", "--set", "instruction=Tell me a joke."),
        *("--set", f"llm.base_url={llama_server.url}/v1", "--set", f"llm.api_key={llama_server.api_key}"),
        *("--set", "llm.max_tokens=24", "-n", "1"),
    ]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert ended.returncode == 0, ended.stderr
    check_rows([json.loads(line) for line in ended.stdout.splitlines()], llama_server.model)
    assert llama_server.api_key not in ended.stderr


def test_its_verbatim_code_ends_in_an_error_that_names_the_column(openai_llm: OpenAILLM) -> None:
    task = Verbatim(name="custom-generation", instruction="Tell me a joke.", llm=openai_llm)
    task.load()

    with pytest.raises(InvalidRowError, match="'output_field' contains itself"):
        next(task.process())
