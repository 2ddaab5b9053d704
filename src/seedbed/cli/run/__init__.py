"""`seedbed run`: make a dataset."""
