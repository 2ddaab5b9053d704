"""What the command prints: text, tables, bars and prompts of the terminal."""
