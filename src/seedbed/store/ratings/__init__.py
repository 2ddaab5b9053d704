"""What people think of the rows of a run, kept next to it."""
