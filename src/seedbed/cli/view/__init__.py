"""`seedbed view`: the runs in the browser."""
