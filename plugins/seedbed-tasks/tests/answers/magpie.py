"""The model's name doesn't tell its chat format, and only system prompts are sampled."""

parameters = {"chat_format": "chatml", "system_prompts": ["You teach.", "You sell boats.", "You sing."]}
