"""Preview: a few rows, each with its prompts and answers."""
