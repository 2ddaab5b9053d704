"""What the user says as JSON, and what the assistant says in words."""

parameters = {
    "user_personas": ["a cook", "a pilot", "a child"],
    "user_goals": ["to learn to swim", "to bake bread", "to sleep well"],
    "most_turns": 2,
}
