"""Steps and tasks: what one row is, and how it is made."""
