"""From a model's answer to rows: its text, its JSON, and asking again if it doesn't fit."""
