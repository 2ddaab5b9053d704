"""Sources: where the rows of a run come from."""
