"""A backend whose module imports an SDK at its top, which everybody pays for who only lists it."""

from __future__ import annotations

import openai
from tests.testing.plain_backend import PlainLLM


class HeavyLLM(PlainLLM):
    sdk_version: str = openai.__version__
