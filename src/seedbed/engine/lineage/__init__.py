"""Where a row of a run comes from, what each step made of it, and what has become of it."""
