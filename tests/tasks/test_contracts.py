"""The steps of the core keep the contract of all steps."""

from __future__ import annotations

from seedbed import Pass
from seedbed.testing import StepContract


class TestPass(StepContract):
    step = Pass
    inputs = [{"text": "tea"}, {"text": "milk", "more": [1, None]}]
