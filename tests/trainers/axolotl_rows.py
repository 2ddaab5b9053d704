"""What Axolotl makes of each form: its own prompt strategies, with the entries of `datasets:` in the docs."""

from __future__ import annotations

import json
import sys

from axolotl.prompt_strategies.dpo import load as load_preference
from axolotl.utils.data.wrappers import get_dataset_wrapper
from axolotl.utils.dict import DictDefault
from byte_tokenizer import byte_tokenizer
from datasets import load_dataset

FROM = {"role": "from", "content": "value"}
CALLS = {"role": "role", "content": "content", "tool_calls": "tool_calls"}
TOKENIZED = {
    "chat": {"type": "chat_template", "field_messages": "messages"},
    "chat-tools": {"type": "chat_template", "field_tools": "tools", "message_property_mappings": CALLS},
    "sharegpt": {
        "type": "chat_template",
        "field_messages": "conversations",
        "message_property_mappings": FROM,
    },
    "alpaca": {"type": "alpaca_w_system.load"},
    "text": {"type": "completion", "field": "text"},
}
PREFERENCES = {
    "preference": {"type": "chat_template.default", "field_messages": "prompt"},
    "reward": {"type": "chat_template.argilla_chat"},
}

tokenizer = byte_tokenizer()


def rows_of(name: str, ending: str) -> object:
    kind = "json" if ending == "jsonl" else ending
    return load_dataset(kind, data_files=f"{name}.{ending}", split="train")


def config_of(entry: dict[str, object]) -> DictDefault:
    general = {"sequence_len": 4096, "train_on_inputs": False, "dataset_processes": 1}
    return DictDefault(
        {**general, "chat_template": "tokenizer_default", "datasets": [{**entry, "path": "x"}]}
    )


for ending in sys.argv[1:]:
    for name, entry in TOKENIZED.items():
        config = config_of(entry)
        made, _ = get_dataset_wrapper(
            config.datasets[0], tokenizer, config, entry["type"], rows_of(name, ending)
        )
        trained = tokenizer.decode([token for token in made[0]["labels"] if token != -100])
        seen = tokenizer.decode(made[0]["input_ids"])
        print(f"axolotl {name}.{ending}", json.dumps({"seen": seen, "trained": trained}))
        assert trained, name
    for name, entry in PREFERENCES.items():
        convert, _ = load_preference(entry["type"], config_of(entry), dataset_idx=0)
        pair = convert(dict(rows_of(name, ending)[0]), tokenizer=tokenizer)
        print(f"axolotl {name}.{ending}", json.dumps(pair))
        assert (pair["chosen"], pair["rejected"]) == ("Because.<|im_end|>", "No idea.<|im_end|>")
