"""`seedbed plugins`: what is installed, and whether it works."""
