"""The snippets of the how-to pages say what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from seedbed import LLM, Registry, Request, Response
from seedbed.pipeline.entries import PipelineFile
from seedbed.plugins.policy import read_policy

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


class YesLLM(LLM):
    async def respond(self, request: Request) -> Response:
        return Response.of_text("Explain why the sky is blue.")


def fences(page: str, language: str) -> list[str]:
    text = (HOW_TO / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_pipeline_in_python_runs(tmp_path: Path) -> None:
    (code,) = fences("pipelines.md", "python")
    out = tmp_path / "instructions.jsonl"
    names: dict[str, object] = {"llm": YesLLM(model="m")}
    code = code.replace('llm="openai/gpt-4.1-mini"', "llm=llm").replace(
        '"instructions.jsonl"', repr(str(out))
    )

    exec(compile(code, "pipelines.md", "exec"), names)

    assert len(out.read_text().splitlines()) == 20


def test_the_pipeline_file_fits() -> None:
    (text,) = fences("pipelines.md", "yaml")

    described = PipelineFile.model_validate(yaml.safe_load(text))

    assert [step.use for step in described.steps] == ["self-instruct", "text-generation"]
    for step in described.steps:
        Registry().step(step.use)


def test_the_policy_files_are_read(tmp_path: Path) -> None:
    pyproject, seedbed = fences("plugin-policy.md", "toml")
    tomllib.loads(pyproject)
    (tmp_path / "pyproject.toml").write_text(pyproject)
    (tmp_path / "seedbed.toml").write_text(seedbed)

    policy = read_policy(folder=tmp_path, environ={})

    assert policy.prefer == ("my-fork-of-tasks",)
    assert policy.deny == ("old-tasks",)
    assert policy.allow == ("seedbed-openai", "seedbed-tasks")
