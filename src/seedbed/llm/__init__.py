"""The LLM contract: what a task may ask, what a backend answers, and what stands between the two."""
