"""Reading the text of a pipeline file, which may come from a stranger, with the place of each value."""
