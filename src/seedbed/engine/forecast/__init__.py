"""What a run would take before it starts: prompts, calls, tokens, money, time."""
