"""`seedbed new`: write a plugin package."""
