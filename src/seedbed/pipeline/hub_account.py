"""Whether what is read from the Hugging Face Hub is read with an account of the user's."""

from __future__ import annotations

import os
from pathlib import Path

ANONYMOUS = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
"""The variable that has the Hub's library send no token."""

_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_YES = ("1", "ON", "YES", "TRUE")


def has_hub_account() -> bool:
    """Whether the Hub's library finds a token, and may send it.

    Not by its `get_token`, which may ask the Hub for a new one: nothing is asked while a file is read.
    """
    if os.environ.get(ANONYMOUS, "").upper() in _YES:
        return False
    if any(os.environ.get(name, "").strip() for name in _TOKENS):
        return True
    try:
        return _token_file().is_file()
    except (OSError, RuntimeError):
        return False


def _token_file() -> Path:
    if named := os.environ.get("HF_TOKEN_PATH"):
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    return Path(home, "token").expanduser()
