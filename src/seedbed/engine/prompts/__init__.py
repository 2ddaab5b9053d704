"""Prompts: what a run keeps of the prompts of its calls, and how they're read again."""
