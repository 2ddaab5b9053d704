"""How a persona follows from a text or from another persona, in the terms of Persona Hub."""

READERS = ("read", "write", "like", "dislike", "need", "teach")
"""What someone may do with a text: "Who is likely to read it?"."""

RELATIONS = (
    "a colleague",
    "a family member",
    "a friend",
    "a customer or patient",
    "a teacher or student",
    "a rival",
    "someone who provides what this person needs at work",
    "someone who deals with the consequences of this person's work",
)
"""Who may be close to a person."""
