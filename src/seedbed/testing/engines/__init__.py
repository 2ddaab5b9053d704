"""What an engine must do: its contract, and the runs that it is tested with."""
