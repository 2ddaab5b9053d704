"""Raw prompts: what a model goes on with, without its chat template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seedbed import GeneratorTask, UsageError, run
from seedbed.cli.command import seedbed
from seedbed_llamacpp import LlamaCppLLM

PRE_QUERY = [{"role": "user", "content": "<|im_start|>user\n"}]


@pytest.mark.slow
def test_the_prompt_is_read_without_a_template_and_with_its_special_tokens(llm: LlamaCppLLM) -> None:
    raw = llm.complete(PRE_QUERY, raw_prompt=True, max_tokens=6, seed=1)
    assert raw.usage.input_tokens == 3
    assert raw.usage.output_tokens == 6
    assert raw.choices[0].text
    assert raw.choices[0].finish_reason == "length"
    assert llm.complete(PRE_QUERY, max_tokens=2).usage.input_tokens > 10


@pytest.mark.slow
def test_parameters_hold_for_raw_prompts_as_for_chats(llm: LlamaCppLLM) -> None:
    def text(**given: Any) -> Any:
        return llm.complete(PRE_QUERY, raw_prompt=True, max_tokens=8, temperature=1.0, **given).choices[0]

    first = text(seed=1)
    assert text(seed=1).text == first.text != text(seed=2).text
    assert len(text(seed=1, logprobs=2).logprobs) == 8
    assert {len(token.top) for token in text(seed=1, logprobs=2).logprobs} == {2}
    stop = first.text.strip()[:1]
    assert stop not in text(seed=1, stop=[stop]).text


@pytest.mark.slow
def test_a_prompt_is_the_backends_to_set(llm: LlamaCppLLM) -> None:
    with pytest.raises(UsageError):
        llm.complete(PRE_QUERY, extra={"prompt": "x"})


class Magpie(GeneratorTask):
    """Instructions that the model writes after the beginning of a user's turn."""

    template: str = "<|im_start|>user\n"
    raw_prompt: bool = True


@pytest.mark.slow
def test_rows_are_made_of_raw_prompts(llm: LlamaCppLLM) -> None:
    rows = list(run(Magpie(generation={"max_tokens": 5}), 3, llm=llm).rows())
    assert len({row["generation"] for row in rows}) > 1


@pytest.mark.slow
def test_preview_shows_the_prompt_as_it_goes_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["preview", "text-generation", "--llm", "llamacpp/smollm2-135m", "-n", "1"]
    more = ["--set", "raw_prompt=true", "--set", "generation.max_tokens=3", "--input", "in.jsonl"]
    Path("in.jsonl").write_text('{"instruction": "Once upon a time"}\n')
    shown = CliRunner().invoke(seedbed, [*command, *more])
    assert "raw prompt\n  Once upon a time\n" in shown.stdout
    told = json.loads(CliRunner().invoke(seedbed, [*command, *more, "--json"]).stdout)
    assert told["rows"][0]["calls"][0]["raw_prompt"] is True
