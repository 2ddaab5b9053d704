"""`seedbed preview`: a few rows with their prompts."""
