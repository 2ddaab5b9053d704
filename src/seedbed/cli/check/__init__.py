"""`seedbed check`."""
