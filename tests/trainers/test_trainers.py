"""Axolotl and LLaMA-Factory read each form by their own code, each in an environment of 6 GB of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.trainers.trying import ODD, export, try_trainer

NEEDED = 20 * 2**30
"""Bytes on disk: torch with the libraries of CUDA, packed and unpacked."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The exports, and a cache of uv for both trainers: most of what they need is the same torch."""
    made = tmp_path_factory.mktemp("tried")
    if shutil.disk_usage(made).free < NEEDED:
        pytest.skip("a trainer needs 20 GB of disk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(made / "cache"))
        patch.setenv("SEEDBED_RUNS", str(made / "runs"))
        patch.chdir(made)
        export(made)
        yield made
    # Not kept: pytest would keep those of its last three sessions.
    shutil.rmtree(made)


def said_by(trainer: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what a trainer made of each form, which must be the same for both endings."""
    found = {name: json.loads(made) for name, made in try_trainer(trainer, folder).items()}
    forms = {name.removesuffix(".jsonl"): made for name, made in found.items() if name.endswith(".jsonl")}
    assert found == {f"{form}.{end}": made for form, made in forms.items() for end in ("jsonl", "parquet")}
    return forms


@pytest.mark.slow
def test_llamafactory_reads_each_form(folder: Path) -> None:
    found = said_by("llamafactory", folder)

    question, answer = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}
    for form in ("sharegpt", "alpaca"):
        assert found[form] == {"_prompt": [question], "_response": [answer], "_system": "Be brief."}
    # It adds a word of its own to the system message.
    assert found["chat"]["_system"].startswith("Be brief.")
    assert (found["chat"]["_prompt"], found["chat"]["_response"]) == ([question], [answer])
    rejected = {"role": "assistant", "content": "No idea."}
    assert found["sharegpt-preference"]["_response"] == [answer, rejected]
    assert found["sharegpt-kto"]["_response"][0] == answer
    assert found["text"]["_prompt"] == [{"role": "user", "content": "Because."}]
    call = json.loads(found["sharegpt-tools"]["_prompt"][1]["content"])
    assert call == [{"name": "weather", "arguments": {"city": "Oslo"}}]
    for form in ("chat-images", "sharegpt-images", "alpaca-images"):
        assert found[form]["_images"] == ["./a.png"]
    # What we refuse it would leave out.
    assert found["odd"] == [False] * len(ODD)


@pytest.mark.slow
def test_axolotl_reads_each_form(folder: Path) -> None:
    found = said_by("axolotl", folder)

    for form in ("chat", "sharegpt", "alpaca"):
        assert found[form]["trained"] == "Because.<|im_end|>"
        assert "Be brief." in found[form]["seen"]
        assert "Why?" in found[form]["seen"]
    assert found["text"] == {"seen": "Because.<|im_end|>", "trained": "Because.<|im_end|>"}
    assert '"city": "Oslo"' in found["chat-tools"]["trained"]
    assert found["chat-tools"]["trained"].endswith("It rains.<|im_end|>")
    for form in ("preference", "reward"):
        assert (found[form]["chosen"], found[form]["rejected"]) == (
            "Because.<|im_end|>",
            "No idea.<|im_end|>",
        )
