"""Exporting each form by the command, and reading it with the loaders of Axolotl and LLaMA-Factory.

What they make of the forms is in docs/how-to/trainers.md.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from seedbed.cli import invoke

HERE = Path(__file__).parent
TORCH = "torch==2.12.*"
LLAMAFACTORY = """llamafactory==0.9.5 trl==0.24.0 peft==0.18.1 accelerate==1.11.0 torchvision==0.27.*"""
AXOLOTL = """axolotl==0.19.0 axolotl-contribs-lgpl==0.0.7 axolotl-contribs-mit==0.0.6 trl==1.9.0 peft==0.20.0
    accelerate==1.13.0"""
INSTALLED = {
    "llamafactory": (
        LLAMAFACTORY,
        """transformers<=5.6.0 datasets<=4.0.0 omegaconf sentencepiece tyro<0.9 psutil einops fire scipy av
        pandas""",
    ),
    "axolotl": (
        AXOLOTL,
        """transformers==5.16.1 datasets==4.8.4 addict fire colorama python-dotenv typer fastcore
        pydantic==2.12.5 psutil posthog requests scipy einops immutabledict langdetect mistral-common numba
        zstandard pillow""",
    ),
}
"""What to install without its own requirements, and which of them the loaders use."""

ROWS = [
    {"question": "Why?", "answer": "Because.", "system": "Be brief.", "good": True, "rejected": "No idea."},
    {"question": "Where?", "answer": "Here.", "system": "Be brief.", "good": False, "rejected": "There."},
]
CALL = {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
TOOL = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TALK = [
    {"role": "user", "content": "Weather in Oslo?"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "1", **CALL}]},
    {"role": "tool", "tool_call_id": "1", "content": "rain"},
    {"role": "assistant", "content": "It rains."},
]
INPUTS = {
    "pairs": ROWS,
    "tools": [{"messages": TALK, "tools": [{"type": "function", "function": TOOL}]}],
    "images": [{"prompt": "<image>What is it?", "completion": "Red.", "images": ["a.png"]}],
}
LABEL = ["--column", "label=good"]
CHOSEN = ["--column", "chosen=answer"]
EXPORTS = {
    "chat": ("pairs", "chat", []),
    "sharegpt": ("pairs", "sharegpt", []),
    "alpaca": ("pairs", "alpaca", []),
    "text": ("pairs", "text", ["--column", "text=answer"]),
    "preference": ("pairs", "preference", CHOSEN),
    "reward": ("pairs", "reward", CHOSEN),
    "sharegpt-preference": ("pairs", "sharegpt-preference", CHOSEN),
    "sharegpt-kto": ("pairs", "sharegpt-kto", LABEL),
    "chat-tools": ("tools", "chat", []),
    "sharegpt-tools": ("tools", "sharegpt", []),
    "chat-images": ("images", "chat", []),
    "sharegpt-images": ("images", "sharegpt", []),
    "alpaca-images": ("images", "alpaca", []),
}


SYSTEM = {"role": "system", "content": "Be brief."}
ODD = {
    "two systems": [
        {"role": "system", "content": "s"},
        {"role": "system", "content": "s"},
        *TALK[:1],
        *TALK[3:],
    ],
    "no user": TALK[3:],
    "two users": [*TALK[:1], *TALK[:1], *TALK[3:]],
    "no answer": [*TALK[:1], *TALK[3:], *TALK[:1]],
}
"""Conversations that the form `sharegpt` refuses."""
SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def export(folder: Path) -> None:
    """Make a run of each input in a folder, the current one, and export the forms in two formats."""
    odd = [
        [{"from": SPEAKERS[one["role"]], "value": one["content"]} for one in talk] for talk in ODD.values()
    ]
    lines = [json.dumps({"conversations": turns}) + "\n" for turns in odd]
    (folder / "odd.jsonl").write_text("".join(lines))
    (folder / "a.png").touch()
    (folder / "keep.yaml").write_text("steps:\n  - {use: map, with: {make: {done: '1'}}}\n")
    for name, rows in INPUTS.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert invoke(["run", "keep.yaml", "--input", f"{name}.jsonl", "--name", name]) == 0
    for name, (run, form, more) in EXPORTS.items():
        for ending in ("jsonl", "parquet"):
            out = ["-o", f"{name}.{ending}", "--as", form, *more]
            assert invoke(["runs", "export", run, *out]) == 0


def try_trainer(trainer: str, folder: Path) -> dict[str, str]:
    """Install a trainer, and return what it makes of each file: what its program prints after the name."""
    env = folder / trainer
    # Each program is run once: it needs no bytecode of what it imports.
    own = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "PYTHONDONTWRITEBYTECODE": "1"}
    surroundings = {**os.environ, **own}
    install = ["uv", "pip", "install", "-q", "--python", str(env)]
    without, needed = INSTALLED[trainer]
    subprocess.run(["uv", "venv", "-q", str(env), "--python", "3.11"], check=True)
    # In a folder of their own: the repository's `[tool.uv]` has known-good versions of the same packages.
    subprocess.run([*install, TORCH, *needed.split()], cwd=folder, check=True)
    subprocess.run([*install, "--no-deps", *without.split()], cwd=folder, check=True)
    # LLaMA-Factory imports it for sounds, of which there are none here.
    stand_in = env / "lib" / "python3.11" / "site-packages" / "torchaudio"
    stand_in.mkdir(exist_ok=True)
    (stand_in / "__init__.py").touch()
    program = HERE / f"{trainer}_rows.py"
    tried = [str(env / "bin" / "python"), str(program), "jsonl", "parquet"]
    done = subprocess.run(tried, cwd=folder, env=surroundings, check=True, capture_output=True, text=True)
    found = (line.split(" ", 2) for line in done.stdout.splitlines() if line.startswith(f"{trainer} "))
    return {name: made for _, name, made in found}
