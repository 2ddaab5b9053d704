"""Test doubles: LLMs that answer without a model, or wrap one."""
