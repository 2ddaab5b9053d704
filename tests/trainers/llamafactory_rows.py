"""What LLaMA-Factory makes of each form: its `get_dataset`, with the dataset_info.json of the docs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from byte_tokenizer import byte_tokenizer
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.data.loader import _get_merged_dataset
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import Seq2SeqTrainingArguments

ROLES = ("user", "assistant", "system")
TAGS = {"role_tag": "role", "content_tag": "content", **{f"{role}_tag": role for role in ROLES}}
TAGS.update(observation_tag="tool", function_tag="function")
ALPACA = {"prompt": "instruction", "query": "input", "response": "output"}
TALK = {"messages": "conversations"}
PAIR = {"chosen": "chosen", "rejected": "rejected"}


def chat(**columns: str) -> dict[str, object]:
    return {"formatting": "openai", "columns": {"messages": "messages", **columns}, "tags": TAGS}


def sharegpt(**columns: str) -> dict[str, object]:
    return {"formatting": "sharegpt", "columns": {**TALK, **columns}}


INFO = {
    "chat": ("sft", chat()),
    "chat-tools": ("sft", chat(tools="tools")),
    "chat-images": ("sft", chat(images="images")),
    "sharegpt": ("sft", sharegpt()),
    "sharegpt-tools": ("sft", sharegpt(tools="tools")),
    "sharegpt-images": ("sft", sharegpt(images="images")),
    "sharegpt-preference": ("rm", {**sharegpt(**PAIR), "ranking": True}),
    "sharegpt-kto": ("kto", sharegpt(kto_tag="kto_tag")),
    "alpaca": ("sft", {"columns": {**ALPACA, "system": "system"}}),
    "alpaca-images": ("sft", {"columns": {**ALPACA, "images": "images"}}),
    "text": ("pt", {"columns": {"prompt": "text"}}),
}

for ending in sys.argv[1:]:
    files = {name: {**info, "file_name": f"{name}.{ending}"} for name, (_, info) in INFO.items()}
    Path("dataset_info.json").write_text(json.dumps(files))
    for name, (stage, _) in INFO.items():
        tokenizer = byte_tokenizer()
        data = DataArguments(
            dataset=name, dataset_dir=".", media_dir=".", template="qwen", overwrite_cache=True
        )
        template = get_template_and_fix_tokenizer(tokenizer, data)
        training = Seq2SeqTrainingArguments(output_dir="out", do_train=True, use_cpu=True)
        model = ModelArguments(model_name_or_path="none")
        row = _get_merged_dataset([name], model, data, training, stage)[0]
        assert row["_prompt"], row
        print(
            f"llamafactory {name}.{ending}", json.dumps({key: value for key, value in row.items() if value})
        )
        # An image needs the processor of a model.
        if "images" not in name:
            made = get_dataset(template, model, data, training, stage, tokenizer=tokenizer, processor=None)
            assert len(made["train_dataset"]) == (1 if "tools" in name else 2)

    Path("dataset_info.json").write_text(json.dumps({"odd": {**sharegpt(), "file_name": "odd.jsonl"}}))
    data = DataArguments(dataset="odd", dataset_dir=".", template="qwen", overwrite_cache=True)
    left = _get_merged_dataset(["odd"], ModelArguments(model_name_or_path="none"), data, training, "sft")
    print(f"llamafactory odd.{ending}", json.dumps([bool(row["_prompt"]) for row in left]))
