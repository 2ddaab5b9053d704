"""`seedbed plugins`: what is installed, and if it works."""
