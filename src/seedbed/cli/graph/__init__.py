"""The command `seedbed graph`."""
