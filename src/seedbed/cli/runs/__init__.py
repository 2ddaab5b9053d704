"""`seedbed runs`: list, show, export, retry, explain and remove runs."""
