"""`seedbed report`: what the rows of a run are like."""
